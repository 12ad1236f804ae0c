"""Several people at the same certificates at the same moment: whoever comes second waits and
sees what the first did."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from certificates import services
from certificates.models import Certificate
from certificates.services import issuing, requesting
from core.database import db, transaction
from core.jobs import Job, drain
from core.mail import Mail
from core.policy import SYSTEM
from courses.services import touch
from enrollment.models import Enrollment
from tests.certificates import makers

pytestmark = pytest.mark.both_databases


def meet_after(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Lets two get past the same look into the database before either goes on, as far as the
    lock lets them."""
    look, both_looked = getattr(module, name), threading.Barrier(2)

    def look_then_wait(*arguments: Any, **named: Any) -> Any:
        result = look(*arguments, **named)
        with suppress(
            threading.BrokenBarrierError
        ):  # broken when the other is not let in before this one is done
            both_looked.wait(timeout=1.5)
        return result

    monkeypatch.setattr(module, name, look_then_wait)


def twice_at_once(app: Any, act: Any) -> list[Any]:
    """What two answered who did the same at the same moment: a value each, or what was raised."""
    answers = []

    def request_once() -> None:
        with app.app_context():
            try:
                with transaction():
                    answers.append(act())
            except Exception as error:
                answers.append(error)
            db.session.remove()

    threads = [threading.Thread(target=request_once) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return answers


def test_two_who_ask_for_the_same_certificates_get_one_job(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery_id = makers.key(makers.finished_delivery(2))
    db.session.remove()
    meet_after(monkeypatch, requesting, "_job_for")
    first, second = twice_at_once(context, lambda: services.request_issue(SYSTEM, delivery_id).id)
    assert (
        first
        == second
        == db.session.scalars(sa.select(Job.id).where(Job.kind == services.JOB_KIND)).one()
    )
    db.session.rollback()
    drain()
    assert db.session.scalar(sa.select(sa.func.count(Certificate.id))) == 2
    assert (
        db.session.scalar(sa.select(sa.func.count(Mail.id)).where(Mail.kind == "certificate_ready"))
        == 2
    )


def test_two_who_issue_to_the_same_person_get_one_certificate(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrollment_id = makers.key(makers.enrollments(makers.finished_delivery(1))[0])
    db.session.remove()
    meet_after(monkeypatch, issuing, "find_standing")
    first, second = twice_at_once(
        context,
        lambda: services.issue(SYSTEM, db.session.get_one(Enrollment, enrollment_id)).number,
    )
    assert first == second == db.session.scalars(sa.select(Certificate.number)).one()


WRITERS = {
    "ask": lambda e, c: services.request_issue(SYSTEM, e.delivery_id, [e.id]),
    "issue": lambda e, c: services.issue(SYSTEM, e),
    "correct names": lambda e, c: services.correct_names(
        SYSTEM, e.delivery_id, {e.id: "Ana Petrović"}
    ),
    "revoke": lambda e, c: services.revoke(SYSTEM, c, reason_code="issued_in_error"),
    "reissue": lambda e, c: services.reissue(
        SYSTEM, c, name_on_certificate="Ana Petrović", reason="Misspelt"
    ),
}


@pytest.mark.parametrize("act", WRITERS.values(), ids=WRITERS)
def test_whoever_changes_certificates_waits_for_who_is_at_the_delivery(
    context: Flask, act: Callable[..., Any]
) -> None:
    delivery = makers.finished_delivery(["Ana Petrovic", "Ana Petrovicz"])
    new, old = (makers.key(enrollment) for enrollment in makers.enrollments(delivery))
    with transaction():
        certificate_id = services.issue(SYSTEM, db.session.get_one(Enrollment, old)).id
    delivery_id, done = makers.key(delivery), []
    db.session.remove()

    def write() -> None:
        with context.app_context():
            with transaction():
                act(
                    db.session.get_one(Enrollment, new),
                    db.session.get_one(Certificate, certificate_id),
                )
            done.append(True)
            db.session.remove()

    writer = threading.Thread(target=write)
    with transaction():
        touch(delivery_id)
        writer.start()
        writer.join(0.4)
        assert not done, "it did not wait"
    writer.join()
    assert done
