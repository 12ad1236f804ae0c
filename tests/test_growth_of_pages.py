"""Every page asks as many questions as `tests/queries_of_pages.py` says, and reads hardly more rows,
when the tables hold ten times as many experts, certificates and deliveries of others."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core import counting
from core.database import db
from demonstration.experts import deliveries, profiles
from tests.load import filling, growth
from tests.queries_of_pages import QUERIES, ROLES

#: SQLite says how far it is after so many of its instructions; a row read costs some ten.
STEP = 100
#: What a page may carry out more: a deeper index, more that is found of a page.
MORE = 25 * STEP
#: The small database fills a page of every list already, and has more than are counted.
FULL = (
    (filling, "EXPERTS_EACH", 1),
    (filling, "SEATED", 2),
    (deliveries, "PLACES", 3),
    (profiles, "WAITING", 0.5),
    (counting, "MOST_COUNTED", 20),
)
#: What grows, by how the address begins, and why.
GROWS = {
    "/roster?": "looks at all who match, up to MOST_COUNTED, which is 10,000 in use",
    "/api/v1/experts?": "as /roster?; a page of whom is found is not full in the small database",
    "/certificates?format=csv": "an export of all of them",
    "/nominations.csv": "an export of all of them",
    "/administration/audit.csv": "an export of all entries",
}


class Work:
    """The instructions that SQLite carries out, and the questions it is asked."""

    def __init__(self) -> None:
        self.steps = self.queries = 0

    def begin(self) -> None:
        self.steps = self.queries = 0

    def step(self) -> int:
        self.steps += STEP
        return 0

    def query(self, *_: Any) -> None:
        self.queries += 1

    def watch(self, connection: sqlite3.Connection, *_: Any) -> None:
        connection.set_progress_handler(self.step, STEP)


@contextmanager
def watched(app: Flask) -> Iterator[Work]:
    work = Work()
    listeners = ("checkout", work.watch), ("before_cursor_execute", work.query)
    with app.app_context():
        engine = db.engine
    for name, listener in listeners:
        sa.event.listen(engine, name, listener)
    try:
        yield work
    finally:
        for name, listener in listeners:
            sa.event.remove(engine, name, listener)
        engine.dispose()


def measured(
    visitors: growth.Visitors, work: Work, addresses: list[tuple[str, str, str]]
) -> dict[tuple[str, str], tuple[int, int]]:
    """(instructions, questions) of each page; what a first visit learns is learnt before."""
    costs = {}
    for what, role, address in addresses:
        visitors.get(role, address)
        work.begin()
        visitors.get(role, address)
        costs[what, role] = work.steps, work.queries
    return costs


def questions(costs: dict[tuple[str, str], tuple[int, int]]) -> dict[str, str]:
    """How many each page asks, as QUERIES has them. What is asked of a list is the same page."""
    pages = sorted({what for what, _role in costs if "?" not in what})
    counts = {page: [costs.get((page, role), (0, "-"))[1] for role in ROLES] for page in pages}
    return {page: " ".join(map(str, row)) for page, row in counts.items()}


def changed_lines(now: dict[str, str]) -> list[str]:
    """What QUERIES would have to say instead."""
    stale = [f'    "{page}" is gone' for page in QUERIES if page not in now]
    return stale + [
        f'    "{page}": "{row}",' for page, row in now.items() if QUERIES.get(page) != row
    ]


@pytest.mark.timeout(300)
def test_ten_times_the_rows_cost_a_page_no_more(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "seat", lambda *_: None)  # the people of a page's own delivery
    for module, name, value in FULL:
        monkeypatch.setattr(module, name, value)
    with app.app_context():
        filled = filling.begin(app, 100)
        addresses = list(growth.addresses(filled.world))
    visitors = growth.Visitors(filled.world)
    with watched(app) as work:
        few = measured(visitors, work, addresses)
        with app.app_context():
            filling.grow(filled, 1000)
        many = measured(visitors, work, addresses)
    grown = {
        (what, role): (few[what, role], many[what, role])
        for what, role in few
        if many[what, role][1] != few[what, role][1]
        or many[what, role][0] > 1.5 * few[what, role][0] + MORE
    }
    assert {
        page: cost for page, cost in grown.items() if not page[0].startswith(tuple(GROWS))
    } == {}
    flat = {start for start in GROWS if not any(what.startswith(start) for what, _role in grown)}
    assert flat == set(), "these are flat: take them out of GROWS"
    lines = "\n".join(changed_lines(questions(few)))
    assert lines == "", f"if pages are meant to ask so much, tests/queries_of_pages.py:\n{lines}"
