"""A list that someone takes away as a file is whole, and is read and written while others write."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from administration.views import oversight
from certificates.models import Certificate
from certificates.views import register
from core import exports
from core.audit import AuditEntry
from core.database import db
from demonstration.experts import load_experts
from roster.models import ExpertSearch
from roster.queries import PER_READ
from tests import factories

EXPORTS: dict[str, tuple[Role, str, type, str]] = {
    "register": (Role.ADMINISTRATOR, "GET", Certificate, "/certificates?format={}"),
    "audit": (Role.ADMINISTRATOR, "GET", AuditEntry, "/administration/audit.csv?format={}"),
    "roster": (Role.ROSTER, "POST", ExpertSearch, "/roster/export?format={}"),
}


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if many more were in the list than are read at once."""
    assert register.PER_READ == oversight.PER_READ == 1000 and PER_READ == 500
    monkeypatch.setattr(register, "PER_READ", 3)
    monkeypatch.setattr(oversight, "PER_READ", 3)
    monkeypatch.setattr("roster.queries.PER_READ", 3)


@pytest.fixture
def writable(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Proves for each row that someone else can write before the next is read; how many there
    were."""
    rows_seen: list[int] = []
    with app.app_context():
        path = db.engine.url.database

    def watched(rows: Any) -> Iterator[Any]:
        for row in rows:
            with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                other.execute("ROLLBACK")
            rows_seen.append(1)
            yield row

    def watching(write: Callable[..., int]) -> Callable[..., int]:
        return lambda file, header, rows: write(file, header, watched(rows))

    for name in ("write_csv", "_write_xlsx"):
        monkeypatch.setattr(exports, name, watching(getattr(exports, name)))
    return rows_seen


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("kind", exports.FORMATS)
@pytest.mark.parametrize("name", EXPORTS)
def test_a_file_has_every_row_and_holds_no_lock(
    app: Flask, sign_in: Any, writable: list[int], name: str, kind: str
) -> None:
    role, method, model, address = EXPORTS[name]
    with app.app_context():
        load_experts(20, seed=1, files=False)
        browser = sign_in(factories.actor(role))
        count = db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0
    data = {"csrf_token": browser.token()} if method == "POST" else {}
    answer = browser.client.open(address.format(kind), method=method, data=data)
    assert answer.status_code == 200
    if kind == "csv":
        lines = csv.reader(io.StringIO(answer.get_data(as_text=True)))
        assert len(list(lines)) == len(writable) + 1
    assert len(writable) >= count > 3
