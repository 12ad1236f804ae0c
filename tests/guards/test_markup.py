"""Text stays text: only a few places of the code call something markup, each listed here with
what makes it so. Everything else is escaped where it is shown, the sentences of refusals with
whatever they quote first of all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from flask import Flask, render_template_string
from flask_babel import lazy_gettext, lazy_ngettext, lazy_pgettext
from flask_babel.speaklater import LazyString
from markupsafe import Markup, escape

from core.errors import Invalid
from core.forms import Form
from core.settings import ROOT
from tests.guards import source

#: file → (how many calls of Markup there are, why what they call markup is).
MARKUP = {
    "certificates/views/panel.py": (2, "the output of a template"),
    "core/forms.py": (4, "the parts are escaped one by one"),
    "core/i18n.py": (
        2,
        "our own sentence, from the catalogue, or an element around a text; facts and text are "
        "escaped",
    ),
    "enrollment/views/catalogue.py": (1, "the output of a template"),
}


def calls_of_markup(name: str, tree: ast.Module) -> Iterator[str]:
    """Where something is declared to be markup: by calling Markup, by a `__html__` of its own,
    by leaving templates unescaped."""
    for node in ast.walk(tree):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if called.rpartition(".")[2] == "Markup":
            yield f"{name}: Markup()"
        elif (
            isinstance(node, ast.FunctionDef | ast.Attribute | ast.Name)
            and "__html__"
            in (getattr(node, "name", None), getattr(node, "attr", None), getattr(node, "id", None))
            and not isinstance(getattr(node, "ctx", None), ast.Del)
        ):
            yield f"{name}: __html__"
        elif (
            isinstance(node, ast.keyword)
            and node.arg == "autoescape"
            and getattr(node.value, "value", None) is False
        ):
            yield f"{name}: autoescape=False"


def test_what_calls_itself_markup_is_listed_with_its_reason() -> None:
    places = [
        place
        for path in source.files()
        for place in calls_of_markup(source.name(path), source.tree(path))
    ]
    assert sorted(places) == sorted(
        f"{name}: Markup()" for name, (count, _why) in MARKUP.items() for _ in range(count)
    )


@pytest.mark.parametrize(
    "code",
    [
        "flash(Markup(_('Hello %(name)s') % name))",
        "return markupsafe.Markup(words)",
        "class Message:\n    def __html__(self): return self.words",
        "Message.__html__ = Message.__str__",
        "Environment(loader=loader, autoescape=False)",
    ],
)
def test_another_place_that_calls_itself_markup_is_caught(code: str) -> None:
    assert list(calls_of_markup("roster/views.py", ast.parse(code))) != []


UNESCAPED = re.compile(r"\|\s*safe\b|autoescape|\bMarkup\b|\|\s*(?:tojson|urlize)\b")


def unescaped(text: str) -> list[str]:
    return UNESCAPED.findall(re.sub(r"\{#.*?#\}", "", text, flags=re.S))


def test_templates_leave_nothing_unescaped() -> None:
    pages = sorted((ROOT / "templates").rglob("*"))
    assert [
        f"{path}: {expressions}"
        for path in pages
        if path.is_file() and (expressions := unescaped(path.read_text("utf-8")))
    ] == []
    kinds = {path.suffix for path in pages if path.is_file()}
    assert kinds == {".html", ".txt", ".css", ".toml"}, (
        "Jinja escapes .html; another kind needs a look at how it is escaped"
    )


@pytest.mark.parametrize(
    "line",
    ["{{ name|safe }}", "{{ name | safe }}", "{% autoescape false %}", "{{ words | urlize }}"],
)
def test_an_unescaped_value_in_a_template_is_caught(line: str) -> None:
    assert unescaped(line) != []


LIVE, HARMLESS = "<b formaction=/x>", "&lt;b formaction=/x&gt;"
LAZY = {
    "lazy_gettext": lambda: lazy_gettext("“%(name)s” is not an email address.", name=LIVE),
    "lazy_ngettext": lambda: lazy_ngettext(
        "%(num)s of %(name)s", "%(num)s of %(name)s", 2, name=LIVE
    ),
    "lazy_pgettext": lambda: lazy_pgettext("a place", "in %(name)s", name=LIVE),
    "LazyString": lambda: LazyString(lambda: f"from {LIVE}"),
}
SHOWN = {
    "{{ message }}": "a page",
    "{{ [message] | join(' ') }}": "several together",
    "{{ _('Row %(row)s', row=message) }}": "a fact of another sentence",
    "{% set said %}{{ message }}{% endset %}{{ said }}": "kept for later",
    '<a title="{{ message }}">': "an attribute",
}


def shows_it_live(app: Flask, template: str, message: object) -> bool:
    with app.test_request_context("/"):
        return LIVE in render_template_string(template, message=message)


@pytest.mark.parametrize("markup", LAZY)
@pytest.mark.parametrize("template", SHOWN, ids=SHOWN.values())
def test_a_lazy_sentence_is_escaped_wherever_it_is_shown(
    app: Flask, markup: str, template: str
) -> None:
    assert not shows_it_live(app, template, LAZY[markup]())


def test_a_refusal_is_escaped_at_its_field_and_in_markup(app: Flask) -> None:
    with app.test_request_context("/"):
        refusal, form = Invalid("bad", LAZY["lazy_gettext"]()), Form()
        form.refuse(refusal)
        assert HARMLESS in escape(refusal.message)
        assert HARMLESS in Markup("<p>{}</p>").format(form.refused[0])
        assert HARMLESS in Markup("<p>%s</p>") % form.refused[0]
        assert str(refusal.message).count(LIVE) == 1, "the API's answer and mails quote it as it is"


def test_a_lazy_sentence_that_calls_itself_markup_is_caught(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Flask-Babel has it."""
    monkeypatch.setattr(LazyString, "__html__", lambda self: str(self), raising=False)
    caught = [
        template for template in SHOWN if shows_it_live(app, template, LAZY["lazy_gettext"]())
    ]
    assert caught == list(SHOWN)
