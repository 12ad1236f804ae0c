"""Templates run no queries: every test that fetches a page looks (the `app` fixture), and here
is shown that it would see one."""

from __future__ import annotations

import sqlalchemy as sa
from flask import render_template_string

from core.database import db
from tests.counting import queries_of_templates
from tests.databases import Database


def test_a_query_in_a_template_is_caught(database: Database) -> None:
    with database.app.test_request_context(), queries_of_templates(database.app) as asked:
        ask = lambda: db.session.scalar(sa.text("SELECT 1"))  # noqa: E731 -- used twice
        ask()
        assert render_template_string("<p>{{ ask() }}</p>", ask=ask) == "<p>1</p>"
        ask()
    assert asked == ["a template: SELECT 1"]
