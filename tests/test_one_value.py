"""One value, one answer: a value that people write is kept alike, or refused for the same reason, by a file, a page, the API
and sign-in. The table says which; another value or entry point is a line more."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from flask import Flask

from accounts.roles import Role
from core.database import db
from core.mail import Mail
from enrollment import nomination_files
from enrollment.models import Enrollment
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.enrollment import makers

#: Somebody about whom everything is said; each line of the table changes one thing, or two names.
SOMEBODY = {
    "given_name": "Amina", "family_name": "Diallo", "email": "amina@police.example.sn", "country": "SN", "identifier": "SN-1",
    "name_on_certificate": "Amina Diallo", "rank_code": "OF-2", "birth_date": "1988-03-14",
    "rank": "", "organization": "", "needs": "", "nationalities": "",
}  # fmt: skip
#: Of these the enrollment knows, of the others the person.
WISHED = ("rank_code", "rank", "organization", "needs")
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 3
#: (field, as written, as kept) or (field, as written, the code that refuses it).
KEPT = [
    ("given_name", "O", "O"), ("family_name", "E", "E"), ("given_name", "Ø", "Ø"), ("family_name", "Ng", "Ng"),
    ("family_name", "O'Neill", "O'Neill"), ("family_name", "O’Neill", "O’Neill"), ("family_name", "OʼNeill", "OʼNeill"),
    ("family_name", "O‘Neill", "O‘Neill"), ("family_name", "Weiß", "Weiß"), ("family_name", "Παπαδόπουλος", "Παπαδόπουλος"),
    ("given_name", "İbrahim", "İbrahim"), ("given_name", "Zoe\u0308", "Zoë"), ("family_name", "Nguye\u0302\u0303n", "Nguyễn"),
    ("given_name", "Þóra", "Þóra"), ("given_name", "Ýmir", "Ýmir"), ("given_name", "Ñusta", "Ñusta"), ("given_name", "João", "João"),
    ("given_name", "\u200fأحمد\u200f", "أحمد"), ("given_name", "Ami\u200bna", "Amina"), ("given_name", "\ufeffAmina", "Amina"),
    ("given_name", "Ami\u00adna", "Amina"), ("given_name", "Awa\tMarie", "Awa Marie"), ("given_name", "\u2068Amina\u2069", "Amina"),
    ("given_name", "Amina\u061c", "Amina"), ("given_name", "  Awa \u00a0 Marie ", "Awa Marie"), ("given_name", "Ami\u200cna", "Amina"),
    ("family_name", "مهدی\u200cزاده", "مهدی\u200cزاده"), ("given_name", "क्\u200dषिति", "क्\u200dषिति"),
    ("family_name", "Diallo محمد", "Diallo محمد"), ("given_name", "김\u3164민수", "김민수"), ("family_name", "Ґалаґан", "Ґалаґан"),
    ("family_name", "M.Ba", "M.Ba"), ("given_name", "J.P.", "J.P."), ("family_name", "St.Pierre", "St.Pierre"),
    ("family_name", "Ndiaye.A", "Ndiaye.A"), ("given_name", "Prof.Fox", "Prof.Fox"), ("given_name", "Ali s/o Ahmed", "Ali s/o Ahmed"),
    ("family_name", "ʿAbd al-Raḥmān", "ʿAbd al-Raḥmān"), ("family_name", LONG, LONG), ("given_name", "@Amina", "@Amina"),
    ("name_on_certificate", "أمينة ديالو", "أمينة ديالو"), ("name_on_certificate", "AMINA  DIALLO", "AMINA DIALLO"),
    ("identifier", " ml-77\u200b ", "ml-77"), ("identifier", "00123", "00123"), ("identifier", "ЖД 5", "ЖД 5"),
    ("email", "Awa.Sy@Police.example.sn", "Awa.Sy@Police.example.sn"), ("email", "info@straße.example", "info@straße.example"),
    ("email", "\u200bawa@police.example.sn ", "awa@police.example.sn"), ("email", "νίκος@παράδειγμα.example", "νίκος@παράδειγμα.example"),
    ("email", "zoe\u0308@example.org", "zoe\u0308@example.org"), ("email", "a@r3---sn.example", "a@r3---sn.example"),
    ("country", "XK", "XK"), ("country", "CI", "CI"), ("country", "sn", "SN"), ("country", "\u200fSN", "SN"), ("country", "S\u2065N\ufe0f", "SN"),
    ("given_name", "Ami\ufe0fna\u2065", "Amina"), ("family_name", "葛\U000e0100", "葛\U000e0100"), ("family_name", f"{'x' * 120}\u200b", "x" * 120),
    ("organization", "Police\u200b nationale", "Police nationale"), ("organization", f"{'x' * 200}\u200b", "x" * 200),
    ("rank", "Ma\u00adjor ", "Major"), ("needs", "A\u200b ramp", "A ramp"), ("needs", f"{'x' * 1000}\u200b", "x" * 1000),
    ("nationalities", "\u200bSN", "['SN']"), ("nationalities", "Senegal", "['SN']"),
    ("rank_code", "of2", "OF-2"), ("rank_code", "OR-7\u200b", "OR-7"), ("birth_date", "1990-12-31", "1990-12-31"),
]  # fmt: skip
REFUSED = [
    ("family_name", "#N/A", "spreadsheet_error"), ("given_name", "#REF!", "spreadsheet_error"),
    ("given_name", "#NAME?", "spreadsheet_error"), ("family_name", "#BEZUG!", "spreadsheet_error"),
    ("family_name", "#######", "spreadsheet_error"), ("given_name", "=A1", "formula"), ("given_name", "12345", "not_a_name"),
    ("given_name", "Visit evil.example now", "not_a_name"), ("family_name", "https://x.y", "not_a_name"),
    ("family_name", "www.evil", "not_a_name"), ("given_name", "bit.ly/x", "not_a_name"), ("given_name", "пример.рф", "not_a_name"),
    ("given_name", "evil。com", "not_a_name"), ("family_name", "amina@mail.example", "not_a_name"),
    ("name_on_certificate", "secret.onion", "not_a_name"), ("given_name", "?ukasz", "garbled"), ("given_name", "Zo\ufffd", "garbled"), ("given_name", "A\ue000", "forbidden_character"),
    ("family_name", "x" * 121, "too_long"), ("family_name", "N/A", "name_in_doubt"), ("given_name", "FNU", "name_in_doubt"),
    ("family_name", "Null", "name_in_doubt"), ("family_name", ".", "name_in_doubt"), ("family_name", "inconnu", "name_in_doubt"),
    ("identifier", "#N/A", "not_an_identifier"), ("identifier", "n/a", "not_an_identifier"), ("identifier", "1" * 61, "too_long"),
    ("email", "awa(at)example.org", "bad_email"), ("email", "awa@localhost", "bad_email"),
    ("email", "\u212aim@police.example.sn", "bad_email"),
    ("country", "ZZ", "unknown_country"), ("country", "Atlantis", "unknown_country"), ("rank_code", "Captain", "bad_rank_code"),
    ("organization", "x" * 201, "too_long"), ("rank", "x" * 121, "too_long"), ("needs", "x" * 1001, "too_long"),
    ("needs", "A\x07ramp", "forbidden_character"), ("organization", "A\ue000", "forbidden_character"), ("rank", "Maj\ufffdr", "garbled"),
    ("nationalities", "Atlantis", "unknown_nationality"), ("nationalities", "Congolese", "ambiguous_nationality"),
    ("birth_date", "2030-01-01", "date_in_future"), ("birth_date", "2020-01-01", "implausible_age"),
]  # fmt: skip
#: (given name, family name, printed name or the code that refuses them): what two names say together.
TOGETHER = [
    ("Suharto", "", "Suharto"), ("", "Suharto", "Suharto"), ("", "", "required"), ("N/A", "NULL", "not_a_name"),
    ("XXX", "", "not_a_name"), ("", ".", "not_a_name"), ("小明", "王", "王小明"), ("민수", "김", "김민수"), ("Zoë", "Weiß", "Zoë Weiß"),
]  # fmt: skip
#: The names of countries, as files and the API take them; pages let people choose from a list.
COUNTRIES = [
    ("Côte d’Ivoire", "CI"),
    ("République-Unie de Tanzanie", "TZ"),
    ("Kosovo", "XK"),
    ("Türkiye", "TR"),
    ("RDC", "CD"),
    ("Atlantis", None),
]

LINES = [
    *((f"{field}: {typed!r}", {field: typed}, field, answer) for field, typed, answer in KEPT + REFUSED),
    *((f"{given!r} + {family!r}", {"given_name": given, "family_name": family, "name_on_certificate": ""}, "name_on_certificate", answer)
      for given, family, answer in TOGETHER),
]  # fmt: skip
CODES = {answer for _field, _typed, answer in REFUSED} | {"required"}
Answers = dict[str, str]


def _said(number: int, changes: dict[str, str]) -> dict[str, str]:
    """What is said of the person of a line: nobody is recognised as somebody of another line."""
    return {**SOMEBODY, "email": f"person{number}@police.example.sn", "identifier": f"SN-{number}"} | changes


@pytest.fixture
def delivery(app: Flask) -> str:
    with app.app_context():
        return makers.delivery(places=500).code


def by_file(app: Flask, code: str) -> Answers:
    answers = {}
    for number, (line, changes, field, _answer) in enumerate(LINES):
        said = _said(number, changes) | {"category": "police"}
        text = io.StringIO()
        writer = csv.DictWriter(text, list(said))
        writer.writeheader()
        writer.writerow(said)
        with app.app_context():
            (row,) = nomination_files.read(text.getvalue().encode()).rows
            kept = row.fields[field]
            answers[line] = row.problems[0].code if row.problems else str(list(kept) if isinstance(kept, tuple) else kept)
    return answers


def by_api(app: Flask, code: str) -> Answers:
    with app.app_context():
        client = ApiClient(app, makers.token_of(factories.actor(Role.COORDINATOR)))
    answers = {}
    for number, (line, changes, field, _answer) in enumerate(LINES):
        person = _said(number, changes)
        wish = {name: person.pop(name) for name in WISHED}
        person["nationalities"] = list(filter(None, [person["nationalities"]]))
        body = wish | {"person": person, "category": "police"}
        answer = client.post(f"/deliveries/{code}/enrollments", body)
        faults = answer.json.get("errors") or [answer.json]
        kept = answer.json if field in WISHED else answer.json.get("person")
        answers[line] = str(kept[field]) if answer.status_code == 201 else faults[0]["code"]
    return answers


def by_page(app: Flask, code: str) -> Answers:
    """Pages say sentences: those of a refusal are the file's."""
    with app.app_context():
        browser = Browser(app)
        factories.sign_in(browser, factories.actor(Role.COORDINATOR))
    form = browser.get(f"/deliveries/{code}/nominate/person").form("/person")
    answers = {}
    for number, (line, changes, field, _answer) in enumerate(LINES):
        said = _said(number, changes) | {"category": "police", "submission": f"line {number}", "organization_id": "0"}
        year, month, day = said.pop("birth_date").split("-")
        said |= {"birth_date-year": year, "birth_date-month": str(int(month)), "birth_date-day": str(int(day))}
        page = form.submit("Nominate", **said)
        with app.app_context():
            made = (
                db.session.scalars(db.select(Enrollment).order_by(Enrollment.id.desc()).limit(1)).one()
                if page.status < 400
                else None
            )
            answers[line] = _kept(made, field) if made else _code_of(page.errors, said, number, changes)
    return answers


