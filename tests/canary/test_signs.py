"""Each sign that a canary came to life is caught, text that stayed text is not, and the walk
finds what is new by itself."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pypdf
import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask, request
from flask_babel.speaklater import LazyString
from jinja2 import BaseLoader
from sqlalchemy.dialects.postgresql import JSONB

from certificates import layouts
from certificates.press import Press
from certificates.rendering import PayloadRefused, Renderer, check
from core.codes import Code
from core.database import UtcDateTime
from core.exports import cell
from core.policy import SYSTEM
from courses.queries import get_delivery
from tests import factories
from tests.canary.looking import (
    CANARIES,
    LINES,
    MARK,
    SUM,
    TAG,
    UNSEEN,
    in_content,
    in_headers,
    in_mail,
)
from tests.canary.sending import Sender, leaves, with_text
from tests.canary.test_canary import (
    nomination_file,
    read_life,
    read_mail,
    text_columns,
    through_a_life,
)
from tests.canary.test_canary import sender as sender  # a fixture
from tests.canary.test_canary import world as world  # a fixture
from tests.certificates.samples import sample as certificate
from tests.enrollment import makers as enrollments

FORMULA = CANARIES["markup in a formula"]
NAME = CANARIES["a name"].replace(UNSEEN, "")


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
        ("text/csv", "".join(f'"{cell(value)}"\r\n' for value in (*CANARIES.values(), LINES))),
        ("text/calendar", f"DESCRIPTION:x\\n{MARK.upper()}: 1\r\n y\r\n"),
    ],
)
def test_what_stayed_text_is_not(kind: str, text: str) -> None:
    assert list(in_content(kind, text.encode())) == []


def test_headers_and_messages() -> None:
    assert list(in_headers([("Location", f"//{MARK}.example/")])) and list(
        in_headers([("Location", f"https://{MARK}.example")])
    )
    assert list(in_headers([(MARK.upper(), "1")])) and not list(
        in_headers([("Location", "/me"), ("Location", "http://localhost/me")])
    )
    assert list(in_mail(f"x\r\nBcc: {MARK}", "a@example.org", "")) and list(
        in_mail("x", "a@example.org", f"<!doctype html>{TAG}")
    )
    assert not list(in_mail(f"x {TAG}", "a@example.org", f"{TAG} {SUM}"))


@pytest.mark.parametrize("marks", [{}, {"strings_to_formulas": False, "strings_to_urls": False}])
def test_workbooks(marks: dict[str, bool]) -> None:
    """As XlsxWriter writes text by itself, and as it should be told to."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, marks) as book:
        book.add_worksheet().write_column(0, 0, [FORMULA, f"http://{MARK}.example"])
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert len(list(in_content(kind, content.getvalue()))) == (0 if marks else 2)


# Papers


def paper_texts() -> dict[str, Any]:
    """The sample certificate with a canary in each of its texts that may be any text."""
    payload = certificate()
    for place in leaves(payload):
        number = len([leaf for leaf in leaves(payload) if MARK in str(_at(payload, leaf))])
        changed = with_text(payload, place, f"{number}{NAME}")
        try:
            check(changed)
        except PayloadRefused:
            continue
        payload = changed
    return payload


def _at(body: Any, place: tuple) -> Any:
    for part in place:
        body = body[part]
    return body


