"""One’s own name, gender, country and language: page and API."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from core.database import db
from people.models import Person
from tests import factories
from tests.accounts.test_own_page import amina as amina  # a person with a password
from tests.accounts.test_own_page import by_password
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.enrollment.makers import token_of


def test_details_and_language_change(app: Flask, amina: int) -> None:
    browser = by_password(app)
    page = (
        browser.get("/me/details")
        .form(button="Save")
        .submit(given_name="Aminata", language="fr", country="CI")
    )
    assert page.status == 200
    assert "Aminata Diallo" in page.text
    assert page.tree.get("lang") == "fr"
    assert browser.get("/help").tree.get("lang") == "fr"


def test_refused_details_keep_what_was_typed(app: Flask, amina: int) -> None:
    browser = by_password(app)
    page = (
        browser.get("/me/details")
        .form(button="Save")
        .submit(given_name="Ami\ue000na", name_on_certificate="x" * 121)
    )
    assert page.status == 422
    assert page.form(button="Save").values["given_name"] == "Ami\ue000na"
    assert len(page.errors) == 2
    assert "Aminata" not in browser.get("/me").text
    page = browser.get("/me/details").form(button="Save").submit(given_name="", family_name="")
    assert page.status == 422


def test_the_person_decides_which_name_comes_first(app: Flask, amina: int) -> None:
    browser = by_password(app)
    page = (
        browser.get("/me/details")
        .form(button="Save")
        .submit(given_name="János", family_name="Nagy", family_first="1")
    )
    assert page.status == 200 and "Nagy János" in page.text
    assert (
        browser.get("/me/details").form(button="Save").values["name_on_certificate"] == "Nagy János"
    )  # never chosen, so it follows
    page = browser.get("/me/details").form(button="Save").submit(family_first="0")
    assert "János Nagy" in page.text and "Nagy János" not in page.text
    page = browser.get("/me/details").form(button="Save").submit(family_first="", country="HU")
    assert "Nagy János" in page.text


def test_a_filler_as_a_name_is_asked_about_and_confirmed_with_a_tick(
    app: Flask, amina: int
) -> None:
    browser = by_password(app)
    page = browser.get("/me/details").form(button="Save").submit(family_name="Null")
    assert page.status == 422 and "confirm that it is the name" in page.text
    page = page.form(button="Save").submit(names_confirmed="y")
    assert page.status == 200 and "Amina Null" in page.text
    page = browser.get("/me/details").form(button="Save").submit(country="SN")
    assert page.status == 200  # known by now, and not asked again


def test_gender_and_name_order_are_ones_own_to_correct(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    with app.app_context():
        actor = factories.actor(given="Lan", family="Tran", email="lan@example.org")
        key = actor.person_id
    page = sign_in(actor).get("/me/details")
    page.form(button="Save").submit(gender="female", family_first="1")
    with app.app_context():
        person = db.session.get_one(Person, key)
        assert (person.gender, person.family_first, person.full_name) == (
            "female",
            True,
            "Tran Lan",
        )


def test_and_by_the_api(app: Flask) -> None:
    with app.app_context():
        api = ApiClient(app, token_of(factories.actor(given="Lan", family="Tran")))
    assert api.get("/me").json["gender"] == "undisclosed"
    changed = api.put("/me", {"gender": "another", "family_first": True, "language": "fr"})
    assert changed.status_code == 200
    assert {
        name: changed.json[name] for name in ("gender", "family_first", "full_name", "language")
    } == {"gender": "another", "family_first": True, "full_name": "Tran Lan", "language": "fr"}
    assert api.put("/me", {"language": "en"}).json["gender"] == "another", "what is left out stays"
    cleared = api.put("/me", {"gender": None, "family_first": None, "language": None}).json
    assert cleared["family_first"] is None, "null clears what may be empty"
    assert (cleared["gender"], cleared["language"]) == ("another", "en")
    assert api.put("/me", {"gender": "unknown"}).status_code == 422
    assert api.put("/me", {"email": "x@example.org"}).status_code == 422
