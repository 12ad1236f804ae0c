"""The page on which a nomination file is checked: questions about the whole file, and rows to
correct, some at a time."""

from __future__ import annotations

import io
from datetime import date
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
from tests.enrollment.workbook_makers import HEADINGS, PEOPLE, xlsx

HEADER = "Given name;Family name;Email;Country;Category;Date of birth\n"


@pytest.fixture
def code(app: Flask) -> str:
    with app.app_context():
        return courses.delivery(places=100).code


@pytest.fixture
def at_work(app: Flask, sign_in: Any) -> Browser:
    with app.app_context():
        return sign_in(factories.actor(Role.NOMINATOR, organization_id=factories.organization().id))


def upload(browser: Browser, code: str, content: bytes, name: str = "people.csv") -> Page:
    return (
        browser.get(f"/deliveries/{code}/nominate")
        .form("/nominate")
        .submit(file=(io.BytesIO(content), name))
    )


def nominated(app: Flask) -> list[Nomination]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Nomination).order_by(Nomination.id)))


POLAND = (
    HEADER
    + "Łukasz;Wiśniewski;l@example.pl;PL;police;03/04/1987\nZofia;Kowalska;z-at-example;PL;police;\n"
).encode("cp1250")


def test_answers_of_one_question_survive_the_other(app: Flask, at_work: Browser, code: str) -> None:
    page = upload(at_work, code, POLAND)
    assert "Which of these is right?" in page.text and "the day or the month" in page.text
    page = page.form("/check").submit("Check again", day_first="1")
    assert "Which of these is right?" in page.text and "the day or the month" not in page.text
    page = page.form("/check").submit("Check again", reading="Windows-1250")
    assert "1 row needs fixing" in page.text and "Łukasz" in page.text
    page = page.form("/check").submit("Check again", **{"row-3-email": "z@example.pl"})
    page.form("/check").submit("Nominate 2")
    assert [(nomination.given_name, nomination.birth_date) for nomination in nominated(app)] == [
        ("Łukasz", date(1987, 4, 3)),
        ("Zofia", None),
    ]


def test_what_was_corrected_survives_another_reading(at_work: Browser, code: str) -> None:
    page = (
        upload(at_work, code, POLAND)
        .form("/check")
        .submit("Check again", reading="ISO 8859-2", day_first="1")
    )
    page = page.form("/check").submit("Check again", **{"row-3-email": "z@example.pl"})
    page = page.form("/check").submit("Read the file this way", reading="Windows-1250")
    assert "2 people are ready" in page.text
    assert "Łukasz Wiśniewski" in page.text and "z@example.pl" in page.text


def test_the_page_says_how_letters_were_read(at_work: Browser, code: str) -> None:
    usual = (HEADER + "Zoë;Lefèvre;z@example.org;FR;police;\n").encode("cp1252")
    assert (
        "Letters read as: Windows-1252 (Western Europe, Africa, the Americas)"
        in upload(at_work, code, usual).text
    )
    assert (
        "The file says how its letters are to be read (Unicode)"
        in upload(at_work, code, usual.decode("cp1252").encode()).text
    )


def test_a_reading_that_is_none_is_no_answer(at_work: Browser, code: str) -> None:
    values = upload(at_work, code, POLAND).form("/check").values.to_dict() | {
        "reading": "EBCDIC",
        "act": "nominate",
    }
    assert (
        "Which of these is right?"
        in at_work.post(f"/deliveries/{code}/nominate/check", values).text
    )


@pytest.mark.parametrize(("answer", "people"), [("0", 2), ("1", 3)])
def test_hidden_rows_are_asked_about(
    app: Flask, at_work: Browser, code: str, answer: str, people: int
) -> None:
    page = upload(at_work, code, xlsx([HEADINGS, *PEOPLE], hidden=[2]), "people.xlsx")
    assert "1 row is hidden in the workbook" in page.text
    assert "Nominate 3" not in page.text and "Nominate 2" not in page.text
    page = page.form("/check").submit("Check again", with_hidden=answer)
    page.form("/check").submit(f"Nominate {people}")
    assert len(nominated(app)) == people


