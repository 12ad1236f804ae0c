"""Running jobs: what a worker does with an id, and the sweep that wakes what was lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask, current_app

from core import clock
from core.database import db, transaction
from core.errors import DomainError, trace
from core.jobs import engine, ledger
from core.jobs.ledger import Job, Kind, Lease
from core.outages import Unavailable
from core.yielding import give_way

log = logging.getLogger(__name__)

JobFunction = Callable[..., None]
Piece = TypeVar("Piece")


class LeaseLost(Exception):
    """Another worker took the job over; whatever this one was doing is rolled back."""


class Progress:
    """What a running job gets: proof that it still holds its lease, and the place to say how far
    it is."""

    def __init__(self, lease: Lease):
        self.lease = lease
        self.finished = False

    @property
    def job_id(self) -> int:
        return self.lease.job_id

    def each(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """One piece of the work after another, each in transactions of its own. Between them it
        gives way to people."""
        for piece in pieces:
            give_way()
            yield piece

    def note(self, **values: Any) -> None:
        """Inside a transaction: prolongs the lease and stores `done`, `total` or `errors`.
        Raises LeaseLost."""
        if not ledger.heartbeat(self.lease, **values):
            raise LeaseLost(self.lease.kind)

    def finish(self) -> None:
        """Inside the transaction of the job's last effects: marks it done. Raises LeaseLost."""
        if not ledger.finish(self.lease):
            raise LeaseLost(self.lease.kind)
        self.finished = True


@dataclass(frozen=True)
class Lane:
    """Work that waits for nothing else: a thread of its own in each worker calls `work(kinds)`
    again and again, which does all that is due of these kinds, the first kind first, and returns
    how much that was. No one needs to be woken."""

    name: str
    kinds: tuple[str, ...]
    work: Callable[[tuple[str, ...]], int]


@dataclass(frozen=True)
class Work:
    """What app.py lists: kind → function, kind → interval in seconds, and the lanes."""

    jobs: dict[str, JobFunction]
    schedule: dict[str, int]
    lanes: tuple[Lane, ...]


def init_app(
    app: Flask,
    jobs: Mapping[str, JobFunction],
    schedule: Mapping[str, int],
    lanes: Sequence[Lane] = (),
    kinds: Mapping[str, Kind] | None = None,
) -> None:
    """`jobs`: kind → function(progress, **args). `schedule`: kind → every so many seconds.
    `kinds`: what is not standard."""
    app.extensions["work"] = Work(dict(jobs), dict(schedule), tuple(lanes))
    ledger.init_app(app, kinds or {})


def work_of(app: Flask | None = None) -> Work:
    """Of the application of the moment, or of `app`."""
    work: Work = (app or current_app).extensions["work"]
    return work


def run(job_id: int) -> bool:
    """Runs the job if it can be claimed, after giving way to people. Returns whether it was
    claimed. Never raises for a failing job, nor while nothing can be written: the sweep finds it
    again."""
    give_way()
    try:
        with transaction():
            lease = ledger.claim(job_id)
    except Unavailable as outage:
        log.warning("job %s: not begun (%s)", job_id, outage.code)
        return False
    if lease is None:
        return False
    progress = Progress(lease)
    try:
        with heartbeat(lease):
            work_of().jobs[lease.kind](progress, **lease.args)
        if not progress.finished:
            with transaction():
                progress.finish()
    except LeaseLost:
        log.info("job %s (%s): taken over by another worker", job_id, lease.kind)
    except (
        Exception
    ) as error:  # the one place that catches all: the ledger keeps what happened and tries again
        db.session.rollback()
        log.error("job %s (%s) failed\n%s", job_id, lease.kind, trace(error))
        _note_failure(lease, error)
    finally:
        db.session.remove()
    return True


def _note_failure(lease: Lease, error: Exception) -> None:
    try:
        with transaction():
            ledger.fail(lease, _describe(error))
    except Unavailable as outage:  # the lease ends by itself, and the job is tried again
        log.warning(
            "job %s (%s): its failure was not noted (%s)", lease.job_id, lease.kind, outage.code
        )


def _describe(error: Exception) -> str:
    """What the ledger keeps: the code of a refusal, else the kind of the error and its number;
    see `trace`."""
    if isinstance(error, DomainError | Unavailable):
        return error.code
    return " ".join(filter(None, (type(error).__name__, str(getattr(error, "errno", None) or ""))))


@contextmanager
def heartbeat(lease: Lease) -> Iterator[None]:
    """Prolongs the lease from a thread of its own, so that one slow step (a large PDF) does not
    lose it."""
    app = current_app._get_current_object()
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(ledger.LEASE_SECONDS / 3):
            try:
                with app.app_context(), transaction():
                    if not ledger.heartbeat(lease):
                        return
            except Unavailable as outage:  # the next beat may come through
                log.warning(
                    "job %s (%s): its lease was not prolonged (%s)",
                    lease.job_id,
                    lease.kind,
                    outage.code,
                )

    thread = threading.Thread(target=beat, name=f"lease-{lease.job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()


def sweep() -> list[int]:
    """Plans scheduled work and wakes every job that is due: the net under lost wake-ups and dead
    workers."""
    plan()
    ids = ledger.due()
    db.session.rollback()
    for job_id in ids:
        engine.wake(job_id)
    return ids


def plan() -> None:
    """Enqueues each scheduled job once per slot, however many workers there are."""
    seconds = clock.now().timestamp()
    slots = {kind: f"{kind}:{int(seconds // every)}" for kind, every in work_of().schedule.items()}
    known = set(
        db.session.scalars(sa.select(Job.dedupe_key).where(Job.dedupe_key.in_(slots.values())))
    )
    db.session.rollback()
    if missing := {kind: slot for kind, slot in slots.items() if slot not in known}:
        with transaction():
            for kind, slot in missing.items():
                ledger.enqueue(kind, dedupe_key=slot)


def drain(limit: int = 1000) -> int:
    """Runs due jobs in this process until none is left (commands and tests). Returns how many
    ran."""
    count = 0
    while count < limit:
        ids = ledger.due()
        db.session.rollback()
        ran = sum([run(job_id) for job_id in ids])
        ran += sum([lane.work(lane.kinds) for lane in work_of().lanes])
        if not ran:
            return count
        count += ran
    return count
