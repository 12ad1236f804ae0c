"""Counting what a block costs. Clocks do not judge: machines differ, and others work on them."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, before_render_template, g, has_app_context, template_rendered
from sqlalchemy import event

from core.database import db


@dataclass
class Count:
    """The statements sent, without those that begin, end or release something."""

    statements: list[str] = field(default_factory=list)

    @property
    def selects(self) -> int:
        return sum(
            statement.lstrip().upper().startswith(("SELECT", "WITH"))
            for statement in self.statements
        )


@contextmanager
def queries_counted() -> Iterator[Count]:
    """Inside an app context."""
    count, engine = Count(), db.engine

    def note(
        connection: Any,
        cursor: Any,
        statement: str,
        parameters: Any,
        context: Flask,
        executemany: Any,
    ) -> None:
        count.statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield count
    finally:
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def queries_of_templates(app: Flask) -> Iterator[list[str]]:
    """What templates asked of the database while they were rendered, each with the template's
    name: a list to stay empty."""
    statements: list[str] = []

    def begin(sender: Any, template: Any, **facts: Any) -> None:
        g.rendering = template.name or "a template"

    def end(sender: Any, **facts: Any) -> None:
        g.rendering = None

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if has_app_context() and g.get("rendering"):
            statements.append(f"{g.rendering}: {' '.join(statement.split())[:200]}")

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        with (
            before_render_template.connected_to(begin, app),
            template_rendered.connected_to(end, app),
        ):
            yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def few_marks_sorted() -> Iterator[None]:
    """No text is normalised with more combining marks in a row than any language uses: sorting
    them takes quadratic time, and 100,000 of them stop a process for a minute."""
    longest, normalize = 0, unicodedata.normalize

    def spy(form: Any, text: str) -> str:
        nonlocal longest
        runs = itertools.groupby(text, lambda character: unicodedata.combining(character) > 0)
        longest = max([longest, *(sum(1 for _ in run) for are_marks, run in runs if are_marks)])
        return normalize(form, text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unicodedata, "normalize", spy)
        yield
    assert longest <= 30
