"""PostgreSQL and Redis stop under load: the site says so, nothing that was acknowledged is lost,
and it goes on by itself."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import clock
from core.database import db
from core.jobs import Job, JobState
from people.models import Person
from tests import factories, redis_server
from tests.certificates import makers as certificate_makers
from tests.concurrency.serving import WebServer, free_port, web_server
from tests.concurrency.test_issuing_killed import is_over, wait_for
from tests.concurrency.worker import Worker
from tests.conftest import NOW
from tests.databases import make_app, migrate
from tests.enrollment import makers
from tests.postgresql import Stoppable, stoppable_server


@pytest.fixture
def postgresql() -> Iterator[Stoppable]:
    with stoppable_server() as server:
        if server is None:
            pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
        yield server


class Applicants:
    """People who apply through the API, each with an address of their own, as long as the block
    lasts."""

    def __init__(self, server: WebServer, token: str, code: str, count: int = 4):
        self.server, self.token, self.path = server, token, f"/api/v1/deliveries/{code}/enrollments"
        self.numbers = itertools.count()
        self.answers: list[tuple[int, str]] = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._apply) for _ in range(count)]

    def _apply(self) -> None:
        while not self.over.is_set():
            email = f"applicant{next(self.numbers)}@example.org"
            person = {
                "given_name": "Ama",
                "family_name": "Mensah",
                "email": email,
                "country": "GH",
                "birth_date": None,
            }
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
            connection.request(
                "POST", self.path, json.dumps({"person": person, "category": "police"}), headers
            )
            answer = connection.getresponse()
            answer.read()
            says_when = answer.status != 503 or int(answer.headers.get("Retry-After", 0)) > 0
            self.answers.append((answer.status if says_when else 0, email))
            connection.close()
            time.sleep(0.02)

    def so_far(self, status: int) -> int:
        return sum(answered == status for answered, _ in self.answers)

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(70)


def until(holds: Callable[[], Any], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not come to pass"
        time.sleep(0.05)


@pytest.mark.long
def test_postgresql_killed_under_load_loses_nothing_that_was_acknowledged(
    postgresql: Stoppable, tmp_path: Path
) -> None:
    app = make_app(tmp_path, postgresql.url)
    migrate(app)
    clock.travel(app, NOW)
    with app.app_context():
        token = makers.token_of(factories.actor(Role.COORDINATOR))
        code = makers.delivery(places=20).code
        db.session.remove()
        db.engine.dispose()
    with (
        web_server(tmp_path, postgresql.url, 2) as server,
        Applicants(server, token, code) as applicants,
    ):
        until(lambda: applicants.so_far(201) >= 10)
        postgresql.kill()
        until(lambda: applicants.so_far(503) >= 10)
        assert page(server, "/healthz") == 200
        assert page(server, "/readyz") == 503
        assert page(server, "/") == 503
        before = applicants.so_far(201)
        postgresql.start()
        until(lambda: applicants.so_far(201) >= before + 10)
        assert page(server, "/readyz") == 200
    assert {status for status, _ in applicants.answers} == {201, 503}
    with app.app_context():
        counted = Counter(
            db.session.scalars(sa.select(Person.email).where(Person.email.like("applicant%")))
        )
        db.session.remove()
        db.engine.dispose()
    acknowledged = {email for status, email in applicants.answers if status == 201}
    assert acknowledged <= set(counted)
    assert set(counted.values()) == {1}


def page(server: WebServer, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.long
def test_while_redis_is_away_acts_hold_and_their_jobs_are_done_when_it_is_back(
    app: Flask, tmp_path: Path
) -> None:
    settings, port = app.extensions["settings"], free_port()
    folder = tmp_path / "redis"
    folder.mkdir()
    url = f"redis://127.0.0.1:{port}/0"
    distributed = make_app(settings.instance_path, settings.database_url, JOBS_URL=url)
    distributed.config["JOBS_INLINE"] = False
    clock.travel(distributed, NOW)

    def request() -> int:
        with distributed.app_context():
            delivery = certificate_makers.finished_delivery(1)
            return certificate_makers.key(
                certificate_makers.ask(certificate_makers.coordinator(), delivery)
            )

    def state(job_id: int) -> JobState:
        with distributed.app_context():
            return db.session.get_one(Job, job_id).state

    with Worker(settings.instance_path, settings.database_url, sweep=0.5, JOBS_URL=url) as worker:
        with redis_server.running_server(folder, port) as running:
            if running is None:
                pytest.skip("Redis is not installed: apt-get install redis-tools")
            first = request()
            assert wait_for(distributed, worker, lambda: is_over(first), 60)
        second = request()  # Redis is gone
        time.sleep(1)
        assert worker.is_running
        with redis_server.running_server(folder, port):
            assert wait_for(distributed, worker, lambda: is_over(second), 60)
    assert (state(first), state(second)) == (JobState.DONE, JobState.DONE)