def test_every_row_with_a_fault_can_be_corrected_a_page_at_a_time(
    app: Flask, at_work: Browser, code: str
) -> None:
    rows = "".join(f"Given{n};Family{n};p{n}(at)example.org;SN;police;\n" for n in range(60))
    page = upload(at_work, code, (HEADER + rows).encode())
    assert "60 rows need fixing" in page.text and "Part 1 of 3" in page.text
    assert "Row 26, Email" in page.text and "Row 27, Email" not in page.text
    assert len(page.form("/check").names) < 80, "the form stays small"
    page = page.form("/check").submit("Next rows", **{"row-2-email": "p0@example.org"})
    assert "59 rows need fixing" in page.text and "Row 28, Email" in page.text
    page = page.form("/check").submit("Next rows")
    assert (
        "Part 3 of 3" in page.text and "Row 61, Email" in page.text and "Next rows" not in page.text
    )
    page = page.form("/check").submit("Check again", **{"row-61-email": "p59@example.org"})
    assert "58 rows need fixing" in page.text and "Part 3 of 3" in page.text
    page.form("/check").submit("Nominate 2")
    assert [nomination.family_name for nomination in nominated(app)] == ["Family0", "Family59"]


def test_cells_without_a_heading_stay_in_doubt_on_other_pages(at_work: Browser, code: str) -> None:
    rows = "".join(f"Given{n};Family{n};p{n}@example.org;SN;police;;x\n" for n in range(30))
    page = upload(at_work, code, (HEADER + rows).encode())
    assert "30 rows need fixing" in page.text
    page = page.form("/check").submit("Next rows")
    assert "5 rows need fixing" in page.text, "those of the first page were looked at and sent"


@pytest.mark.parametrize(
    ("heading", "name", "given_name", "family"),
    [
        ("Nom et prénom", "DIALLO Amina", "Amina", "DIALLO"),
        ("Full name", "Amina DIALLO", "Amina", "DIALLO"),
        ("Full name", "VAN DER BERG Zoë", "Zoë", "VAN DER BERG"),
        ("Nom", "DIALLO, Amina Fatou", "Amina Fatou", "DIALLO"),
        ("Nom et prénom", "Diallo Amina", "Amina", "Diallo"),
        ("Prénom et nom", "Amina Diallo", "Amina", "Diallo"),
    ],
)
def test_a_name_in_one_column(
    app: Flask, at_work: Browser, code: str, heading: str, name: str, given_name: str, family: str
) -> None:
    page = upload(
        at_work,
        code,
        f"{heading};Courriel;Pays;Catégorie\n{name};a@example.org;SN;police\n".replace(
            ", ", ","
        ).encode(),
    )
    page.form("/check").submit("Nominate 1")
    assert [(nomination.given_name, nomination.family_name) for nomination in nominated(app)] == [
        (given_name, family)
    ]


@pytest.mark.parametrize(("answer", "given_name"), [("0", "Amina"), ("1", "Diallo")])
def test_the_order_of_names_is_asked_once(
    app: Flask, at_work: Browser, code: str, answer: str, given_name: str
) -> None:
    text = (
        "Name;Email;Country;Category\nAmina Diallo;a@example.org;SN;police\nMoussa "
        "Fall;b@example.org;SN;police\n"
    )
    page = upload(at_work, code, text.encode())
    assert (
        "Which comes first in the names of this file?" in page.text
        and "need fixing" not in page.text
    )
    page = page.form("/check").submit("Check again", family_first=answer)
    page.form("/check").submit("Nominate 2")
    assert nominated(app)[0].given_name == given_name


