"""Making a copy while others write."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from core import audit, checkpoints, clock, readings, storage
from core.backups import copies, filed_in, programs, reading
from core.backups.reading import POSTGRESQL, SQLITE
from core.database import database_path, db, is_sqlite
from core.outages import Unavailable
from core.settings import settings_of

#: Secrets in the instance folder, copied only on request.
SECRETS = ("secret_key", f"audit/{checkpoints.KEY}")


def make(target: Path, *, with_keys: bool) -> dict[str, Any]:
    """Makes a complete copy at `target`, or nothing. Returns the manifest's facts. BackupError with
    the reason."""
    with copies.whole_or_nothing(target) as folder:
        kind = SQLITE if is_sqlite() else POSTGRESQL
        made_at = clock.now()
        with suppress(Unavailable):  # entries still waiting are copied below
            readings.take()
        snapshot(folder / reading.NAMES[kind])
        contents = reading.read(kind, folder / reading.NAMES[kind], filed_in())
        stored, left_out = _copy_files(folder)
        _copy_trail(folder)
        if with_keys:
            _copy_keys(folder)
        facts: dict[str, object] = {
            "kind": kind,
            "made_at": made_at.isoformat(timespec="seconds"),
            "revision": contents.revision,
            "tables": contents.tables,
            "numbers": contents.counters,
            "audit": {"number": contents.head[0], "digest": contents.head[1]},
            "files": len(stored),
            "lacking": sorted(key for key in contents.filed if key not in stored),
            "left_out": [
                *sorted(storage.strays()),
                *sorted(key for key in left_out if key not in contents.filed),
            ],
            "trail_faults": [*contents.faults, *audit.breaches()],
        }
        db.session.rollback()
        copies.seal(folder, facts)
    return facts


def snapshot(file: Path) -> None:
    """The database at one moment, without blocking anyone."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (path := database_path()) is not None:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("VACUUM INTO ?", (str(file),))
    else:
        with db.engine.connect() as connection:
            schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        program = programs.find("pg_dump", programs.server_version())
        programs.run(
            [
                program,
                "-Fc",
                "--no-owner",
                "--no-privileges",
                f"--schema={schema}",
                "-f",
                str(file),
                programs.address(),
            ]
        )


def _copy_files(folder: Path) -> tuple[set[str], list[str]]:
    """Copies all stored files, also those stored after the snapshot: they show how far numbering
    went. Returns the copied keys and the unreadable ones."""
    stored, unread = set(), []
    for key in storage.keys(""):
        try:
            data = storage.get(key)
        except FileNotFoundError:
            continue  # the manifest lists what is missing
        except storage.Obstructed:
            unread.append(key)
            continue
        copies.write(folder / copies.FILES / key, data)
        stored.add(key)
    return stored, unread


def _copy_trail(folder: Path) -> None:
    (folder / copies.TRAIL).mkdir(mode=0o700)
    for name in (checkpoints.FILE, checkpoints.PUBLIC):
        if (checkpoints.folder() / name).is_file():
            shutil.copyfile(checkpoints.folder() / name, folder / copies.TRAIL / name)
    for path in readings.seal():
        with suppress(FileNotFoundError):  # added to the trail meanwhile
            shutil.copyfile(path, folder / copies.TRAIL / path.name)


def _copy_keys(folder: Path) -> None:
    for name in SECRETS:
        path = settings_of().instance_path / name
        if path.is_file():
            copies.write(folder / copies.KEYS / path.name, path.read_bytes())
