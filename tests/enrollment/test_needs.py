"""What people need is read where rooms and meals are arranged, never beside a decision, and
erased 30 days after the last session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from accounts.sessions import actor_of
from core import clock
from core.audit import AuditEntry
from core.database import db, transaction
from core.jobs import drain, enqueue
from core.policy import SYSTEM
from courses.queries import get_delivery
from enrollment.models import Enrollment
from enrollment.services import Nominee, approve, nominate
from tests import factories
from tests.api_client import ApiClient
from tests.courses import makers as courses
from tests.enrollment import makers
from tests.enrollment.makers import token_of


@pytest.fixture
def code(app: Flask) -> str:
    """Three requests, one of which was approved; two of the people need something."""
    with app.app_context():
        into = courses.delivery(places=5, admission="approval")
        for family, needs in (("Ba", "No nuts\nA ramp"), ("Cissé", "A quiet room"), ("Diop", None)):
            place = makers.enrolled(into, "police", factories.person("Awa", family), needs=needs)
            if family == "Ba":
                with transaction():
                    approve(SYSTEM, db.session.get_one(Enrollment, place.id))
        return into.code


def entries(app: Flask, action: str) -> list[AuditEntry]:
    with app.app_context():
        return list(db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == action)))


def stored_needs(app: Flask) -> list[str | None]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Enrollment.needs).order_by(Enrollment.id)))


def test_those_who_arrange_read_of_people_with_a_place_only_and_leave_a_trace(
    app: Flask, sign_in: Any, code: str
) -> None:
    with app.app_context():
        delivery_id = get_delivery(SYSTEM, code).id
        readers = [
            factories.actor(Role.COORDINATOR),
            factories.actor(Role.TRAINER, delivery_id=delivery_id),
        ]
    for actor in readers:
        page = sign_in(actor).get(f"/deliveries/{code}/needs")
        assert (
            "1 person has a place" in page.text and "Awa Ba" in page.text and "No nuts" in page.text
        )
        assert (
            "quiet room" not in page.html and "Diop" not in page.html and "Approve" not in page.html
        )
    assert [entry.actor_id for entry in entries(app, "needs.read")] == [
        reader.person_id for reader in readers
    ]
    assert all(
        "nuts" not in entry.body and "Ba" not in entry.body for entry in entries(app, "needs.read")
    )


def test_others_do_not(app: Flask, sign_in: Any, code: str) -> None:
    with app.app_context():
        delivery_id = get_delivery(SYSTEM, code).id
        others = [
            factories.actor(),
            factories.actor(Role.ROSTER),
            factories.actor(Role.TRAINER, delivery_id=delivery_id + 99),
            factories.actor(Role.NOMINATOR, organization_id=factories.organization().id),
        ]
        tokens = [token_of(actor) for actor in others]
    assert [sign_in(actor).get(f"/deliveries/{code}/needs").status for actor in others] == [403] * 4
    assert [
        ApiClient(app, token).get(f"/deliveries/{code}/needs").status_code for token in tokens
    ] == [403] * 4
    assert entries(app, "needs.read") == []


def test_by_the_api(app: Flask, code: str) -> None:
    with app.app_context():
        api = ApiClient(app, token_of(factories.actor(Role.COORDINATOR)))
    answer = api.get(f"/deliveries/{code}/needs").json
    assert [(item["person"]["family_name"], item["needs"]) for item in answer["items"]] == [
        ("Ba", "No nuts\nA ramp")
    ]
    assert answer["next"] is None and len(entries(app, "needs.read")) == 1
    assert {item["needs"] for item in api.get(f"/deliveries/{code}/enrollments").json["items"]} == {
        None
    }


def test_beside_a_decision_nobody_reads_them(app: Flask, sign_in: Any, code: str) -> None:
    with app.app_context():
        coordinator = factories.actor(Role.COORDINATOR)
        first = db.session.scalar(sa.select(Enrollment.id).order_by(Enrollment.id))
        person = db.session.get_one(Enrollment, first).person
        own = sign_in(actor_of(person))
    browser = sign_in(coordinator)
    for address in (
        f"/deliveries/{code}/selection",
        f"/enrollments/{first}",
        f"/deliveries/{code}/sheet",
    ):
        assert "nuts" not in browser.get(address).html, address
    assert "nuts" not in browser.client.get(f"/deliveries/{code}/participants.csv").get_data(
        as_text=True
    )
    assert "No nuts" in own.get(f"/enrollments/{first}").text


def test_the_nominating_organization_reads_its_own_words(app: Flask, sign_in: Any) -> None:
    with app.app_context():
        body = factories.organization("CA-MFA")
        into = courses.delivery(places=5)
        with transaction():
            enrollment_id = nominate(
                SYSTEM,
                into.id,
                body,
                [
                    Nominee(
                        "civilian",
                        given_name="Amina",
                        family_name="Diallo",
                        email="a@example.org",
                        country="CA",
                        needs="No nuts",
                    )
                ],
            )[0].id
        own = factories.actor(Role.NOMINATOR, organization_id=body.id)
        token = token_of(own)
        decides = factories.actor(Role.NOMINATOR, Role.COORDINATOR, organization_id=body.id)
        elsewhere = factories.actor(
            Role.NOMINATOR,
            Role.COORDINATOR,
            organization_id=body.id,
            centre_id=factories.centre().id,
        )
        admin = factories.actor(Role.ADMINISTRATOR)
        programs = [token_of(decides), token_of(elsewhere)]
        code = into.code
    for actor in (decides, admin):
        browser = sign_in(actor)
        for path in (
            f"/enrollments/{enrollment_id}",
            f"/deliveries/{code}/selection",
            f"/nominations?delivery={code}",
        ):
            assert "nuts" not in browser.get(path).html, (
                "those who decide do not read them beside the decision"
            )
    assert [
        ApiClient(app, program).get(f"/enrollments/{enrollment_id}").json["needs"]
        for program in programs
    ] == [
        None,
        "No nuts",
    ]
    assert "No nuts" in sign_in(own).get(f"/enrollments/{enrollment_id}").text
    assert ApiClient(app, token).get(f"/enrollments/{enrollment_id}").json["needs"] == "No nuts"


def forget(app: Flask) -> None:
    with app.app_context():
        with transaction():
            enqueue("enrollment.forget")
        drain()


@pytest.mark.both_databases
def test_they_are_erased_30_days_after_the_last_session(
    app: Flask, sign_in: Any, code: str
) -> None:
    with app.app_context():
        delivery = get_delivery(SYSTEM, code)
        over = max(session.ends_at for session in delivery.sessions) + timedelta(days=30)
        delivery_id, reader = delivery.id, factories.actor(Role.COORDINATOR)
        other = courses.delivery(
            code="LATER", course=delivery.course, starts_on=delivery.starts_on + timedelta(days=60)
        )
        makers.enrolled(other, "police", factories.person("Awa", "Later"), needs="A lift")
    clock.travel(app, over - timedelta(hours=1))
    forget(app)
    assert stored_needs(app) == ["No nuts\nA ramp", "A quiet room", None, "A lift"]
    clock.travel(app, over + timedelta(hours=1))
    forget(app)
    assert stored_needs(app) == [None, None, None, "A lift"], "also of those who got no place"
    (entry,) = entries(app, "needs.erased")
    assert (
        entry.subject == f"delivery:{delivery_id}"
        and '"people":2' in entry.body
        and "nuts" not in entry.body
    )
    forget(app)
    assert len(entries(app, "needs.erased")) == 1, "nothing is left to erase"
    assert "no longer kept" in sign_in(reader).get(f"/deliveries/{code}/needs").text
