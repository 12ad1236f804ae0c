"""Every page asks as many questions, and reads hardly more rows, when the tables hold ten times as
many experts, certificates and deliveries of others."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core.database import db
from tests.load import filling, growth

#: SQLite says how far it is after so many of its instructions; a row read costs some ten.
STEP = 100
#: What a page may carry out more: a deeper index, a fuller page of a list.
MORE = 25 * STEP
#: What grows, and why. An address is taken out once its page is flat.
GROWS = {
    "/roster": "searches count what matches, up to 10,000; a list is not full in the small database",
    "/api/v1/experts": "as /roster",
    "/roster/waiting": "counts who waits",
    "/certificates": "who may see only some of them has no index in the order of the page",
    "/nominations": "a page of deliveries with their places, not full in the small database",
    "/nominations.csv": "an export of all of them",
    "/deliveries": "counts deliveries by status; a page not full in the small database",
    "/api/v1/deliveries": "a page not full in the small database",
    "/deliveries/<code>/participants.csv": "looks for earlier courses among all certificates",
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


@pytest.mark.timeout(300)
def test_ten_times_the_rows_cost_a_page_no_more(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "seat", lambda *_: None)  # the people of a page's own delivery
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
        what.partition("?")[0]: (what, role, few[what, role], many[what, role])
        for what, role in few
        if many[what, role][1] != few[what, role][1]
        or many[what, role][0] > 2 * few[what, role][0] + MORE
    }
    assert {address: line for address, line in grown.items() if address not in GROWS} == {}
    assert GROWS.keys() - grown.keys() == set(), "these are flat: take them out of GROWS"
