"""A long file on the pages: taken at once, entered by a job whose progress is shown, without a
script."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from accounts.roles import Role
from core import jobs
from core.database import db, transaction
from core.policy import SYSTEM, Actor
from courses import services as courses
from courses.queries import get_delivery
from people.models import Person
from tests import factories
from tests.browsing import Browser, Page
from tests.enrollment import makers
from tests.enrollment.test_nominate_pages import (
    at_work,
    code,
    nominated,
    nominator,
    people,
    upload,
)

__all__ = ["at_work", "code", "nominator"]

PEOPLE = 250


def rows(number: int = PEOPLE) -> list[str]:
    return [f"Given{n},Family{n},p{n}@example.org,SN,police," for n in range(number)]


def drain(app: Flask) -> None:
    with app.app_context():
        jobs.drain()


def sent(browser: Browser, code: str, *lines: str) -> Page:
    return upload(browser, code, people(*lines)).form("/check").submit("Nominate")


@pytest.mark.both_databases
def test_a_long_file_is_entered_by_a_job(app: Flask, at_work: Browser, code: str) -> None:
    page = sent(at_work, code, *rows())
    assert "Entering nominations: 0 of 250" in page.text
    assert "You may leave this page" in page.text
    answer = at_work.client.get(page.path, headers={"Accept": "application/json"})
    assert answer.get_json()["status"] == "queued" and answer.get_json()["total"] == PEOPLE
    assert "250 nominations by" in at_work.get(f"/deliveries/{code}/nominate").text
    assert "No one has been nominated yet" in at_work.get("/nominations").text
    drain(app)
    page = at_work.get(page.path)
    assert "250 people were nominated" in page.text
    in_line = nominated(app)
    assert in_line == [
        (f"Family{n}", "confirmed" if n < 8 else "waitlisted") for n in range(PEOPLE)
    ]
    assert "is being entered" not in at_work.get(f"/deliveries/{code}/nominate").text
    assert "Family249" in at_work.get(f"/nominations?delivery={code}").text


def test_the_same_page_sent_twice_is_one_list(app: Flask, at_work: Browser, code: str) -> None:
    form = upload(at_work, code, people(*rows(101))).form("/check")
    first, second = form.submit("Nominate"), form.submit("Nominate")
    assert first.path == second.path
    drain(app)
    assert len(nominated(app)) == 101


def test_rows_left_bad_are_kept_beside_the_list(app: Flask, at_work: Browser, code: str) -> None:
    page = sent(at_work, code, *rows(101), "Awa,Diop,awa@example.org,Atlantis,police,")
    assert "Entering nominations: 0 of 101" in page.text
    drain(app)
    assert "Go on with the rows that were kept" in at_work.get(page.path).text
    assert "1 row for" in at_work.get(f"/deliveries/{code}/nominate").text
    assert len(nominated(app)) == 101


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_refused_list_gives_its_rows_back(
    app: Flask, at_work: Browser, nominator: Actor, code: str, language: str
) -> None:
    page = sent(at_work, code, *rows(101))
    with app.app_context(), transaction():
        db.session.get_one(Person, nominator.person_id).language = language
        courses.cancel(SYSTEM, get_delivery(SYSTEM, code), reason="Flood")
    drain(app)
    page = at_work.get(page.path)
    assert ("No one was nominated" if language == "en" else "Aucune personne") in page.text
    sentence = "This delivery was cancelled" if language == "en" else "a été annulée"
    assert sentence in page.text
    assert nominated(app) == []


def test_rows_refused_meanwhile_are_named(app: Flask, sign_in: Any, code: str) -> None:
    """The person has come here since the list was taken."""
    with app.app_context():
        body = factories.organization().id
        browser = sign_in(factories.actor(Role.COORDINATOR))
        known = factories.person("Given7", "Family7", email="p7@example.org", country="SN").id
    form = browser.get(f"/deliveries/{code}/nominate").form("/nominate")
    page = form.submit("Check", text=people(*rows(101)), organization=str(body))
    page = page.form("/check").submit("Nominate")
    with app.app_context():
        person = db.session.get_one(Person, known)
        makers.enrolled(get_delivery(SYSTEM, code), "police", person=person)
    drain(app)
    page = browser.get(page.path)
    assert "1 row needs fixing" in page.text
    assert "Given7 Family7 already has a place or a request in this delivery." in page.text
    page = browser.get(page.link("Go on with these rows"))
    assert "100 people are ready" in page.text and "1 person already has a place" in page.text
    assert nominated(app) == []


def test_the_progress_is_the_givers(app: Flask, sign_in: Any, at_work: Browser, code: str) -> None:
    path = sent(at_work, code, *rows(101)).path
    with app.app_context():
        colleague = factories.actor(Role.NOMINATOR, organization_id=factories.organization().id)
        administrator = factories.actor(Role.ADMINISTRATOR)
    for stranger in (colleague, administrator):
        assert sign_in(stranger).get(path).status == 404
    assert at_work.get("/nominations/999").status == 404


def test_work_that_was_given_up_says_so(app: Flask, at_work: Browser, code: str) -> None:
    path = sent(at_work, code, *rows(101)).path
    with app.app_context(), transaction():
        db.session.get_one(jobs.Job, int(path.rpartition("/")[2])).state = jobs.JobState.DEAD
    assert "given up" in at_work.get(path).text
