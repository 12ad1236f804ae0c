"""The ledger of jobs: insert, claim, heartbeat, finish, fail. Time is the database's clock
throughout, so a host whose clock is wrong cannot steal a live lease."""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import lazy_pgettext as _p
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.database import Base, current_unit, db, enum_column, is_sqlite, write
from core.jobs import engine
from core.policy import Actor, Reach
from core.words import Worded

LEASE_SECONDS = 30.0


@dataclass(frozen=True)
class Retry:
    """How patient a kind of work is. The wait begins with `first` seconds and doubles up to
    `longest`. It is given up after so many `attempts`, or so many seconds (`lasting`) after its
    first failure; without both, never."""

    first: float
    longest: float
    attempts: int | None = None
    lasting: float | None = None

    def wait(self, attempts: int) -> float:
        """Seconds until the next try, after so many failed ones."""
        return min(self.longest, self.first * 2 ** min(attempts - 1, 20))


STANDARD = Retry(first=2.0, longest=3600.0, attempts=8)


@dataclass(frozen=True)
class Kind:
    """What differs from other work: its patience, and whether a lane of its own does it (see
    core.jobs.running)."""

    retry: Retry = STANDARD
    has_lane: bool = False


def init_app(app: Flask, kinds: Mapping[str, Kind]) -> None:
    """`kinds`: what is not standard."""
    app.extensions["job_kinds"] = dict(kinds)


def _declared() -> dict[str, Kind]:
    kinds: dict[str, Kind] = current_app.extensions["job_kinds"]
    return kinds


def kind_of(name: str) -> Kind:
    return _declared().get(name, Kind())


def _kinds(kinds: Any) -> list[str]:
    return [name for name, kind in _declared().items() if kinds(kind)]


class JobState(Worded):
    QUEUED = "queued", _p("job", "Waiting")
    RUNNING = "running", _p("job", "Running")
    DONE = "done", _p("job", "Done")
    DEAD = "dead", _p("job", "Given up")


class Job(Base):
    """One piece of background work and how far it is. `errors` lists what could not be done: {…,
    code, message}."""

    __tablename__ = "job"
    __audited__ = False
    __scope__ = {Reach.SELF: "created_by_id"}

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(80))
    args: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    dedupe_key: Mapped[str | None] = mapped_column(sa.String(200), unique=True)
    state: Mapped[JobState] = mapped_column(enum_column(JobState), default=JobState.QUEUED)
    run_after: Mapped[float] = mapped_column(sa.Float(53))
    attempts: Mapped[int] = mapped_column(default=0)
    give_up_at: Mapped[float | None] = mapped_column(sa.Float(53))
    lease_until: Mapped[float | None] = mapped_column(sa.Float(53))
    token: Mapped[str | None] = mapped_column(sa.String(32))
    error: Mapped[str | None] = mapped_column(sa.Text)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    errors: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    created_by_id: Mapped[int | None] = mapped_column(index=True)
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_job_kind_run_after", "kind", "run_after"),
        sa.Index(
            "ix_job_due",
            "run_after",
            sqlite_where=sa.text("state IN ('queued', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'running')"),
        ),
    )

    @property
    def public_status(self) -> str:
        """The word the API uses: queued, running, succeeded or failed."""
        if self.state is JobState.DONE:
            return "failed" if self.errors and not self.done else "succeeded"
        return "failed" if self.state is JobState.DEAD else self.state.value


@dataclass(frozen=True)
class Lease:
    """The right to work on a job, until another takes it over because this one went silent."""

    job_id: int
    token: str
    kind: str
    args: dict[str, Any]


def database_now() -> sa.ColumnElement[float]:
    """Seconds since 1970 by the database's clock."""
    return sa.literal_column(
        "(julianday('now') - 2440587.5) * 86400.0"
        if is_sqlite()
        else "extract(epoch FROM clock_timestamp())::float8"
    )


def enqueue(
    kind: str,
    *,
    actor: Actor | None = None,
    dedupe_key: str | None = None,
    delay: float = 0.0,
    total: int = 0,
    **args: Any,
) -> int | None:
    """Adds a job to the open transaction and returns its id; None when `dedupe_key` is already
    in the ledger."""
    unit = current_unit()
    row: dict[str, Any] = {
        "kind": kind,
        "args": args,
        "dedupe_key": dedupe_key,
        "state": JobState.QUEUED,
        "delay": delay,
        "attempts": 0,
        "done": 0,
        "total": total,
        "errors": [],
        "created_at": clock.now(),
        "created_by_id": actor.person_id if actor else None,
    }
    job_id = write(_insert(is_sqlite()), row).scalar()
    if job_id is not None and delay == 0 and not kind_of(kind).has_lane:
        unit.after_commit.append(lambda: engine.wake(job_id))
    return job_id


