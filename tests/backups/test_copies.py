"""A copy is whole or is none: made while others write, private, never over another, and every
change of it is named."""

from __future__ import annotations

import json
import os
import resource
import shutil
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from core import audit, checkpoints, clock, readings
from core.backups import copies, making, programs
from core.database import db, transaction
from core.jobs import ledger
from core.migrations import downgrade
from core.numbering import next_in
from core.outages import busy
from core.policy import SYSTEM
from tests.backups.makers import Machine
from tests.conftest import NOW
from tests.core.test_audit import record
from tests.postgresql import copied_database, new_database


def test_a_copy_is_private_and_sha256sum_reads_it(machine: Machine, copy: Path) -> None:
    machine.issue(1)
    machine.well("backup", copy, "--with-keys")
    for path in (copy, *copy.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", copies.SUMS], cwd=copy, check=True
    )
    assert sorted(path.name for path in (copy / "keys").iterdir()) == ["checkpoint_key"], (
        "SECRET_KEY came from outside"
    )
    machine.well("restore", copy, "--check")


def test_keys_are_copied_only_when_asked_for(machine: Machine, copy: Path) -> None:
    machine.well("backup", copy)
    key = (machine.folder / "audit" / checkpoints.KEY).read_text().encode()
    assert not (copy / "keys").exists()
    assert not any(key in path.read_bytes() for path in copy.rglob("*") if path.is_file())


def test_what_is_not_of_rostrum_stops_no_backup_and_is_named(machine: Machine, copy: Path) -> None:
    machine.issue(1)
    for name in ("certificates/Thumbs.db", "numbers/certificate-2026~"):
        (machine.folder / "files" / name).write_bytes(b"x")
    output = machine.well("backup", copy)
    assert "note: the copy leaves out certificates/Thumbs.db: Rostrum did not store it" in output
    left_out = json.loads((copy / copies.MANIFEST).read_bytes())["left_out"]
    assert left_out == ["certificates/Thumbs.db", "numbers/certificate-2026~"]
    assert "Rostrum did not store numbers/certificate-2026~" in machine.well("check")
    machine.well("restore", copy)


@pytest.mark.parametrize("there", ["a copy", "a file", "a link", "a full folder"])
def test_a_backup_never_overwrites(machine: Machine, copy: Path, there: str) -> None:
    copy.parent.mkdir(parents=True)
    if there == "a copy":
        machine.well("backup", copy)
    elif there == "a file":
        copy.write_text("mine")
    elif there == "a link":
        copy.symlink_to(machine.folder)
    else:
        copy.mkdir()
        (copy / "mine").write_text("mine")
    assert "never overwrites" in machine.refused("backup", copy)


def test_an_empty_folder_may_be_named(machine: Machine, copy: Path) -> None:
    copy.mkdir(parents=True)
    machine.well("backup", copy)
    assert "is whole" in machine.well("restore", copy, "--check")


def test_writers_go_on_meanwhile(machine: Machine, copy: Path) -> None:
    """Numbers are drawn all the time; each copy is a moment of it, whole in itself."""
    stop, waits = threading.Event(), []

    def write() -> None:
        with machine.app.app_context():
            while not stop.is_set():
                with transaction():
                    record_number()

    def record_number() -> None:
        audit.record(SYSTEM, "test.number", "number", {"value": next_in("certificate:2026")})

    threads = [threading.Thread(target=write) for _ in range(2)]
    [thread.start() for thread in threads]
    try:
        for n in range(3):
            machine.well("backup", f"{copy}-{n}")
            waits.append(
                json.loads((Path(f"{copy}-{n}") / copies.MANIFEST).read_text())["audit"]["number"]
            )
    finally:
        stop.set()
        [thread.join() for thread in threads]
    assert waits == sorted(waits) and waits[0] < waits[-1]
    for n in range(3):
        machine.well("restore", f"{copy}-{n}", "--check")


