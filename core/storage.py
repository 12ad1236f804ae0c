"""Files by key. A file appears whole or not at all: written aside, forced to disk, then renamed."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.database import settings_of

_KEY = re.compile(r"[a-z0-9]+(?:[/.-][a-z0-9]+)*")


def _path(key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a storage key: {key!r}")
    return settings_of().storage_path / key


def put(key: str, data: bytes) -> str:
    """Stores `data` under `key` and returns its SHA-256 in hexadecimal."""
    path = _path(key)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
    return hashlib.sha256(data).hexdigest()


def get(key: str) -> bytes:
    """The file's bytes; FileNotFoundError when there is none."""
    return _path(key).read_bytes()


def exists(key: str) -> bool:
    return _path(key).is_file()


def keys(prefix: str) -> Iterator[str]:
    """Every key under the folder `prefix`, in order."""
    root = settings_of().storage_path
    for path in sorted((root / prefix).rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield path.relative_to(root).as_posix()
