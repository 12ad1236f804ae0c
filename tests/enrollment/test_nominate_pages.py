"""Nominating: one person by form, many from a file that is looked through before anything is
saved."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import audit, clock
from core.database import db, transaction
from core.policy import SYSTEM, Actor
from courses.queries import get_delivery
from enrollment.models import Enrollment, Nomination
from enrollment.nomination_files import COLUMNS
from people.models import Person
from tests import factories
from tests.browsing import Browser, Page
from tests.counting import queries_counted
from tests.courses import makers as courses
from tests.enrollment import makers

FILES = Path(__file__).parent / "files"
HEADER = "Given name,Family name,Email,Country,Category,Date of birth\n"


@pytest.fixture
def code(app: Flask) -> str:
    with app.app_context():
        return courses.delivery(places=10, pools={"military": 2, "police": 4}).code


@pytest.fixture
def nominator(app: Flask) -> Actor:
    with app.app_context():
        return factories.actor(
            Role.NOMINATOR, organization_id=factories.organization().id, family="Nominator"
        )


@pytest.fixture
def at_work(sign_in: Any, nominator: Actor) -> Browser:
    return sign_in(nominator)


def upload(browser: Browser, code: str, content: bytes | str, name: str = "people.csv") -> Page:
    data = content.encode() if isinstance(content, str) else content
    return (
        browser.get(f"/deliveries/{code}/nominate")
        .form("/nominate")
        .submit("Check", file=(io.BytesIO(data), name))
    )


def paste(browser: Browser, code: str, text: str) -> Page:
    return browser.get(f"/deliveries/{code}/nominate").form("/nominate").submit("Check", text=text)


def people(*rows: str) -> str:
    return HEADER + "\n".join(rows) + "\n"


def nominated(app: Flask) -> list[tuple[str, str]]:
    """(family name as nominated by organizations, status), in order."""
    with app.app_context():
        statement = (
            sa.select(Nomination.family_name, Enrollment.status)
            .join(Enrollment)
            .where(Nomination.organization_id.is_not(None))
        )
        return [
            (name, status.value)
            for name, status in db.session.execute(statement.order_by(Nomination.id))
        ]


GOOD = people(
    "Awa,Diop,awa@example.org,Senegal,police,", "Moussa,Fall,moussa@example.org,SN,military,"
)


def test_nothing_is_saved_before_the_button(app: Flask, at_work: Browser, code: str) -> None:
    page = upload(at_work, code, GOOD)
    assert page.status == 200
    assert "Check 2 people" in page.title
    assert "Nothing is saved yet" in page.text
    assert nominated(app) == []
    page = page.form("/check").submit("Nominate 2")
    assert nominated(app) == [("Diop", "confirmed"), ("Fall", "confirmed")]
    assert "2 people were nominated" in page.text
    assert page.path.startswith("/nominations")
    assert "Awa Diop" in page.text


@pytest.mark.parametrize(
    "text",
    [
        people("Suharto,,suharto@example.org,ID,police,"),
        people("Suharto,,suharto@example.org,ID,police,")
        .replace("Family name,", "")
        .replace(",,", ","),
    ],
)
def test_a_person_with_one_name_is_nominated(
    app: Flask, at_work: Browser, code: str, text: str
) -> None:
    """With an empty column for the family name, and without one."""
    page = upload(at_work, code, text).form("/check").submit("Nominate 1")
    assert "1 person was nominated" in page.text
    assert nominated(app) == [("", "confirmed")]


def test_rows_can_be_pasted(app: Flask, at_work: Browser, code: str) -> None:
    paste(at_work, code, GOOD.replace(",", "\t")).form("/check").submit("Nominate 2")
    assert [name for name, _status in nominated(app)] == ["Diop", "Fall"]


@pytest.mark.parametrize(
    ("file", "total", "finding"),
    [
        ("nominations-canada.csv", 10, r"10 people are ready"),
        ("nominations-senegal-excel.csv", 8, r"\d rows? needs? fixing"),
    ],
)
def test_real_files_are_shown_as_understood(
    app: Flask, at_work: Browser, code: str, file: str, total: int, finding: str
) -> None:
    page = upload(at_work, code, (FILES / file).read_bytes(), file)
    assert f"Check {total} people" in page.title
    assert re.search(finding, page.text)
    assert nominated(app) == []


def test_a_bad_row_is_named_and_mended_in_place(app: Flask, at_work: Browser, code: str) -> None:
    page = upload(
        at_work,
        code,
        people(
            "Awa,Diop,awa(at)example.org,Senegal,police,",
            "Moussa,Fall,m@example.org,SN,generals,",
            "Ada,Sy,a@example.org,SN,police,",
        ),
    )
    assert "2 rows need fixing" in page.text
    assert "Row 2, Email" in page.text
    assert "“awa(at)example.org” is not an email address" in page.text
    assert "“generals” is not a category" in page.text
    form = page.form("/check")
    page = form.submit("Check again", **{"row-2-email": "awa@example.org"})
    assert "1 row needs fixing" in page.text
    page = page.form("/check").submit("Nominate 2", **{"row-3-category": "military"})
    assert "3 people were nominated" in page.text
    assert sorted(nominated(app)) == [
        ("Diop", "confirmed"),
        ("Fall", "confirmed"),
        ("Sy", "confirmed"),
    ]


def test_rows_left_bad_stay_to_be_fixed(app: Flask, at_work: Browser, code: str) -> None:
    page = upload(
        at_work,
        code,
        people("Awa,Diop,awa@example.org,Senegal,police,", "Moussa,Fall,nothing,SN,military,"),
    )
    first = page.form("/check")
    page = first.submit("Nominate 1")
    assert "1 person was nominated." in page.text
    assert "1 row needs fixing" in page.text
    assert "awa@example.org" not in page.html
    again = first.submit("Nominate 1")
    assert again.text.replace("  ", " ") == page.text, "the same button pressed twice"
    assert len(nominated(app)) == 1
    page.form("/check").submit("Check again", **{"row-3-email": "moussa@example.org"}).form(
        "/check"
    ).submit("Nominate 1")
    assert [name for name, _status in nominated(app)] == ["Diop", "Fall"]


@pytest.mark.both_databases
def test_the_same_button_pressed_twice_nominates_once(
    app: Flask, at_work: Browser, code: str
) -> None:
    form = upload(at_work, code, GOOD).form("/check")
    first, second = form.submit("Nominate 2"), form.submit("Nominate 2")
    assert first.path == second.path
    assert "2 people were nominated" in second.text
    assert len(nominated(app)) == 2


def test_people_twice_in_the_file_or_here_already(app: Flask, at_work: Browser, code: str) -> None:
    with app.app_context():
        makers.enrolled(
            get_delivery(factories.actor(), code),
            "police",
            factories.person("Ibra", "Ba", email="others@example.org"),
        )
    upload(at_work, code, people("Ibra,Ba,here@example.org,SN,police,")).form("/check").submit(
        "Nominate 1"
    )
    page = upload(
        at_work,
        code,
        people(
            "Awa,Diop,awa@example.org,SN,police,",
            "Awa,Diop,AWA@example.org,SN,police,",
            "Ibra,Ba,here@example.org,SN,police,",
        ),
    )
    assert "Row 2 has the same name and email address" in page.text
    assert (
        "1 person already has a place or a request here and is left out Row 4: Ibra Ba" in page.text
    )
    page = page.form("/check").submit("Nominate 1", **{"row-3-skip": "1"})
    assert "1 person was nominated." in page.text
    assert nominated(app) == [("Ba", "confirmed"), ("Diop", "confirmed")]


def test_the_same_file_again_leaves_out_who_is_here(
    app: Flask, at_work: Browser, code: str
) -> None:
    upload(at_work, code, GOOD).form("/check").submit("Nominate 2")
    page = upload(at_work, code, GOOD)
    assert "2 people already have a place or a request here and are left out" in page.text
    assert page.errors == []
    assert "Nominate 2" not in page.text
    page = (
        upload(at_work, code, GOOD + "Ada,Sy,ada@example.org,SN,police,\n")
        .form("/check")
        .submit("Nominate 1")
    )
    assert "1 person was nominated." in page.text
    assert [name for name, _status in nominated(app)] == ["Diop", "Fall", "Sy"]


@pytest.mark.parametrize(
    ("column", "value", "heading"),
    [("Gender", "X?", "Gender"), ("Category", "generals", "Category")],
    ids=["gender", "category"],
)
def test_a_word_not_understood_stays_an_error_until_one_is_chosen(
    app: Flask, at_work: Browser, code: str, column: str, value: str, heading: str
) -> None:
    row = {
        "Given name": "Awa",
        "Family name": "Diop",
        "Email": "awa@example.org",
        "Country": "SN",
        "Category": "police",
    } | {column: value}
    other = {
        "Given name": "Ada",
        "Family name": "Sy",
        "Email": "ada@example.org",
        "Country": "SN",
        "Category": "police",
        column: "police" if column == "Category" else "",
    }
    text = (
        "\n".join([",".join(row), ",".join(row.values()), ",".join(other[name] for name in row)])
        + "\n"
    )
    page = upload(at_work, code, text)
    for button in ("Check again", "Nominate 1", "Check again"):
        assert f"Row 2, {heading}" in " ".join(page.errors)
        assert f"“{value}” is not" in page.text
        page = page.form("/check").submit(button)
    chosen = {"row-2-" + column.lower(): "male" if column == "Gender" else "military"}
    page.form("/check").submit("Check again", **chosen).form("/check").submit("Nominate 1")
    assert nominated(app) == [("Sy", "confirmed"), ("Diop", "confirmed")]


NUMBERED = "Identifier,Given name,Family name,Email,Country,Category\n"


def test_whoever_is_known_with_another_address_is_said_before(
    app: Flask, at_work: Browser, code: str
) -> None:
    """Of its own people only: of others a body learns nothing."""
    with app.app_context():
        other = courses.delivery(places=5).code
        factories.person(
            "Sidi", "Fall", email="others@example.org", identifier="A-4", issuer_country="SN"
        )
    known = "A-1,Awa,Diop,secret@example.org,SN,police\nA-2,Ada,Sy,same@example.org,SN,police\nA-3,Ibra,Ba,late@example.org,SN,police\n"
    upload(at_work, other, NUMBERED + known).form("/check").submit("Nominate 3")
    with app.app_context(), transaction():
        ibra = db.session.scalars(sa.select(Person).where(Person.identifier == "A-3")).one()
        ibra.email = None
        audit.record(SYSTEM, "test.person", f"person:{ibra.id}", {})
    text = (
        NUMBERED
        + "A-1,Awa,Diop,new@example.org,SN,police\nA-2,Ada,Sy,SAME@example.org,SN,police\nA-3,Ibra,Ba,ibra@example.org,SN,police\n"
        + "A-4,Sidi,Fall,sidi@example.org,SN,police\n"
    )
    page = upload(at_work, code, text)
    assert "4 people are ready" in page.text
    assert (
        page.text.count("known here with another email address; the message goes to that one") == 1
    )
    assert page.text.count("known here without an email address and gets no message") == 1
    assert "secret@" not in page.html
    page = (
        at_work.get(f"/deliveries/{code}/nominate/person")
        .form("/person")
        .submit("Nominate", **ONE | {"identifier": "A-1"})
    )
    assert "the message goes to that one" in page.text and "secret@" not in page.html


def test_a_namesake_among_the_own_people_is_asked_about(
    app: Flask, sign_in: Any, at_work: Browser, code: str
) -> None:
    upload(at_work, code, NUMBERED + "A-1,Awa,Diop,awa@example.org,SN,police\n").form(
        "/check"
    ).submit("Nominate 1")
    with app.app_context():
        other = courses.delivery(places=5).code
        stranger = factories.actor(
            Role.NOMINATOR,
            organization_id=factories.organization("SN-POL", "Police nationale", "SN").id,
        )
    questions_asked = (
        "already put forward someone of this name and country under another number or email address"
    )
    again = NUMBERED + "B-7,Awa,Diop,a.diop@example.org,SN,police\n"
    assert questions_asked in upload(at_work, other, again).text
    assert questions_asked not in upload(at_work, other, again.replace(",SN,", ",ML,")).text
    assert questions_asked not in upload(at_work, other, again.replace("B-7", "A-1")).text, (
        "known by the number: the same person"
    )
    assert questions_asked not in upload(sign_in(stranger), other, again).text, (
        "what others said is none of its business"
    )


def test_a_nominator_does_not_learn_whose_address_or_number_it_is(
    app: Flask, at_work: Browser, code: str
) -> None:
    with app.app_context():
        factories.person("Ali", "Bah", email="one@example.org", identifier="A-1")
    text = (
        "Identifier,Given name,Family "
        "name,Email,Country,Category\nB-2,Awa,Diop,one@example.org,SN,police\n"
    )
    for known in (text, text.replace("B-2", "a 1"), text.replace("B-2,", ",")):
        page = upload(at_work, code, known)
        assert "1 person is ready" in page.text and "known here" not in page.text
    page.form("/check").submit("Nominate 1")
    assert nominated(app) == [("Diop", "confirmed")]


@pytest.mark.both_databases
def test_the_effect_on_places_is_shown(app: Flask, at_work: Browser, code: str) -> None:
    rows = [f"Given{n},Family{n},p{n}@example.org,SN,military," for n in range(8)]
    page = upload(at_work, code, people(*rows))
    assert "Military – 6 of the 6 places left would be taken. 2 people would wait." in page.text
    page.form("/check").submit("Nominate 8")
    assert [status for _name, status in nominated(app)] == ["confirmed"] * 6 + ["waitlisted"] * 2
    page = at_work.get("/nominations?status=waitlisted")
    assert "this person is number 1 on the waiting list" in page.text
    assert "this person is number 2 on the waiting list" in page.text
    for address in ("nominate", "nominate/person"):
        page = at_work.get(f"/deliveries/{code}/{address}")
        assert (
            "Military: ! full – the next person would be number 3 on the waiting list" in page.text
        )


def test_an_ambiguous_order_of_day_and_month_is_asked_once(
    app: Flask, at_work: Browser, code: str
) -> None:
    page = upload(
        at_work,
        code,
        people(
            "Awa,Diop,a@example.org,SN,police,03/04/1987",
            "Ada,Sy,b@example.org,SN,police,05/06/1990",
        ),
    )
    assert "the day or the month" in page.text
    assert "03/04/1987" in page.text
    assert "need fixing" not in page.text, "one question, not a fault in every row"
    page = page.form("/check").submit("Check again", day_first="0")
    assert "the day or the month" not in page.text
    page.form("/check").submit("Nominate 2")
    with app.app_context():
        assert [
            d.isoformat()
            for d in db.session.scalars(sa.select(Nomination.birth_date).order_by(Nomination.id))
        ] == [
            "1987-03-04",
            "1990-05-06",
        ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (HEADER.encode(), "headings but no nominations below them"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "This is not a spreadsheet or text file"),
        (b"Awa,Diop\nMoussa,Fall\n", "does not name the columns"),
        (
            (FILES / "nominations-empty-utf16.txt").read_bytes(),
            "headings but no nominations below them",
        ),
    ],
    ids=["0 bytes", "header only", "picture", "no header", "utf-16 header"],
)
def test_a_file_that_cannot_be_used_says_why_at_the_field(
    at_work: Browser, code: str, content: bytes, sentence: str
) -> None:
    page = upload(at_work, code, content)
    assert page.status == 422
    assert page.title.startswith("Error:")
    assert any(sentence in error for error in page.errors) or sentence in page.text
    assert "A file that is understood looks like this" in page.text
    assert "amina.example@example.org" in page.text


def test_no_file_and_no_rows(at_work: Browser, code: str) -> None:
    page = at_work.get(f"/deliveries/{code}/nominate").form("/nominate").submit("Check")
    assert page.status == 422
    assert "Choose a file, or paste the rows." in page.text


@pytest.mark.parametrize("megabytes", [3, 100])
def test_a_file_that_is_too_large_says_so_at_the_field(
    app: Flask, at_work: Browser, code: str, megabytes: int
) -> None:
    page = upload(
        at_work,
        code,
        bytes(megabytes * 1024 * 1024) if megabytes > 4 else b"a,b\n" * (megabytes * 262144),
    )
    assert page.status == 413
    assert "larger than 2 MB" in page.text
    assert page.form("/nominate") is not None
    assert nominated(app) == []


def test_the_upload_needs_its_token(app: Flask, at_work: Browser, code: str) -> None:
    page = at_work.post(f"/deliveries/{code}/nominate", {"text": GOOD, "organization": "1"})
    assert page.status == 400
    assert at_work.post(f"/deliveries/{code}/nominate/check", {"rows": "[]"}).status == 400


BROKEN_ROWS = [
    "",
    "{}",
    "[1]",
    '[["a", {}]]',
    '[[1, "x"]]',
    "null",
    "[" * 5_000,
    "[" * 5_000 + "]" * 5_000,
    "[[Infinity, {}]]",
    "[[NaN, {}]]",
    "[[1e999, {}]]",
    '[[1, {"email": {"a": 1}}]]',
    '[[1, {"email": [[[[]]]]}]]',
    '[[1, {"email": "a", "email": "b"}]]',
    "[[" + "9" * 5_000 + ", {}]]",
    "[" + "1," * 400_000 + "1]",
]


@pytest.mark.parametrize("rows", BROKEN_ROWS, ids=lambda rows: rows[:12])
def test_a_page_sent_in_pieces_is_refused(at_work: Browser, code: str, rows: str) -> None:
    values = upload(at_work, code, GOOD).form("/check").values.to_dict() | {
        "rows": rows,
        "act": "nominate",
    }
    assert at_work.post(f"/deliveries/{code}/nominate/check", values).status == 422


def test_the_template_is_read_without_a_fault(app: Flask, at_work: Browser, code: str) -> None:
    response = at_work.client.get("/nominations/template.csv")
    assert response.mimetype == "text/csv"
    page = upload(at_work, code, response.get_data())
    assert "1 person is ready" in page.text


def test_a_thousand_people_travel_through_the_page(app: Flask, at_work: Browser, code: str) -> None:
    rows = [f"Given{n},Family{n},p{n}@example.org,SN,police," for n in range(1000)]
    page = upload(at_work, code, people(*rows))
    assert "1000 people are ready" in page.text or "1,000 people are ready" in page.text
    assert "Check 1000 people" in page.title or "Check 1,000 people" in page.title
    page = page.form("/check").submit("Check again") if "Check again" in page.text else page
    assert page.status == 200


def test_another_organization_sees_nothing(
    app: Flask, sign_in: Any, at_work: Browser, code: str
) -> None:
    upload(at_work, code, GOOD).form("/check").submit("Nominate 2")
    with app.app_context():
        other = factories.organization("SN-POL", "Police nationale", "SN")
        stranger = sign_in(factories.actor(Role.NOMINATOR, organization_id=other.id))
        own_id = db.session.scalar(sa.select(Enrollment.id))
    assert "Diop" not in stranger.get("/nominations").text
    assert "No one has been nominated yet" in stranger.get("/nominations").text
    assert "Diop" not in stranger.client.get("/nominations.csv").get_data(as_text=True)
    assert stranger.get(f"/enrollments/{own_id}").status == 404
    assert stranger.get(f"/enrollments/{own_id}/withdraw").status == 404
    assert at_work.get(f"/enrollments/{own_id}").status == 200


def test_nominating_for_another_organization_is_refused(
    app: Flask, at_work: Browser, code: str
) -> None:
    with app.app_context():
        other = factories.organization("SN-POL", "Police nationale", "SN").id
    values = upload(at_work, code, GOOD).form("/check").values.to_dict() | {
        "organization": str(other),
        "act": "nominate",
    }
    assert at_work.post(f"/deliveries/{code}/nominate/check", values).status == 422
    assert nominated(app) == []


def test_an_organization_reads_only_what_it_said_itself(
    app: Flask, at_work: Browser, code: str
) -> None:
    with app.app_context():
        factories.person(
            "Awa", "Secret", email="awa@example.org", country="ML", identifier="HIDDEN-7"
        )
    upload(at_work, code, GOOD).form("/check").submit("Nominate 2")
    page = at_work.get("/nominations")
    assert "Awa Diop" in page.text
    assert "Secret" not in page.html
    page = page.follow("Awa Diop")
    assert "Secret" not in page.html
    assert "HIDDEN-7" not in page.html
    assert "Secret" not in at_work.client.get("/nominations.csv").get_data(as_text=True)


def test_participants_do_not_nominate(app: Flask, sign_in: Any, code: str) -> None:
    with app.app_context():
        participant, trainer = factories.actor(), factories.actor(Role.TRAINER)
    for actor in (participant, trainer):
        browser = sign_in(actor)
        for address in (
            f"/deliveries/{code}/nominate",
            f"/deliveries/{code}/nominate/person",
            "/nominations",
        ):
            assert browser.get(address).status == 403
        values = {"csrf_token": browser.token(), "rows": "[]"}
        assert browser.post(f"/deliveries/{code}/nominate", values).status == 403
        assert browser.post(f"/deliveries/{code}/nominate/check", values).status == 403
    assert Browser(app).get("/nominations", follow=False).status == 303


@pytest.mark.both_databases
def test_nominations_are_withdrawn_from_the_list(app: Flask, at_work: Browser, code: str) -> None:
    upload(at_work, code, GOOD).form("/check").submit("Nominate 2")
    page = at_work.get("/nominations").follow("Withdraw – Awa Diop")
    assert "Withdraw Awa Diop from this course date?" in page.text
    page = page.form(button="Yes, withdraw").submit()
    assert page.path.startswith("/nominations")
    assert dict(nominated(app)) == {"Diop": "withdrawn", "Fall": "confirmed"}


def test_the_list_as_a_file_is_harmless_in_a_spreadsheet(
    app: Flask, at_work: Browser, code: str
) -> None:
    text = (
        "Given name,Family "
        "name,Email,Country,Category,Rank\nAwa,Diop,awa@example.org,SN,police,=1+1\n"
    )
    upload(at_work, code, text).form("/check").submit("Nominate 1")
    body = at_work.client.get("/nominations.csv").get_data(as_text=True)
    assert "'=1+1" in body
    assert "Awa" in body
    assert "Diop" not in at_work.client.get("/nominations.csv?status=declined").get_data(
        as_text=True
    )


def test_from_the_list_of_nominations_one_nominates(
    app: Flask, sign_in: Any, nominator: Actor, at_work: Browser, code: str
) -> None:
    with app.app_context():
        courses.delivery(published=False, venue="Draft town")
        courses.delivery(
            starts_on=date(2027, 1, 11), closes_on=date(2026, 11, 24), venue="Closed town"
        )
    upload(at_work, code, GOOD).form("/check").submit("Nominate 2")
    assert "Closed town" in at_work.get("/nominations").text
    clock.travel(app, datetime(2026, 11, 25, 12, tzinfo=UTC))
    page = sign_in(nominator).get("/nominations")
    assert (
        "Awa Diop" in page.text and "Draft town" not in page.text and "Closed town" not in page.text
    )
    assert "8–10 March 2027" in page.text and "Police 3, Military 1, Anyone 4" in page.text
    assert page.link("Nominate people").endswith("#nominate")
    assert "Several people from a spreadsheet" in page.follow("Nominate – Gender").text


def test_where_nothing_is_open_the_list_of_nominations_says_so(
    app: Flask, at_work: Browser
) -> None:
    page = at_work.get("/nominations")
    assert "No course date is open for nominations at present." in page.text


ONE = {
    "given_name": "Awa",
    "family_name": "Diop",
    "email": "awa@example.org",
    "country": "SN",
    "category": "police",
}


def test_one_person_by_form(app: Flask, at_work: Browser, code: str) -> None:
    page = at_work.get(f"/deliveries/{code}/nominate").follow("Nominate one person")
    assert "Date of birth (optional)" in page.text
    birth = {"birth_date-day": "3", "birth_date-month": "4", "birth_date-year": "1987"}
    form = page.form("/person")
    page = form.submit("Nominate", **ONE, **birth, rank="Captain", rank_code="OF2")
    assert "Awa Diop: place confirmed." in page.text
    assert nominated(app) == [("Diop", "confirmed")]
    with app.app_context():
        assert db.session.scalar(sa.select(Nomination.birth_date)).isoformat() == "1987-04-03"
        assert db.session.scalar(sa.select(Enrollment.rank_code)) == "OF-2"
    assert form.submit("Nominate", **ONE).path == page.path, "pressed twice"
    assert len(nominated(app)) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"given_name": "", "family_name": ""}, "Write the name"),
        ({"email": "nothing"}, "is not an email address"),
        ({"country": ""}, "Choose the country"),
        ({"category": None}, "Choose the personnel category"),
        ({"rank_code": "X9"}, "NATO rank code"),
        (
            {"birth_date-day": "31", "birth_date-month": "2", "birth_date-year": "1987"},
            "There is no such day",
        ),
        (
            {"birth_date-day": "1", "birth_date-month": "2", "birth_date-year": "2025"},
            "Check the year",
        ),
        ({"given_name": "=cmd"}, "begins like a formula"),
    ],
)
def test_a_wrong_value_of_one_person(
    app: Flask, at_work: Browser, code: str, changes: dict[str, Any], sentence: str
) -> None:
    page = (
        at_work.get(f"/deliveries/{code}/nominate/person")
        .form("/person")
        .submit("Nominate", **(ONE | changes))
    )
    assert page.status == 422
    assert sentence in page.text
    assert page.form("/person").values["family_name"] == (ONE | changes)["family_name"]
    assert nominated(app) == []


def test_a_person_twice(app: Flask, at_work: Browser, code: str) -> None:
    at_work.get(f"/deliveries/{code}/nominate/person").form("/person").submit("Nominate", **ONE)
    page = (
        at_work.get(f"/deliveries/{code}/nominate/person").form("/person").submit("Nominate", **ONE)
    )
    assert page.status == 422
    assert "Awa Diop already has a place or a request" in page.text


@pytest.mark.parametrize(
    "changes",
    [{"email": "new@example.org", "given_name": "AWA"}, {"identifier": "", "given_name": "AWA"}],
)
def test_a_person_twice_is_refused_where_the_person_was_recognised(
    app: Flask, at_work: Browser, code: str, changes: Any
) -> None:
    facts = ONE | {"identifier": "SN-77"}
    at_work.get(f"/deliveries/{code}/nominate/person").form("/person").submit("Nominate", **facts)
    page = (
        at_work.get(f"/deliveries/{code}/nominate/person")
        .form("/person")
        .submit("Nominate", **facts | changes)
    )
    assert page.errors == ["AWA Diop already has a place or a request in this delivery."], (
        "as it was submitted"
    )
    (link,) = [
        anchor.get("href")
        for anchor in page.all("a")
        if "already has a place" in "".join(anchor.itertext())
    ]
    assert link == ("#identifier" if "email" in changes else "#email")


def test_a_coordinator_adds_a_person_with_or_without_an_organization(
    app: Flask, sign_in: Any, code: str
) -> None:
    with app.app_context():
        organization = factories.organization().id
        browser = sign_in(factories.actor(Role.COORDINATOR))
    page = browser.get(f"/deliveries/{code}/selection").follow("Add a person")
    page = page.form("/person").submit("Nominate", **ONE)
    assert page.path.endswith("/selection")
    assert "Awa Diop" in page.text
    assert nominated(app) == []
    page = browser.get(f"/deliveries/{code}/nominate/person").form("/person")
    page.submit(
        "Nominate",
        **(ONE | {"email": "b@example.org", "family_name": "Sy"}),
        organization_id=str(organization),
    )
    assert nominated(app) == [("Sy", "confirmed")]


def test_several_organizations_are_asked_for(app: Flask, sign_in: Any, code: str) -> None:
    with app.app_context():
        factories.organization()
        chosen = factories.organization("SN-POL", "Police nationale", "SN").id
        browser = sign_in(factories.actor(Role.COORDINATOR))
    page = browser.get(f"/deliveries/{code}/nominate").form("/nominate").submit("Check", text=GOOD)
    assert page.status == 422
    assert "Choose the organization that nominates." in page.text
    assert "Awa,Diop" in page.html, "what was pasted is kept"
    page = page.form("/nominate").submit("Check", organization=str(chosen))
    assert "Nominated by Police nationale" in page.text


def test_after_the_closing_date_coordinators_only(
    app: Flask, sign_in: Any, nominator: Actor, code: str
) -> None:
    clock.travel(app, datetime(2027, 3, 1, 12, tzinfo=UTC))
    browser = sign_in(nominator)
    assert "Applications are closed" in browser.get(f"/deliveries/{code}/nominate").text
    assert "Applications are closed" in browser.get(f"/deliveries/{code}/nominate/person").text
    values = {"csrf_token": browser.token(), "rows": "[]", "act": "nominate"}
    assert (
        "Applications are closed" in browser.post(f"/deliveries/{code}/nominate/check", values).text
    )
    with app.app_context():
        late = sign_in(factories.actor(Role.COORDINATOR))
    paste(late, code, GOOD).form("/check").submit("Nominate 2")
    assert len(nominated(app)) == 2


def test_every_column_can_be_corrected_where_values_have_slipped(
    app: Flask, at_work: Browser, code: str
) -> None:
    page = upload(at_work, code, people("Awa,Diop,awa@example.org,Senegal,police,,too much"))
    assert "more cells than there are headings" in page.text
    assert {f"row-2-{column}" for column in COLUMNS} <= page.form("/check").names
    page = page.form("/check").submit("Check again")
    assert "1 person is ready" in page.text


def test_people_are_not_overwritten(app: Flask, at_work: Browser, code: str) -> None:
    with app.app_context():
        known = factories.person("Known", "Before", email="awa@example.org").id
    upload(at_work, code, GOOD).form("/check").submit("Nominate 2")
    with app.app_context():
        assert db.session.get_one(Person, known).family_name == "Before"


def test_unknown_deliveries(at_work: Browser) -> None:
    for address in ("/deliveries/NOTHING/nominate", "/deliveries/NOTHING/nominate/person"):
        assert at_work.get(address).status == 404


def test_a_name_in_doubt_in_a_file_is_confirmed_on_the_check_page(
    app: Flask, at_work: Browser, code: str
) -> None:
    page = upload(at_work, code, people("Jennifer,Null,jennifer@example.org,CA,police,"))
    assert "confirm that it is the name" in page.text
    page = page.form("/check").submit("Check again", **{"row-2-names_confirmed": "1"})
    page = page.form("/check").submit("Nominate 1 person")
    with app.app_context():
        assert db.session.scalars(sa.select(Nomination.family_name)).all() == ["Null"]


def test_a_coordinator_says_on_the_form_that_it_is_another_person(
    app: Flask, sign_in: Any, code: str
) -> None:
    with app.app_context():
        factories.person("Ali", "Bah", email=ONE["email"])
        coordinator = makers.coordinator()
    form = sign_in(coordinator).get(f"/deliveries/{code}/nominate/person").form("/person")
    page = form.submit("Nominate", **(ONE | {"organization_id": "0"}))
    assert page.status == 422 and "Yes, the same as Ali Bah" in page.text
    page = page.form("/person").submit("Nominate", who="new")
    with app.app_context():
        enrollment = db.session.scalars(sa.select(Enrollment)).one()
        assert enrollment.person.email == ONE["email"] and enrollment.person.given_name != "Ali"


@pytest.mark.both_databases
def test_the_nominators_page_costs_the_same_with_many_open_dates(
    app: Flask, at_work: Browser
) -> None:
    def look() -> tuple[int, Page]:
        with app.app_context(), queries_counted() as count:
            page = at_work.get("/nominations")
        return len(count.statements), page

    with app.app_context():
        course = courses.course()
        codes = [
            courses.delivery(course=course, starts_on=date(2027, 3, 1) + timedelta(days=7 * n)).code
            for n in range(3)
        ]
    few, page = look()
    assert (
        all(f"/deliveries/{code}/nominate" in page.html for code in codes)
        and "Show all dates" not in page.text
    )
    with app.app_context():
        for n in range(3, 23):
            courses.delivery(course=course, starts_on=date(2027, 3, 1) + timedelta(days=7 * n))
    many, page = look()
    assert page.html.count('/nominate"') == 20 and "Show all dates" in page.text
    assert many == few
