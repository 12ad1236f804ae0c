"""The writing transaction: all or nothing, opened at the edge, never without an audit entry."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from core import audit
from core.database import UnauditedWrite, current_unit, db, transaction
from core.errors import Invalid
from core.policy import SYSTEM
from people.models import Organization

pytestmark = pytest.mark.both_databases


#: Not the centre and the roster office that there are from the start.
MADE_HERE = ~Organization.is_first


def add(code: str) -> None:
    db.session.add(Organization(code=code, name=code))
    audit.record(SYSTEM, "test.organization", code, {})


def codes() -> set[str]:
    codes = set(db.session.scalars(sa.select(Organization.code).where(MADE_HERE)))
    db.session.rollback()
    return codes


def test_what_was_written_is_kept(context: Flask) -> None:
    with transaction():
        add("A")
    assert codes() == {"A"}


def test_a_refusal_undoes_everything(context: Flask) -> None:
    with pytest.raises(Invalid), transaction():
        add("A")
        raise Invalid("no", "No.")
    assert codes() == set()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(audit.AuditEntry)) == 0


def test_a_transaction_cannot_be_opened_inside_another(context: Flask) -> None:
    with pytest.raises(RuntimeError, match="already open"), transaction(), transaction():
        pass


def test_objects_changed_before_it_are_refused(context: Flask) -> None:
    db.session.add(Organization(code="A", name="A"))
    with pytest.raises(RuntimeError, match="before the transaction"), transaction():
        pass
    db.session.rollback()


def test_nothing_is_written_outside_of_one(context: Flask) -> None:
    db.session.add(Organization(code="A", name="A"))
    with pytest.raises(RuntimeError, match="outside"):
        db.session.flush()
    db.session.rollback()
    with pytest.raises(RuntimeError, match="outside"):
        db.session.execute(sa.update(Organization).values(name="B"))
    with pytest.raises(RuntimeError, match="at the edge"):
        current_unit()


def test_a_write_without_an_audit_entry_is_undone(context: Flask) -> None:
    with pytest.raises(UnauditedWrite, match="organization"), transaction():
        db.session.add(Organization(code="A", name="A"))
    with pytest.raises(UnauditedWrite, match="organization"), transaction():
        db.session.execute(sa.insert(Organization.__table__).values(code="B", name="B"))
    assert codes() == set()


def test_after_the_commit_and_only_then(context: Flask) -> None:
    done: list[str] = []
    with transaction() as unit:
        add("A")
        unit.after_commit.append(lambda: done.append("after"))
        assert done == []
    assert done == ["after"]
    with pytest.raises(ZeroDivisionError), transaction() as unit:
        unit.after_commit.append(lambda: done.append("never"))
        _ = 1 / 0
    assert done == ["after"]


def test_checks_inside_see_what_others_committed_before(context: Flask) -> None:
    with transaction():
        add("A")
    organization = db.session.scalars(sa.select(Organization).where(MADE_HERE)).one()
    assert organization.name == "A"

    def rename() -> None:
        with context.app_context(), transaction():
            db.session.execute(sa.update(Organization).values(name="renamed"))
            audit.record(SYSTEM, "test.rename", "A", {})

    db.session.rollback()
    thread = threading.Thread(target=rename)
    thread.start()
    thread.join()
    with transaction():
        assert organization.name == "renamed"


def test_writers_do_not_lose_each_others_increments(context: Flask) -> None:
    """Twelve threads read and write one row; without a lock taken first, increments would be
    lost."""
    with transaction():
        add("0")

    def increment() -> None:
        with context.app_context():
            for _ in range(5):
                with transaction():
                    taken = (
                        sa.update(Organization)
                        .where(MADE_HERE)
                        .values(country=Organization.country)
                    )
                    db.session.execute(taken)
                    row = db.session.scalars(sa.select(Organization).where(MADE_HERE)).one()
                    row.name = str(int(row.name if row.name.isdigit() else 0) + 1)
                    audit.record(SYSTEM, "test.increment", "0", {})

    threads = [threading.Thread(target=increment) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.session.scalar(sa.select(Organization.name).where(MADE_HERE)) == "60"


def test_databases_keep_their_promises(context: Flask, tmp_path: Path) -> None:
    if not context.extensions["settings"].is_sqlite:
        assert db.session.scalar(sa.text("SHOW transaction_isolation")) == "read committed"
        return
    as_usual = create_app({"INSTANCE_PATH": str(tmp_path), "DEMO": "0"})
    with as_usual.app_context(), db.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}