@lru_cache(maxsize=2)
def _insert(for_sqlite: bool) -> Any:
    """Made once: every application writes a letter, which is a job."""
    insert = (sqlite if for_sqlite else postgresql).insert(Job.__table__)
    values = {"run_after": database_now() + sa.bindparam("delay", type_=sa.Float(53))}
    return (
        insert.values(**values)
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(Job.id)
    )


def find_job(job_id: int) -> Job | None:
    return db.session.get(Job, job_id)


def _write(statement: sa.UpdateBase) -> sa.CursorResult[Any]:
    result = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast("sa.CursorResult[Any]", result)


def claim(job_id: int) -> Lease | None:
    """Takes the job if it is due and no one holds it; one conditional statement, so two workers
    never both win."""
    return _claim(Job.id == job_id)


def claim_next(kind: str) -> Lease | None:
    """Takes the job of this kind that has been due for the longest time, whoever else is taking
    some."""
    first = (
        sa.select(Job.id)
        .where(Job.kind == kind, _is_due())
        .order_by(Job.run_after, Job.id)
        .limit(1)
    )
    if not is_sqlite():  # whose writers queue
        first = first.with_for_update(skip_locked=True)
    return _claim(Job.id == first.scalar_subquery())


def _is_due() -> sa.ColumnElement[bool]:
    now = database_now()
    is_left = sa.and_(Job.state == JobState.RUNNING, Job.lease_until < now)
    return sa.and_(Job.run_after <= now, sa.or_(Job.state == JobState.QUEUED, is_left))


def _claim(which: sa.ColumnElement[bool]) -> Lease | None:
    now, token = database_now(), secrets.token_hex(16)
    is_patient = Job.kind.in_(_kinds(lambda kind: kind.retry.attempts is None))
    is_over = sa.and_(Job.attempts >= STANDARD.attempts, ~is_patient)
    row = _write(
        sa.update(Job)
        .where(which, _is_due())
        .values(
            state=sa.case((is_over, JobState.DEAD.value), else_=JobState.RUNNING.value),
            attempts=Job.attempts + 1,
            lease_until=now + LEASE_SECONDS,
            run_after=now + LEASE_SECONDS,
            token=token,
        )
        .returning(Job.id, Job.kind, Job.args, Job.state)
    ).first()
    if row is None or row.state != JobState.RUNNING:
        return None
    return Lease(row.id, token, row.kind, row.args)


def _mine(lease: Lease) -> sa.Update:
    return sa.update(Job).where(
        Job.id == lease.job_id, Job.token == lease.token, Job.state == JobState.RUNNING
    )


def heartbeat(lease: Lease, **progress: Any) -> bool:
    """Prolongs the lease and notes progress; False when the lease is lost and the worker must
    stop."""
    until = database_now() + LEASE_SECONDS
    return _write(_mine(lease).values(lease_until=until, run_after=until, **progress)).rowcount == 1


def finish(lease: Lease) -> bool:
    """Marks the job done, in the transaction of its last effects; False when the lease is lost:
    roll back."""
    return (
        _write(
            _mine(lease).values(state=JobState.DONE, token=None, lease_until=None, error=None)
        ).rowcount
        == 1
    )


def drop(lease: Lease) -> bool:
    """Takes the job off the ledger, in the transaction of its last effects; False when the lease
    is lost: roll back."""
    statement = sa.delete(Job).where(
        Job.id == lease.job_id, Job.token == lease.token, Job.state == JobState.RUNNING
    )
    return _write(statement).rowcount == 1


def take_back_leases() -> None:
    """Queues every running job again: in a database that was restored, whoever runs one works
    from what is lost."""
    running = sa.update(Job).where(Job.state == JobState.RUNNING)
    _write(
        running.values(
            state=JobState.QUEUED, token=None, lease_until=None, run_after=database_now()
        )
    )


def fail(lease: Lease, error: str) -> None:
    """Queues the job again after a growing wait with jitter, or declares it dead when its
    patience is at its end."""
    if not put_off(lease, error):
        _write(
            _mine(lease).values(
                state=JobState.DEAD, error=error[:2000], token=None, lease_until=None
            )
        )


