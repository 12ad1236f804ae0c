"""When nothing can be written: reading goes on, and who wanted to write is told so with 503, on
pages and in the API."""

from __future__ import annotations

import errno
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import audit, database, health, jobs, storage, writers
from core.database import db, transaction
from core.outages import Unavailable, find_outage
from core.policy import SYSTEM
from people.models import Organization
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.core.test_api import token_for
from tests.postgresql import copied_database

SKILL = {"title": {"en": "First aid"}}


@contextmanager
def held(app: Flask) -> Iterator[None]:
    """Another program is in the middle of a writing transaction, and stays there."""
    with app.app_context():
        path = database.database_path()
    if path is not None:
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(
            sa.text(
                "LOCK TABLE audit_head, skill, try_count, user_session IN ACCESS EXCLUSIVE MODE"
            )
        )
        yield
        connection.rollback()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.4)


def add(code: str) -> None:
    db.session.add(Organization(code=code, name=code))
    audit.record(SYSTEM, "test.organization", code, {})


@pytest.mark.usefixtures("hurried")
def test_while_a_lock_is_held_writers_are_told_so_and_readers_read(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    with app.app_context():
        someone = factories.actor(Role.COORDINATOR)
    reader, api = sign_in(someone), ApiClient(app, token_for(app, Role.COORDINATOR))
    token = reader.token()
    with held(app):
        began = time.monotonic()
        answer = api.put("/skills/x", SKILL)
        assert 0.3 < time.monotonic() - began < 9, "its own patience, not the usual one"
        assert (answer.status_code, answer.json["code"], answer.mimetype) == (
            503,
            "busy",
            "application/problem+json",
        )
        assert int(answer.headers["Retry-After"]) > 0
        page = reader.post(
            "/me/details",
            {"csrf_token": token, "given_name": "A", "name_on_certificate": "A", "language": "en"},
        )
        assert (page.status, page.response.headers["Retry-After"]) == (503, "5")
        assert "Nothing was saved" in page.text
        assert [reader.get(path).status for path in ("/", "/me", "/deliveries", "/help")] == [
            200
        ] * 4
        assert [api.get(path).status_code for path in ("/skills", "/courses")] == [200] * 2
    assert api.put("/skills/x", SKILL).status_code == 201


@pytest.mark.usefixtures("hurried")
def test_a_page_of_somebody_not_seen_for_a_while_does_not_wait_for_writers(
    app: Flask, sign_in: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 60)
    with app.app_context():
        reader = sign_in(factories.actor())
    from datetime import timedelta

    from core import clock
    from tests.conftest import NOW

    clock.travel(app, NOW + timedelta(hours=1))
    with held(app):
        began = time.monotonic()
        assert reader.get("/me").status == 200
        assert Browser(app).get("/verify/NOSUCH-CODE").status == 404
        assert time.monotonic() - began < 30


@pytest.mark.both_databases
def test_whoever_waits_for_a_row_that_is_held_is_told_so(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL the server counts: the same ten seconds, shortened here."""
    monkeypatch.setattr(database, "PATIENCE", 0.4)
    with held(app), app.app_context(), pytest.raises(Unavailable) as refusal, transaction():
        if not database.is_sqlite():
            assert db.session.scalar(sa.text("SHOW lock_timeout")) == "10s"
            db.session.execute(sa.text("SET LOCAL lock_timeout = '300ms'"))
        add("A")
    assert refusal.value.code == "busy"


def test_a_job_waits_until_it_can_be_claimed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    with app.app_context():
        with transaction():
            job_id = jobs.enqueue("answers.forget")
        with held(app):
            assert jobs.running.run(job_id) is False
        assert jobs.drain() == 1


def test_a_command_says_it_in_a_sentence(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    with held(app):
        done = app.test_cli_runner().invoke(
            args=["accounts", "create", "a@example.org", "--name", "Ann", "--role", "trainer"]
        )
    assert (done.exit_code, "Traceback" in done.output) == (1, False)
    assert "Try again in a moment" in done.output


# The queue of writers


def test_writers_of_a_process_write_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    path, order, until = tmp_path / "x.db", [], time.monotonic() + 20
    threads = []

    def write(number: int) -> None:
        with writers.exclusive(path, until):
            order.append(number)
            time.sleep(0.005)

    with writers.exclusive(path, until):
        for number in range(12):
            threads.append(threading.Thread(target=write, args=(number,)))
            threads[-1].start()
            while writers.waiting() < number + 1:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(12))
    assert writers.waiting() == 0


def test_who_gives_up_leaves_the_queue_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with writers.exclusive(path, time.monotonic() + 5):
        with (
            pytest.raises(Unavailable, match="busy"),
            writers.exclusive(path, time.monotonic() + 0.05),
        ):
            pass
        assert writers.waiting() == 0
    with writers.exclusive(path, time.monotonic() + 0.05):
        pass


# Disks and databases that are away


def as_sqlite(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(name)
    error.sqlite_errorcode = getattr(sqlite3, name)
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (as_sqlite("SQLITE_BUSY"), "busy"),
        (as_sqlite("SQLITE_FULL"), "cannot_save"),
        (as_sqlite("SQLITE_READONLY"), "cannot_save"),
        (as_sqlite("SQLITE_IOERR_WRITE"), "cannot_save"),
        (as_sqlite("SQLITE_CANTOPEN"), "database_unavailable"),
        (sa.exc.OperationalError("x", None, as_sqlite("SQLITE_FULL")), "cannot_save"),
        (sa.exc.TimeoutError(), "busy"),
        (OSError(errno.ENOSPC, "full"), "cannot_save"),
        (OSError(errno.EROFS, "read-only"), "cannot_save"),
        (OSError(errno.EDQUOT, "quota"), "cannot_save"),
    ],
    ids=str,
)
def test_outages_are_recognised(error: Exception, code: str) -> None:
    assert find_outage(error).code == code


@pytest.mark.parametrize(
    "error",
    [
        as_sqlite("SQLITE_CORRUPT"),
        as_sqlite("SQLITE_ERROR"),
        FileNotFoundError(2, "x"),
        ValueError("database is locked"),
        sa.exc.IntegrityError("x", None, as_sqlite("SQLITE_CONSTRAINT")),
        RuntimeError("disk I/O error"),
    ],
    ids=str,
)
def test_bugs_are_not_called_outages(error: Exception) -> None:
    assert find_outage(error) is None


def test_a_full_disk_under_the_files_is_503_and_no_traceback(
    app: Flask,
    sign_in: Callable[..., Browser],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(
        app, "view_functions", app.view_functions | {"administration.help_page": full}
    )
    from core.web import Access

    full.access = Access()  # type: ignore[attr-defined]  # read by the gate
    page = Browser(app).get("/help")
    assert (page.status, page.response.headers["Retry-After"]) == (503, "60")
    assert "the disk is full" in page.text
    assert "Traceback" not in caplog.text and "File " not in caplog.text


def test_nothing_half_is_left_of_a_file_that_did_not_fit(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "core.storage.os.fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full"))
    )
    with pytest.raises(OSError, match="full"):
        storage.put("certificates/a.pdf", b"x")
    assert list(storage.keys("certificates")) == []
    assert not list(storage.storage_of().root.rglob("*.*"))  # type: ignore[attr-defined]  # the store of tests is a Folder


@pytest.mark.both_databases
def test_ready_says_that_nothing_can_be_written(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PROBE_PATIENCE", 0.1)
    monkeypatch.setattr(health, "PROBE_SECONDS", 0)
    client = app.test_client()
    assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (200, 200)
    monkeypatch.setattr(
        "core.health.tempfile.TemporaryFile",
        lambda **_: (_ for _ in ()).throw(OSError(errno.EROFS, "x")),
    )
    answer = client.get("/readyz")
    assert (answer.status_code, "EROFS" in answer.text) == (503, True)
    assert client.get("/healthz").status_code == 200


def test_ready_says_that_the_database_is_held(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PROBE_PATIENCE", 0.1)
    monkeypatch.setattr(health, "PROBE_SECONDS", 0)
    with held(app):
        answer = app.test_client().get("/readyz")
        assert (answer.status_code, "busy" in answer.text) == (503, True)
    assert app.test_client().get("/readyz").status_code == 200


def test_a_read_only_postgresql_is_503(migrated_postgresql: str, tmp_path: Path) -> None:
    from tests.databases import migrated_app

    with copied_database(migrated_postgresql) as url:
        app = migrated_app(tmp_path, url)
        api = ApiClient(app, token_for(app, Role.COORDINATOR))
        with app.app_context():
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                name = re.sub(r".*/", "", url)
                connection.exec_driver_sql(
                    f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
                )
            db.session.remove()
            db.engine.dispose()
        answer = api.put("/skills/x", SKILL)
        assert (answer.status_code, answer.json["code"]) == (503, "cannot_save")
        assert api.get("/skills").status_code == 200
        assert "read-only" in app.test_client().get("/readyz").text
        with app.app_context():
            db.engine.dispose()


def test_a_postgresql_that_is_away_is_503_everywhere(app: Flask, tmp_path: Path) -> None:
    """No one listens there."""
    from tests.concurrency.serving import free_port
    from tests.databases import make_app

    away = make_app(tmp_path, f"postgresql://rostrum@127.0.0.1:{free_port()}/none")
    client = away.test_client()
    for path in ("/", "/sign-in", "/deliveries/X"):
        answer = client.get(path)
        assert answer.status_code == 503 or path == "/sign-in"
    answer = client.get("/api/v1/courses", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.mimetype, answer.json["code"]) == (
        503,
        "application/problem+json",
        "database_unavailable",
    )
    assert int(answer.headers["Retry-After"]) > 0
    assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (503, 200)
