"""Fixtures: a real database per test (a fresh copy of a migrated one), a form-driving browser,
actors of every role."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext

import pytest
from flask import Flask
from hypothesis import is_hypothesis_test
from hypothesis import settings as property_settings

from certificates import rendering
from core import clock, storage
from core.database import db
from core.policy import Actor
from core.serving import memory
from tests import factories
from tests.alone import share_of_machine
from tests.browsing import Browser
from tests.counting import queries_of_templates
from tests.databases import (
    NOW,
    Database,
    PostgresqlDatabase,
    SqliteDatabase,
    begin_trail,
    make_app,
    migrate,
)
from tests.postgresql import copied_database, new_database, running_server
from tests.properties import limited_time

property_settings.load_profile("usual")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both_databases")
        metafunc.parametrize(
            "database", ["sqlite", "postgresql"] if both else ["sqlite"], indirect=True
        )


def pytest_collection_finish() -> None:
    """The collector does not look through thousands of tests again and again: a tenth of their
    time."""
    memory.share_with_forks()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Before the clock of pytest-timeout starts, so that who waits for the machine is not timed
    out."""
    if not hasattr(item.config, "workerinput"):  # no other worker
        return (yield)
    shared = item.config._tmp_path_factory.getbasetemp().parent  # type: ignore[attr-defined]  # pytest offers no other way
    with share_of_machine(shared, alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    test = getattr(item, "obj", None)
    with limited_time(test) if is_hypothesis_test(test) else nullcontext():
        return (yield)


@pytest.fixture(scope="session", autouse=True)
def _no_syncing() -> Iterator[None]:
    """What is lost when the machine loses power does not matter here; speed does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_press() -> Iterator[None]:
    """Tests leave no processor idle: a press that waits for such time would stop them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "background", rendering.shared)
        yield


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of an empty database on a private PostgreSQL server; skips where none can be
    had (never in CI)."""
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
    return SqliteDatabase(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def migrated_postgresql(
    postgresql_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a migrated database to make copies of (`copied_database`)."""
    with new_database(postgresql_url) as url:
        migrate(make_app(tmp_path_factory.mktemp("migrated"), url))
        yield url


@pytest.fixture(scope="session")
def postgresql_database(
    migrated_postgresql: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PostgresqlDatabase]:
    with copied_database(migrated_postgresql) as url:
        database = PostgresqlDatabase(tmp_path_factory.mktemp("postgresql"), url)
        yield database
        with database.app.app_context():
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
    begin_trail(database.app)
    with queries_of_templates(database.app) as queries:
        yield database.app
    assert queries == [], "templates run no queries: read it in the view"


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