def test_a_name_divided_by_a_guess_is_checked(app: Flask, at_work: Browser, code: str) -> None:
    text = (
        "Prénom et nom;Courriel;Pays;Catégorie\nAmina Ba "
        "Diallo;a@example.org;SN;police\nSukarno;b@example.org;ID;civil\n"
    )
    page = upload(at_work, code, text.encode())
    assert "2 rows need fixing" in page.text
    assert "Check how “Amina Ba Diallo” was divided" in page.text
    form = page.form("/check")
    assert (form.values["row-2-given_name"], form.values["row-2-family_name"]) == (
        "Amina Ba",
        "Diallo",
    )
    page = form.submit(
        "Check again", **{"row-2-given_name": "Amina", "row-2-family_name": "Ba Diallo"}
    )
    page.form("/check").submit("Nominate 2")
    assert [(nomination.given_name, nomination.family_name) for nomination in nominated(app)] == [
        ("Amina", "Ba Diallo"),
        ("Sukarno", ""),
    ]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_export_comes_in_again_in_its_language(
    app: Flask, sign_in: Any, at_work: Browser, code: str, language: str
) -> None:
    rows = (
        HEADER.replace("Date of birth", "Rank")
        + "Zoë;Diallo;z@example.org;SN;police;Captain\nAmina;Sy;a@example.org;ML;civilian;\n"
    )
    upload(at_work, code, rows.encode()).form("/check").submit("Nominate 2")
    with app.app_context():
        other = courses.delivery(places=100, venue="Elsewhere").code
        browser = sign_in(factories.actor(Role.COORDINATOR))
    for address in (f"/deliveries/{code}/participants.csv", "/nominations.csv"):
        for kind in ("csv", "xlsx"):
            exported = browser.client.get(f"{address}?lang={language}&format={kind}").get_data()
            page = upload(browser, other, exported)
            assert "2 people are ready" in page.text or "2 personnes sont prêtes" in page.text, (
                page.text
            )
            assert "not understood" not in page.text and "comprises et ont été" not in page.text
            assert "Captain" in page.text


def test_texts_that_an_export_made_harmless_come_in_as_they_were(
    app: Flask, at_work: Browser, code: str
) -> None:
    page = upload(
        at_work,
        code,
        (
            HEADER.replace("Date of birth", "Needs")
            + "Zoë;Diallo;z@example.org;SN;police;'- no nuts\n"
        ).encode(),
    )
    page.form("/check").submit("Nominate 1")
    with app.app_context():
        assert (
            nominated(app)[0]
            and db.session.scalar(sa.text("SELECT needs FROM enrollment")) == "- no nuts"
        )


@pytest.mark.parametrize(
    "letter", [*(pytest.param(letter, marks=pytest.mark.long) for letter in "eЖ"), ","]
)
def test_as_much_as_a_file_may_hold_travels_through_the_page(
    app: Flask, at_work: Browser, code: str, letter: str
) -> None:
    headings = (
        HEADER.replace("Date of birth", "Rank;Organization;Needs")
        .replace("Given", "Identifier;Given")
        .strip()
    )
    rows = (
        f'A-{n};Given;Family;p{n}(at)example.org;SN;police;{letter * 30};{letter * 60};"{letter * 300}"'
        for n in range(1000)
    )
    page = upload(at_work, code, "\n".join([headings, *rows]).encode())
    assert "1,000 rows need fixing" in page.text or "1000 rows need fixing" in page.text
    page = page.form("/check").submit("Next rows", **{"row-2-email": "p@example.org"})
    assert "999 rows need fixing" in page.text


def test_more_than_travels_is_refused_at_once(at_work: Browser, code: str) -> None:
    headings = HEADER.replace("Date of birth", "Needs").strip()
    rows = (f"Given;Family;p{n}@example.org;SN;police;{'é' * 2000}" for n in range(1000))
    page = upload(at_work, code, "\n".join([headings, *rows]).encode("latin-1"))
    assert page.status == 422 and "more text than nominations need" in page.text
