"""The distributed engine: the same jobs, woken through Redis by JOBS_URL. A real worker process
does real work; its sweep is off, so only what came through Redis can have told it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis
import sqlalchemy as sa
from flask import Flask
from huey.serializer import SignedSerializer

from certificates.models import Certificate
from core import clock, jobs
from core.database import db, transaction
from core.jobs import Job, JobState, engine
from tests.certificates import makers
from tests.concurrency.test_issuing_killed import is_over, wait_for
from tests.concurrency.worker import NEVER, Worker
from tests.conftest import NOW
from tests.databases import make_app

QUEUE = "huey.redis.rostrum"


@pytest.fixture
def broker(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def distributed(app: Flask) -> Callable[[str], Flask]:
    """`distributed(url)`: the application with its engine on the Redis at `url`."""
    settings = app.extensions["settings"]

    def make(url: str) -> Flask:
        flask_app = make_app(settings.instance_path, settings.database_url, JOBS_URL=url)
        flask_app.config["JOBS_INLINE"] = False
        clock.travel(flask_app, NOW)
        return flask_app

    return make


def requested(app: Flask, people: int) -> int:
    with app.app_context():
        return makers.key(makers.ask(makers.coordinator(), makers.finished_delivery(people)))


@pytest.mark.both_databases
def test_certificates_are_made_by_a_worker_woken_through_redis(
    distributed: Callable[[str], Flask], redis_url: str, broker: redis.Redis
) -> None:
    app = distributed(redis_url)
    settings = app.extensions["settings"]
    job_id = requested(app, 2)
    [message] = broker.lrange(QUEUE, 0, -1)
    assert b"run_job" in message and b"example.org" not in message
    with Worker(
        settings.instance_path, settings.database_url, sweep=NEVER, JOBS_URL=redis_url
    ) as worker:
        assert wait_for(app, worker, lambda: is_over(job_id), 60)
    with app.app_context():
        job = db.session.get_one(Job, job_id)
        assert (job.state, job.done, job.errors) == (JobState.DONE, 2, [])
        assert db.session.scalar(sa.select(sa.func.count(Certificate.file_key))) == 2


def test_without_redis_the_act_holds_and_its_job_waits_in_the_ledger(
    distributed: Callable[[str], Flask],
) -> None:
    app = distributed("redis://127.0.0.1:1/0")
    with app.app_context():
        with transaction():
            job_id = jobs.enqueue("mail.send", mail_id=0)
        assert type(engine.huey()).__name__ == "RedisHuey"
        assert db.session.get_one(Job, job_id).state is JobState.QUEUED


def test_a_message_somebody_else_put_there_is_not_run(
    distributed: Callable[[str], Flask], redis_url: str, broker: redis.Redis
) -> None:
    """Messages are signed: who can write to Redis can still run nothing here."""
    app = distributed(redis_url)
    broker.lpush(QUEUE, SignedSerializer(secret="another key", salt="jobs").serialize("a message"))
    with app.app_context(), pytest.raises(ValueError, match="Signature"):
        engine.huey().dequeue()
