"""Each sign that a canary came to life is caught, text that stayed text is not, and the walk finds what is new by itself."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import pypdf
import pytest
import xlsxwriter
from flask import Flask, request
from flask_babel.speaklater import LazyString
from jinja2 import BaseLoader

from certificates.rendering import PayloadRefused, Renderer, check
from core.database import transaction
from core.exports import csv_text
from core.policy import SYSTEM
from courses.queries import get_delivery
from enrollment.services import Nominee, nominate
from tests import factories
from tests.canary.looking import CANARIES, LINES, MARK, SUM, TAG, in_content, in_headers, in_mail
from tests.canary.sending import Sender, leaves, with_text
from tests.canary.test_canary import nomination_file
from tests.canary.test_canary import sender as sender  # a fixture
from tests.canary.test_canary import world as world  # a fixture
from tests.certificates.samples import sample as certificate

FORMULA = CANARIES["markup in a formula"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("text/html", f"<p>“{TAG}” is not a name</p>"),
        ("text/html", f'<a title="x"on{MARK}=1>'),
        ("text/html", f'<a href="//{MARK}.example/">x</a>'),
        ("text/html", f'<button formaction="={MARK}">x</button>'),
        ("text/html", f"<p>49{MARK}</p>"),
        ("text/plain", f"Dear 49{MARK},"),
        ("text/csv", f"Name\r\n{FORMULA}\r\n"),
        ("text/csv", f'Name\r\n"\t={MARK}"\r\n'),
        ("text/csv", f"Nom;Grade\r\nx;={MARK}\r\n"),
        ("text/csv", f"Name\r\n|{MARK}\r\n"),
        ("text/csv", f"Name\r\n\uff1d{MARK}\r\n"),
        ("text/calendar", f"DESCRIPTION:x\r\n{MARK.upper()}: 1\r\n"),
    ],
)
def test_what_came_to_life_is_caught(kind: str, text: str) -> None:
    assert list(in_content(kind, text.encode())) != []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("text/html", f"<p>&lt;i {MARK}&gt; &#34;on{MARK}=1 {SUM}</p>"),
        ("text/html", f'<input value="//{MARK}.example/&lt;i {MARK}&gt;">'),
        ("text/plain", f"{TAG} {SUM}"),
        ("text/csv", csv_text(["Name"], [[one] for one in (*CANARIES.values(), LINES)])),
        ("text/calendar", f"DESCRIPTION:x\\n{MARK.upper()}: 1\r\n y\r\n"),
    ],
)
def test_what_stayed_text_is_not(kind: str, text: str) -> None:
    assert list(in_content(kind, text.encode())) == []


def test_headers_and_messages() -> None:
    assert list(in_headers([("Location", f"//{MARK}.example/")])) and list(in_headers([("Location", f"https://{MARK}.example")]))
    assert list(in_headers([(MARK.upper(), "1")])) and not list(
        in_headers([("Location", "/me"), ("Location", "http://localhost/me")])
    )
    assert list(in_mail(f"x\r\nBcc: {MARK}", "a@example.org", "")) and list(
        in_mail("x", "a@example.org", f"<!doctype html>{TAG}")
    )
    assert not list(in_mail(f"x {TAG}", "a@example.org", f"{TAG} {SUM}"))


@pytest.mark.parametrize("given", [{}, {"strings_to_formulas": False, "strings_to_urls": False}])
def test_workbooks(given: dict[str, bool]) -> None:
    """As XlsxWriter writes text by itself, and as it should be told to."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, given) as book:
        book.add_worksheet().write_column(0, 0, [FORMULA, f"http://{MARK}.example"])
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert len(list(in_content(kind, made.getvalue()))) == (0 if given else 2)


# Papers


def paper_texts() -> dict[str, Any]:
    """The sample certificate with a canary in each of its texts that may be any text."""
    made = certificate()
    for place in leaves(made):
        number = len([one for one in leaves(made) if MARK in str(_at(made, one))])
        changed = with_text(made, place, f"{TAG}{number} {SUM}")
        try:
            check(changed)
        except PayloadRefused:
            continue
        made = changed
    return made


def _at(body: Any, place: tuple) -> Any:
    for part in place:
        body = body[part]
    return body


