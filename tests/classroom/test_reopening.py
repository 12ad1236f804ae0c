"""A result that was fixed by mistake: reopened, corrected and fixed anew; what rests on it is
shown for review."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from certificates import services as certificates
from certificates.models import Certificate
from classroom import services
from classroom.models import Reopening
from classroom.services import MarkGiven
from core import clock
from core.checking import breaches
from core.database import db, transaction
from core.errors import DomainError
from core.policy import SYSTEM
from courses.models import DeliveryStatus
from enrollment.models import Enrollment
from tests import factories
from tests.browsing import Browser
from tests.courses import makers as courses
from tests.enrollment import makers

AFTER = datetime(2027, 3, 11, 12, tzinfo=UTC)


@pytest.fixture
def code(app: Flask) -> str:
    """Ba did everything and is certified; Faye did not come."""
    with app.app_context():
        into = courses.delivery(places=4)
        clock.travel(app, AFTER)
        ba, _ = (
            makers.enrolled(into, "police", factories.person("Awa", name))
            for name in ("Ba", "Faye")
        )
        makers.attend(into, ba, score=90)
        makers.finished(into)
        with transaction():
            certificates.issue(SYSTEM, makers.again(ba))
        return into.code


@pytest.fixture
def coordinator(sign_in: Any, app: Flask, code: str) -> Browser:
    with app.app_context():
        return sign_in(factories.actor(Role.COORDINATOR))


def enrollment(name: str) -> Enrollment:
    return db.session.scalars(
        sa.select(Enrollment).where(Enrollment.name_on_certificate == f"Awa {name}")
    ).one()


def test_from_the_results_to_the_corrected_result(
    app: Flask, coordinator: Browser, code: str
) -> None:
    page = coordinator.get(f"/deliveries/{code}/finish")
    form_page = coordinator.get(page.link("Correct a result"))
    empty = form_page.form("/reopen").submit("Reopen selected")
    assert (
        empty.status == 422
        and "Choose at least one person." in empty.text
        and "Say in a few words" in empty.text
    )
    with app.app_context():
        faye = enrollment("Faye").id
    sent = {
        "csrf_token": coordinator.token(),
        "enrollments": str(faye),
        "reason": "absent by mistake",
    }
    page = coordinator.post(f"/deliveries/{code}/reopen", sent)
    assert "1 result is open again." in page.text
    marks = coordinator.get(f"/deliveries/{code}/attendance/1")
    assert "Awa Faye" in marks.text and "Awa Ba" not in marks.text, (
        "only what was reopened can be marked"
    )
    with app.app_context():
        makers.attend(enrollment("Faye").delivery, enrollment("Faye"), score=80)
    done = (
        coordinator.get(f"/deliveries/{code}/finish")
        .form("/finish")
        .submit("Fix the corrected results")
    )
    assert "2 people completed the course" in done.text
    with app.app_context():
        reopening = db.session.scalars(sa.select(Reopening)).one()
        assert (reopening.result.value, reopening.reason, reopening.enrollment_id) == (
            "no_show",
            "absent by mistake",
            faye,
        )


def test_a_certificate_that_is_no_longer_justified_is_shown_and_stays_as_it_is(
    app: Flask, coordinator: Browser, code: str
) -> None:
    with app.app_context():
        ba = enrollment("Ba")
        with transaction():
            services.reopen(SYSTEM, ba.delivery_id, [ba.id], reason="marked for someone else")
        absent = [MarkGiven(ba.id, session.number, "absent") for session in ba.delivery.sessions]
        with transaction():
            services.record_attendance(SYSTEM, ba.delivery_id, absent)
            services.finish(SYSTEM, ba.delivery_id)
        assert enrollment("Ba").status.value == "not_completed"
        number = db.session.scalars(sa.select(Certificate.number)).one()
        assert (
            f"certificates: {number} is valid, but its holder did not complete the course"
            in breaches()
        )
    page = coordinator.get(f"/deliveries/{code}/certificates")
    assert "1 certificate is no longer justified" in page.text and number in page.text


def test_what_is_refused(context: Flask, code: str) -> None:
    ba = enrollment("Ba")
    cases = [
        ([], "x", "nothing_chosen"),
        ([ba.id], "  ", "reason_needed"),
        ([ba.id, 999_999], "x", "unknown_enrollment"),
    ]
    for ids, reason, expected in cases:
        with pytest.raises(DomainError) as refused, transaction():
            services.reopen(SYSTEM, ba.delivery_id, ids, reason=reason)
        assert refused.value.code == expected
    running = courses.delivery(code="GTI-RUNNING", starts_on=date(2027, 4, 5))
    with pytest.raises(DomainError) as refused, transaction():
        services.reopen(SYSTEM, running.id, [ba.id], reason="x")
    assert refused.value.code == "not_finished"
    assert (
        makers.again(ba).delivery.status is DeliveryStatus.FINISHED
        and makers.again(ba).status.value == "completed"
    )
