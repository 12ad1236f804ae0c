"""Pages while certificates are issued: what 200 people wait for with and without the worker's work
beside them. The two are measured in turn, because machines are shared; their ratio counts."""

from __future__ import annotations

import random
import threading
import time
from datetime import datetime

import sqlalchemy as sa
from flask import Flask

from app import create_app
from certificates import services
from certificates.models import Certificate
from core import clock
from core.database import db, transaction
from core.migrations import upgrade
from core.policy import SYSTEM
from courses.models import Delivery
from tests.conftest import NOW
from tests.load import filling
from tests.load.client import Client, Figures

USERS, SECONDS, PEOPLE = 200, 12.0, 500
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


def figures(app: Flask, port: int) -> str:
    quiet = browse(port)
    with app.app_context():
        _ask_for_certificates(app)
        before = _issued()
        busy = browse(port)
        made = _issued() - before
        db.session.remove()
    return (
        f"p95 {quiet.p95:.0f} → {busy.p95:.0f} ms ({busy.p95 / quiet.p95:.1f}×), median "
        f"{quiet.median:.0f} → {busy.median:.0f} ms, {made} certificates in {SECONDS:.0f} s"
    )


def _ask_for_certificates(app: Flask) -> None:
    done = db.session.scalars(sa.select(Delivery.id).filter_by(code="DONE")).one()
    with clock.moved(datetime.fromisoformat(LATER)), transaction():
        services.request_issue(SYSTEM, done, None)


def _issued() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(Certificate)) or 0


def browse(port: int) -> Figures:
    """Everyone reads, with pauses, on a connection that is kept."""
    found, lock, ends = Figures(), threading.Lock(), time.monotonic() + SECONDS

    def visit(number: int) -> None:
        chance = random.Random(number)
        time.sleep(chance.uniform(0, THINK[1]))
        client = Client(port)
        while time.monotonic() < ends:
            began = time.perf_counter()
            status, _ = client.get(chance.choice(PAGES))
            passed = (time.perf_counter() - began) * 1000
            assert status == 200, status
            with lock:
                found.times.append(passed)
            time.sleep(chance.uniform(*THINK))
        client.connection.close()

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
