"""Files by key, behind one setting: STORAGE_URL names where they are stored. Callers never see
paths.

A store is any object with the methods of `Storage`. Another kind needs a class, and its scheme in
`KINDS`.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from flask import Flask, current_app
from flask_babel import lazy_gettext as _l

from core.checking import Note
from core.errors import Conflict

_KEY = re.compile(r"[a-z0-9]+(?:[/.-][a-z0-9]+)*")


class Storage(Protocol):
    """The methods of every kind of store. A file appears completely or not at all."""

    def put(self, key: str, data: bytes) -> None:
        """Stores `data` under `key`, durably once it returns. Obstructed if something in its place
        is not a file."""

    def get(self, key: str) -> bytes:
        """The file's bytes. FileNotFoundError if there is none, Obstructed if it is not a file or
        cannot be read."""

    def delete(self, key: str) -> None:
        """Deletes the file; does nothing if there is none."""

    def url(self, key: str) -> str | None:
        """A temporary address for people who may have the file; None if only the application can
        serve it."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key under the folder `prefix`, in no order, without what Rostrum did not store
        (`strays`). There may be millions, so they are never held all at once."""

    def strays(self) -> Iterator[str]:
        """Names of files that Rostrum did not store, such as Thumbs.db, in readable characters."""

    def probe(self, data: bytes) -> None:
        """Writes `data` and deletes it again. An OSError says why nothing can be stored."""


class Obstructed(Conflict):
    """Something in the place of a file that this program neither reads nor replaces: people must
    look at it."""

    def __init__(self, key: str, obstacle: Any):
        sentence = _l(
            "In the place of the file %(file)s lies %(found)s. An administrator has to remove it.",
            file=key,
            found=obstacle,
        )
        super().__init__("file_obstructed", sentence)
        self.key = key
        self.obstacle = obstacle


class Folder:
    """On a local or shared disk: a file is written aside, forced to disk, then renamed."""

    def __init__(self, root: Path):
        self.root = root

    @classmethod
    def at(cls, url: str) -> Folder:
        return cls(Path(url.removeprefix("file://")))

    def path(self, key: str) -> Path:
        return self.root / checked(key)

    def put(self, key: str, data: bytes) -> None:
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except (FileExistsError, NotADirectoryError):
            raise Obstructed(key, _l("a file where a folder should be")) from None
        if (obstacle := _obstacle(path)) is not None:
            raise Obstructed(key, obstacle)
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

    def get(self, key: str) -> bytes:
        path = self.path(key)
        if (obstacle := _obstacle(path)) is not None:
            raise Obstructed(key, obstacle)
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

    def delete(self, key: str) -> None:
        path = self.path(key)
        if (obstacle := _obstacle(path)) is not None:
            raise Obstructed(key, obstacle)
        if path.exists():
            path.unlink()
            _force(path.parent)

    def url(self, key: str) -> str | None:
        return None

    def keys(self, prefix: str) -> Iterator[str]:
        return (name for name, entry in self._entries(prefix) if _is_stored(name, entry))

    def strays(self) -> Iterator[str]:
        for name, entry in self._entries(""):
            if not (entry.is_dir(follow_symlinks=False) or _is_stored(name, entry)):
                yield "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)

    def probe(self, data: bytes) -> None:
        if self.root.is_dir():
            with tempfile.TemporaryFile(dir=self.root) as file:
                file.write(data)
                file.flush()

    def _entries(self, folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Whatever lies in the folder and below it, but for what is hidden."""
        try:
            entries = os.scandir(self.root / folder)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return
        with entries:
            for entry in entries:
                name = posixpath.join(folder, entry.name)
                if entry.name[0] != ".":
                    yield name, entry
                if entry.is_dir(follow_symlinks=False):
                    yield from self._entries(name)


#: Kinds of store, by the scheme of STORAGE_URL.
KINDS: dict[str, Callable[[str], Storage]] = {"file": Folder.at}


def init_app(app: Flask, storage: Storage) -> None:
    app.extensions["storage"] = storage


def open_storage(url: str) -> Storage:
    return KINDS[urlsplit(url).scheme](url)


def storage_of(app: Flask | None = None) -> Storage:
    """The store of the current application, or of `app`."""
    storage: Storage = (app or current_app).extensions["storage"]
    return storage


def put(key: str, data: bytes) -> None:
    storage_of().put(key, data)


def get(key: str) -> bytes:
    return storage_of().get(key)


def keys(prefix: str) -> Iterator[str]:
    return storage_of().keys(prefix)


def strays() -> Iterator[str]:
    return storage_of().strays()


def checked(key: str) -> str:
    """The key itself; ValueError unless it consists of small letters, digits and single marks
    between them."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a storage key: {key!r}")
    return key


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def breaches() -> Iterator[str]:
    """For `flask check`. Such files do no harm, but no backup includes them."""
    yield from (
        Note(f"files: Rostrum did not store {name}, so no backup includes it") for name in strays()
    )


def _obstacle(path: Path) -> Any:
    """What is at `path` instead of a file, in words; None for a file or nothing. Links and devices
    are never followed: they could lead out of the folder, or block for ever."""
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
    """Makes the new name durable too, not only the content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_stored(name: str, entry: os.DirEntry[str]) -> bool:
    return _KEY.fullmatch(name) is not None and entry.is_file(follow_symlinks=False)