def test_a_paper_shows_every_text_as_it_was_written() -> None:
    texts = paper_texts()
    filled = {
        place[0]: _at(texts, place) for place in leaves(texts) if MARK in str(_at(texts, place))
    }
    assert set(filled) >= {
        "holder_name",
        "course_title",
        "venue",
        "objectives",
        "skills",
        "issuer",
        "signatories",
    }
    with Renderer() as renderer:
        pdf = renderer.render(texts)
    printed = "".join(pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    lost = [
        place
        for place in leaves(texts)
        if MARK in str(_at(texts, place)) and "".join(_at(texts, place).split()) not in printed
    ]
    assert {place[0] for place in lost} <= {
        "verify_url",
        "token",
        "skills",
        "holder_script_lang",
    } and not [p for p in lost if "title" in p]
    assert list(in_content("application/pdf", pdf)) == []


# Planted breaches


class Planted(BaseLoader):
    """The templates of the product, one of them with a value that is not escaped."""

    def __init__(self, loader: BaseLoader, name: str, safe: str, unsafe: str):
        self.loader, self.name, self.safe, self.unsafe = loader, name, safe, unsafe

    def get_source(self, environment: Any, template: str) -> Any:
        text, *others = self.loader.get_source(environment, template)
        if template == self.name:
            assert self.safe in text
            text = text.replace(self.safe, self.unsafe)
        return text, *others


@pytest.fixture
def fresh_templates(app: Flask) -> Iterator[None]:
    app.jinja_env.cache.clear()
    yield
    app.jinja_env.cache.clear()


def new_organization(sender: Sender) -> None:
    rule = next(
        rule
        for rule in sender.app.url_map.iter_rules()
        if rule.endpoint == "people.new_organization"
    )
    for role, form in sender.visit(rule):
        if form.action.endswith("/new"):
            sender.fill_in(role, form, "a new organization")
    sender.open(
        "administrator", "GET", "/administration/organizations", "the list of organizations"
    )


def test_a_value_that_a_template_does_not_escape_is_caught(
    sender: Sender, fresh_templates: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_organization(sender)
    assert sender.breaches == []
    planted = Planted(
        sender.app.jinja_env.loader,
        "macros/lists.html",
        "<bdi>{{ text }}</bdi></a>",
        "<bdi>{{ text | safe }}</bdi></a>",
    )
    monkeypatch.setattr(sender.app.jinja_env, "loader", planted)
    sender.app.jinja_env.cache.clear()
    sender.open(
        "administrator", "GET", "/administration/organizations", "the list of organizations"
    )
    assert any("markup came to life" in fault for fault in sender.breaches)


#: (template, how it shows a name, how it would by mistake): the pages of a delivery, an expert, a
#: certificate; mail.
PLANTED = [
    (
        "enrollment/selection.html",
        "<bdi>{{ entry.person.full_name }}</bdi>",
        "<bdi>{{ entry.person.full_name | safe }}</bdi>",
    ),
    ("macros/attendance.html", "<bdi>{{ line.name }}</bdi>", "<bdi>{{ line.name | safe }}</bdi>"),
    (
        "roster/expert.html",
        "<bdi>{{ person.full_name }}</bdi>",
        "<bdi>{{ person.full_name | safe }}</bdi>",
    ),
    (
        "certificates/certificate.html",
        "<bdi>{{ certificate.holder_name }}</bdi>",
        "<bdi>{{ certificate.holder_name | safe }}</bdi>",
    ),
]


def test_a_name_that_a_template_does_not_escape_is_caught(
    sender: Sender, fresh_templates: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    through_a_life(sender)
    read_life(sender)
    assert sender.breaches == []
    environment = sender.app.jinja_env
    own, caught = environment.loader, {}
    for template, *texts in PLANTED:
        monkeypatch.setattr(environment, "loader", Planted(own, template, *texts))
        environment.cache.clear()
        sender.breaches.clear()
        read_life(sender)
        caught[template] = [fault for fault in sender.breaches if "markup came to life" in fault]
    assert [template for template, faults in caught.items() if not faults] == []


def test_a_name_that_a_message_evaluates_is_caught(
    sender: Sender, fresh_templates: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written() -> list[str]:
        sender.breaches.clear()
        with sender.app.app_context():
            into = get_delivery(SYSTEM, "OPEN")
            enrollments.enrolled(into, person=factories.person(given=NAME, family=NAME))
        read_mail(sender)
        return sender.breaches

    assert written() == []
    environment = sender.app.jinja_env
    monkeypatch.setitem(
        environment.globals, "evaluated", lambda text: environment.from_string(text).render()
    )
    planted = Planted(
        environment.loader,
        "emails/enrollment_confirmed.txt",
        "=person.full_name",
        "=evaluated(person.full_name)",
    )
    monkeypatch.setattr(environment, "loader", planted)
    environment.cache.clear()
    assert any("a template was evaluated" in fault for fault in written())


def test_a_name_that_is_not_escaped_on_paper_is_caught() -> None:
    press, texts = Press(layouts.get("sheet")), check(paper_texts())
    environment = press._template.environment
    environment.loader = Planted(
        environment.loader, "page.html", "{{ name.value }}", "{{ name.value | safe }}"
    )
    environment.cache.clear()
    press._template = environment.get_template("page.html")
    assert any(
        "markup came to life" in fault
        for fault in in_content("application/pdf", press.print(texts))
    )


def test_a_sentence_that_calls_itself_markup_is_caught(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upload() -> None:
        sender.upload(
            "own nominator",
            "/deliveries/OPEN/nominate",
            nomination_file({"email": TAG}, {}),
            "people.csv",
        )

    upload()
    assert sender.breaches == []
    monkeypatch.setattr(LazyString, "__html__", lambda self: str(self), raising=False)
    upload()
    assert any("markup came to life" in fault for fault in sender.breaches)


def test_a_new_column_of_any_text_is_looked_for() -> None:
    kinds: list[Any] = [
        sa.String(9),
        sa.Text(),
        sa.JSON(),
        sa.JSON().with_variant(JSONB(), "postgresql"),
        Code(9),
        sa.Unicode(),
        sa.Integer(),
    ]
    kinds += [sa.Enum("a", native_enum=False), sa.Date(), UtcDateTime()]
    new = sa.MetaData()
    sa.Table("new", new, *(sa.Column(str(number), kind) for number, kind in enumerate(kinds)))
    assert [column.name for column in text_columns(new)] == ["0", "1", "2", "3", "4", "5"]


def test_a_name_that_a_view_begins_to_ask_for_is_found_and_what_it_echoes_is_caught(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = next(
        rule
        for rule in sender.app.url_map.iter_rules()
        if rule.endpoint == "administration.help_page"
    )
    view = sender.app.view_functions[rule.endpoint]

    def asking() -> str:
        return f"<p>{request.args.get('about', '')}</p>"

    asking.access = view.access  # type: ignore[attr-defined]  # read by the gate
    monkeypatch.setitem(sender.app.view_functions, rule.endpoint, asking)
    sender.visit(rule)
    names = {
        name
        for endpoint, place, name in sender.unsent()
        if (endpoint, place) == (rule.endpoint, "args")
    }
    assert "about" in names
    sender.ask(rule, "GET", "args", names)
    assert not {field for field in sender.unsent() if field[2] == "about"}
    assert any("markup came to life" in fault for fault in sender.breaches)
