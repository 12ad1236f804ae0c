"""Endless accents in any text field of a form or of the API cost little time: they are counted
before they are sorted."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core.database import db
from enrollment.models import Enrollment
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser, typed_into
from tests.counting import few_marks_sorted
from tests.enrollment import makers
from tests.test_access_table import World
from tests.test_access_table import world as world  # the fixture
from tests.test_language_change import opened

#: The marks differ in class, so that sorting has something to do.
ACCENTS = "a" + "\u0315\u0300" * 20_000


@pytest.mark.long
def test_in_every_field_of_every_form(world: World) -> None:
    faults, sent = [], set()
    for role, page in opened(world):
        for form in page.forms:
            fields = [element.get("name") for element in typed_into(form.element)]
            if not fields or (form.action, tuple(fields)) in sent:
                continue
            sent.add((form.action, tuple(fields)))
            values = form.values
            for name in fields:
                values.setlist(name, [ACCENTS])
            with few_marks_sorted():
                if form.method == "get":
                    status = page.browser.get(form.action, query=values, follow=False).status
                else:
                    status = page.browser.post(form.action, values, follow=False).status
            if status >= 500:
                faults.append(f"{role} {page.path} {form.action} {fields}: {status}")
    assert faults == []
    assert len(sent) > 20


def test_on_the_last_screen_of_an_application(app: Flask, browser: Browser) -> None:
    with app.app_context():
        code = makers.delivery(places=3).code
    answers = {
        "email": "ama@example.org",
        "given_name": "Ama",
        "family_name": "Boateng",
        "country": "GH",
        "gender": "female",
        "category": "civilian",
        "language": "en",
        "consent": "y",
        "needs": ACCENTS,
        "screen": "3",
    }
    page = browser.get(f"/deliveries/{code}/apply")
    values = page.form("/apply").values
    for name, value in answers.items():
        values.setlist(name, [value])
    with few_marks_sorted():
        answer = browser.post(f"/deliveries/{code}/apply", values, follow=False)
    assert (answer.status, answer.errors) == (422, ["This is too long: at most 1000 characters."])


def test_in_every_field_of_an_enrollment_through_the_api(app: Flask) -> None:
    with app.app_context():
        api = ApiClient(app, makers.token_of(factories.actor(Role.COORDINATOR)))
        code = makers.delivery(places=3).code
    person = dict.fromkeys(
        ["given_name", "family_name", "email", "country", "identifier", "gender", "birth_date"],
        ACCENTS,
    )
    fields = dict.fromkeys(
        ["category", "rank", "rank_code", "organization", "needs", "name_on_certificate"], ACCENTS
    )
    with few_marks_sorted():
        answer = api.post(f"/deliveries/{code}/enrollments", {"person": person, **fields})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("vege\ufffdtarien", "garbled"),
        ("vÃ©gÃ©tarien", "garbled"),
        ("a\ue000c", "forbidden_character"),
        ("a" + "\u0315\u0300" * 40, "too_many_marks"),
        ("no\tnuts\u200b \r\nno milk ", None),
    ],
)
def test_needs_are_refused_or_kept_alike_through_the_api_and_the_form(
    app: Flask, browser: Browser, typed: str, refusal: str | None
) -> None:
    with app.app_context():
        api = ApiClient(app, makers.token_of(factories.actor(Role.COORDINATOR)))
        code = makers.delivery(places=3).code
    person = {
        "given_name": "Ama",
        "family_name": "Boateng",
        "email": "ama@example.org",
        "country": "GH",
    }
    answer = api.post(
        f"/deliveries/{code}/enrollments",
        {"person": person, "category": "civilian", "needs": typed},
    )
    page = (
        browser.get(f"/deliveries/{code}/apply")
        .form("/apply")
        .submit("Continue", gender="female", category="civilian", **person)
    )
    page = page.form("/apply").submit("Continue", organization="Ministry", needs=typed)
    if refusal:
        assert [(error["field"], error["code"]) for error in answer.json["errors"]] == [
            ("needs", refusal)
        ]
        assert (page.status, len(page.errors) > 0) == (422, True)
    else:
        with app.app_context():
            assert db.session.scalars(sa.select(Enrollment.needs)).all() == ["no nuts\nno milk"]
        assert page.form("/apply").values["needs"] == "no nuts\nno milk"
