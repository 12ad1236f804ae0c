"""Templates run no queries: every test that fetches a page looks (the `app` fixture), and here
is shown that it would see one. Their lines have at most 100 columns, as in the code; a long
message is two strings side by side, which the catalogue joins."""

from __future__ import annotations

import sqlalchemy as sa
from flask import render_template_string

from core.database import db
from core.settings import ROOT
from tests.counting import queries_of_templates
from tests.databases import Database


def long_lines(text: str) -> list[int]:
    """The numbers of the lines that have more than 100 columns."""
    return [number for number, line in enumerate(text.splitlines(), 1) if len(line) > 100]


def test_no_line_is_longer_than_100_columns() -> None:
    templates = [path for path in sorted((ROOT / "templates").rglob("*")) if path.is_file()]
    assert templates
    assert [
        f"{path.relative_to(ROOT).as_posix()}:{number}"
        for path in templates
        for number in long_lines(path.read_text(encoding="utf-8"))
    ] == []


def test_a_longer_line_is_caught() -> None:
    assert long_lines("é" * 100 + "\n" + "é" * 101) == [2]


def test_a_query_in_a_template_is_caught(database: Database) -> None:
    with database.app.test_request_context(), queries_of_templates(database.app) as queries:
        ask = lambda: db.session.scalar(sa.text("SELECT 1"))  # noqa: E731 -- used twice
        ask()
        assert render_template_string("<p>{{ ask() }}</p>", ask=ask) == "<p>1</p>"
        ask()
    assert queries == ["a template: SELECT 1"]
