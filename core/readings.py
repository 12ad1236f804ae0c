"""Reading people's data is recorded in the audit trail, but no page waits long for it. While others
lock the database, or its disk is full, the entry waits in a file beside the checkpoints; the next
reading, or the worker, adds it to the trail with its original time. If it cannot be written there
either, the reading is refused.

Each entry is added exactly once: before its lines are added, the file is renamed to a name that is
never reused, and an entry with that name (TAKEN) is committed with them. If a process is killed
before it deletes the file, that entry shows that the work is done.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from core import audit, checkpoints, lines
from core.checking import Note
from core.database import current_unit, gathering, transaction
from core.errors import trace
from core.outages import Unavailable, cannot_save
from core.policy import SYSTEM

log = logging.getLogger(__name__)

#: Seconds that a reader waits while others write.
PATIENCE = 0.5
OPEN, SEALED = "readings.jsonl", "readings-*.jsonl"
TAKEN = "readings.taken"
_PARTS = {"at", "actor", "token", "on_behalf_of", "action", "subject", "facts"}


def record(tell: Callable[[], None]) -> None:
    """Records a reading: `tell` adds the audit entry and changes nothing else. Raises Unavailable
    if it cannot be recorded."""
    try:
        with transaction(PATIENCE):
            _take()
            tell()
    except Unavailable:
        with gathering() as gathered:
            tell()
        try:
            for entry in gathered.audit_entries:
                lines.append(checkpoints.folder() / OPEN, checkpoints.canonical(entry).encode())
        except OSError as error:
            raise cannot_save() from error


def take() -> None:
    """Adds waiting entries to the trail."""
    if _files():
        with transaction():
            _take()


def _files() -> list[Path]:
    """The files of waiting entries: renamed ones, then the one still being written."""
    folder = checkpoints.folder()
    return [
        *sorted(folder.glob(SEALED)),
        *(path for path in (folder / OPEN,) if os.path.lexists(path)),
    ]


def seal() -> list[Path]:
    """Renames the open file, so that no process writes to it any more. Returns all files of waiting
    entries."""
    lines.rename(checkpoints.folder() / OPEN, f"readings-{secrets.token_hex(8)}.jsonl")
    return sorted(checkpoints.folder().glob(SEALED))


def _take() -> None:
    if not _files():
        return
    audit.hold()  # otherwise two processes could take the same file
    for path in seal():
        try:
            if not audit.has(TAKEN, subject := f"readings:{path.stem.partition('-')[2]}"):
                parsed = _read(path)
                entries = [entry for entry in parsed if entry is not None]
                audit.record(
                    SYSTEM,
                    TAKEN,
                    subject,
                    {"entries": len(entries), "damaged": len(parsed) - len(entries)},
                )
                current_unit().audit_entries.extend(entries)
        except OSError as error:
            log.error("%s cannot be read\n%s", path.name, trace(error))
            continue
        current_unit().after_commit.append(partial(_remove, path))


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:  # its entries are in the trail; the next call retries
        log.error("%s cannot be removed\n%s", path.name, trace(error))


def _read(path: Path) -> list[dict[str, Any] | None]:
    """The entries in a file; None for a damaged line."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        return [_entry(line) for line in file.read().split(b"\n") if line]


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
        if set(entry) != _PARTS or datetime.fromisoformat(entry["at"]).tzinfo is None:
            return None
    except (ValueError, TypeError, RecursionError):
        return None
    return dict(entry)


def _waiting() -> Iterator[tuple[str, list[dict[str, Any] | None] | OSError]]:
    """Each file whose entries are not in the trail yet, with its lines or the reason why they
    cannot be read."""
    for path in _files():
        if audit.has(TAKEN, f"readings:{path.stem.partition('-')[2]}"):
            continue
        try:
            yield path.name, _read(path)
        except FileNotFoundError:  # added meanwhile
            continue
        except OSError as error:
            yield path.name, error


def waiting() -> int:
    """How many entries are not in the trail yet."""
    return sum(
        entry is not None
        for _, result in _waiting()
        if not isinstance(result, OSError)
        for entry in result
    )


def breaches() -> Iterator[str]:
    """For `flask check`. Waiting entries are no breach."""
    for name, result in _waiting():
        if isinstance(result, OSError):
            yield f"readings: {name} cannot be read ({type(result).__name__})"
            continue
        if count := sum(entry is not None for entry in result):
            yield Note(f"readings: {count} in {name} waiting to be added to the audit trail")
        for line_number, entry in enumerate(result, 1):
            if entry is None:
                yield Note(
                    f"readings: line {line_number} of {name} is damaged (half written; its reader "
                    "saw nothing)"
                )
