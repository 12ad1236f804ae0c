"""Signed checkpoints: a damaged file is a named breach and never a crash, a copy kept elsewhere
proves the trail, and only a signed restore explains what a restore took back."""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from core import audit, checkpoints
from core.audit import breaches
from core.database import db, transaction
from core.jobs import Job, JobState, drain, ledger
from core.mail import Mail
from core.numbering import next_in
from core.policy import SYSTEM
from core.settings import settings_of
from tests.accounts.makers import settings
from tests.core.test_audit import record, tamper

SERIES = "certificate:2026"


def findings() -> str:
    return " / ".join(breaches())


def take_number() -> int:
    with transaction():
        audit.record(SYSTEM, "test.number", "number", {})
        return next_in(SERIES)


def set_back(to: int) -> None:
    """The trail as it is after a copy of its first entries was put back by hand."""
    digest = (
        db.session.scalar(sa.text(f"SELECT digest FROM audit_entry WHERE number = {to}"))
        or audit.GENESIS
    )
    tamper(
        f"DELETE FROM audit_entry WHERE number > {to}",
        f"UPDATE audit_head SET number = {to}, digest = '{digest}'",
    )


@pytest.mark.parametrize(
    "torn",
    [
        b'{"at":"2026-11-23T09:00:',
        b"{}",
        b"[]",
        b"7",
        b'"x"',
        b"\xff\xfe\x00",
        b'{"number":1}',
        b'{"number":' + b"9" * 5000,
        b"[" * 9999,
    ],
)
def test_a_damaged_line_is_a_named_breach_and_the_next_is_whole(
    context: Flask, torn: bytes
) -> None:
    record(1)
    with open(checkpoints.path(), "ab") as file:
        file.write(torn)
    assert findings() == "audit: line 2 of checkpoints.jsonl is damaged (half written?)"
    record(1)
    checkpoints.write()
    assert findings() == "audit: line 2 of checkpoints.jsonl is damaged (half written?)"
    assert checkpoints.read(checkpoints.path())[-1][1].number == 2


