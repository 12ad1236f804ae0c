"""Inputs that failed: what happened at the wrong time, or could not be set right afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from certificates import services as certificates
from core import clock
from core.checking import breaches
from core.database import db, transaction
from core.mail import Mail
from core.policy import SYSTEM
from courses.models import Course, Delivery
from enrollment import services
from enrollment.models import Enrollment
from tests import factories
from tests.courses import makers as courses
from tests.enrollment import makers


def status_of(enrollment: Enrollment) -> str:
    return makers.again(enrollment).status.value


@pytest.mark.both_databases
def test_25_a_certificate_bears_the_date_of_the_place_where_the_course_was_held(
    context: Flask,
) -> None:
    """In Apia it is the 5th of December while it is the 4th in UTC."""
    into = courses.delivery(
        course=one_day(), starts_on=date(2026, 12, 5), time_zone="Pacific/Apia", country="WS"
    )
    person = makers.enrolled(into, "police")
    clock.travel(context, datetime(2026, 12, 4, 22, 0, tzinfo=UTC))
    makers.attend(into, person)
    makers.finished(into)
    with transaction():
        certificate = certificates.issue(SYSTEM, db.session.get_one(Enrollment, person.id))
    assert certificate.issued_on == date(2026, 12, 5)
    assert (
        certificate.payload["issued_on"] == "2026-12-05"
        and certificate.payload["starts_on"] == "2026-12-05"
    )


@pytest.mark.both_databases
def test_35_nobody_moves_up_after_the_course_is_over(context: Flask) -> None:
    into, (seated, first, second) = full_delivery()
    clock.travel(context, datetime(2026, 12, 5, 23, 0, tzinfo=UTC))
    with transaction():
        services.withdraw(SYSTEM, makers.again(seated))
    assert [status_of(enrollment) for enrollment in (seated, first, second)] == [
        "withdrawn",
        "waitlisted",
        "waitlisted",
    ]
    assert not db.session.scalars(sa.select(Mail).where(Mail.kind == "enrollment_promoted")).all()
    assert [breach for breach in breaches() if breach.startswith("places:")] == []


def test_before_the_first_session_the_next_in_line_moves_up(context: Flask) -> None:
    """The control: it is the time that decides."""
    into, (seated, first, second) = full_delivery()
    clock.travel(context, datetime(2026, 12, 5, 8, 59, tzinfo=UTC))
    with transaction():
        services.withdraw(SYSTEM, makers.again(seated))
    assert [status_of(enrollment) for enrollment in (first, second)] == ["confirmed", "waitlisted"]


def test_a_coordinator_gives_the_free_place_to_somebody_on_the_list(
    app: Flask, sign_in: Any
) -> None:
    with app.app_context():
        into, (seated, first, second) = full_delivery()
        code, first_id, second_id = into.code, first.id, second.id
        clock.travel(app, datetime(2026, 12, 5, 9, 30, tzinfo=UTC))
        browser = sign_in(makers.coordinator())
        assert "Give a place" not in browser.get(f"/deliveries/{code}/selection").text, (
            "none is free"
        )
        with transaction():
            services.withdraw(SYSTEM, makers.again(seated))
    page = browser.get(f"/deliveries/{code}/selection")
    assert "Give a place" in page.text
    page = browser.post(
        f"/deliveries/{code}/selection", {"csrf_token": browser.token(), "approve": str(second_id)}
    )
    assert page.status == 200
    refused = browser.post(
        f"/deliveries/{code}/selection", {"csrf_token": browser.token(), "approve": str(first_id)}
    )
    assert "No place is free" in refused.text and refused.status == 409
    with app.app_context():
        statuses = {
            key: db.session.get_one(Enrollment, key).status.value for key in (first_id, second_id)
        }
    assert statuses == {first_id: "waitlisted", second_id: "confirmed"}


@pytest.mark.both_databases
def test_36_a_wrong_mark_found_after_the_end_is_corrected(app: Flask) -> None:
    with app.app_context():
        into = courses.delivery(
            course=one_day(), code="ATT-1", starts_on=date(2026, 12, 5), time_zone="Africa/Dakar"
        )
        wronged, other = makers.enrolled(into, "police"), makers.enrolled(into, "police")
        clock.travel(app, datetime(2026, 12, 5, 23, 0, tzinfo=UTC))
        makers.attend(into, wronged, minutes=0)
        makers.attend(into, other)
        makers.finished(into)
        assert status_of(wronged) == "no_show"
        api = {"headers": {"Authorization": f"Bearer {makers.token_of(makers.coordinator())}"}}
        wronged_id, other_id = wronged.id, other.id
    client = app.test_client()
    marks = {"marks": [{"enrollment": wronged_id, "session": 1, "mark": "present"}]}
    closed = client.put("/api/v1/deliveries/ATT-1/attendance", json=marks, **api)
    assert (closed.status_code, closed.json["code"]) == (409, "delivery_finished")
    ask = {"enrollments": [wronged_id], "reason": "marked absent by mistake"}
    assert client.post("/api/v1/deliveries/ATT-1/reopen", json=ask, **api).json["reopened"] == 1
    foreign = {"marks": [{"enrollment": other_id, "session": 1, "mark": "absent"}]}
    assert (
        client.put("/api/v1/deliveries/ATT-1/attendance", json=foreign, **api).json["errors"][0][
            "code"
        ]
        == "result_fixed"
    )
    assert client.put("/api/v1/deliveries/ATT-1/attendance", json=marks, **api).status_code == 200
    again = client.post("/api/v1/deliveries/ATT-1/finish", json={}, **api)
    assert (again.status_code, again.json["completed"]) == (200, 2)
    assert (
        client.post("/api/v1/deliveries/ATT-1/finish", json={}, **api).json["code"]
        == "delivery_finished"
    )
    with app.app_context():
        assert [breach for breach in breaches() if "goes on although" in breach] == []


def one_day() -> Course:
    """A course of one session that asks for all of its minutes."""
    session = {"day": 1, "start": "09:00", "minutes": 90, "title": {"en": "One session"}}
    return courses.course(
        code="ATT", sessions=[session], completion={"min_attendance_percent": 100}
    )


def full_delivery() -> tuple[Delivery, list[Enrollment]]:
    """One place on 5 December from 09:00 in Dakar; one person has it, two wait."""
    into = courses.delivery(
        course=one_day(),
        places=1,
        starts_on=date(2026, 12, 5),
        time_zone="Africa/Dakar",
        promotion_days=0,
    )
    return into, [makers.enrolled(into, "police", factories.person()) for _ in range(3)]
