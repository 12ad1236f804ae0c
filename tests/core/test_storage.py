"""Files that Rostrum did not store stop nothing; they are named."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from core import storage


def root() -> Path:
    return storage.storage_of().root  # type: ignore[attr-defined]  # the store of tests is a Folder


def test_only_what_was_stored_is_a_key(context: Flask, tmp_path: Path) -> None:
    storage.put("bulk/a.pdf", b"a")
    for name in (
        "Thumbs.db",
        "certificates/copy (1).pdf",
        "numbers/certificate-2026~",
        "bulk/two\nlines",
    ):
        (root() / name).parent.mkdir(exist_ok=True)
        (root() / name).write_bytes(b"x")
    (root() / "certificates" / "link").symlink_to(tmp_path)
    assert list(storage.keys("")) == ["bulk/a.pdf"]
    assert list(storage.keys("numbers")) == []
    assert sorted(storage.strays()) == [
        "Thumbs.db",
        "bulk/two\\nlines",
        "certificates/copy (1).pdf",
        "certificates/link",
        "numbers/certificate-2026~",
    ]
    result = context.test_cli_runner().invoke(args=["check"])
    assert (
        result.exit_code,
        "note: files: Rostrum did not store Thumbs.db, so no backup includes it" in result.output,
    ) == (
        0,
        True,
    )


@pytest.mark.parametrize("kind", [OSError, PermissionError])
def test_what_cannot_be_read_is_named(
    context: Flask, monkeypatch: pytest.MonkeyPatch, kind: Callable[..., OSError]
) -> None:
    storage.put("certificates/a.pdf", b"a")

    def refuse(path: Path) -> bytes:
        raise kind(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(storage.Obstructed):
        storage.get("certificates/a.pdf")
