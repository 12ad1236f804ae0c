"""Which language is in force: one piece of work never speaks the language of the one before it
in the same thread."""

from __future__ import annotations

import pytest
from flask import Flask, g

from core.i18n import in_language, locale


def test_each_request_has_its_own(app: Flask) -> None:
    client = app.test_client()
    for requested, expected in (("fr", "fr"), ("en", "en"), ("fr", "fr"), ("xx", "en")):
        assert (
            f'<html lang="{expected}"'
            in client.get("/", headers={"Accept-Language": requested}).text
        )


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        ("fr-FR,en;q=0.5", "fr"),
        ("fr-CA", "fr"),
        ("fr-Latn-CA-x-private,en", "fr"),
        ("FR_be, en;q=0.9", "fr"),
        ("en-GB,fr;q=0.9", "en"),
        ("en;q=0.5,fr-CH;q=0.8", "fr"),
        ("de-AT,fr;q=0.7,en;q=0.3", "fr"),
        ("fr;q=0.5,en;q=0.5", "fr"),
        ("*", "en"),
        ("*,fr;q=0.5", "fr"),
        ("fr;q=0,*", "en"),
        ("en;q=0", "fr"),
        ("en;q=0,*;q=0.5", "fr"),
        ("en;q=0,fr;q=0", "en"),
        ("en-US;q=0,en;q=0.5,de", "en"),
        ("fr-CA;q=0,fr;q=0.5", "fr"),
        ("de,es", "en"),
        ("frp,fro", "en"),
        ("fr;q=nonsense", "en"),
        ("-,fr", "fr"),
        ("", "en"),
    ],
)
def test_what_a_browser_asks_for_is_looked_up(app: Flask, requested: str, expected: str) -> None:
    """RFC 4647, section 3.4."""
    answer = app.test_client().get("/", headers={"Accept-Language": requested})
    assert f'<html lang="{expected}"' in answer.text
    assert answer.headers["Content-Language"] == expected
    assert "Accept-Language" in answer.headers["Vary"]


def test_an_answer_says_its_language(app: Flask) -> None:
    client = app.test_client()
    for path in ("/nowhere", "/api/v1/courses"):
        assert (
            client.get(path, headers={"Accept-Language": "fr"}).headers["Content-Language"] == "fr"
        )
    assert (
        client.get("/nowhere?lang=fr", headers={"Accept-Language": "en"}).headers[
            "Content-Language"
        ]
        == "fr"
    )
    assert "Content-Language" not in client.get("/api/v1/openapi.json").headers


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
