"""Nomination files that failed once, by their number."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core.database import db
from enrollment.models import Nomination
from tests import factories
from tests.browsing import Browser, Page
from tests.courses import makers as courses

INPUTS = Path(__file__).parent / "inputs"


@pytest.fixture
def at_work(app: Flask, sign_in: Any) -> Browser:
    with app.app_context():
        courses.delivery(places=30)
        return sign_in(factories.actor(Role.NOMINATOR, organization_id=factories.organization().id))


def checked(browser: Browser, name: str) -> Page:
    with browser.app.app_context():
        code = db.session.scalar(sa.text("SELECT code FROM delivery"))
    data = (INPUTS / name).read_bytes()
    return (
        browser.get(f"/deliveries/{code}/nominate")
        .form("/nominate")
        .submit("Check", file=(io.BytesIO(data), name))
    )


def nominated(app: Flask) -> list[str]:
    with app.app_context():
        rows = db.session.execute(
            sa.select(Nomination.given_name, Nomination.family_name).order_by(Nomination.id)
        )
        return [f"{given_name} {family}" for given_name, family in rows]


@pytest.mark.parametrize(
    ("name", "reading", "wrong", "right"),
    [
        ("05-cp1250-poland.csv", "Windows-1250", "£ukasz", "Łukasz Wiśniewski"),
        ("06-cp1251-ukraine.csv", "Windows-1251", "Ñåðã³é", "Сергій Ковальчук"),
        ("09-cp1253-greece.csv", "Windows-1253", "Ãéþñãïò", "Γιώργος Παπαδόπουλος"),
        ("10-macroman-swiss.csv", "MacRoman", "RenŽ", "René Müller"),
    ],
)
def test_05_06_09_10_letters_in_another_encoding_are_asked(
    app: Flask, at_work: Browser, name: str, reading: str, wrong: str, right: str
) -> None:
    page = checked(at_work, name)
    assert "Which of these is right?" in page.text
    assert right in page.text
    assert page.text.index(right) < page.text.index(wrong) if wrong in page.text else True, (
        "the likeliest comes first"
    )
    assert "Nominate 1" not in page.text
    again = page.form("/check").submit("Check again", act="nominate")
    assert "Which of these is right?" in again.text, "no one is nominated by a guess"
    page = page.form("/check").submit("Check again", reading=reading)
    assert "Which of these is right?" not in page.text
    assert f"Letters read as: {reading}" in page.text
    page.form("/check").submit("Nominate 1")
    assert nominated(app) == [right]


def test_32_one_column_for_the_whole_name(app: Flask, at_work: Browser) -> None:
    page = checked(at_work, "32-full-name.csv")
    assert "1 person is ready" in page.text
    page.form("/check").submit("Nominate 1")
    with app.app_context():
        nomination = db.session.scalars(sa.select(Nomination)).one()
        assert (nomination.given_name, nomination.family_name) == ("Amina", "DIALLO")


def test_11_question_marks_in_names_are_refused_with_the_reason(
    app: Flask, at_work: Browser
) -> None:
    page = checked(at_work, "11-question-marks.csv")
    if "Which of these is right?" in page.text:
        page = page.form("/check").submit("Check again", reading="Windows-1252")
    assert "Letters of some names were lost when the file was saved" in page.text
    assert "Row 2, Given name" in page.text
    page = page.form("/check").submit(
        "Check again", **{"row-2-given_name": "Łukasz", "row-2-family_name": "Lefèvre-Nguyễn"}
    )
    page.form("/check").submit("Nominate 1")
    assert nominated(app) == ["Łukasz Lefèvre-Nguyễn"]


def test_13_errors_of_spreadsheets_are_no_names(at_work: Browser) -> None:
    page = checked(at_work, "13-error-tokens.csv")
    assert "Row 2, Family name" in page.text
    assert "Row 3, Given name" in page.text
    assert "5 people are ready" not in page.text


def test_33_what_libreoffice_wrote_in_windows_1252(at_work: Browser) -> None:
    page = checked(at_work, "33-ansi-libreoffice.csv")
    assert "Which of these is right?" not in page.text
    assert "2 rows need fixing" in page.text
    assert "Letters of some names were lost when the file was saved" in page.text
