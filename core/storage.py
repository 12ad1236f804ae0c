"""Files by key. A file appears whole or not at all: written aside, forced to disk, then renamed."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from core.checking import Note
from core.database import settings_of
from core.errors import Conflict

_KEY = re.compile(r"[a-z0-9]+(?:[/.-][a-z0-9]+)*")


def _path(key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a storage key: {key!r}")
    return settings_of().storage_path / key


def put(key: str, data: bytes) -> str:
    """Stores `data` under `key` and returns its SHA-256 in hexadecimal. Raises Obstructed when something that is no file lies
    in its place."""
    path = _path(key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (FileExistsError, NotADirectoryError):
        raise Obstructed(key, _l("a file where a folder should be")) from None
    if (found := _obstacle(path)) is not None:
        raise Obstructed(key, found)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
    _force(path.parent)
    return digest_of(data)


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def get(key: str) -> bytes:
    """The file's bytes; FileNotFoundError when there is none, Obstructed when something else lies there or it cannot be read."""
    path = _path(key)
    if (found := _obstacle(path)) is not None:
        raise Obstructed(key, found)
    try:
        return path.read_bytes()
    except NotADirectoryError:
        raise Obstructed(key, _l("a file where a folder should be")) from None
    except PermissionError:
        raise Obstructed(key, _l("a file that this program may not read")) from None
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Obstructed(key, _l("a file that cannot be read from the disk")) from error


class Obstructed(Conflict):
    """In the place of a file lies something that this program neither reads nor replaces: people have to look at it."""

    def __init__(self, key: str, found: Any):
        sentence = _l(
            "In the place of the file %(file)s lies %(found)s. An administrator has to remove it.", file=key, found=found
        )
        super().__init__("file_obstructed", sentence)
        self.key = key
        self.found = found


def _obstacle(path: Path) -> Any:
    """What lies at `path` instead of a file, in words; None when a file does, or nothing. A link or a device is never followed:
    it could lead out of the folder, or block for ever."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return None
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        return _l("a folder")
    return _l("a link") if stat.S_ISLNK(mode) else _l("something that is no file")


def _force(folder: Path) -> None:
    """The new name is on disk too, not only the content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def keys(prefix: str) -> Iterator[str]:
    """Every key under the folder `prefix`, in order, without what Rostrum did not store (`strays`)."""
    return (name for path, name in _entries(prefix) if _is_stored(path, name))


def strays() -> Iterator[str]:
    """The names of files and links that Rostrum did not store, such as Thumbs.db, in characters that people can read."""
    for path, name in _entries(""):
        if (path.is_symlink() or not path.is_dir()) and not _is_stored(path, name):
            yield "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)


def breaches() -> Iterator[str]:
    """For `flask check`. Such files do no harm, but no backup includes them."""
    yield from (Note(f"files: Rostrum did not store {name}, so no backup includes it") for name in strays())


def _entries(prefix: str) -> Iterator[tuple[Path, str]]:
    root = settings_of().storage_path
    return ((path, path.relative_to(root).as_posix()) for path in sorted((root / prefix).rglob("*")) if path.name[0] != ".")


def _is_stored(path: Path, name: str) -> bool:
    return _KEY.fullmatch(name) is not None and path.is_file() and not path.is_symlink()
