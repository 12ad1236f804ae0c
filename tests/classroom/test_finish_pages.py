"""Finishing: who completes, who does not and why, what becomes of those who wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import clock
from core.database import db
from core.policy import SYSTEM
from courses.queries import get_delivery
from enrollment.models import Enrollment
from people.models import Person
from tests import factories
from tests.browsing import Browser
from tests.courses import makers as courses
from tests.enrollment import makers

AFTER = datetime(2027, 3, 11, 12, tzinfo=UTC)


@pytest.fixture
def code(app: Flask) -> str:
    """Ba did everything, Cissé missed a third, Diop scored too little, Faye did not come, Gueye
    waits."""
    with app.app_context():
        into = courses.delivery(places=4)
        enrollments = {
            name: makers.enrolled(into, "police", factories.person("Awa", name))
            for name in ("Ba", "Cissé", "Diop", "Faye", "Gueye")
        }
        makers.attend(into, enrollments["Ba"], score=90)
        makers.attend(into, enrollments["Cissé"], 720, score=90)
        makers.attend(into, enrollments["Diop"], score=64)
        return into.code


@pytest.fixture
def coordinator(app: Flask, sign_in: Any, code: str) -> Browser:
    clock.travel(app, AFTER)
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


RESULT = {
    "Ba": "completed",
    "Cissé": "not_completed",
    "Diop": "not_completed",
    "Faye": "no_show",
    "Gueye": "declined",
}


def test_what_each_person_lacks_is_said_before(coordinator: Browser, code: str) -> None:
    page = coordinator.get(f"/deliveries/{code}/finish")
    assert "1 person completes the course" in page.text
    assert "720 of 1,080 minutes" in page.text
    assert "score 64, needs 70" in page.text
    assert "1 person still waits" in page.text
    assert "Awa Gueye" in page.text
    assert "12 sessions are not marked for everyone" in page.text
    assert "3 of 4 marked" in page.text
    assert "not begun" not in page.text


def test_the_sessions_that_somebody_missed_lead_to_where_marks_are_corrected(
    coordinator: Browser, code: str
) -> None:
    page = coordinator.get(f"/deliveries/{code}/finish")
    cissé = next(row for row in page.all("tr") if "Awa Cissé" in "".join(row.itertext()))
    assert "Missed, in part or whole: 9, 10, 11, 12" in " ".join("".join(cissé.itertext()).split())
    links = [link.get("href") for link in cissé.iter("a") if link.get("aria-label") == "Session 9"]
    assert links == [f"/deliveries/{code}/attendance/9"]
    diop = next(row for row in page.all("tr") if "Awa Diop" in "".join(row.itertext()))
    assert "Missed" not in "".join(diop.itertext()), "who lacks only the score"
    done = page.form("/finish").submit("Finish the delivery")
    assert "Missed, in part or whole:" in done.text and not done.all(
        "a", **{"aria-label": "Session 9"}
    )


@pytest.mark.both_databases
def test_finishing_fixes_the_results_and_leads_to_the_certificates(
    app: Flask, coordinator: Browser, code: str
) -> None:
    form = coordinator.get(f"/deliveries/{code}/finish").form("/finish")
    page = form.submit("Finish the delivery")
    assert "finished and its results are fixed" in page.text
    assert statuses(app) == RESULT
    assert "1 person completed the course" in page.text
    assert page.link("Issue certificates").endswith(f"/deliveries/{code}/certificates")
    again = form.submit("Finish the delivery")
    assert again.status == 200
    assert "1 person completed the course" in again.text
    assert statuses(app) == RESULT


def test_what_was_lacking_is_on_ones_own_page(app: Flask, sign_in: Any, code: str) -> None:
    with app.app_context():
        makers.finished(get_delivery(SYSTEM, code))
        enrollment = db.session.scalar(
            sa.select(Enrollment)
            .join(Person, Person.id == Enrollment.person_id)
            .where(Person.family_name == "Cissé")
        )
        enrollment_id, person = enrollment.id, db.session.get_one(Person, enrollment.person_id)
        from accounts.sessions import actor_of

        browser = sign_in(actor_of(person))
    page = browser.get(f"/enrollments/{enrollment_id}")
    assert "Why it was not completed attended 720 of 1,080 minutes" in page.text, (
        "not that these are lacking"
    )
    assert "Not completed" in page.text
    assert "Withdraw" not in page.text


@pytest.mark.parametrize(
    "when", [datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 3, 10, 20, 59, tzinfo=UTC)]
)
def test_before_the_last_session_has_ended_nothing_is_finished(
    app: Flask, sign_in: Any, code: str, when: datetime
) -> None:
    clock.travel(app, when)
    with app.app_context():
        browser = sign_in(factories.actor(Role.COORDINATOR))
    page = browser.get(f"/deliveries/{code}/finish")
    assert "The last session ends on 10 March 2027, 17:00 (AST)" in page.text
    assert not [form for form in page.all("form") if (form.get("action") or "").endswith("/finish")]
    assert page.link("Cut the course short") == f"/deliveries/{code}/cut-short"
    refused = browser.post(f"/deliveries/{code}/finish", {"csrf_token": browser.token()})
    assert (
        refused.status == 409
        and "The last session ends on 10 March 2027, 17:00 (AST)" in refused.text
    )
    assert statuses(app)["Ba"] == "confirmed"


def test_who_may_finish(app: Flask, sign_in: Any, code: str) -> None:
    with app.app_context():
        delivery_id = get_delivery(SYSTEM, code).id
        people = [
            factories.actor(),
            factories.actor(Role.TRAINER, delivery_id=delivery_id),
            factories.actor(Role.NOMINATOR, organization_id=factories.organization().id),
        ]
    for browser in map(sign_in, people):
        assert browser.get(f"/deliveries/{code}/finish").status == 403
        assert (
            browser.post(f"/deliveries/{code}/finish", {"csrf_token": browser.token()}).status
            == 403
        )
    assert Browser(app).get(f"/deliveries/{code}/finish", follow=False).status == 303
    assert statuses(app)["Ba"] == "confirmed"


def test_drafts_and_unknown_codes(app: Flask, coordinator: Browser) -> None:
    with app.app_context():
        clock.travel(app, datetime(2026, 11, 23, tzinfo=UTC))
        draft = courses.delivery(published=False, code="GTI-DRAFT").code
    clock.travel(app, AFTER)
    page = coordinator.get(f"/deliveries/{draft}/finish")
    assert "Only a delivery that was published can be finished" in page.text
    assert (
        coordinator.post(f"/deliveries/{draft}/finish", {"csrf_token": coordinator.token()}).status
        == 409
    )
    assert coordinator.get("/deliveries/NOTHING/finish").status == 404
