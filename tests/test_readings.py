"""People can read while others hold the database, and the audit trail records it all the same."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import audit, checking, checkpoints, clock, lines, readings
from core.audit import AuditEntry
from core.database import db, transaction
from core.jobs import worker
from core.outages import Unavailable
from core.policy import SYSTEM
from tests import factories
from tests.browsing import Browser
from tests.conftest import NOW
from tests.core.test_outages import held
from tests.test_access_table import VISITORS, World, address, rules
from tests.test_access_table import world as world  # the fixture


@pytest.mark.parametrize("name", VISITORS)
def test_every_address_can_be_read_while_a_lock_is_held(world: World, name: str) -> None:
    """With the application's real patience: a page that waited for the lock would take ten
    seconds."""
    slow, browser = [], Browser(world.app)
    if actor := world.actors[name]:
        factories.sign_in(browser, actor)
    with held(world.app):
        for method, rule in rules(world.app):
            if method != "GET":
                continue
            path, began = address(world, rule), time.monotonic()
            if path.startswith("/api/") and world.tokens[name]:
                headers = {"Authorization": f"Bearer {world.tokens[name]}"}
                answer = world.app.test_client(use_cookies=False).get(path, headers=headers)
            else:
                answer = browser.client.get(path)
            answer.get_data()
            if time.monotonic() - began > 8 or (answer.status_code >= 500 and path != "/readyz"):
                slow.append(f"{path}: {answer.status_code} after {time.monotonic() - began:.1f} s")
    assert slow == []
    with world.app.app_context():
        assert readings.waiting() > 0 or name not in (
            "nominator",
            "coordinator",
            "administrator",
            "roster",
        )
        assert [
            breach for breach in checking.breaches() if breach.startswith(("audit", "readings"))
        ] == []


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "PATIENCE", 0.1)


def note(subject: str = "person:7") -> None:
    readings.record(lambda: audit.record(SYSTEM, "person.read", subject, {}))


def entries(action: str) -> list[tuple[str, datetime]]:
    statement = (
        sa.select(AuditEntry.subject, AuditEntry.at)
        .where(AuditEntry.action == action)
        .order_by(AuditEntry.number)
    )
    return [
        (subject, at.replace(second=0, microsecond=0))
        for subject, at in db.session.execute(statement)
    ]


def reading_kept_outside(app: Flask, *subjects: str) -> Path:
    """Records readings while the lock is held. Returns the file in which they wait."""
    with held(app), app.app_context():
        for subject in subjects:
            note(subject)
    with app.app_context():
        return checkpoints.folder() / readings.OPEN


@pytest.mark.both_databases
@pytest.mark.usefixtures("hurried")
def test_a_trace_that_waited_is_in_the_trail_once_with_the_instant_of_the_reading(
    app: Flask,
) -> None:
    file = reading_kept_outside(app, "person:7", "person:8")
    assert file.stat().st_mode & 0o777 == 0o600
    clock.travel(app, NOW + timedelta(hours=1))
    with app.app_context():
        assert (entries("person.read"), readings.waiting()) == ([], 2)
        assert [type(breach) for breach in readings.breaches()] == [checking.Note]
        note("person:9")
        assert entries("person.read") == [
            ("person:7", NOW),
            ("person:8", NOW),
            ("person:9", NOW + timedelta(hours=1)),
        ]
        assert list(file.parent.glob("readings*")) == []
        readings.take()
        assert len(entries("person.read")) == 3
        assert list(audit.breaches()) == []


@pytest.mark.usefixtures("hurried")
def test_the_sweep_takes_what_waits(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    reading_kept_outside(app, "person:7")
    stop = threading.Event()
    monkeypatch.setattr(worker, "SWEEP_SECONDS", 0.05)
    sweeping = threading.Thread(target=worker._sweep_forever, args=(app, stop))
    sweeping.start()
    with app.app_context():
        until = time.monotonic() + 10
        while readings.waiting() and time.monotonic() < until:
            db.session.rollback()
            time.sleep(0.05)
        stop.set()
        sweeping.join()
        db.session.rollback()  # what was read while waiting is of before
        assert entries("person.read") == [("person:7", NOW)]


@pytest.mark.usefixtures("hurried")
def test_a_file_whose_taker_was_killed_after_its_commit_is_not_taken_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = reading_kept_outside(app, "person:7")
    with app.app_context():
        with monkeypatch.context() as killed:
            killed.setattr(readings, "_remove", lambda path: None)
            readings.take()
        assert len(list(file.parent.glob("readings-*"))) == 1
        assert (readings.waiting(), list(readings.breaches())) == (0, [])
        note("person:8")
        assert [subject for subject, _ in entries("person.read")] == ["person:7", "person:8"]
        assert list(file.parent.glob("readings*")) == []


@pytest.mark.usefixtures("hurried")
def test_a_file_whose_taker_was_killed_before_its_commit_is_taken(app: Flask) -> None:
    reading_kept_outside(app, "person:7")
    with app.app_context():
        with pytest.raises(KeyboardInterrupt), transaction():
            readings._take()
            raise KeyboardInterrupt
        assert (entries("person.read"), readings.waiting()) == ([], 1)
        readings.take()
        assert entries("person.read") == [("person:7", NOW)]


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    "damage", [b'{"action":"person.re', b"\xff\x00", b"[" * 100_000, b'{"at":1}', b"7"]
)
def test_a_damaged_line_is_named_and_stops_nothing(app: Flask, damage: bytes) -> None:
    file = reading_kept_outside(app, "person:7")
    with open(file, "ab") as half:
        half.write(damage)
    with app.app_context():
        assert "line 2 of readings.jsonl is damaged" in list(readings.breaches())[1]
    reading_kept_outside(app, "person:8")
    with app.app_context():
        readings.take()
        assert [subject for subject, _ in entries("person.read")] == ["person:7", "person:8"]
        body = db.session.scalars(
            sa.select(AuditEntry.body).where(AuditEntry.action == readings.TAKEN)
        ).one()
        assert json.loads(body)["facts"] == {"entries": 2, "damaged": 1}


@pytest.mark.both_databases
@pytest.mark.usefixtures("hurried")
def test_many_who_read_and_many_who_take_lose_nothing_and_double_nothing(app: Flask) -> None:
    """Threads stand in for processes: each opens the file itself, and a lock belongs to the open
    file."""
    failed: list[Any] = []

    def keep(number: int) -> None:
        try:
            with app.app_context():
                for index in range(10):
                    lines.append(
                        file,
                        checkpoints.canonical(
                            entry | {"subject": f"person:{number * 100 + index}"}
                        ).encode(),
                    )
                    if index % 3 == 0:
                        readings.take()
        except Exception as error:
            failed.append(error)

    file = reading_kept_outside(app, "person:999")
    entry = json.loads(file.read_bytes())
    threads = [threading.Thread(target=keep, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with app.app_context():
        readings.take()
        subjects = [subject for subject, _ in entries("person.read")]
        assert sorted(subjects) == sorted(
            {"person:999"}
            | {f"person:{n * 100 + number}" for n in range(6) for number in range(10)}
        )
        assert list(audit.breaches()) == []


@pytest.mark.usefixtures("hurried")
def test_nothing_is_read_when_no_trace_can_be_left(app: Flask) -> None:
    with app.app_context():
        staff = factories.actor(Role.ADMINISTRATOR)
        person = factories.actor(email="ama@example.org")
        (checkpoints.folder() / readings.OPEN).mkdir()
    browser = Browser(app)
    factories.sign_in(browser, staff)
    with held(app):
        answer = browser.get(f"/administration/people/{person.person_id}")
    assert (
        answer.status,
        "ama@example.org" in answer.html,
        answer.response.headers["Retry-After"],
    ) == (503, False, "60")


@pytest.mark.usefixtures("hurried")
def test_a_full_disk_leaves_no_half_of_a_line(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    file = reading_kept_outside(app, "person:7")
    before, write = file.read_bytes(), os.write
    sizes = iter([20])

    def half(descriptor: int, data: bytes) -> int:
        for size in sizes:
            return write(descriptor, data[:size])
        raise OSError(errno.ENOSPC, "full")

    with held(app), app.app_context(), monkeypatch.context() as full:
        full.setattr(os, "write", half)
        with pytest.raises(Unavailable):
            note("person:8")
    assert file.read_bytes() == before
