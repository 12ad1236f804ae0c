"""Background jobs: whatever happens to workers, clocks and wake-ups, work is done, and by one
worker at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Never

import pytest
import sqlalchemy as sa
from flask import Flask

from core import clock, jobs
from core.database import db, transaction
from core.errors import Conflict
from core.jobs import Job, JobState, LeaseLost, engine, ledger, running
from core.limits import TryCount, count
from tests.conftest import NOW

KIND = "test.work"


@pytest.fixture
def work(context: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable], None]:
    """`work(function)` is what jobs of KIND do."""

    def make(function: Callable) -> None:
        monkeypatch.setitem(running.work_of(context).jobs, KIND, function)

    make(lambda progress, **args: None)
    return make


def enqueued(**options: Any) -> int:
    with transaction():
        job_id = jobs.enqueue(KIND, **options)
    assert job_id is not None
    return job_id


def job(job_id: int) -> Job:
    db.session.rollback()
    return db.session.get_one(Job, job_id, populate_existing=True)


def claimed(job_id: int) -> ledger.Lease | None:
    with transaction():
        return ledger.claim(job_id)


def make_due(job_id: int) -> None:
    with transaction():
        db.session.execute(
            sa.update(Job).where(Job.id == job_id).values(run_after=0.0, lease_until=0.0)
        )


def at_once(app: Flask, act: Callable[[], object], times: int = 8) -> list[object]:
    """What `act` gives in so many threads that begin together."""
    barrier, answers = threading.Barrier(times), []

    def work() -> None:
        with app.app_context():
            barrier.wait()
            answers.append(act())

    threads = [threading.Thread(target=work) for _ in range(times)]
    db.session.remove()
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(answers) == times
    return answers


# Claiming


@pytest.mark.both_databases
def test_eight_workers_at_once_and_one_wins(context: Flask) -> None:
    for _ in range(5):
        job_id = enqueued()
        leases = [
            lease for lease in at_once(context, lambda job_id=job_id: claimed(job_id)) if lease
        ]
        assert len(leases) == 1
        assert (job(job_id).state, job(job_id).attempts) == (JobState.RUNNING, 1)


@pytest.mark.both_databases
def test_a_live_lease_is_not_stolen_by_a_host_whose_clock_is_fast(context: Flask) -> None:
    job_id = enqueued()
    assert claimed(job_id)
    clock.travel(context, NOW + timedelta(minutes=10))
    assert claimed(job_id) is None and job_id not in ledger.due()


@pytest.mark.both_databases
def test_an_ended_lease_is_taken_over_and_the_first_worker_is_fenced_off(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "LEASE_SECONDS", 0.3)
    job_id = enqueued()
    first = claimed(job_id)
    time.sleep(0.5)
    monkeypatch.setattr(ledger, "LEASE_SECONDS", 30.0)
    second = claimed(job_id)
    assert first and second and first.token != second.token
    with transaction():
        assert ledger.heartbeat(first) is False
    with pytest.raises(LeaseLost), transaction():
        count("test", "an effect of the first worker", seconds=60)
        jobs.Progress(first).finish()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(TryCount)) == 0, (
        "its effects are rolled back with it"
    )
    with transaction():
        jobs.Progress(second).finish()
    assert job(job_id).state is JobState.DONE


def test_a_delayed_job_waits(work: Callable[[Callable], None]) -> None:
    job_id = enqueued(delay=60)
    assert claimed(job_id) is None and ledger.due() == []


def test_a_slow_step_does_not_lose_the_lease(
    work: Callable[[Callable], None], context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "LEASE_SECONDS", 0.6)
    attempts = []

    def slow(progress: Any, **args: Any) -> None:
        for _ in range(8):
            time.sleep(0.2)
            with context.app_context():
                attempts.append(claimed(progress.job_id))

    work(slow)
    job_id = enqueued()
    assert running.run(job_id)
    assert attempts == [None] * 8 and job(job_id).state is JobState.DONE


# Running


@pytest.mark.both_databases
def test_a_job_rolled_back_leaves_nothing(context: Flask) -> None:
    with pytest.raises(RuntimeError), transaction():
        jobs.enqueue(KIND)
        raise RuntimeError("the form was refused")
    assert db.session.scalar(sa.select(sa.func.count(Job.id))) == 0


@pytest.mark.both_databases
def test_what_fails_waits_longer_each_time_and_is_given_up_at_last(
    work: Callable[[Callable], None],
) -> None:
    def failing(progress: Any, **args: Any) -> None:
        raise ValueError("no good")

    work(failing)
    job_id, waits = enqueued(), []
    for attempt in range(1, ledger.STANDARD.attempts + 1):
        assert running.run(job_id)
        row = job(job_id)
        assert row.attempts == attempt and row.error == "ValueError"
        now = db.session.scalar(sa.select(ledger.database_now()))
        waits.append(row.run_after - now)
        assert not running.run(job_id), "not before its time"
        make_due(job_id)
    assert job(job_id).state is JobState.DEAD and job(job_id).public_status == "failed"
    assert all(0.4 * 2**n < wait < 1.6 * 2**n for n, wait in enumerate(waits[:-1], 1)), waits
    assert not running.run(job_id), "given up"

    work(lambda progress, **args: None)
    with transaction():
        jobs.retry(db.session.get_one(Job, job_id))
    assert running.run(job_id)
    assert (job(job_id).state, job(job_id).error) == (JobState.DONE, None)


def test_a_worker_that_dies_every_time_does_not_go_on_for_ever(context: Flask) -> None:
    job_id = enqueued()
    for _ in range(ledger.STANDARD.attempts):
        assert claimed(job_id)
        make_due(job_id)
    assert claimed(job_id) is None and job(job_id).state is JobState.DEAD


def test_a_refusal_is_kept_by_its_code(work: Callable[[Callable], None]) -> None:
    def refused(progress: Any, **args: Any) -> None:
        raise Conflict("delivery_finished", "No names in here")

    work(refused)
    job_id = enqueued()
    running.run(job_id)
    assert job(job_id).error == "delivery_finished"


@pytest.mark.both_databases
def test_effects_and_end_are_one(work: Callable[[Callable], None]) -> None:
    """The job's last effects and its end are in one transaction: a failure between them leaves
    neither."""
    failures = iter([RuntimeError("the power goes"), None])

    def once(progress: Any, **args: Any) -> None:
        with transaction():
            count("test", "the effect", seconds=600)
            progress.finish()
            if failure := next(failures):
                raise failure

    work(once)
    job_id = enqueued()
    running.run(job_id)
    assert job(job_id).state is JobState.QUEUED
    make_due(job_id)
    running.run(job_id)
    assert job(job_id).state is JobState.DONE
    assert db.session.scalar(sa.select(TryCount.count)) == 1


def test_progress_is_seen_while_it_runs(work: Callable[[Callable], None]) -> None:
    def counting(progress: Any, **args: Any) -> None:
        with transaction():
            progress.note(done=1, total=3, errors=[{"code": "x", "message": "y"}])
        seen = db.session.get_one(Job, progress.job_id)
        assert (seen.done, seen.total, seen.public_status) == (1, 3, "running")

    work(counting)
    job_id = enqueued()
    running.run(job_id)
    assert (job(job_id).error, job(job_id).public_status, job(job_id).errors) == (
        None,
        "succeeded",
        [{"code": "x", "message": "y"}],
    )


# Once


@pytest.mark.both_databases
def test_the_same_key_is_one_job(context: Flask) -> None:
    def add() -> int | None:
        with transaction():
            return jobs.enqueue(KIND, dedupe_key="the same")

    assert len([job_id for job_id in at_once(context, add) if job_id is not None]) == 1


@pytest.mark.both_databases
def test_a_scheduled_job_is_planned_once_a_slot_by_eight_workers(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        context.extensions, "work", replace(running.work_of(context), schedule={KIND: 3600})
    )
    at_once(context, running.plan)
    assert db.session.scalar(sa.select(sa.func.count(Job.id))) == 1
    clock.travel(context, NOW + timedelta(hours=1, seconds=5))
    running.plan()
    assert db.session.scalar(sa.select(sa.func.count(Job.id))) == 2


# Wake-ups


def test_a_lost_wake_up_is_found_by_the_sweep(
    work: Callable[[Callable], None], context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(context.extensions, "work", replace(running.work_of(context), schedule={}))
    lost = enqueued()  # tests send no wake-ups
    later = enqueued(delay=60)
    woken: list[int] = []
    monkeypatch.setattr(engine, "wake", woken.append)
    assert running.sweep() == [lost] == woken and later not in woken


def test_the_sweep_finds_the_job_of_a_dead_worker(
    work: Callable[[Callable], None], context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(context.extensions, "work", replace(running.work_of(context), schedule={}))
    monkeypatch.setattr(ledger, "LEASE_SECONDS", 0.2)
    job_id = enqueued()
    assert claimed(job_id) and running.sweep() == []
    time.sleep(0.4)
    assert running.sweep() == [job_id]
    assert running.run(job_id) and job(job_id).attempts == 2


def test_the_wake_up_leaves_after_the_commit_and_carries_only_the_id(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(engine, "wake", sent.append)
    with transaction():
        job_id = jobs.enqueue(KIND, names=["Zoë"])
        assert sent == []
    assert sent == [job_id]


def test_a_queue_out_of_order_refuses_nobody(
    context: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Never:
        raise OSError("no such host")

    monkeypatch.setitem(context.config, "JOBS_INLINE", False)
    monkeypatch.setitem(context.extensions, "huey", None)
    monkeypatch.setitem(context.extensions, "make_huey", broken)
    job_id = enqueued()
    assert job(job_id).state is JobState.QUEUED and "no wake-up sent" in caplog.text


def test_the_engine_carries_the_wake_up_to_the_worker(
    work: Callable[[Callable], None], context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(context.config, "JOBS_INLINE", False)
    monkeypatch.setitem(context.extensions, "huey", None)
    job_id = enqueued()
    queue = engine.huey()
    message = queue.dequeue()
    assert message.args == (job_id,) and message.kwargs == {}
    queue.execute(message)
    assert job(job_id).state is JobState.DONE


@pytest.mark.both_databases
def test_a_job_that_no_worker_takes_is_told_to_whoever_watches(context: Flask) -> None:
    runner = context.test_cli_runner()
    job_id = enqueued()
    assert runner.invoke(args=["jobs", "health"]).exit_code == 0, "it has just become due"
    make_due(job_id)
    late = runner.invoke(args=["jobs", "health"])
    assert (late.exit_code, late.output) == (
        1,
        "Error: A job has been due for more than 300 seconds.\n",
    )
    assert claimed(job_id) is not None
    assert runner.invoke(args=["jobs", "health"]).exit_code == 0, "a worker has it"