def _kept(made: Enrollment, field: str) -> str:
    return str(getattr(made if field in (*WISHED, "name_on_certificate") else made.person, field))


def _code_of(errors: list[str], said: dict[str, str], number: int, changes: dict[str, str]) -> str:
    """The code whose sentence stands on the page."""
    row = nomination_files.check_row(1, _said(number, changes) | {"category": "police"})
    return next(
        (problem.code for problem in row.problems if any(str(problem.remedy) in error for error in errors)),
        "refused: " + "; ".join(errors),
    )


@pytest.mark.parametrize("entry_point", [by_file, by_api, by_page])
def test_every_entry_point_gives_the_answer_of_the_table(
    app: Flask, delivery: str, entry_point: Callable[[Flask, str], Answers]
) -> None:
    expected = {line: answer for line, _changes, _field, answer in LINES}
    answers = entry_point(app, delivery)
    assert {line: answer for line, answer in answers.items() if answer != expected[line]} == {}


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(LINES) >= 60 and {field for _line, changes, field, _answer in LINES} >= set(SOMEBODY)


def test_another_answer_would_be_noticed(app: Flask, delivery: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown with a planted breach: a file that takes question marks for letters."""
    monkeypatch.setattr("accounts.name_rules._LOST", ())
    assert by_file(app, delivery)["given_name: '?ukasz'"] == "?ukasz"


@pytest.mark.parametrize("named", COUNTRIES, ids=lambda named: named[0])
def test_countries_by_name(app: Flask, delivery: str, named: tuple[str, str | None]) -> None:
    with app.app_context():
        client = ApiClient(app, makers.token_of(factories.actor(Role.COORDINATOR)))
        row = nomination_files.check_row(2, SOMEBODY | {"country": named[0], "category": "police"})
    person = {name: value for name, value in SOMEBODY.items() if name in ("given_name", "family_name", "email")} | {
        "country": named[0]
    }
    answer = client.post(f"/deliveries/{delivery}/enrollments", {"person": person, "category": "police"})
    by_api = answer.json["person"]["country"] if answer.status_code == 201 else None
    assert (row.fields["country"] or None) == by_api == named[1]


@pytest.mark.parametrize(("typed", "kept"), [(typed, kept) for field, typed, kept in KEPT if field == "email"])
def test_sign_in_knows_the_address_however_it_is_typed(app: Flask, typed: str, kept: str) -> None:
    with app.app_context():
        factories.person(email=kept)
    page = Browser(app).get("/sign-in").form("/sign-in/link").submit(email=typed)
    with app.app_context():
        assert page.status == 200 and db.session.scalars(db.select(Mail.address)).all() == [kept]
