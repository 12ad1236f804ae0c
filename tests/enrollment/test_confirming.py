"""Places go to people who exist: an application counts once the link in its email is opened."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts import services as accounts_services
from accounts.models import SignInLink
from accounts.roles import Role
from core import audit, checking, clock, jobs
from core.database import db, transaction
from core.mail import Mail, MailState
from core.policy import ANONYMOUS, SYSTEM
from courses import services as course_services
from courses.models import Delivery
from enrollment import services
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.queries import positions
from enrollment.services import Wish
from people import services as people_services
from people.models import Person
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.conftest import NOW
from tests.enrollment import makers

S = EnrollmentStatus


def applied(into: Delivery, number: int, category: str = "police", **values: Any) -> int:
    """Someone unknown has applied on the public form (inside an app context); the id of the
    enrollment."""
    answers = {
        "given_name": "Ama",
        "family_name": f"Number {number}",
        "email": f"ama{number}@example.org",
        "country": "GH",
    }
    with transaction():
        applicant = people_services.record_applicant(ANONYMOUS, **(answers | values))
        return services.apply(ANONYMOUS, into.id, applicant, Wish(category)).id


def link_of(enrollment_id: int) -> str:
    """The path of the link that was mailed with an application (inside an app context)."""
    origin = db.session.get_one(Enrollment, enrollment_id).origin_id
    body = db.session.scalars(
        sa.select(Mail.body).where(Mail.person_id == origin).order_by(Mail.id)
    ).first()
    link = next(word for word in body.split() if "/sign-in/" in word)
    return link[link.index("/sign-in/") :]


def opened(app: Flask, enrollment_id: int) -> Any:
    with app.app_context():
        link = link_of(enrollment_id)
    page = Browser(app).get(link)
    return page.form().submit() if page.status == 200 else page


def status(app: Flask, enrollment_id: int) -> EnrollmentStatus | None:
    with app.app_context():
        enrollment = db.session.get(Enrollment, enrollment_id)
        return enrollment.status if enrollment else None


def lapse(app: Flask, after: timedelta) -> None:
    """The job that forgets unopened applications, so long after the beginning."""
    clock.travel(app, NOW + after)
    with app.app_context():
        with transaction():
            jobs.enqueue("enrollment.lapse")
        jobs.drain()


@pytest.mark.both_databases
def test_26_anonymous_applications_for_25_places_leave_25(app: Flask) -> None:
    with app.app_context():
        into = makers.delivery(places=25)
        ids = [applied(into, number) for number in range(26)]
        coordinator = ApiClient(app, makers.token_of(makers.coordinator()))
        code = into.code
    assert coordinator.get(f"/deliveries/{code}").json["places_left"] == 25
    assert coordinator.get(f"/deliveries/{code}").json["waiting"] == 0
    listed = coordinator.get(f"/deliveries/{code}/enrollments?status=unconfirmed").json["items"]
    assert len(listed) == 26 and listed[0]["position"] is None
    assert "Place confirmed" in opened(app, ids[25]).text, (
        "the last one opens first: no one holds anyone up"
    )
    assert coordinator.get(f"/deliveries/{code}").json["places_left"] == 24
    with app.app_context():
        assert checking.breaches() == []


def test_the_position_is_that_of_applying_not_of_opening(app: Flask) -> None:
    with app.app_context():
        into = makers.delivery(places=1)
        into_id = into.id
        makers.enrolled(into, "police")
        first, second, third = (applied(into, number) for number in range(3))
    assert "number 1 on the waiting list" in opened(app, third).text
    assert "number 1 on the waiting list" in opened(app, first).text
    with app.app_context():
        assert positions(into_id) == {first: 1, third: 2}
    assert status(app, second) is S.UNCONFIRMED


def test_an_application_is_forgotten_when_its_link_was_not_opened_in_time(app: Flask) -> None:
    with app.app_context():
        into = makers.delivery(places=5)
        enrollment = applied(into, 1)
        origin = db.session.get_one(Enrollment, enrollment).origin_id
        mails = db.session.scalar(sa.select(sa.func.count()).select_from(Mail))
    lapse(app, timedelta(hours=23))
    assert status(app, enrollment) is S.UNCONFIRMED
    lapse(app, timedelta(hours=25))
    assert status(app, enrollment) is None
    with app.app_context():
        assert db.session.get(Person, origin) is None, "what it said of someone is gone"
        assert db.session.scalar(sa.select(sa.func.count()).select_from(SignInLink)) == 0
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Mail)) == mails, (
            "no one is written to once more"
        )
        assert checking.breaches() == []


def test_a_link_that_is_too_old_confirms_nothing(app: Flask) -> None:
    with app.app_context():
        enrollment = applied(makers.delivery(places=5), 1)
    clock.travel(app, NOW + timedelta(hours=24, minutes=1))
    assert opened(app, enrollment).status == 410
    assert status(app, enrollment) is S.UNCONFIRMED


@pytest.mark.parametrize(
    ("taken_after", "opened_after", "is_good"),
    [
        (None, timedelta(days=4, hours=23), True),  # the message still waits, and its link does too
        (
            None,
            timedelta(days=5, hours=1),
            False,
        ),  # five days after applying it is over in any case
        (
            timedelta(days=2),
            timedelta(days=2, hours=23),
            True,
        ),  # 24 hours from the mail server's acceptance
        (timedelta(days=2), timedelta(days=3, hours=1), False),
        (timedelta(days=4, hours=12), timedelta(days=5, hours=1), False),
    ],
)
def test_the_link_is_counted_from_the_acceptance_of_its_message(
    app: Flask, taken_after: Any, opened_after: Any, is_good: bool
) -> None:
    with app.app_context():
        enrollment = applied(makers.delivery(places=5), 1)
        link = link_of(enrollment)
        with transaction():
            taken = (
                {"state": MailState.QUEUED}
                if taken_after is None
                else {"state": MailState.SENT, "sent_at": NOW + taken_after}
            )
            db.session.execute(sa.update(Mail).values(**taken))
    lapse(app, opened_after)
    page = Browser(app).get(link)
    assert (page.status == 200) is is_good
    assert (status(app, enrollment) is not None) is is_good


def test_before_its_link_is_opened_it_changes_neither_matching_nor_signing_in(app: Flask) -> None:
    with app.app_context():
        into, other = makers.delivery(places=5), makers.delivery(places=5)
        factories.person("Awa", "Diop", email="awa@example.org")
        applied(into, 1, given_name="Ibra", family_name="Ba", email="awa@example.org")
        with transaction():
            accounts_services.request_link("awa@example.org")
        assert list(db.session.scalars(sa.select(Mail.kind).order_by(Mail.id)))[-1] == "sign_in", (
            "one person has the mailbox"
        )
        with transaction():
            accounts_services.request_link("ama1@example.org")
        assert db.session.scalar(sa.select(sa.func.count()).where(Mail.kind == "sign_in")) == 1
        coordinator = ApiClient(app, makers.token_of(makers.coordinator()))
        code = other.code
    answers = {
        "given_name": "Ibra",
        "family_name": "Ba",
        "email": "ibra@example.org",
        "country": "SN",
    }
    answer = coordinator.post(
        f"/deliveries/{code}/enrollments", {"person": answers, "category": "police"}
    )
    assert answer.status_code == 201


def test_the_owner_of_a_known_address_is_recognised_by_the_link(app: Flask) -> None:
    with app.app_context():
        into = makers.delivery(places=5)
        known = factories.person("Awa", "Diop", email="awa@example.org").id
        application = applied(
            into, 1, given_name="AWA", family_name="Diop", email="Awa@Example.org"
        )
        people = db.session.scalar(sa.select(sa.func.count()).select_from(Person))
    page = opened(app, application)
    assert "Place confirmed" in page.text and "Awa Diop" in page.text
    with app.app_context():
        enrollment = db.session.get_one(Enrollment, application)
        assert (enrollment.person_id, enrollment.status) == (known, S.CONFIRMED)
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == people
        assert checking.breaches() == []


def test_another_name_at_a_known_address_is_another_person_and_a_question(app: Flask) -> None:
    with app.app_context():
        into = makers.delivery(places=5)
        known = factories.person("Awa", "Diop", email="awa@example.org").id
        enrollment = applied(into, 1, given_name="Ibra", family_name="Ba", email="awa@example.org")
        coordinator = ApiClient(app, makers.token_of(makers.coordinator()))
    assert "Ibra Ba" in opened(app, enrollment).text
    (question,) = coordinator.get("/identity-questions").json["items"]
    assert question["candidate"]["id"] == known and question["differs"] == ["name"]


@pytest.mark.parametrize(
    ("ending", "expected", "words"),
    [
        ("cancel", S.DELIVERY_CANCELLED, "The trainer is illThis delivery was cancelled."),
        ("finish", S.DECLINED, "the link in the email was opened after the course had ended"),
    ],
)
def test_a_link_opened_after_the_end_gives_no_place(
    app: Flask, ending: str, expected: EnrollmentStatus, words: str
) -> None:
    with app.app_context():
        into = makers.delivery(places=5)
        enrollment = applied(into, 1)
        with transaction():
            if ending == "cancel":
                course_services.cancel(SYSTEM, into, reason="The trainer is ill")
            else:
                db.session.execute(
                    sa.update(Delivery).where(Delivery.id == into.id).values(status="finished")
                )
                audit.record(SYSTEM, "test.finished", f"delivery:{into.id}", {})
    assert words in opened(app, enrollment).text
    assert status(app, enrollment) is expected


def _opened_on_the_way(app: Flask, after: timedelta) -> tuple[Any, int]:
    """An application, whose message is still on its way, for a course of 25 to 27 November;
    opened so long after now."""
    with app.app_context():
        into = makers.delivery(
            places=5, starts_on=date(2026, 11, 25), closes_on=date(2026, 11, 24), time_zone="UTC"
        )
        enrollment = applied(into, 1)
        with transaction():
            db.session.execute(sa.update(Mail).values(state=MailState.QUEUED))
    clock.travel(app, NOW + after)
    return opened(app, enrollment), enrollment


def test_a_link_opened_after_the_beginning_leaves_it_to_a_coordinator(app: Flask) -> None:
    page, enrollment_id = _opened_on_the_way(app, timedelta(days=3))
    assert (
        status(app, enrollment_id) is S.WAITLISTED
        and "a coordinator decides who gets it" in page.text
    )
    with app.app_context():
        coordinator = makers.coordinator()
        with transaction():
            enrollment = services.approve(
                coordinator, db.session.get_one(Enrollment, enrollment_id)
            )
            assert enrollment.status is S.CONFIRMED


def test_a_link_opened_after_the_last_session_gives_no_place(app: Flask) -> None:
    page, enrollment_id = _opened_on_the_way(app, timedelta(days=4, hours=20))
    assert status(app, enrollment_id) is S.DECLINED
    assert "the link in the email was opened after the course had ended" in page.text


def test_forgetting_applications_lets_others_write_between(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enrollment.jobs.LAPSED_AT_ONCE", 2)
    with app.app_context():
        into = makers.delivery(places=5)
        ids = [applied(into, number) for number in range(5)]
    sizes: list[int] = []
    real = services.lapse_applications
    monkeypatch.setattr(
        "enrollment.jobs.lapse_applications", lambda some: (sizes.append(len(some)), real(some))
    )
    lapse(app, timedelta(hours=25))
    assert sizes == [2, 2, 1] and {status(app, enrollment_id) for enrollment_id in ids} == {None}


def test_those_who_are_known_to_exist_need_no_link(app: Flask, sign_in: Any) -> None:
    with app.app_context():
        into = makers.delivery(places=5)
        body = factories.organization()
        coordinator = makers.coordinator()
        person = factories.actor(given="Awa", family="Diop")
        with transaction():
            (nominated,) = services.nominate(coordinator, into.id, body, [makers.nominee()])
        entered = makers.enrolled(into)
        with transaction():
            own = services.enroll(
                person, into.id, db.session.get_one(Person, person.person_id), Wish("police")
            )
        assert [enrollment.status for enrollment in (nominated, entered, own)] == [S.CONFIRMED] * 3
        assert Role.COORDINATOR in coordinator.roles
    with app.app_context():
        jobs.drain()
