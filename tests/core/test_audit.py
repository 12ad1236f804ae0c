"""The audit trail: linear, append-only, and honest even against someone who owns the tables."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from core import audit, checkpoints
from core.audit import AuditEntry, AuditHead, breaches, chained
from core.database import db, transaction
from core.policy import SYSTEM, Actor

pytestmark = pytest.mark.both_databases


def record(count: int = 1, actor: Actor = SYSTEM) -> None:
    for n in range(count):
        with transaction():
            audit.record(actor, "test.act", f"thing:{n}", {"n": n})


def tamper(*statements: str) -> None:
    """As someone with rights over the tables would, past the triggers."""
    db.session.rollback()
    with db.engine.connect().execution_options(writes=True) as connection:
        if connection.dialect.name == "sqlite":
            for name in ("no_update", "no_delete", "next", "head_one", "head_kept", "head_follows"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS audit_{name}")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = DEFAULT")
            connection.commit()


def test_an_entry_says_who_what_and_when(context: Flask) -> None:
    record(actor=Actor(person_id=7))
    entry = db.session.scalars(sa.select(AuditEntry)).one()
    assert (entry.actor_id, entry.action, entry.subject) == (7, "test.act", "thing:0")
    assert entry.at.isoformat().startswith("2026-11-23T09:00")


def test_a_whole_trail_has_no_breach(context: Flask) -> None:
    record(5)
    assert list(breaches()) == []


COLUMNS = "number, at, actor_id, action, subject, body, digest"
REFUSED = [
    "UPDATE audit_entry SET action = 'x' WHERE number = 1",
    "DELETE FROM audit_entry WHERE number = 2",
    "DELETE FROM audit_entry",
    f"INSERT OR REPLACE INTO audit_entry ({COLUMNS}) SELECT 1, at, actor_id, 'x', subject, "
    "'forged', 'd' FROM audit_entry LIMIT 1",
    f"INSERT OR REPLACE INTO audit_entry ({COLUMNS}) SELECT 3, at, actor_id, 'x', subject, "
    "'forged', digest FROM audit_entry LIMIT 1",
    f"INSERT INTO audit_entry ({COLUMNS}) SELECT 4, at, actor_id, 'x', subject, 'forged', 'd' "
    "FROM audit_entry LIMIT 1",
    f"INSERT INTO audit_entry ({COLUMNS}) SELECT 0, at, actor_id, 'x', subject, 'forged', 'd' "
    "FROM audit_entry LIMIT 1",
    "UPDATE audit_head SET digest = 'd'",
    "UPDATE audit_head SET number = 1",
    "UPDATE audit_head SET number = 3",
    "UPDATE audit_head SET number = 3, digest = 'd'",
    "UPDATE audit_head SET id = 2",
    "DELETE FROM audit_head",
    "INSERT OR REPLACE INTO audit_head (id, number, digest) VALUES (1, 0, 'd')",
    "INSERT INTO audit_head (id, number, digest) VALUES (2, 0, 'd')",
]


def test_it_cannot_be_emptied(context: Flask) -> None:
    record(2)
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    for table in ("audit_entry", "audit_head"):
        with (
            pytest.raises(sa.exc.DBAPIError, match="append-only"),
            db.engine.connect() as connection,
        ):
            connection.exec_driver_sql(f"TRUNCATE {table}")


def test_it_cannot_be_edited_or_deleted(context: Flask) -> None:
    record(2)
    for statement in REFUSED:
        if "OR REPLACE" in statement and db.engine.dialect.name == "postgresql":
            statement = statement.replace("INSERT OR REPLACE", "INSERT")
            statement += (
                " ON CONFLICT (number) DO UPDATE SET body = 'forged'"
                if "entry" in statement
                else ""
            )
        with (
            pytest.raises(sa.exc.DBAPIError, match="append-only"),
            db.engine.connect().execution_options(writes=True) as connection,
        ):
            connection.exec_driver_sql(statement)
    assert list(breaches()) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE audit_entry SET body = replace(body, '\"n\":1', '\"n\":9') WHERE number = 2",
            "entry 2 was altered",
        ),
        ("UPDATE audit_entry SET action = 'other' WHERE number = 2", "entry 2 was altered"),
        ("DELETE FROM audit_entry WHERE number = 2", "entry 2 is missing"),
        ("DELETE FROM audit_entry WHERE number = 3", "ends at 2"),
    ],
)
def test_an_edit_is_found(context: Flask, statement: str, words: str) -> None:
    record(3)
    tamper(statement)
    assert words in " ".join(breaches())


def recompute_everything() -> None:
    """Rewrites an act and recomputes the whole chain after it, as a careful forger would."""
    rows = db.session.execute(
        sa.select(AuditEntry.number, AuditEntry.body).order_by(AuditEntry.number)
    ).all()
    db.session.rollback()
    digest, statements = audit.GENESIS, []
    for number, body in rows:
        forged = body.replace('"n":1', '"n":9')
        digest = chained(digest, number, forged)
        statements.append(
            f"UPDATE audit_entry SET body = '{forged}', digest = '{digest}' WHERE number = {number}"
        )
    tamper(*statements, f"UPDATE audit_head SET digest = '{digest}'")


def test_a_full_recompute_is_found_by_the_signed_checkpoint_alone(context: Flask) -> None:
    record(3)
    recompute_everything()
    assert list(breaches()) == [], "without a checkpoint outside, a full recompute cannot be seen"
    tamper(
        "DELETE FROM audit_entry", f"UPDATE audit_head SET number = 0, digest = '{audit.GENESIS}'"
    )
    record(3)
    checkpoints.write()
    recompute_everything()
    assert "rewritten before the signed checkpoint at 3" in " ".join(breaches())


def test_a_forged_checkpoint_is_found(context: Flask) -> None:
    record(1)
    checkpoints.write()
    path = checkpoints.path()
    path.write_text(path.read_text().replace('"number":1', '"number":2'))
    assert "wrong signature" in " ".join(breaches())


def test_the_chain_stays_linear_when_many_write_at_once(context: Flask) -> None:
    def write() -> None:
        with context.app_context():
            record(5)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.session.get_one(AuditHead, 1).number == 40
    assert list(breaches()) == []


def test_the_command_tells(context: Flask) -> None:
    record(2)
    runner = context.test_cli_runner()
    assert runner.invoke(args=["audit", "verify"]).exit_code == 0
    tamper("UPDATE audit_entry SET action = 'other' WHERE number = 2")
    result = runner.invoke(args=["audit", "verify"])
    assert result.exit_code == 1
    assert "entry 2 was altered" in result.output
