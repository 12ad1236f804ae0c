"""A migration keeps no one waiting on PostgreSQL and leaves the previous release running: what each
one sends is read by squawk, a linter of migrations.

A migration that may do it all the same names the rule and the reason:
`ACCEPTED = {"require-concurrent-index-creation": "a table of a few hundred rows"}`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import Script
from flask import Flask

from core.database import db
from core.migrations import upgrade
from tests.guards.test_migrations import empty_app, scripts

__all__ = ["empty_app"]

#: The migrations up to this one are in a release: installations have run them.
RELEASED = "0027"

#: Rules of squawk that are not asked.
NOT_ASKED = {
    "prefer-robust-stmts": "each migration is one transaction: nothing of it stays behind",
    "prefer-text-field": "lengths are limited by the columns, as SQLite's tables and forms know them",
    "prefer-bigint-over-int": "keys are whole numbers of SQLAlchemy's usual size",
    "prefer-identity": "keys are made as SQLAlchemy makes them",
    "ban-concurrent-index-creation-in-transaction": "PostgreSQL itself refuses it",
    "require-lock-timeout": "core.database sets it for every connection",
    "require-statement-timeout": "filling a new table may take its time",
}

CHANGES = re.compile(r"\s*(ALTER|CREATE|DROP|TRUNCATE|REINDEX|DO)\b", re.IGNORECASE)


def breaches(sql: str) -> Iterator[str]:
    """The rules that these statements break."""
    squawk = Path(sys.executable).with_name("squawk")
    answer = subprocess.run(
        [
            squawk,
            "--pg-version=15",
            "--assume-in-transaction",
            f"--exclude={','.join(NOT_ASKED)}",
            "--reporter=json",
        ],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode in (0, 1), answer.stderr
    for finding in json.loads(answer.stdout):
        yield finding["rule_name"]


def sent_by(revision: str) -> str:
    """The statements that change tables, as this migration sends them."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if CHANGES.match(statement) and "alembic_version" not in statement:
            sent.append(statement.strip().rstrip(";"))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        upgrade(revision=revision)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    return "".join(f"{statement};\n" for statement in sent)


def not_accepted(module: ModuleType, sql: str) -> list[str]:
    accepted = getattr(module, "ACCEPTED", {})
    assert all(accepted.values()), f"{module.__name__}: an exception has its reason"
    return sorted(set(breaches(sql)) - set(accepted))


def since_the_release() -> list[Script]:
    newest_first = list(scripts().walk_revisions())
    names = [script.revision for script in newest_first]
    return newest_first[: names.index(RELEASED)][::-1]


@pytest.mark.both_databases
def test_what_is_not_released_locks_no_table_and_breaks_no_release(empty_app: Flask) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time, and no linter")
    upgrade(revision="0025")
    (older,) = (script for script in scripts().walk_revisions() if script.revision == "0026")
    assert not_accepted(older.module, sent_by("0026")), "made before there was this rule"
    upgrade(revision=RELEASED)
    for script in since_the_release():
        sql = sent_by(script.revision)
        assert not_accepted(script.module, sql) == [], f"{script.revision}:\n{sql}"


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("CREATE INDEX i ON person (email);", "require-concurrent-index-creation"),
        ("DROP INDEX i;", "require-concurrent-index-deletion"),
        ("ALTER TABLE person ADD COLUMN x INTEGER NOT NULL;", "adding-required-field"),
        ("ALTER TABLE person ADD COLUMN x TEXT DEFAULT random();", "adding-field-with-default"),
        ("ALTER TABLE person ALTER COLUMN email SET NOT NULL;", "adding-not-nullable-field"),
        ("ALTER TABLE person ALTER COLUMN email TYPE TEXT;", "changing-column-type"),
        ("ALTER TABLE person DROP COLUMN email;", "ban-drop-column"),
        ("DROP TABLE person;", "ban-drop-table"),
        ("ALTER TABLE person RENAME COLUMN email TO mail;", "renaming-column"),
        ("ALTER TABLE person RENAME TO people;", "renaming-table"),
        ("ALTER TABLE person ADD CONSTRAINT c CHECK (id > 0);", "constraint-missing-not-valid"),
        (
            "ALTER TABLE mark ADD CONSTRAINT f FOREIGN KEY (by_id) REFERENCES person (id);",
            "adding-foreign-key-constraint",
        ),
        (
            "ALTER TABLE person ADD CONSTRAINT u UNIQUE (email);",
            "disallowed-unique-constraint",
        ),
        ("TRUNCATE person CASCADE;", "ban-truncate-cascade"),
    ],
)
def test_a_change_that_locks_or_breaks_is_caught(sql: str, rule: str) -> None:
    module = ModuleType("planted")
    assert rule in not_accepted(module, sql)
    module.__dict__["ACCEPTED"] = {rule: "of no one's concern"}
    assert rule not in not_accepted(module, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE x (id SERIAL PRIMARY KEY, n INTEGER NOT NULL); CREATE INDEX i ON x (n);",
        "ALTER TABLE person ADD COLUMN x VARCHAR(20);",
        "ALTER TABLE person ADD COLUMN x INTEGER NOT NULL DEFAULT 0;",
        "CREATE INDEX CONCURRENTLY i ON person (email);",
        "ALTER TABLE person ADD CONSTRAINT c CHECK (id > 0) NOT VALID;",
    ],
)
def test_what_waits_for_no_one_passes(sql: str) -> None:
    assert list(breaches(sql)) == []


def test_an_exception_without_a_reason_is_caught() -> None:
    module = ModuleType("planted")
    module.__dict__["ACCEPTED"] = {"ban-drop-column": ""}
    with pytest.raises(AssertionError, match="reason"):
        not_accepted(module, "ALTER TABLE person DROP COLUMN email;")
