"""100 certificates are issued by a real worker process that is killed with kill -9 three times:
nothing is lost, nothing is doubled, on both databases. Without the lease's end the same journey
loses its work, so the test means something."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from certificates import queries
from certificates.models import Certificate
from certificates.numbers import format_number
from core import audit, numbering, storage
from core.database import db
from core.jobs import Job, JobState
from core.mail import Mail
from core.settings import settings_of
from roster.models import ExpertSkill
from tests.certificates import makers
from tests.concurrency.worker import NEVER, Worker

KILLS = (12, 40, 75)  # once so many files are made


def started(app: Flask, people: int) -> tuple[Path, str, int]:
    """(folder, database, job) of a request for so many certificates."""
    with app.app_context():
        delivery, coordinator = makers.finished_delivery(people), makers.coordinator()
        job_id = makers.key(makers.ask(coordinator, delivery))
        settings = settings_of()
        return settings.instance_path, settings.database_url, job_id


def wait_for(app: Flask, worker: Worker, is_so: Callable[[], bool], seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with app.app_context():
            value = is_so()
            db.session.remove()
        if value:
            return True
        assert worker.is_running, "the worker ended by itself"
        time.sleep(0.05)
    return False


def files_made() -> int:
    return db.session.scalar(sa.select(sa.func.count(Certificate.file_key))) or 0


def is_over(job_id: int) -> bool:
    return db.session.get_one(Job, job_id).state in (JobState.DONE, JobState.DEAD)


@pytest.mark.both_databases
@pytest.mark.timeout(280)
@pytest.mark.long
def test_a_worker_killed_three_times_loses_and_doubles_nothing(app: Flask) -> None:
    folder, url, job_id = started(app, 100)
    for reached in KILLS:
        with Worker(folder, url) as worker:
            assert wait_for(app, worker, lambda reached=reached: files_made() >= reached, 80), (
                f"never came to {reached}"
            )
    with Worker(folder, url) as worker:
        assert wait_for(app, worker, lambda: is_over(job_id), 100)
    with app.app_context():
        check_all_is_there(job_id, 100)


def check_all_is_there(job_id: int, people: int) -> None:
    job = db.session.get_one(Job, job_id)
    assert (job.state, job.done, job.total, job.errors) == (JobState.DONE, people, people, [])
    assert job.attempts >= 1 + len(KILLS)
    certificates = list(db.session.scalars(sa.select(Certificate).order_by(Certificate.id)))
    void = {
        void.first
        for void in numbering.voids()
        if (void.reason, void.last) == (numbering.VoidReason.UNDONE, void.first)
    }
    assert len(void) <= len(KILLS), (
        "one for each worker that was killed between drawing a number and committing it"
    )
    counted = [format_number(2026, n) for n in range(1, people + len(void) + 1) if n not in void]
    assert sorted(certificate.number for certificate in certificates) == counted
    assert (
        len({certificate.token for certificate in certificates})
        == len({certificate.enrollment_id for certificate in certificates})
        == people
    )
    keys = list(storage.keys("certificates"))
    assert sorted(keys) == sorted(certificate.file_key for certificate in certificates), (
        "no file without a certificate either"
    )
    assert all(
        hashlib.sha256(storage.get(certificate.file_key)).hexdigest() == certificate.sha256
        for certificate in certificates
    )
    mails = list(
        db.session.scalars(sa.select(Mail.address).where(Mail.kind == "certificate_ready"))
    )
    assert len(mails) == len(set(mails)) == people
    assert (
        db.session.scalar(sa.select(sa.func.count(sa.distinct(ExpertSkill.certificate_id))))
        == people
    )
    issued = sa.select(sa.func.count()).where(audit.AuditEntry.action == "certificate.issued")
    assert db.session.scalar(issued) == people
    assert list(queries.breaches()) == [] and list(audit.breaches()) == []


@pytest.mark.long
def test_without_the_lease_ending_the_work_is_lost(app: Flask) -> None:
    """The control: the same kill, and a lease that never ends. No one takes the job over."""
    folder, url, job_id = started(app, 12)
    with Worker(folder, url, lease=NEVER) as worker:
        assert wait_for(app, worker, lambda: files_made() >= 3, 60)
    with app.app_context():
        before = files_made()
    with Worker(folder, url, lease=NEVER) as worker:
        assert not wait_for(app, worker, lambda: is_over(job_id), 8)
    with app.app_context():
        assert files_made() == before < 12


@pytest.mark.long
def test_without_the_sweep_nobody_takes_it_up(app: Flask) -> None:
    """The control: the wake-up is lost (tests send none) and no sweep comes."""
    folder, url, job_id = started(app, 2)
    with Worker(folder, url, sweep=NEVER) as worker:
        assert not wait_for(app, worker, lambda: is_over(job_id), 8)
    with Worker(folder, url) as worker:
        assert wait_for(app, worker, lambda: is_over(job_id), 40)