def change(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def database_of(copy: Path) -> Path:
    return next(copy.glob("database.*"))


FAULTS = [
    (lambda c: change(database_of(c)), "was changed"),
    (lambda c: database_of(c).unlink(), "is missing"),
    (lambda c: change(next((c / "files").rglob("*.pdf"))), ".pdf was changed"),
    (lambda c: next((c / "files").rglob("*.pdf")).unlink(), ".pdf is missing"),
    (lambda c: (c / "files" / "more").write_text("x"), "files/more does not belong to the copy"),
    (lambda c: change(c / copies.SUMS), "SHA256SUMS is missing or was changed"),
    (lambda c: (c / copies.SUMS).unlink(), "SHA256SUMS is missing or was changed"),
    (lambda c: (c / copies.MANIFEST).unlink(), "is no whole copy"),
    (lambda c: (c / copies.MANIFEST).write_text("{"), "manifest.json is damaged"),
    (lambda c: (c / copies.MANIFEST).write_text('{"format": 1}'), "manifest.json is damaged"),
    (lambda c: rewrite(c, files=7), "manifest.json was changed"),
    (lambda c: rewrite(c, format=2), "has format 2, which this version does not know"),
    (lambda c: change(c / "audit" / checkpoints.FILE), "checkpoints.jsonl was changed"),
]


def rewrite(copy: Path, **facts: object) -> None:
    file = copy / copies.MANIFEST
    file.write_text(json.dumps(json.loads(file.read_text()) | facts))


@pytest.mark.timeout(200)
def test_every_fault_of_a_copy_is_named_and_nothing_is_restored(
    machine: Machine, copy: Path
) -> None:
    machine.issue(1)
    machine.well("backup", copy)
    before, head = machine.counts(), machine.head()
    for number, (spoil, words) in enumerate(FAULTS):
        spoiled = Path(shutil.copytree(copy, f"{copy}-{number}"))
        spoil(spoiled)
        assert words in machine.refused("restore", spoiled, "--check"), words
        assert words in machine.refused("restore", spoiled)
    assert (machine.counts(), machine.head()) == (before, head)
    machine.well("restore", copy, "--check")


def test_a_snapshot_is_proven_by_its_own_rows(machine: Machine, copy: Path) -> None:
    """Sums and manifest made anew by someone with the key: rows that do not fit each other are
    still named."""
    machine.issue(2)
    machine.well("backup", copy)
    with machine.app.app_context():
        facts = json.loads((copy / copies.MANIFEST).read_text())
        facts["tables"]["certificate"] = 3
        facts["audit"]["number"] -= 1
        facts["numbers"] = {}
        lost = next((copy / "files" / "certificates").rglob("*.pdf"))
        lost.unlink()
        for name in (copies.MANIFEST, copies.SUMS):
            (copy / name).unlink()
        copies.seal(
            copy,
            {
                k: v
                for k, v in facts.items()
                if k not in ("signature", "public_key", "sums", "format")
            },
        )
    output = machine.refused("restore", copy, "--check")
    for words in (
        "certificate has 2 rows, not 3",
        "its audit trail ends at",
        "not those of the manifest",
        "is missing or is not the one",
    ):
        assert words in output


def test_a_copy_of_the_other_database_is_refused(
    tmp_path: Path, postgresql_url: str, copy: Path
) -> None:
    here = Machine(tmp_path / "sqlite")
    here.well("backup", copy)
    with new_database(postgresql_url) as url:
        there = Machine(tmp_path / "postgresql", url, is_migrated=False)
        there.well("restore", copy, "--check")
        assert (
            "the copy is of a sqlite database, and DATABASE_URL names a postgresql one"
            in there.refused("restore", copy)
        )
        there.forget_connections()


def test_a_copy_of_a_newer_version_is_refused(machine: Machine, copy: Path) -> None:
    with machine.app.app_context():
        with db.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        making.make(copy, with_keys=False)
        db.session.remove()
    assert "made by a newer version (revision 9999)" in machine.refused("restore", copy)


@pytest.mark.parametrize(
    ("installed", "words"), [(None, "pg_dump is not installed"), (9, "is older than the server")]
)
def test_without_fitting_programs_it_says_what_to_install(
    tmp_path: Path,
    migrated_postgresql: str,
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
    installed: int | None,
    words: str,
) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    if installed:
        old = folder / "pg_dump"
        old.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {installed}.6'\n")
        old.chmod(0o755)
    monkeypatch.setattr(programs, "FOLDERS", folder)
    with copied_database(migrated_postgresql) as url:
        machine = Machine(tmp_path / "machine", url)
        monkeypatch.setenv("PATH", str(folder))
        output = machine.refused("backup", copy)
        machine.forget_connections()
    assert words in output and "apt-get install postgresql-client" in output
    assert list(copy.parent.iterdir()) == []


def test_the_password_is_on_no_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    url = sa.make_url(
        "postgresql+psycopg://rostrum:swordfish@db.example.org/rostrum?sslmode=require"
    )
    monkeypatch.setattr(programs, "db", SimpleNamespace(engine=SimpleNamespace(url=url)))
    assert programs.address() == "postgresql://rostrum@db.example.org/rostrum?sslmode=require"
    assert programs.environment()["PGPASSWORD"] == "swordfish"


def test_keys_come_with_the_copy_to_an_empty_machine(
    machine: Machine, new_machine: Callable[..., Machine], copy: Path
) -> None:
    with machine.app.app_context():
        record(2)
    machine.checkpoint()
    machine.well("backup", copy, "--with-keys")
    empty = new_machine("empty", is_migrated=False)
    empty.well("restore", copy)
    key = Path("audit") / checkpoints.KEY
    assert (empty.folder / key).read_text() == (machine.folder / key).read_text()
    assert empty.well("audit", "verify").endswith("the audit trail is whole\n")
    assert stat.S_IMODE(os.stat(empty.folder / key).st_mode) == 0o600


def test_keys_come_to_a_machine_that_was_only_migrated(
    machine: Machine, new_machine: Callable[..., Machine], copy: Path
) -> None:
    with machine.app.app_context():
        record(2)
    machine.well("backup", copy, "--with-keys")
    migrated = new_machine("migrated")
    output = migrated.well("restore", copy)
    key = Path("audit") / checkpoints.KEY
    assert (migrated.folder / key).read_text() == (machine.folder / key).read_text()
    assert "another trail" not in output and "another key" not in output
    assert migrated.well("audit", "verify").endswith("the audit trail is whole\n")


def test_a_trail_without_checkpoints_yet_is_the_same_trail(machine: Machine, copy: Path) -> None:
    with machine.app.app_context():
        record(2)
    machine.well("backup", copy)
    with machine.app.app_context():
        record(2)
    assert "note:" not in machine.well("restore", copy)
    assert (
        machine.well("audit", "verify").count(
            "note: the trail was restored from entry 4 to entry 2"
        )
        == 1
    )


def test_a_job_that_ran_while_the_copy_was_put_back_starts_again(
    machine: Machine, copy: Path
) -> None:
    """Its worker goes on from what is lost, so what it does then must not count."""
    with machine.app.app_context():
        with transaction():
            job_id = ledger.enqueue("answers.forget")
        with transaction():
            lease = ledger.claim(job_id)
        assert lease is not None
        db.session.remove()
        machine.well("backup", copy)
        machine.well("restore", copy)
        with transaction():
            assert not ledger.heartbeat(lease)
            assert not ledger.finish(lease)
        assert db.session.get_one(ledger.Job, job_id).state is ledger.JobState.QUEUED
        db.session.remove()


def test_another_trails_checkpoints_are_kept_and_not_mixed(
    machine: Machine, new_machine: Callable[..., Machine], copy: Path
) -> None:
    with machine.app.app_context():
        record(5)
    machine.checkpoint()
    machine.well("backup", copy)
    other = new_machine("other")
    with other.app.app_context():
        record(3)
    other.checkpoint()
    output = other.well("restore", copy)
    assert "were of another trail; they are kept as checkpoints-before-restore-" in output
    assert "what was here is kept as" in output
    assert other.well("audit", "verify").endswith("the audit trail is whole\n")
    assert other.counts()["audit_entry"] >= 6


def test_a_damaged_database_is_set_aside(tmp_path: Path, copy: Path) -> None:
    machine = Machine(tmp_path / "sqlite")
    with machine.app.app_context():
        record(3)
    machine.well("backup", copy)
    machine.forget_connections()
    for end in ("-wal", "-shm"):
        (machine.folder / f"rostrum.db{end}").unlink(missing_ok=True)
    (machine.folder / "rostrum.db").write_bytes(b"no database at all" * 500)
    assert "rostrum.db.damaged-" in machine.well("restore", copy)
    assert machine.well("audit", "verify").endswith("the audit trail is whole\n")


def test_people_go_on_working_while_a_copy_is_put_back(machine: Machine, copy: Path) -> None:
    """Connections that were open before see the restored rows afterwards; no one has to be
    stopped."""
    with machine.app.app_context():
        record(2)
    machine.well("backup", copy)
    again = Machine(machine.folder, machine.url, is_migrated=False)
    with again.app.app_context():
        record(4)
        length = checkpoints.head()[0]
        db.session.rollback()
        machine.well("restore", copy)
        assert checkpoints.head()[0] < length + 1
        db.session.rollback()
        record(1)
        assert (
            list(checkpoints.read(checkpoints.path()))[-1][1].restored["from"]["number"] == length
        )
        db.session.remove()
    again.forget_connections()
    assert machine.well("audit", "verify").endswith("the audit trail is whole\n")


def test_a_full_disk_is_told_in_a_sentence_and_leaves_nothing(
    machine: Machine, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine.app.app_context():
        record(400)
    copy.parent.mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (40_000, before[1])
    )  # no file may grow larger: as on a full disk
    try:
        output = machine.refused("backup", copy)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert output.startswith("Error: ") and output.count("\n") == 1
    assert list(copy.parent.iterdir()) == []


def test_a_database_that_is_away_is_told_in_a_sentence(
    tmp_path: Path, migrated_postgresql: str, copy: Path
) -> None:
    with copied_database(migrated_postgresql) as url:
        machine = Machine(tmp_path / "machine", url)
        machine.well("backup", copy)
        machine.forget_connections()
    away = Machine(tmp_path / "away", "postgresql://nobody@127.0.0.1:1/nothing", is_migrated=False)
    away.well("restore", copy, "--check")
    assert away.refused("restore", copy).startswith("Error: ")


def test_a_copy_of_an_earlier_version_is_migrated(machine: Machine, copy: Path) -> None:
    with machine.app.app_context():
        record(2)
        downgrade(revision="-1")
        making.make(copy, with_keys=False)
        db.session.remove()
    machine.lose_database()
    machine.well("restore", copy)
    assert "the audit trail is whole" in machine.well("audit", "verify")
    machine.well("db", "check")


def test_what_is_kept_is_never_overwritten(machine: Machine, copy: Path) -> None:
    """Two restores within the same second."""
    with machine.app.app_context():
        record(2)
    machine.well("backup", copy)
    copies_kept = set()
    for _ in range(2):
        machine.forget_connections()
        clock.travel(machine.app, NOW)
        output = machine.well("restore", copy)
        copies_kept.add(output.partition("kept as ")[2].partition(";")[0])
    assert len(copies_kept) == 2


def test_traces_of_readings_that_wait_come_with_the_copy_and_are_taken_once(
    machine: Machine, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine.app.app_context():
        monkeypatch.setattr(readings, "transaction", lambda *patience: refuse())
        readings.record(lambda: audit.record(SYSTEM, "person.read", "person:7", {}))
        machine.well("backup", copy)
        monkeypatch.undo()
        assert len(list((copy / copies.TRAIL).glob(readings.SEALED))) == 1
        machine.well("restore", copy, "--check")
        readings.take()
    for _ in range(2):
        machine.well("restore", copy)
        with machine.app.app_context():
            assert readings.waiting() == 1
            readings.take()
            readings.take()
            query = sa.select(sa.func.count()).where(audit.AuditEntry.action == "person.read")
            assert db.session.scalar(query) == 1
        machine.well("audit", "verify")


def refuse() -> None:
    raise busy()
