"""PostgreSQL's own programs (pg_dump, pg_restore, psql), at least as new as the server. Passwords
never appear on a command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from core.backups import BackupError
from core.database import db

FOLDERS = Path("/usr/lib/postgresql")


def find(name: str, at_least: int = 0) -> str:
    """The path of the program, in the oldest version that is new enough; BackupError if there is
    none."""
    folders = [str(folder) for folder in sorted(FOLDERS.glob("*/bin"))]
    paths = [
        path
        for path in (shutil.which(name), *(shutil.which(name, path=folder) for folder in folders))
        if path
    ]
    versions = sorted({(version_of(path), path) for path in paths})
    if not versions:
        raise BackupError(f"{name} is not installed: apt-get install postgresql-client")
    if fitting := [path for version, path in versions if version >= at_least]:
        return fitting[0]
    raise BackupError(
        f"{name} {versions[-1][0]} is older than the server ({at_least}): apt-get install "
        f"postgresql-client-{at_least}"
    )


@cache
def version_of(path: str) -> int:
    output = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 -- no shell
    number = re.search(r"\b(\d+)(?:\.\d+)*", output)
    return int(number[1]) if number else 0


def server_version() -> int:
    with db.engine.connect() as connection:
        return int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10000


def address() -> str:
    """The database's address without its password, which is passed in the environment: everyone can
    see command lines."""
    url: sa.URL = db.engine.url
    open_part = sa.URL.create(
        "postgresql",
        url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query=dict(url.query),
    )  # `set(password=None)` would keep it
    return open_part.render_as_string(hide_password=False)


def environment() -> dict[str, str]:
    password = db.engine.url.password
    return {
        **os.environ,
        **({"PGPASSWORD": str(password)} if password else {}),
        "PGCONNECT_TIMEOUT": "10",
    }


def run(command: list[str], **options: Any) -> None:
    """Runs a program; on failure, BackupError with the first line it complained."""
    done = subprocess.run(  # noqa: S603 -- no shell
        command, env=environment(), stderr=subprocess.PIPE, check=False, **options
    )
    if done.returncode:
        raise BackupError(f"{Path(command[0]).name} failed: {complaint(done.stderr)}")


def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=environment(), **options)  # noqa: S603 -- no shell


def complaint(output: bytes | IO[bytes] | None) -> str:
    text = (
        (output if isinstance(output, bytes) else output.read() if output else b"")
        .decode(errors="replace")
        .strip()
    )
    return (
        next((line for line in text.splitlines() if "rror" in line), text.partition("\n")[0])
        or "it said nothing"
    )
