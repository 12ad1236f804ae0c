"""Which language is in force: one piece of work never speaks the language of the one before it in the same thread."""

from __future__ import annotations

import pytest
from flask import Flask, g

from core.i18n import in_language, locale


def test_each_request_has_its_own(app: Flask) -> None:
    client = app.test_client()
    for asked, said in (("fr", "fr"), ("en", "en"), ("fr", "fr"), ("xx", "en")):
        assert f'<html lang="{said}"' in client.get("/", headers={"Accept-Language": asked}).text


def test_outside_of_everything_it_is_english(app: Flask) -> None:
    app.test_client().get("/?lang=fr")
    assert locale() == "en"
    with app.app_context():
        assert locale() == "en"


def test_a_letter_in_another_language_changes_nothing_after_it(app: Flask) -> None:
    with app.test_request_context("/?lang=fr"):
        assert locale() == "fr"
        with in_language("en"):
            assert locale() == "en"
            with in_language("fr"):
                assert locale() == "fr"
            assert locale() == "en"
        assert locale() == "fr"
        with pytest.raises(LookupError), in_language("en"):
            raise LookupError
        assert locale() == "fr"


def test_a_profile_that_is_read_later_is_heeded_in_the_next_request(app: Flask) -> None:
    with app.test_request_context("/"):
        g.profile_language = "fr"
        assert locale() == "fr"
    with app.test_request_context("/"):
        assert locale() == "en"
