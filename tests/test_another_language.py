"""Another language is a line in `core.texts.LANGUAGES`: here one that no file knows, written
from right to left."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from accounts.roles import Role
from certificates.snapshot import is_intact
from core import countries, languages, texts
from core.database import db
from core.texts import LANGUAGES, Language, choose
from courses.models import Delivery
from people.consent_texts import consent_text
from people.models import ConsentPurpose
from tests import factories
from tests.api_client import ApiClient
from tests.certificates import makers
from tests.enrollment.makers import token_of


@pytest.fixture
def xx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        LANGUAGES, "xx", Language("xx", "Xx", direction="rtl", fallbacks=("fr",), is_asked_for=True)
    )


def test_a_course_in_it_goes_from_the_form_to_the_certificate_and_the_api(
    app: Flask, sign_in: Any, xx: None
) -> None:
    with app.app_context():
        delivery = makers.finished_delivery(1)
        delivery_id, boss = delivery.id, factories.actor(Role.ADMINISTRATOR)
        api = ApiClient(app, token_of(boss))
    browser = sign_in(boss)
    page = browser.get("/courses/GTI/edit")
    (field,) = page.all("input", name="title-xx")
    assert (field.get("lang"), field.get("dir")) == ("xx", "rtl")
    words = {
        "title-en": "",
        "title-fr": "",
        "title-xx": "Ixix",
        "sessions-0-title-xx": "Ixa",
        "sessions-0-objective-xx": "Ixo",
    }
    saved = page.form(button="Save").submit(**words)
    assert saved.path == "/courses/GTI", saved.errors
    assert ["".join(e.itertext()) for e in saved.all("span", lang="xx", dir="rtl")] == ["Ixix"]
    course = api.get("/courses/GTI").json
    assert course["title"] == {"xx": "Ixix"} and course["sessions"][0]["title"]["xx"] == "Ixa"
    assert api.put("/courses/GTI", {"title": {"xx": "Xixi", "en": "Gender"}}).json["title"] == {
        "en": "Gender",
        "xx": "Xixi",
    }
    with app.app_context():
        (certificate,) = makers.issued(db.session.get_one(Delivery, delivery_id))
        assert certificate.payload["course_title"] == {"en": "Gender", "xx": "Xixi"} and is_intact(
            certificate
        )
        token = certificate.token
    checked = app.test_client().get(f"/verify/{token}", headers={"Accept": "application/json"})
    assert checked.json["course"]["title"]["xx"] == "Xixi"


def test_a_language_that_is_not_in_the_table_is_refused(app: Flask) -> None:
    with app.app_context():
        makers.finished_delivery(1)
        api = ApiClient(app, token_of(factories.actor(Role.ADMINISTRATOR)))
    assert api.put("/courses/GTI", {"title": {"xx": "Ixix"}}).status_code == 422


def test_a_text_is_chosen_by_language_then_fallbacks_then_any(xx: None) -> None:
    assert choose({"en": "Course", "xx": "Ix", "fr": "Cours"}, "xx") == ("Ix", "xx")
    assert choose({"en": "Course", "xx": "", "fr": "Cours"}, "xx") == ("Cours", "fr")
    assert choose({"es": "Curso", "fr": "Cours"}, "en") == ("Cours", "fr")
    assert choose({"qq": "Q"}, "xx") == ("Q", "qq")
    assert choose(None, "xx") == ("", "xx")


def test_names_and_consents_fall_back(app: Flask, xx: None) -> None:
    assert countries.name("SN", "es") == "Senegal" and countries.name("CI", "es") == "Côte d’Ivoire"
    assert countries.name("SN", "xx") == "Senegal" and languages.name("fr", "xx")
    with app.app_context():
        text = consent_text(ConsentPurpose.ROSTER, "xx")
    assert text.language == "fr" and text.words.startswith("Le personnel")


def test_pages_are_offered_only_in_complete_languages(app: Flask) -> None:
    assert list(texts.offered()) == ["en", "fr"] and "es" in texts.printed()
    answer = app.test_client().get("/courses?lang=es")
    assert answer.headers["Content-Language"] == "en" and "lang=es" not in answer.text
    assert {
        consent_text(purpose, code).language
        for purpose in ConsentPurpose
        for code in texts.offered()
    } == {"en", "fr"}
