"""Pages for everyone."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.browsing import Browser


@pytest.mark.parametrize("address", ["/help", "/accessibility", "/privacy", "/sign-in"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_they_are_open_and_light(app: Flask, address: str, language: str) -> None:
    page = Browser(app, language=language).get(address)
    assert page.status == 200
    assert page.tree.get("lang") == language
    assert page.response.headers["Cache-Control"] == "no-store"


def test_the_privacy_page_names_every_personal_datum(browser: Browser) -> None:
    text = browser.get("/privacy").text
    for words in (
        "email address",
        "gender",
        "date of birth",
        "Attendance",
        "Password",
        "Audit trail",
        "30 days",
        "90 days",
        "seven days",
    ):
        assert words in text


def test_help_speaks_to_every_role(browser: Browser) -> None:
    text = browser.get("/help").text
    for words in (
        "take part",
        "nominate",
        "trainer",
        "coordinator",
        "roster",
        "administer",
        "check a certificate",
    ):
        assert words in text
