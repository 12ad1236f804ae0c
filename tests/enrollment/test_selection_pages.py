"""Selecting: requests, people with a place, the waiting list; the list as a file and as a sheet."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core.database import db
from core.policy import SYSTEM
from courses.queries import get_delivery
from enrollment.models import Enrollment, EnrollmentStatus
from people.models import Person
from tests import factories
from tests.browsing import Browser, Page
from tests.courses import makers as courses
from tests.enrollment import makers


@pytest.fixture
def code(app: Flask) -> str:
    """By approval, two places, three requests: Ba (police), Cissé (military), Diop (police)."""
    with app.app_context():
        into = courses.delivery(places=2, admission="approval")
        for family, category in (("Ba", "police"), ("Cissé", "military"), ("Diop", "police")):
            makers.enrolled(
                into,
                category,
                factories.person("Awa", family),
                rank="Captain",
                needs=f"Needs of {family}",
            )
        return into.code


@pytest.fixture
def coordinator(app: Flask, sign_in: Any) -> Browser:
    with app.app_context():
        return sign_in(factories.actor(Role.COORDINATOR))


def statuses(app: Flask) -> dict[str, str]:
    with app.app_context():
        rows = db.session.execute(
            sa.select(Person.family_name, Enrollment.status).join(
                Enrollment, Enrollment.person_id == Person.id
            )
        )
        return {name: status.value for name, status in rows}


def selection(browser: Browser, code: str) -> Page:
    page = browser.get(f"/deliveries/{code}/selection")
    assert page.status == 200
    return page


def id_of(app: Flask, family: str) -> int:
    with app.app_context():
        return db.session.scalar(
            sa.select(Enrollment.id)
            .join(Person, Person.id == Enrollment.person_id)
            .where(Person.family_name == family)
        )


def test_one_is_approved_by_its_button(app: Flask, coordinator: Browser, code: str) -> None:
    page = selection(coordinator, code)
    assert "3 requests to decide on" in page.text
    assert "Needs of" not in page.html, "what people need is no ground for a decision"
    page = page.form("/selection").submit("Approve – Awa Cissé")
    assert "1 request approved." in page.text
    assert "1 person has a place" in page.text
    assert statuses(app) == {"Ba": "requested", "Cissé": "confirmed", "Diop": "requested"}


def test_several_are_approved_in_the_order_of_their_requests(
    app: Flask, coordinator: Browser, code: str
) -> None:
    ids = [id_of(app, family) for family in ("Diop", "Cissé", "Ba")]
    page = selection(coordinator, code).form("/selection").submit("Approve selected", chosen=ids)
    assert "3 requests approved. 1 person waits for a place." in page.text
    assert statuses(app) == {"Ba": "confirmed", "Cissé": "confirmed", "Diop": "waitlisted"}
    assert "Waiting list" in page.text


def test_approving_nobody_or_twice_is_told(app: Flask, coordinator: Browser, code: str) -> None:
    form = selection(coordinator, code).form("/selection")
    page = form.submit("Approve selected")
    assert page.status == 422
    assert "Select the people you approve." in page.text
    form.submit("Approve – Awa Ba")
    page = form.submit("Approve – Awa Ba")
    assert page.status == 409
    assert "not possible any more" in page.text
    assert statuses(app)["Ba"] == "confirmed"


def test_declining_needs_a_reason_and_keeps_it(app: Flask, coordinator: Browser, code: str) -> None:
    page = selection(coordinator, code).follow("Decline – Awa Diop")
    form = page.form(button="Decline")
    page = form.submit("Decline", reason=" ")
    assert page.status == 422
    assert "Say why" in page.text
    page = form.submit("Decline", reason="x" * 501)
    assert page.status == 422
    assert "x" * 501 in page.html
    page = form.submit("Decline", reason="The course is for the mission's own staff.")
    assert page.path.endswith("/selection")
    assert "The course is for the mission's own staff." in page.text
    assert statuses(app)["Diop"] == "declined"
    assert form.submit("Decline", reason="again").status == 422


def test_a_foreign_id_is_nobody(app: Flask, coordinator: Browser, code: str) -> None:
    with app.app_context():
        other = courses.delivery(places=2, admission="approval")
        foreign = makers.enrolled(other, "police", factories.person("Other", "Sow")).id
    values = {"csrf_token": coordinator.token(), "approve": str(foreign)}
    assert coordinator.post(f"/deliveries/{code}/selection", values).status == 422
    assert statuses(app)["Sow"] == "requested"


def test_the_waiting_list_is_in_order_with_positions(app: Flask, coordinator: Browser) -> None:
    with app.app_context():
        into = courses.delivery(places=2, pools={"police": 1})
        for n in range(3):
            makers.enrolled(into, "police", factories.person("P", f"Police{n}"))
        for n in range(3):
            makers.enrolled(into, "military", factories.person("M", f"Military{n}"))
        code = into.code
    page = selection(coordinator, code)
    assert "Waiting list: Police" in page.text
    order = [
        page.text.index(name) for name in ("P Police2", "M Military0", "M Military1", "M Military2")
    ]
    assert order == sorted(order)


def test_who_may_come_here(app: Flask, sign_in: Any, code: str) -> None:
    with app.app_context():
        delivery_id = get_delivery(SYSTEM, code).id
        organization = factories.organization().id
        stranger = sign_in(factories.actor())
        nominator = sign_in(factories.actor(Role.NOMINATOR, organization_id=organization))
        elsewhere = sign_in(factories.actor(Role.TRAINER, delivery_id=delivery_id + 99))
        trainer = sign_in(factories.actor(Role.TRAINER, delivery_id=delivery_id))
    addresses = [
        f"/deliveries/{code}/{page}" for page in ("selection", "participants.csv", "sheet")
    ]
    for address in addresses:
        assert [browser.get(address).status for browser in (stranger, nominator, elsewhere)] == [
            403,
            403,
            403,
        ], address
        assert Browser(app).get(address, follow=False).status == 303
        assert trainer.get(address).status == 200
    page = selection(trainer, code)
    assert "Approve" not in page.text, "trainers look, coordinators decide"
    assert (
        trainer.post(
            f"/deliveries/{code}/selection", {"csrf_token": trainer.token(), "approve": "1"}
        ).status
        == 403
    )
    assert selection(trainer, code).status == 200
    assert trainer.get("/deliveries/NOTHING/selection").status == 404


def test_the_list_as_a_file(app: Flask, coordinator: Browser, code: str) -> None:
    response = coordinator.client.get(f"/deliveries/{code}/participants.csv")
    text = response.get_data(as_text=True)
    assert response.mimetype == "text/csv"
    assert "Cissé" in text
    assert "Needs of Ba" not in text
    assert len(text.strip().splitlines()) == 4


def test_the_sheet_has_a_line_for_everybody_and_a_box_for_each_session(
    app: Flask, coordinator: Browser
) -> None:
    with app.app_context():
        into = courses.delivery(places=5)
        for n in range(3):
            makers.enrolled(into, "police", factories.person("Awa", f"Name{n}"))
        into_code = into.code
    page = coordinator.get(f"/deliveries/{into_code}/sheet")
    assert page.text.count("Name1") == 3, "once for each of three days"
    assert "Day 2: Tuesday 9 March 2027" in page.text


def test_a_fixed_number_of_queries(app: Flask, coordinator: Browser, code: str) -> None:
    from sqlalchemy import event

    def queries() -> int:
        count = 0

        def listener(*_args: Any) -> None:
            nonlocal count
            count += 1

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", listener)
        try:
            selection(coordinator, code)
        finally:
            event.remove(engine, "before_cursor_execute", listener)
        return count

    before = queries()
    with app.app_context():
        into = get_delivery(SYSTEM, code)
        for _n in range(8):
            makers.enrolled(into, "civilian")
    assert queries() == before


def test_after_finishing_nothing_is_offered(app: Flask, coordinator: Browser, code: str) -> None:
    with app.app_context():
        makers.finished(get_delivery(SYSTEM, code))
    page = selection(coordinator, code)
    assert "Approve" not in page.text
    assert "Add a person" not in page.text
    assert EnrollmentStatus.DECLINED.value in statuses(app).values()
