"""Pages while certificates are issued: what 200 people wait for with and without the worker's work
beside them. Both are measured in turn, several times, because machines are shared; the ratios
count."""

from __future__ import annotations

import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import Flask

from app import create_app
from certificates import services
from core import clock
from core.database import db, transaction
from core.jobs import Job, JobState
from core.migrations import upgrade
from core.policy import SYSTEM
from courses.models import Delivery
from enrollment.models import Enrollment
from tests.conftest import NOW
from tests.load import filling
from tests.load.client import Client, Figures

USERS, PEOPLE = 200, 500
#: So often without and with work beside, after a round that does not count: programs are loaded
#: and caches filled in it. Seconds of a quiet round, and at most of one with work.
ROUNDS, QUIET, MOST = 5, 10.0, 40.0
#: Seconds that people look at a page.
THINK = (0.5, 2.5)
PAGES = ("/", "/deliveries/OPEN", "/courses", "/deliveries/UP-3", "/verify", "/courses/GTI")
#: After the delivery, for the application and its server.
LATER = "2027-06-01T09:00:00+00:00"


def prepare(environ: dict[str, str]) -> Flask:
    """PEOPLE who wait for their certificates, and their world."""
    app = create_app(environ)
    app.config.update(JOBS_INLINE=True)
    clock.travel(app, NOW)
    with app.app_context():
        upgrade()
        filled = filling.begin(app, 1000)
        filling.seat(filled, PEOPLE * filling.EXPERTS_A_SEAT)
        db.session.remove()
    return app


@dataclass
class Round:
    """What people wait for before and while certificates are issued, and how many were."""

    quiet: Figures
    busy: Figures
    issued: int

    @property
    def ratio(self) -> float:
        return self.busy.p95 / self.quiet.p95


def figures(app: Flask, port: int) -> str:
    with app.app_context():
        ids = list(db.session.scalars(_waiting().limit(PEOPLE)))
    first, *parts = (ids[number :: ROUNDS + 1] for number in range(ROUNDS + 1))
    measure(app, port, first)
    rounds = [measure(app, port, part) for part in parts]
    ratios = sorted(round_.ratio for round_ in rounds)
    quiet, busy = (
        _medians(some) for some in zip(*((r.quiet, r.busy) for r in rounds), strict=True)
    )
    rate = sum(round_.issued for round_ in rounds) / sum(round_.busy.seconds for round_ in rounds)
    return (
        f"{quiet} → {busy} ms, p95 {statistics.median(ratios):.1f}× (of {ROUNDS}: "
        f"{ratios[0]:.1f}–{ratios[-1]:.1f}), {rate:.1f} certificates per second, load "
        f"{os.getloadavg()[0]:.1f}"
    )


def _medians(some: Sequence[Figures]) -> str:
    """Of the medians and of the p95 of several rounds."""
    median, p95 = ([round_.median for round_ in some], [round_.p95 for round_ in some])
    return f"{statistics.median(median):.0f} / {statistics.median(p95):.0f}"


def measure(app: Flask, port: int, ids: list[int]) -> Round:
    quiet = browse(port, lambda: time.sleep(QUIET))
    with app.app_context():
        job_id = _ask_for_certificates(ids)
        busy = browse(port, lambda: _wait_for(job_id))
        issued = _state(job_id).done
        while _state(job_id).state != "done":
            time.sleep(0.5)
        db.session.remove()
    return Round(quiet, busy, issued)


def _waiting() -> sa.Select[int]:
    of_done = sa.select(Enrollment.id).join(Delivery).where(Delivery.code == "DONE")
    return of_done.where(Enrollment.status == "completed").order_by(Enrollment.id.desc())


def _ask_for_certificates(ids: list[int]) -> int:
    db.session.rollback()
    done = db.session.scalars(sa.select(Delivery.id).filter_by(code="DONE")).one()
    with clock.moved(datetime.fromisoformat(LATER)), transaction():
        return services.request_issue(SYSTEM, done, ids).id


def _wait_for(job_id: int) -> None:
    ends = time.monotonic() + MOST
    while time.monotonic() < ends and _state(job_id).state != "done":
        time.sleep(0.2)


def _state(job_id: int) -> sa.Row[JobState, int]:
    db.session.rollback()
    return db.session.execute(sa.select(Job.state, Job.done).where(Job.id == job_id)).one()


def browse(port: int, wait: Callable[[], None]) -> Figures:
    """Everyone reads, with pauses, on a connection that is kept, until `wait` is over."""
    waited, lock, over = Figures(), threading.Lock(), threading.Event()

    def visit(number: int) -> None:
        chance = random.Random(number)
        over.wait(chance.uniform(0, THINK[1]))
        client = Client(port)
        while not over.is_set():
            began = time.perf_counter()
            status, _ = client.get(chance.choice(PAGES))
            passed = (time.perf_counter() - began) * 1000
            assert status == 200, status
            with lock:
                waited.times.append(passed)
            over.wait(chance.uniform(*THINK))
        client.connection.close()

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(USERS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    wait()
    waited.seconds = time.monotonic() - began
    over.set()
    for thread in threads:
        thread.join()
    return waited