def put_off(lease: Lease, error: str) -> bool:
    """Queues the job again after a growing wait with jitter. False, and nothing is written, when
    it is to be given up."""
    statement = sa.select(Job.attempts, Job.give_up_at, database_now().label("now"))
    row = db.session.execute(
        statement.where(Job.id == lease.job_id, Job.token == lease.token)
    ).first()
    if row is None:
        return True  # someone else has it
    retry = kind_of(lease.kind).retry
    ends = (
        row.now + retry.lasting
        if row.give_up_at is None and retry.lasting is not None
        else row.give_up_at
    )
    if (
        retry.attempts is not None
        and row.attempts >= retry.attempts
        or ends is not None
        and ends <= row.now
    ):
        return False
    wait = retry.wait(row.attempts) * (0.75 + random.random() / 2)
    again = {
        "state": JobState.QUEUED,
        "error": error[:2000],
        "token": None,
        "lease_until": None,
        "give_up_at": ends,
    }
    _write(_mine(lease).values(run_after=database_now() + wait, **again))
    return True


def release(lease: Lease) -> None:
    """Gives the job back as if no one had taken it: that it was not done had nothing to do with
    it."""
    now = database_now()
    _write(
        _mine(lease).values(
            state=JobState.QUEUED,
            token=None,
            lease_until=None,
            run_after=now,
            attempts=Job.attempts - 1,
        )
    )


def put_off_due(kinds: Sequence[str], error: str) -> None:
    """Puts off all that waits and is due of these kinds, each by its own wait: what they all
    need is not there."""
    for name in kinds:
        retry, now = kind_of(name).retry, database_now()
        doublings = sa.case((Job.attempts < 12, Job.attempts), else_=12)
        wait = sa.literal(retry.first) * sa.literal(1).op("<<")(doublings)
        values: dict[str, Any] = {
            "run_after": now + sa.case((wait < retry.longest, wait), else_=retry.longest),
            "attempts": Job.attempts + 1,
            "error": error[:2000],
        }
        if retry.lasting is not None:
            values["give_up_at"] = sa.func.coalesce(Job.give_up_at, now + retry.lasting)
        due = Job.kind == name, Job.state == JobState.QUEUED, Job.run_after <= now
        _write(sa.update(Job).where(*due).values(**values))


def overdue(kinds: Sequence[str]) -> list[Job]:
    """The jobs of these kinds that wait although their time is over."""
    statement = sa.select(Job).where(
        Job.kind.in_(kinds),
        Job.state == JobState.QUEUED,
        Job.run_after <= database_now(),
        Job.give_up_at <= database_now(),
    )
    return list(db.session.scalars(statement))


def recall(kinds: Sequence[str]) -> None:
    """Makes all that waits of these kinds due now, with all its patience."""
    waiting = sa.update(Job).where(Job.kind.in_(kinds), Job.state == JobState.QUEUED)
    _write(waiting.values(run_after=database_now(), attempts=0, give_up_at=None))


def retry(job: Job) -> None:
    """Gives a dead job a fresh set of attempts."""
    _write(
        sa.update(Job)
        .where(Job.id == job.id, Job.state == JobState.DEAD)
        .values(state=JobState.QUEUED, attempts=0, run_after=database_now(), error=None)
    )
    current_unit().after_commit.append(lambda: engine.wake(job.id))


def due(limit: int = 500) -> list[int]:
    """Ids of the jobs that could be claimed now, oldest first, but for those that a lane does."""
    in_lanes = _kinds(lambda kind: kind.has_lane)
    statement = (
        sa.select(Job.id)
        .where(_is_due(), Job.kind.not_in(in_lanes))
        .order_by(Job.run_after, Job.id)
        .limit(limit)
    )
    return list(db.session.scalars(statement))


def is_any_due(kinds: Sequence[str], left_for: float = 0.0) -> bool:
    """Whether a job of these kinds can be claimed now and has been due for `left_for` seconds."""
    since = Job.run_after <= database_now() - left_for
    return (
        db.session.scalar(sa.select(Job.id).where(Job.kind.in_(kinds), _is_due(), since).limit(1))
        is not None
    )


def is_behind(seconds: float) -> bool:
    """Whether any job that can be claimed now has been due for this many seconds."""
    late = sa.select(Job.id).where(_is_due(), Job.run_after <= database_now() - seconds)
    return db.session.scalar(late.limit(1)) is not None