def test_a_paper_shows_every_text_as_it_was_written() -> None:
    made = paper_texts()
    filled = {place[0]: _at(made, place) for place in leaves(made) if MARK in str(_at(made, place))}
    assert set(filled) >= {"holder_name", "course_title", "venue", "objectives", "skills", "issuer", "signatories"}
    with Renderer() as renderer:
        pdf = renderer.render(made)
    printed = "".join(pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    lost = [place for place in leaves(made) if MARK in str(_at(made, place)) and "".join(_at(made, place).split()) not in printed]
    assert {place[0] for place in lost} <= {"verify_url", "token", "skills", "holder_script_lang"} and not [
        p for p in lost if "title" in p
    ]
    assert list(in_content("application/pdf", pdf)) == []


# Planted breaches


class Planted(BaseLoader):
    """The templates of the house, one of them with a value that is not escaped."""

    def __init__(self, loader: BaseLoader, name: str, safe: str, unsafe: str):
        self.loader, self.name, self.safe, self.unsafe = loader, name, safe, unsafe

    def get_source(self, environment: Any, template: str) -> Any:
        text, *rest = self.loader.get_source(environment, template)
        if template == self.name:
            assert self.safe in text
            text = text.replace(self.safe, self.unsafe)
        return text, *rest


@pytest.fixture
def fresh_templates(app: Flask):
    app.jinja_env.cache.clear()
    yield
    app.jinja_env.cache.clear()


def new_organization(sender: Sender) -> None:
    rule = next(rule for rule in sender.app.url_map.iter_rules() if rule.endpoint == "accounts.new_organization")
    for role, form in sender.visit(rule):
        if form.action.endswith("/new"):
            sender.fill_in(role, form, "a new organization")
    sender.open("administrator", "GET", "/administration/organizations", "the list of organizations")


def test_a_value_that_a_template_does_not_escape_is_caught(
    sender: Sender, fresh_templates, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_organization(sender)
    assert sender.breaches == []
    planted = Planted(
        sender.app.jinja_env.loader, "macros/lists.html", "<bdi>{{ text }}</bdi></a>", "<bdi>{{ text | safe }}</bdi></a>"
    )
    monkeypatch.setattr(sender.app.jinja_env, "loader", planted)
    sender.app.jinja_env.cache.clear()
    sender.open("administrator", "GET", "/administration/organizations", "the list of organizations")
    assert any("markup came to life" in fault for fault in sender.breaches)


def test_a_name_that_a_template_does_not_escape_is_caught(
    sender: Sender, fresh_templates, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = Nominee(CANARIES["a name"], CANARIES["a name"], "civilian", email="canary@example.org", country="CA")
    with sender.app.app_context(), transaction():
        nominate(SYSTEM, get_delivery(SYSTEM, "OPEN").id, factories.organization("CA-MFA"), [called])
    look = partial(sender.open, "coordinator", "GET", "/deliveries/OPEN/selection", "who wants a place")
    sender.browser("coordinator")
    assert MARK in look().text and sender.breaches == []
    name = "<bdi>{{ entry.person.full_name }}</bdi>"
    planted = Planted(sender.app.jinja_env.loader, "enrollment/selection.html", name, name.replace(" }}", " | safe }}"))
    monkeypatch.setattr(sender.app.jinja_env, "loader", planted)
    sender.app.jinja_env.cache.clear()
    look()
    assert any("markup came to life" in fault for fault in sender.breaches)


def test_a_sentence_that_calls_itself_markup_is_caught(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    def upload() -> None:
        sender.upload("own nominator", "/deliveries/OPEN/nominate", nomination_file({"email": TAG}, {}), "people.csv")

    upload()
    assert sender.breaches == []
    monkeypatch.setattr(LazyString, "__html__", lambda self: str(self), raising=False)
    upload()
    assert any("markup came to life" in fault for fault in sender.breaches)


def test_a_name_that_a_view_begins_to_ask_for_is_found_and_what_it_echoes_is_caught(sender: Sender, monkeypatch) -> None:
    rule = next(rule for rule in sender.app.url_map.iter_rules() if rule.endpoint == "accounts.help_page")
    view = sender.app.view_functions[rule.endpoint]

    def asking() -> str:
        return f"<p>{request.args.get('about', '')}</p>"

    asking.access = view.access
    monkeypatch.setitem(sender.app.view_functions, rule.endpoint, asking)
    sender.visit(rule)
    asked = {name for endpoint, place, name in sender.left() if (endpoint, place) == (rule.endpoint, "args")}
    assert "about" in asked
    sender.ask(rule, "GET", "args", asked)
    assert not {one for one in sender.left() if one[2] == "about"}
    assert any("markup came to life" in fault for fault in sender.breaches)
