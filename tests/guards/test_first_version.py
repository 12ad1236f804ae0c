"""A database of the first version is carried across: its own demonstration, as SQL that both
databases read, with what a place in use would also have in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import CHECKS
from core.database import db
from core.migrations import upgrade
from tests.guards.test_migrations import differences, empty_app

pytestmark = pytest.mark.both_databases
__all__ = ["empty_app"]  # a fixture

EARLIER = Path(__file__).parent / "first_version.sql"
#: Someone uses another person's mailbox, a nomination names someone else, certificates were revoked
#: for what the older release called misconduct and plagiarism, and someone still had a wish when a
#: delivery was cancelled.
BESIDES = """
UPDATE person SET email = NULL, email_key = NULL, shared_email = 'participant@rostrum.example', shared_email_key = 'participant@rostrum.example' WHERE id = '9';
UPDATE nomination SET given_name = 'Paul', family_name = 'Martin' WHERE id = '1';
UPDATE certificate SET reason_code = 'misconduct' WHERE id = '10';
UPDATE certificate SET reason_code = 'plagiarism' WHERE id = '14';
UPDATE enrollment SET status = 'withdrawn', delivery_id = (SELECT id FROM delivery WHERE code = 'POC-CANCELLED'),
  reason = (SELECT cancel_reason FROM delivery WHERE code = 'POC-CANCELLED') WHERE id = '48';
"""


@pytest.fixture
def output(empty_app: Flask, capsys: pytest.CaptureFixture[str]) -> str:
    """What the migration said."""
    upgrade(revision="0013")
    statements = EARLIER.read_text("utf-8").split(";\n") + BESIDES.split(";\n")
    with db.engine.connect().execution_options(writes=True) as connection:
        is_postgresql = connection.dialect.name == "postgresql"
        if is_postgresql:
            connection.exec_driver_sql("SET TIME ZONE 'UTC'")
        for statement in filter(str.strip, statements):
            connection.exec_driver_sql(statement.replace("%", "%%") if is_postgresql else statement)
        if is_postgresql:  # the rows brought their own ids
            for table, columns in sa.inspect(connection).get_multi_columns().items():
                if any(
                    column["name"] == "id" and column.get("autoincrement") for column in columns
                ):
                    connection.exec_driver_sql(
                        f"SELECT setval(pg_get_serial_sequence('{table[1]}', 'id'), "
                        f"coalesce(max(id), 1)) FROM {table[1]}"
                    )
        connection.commit()
    capsys.readouterr()
    upgrade()
    return capsys.readouterr().out


def query(statement: str) -> list:
    with db.engine.connect() as connection:
        return list(connection.execute(sa.text(statement)).scalars())


def test_the_first_version_is_carried_across(output: str) -> None:
    assert differences() == []
    assert query("SELECT COUNT(*) FROM enrollment WHERE origin_id <> person_id") == [0]
    assert query(
        "SELECT COUNT(*) FROM person WHERE identifier IS NOT NULL AND country IS NOT NULL AND "
        "issuer_country <> country"
    ) == [0]
    assert query("SELECT email_key FROM person WHERE id = 9") == ["participant@rostrum.example"]
    assert query("SELECT reason_code FROM certificate WHERE id IN (10, 14) ORDER BY id") == [
        "recognition_withdrawn",
        "fraud",
    ]
    assert query("SELECT status FROM enrollment WHERE id = 48") == ["delivery_cancelled"]
    centre = query("SELECT id FROM organization WHERE is_first ORDER BY id")[0]
    assert (
        query("SELECT DISTINCT centre_id FROM certificate")
        == query("SELECT DISTINCT centre_id FROM enrollment")
        == [centre]
    )
    assert query("SELECT COUNT(*) FROM skill_grant") == [14] and query(
        "SELECT COUNT(*) FROM mark"
    ) == [306]


def test_who_did_not_say_yes_is_found_by_nobody(output: str) -> None:
    """In the demonstration the application itself answered for people."""
    assert query("SELECT COUNT(*) FROM expert_search") == [0] and query(
        "SELECT DISTINCT status FROM expert"
    ) == ["certified"]
    assert "Earlier consents carried over: 0 admitted" in output and "15 not asked" in output


def test_what_could_not_be_decided_is_found(output: str) -> None:
    breaches = [breach for check in CHECKS for breach in check()]
    named = [breach for breach in breaches if breach.startswith("identity:")]
    assert len(named) == 1 and "enrollment 48 was nominated under another name" in named[0]
    early = [
        breach for breach in breaches if breach.endswith("was recorded before its session began")
    ]
    assert len(early) == 54, "the first version's demonstration marked people beforehand"
    files = [
        breach
        for breach in breaches
        if breach.startswith("numbers:") or breach.endswith("no job is making it")
    ]
    assert len(breaches) == len(named + early + files), "the SQL brings no files"
