"""Databases for tests. Migrating takes a second, so each process migrates one of each kind and
copies it."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from app import create_app
from core import checkpoints, clock
from core.database import db
from core.migrations import upgrade
from people.models import Organization

#: Monday. Every test begins at this instant unless it travels.
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
#: The database's name in an application's folder.
FILE = "rostrum.db"


def make_app(folder: Path, url: str | None = None, **environ: str) -> Flask:
    """An application on a database of its own, with job wake-ups off: tests drain the ledger."""
    settings = {
        "INSTANCE_PATH": str(folder),
        "DEMO": "0",
        "SECRET_KEY": "a key for tests that is long enough",
        **environ,
    }
    if url:
        settings["DATABASE_URL"] = url
    app = create_app(settings)
    app.config.update(TESTING=True, JOBS_INLINE=True, PROPAGATE_EXCEPTIONS=False)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            sa.event.listen(db.engine, "connect", _do_not_sync)
    return app


def _do_not_sync(connection: sqlite3.Connection, record: object) -> None:
    """What is lost when the machine loses power does not matter here; speed does."""
    connection.execute("PRAGMA synchronous=OFF")


def migrate(app: Flask) -> None:
    """As `flask db upgrade` does, and leaves no connection behind."""
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()


@cache
def _migrated() -> sqlite3.Connection:
    """A migrated SQLite database, in memory."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    with tempfile.TemporaryDirectory() as folder:
        migrate(make_app(Path(folder)))
        with closing(sqlite3.connect(Path(folder) / FILE)) as source:
            source.backup(connection)
    return connection


def put_migrated_file(folder: Path) -> None:
    """A migrated SQLite database over the one, if any, of the application in `folder`. Connections
    to it stay good."""
    path = folder / FILE
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as target:
        _do_not_sync(target, None)
        _migrated().backup(target)


def begin_trail(app: Flask) -> None:
    """What follows the last migration (migrations/env.py)."""
    with app.app_context():
        checkpoints.begin()
        db.session.remove()


def migrated_app(folder: Path, url: str | None = None, **environ: str) -> Flask:
    """An application on the migrated database at `url` or on a new file, its clock at NOW."""
    app = make_app(folder, url, **environ)
    if url is None:
        put_migrated_file(folder)
    clock.travel(app, NOW)
    begin_trail(app)
    return app


class Database:
    """A migrated database and the application on it, set back between tests."""

    def __init__(self, app: Flask):
        self.app = app

    def reset(self) -> None:
        raise NotImplementedError  # each database does it in its own way


class SqliteDatabase(Database):
    def __init__(self, folder: Path):
        super().__init__(make_app(folder))
        self.folder = folder

    def reset(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
        put_migrated_file(self.folder)


class PostgresqlDatabase(Database):
    """Emptied, but for what the migrations put there: the head of the audit trail, the first
    centre and roster office."""

    def __init__(self, folder: Path, url: str):
        """`url` names a migrated database."""
        super().__init__(make_app(folder, url))
        table = Organization.__table__
        statement = sa.select(*(column for column in table.c if column.name != "id")).order_by(
            table.c.id
        )
        with self.app.app_context(), db.engine.connect() as connection:
            self.bodies = [dict(row._mapping) for row in connection.execute(statement)]
        rows = " UNION ALL ".join(
            f"SELECT '{table.name}' WHERE EXISTS (SELECT FROM \"{table.name}\")"
            for table in reversed(db.metadata.sorted_tables)
        )
        self.tables_with_rows = sa.text(rows)
        self.restart_sequences = sa.text(
            "SELECT setval(CAST(format('%I.%I', schemaname, sequencename) AS regclass), "
            "start_value, false) FROM pg_sequences WHERE last_value IS NOT NULL"
        )

    def reset(self) -> None:
        with self.app.app_context():
            db.session.remove()
            with db.engine.begin() as connection:
                connection.exec_driver_sql(
                    "SET session_replication_role = replica"
                )  # the audit trail's guard sleeps
                for table in connection.scalars(
                    self.tables_with_rows
                ).all():  # TRUNCATE of them all takes twenty times as long
                    connection.exec_driver_sql(f'DELETE FROM "{table}"')
                connection.execute(self.restart_sequences)
                connection.exec_driver_sql(
                    f"INSERT INTO audit_head (id, number, digest) VALUES (1, 0, '{'0' * 64}')"
                )
                connection.execute(sa.insert(Organization.__table__), self.bodies)
                connection.exec_driver_sql("SET session_replication_role = DEFAULT")
