"""One value, one answer: a value that people write is kept alike, or refused for the same
reason, by a file, a page, the API and sign-in. The table says which; another value or entry
point is a line more."""

from __future__ import annotations

import csv
import html
import io
import itertools
import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from accounts.roles import Role
from core.database import db
from core.errors import DomainError
from core.mail import Mail
from enrollment import nomination_files
from enrollment.forms.application import SCREENS
from enrollment.models import Enrollment
from enrollment.nomination_files.results import Problem
from people.models import Person
from roster.models import Expert
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.enrollment import makers

#: Someone about whom everything is said; each line of the table changes one thing, or two names.
SOMEBODY = {
    "given_name": "Amina",
    "family_name": "Diallo",
    "email": "amina@police.example.sn",
    "country": "SN",
    "identifier": "SN-1",
    "name_on_certificate": "Amina Diallo",
    "rank_code": "OF-2",
    "birth_date": "1988-03-14",
    "rank": "",
    "organization": "",
    "needs": "",
    "nationalities": "",
}
#: Of these the enrollment knows, of the others the person.
WISHED = ("rank_code", "rank", "organization", "needs")
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 3
#: (field, as written, as kept) or (field, as written, the code that refuses it).
KEPT = [
    ("given_name", "O", "O"),
    ("family_name", "E", "E"),
    ("given_name", "Ø", "Ø"),
    ("family_name", "Ng", "Ng"),
    ("family_name", "O'Neill", "O'Neill"),
    ("family_name", "O’Neill", "O’Neill"),
    ("family_name", "OʼNeill", "OʼNeill"),
    ("family_name", "O‘Neill", "O‘Neill"),
    ("family_name", "Weiß", "Weiß"),
    ("family_name", "Παπαδόπουλος", "Παπαδόπουλος"),
    ("given_name", "İbrahim", "İbrahim"),
    ("given_name", "Zoe\u0308", "Zoë"),
    ("family_name", "Nguye\u0302\u0303n", "Nguyễn"),
    ("given_name", "Þóra", "Þóra"),
    ("given_name", "Ýmir", "Ýmir"),
    ("given_name", "Ñusta", "Ñusta"),
    ("given_name", "João", "João"),
    ("given_name", "\u200fأحمد\u200f", "أحمد"),
    ("given_name", "Ami\u200bna", "Amina"),
    ("given_name", "\ufeffAmina", "Amina"),
    ("given_name", "Ami\u00adna", "Amina"),
    ("given_name", "Awa\tMarie", "Awa Marie"),
    ("given_name", "\u2068Amina\u2069", "Amina"),
    ("given_name", "Amina\u061c", "Amina"),
    ("given_name", "  Awa \u00a0 Marie ", "Awa Marie"),
    ("given_name", "Ami\u200cna", "Amina"),
    ("family_name", "مهدی\u200cزاده", "مهدی\u200cزاده"),
    ("given_name", "क्\u200dषिति", "क्\u200dषिति"),
    ("family_name", "Diallo محمد", "Diallo محمد"),
    ("given_name", "김\u3164민수", "김민수"),
    ("family_name", "Ґалаґан", "Ґалаґан"),
    ("family_name", "M.Ba", "M.Ba"),
    ("given_name", "J.P.", "J.P."),
    ("family_name", "St.Pierre", "St.Pierre"),
    ("family_name", "Ndiaye.A", "Ndiaye.A"),
    ("given_name", "Prof.Fox", "Prof.Fox"),
    ("given_name", "Ali s/o Ahmed", "Ali s/o Ahmed"),
    ("family_name", "ʿAbd al-Raḥmān", "ʿAbd al-Raḥmān"),
    ("family_name", LONG, LONG),
    ("given_name", "@Amina", "@Amina"),
    ("name_on_certificate", "AMINA  DIALLO", "AMINA DIALLO"),
    ("identifier", " ml-77\u200b ", "ml-77"),
    ("identifier", "00123", "00123"),
    ("identifier", "ЖД 5", "ЖД 5"),
    ("email", "Awa.Sy@Police.example.sn", "Awa.Sy@Police.example.sn"),
    ("email", "info@straße.example", "info@straße.example"),
    ("email", "\u200bawa@police.example.sn ", "awa@police.example.sn"),
    ("email", "νίκος@παράδειγμα.example", "νίκος@παράδειγμα.example"),
    ("email", "zoe\u0308@example.org", "zoe\u0308@example.org"),
    ("email", "a@r3---sn.example", "a@r3---sn.example"),
    ("country", "Côte d’Ivoire", "CI"),
    ("country", "République-Unie de Tanzanie", "TZ"),
    ("country", "Kosovo", "XK"),
    ("country", "Türkiye", "TR"),
    ("country", "RDC", "CD"),
    ("country", "XK", "XK"),
    ("country", "CI", "CI"),
    ("country", "sn", "SN"),
    ("country", "\u200fSN", "SN"),
    ("country", "S\u2065N\ufe0f", "SN"),
    ("given_name", "Ami\ufe0fna\u2065", "Amina"),
    ("family_name", "葛\U000e0100", "葛\U000e0100"),
    ("organization", "Police\u200b nationale", "Police nationale"),
    ("organization", f"{'x' * 200}\u200b", "x" * 200),
    ("rank", "Ma\u00adjor ", "Major"),
    ("needs", "A\u200b ramp", "A ramp"),
    ("needs", f"{'x' * 1000}\u200b", "x" * 1000),
    ("nationalities", "\u200bSN", "['SN']"),
    ("nationalities", "Senegal", "['SN']"),
    ("rank_code", "of2", "OF-2"),
    ("rank_code", "OR-7\u200b", "OR-7"),
    ("birth_date", "1990-12-31", "1990-12-31"),
]
REFUSED = [
    ("family_name", "#N/A", "spreadsheet_error"),
    ("given_name", "#REF!", "spreadsheet_error"),
    ("given_name", "#NAME?", "spreadsheet_error"),
    ("family_name", "#BEZUG!", "spreadsheet_error"),
    ("family_name", "#######", "spreadsheet_error"),
    ("given_name", "=A1", "formula"),
    ("given_name", "12345", "not_a_name"),
    ("given_name", "Visit evil.example now", "not_a_name"),
    ("family_name", "https://x.y", "not_a_name"),
    ("family_name", "www.evil", "not_a_name"),
    ("given_name", "bit.ly/x", "not_a_name"),
    ("given_name", "пример.рф", "not_a_name"),
    ("given_name", "evil。com", "not_a_name"),
    ("family_name", "amina@mail.example", "not_a_name"),
    ("name_on_certificate", "secret.onion", "not_a_name"),
    ("given_name", "?ukasz", "garbled"),
    ("given_name", "Zo\ufffd", "garbled"),
    ("given_name", "A\ue000", "forbidden_character"),
    ("family_name", "x" * 121, "too_long"),
    ("family_name", "N/A", "name_in_doubt"),
    ("given_name", "FNU", "name_in_doubt"),
    ("family_name", "Null", "name_in_doubt"),
    ("family_name", ".", "name_in_doubt"),
    ("family_name", "inconnu", "name_in_doubt"),
    ("identifier", "#N/A", "not_an_identifier"),
    ("identifier", "n/a", "not_an_identifier"),
    ("identifier", "1" * 61, "too_long"),
    ("email", "awa(at)example.org", "bad_email"),
    ("email", "awa@localhost", "bad_email"),
    ("email", "\u212aim@police.example.sn", "bad_email"),
    ("country", "ZZ", "unknown_country"),
    ("country", "Atlantis", "unknown_country"),
    ("country", "Korea", "ambiguous_country"),
    ("rank_code", "Captain", "bad_rank_code"),
    ("name_on_certificate", "أمينة ديالو", "name_in_doubt"),
    ("organization", "x" * 201, "too_long"),
    ("rank", "x" * 121, "too_long"),
    ("needs", "x" * 1001, "too_long"),
    ("needs", "A\x07ramp", "forbidden_character"),
    ("organization", "A\ue000", "forbidden_character"),
    ("rank", "Maj\ufffdr", "garbled"),
    ("nationalities", "Atlantis", "unknown_nationality"),
    ("nationalities", "Congolese", "ambiguous_nationality"),
    ("birth_date", "2030-01-01", "date_in_future"),
    ("birth_date", "2020-01-01", "implausible_age"),
]
#: (given name, family name, printed name or the code that refuses them): what two names say
#: together.
TOGETHER = [
    ("Suharto", "", "Suharto"),
    ("", "Suharto", "Suharto"),
    ("", "", "required"),
    ("N/A", "NULL", "not_a_name"),
    ("XXX", "", "not_a_name"),
    ("", ".", "not_a_name"),
    ("小明", "王", "王小明"),
    ("민수", "김", "김민수"),
    ("Zoë", "Weiß", "Zoë Weiß"),
]
#: (what is said, the field that is looked at, as kept or the code that refuses it): values that
#: bear on one another.
DEPENDING = [
    (
        {
            "given_name": "János",
            "family_name": "Nagy",
            "nationalities": "Hungarian",
            "name_on_certificate": "",
        },
        "name_on_certificate",
        "Nagy János",
    ),
    (
        {"given_name": "", "family_name": f"{'x' * 120}\u200b", "name_on_certificate": ""},
        "family_name",
        "x" * 120,
    ),
    ({"given_name": "x" * 120, "name_on_certificate": ""}, "name_on_certificate", "too_long"),
    ({"country": "none", "organization": "UN Women"}, "country", ""),
    ({"country": "none"}, "country", "organization_needed"),
    ({"country": "ONU", "organization": "\u200b "}, "country", "organization_needed"),
]

