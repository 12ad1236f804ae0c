"""Stored files: what is lost or damaged is made again exactly, and whatever cannot be is named –
on the page, by the command, in the archive."""

from __future__ import annotations

import errno
import io
import os
import shutil
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from certificates import files, queries, rendering
from certificates.models import Certificate
from certificates.numbers import format_number
from core import audit, checking, numbering, storage
from core.database import db, transaction
from core.errors import Conflict
from core.policy import SYSTEM
from tests import factories
from tests.browsing import Browser
from tests.certificates import makers
from tests.certificates.test_pages import FinishedDelivery


def place(key: str) -> Path:
    return storage.storage_of().path(key)  # type: ignore[attr-defined]  # the store of tests is a Folder


def lose(path: Path) -> None:
    path.unlink()


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def forge(path: Path) -> None:
    path.write_bytes(b"%PDF-1.7 forged")


def lose_folder(path: Path) -> None:
    shutil.rmtree(path.parent.parent)


DAMAGE = [lose, tear, empty, forge, lose_folder]


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link(path: Path) -> None:
    secret = path.parent / "secret"
    path.rename(secret)
    path.symlink_to(secret)


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere/at/all")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def listener(path: Path) -> None:
    path.unlink()
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def file_for_folder(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_bytes(b"")


OBSTACLES = [
    (folder, "a folder"),
    (link, "a link"),
    (dangling, "a link"),
    (pipe, "something that is no file"),
    (listener, "something that is no file"),
    (file_for_folder, "a file where a folder should be"),
]


def one_filed() -> Certificate:
    (certificate,) = makers.issued(makers.finished_delivery(["Zoë Lefèvre-Nguyễn"]))
    return certificate


def verify(app: Flask) -> tuple[int, str]:
    db.session.rollback()
    result = app.test_cli_runner().invoke(args=["certificates", "verify"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_asked_for_is_made_again_exactly(
    app: Flask, sign_in: Callable[..., Browser], damage: Callable[..., Any]
) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    with app.app_context():
        certificate = db.session.scalars(sa.select(Certificate)).one()
        path, before = place(certificate.file_key), storage.get(certificate.file_key)
        damage(path)
    answer = sign_in(finished.holders[0]).get(f"/certificates/{finished.numbers[0]}.pdf").response
    assert (answer.status_code, answer.data) == (200, before)
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", DAMAGE)
def test_the_command_makes_it_again_and_leaves_a_trace(
    context: Flask, damage: Callable[..., Any]
) -> None:
    certificate = one_filed()
    number, digest, path = certificate.number, certificate.sha256, place(certificate.file_key)
    assert verify(context) == (0, "1 files: all are whole\n")
    damage(path)
    code, output = verify(context)
    assert (code, f"{number}: the file " in output, "exactly as it was filed" in output) == (
        0,
        True,
        True,
    )
    assert verify(context) == (0, "1 files: all are whole\n")
    (entry,) = db.session.scalars(
        sa.select(audit.AuditEntry).where(audit.AuditEntry.action == "certificate.refiled")
    )
    assert f'"sha256":"{digest}","sha256_before":"{digest}"' in entry.body
    assert checking.breaches() == []


@pytest.mark.parametrize(("obstacle", "words"), OBSTACLES)
def test_something_that_is_no_file_is_named(
    app: Flask, sign_in: Callable[..., Browser], obstacle: Callable[..., Any], words: str
) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    with app.app_context():
        obstacle(place(db.session.scalars(sa.select(Certificate.file_key)).one()))
    page = sign_in(finished.holders[0]).get(f"/certificates/{finished.numbers[0]}.pdf")
    assert (page.status, words in page.text) == (409, True)
    with app.app_context():
        assert words in " ".join(queries.breaches())
        code, output = verify(app)
        assert (code, words in output, "1 could not be made again" in output) == (1, True, True)


def test_what_another_press_makes_differently_is_said_and_never_put_back_in_passing(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = one_filed()
    before, path = certificate.sha256, place(certificate.file_key)
    path.unlink()
    monkeypatch.setattr(rendering, "render", lambda payload, **_: b"%PDF-1.7 of another press")
    with pytest.raises(Conflict) as refused:
        files.read(makers.again(certificate))
    assert (refused.value.code, path.exists()) == ("file_damaged", False)
    code, output = verify(context)
    after = makers.again(certificate).sha256
    assert (code, after != before, f"was {before} and is {after}" in output) == (0, True, True)
    assert files.read(certificate) == b"%PDF-1.7 of another press"
    entries = db.session.scalars(
        sa.select(audit.AuditEntry.body).where(audit.AuditEntry.action == "certificate.refiled")
    )
    assert [before in body and after in body for body in entries] == [True]


def test_an_altered_record_makes_no_file(context: Flask) -> None:
    certificate = one_filed()
    place(certificate.file_key).unlink()
    with transaction():
        certificate.payload = certificate.payload | {"holder_name": "Someone Else"}
        audit.record(SYSTEM, "test.meddling", "certificate", {})
    with pytest.raises(Conflict):
        files.read(makers.again(certificate))
    assert "its record was altered" in verify(context)[1]


def test_an_altered_digest_is_not_made_good(context: Flask) -> None:
    certificate = one_filed()
    with transaction():
        certificate.sha256 = "0" * 64
        audit.record(SYSTEM, "test.meddling", "certificate", {})
    code, output = verify(context)
    assert (code, "someone altered the digest" in output) == (1, True)
    assert makers.again(certificate).sha256 == "0" * 64


def test_an_archive_names_what_it_lacks(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, 3, issued=True)
    with app.app_context():
        lost, hidden, unharmed = db.session.scalars(sa.select(Certificate).order_by(Certificate.id))
        place(lost.file_key).unlink()
        folder(place(hidden.file_key))
        with transaction():
            unharmed.file_key = unharmed.sha256 = None
            audit.record(SYSTEM, "test.unfiled", "certificate", {})
    data = sign_in(finished.coordinator).get(f"{finished.page}.zip").response.data
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.namelist() == [f"{finished.numbers[0]}.pdf", files.LACKING], (
            "the lost one is made again"
        )
        words = opened.read(files.LACKING).decode()
    assert (
        f"{finished.numbers[1]}: In the place of the file" in words
        and f"{finished.numbers[2]}: " in words
    )
    assert "still being made" in words


def test_a_failing_disk_breaks_no_archive_and_no_command(
    app: Flask, sign_in: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file cannot be read; another is made again, but the disk is full."""
    finished = FinishedDelivery(app, 3, issued=True)
    with app.app_context():
        bad, lost, _unharmed = (
            place(key)
            for key in db.session.scalars(sa.select(Certificate.file_key).order_by(Certificate.id))
        )
    lost.unlink()
    read = Path.read_bytes

    def failing(path: Path) -> bytes:
        if path == bad:
            raise OSError(errno.EIO, "Input/output error")
        return read(path)

    def full(key: str, data: bytes) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "read_bytes", failing)
    monkeypatch.setattr(storage, "put", full)
    data = sign_in(finished.coordinator).get(f"{finished.page}.zip").response.data
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.namelist() == [
            *(f"{number}.pdf" for number in finished.numbers[1:]),
            files.LACKING,
        ]
        assert (
            f"{finished.numbers[0]}: In the place of the file"
            in opened.read(files.LACKING).decode()
        )
    runner = app.test_cli_runner()
    assert f"{finished.numbers[0]}" in runner.invoke(args=["check"]).output
    result = runner.invoke(args=["certificates", "verify"])
    assert (
        result.exit_code,
        "could not be put back (No space left on device)" in result.output,
    ) == (1, True)


def test_a_whole_archive_says_nothing(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, 2, issued=True)
    data = sign_in(finished.coordinator).get(f"{finished.page}.zip").response.data
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert files.LACKING not in opened.namelist()


def test_check_names_files_whose_number_no_row_has(context: Flask) -> None:
    certificate = one_filed()
    lost = format_number(2026, 7)
    key = f"certificates/2026/{format_number(2026, 7).lower()}-0123456789abcdef.pdf"
    storage.put(key, b"%PDF-1.7 of a lost database")
    storage.put(
        f"certificates/2026/{certificate.number.lower()}-0123456789abcdef.pdf",
        b"an earlier try: its number has a row",
    )
    assert list(queries.breaches()) == [
        f"certificates: no row has the number of the file {key} ({lost})"
    ]
    runner = context.test_cli_runner()
    assert runner.invoke(args=["check"]).exit_code == 1
    with transaction():
        numbering.raise_to("certificate:2026", 7, numbering.VoidReason.RESTORED, since=1)
    result = runner.invoke(args=["check"])
    assert (
        result.exit_code,
        f"({lost}); it is in the register of void numbers" in result.output,
    ) == (0, True)


def test_administrators_read_the_register_of_void_numbers(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    with app.app_context():
        administrator = factories.actor("administrator")
    browser = sign_in(administrator)
    page = browser.get(browser.get("/certificates").link("Void numbers"))
    assert "There are none" in page.text
    with app.app_context(), transaction():
        numbering.raise_to("certificate:2026", 7, numbering.VoidReason.RESTORED, since=1)
    page = browser.get("/certificates/void-numbers")
    assert (
        format_number(2026, 2) in page.text
        and format_number(2026, 7) in page.text
        and "A copy was restored" in page.text
    )
    assert "numéros" in browser.get("/certificates/void-numbers?lang=fr").text
    assert "Void numbers" not in sign_in(finished.coordinator).get("/certificates").text