def test_a_full_disk_leaves_no_half_of_a_line(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(1)
    before, write = checkpoints.path().read_bytes(), os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) > 20:
            return write(descriptor, data[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError):
        patched.setattr(
            os, "write", lambda fd, data: full(fd, data) if len(data) > 280 else full(fd, b"")
        )
        checkpoints.write()
    assert checkpoints.path().read_bytes() == before
    checkpoints.write()
    assert findings() == ""


def test_a_file_that_is_gone_is_a_breach_and_stays_one_when_it_begins_anew(context: Flask) -> None:
    record(2)
    checkpoints.path().unlink()
    assert findings() == "audit: the file of signed checkpoints is missing"
    checkpoints.write()
    assert findings() == "audit: the signed checkpoints before entry 2 are missing"
    runner = context.test_cli_runner()
    checkpoints.path().unlink()
    assert "entry 3" in runner.invoke(args=["audit", "checkpoint", "--begin-again"]).output
    result = runner.invoke(args=["audit", "verify"])
    assert (result.exit_code, "begin at entry 3" in result.output) == (0, True)


@pytest.mark.parametrize("meddle", ["key missing", "key damaged", "folder"])
def test_whatever_lies_there_is_named(context: Flask, meddle: str) -> None:
    record(1)
    if meddle == "key missing":
        for name in (checkpoints.KEY, checkpoints.PUBLIC):
            (checkpoints.folder() / name).unlink()
    elif meddle == "key damaged":
        (checkpoints.folder() / checkpoints.KEY).write_text("no key")
    else:
        checkpoints.path().unlink()
        checkpoints.path().mkdir()
    assert findings().startswith(
        "audit: the key of"
        if "key" in meddle
        else "audit: the file of signed checkpoints cannot be read"
    )


def test_the_counters_are_signed_too(context: Flask) -> None:
    assert [take_number(), take_number()] == [1, 2]
    checkpoints.write()
    assert checkpoints.read(checkpoints.path())[-1][1].counters == {SERIES: 2}
    tamper("UPDATE counter SET value = 1")
    assert f"knows 2 numbers of {SERIES}, but the database counts 1" in findings()


def test_the_first_versions_lines_are_understood(context: Flask) -> None:
    record(2)
    number, digest = checkpoints.head()
    signature = checkpoints._private_key().sign(f"{number}:{digest}".encode()).hex()
    line = checkpoints.canonical(
        {"number": number, "digest": digest, "at": "2026-11-23", "signature": signature}
    )
    checkpoints.path().write_text(line + "\n")
    assert findings() == ""
    checkpoints.path().write_text(line.replace('"number":2', '"number":1') + "\n")
    assert "wrong signature" in findings()


# A copy kept elsewhere


@pytest.fixture
def elsewhere(context: Flask, tmp_path: Path) -> Path:
    """Copy and key as they were after three entries, kept on another machine."""
    record(3)
    checkpoints.write()
    for name in (checkpoints.FILE, checkpoints.PUBLIC):
        shutil.copy(checkpoints.folder() / name, tmp_path / name)
    return tmp_path


def verify(app: Flask, folder: Path, name: str = checkpoints.FILE) -> tuple[int, str]:
    key = str(folder / checkpoints.PUBLIC)
    result = app.test_cli_runner().invoke(
        args=["audit", "verify", "--against", str(folder / name), "--key", key]
    )
    return result.exit_code, result.output


def test_a_copy_kept_elsewhere_proves_the_trail(context: Flask, elsewhere: Path) -> None:
    record(1)
    assert verify(context, elsewhere) == (0, "the audit trail is whole\n")


def test_a_copy_convicts_who_owns_the_machine(context: Flask, elsewhere: Path) -> None:
    """The trail rewritten, the file of checkpoints and its key made anew: on the machine itself
    nothing shows."""
    tamper(
        "DELETE FROM audit_entry", f"UPDATE audit_head SET number = 0, digest = '{audit.GENESIS}'"
    )
    shutil.rmtree(checkpoints.folder())
    checkpoints.begin()
    record(3)
    checkpoints.write()
    assert findings() == ""
    code, output = verify(context, elsewhere)
    assert (code, "rewritten before the signed checkpoint at 3" in output) == (1, True)


def test_a_copy_may_be_a_saved_message(context: Flask, elsewhere: Path) -> None:
    line = (elsewhere / checkpoints.FILE).read_text().splitlines()[-1]
    (elsewhere / "saved.eml").write_text(
        f"Message-ID: <a@example.org>\nSubject: Checkpoint\n\nKeep this.\n\n{line}\n"
    )
    assert verify(context, elsewhere, "saved.eml")[0] == 0
    (elsewhere / "other.eml").write_text("Message-ID: <a@example.org>\n\nNothing of ours.\n")
    assert "holds no checkpoint signed with this key" in verify(context, elsewhere, "other.eml")[1]


def test_a_damaged_copy_and_a_wrong_key_are_named(context: Flask, elsewhere: Path) -> None:
    with open(elsewhere / checkpoints.FILE, "a") as copy:
        copy.write('{"number":3,"dig')
    assert "line 3 of checkpoints.jsonl is damaged" in verify(context, elsewhere)[1]
    (elsewhere / checkpoints.PUBLIC).write_text("0" * 64)
    assert "wrong signature" in verify(context, elsewhere)[1]
    (elsewhere / checkpoints.PUBLIC).write_text("no key")
    assert "is no public key" in verify(context, elsewhere)[1]
    result = context.test_cli_runner().invoke(
        args=["audit", "verify", "--against", str(elsewhere / checkpoints.FILE)]
    )
    assert (result.exit_code, "belong together" in result.output) == (2, True)


# Restores


def restored(back_to: int, lost: tuple[int, str] | None, *, signed: bool = True) -> None:
    facts = {
        "from": lost and {"number": lost[0], "digest": lost[1]},
        "to": {"number": back_to, "digest": ""},
    }
    with transaction():
        audit.record(SYSTEM, audit.RESTORED, "trail", facts)
    if signed:
        checkpoints.write(restored=facts)


def test_a_signed_restore_explains_what_it_took_back_and_nothing_else(
    context: Flask, elsewhere: Path
) -> None:
    record(3)
    checkpoints.write()
    lost = checkpoints.head()
    set_back(4)
    assert "knows 6 entries, but the trail ends at 4" in findings()
    restored(4, lost)
    record(5)
    checkpoints.write()
    assert findings() == ""
    assert audit.notes()[0].startswith(
        "note: the trail was restored from entry 6 to entry 4 on 2026-11-23T09:00 (entry 5)"
    )
    shutil.copy(checkpoints.path(), elsewhere / "new.jsonl")
    code, output = verify(context, elsewhere, "new.jsonl")
    assert (code, "restored from entry 6" in output) == (0, True), (
        "a copy kept since then has the line of the restore"
    )
    set_back(1)
    record(12)
    assert "rewritten before the signed checkpoint at 3" in findings(), (
        "what lies before the restore is proven as before"
    )


def test_a_restore_that_only_this_machine_signed_explains_no_copy(
    context: Flask, elsewhere: Path
) -> None:
    """Anyone who controls the machine has its key and can sign a restore that never happened, to
    hide entries they rewrote."""
    lost = checkpoints.head()
    set_back(1)
    restored(1, lost)
    record(3)
    checkpoints.write()
    assert findings() == ""
    code, output = verify(context, elsewhere)
    assert (code, "rewritten before the signed checkpoint at 3" in output) == (1, True)
    assert "the only explanation is a restore to entry 1 on 2026-11-23T09:00" in output
    assert "If you know of that restore, keep a new copy" in output


def test_a_restore_in_a_copy_explains_only_what_was_signed_before_it(
    context: Flask, elsewhere: Path
) -> None:
    record(3)
    checkpoints.write()
    lost = checkpoints.head()
    set_back(1)
    restored(1, lost)
    record(2)
    checkpoints.write()
    shutil.copy(checkpoints.path(), elsewhere / "new.jsonl")
    assert verify(context, elsewhere, "new.jsonl")[0] == 0
    set_back(2)
    record(5)
    code, output = verify(context, elsewhere, "new.jsonl")
    assert (code, "rewritten before the signed checkpoint at 4" in output) == (1, True)


def test_an_entry_alone_explains_nothing(context: Flask) -> None:
    """Who owns the tables writes any entry, but cannot sign."""
    record(3)
    checkpoints.write()
    lost = checkpoints.head()
    set_back(1)
    restored(1, lost, signed=False)
    record(3)
    assert "rewritten before the signed checkpoint at 3" in findings()
    assert (
        "entry 2 says that the trail was restored, but no signed checkpoint says so" in findings()
    )


def test_a_restore_does_not_explain_another_end_than_the_one_it_names(context: Flask) -> None:
    record(3)
    checkpoints.write()
    set_back(1)
    restored(1, (3, "0" * 64))
    record(3)
    assert "rewritten before the signed checkpoint at 3" in findings()


# Copies that leave by themselves


@contextmanager
def receiver(status: int) -> Iterator[tuple[str, list[bytes]]]:
    """A web server that answers every POST with `status`, and what it was sent."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/checkpoints", got
    finally:
        server.shutdown()
        server.server_close()


def enqueue_checkpoint() -> None:
    with transaction():
        ledger.enqueue("audit.checkpoint")
    drain()


def test_every_checkpoint_leaves_by_mail_and_by_post(context: Flask) -> None:
    record(1)
    with (
        receiver(204) as (url, got),
        settings(context, checkpoint_url=url, checkpoint_mail="archive@example.org"),
    ):
        enqueue_checkpoint()
        enqueue_checkpoint()  # nothing has happened since
    (line,) = got
    assert json.loads(line)["number"] == 1
    assert checkpoints.path().read_bytes().splitlines()[-1] == line
    (mail,) = db.session.scalars(sa.select(Mail).where(Mail.kind == "audit_checkpoint"))
    assert (mail.address, line.decode() in mail.body) == ("archive@example.org", True)


@pytest.mark.parametrize("status", [302, 307, 500])
def test_a_checkpoint_that_was_not_taken_is_posted_again(context: Flask, status: int) -> None:
    record(1)
    with receiver(status) as (url, got), settings(context, checkpoint_url=url):
        enqueue_checkpoint()
        assert len(got) == 1
    job = db.session.scalars(sa.select(Job).where(Job.kind == "audit.deliver")).one()
    assert (job.state, job.attempts) == (JobState.QUEUED, 1)
    with receiver(200) as (url, got), settings(context, checkpoint_url=url):
        with transaction():
            db.session.execute(sa.update(Job).values(run_after=0.0))
        drain()
        assert len(got) == 1


def test_the_address_is_told_to_nobody(context: Flask) -> None:
    with settings(context, checkpoint_url="https://user:swordfish@example.org/"):
        assert "swordfish" not in repr(settings_of())