LINES = [
    *(
        (f"{field}: {typed!r}", {field: typed}, field, answer)
        for field, typed, answer in KEPT + REFUSED
    ),
    *(
        (
            f"{given_name!r} + {family!r}",
            {"given_name": given_name, "family_name": family, "name_on_certificate": ""},
            "name_on_certificate",
            answer,
        )
        for given_name, family, answer in TOGETHER
    ),
    *((str(value), value, field, answer) for value, field, answer in DEPENDING),
]
Answers = dict[str, str]
Line = tuple[str, dict[str, str], str, str]


_count = itertools.count(1)


def _statement(changes: dict[str, str]) -> dict[str, Any]:
    """What is said of the person of a line: no one is recognised as someone of another line."""
    number = next(_count)
    return {
        **SOMEBODY,
        "email": f"person{number}@police.example.sn",
        "identifier": f"SN-{number}",
    } | changes


@pytest.fixture
def delivery(app: Flask) -> str:
    with app.app_context():
        return makers.delivery(places=500).code


@pytest.fixture(autouse=True)
def sentences(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The code of every sentence that was made to refuse something: pages show no codes."""
    noted: dict[str, str] = {}

    def noting(kind: type, sentence: str) -> None:
        original = kind.__init__

        def noted_too(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            noted.setdefault(str(getattr(self, sentence)), self.code)

        monkeypatch.setattr(kind, "__init__", noted_too)

    noting(DomainError, "message")
    noting(Problem, "remedy")
    return noted


class Desk:
    """Where someone signed in fills in a form, over and over, as a browser without JavaScript
    sends it."""

    def __init__(self, app: Flask, sentences: dict[str, str], *roles: Role, is_known: bool = True):
        self.app, self.sentences = app, sentences
        self.browser = Browser(app)
        if is_known:
            with app.app_context():
                self.actor = factories.actor(*roles)
                factories.sign_in(self.browser, self.actor)
        self.token = self.browser.token()

    def send(self, address: str, facts: dict[str, Any]) -> str | None:
        """None when it was accepted, else the code whose sentence the page shows."""
        answer = self.browser.client.post(
            address, data=facts | {"csrf_token": self.token, "submission": secrets.token_hex(8)}
        )
        if answer.status_code < 400:
            return None
        shown = html.unescape(answer.text)
        return next(
            (code for sentence, code in self.sentences.items() if sentence in shown),
            f"refused with {answer.status_code}",
        )


def by_file(app: Flask, lines: list[Line], sentences: dict[str, str], code: str) -> Answers:
    answers = {}
    for line, changes, field, _answer in lines:
        facts = _statement(changes) | {"category": "police"}
        text = io.StringIO()
        writer = csv.DictWriter(text, list(facts))
        writer.writeheader()
        writer.writerow(facts)
        with app.app_context():
            checked = nomination_files.read(text.getvalue().encode()).checked
            (row,) = checked.rows
        stored = row.problems[0].code if row.problems else _written(row.fields[field])
        answers[line] = f"asked whether {stored}" if checked.choice.asks else stored
    return answers


def by_api(
    app: Flask, lines: list[Line], sentences: dict[str, str], code: str, **more: str
) -> Answers:
    with app.app_context():
        client = ApiClient(app, makers.token_of(factories.actor(Role.COORDINATOR)))
    answers = {}
    for line, changes, field, _answer in lines:
        person = _statement(changes)
        wish = {name: person.pop(name) for name in WISHED}
        person["nationalities"] = list(filter(None, [person["nationalities"]]))
        body = wish | more | {"person": person, "category": "police"}
        answer = client.post(f"/deliveries/{code}/enrollments", body)
        is_hidden = (
            field == "needs" and answer.status_code == 201
        )  # who enrols others does not read them in the answer
        answers[line] = _newest(app, Enrollment, field) if is_hidden else _of_program(answer, field)
    return answers


def by_api_for_an_organization(
    app: Flask, lines: list[Line], sentences: dict[str, str], code: str
) -> Answers:
    with app.app_context():
        factories.organization("SN-PN")
    return by_api(app, lines, sentences, code, nominated_by="SN-PN")


def by_experts_api(app: Flask, lines: list[Line], sentences: dict[str, str], code: str) -> Answers:
    with app.app_context():
        client = ApiClient(app, makers.token_of(factories.actor(Role.ROSTER)))
    answers = {}
    for line, changes, field, _answer in lines:
        person = _statement(changes)
        del person["needs"]
        profile = {name: person.pop(name) for name in WISHED if name in person}
        person["nationalities"] = list(filter(None, [person["nationalities"]]))
        body = profile | {"person": person, "category": "police"}
        answer = client.put(f"/experts/{person['identifier']}", body)
        if answer.status_code == 202:
            _say_yes(app)
            answer = client.put(f"/experts/{person['identifier']}", body)
        answers[line] = _of_program(answer, field)
    return answers


def _say_yes(app: Flask) -> None:
    """The person who was asked about a roster profile agrees: what waited is kept now."""
    with app.app_context():
        letters = (
            db.select(Mail.body)
            .where(Mail.kind == "roster_asked")
            .order_by(Mail.id.desc())
            .limit(1)
        )
        link = re.search(r"/roster/asked/[\w-]+", db.session.scalars(letters).one())
    assert link
    visitor = Browser(app)
    visitor.post(link[0], {"csrf_token": visitor.token(), "given": "yes"})


def _of_program(answer: Any, field: str) -> str:
    if answer.status_code not in (200, 201):
        return (answer.json.get("errors") or [answer.json])[0]["code"]
    return _written((answer.json if field in WISHED else answer.json["person"])[field])


def by_page(app: Flask, lines: list[Line], sentences: dict[str, str], code: str) -> Answers:
    desk, answers = Desk(app, sentences, Role.COORDINATOR), {}
    for line, changes, field, _answer in lines:
        facts = _in_parts(_statement(changes)) | {"category": "police", "organization_id": "0"}
        refused = desk.send(f"/deliveries/{code}/nominate/person", facts)
        answers[line] = refused or _newest(app, Enrollment, field)
    return answers


def by_application(app: Flask, lines: list[Line], sentences: dict[str, str], code: str) -> Answers:
    """What is asked on the first screen is judged there, and not on the last."""
    desk, answers = Desk(app, sentences, is_known=False), {}
    for line, changes, field, _answer in lines:
        agreed = {"consent": "y", "language": "en", "gender": "undisclosed", "category": "military"}
        facts, address = _statement(changes) | agreed, f"/deliveries/{code}/apply"
        first = desk.send(address, facts | {"screen": "1", "step": "2"})
        last = first or desk.send(address, facts | {"screen": "3", "step": "4"})
        is_late = (
            last and not first and last != "organization_needed" and set(changes) <= set(SCREENS[1])
        )
        answers[line] = f"too late: {last}" if is_late else last or _newest(app, Enrollment, field)
    return answers


def by_new_account(app: Flask, lines: list[Line], sentences: dict[str, str], code: str) -> Answers:
    desk, answers = Desk(app, sentences, Role.ADMINISTRATOR), {}
    for line, changes, field, _answer in lines:
        refused = desk.send(
            "/administration/people/new",
            _statement(changes) | {"language": "en", "organization": ""},
        )
        answers[line] = refused or _newest(app, Person, field)
    return answers


def by_own_details(app: Flask, lines: list[Line], sentences: dict[str, str], code: str) -> Answers:
    desk, answers = Desk(app, sentences), {}
    for line, changes, field, _answer in lines:
        refused = desk.send(
            "/me/details", _statement(changes) | {"language": "en", "family_first": ""}
        )
        answers[line] = refused or _newest(app, Person, field)
    return answers


def by_corrections(app: Flask, lines: list[Line], sentences: dict[str, str], code: str) -> Answers:
    desk, answers = Desk(app, sentences, Role.ADMINISTRATOR), {}
    with app.app_context():
        address = f"/administration/people/{factories.person().id}/edit"
    for line, changes, field, _answer in lines:
        facts = _statement(changes) | {
            "language": "en",
            "family_first": "",
            "gender": "undisclosed",
        }
        answers[line] = desk.send(address, facts) or _newest(app, Person, field)
    return answers


def by_new_expert(app: Flask, lines: list[Line], sentences: dict[str, str], code: str) -> Answers:
    desk, answers = Desk(app, sentences, Role.ROSTER), {}
    for line, changes, field, _answer in lines:
        facts = {
            name if name in WISHED else f"person_{name}": value
            for name, value in _statement(changes).items()
        }
        facts |= {
            "category": "military",
            "person_gender": "undisclosed",
            "languages_0_framework": "cefr",
        }
        refused = desk.send("/roster/new", facts)
        if not refused:
            _say_yes(app)
        answers[line] = refused or _newest(app, Expert, field)
    return answers


def _in_parts(facts: dict[str, str]) -> dict[str, str]:
    """A day as pages ask for it."""
    year, month, day = facts["birth_date"].split("-")
    return facts | {
        "birth_date-year": year,
        "birth_date-month": str(int(month)),
        "birth_date-day": str(int(day)),
    }


def _newest(app: Flask, kind: type[Any], field: str) -> str:
    """What was kept last, of the person where the row itself does not say it."""
    with app.app_context():
        row = db.session.scalars(db.select(kind).order_by(kind.id.desc()).limit(1)).one()
        is_own = (
            kind is Person
            or field in WISHED
            or (kind is Enrollment and field == "name_on_certificate")
        )
        return _written(getattr(row if is_own else row.person, field))


def _written(value: Any) -> str:
    return str(list(value) if isinstance(value, tuple) else value or "")


NAMES = {"given_name", "family_name"}
PERSON = {*SOMEBODY} - {*WISHED}
#: The entry points, and what each of them asks. Who corrects a person sees the printed name, and
#: nothing is made of the others.
ENTRY_POINTS = {
    by_file: {*SOMEBODY},
    by_api: {*SOMEBODY},
    by_api_for_an_organization: {*SOMEBODY},
    by_page: {*SOMEBODY},
    by_application: {*SOMEBODY} - {"identifier", "birth_date"},
    by_experts_api: {*SOMEBODY} - {"identifier", "needs", "birth_date"},
    by_new_expert: {*SOMEBODY} - {"needs", "birth_date", "name_on_certificate"},
    by_new_account: NAMES | {"email"},
    by_own_details: NAMES | {"name_on_certificate", "country", "nationalities"},
    by_corrections: PERSON,
}
#: Where a place in a delivery is asked for: only there someone whom no country sends has to say who
#: does.
ENROLLING = (by_file, by_api, by_api_for_an_organization, by_page, by_application)


def lines_for(entry_point: Callable[..., Answers]) -> list[Line]:
    """The lines that the entry point can be told, and answers."""
    entry = ENTRY_POINTS[entry_point]
    makes_names = entry_point not in (by_own_details, by_corrections)
    return [
        line
        for line in LINES
        if {name for name, value in line[1].items() if value} <= entry
        and (line[3] != "organization_needed" or entry_point in ENROLLING)
        and (line[1].get("name_on_certificate", "given") or makes_names)
    ]


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
def test_every_entry_point_gives_the_answer_of_the_table(
    app: Flask, delivery: str, sentences: dict[str, str], entry_point: Callable[..., Answers]
) -> None:
    lines = lines_for(entry_point)
    answers = entry_point(app, lines, sentences, delivery)
    assert {
        line: answers[line] for line, _changes, _field, answer in lines if answers[line] != answer
    } == {}


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(LINES) >= 60 and {field for _line, changes, field, _answer in LINES} >= set(SOMEBODY)
    assert min(len(lines_for(entry_point)) for entry_point in ENTRY_POINTS) >= 60


def test_another_answer_would_be_noticed(
    app: Flask, delivery: str, sentences: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shown with a planted breach: entry points that take question marks for letters."""
    monkeypatch.setattr("people.name_rules._LOST", ())
    lines = [line for line in LINES if line[0] == "given_name: '?ukasz'"]
    for entry_point in ENTRY_POINTS:
        assert set(entry_point(app, lines, sentences, delivery).values()) == {"?ukasz"}


def test_an_answer_that_was_only_asked_about_is_none(
    app: Flask, delivery: str, sentences: dict[str, str]
) -> None:
    twice = "Амина".encode().decode("cp1251")
    line = ("twice", {"given_name": twice}, "given_name", "Амина")
    assert by_file(app, [line], sentences, delivery) == {"twice": "asked whether Амина"}


@pytest.mark.parametrize(
    ("typed", "stored"), [(typed, stored) for field, typed, stored in KEPT if field == "email"]
)
def test_sign_in_knows_the_address_however_it_is_typed(app: Flask, typed: str, stored: str) -> None:
    with app.app_context():
        factories.person(email=stored)
    page = Browser(app).get("/sign-in").form("/sign-in/link").submit(email=typed)
    with app.app_context():
        assert page.status == 200 and db.session.scalars(db.select(Mail.address)).all() == [stored]


@pytest.mark.parametrize("typed", [typed for field, typed, _code in REFUSED if field == "email"])
def test_sign_in_refuses_what_is_no_address(
    app: Flask, sentences: dict[str, str], typed: str
) -> None:
    assert (
        Desk(app, sentences, is_known=False).send("/sign-in/link", {"email": typed}) == "bad_email"
    )
