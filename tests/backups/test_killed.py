"""Killed with kill -9 at any point: a backup is whole or has no manifest, a restore leaves the
old database or the new one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core import audit, checkpoints, storage
from core.backups import copies
from core.database import db, transaction
from core.policy import SYSTEM
from core.settings import DOCUMENTED, ROOT
from tests.backups.makers import Machine
from tests.conftest import NOW
from tests.core.test_audit import record

ENTRIES = 8_000


def fill(machine: Machine) -> None:
    """Enough rows and files that a copy takes a while."""
    with machine.app.app_context():
        with transaction():
            for number in range(ENTRIES):
                audit.record(SYSTEM, "test.filled", f"thing:{number}", {"words": "w" * 300})
        for number in range(80):
            storage.put(f"bulk/{number}", os.urandom(20_000))
        db.session.remove()


def start(machine: Machine, *words: object) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in DOCUMENTED}
    environ = environment | {
        "INSTANCE_PATH": str(machine.folder),
        "DEMO": "0",
        "FLASK_APP": "app",
        "NOW": NOW.isoformat(),
        "SECRET_KEY": "a key for tests that is long enough",
    }
    if machine.url:
        environ["DATABASE_URL"] = machine.url
    command = [sys.executable, "-m", "flask", *map(str, words)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environ,
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        start_new_session=True,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(process: subprocess.Popen[bytes], is_so: Callable[[], bool], seconds: float = 60) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and process.poll() is None:
        if is_so():
            return True
        time.sleep(0.002)
    return is_so()


def unfinished(copy: Path, name: str) -> list[Path]:
    return list(copy.parent.glob(f"{copy.name}{copies.UNFINISHED}*/{name}"))


@pytest.mark.long
@pytest.mark.timeout(280)
def test_a_backup_that_is_killed_is_never_taken_for_a_whole_one(
    machine: Machine, copy: Path
) -> None:
    fill(machine)
    copy.parent.mkdir()
    for reached in ("database.*", "files/bulk/*", "audit"):
        process = start(machine, "backup", copy)
        assert until(process, lambda reached=reached: bool(unfinished(copy, reached))), reached
        kill(process)
        assert not copy.exists(), reached
    paths = list(copy.parent.iterdir())
    assert paths and all(copies.UNFINISHED in path.name for path in paths)
    for folder in paths:
        assert "is no whole copy (it was interrupted)" in machine.refused(
            "restore", folder, "--check"
        )
    machine.well("backup", copy)
    machine.well("restore", copy, "--check")


@pytest.mark.timeout(280)
@pytest.mark.long
def test_a_restore_that_is_killed_leaves_the_old_database_or_the_new_one(
    machine: Machine, copy: Path
) -> None:
    fill(machine)
    machine.well("backup", copy)
    with machine.app.app_context():
        record(3)
        lost = checkpoints.head()
        db.session.remove()
    machine.checkpoint()
    took = time.monotonic()
    trial = start(machine, "restore", copy, "--check")
    trial.wait()
    took = time.monotonic() - took
    for share in (1.0, 1.4, 1.9):
        process = start(machine, "restore", copy)
        time.sleep(took * share)
        kill(process)
        machine.forget_connections()
        end = machine.head()
        with machine.app.app_context():
            assert list(audit.breaches_of_chain()) == []
            db.session.remove()
        if end != lost:
            assert ENTRIES < end[0] <= ENTRIES + 2, (
                "the copy's entries and those of the restore, and nothing between"
            )
            break
    machine.well("restore", copy)
    assert machine.well("audit", "verify").endswith("the audit trail is whole\n")
    assert not list(machine.folder.glob("*.restoring*"))
