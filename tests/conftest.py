"""Fixtures: a real database per test (a fresh copy of a migrated one), a form-driving browser,
actors of every role."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import settings as property_settings

from app import create_app
from core import checkpoints, clock, storage
from core.database import db
from core.migrations import upgrade
from core.policy import Actor
from people.models import Organization
from tests import factories
from tests.alone import share_of_machine
from tests.browsing import Browser
from tests.counting import queries_of_templates

#: Monday. Every test begins at this instant unless it travels.
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

#: Examples for each property: what `make test-quick`, `make test` and `make test-all` spend on
#: them.
for profile, examples in {"quick": 20, "usual": 100, "all": 2000}.items():
    property_settings.register_profile(profile, max_examples=examples, deadline=None)
property_settings.load_profile("usual")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both_databases")
        metafunc.parametrize(
            "database", ["sqlite", "postgresql"] if both else ["sqlite"], indirect=True
        )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Before the clock of pytest-timeout starts, so that who waits for the machine is not timed
    out."""
    if not hasattr(item.config, "workerinput"):  # no other worker
        return (yield)
    shared = item.config._tmp_path_factory.getbasetemp().parent  # type: ignore[attr-defined]  # pytest offers no other way
    with share_of_machine(shared, alone=item.get_closest_marker("alone") is not None):
        return (yield)


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
    return app


class Database:
    """A migrated database and the application on it, set back between tests."""

    def __init__(self, app: Flask):
        self.app = app
        with app.app_context():
            upgrade()
            self.tables = [table.name for table in reversed(db.metadata.sorted_tables)]

    def reset(self) -> None:
        raise NotImplementedError  # each database does it in its own way


class SqliteDatabase(Database):
    """Set back by copying the migrated file over the used one (SQLite's own backup, so open
    connections stay good)."""

    def __init__(self, app: Flask, folder: Path):
        super().__init__(app)
        self.path = folder / "rostrum.db"
        self.template = sqlite3.connect(":memory:", check_same_thread=False)
        with sqlite3.connect(self.path) as source:
            source.backup(self.template)

    def reset(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
        target = sqlite3.connect(self.path)
        target.execute(
            "PRAGMA synchronous=OFF"
        )  # an empty database need not survive a loss of power
        self.template.backup(target)
        target.close()


class PostgresqlDatabase(Database):
    """Emptied, but for what the migrations put there: the head of the audit trail, the first
    centre and roster office."""

    def __init__(self, app: Flask):
        super().__init__(app)
        table = Organization.__table__
        kept = sa.select(*(column for column in table.c if column.name != "id")).order_by(
            table.c.id
        )
        with app.app_context(), db.engine.connect() as connection:
            self.bodies = [dict(row._mapping) for row in connection.execute(kept)]
        rows = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in self.tables
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


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of an empty database on a private PostgreSQL server; skips where none can be
    had (never in CI)."""
    from tests.postgresql import running_server

    with running_server() as url:
        if url is None:
            if os.environ.get("CI"):
                pytest.fail("PostgreSQL is needed in CI and could not be started")
            pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
        yield url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty private Redis server; skips where none can be had (never in CI)."""
    from tests.redis_server import running_server

    with running_server(tmp_path_factory.mktemp("redis")) as url:
        if url is None:
            if os.environ.get("CI"):
                pytest.fail("Redis is needed in CI and is not installed")
            pytest.skip("Redis is not installed: apt-get install redis-tools")
        yield url


@pytest.fixture(scope="session")
def sqlite_database(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabase:
    folder = tmp_path_factory.mktemp("sqlite")
    return SqliteDatabase(make_app(folder), folder)


@pytest.fixture(scope="session")
def postgresql_database(
    tmp_path_factory: pytest.TempPathFactory, postgresql_url: str
) -> Iterator[PostgresqlDatabase]:
    app = make_app(tmp_path_factory.mktemp("postgresql"), postgresql_url)
    yield PostgresqlDatabase(app)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Database:
    """The one that the test's parameter names. Both last as long as the session, in whatever
    order the tests come."""
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture
def app(database: Database) -> Iterator[Flask]:
    """The application on an empty database, its clock at NOW. No context is pushed, so that
    requests get their own.

    Whatever page a test sees, its template must have asked the database nothing.
    """
    database.reset()
    database.app.extensions["budgets"].clear()
    settings = database.app.extensions["settings"]
    for folder in (storage.storage_of(database.app).root, settings.instance_path / "audit"):  # type: ignore[attr-defined]  # tests keep files in a folder
        shutil.rmtree(folder, ignore_errors=True)
    clock.travel(database.app, NOW)
    with database.app.app_context():
        checkpoints.begin()
        db.session.remove()
    with queries_of_templates(database.app) as asked:
        yield database.app
    assert asked == [], "templates run no queries: read it in the view"


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """The application with its context pushed, for tests that call services and make no request."""
    with app.app_context():
        yield app


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A visitor's browser without JavaScript. `Browser(app)` makes more of them."""
    return Browser(app)


@pytest.fixture
def sign_in(app: Flask) -> Callable[..., Browser]:
    """`sign_in(actor)` gives a browser in which that actor is signed in."""

    def make(actor: Actor) -> Browser:
        fresh = Browser(app)
        factories.sign_in(fresh, actor)
        return fresh

    return make
