"""Who reads people's data leaves a trace in the audit trail, and no page waits long for it: while others hold the database,
or its disk takes nothing, the trace waits in a file of its own beside the checkpoints, and whoever writes next takes it into
the trail with the instant at which it happened. What cannot be noted there either is not read.

Exactly once: before its lines are taken, the file gets a name that never comes again, and the entry READINGS_TAKEN with that
name is committed with them. Whoever is killed before removing the file leaves one that is known to be taken.
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

#: Seconds that a reader waits for others to write.
PATIENCE = 0.5
OPEN, SEALED = "readings.jsonl", "readings-*.jsonl"
TAKEN = "readings.taken"
_PARTS = {"at", "actor", "token", "on_behalf_of", "action", "subject", "facts"}


def record(tell: Callable[[], None]) -> None:
    """Notes a reading: `tell` tells the audit trail and changes nothing. Raises Unavailable when no trace can be left."""
    try:
        with transaction(PATIENCE):
            _take()
            tell()
    except Unavailable:
        with gathering() as told:
            tell()
        try:
            for entry in told.audit_entries:
                lines.append(checkpoints.folder() / OPEN, checkpoints.canonical(entry).encode())
        except OSError as error:
            raise cannot_save() from error


def take() -> None:
    """Takes what waits into the trail."""
    if _files():
        with transaction():
            _take()


def _files() -> list[Path]:
    """What waits: the files that have their last name, then the one that is still written to."""
    folder = checkpoints.folder()
    return [*sorted(folder.glob(SEALED)), *(path for path in (folder / OPEN,) if os.path.lexists(path))]


def seal() -> list[Path]:
    """The files that wait. Each has its last name now, and nobody writes to it any more."""
    lines.rename(checkpoints.folder() / OPEN, f"readings-{secrets.token_hex(8)}.jsonl")
    return sorted(checkpoints.folder().glob(SEALED))


def _take() -> None:
    if not _files():
        return
    audit.hold()  # two processes would take the same file otherwise
    for path in seal():
        try:
            if not audit.has(TAKEN, subject := f"readings:{path.stem.partition('-')[2]}"):
                found = _read(path)
                entries = [entry for entry in found if entry is not None]
                audit.record(SYSTEM, TAKEN, subject, {"entries": len(entries), "damaged": len(found) - len(entries)})
                current_unit().audit_entries.extend(entries)
        except OSError as error:
            log.error("%s cannot be read\n%s", path.name, trace(error))
            continue
        current_unit().after_commit.append(partial(_remove, path))


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:  # it is known to be taken; the next one tries again
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
    """Each file that is not in the trail yet, with its lines or why they cannot be read."""
    for path in _files():
        if audit.has(TAKEN, f"readings:{path.stem.partition('-')[2]}"):
            continue
        try:
            yield path.name, _read(path)
        except FileNotFoundError:  # taken meanwhile
            continue
        except OSError as error:
            yield path.name, error


def waiting() -> int:
    """How many traces are not in the trail yet."""
    return sum(entry is not None for _, found in _waiting() if not isinstance(found, OSError) for entry in found)


def breaches() -> Iterator[str]:
    """For `flask check`. That some wait is no breach."""
    for name, found in _waiting():
        if isinstance(found, OSError):
            yield f"readings: {name} cannot be read ({type(found).__name__})"
            continue
        if count := sum(entry is not None for entry in found):
            yield Note(f"readings: {count} in {name} wait to be taken into the audit trail")
        for place, entry in enumerate(found, 1):
            if entry is None:
                yield Note(f"readings: line {place} of {name} is damaged (half written; its reader was shown nothing)")
