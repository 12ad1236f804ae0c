"""A restored database is prepared beside the current one and replaces it in one step. If the
process is killed before that, nothing has changed; the replaced database is kept.

SQLite: a file beside the other, copied into it by SQLite's online backup, in one transaction that
other connections survive. PostgreSQL: a schema beside the other, renamed in one transaction.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from flask import Flask, current_app
from psycopg import sql

from core import clock, writers
from core.backups import BackupError, application_on, mark_staged, programs
from core.database import database_path, db

STAGED = "rostrum_restoring"
PATIENCE = 30.0


def stamp() -> str:
    return f"{clock.now():%Y%m%d-%H%M%S}"


@contextlib.contextmanager
def staged(database: Path) -> Iterator[Flask]:
    """An application on a database made from the snapshot in `database`, beside the current one."""
    path = database_path()
    if path is not None:
        remove_staged_file(path)
        _make_private_copy(database, staged_file(path))
        app = application_on(DATABASE_URL=f"sqlite:///{staged_file(path)}")
    else:
        load(database)
        app = application_on()
    mark_staged(app)
    clock.share(app)
    app.config.update(
        {
            name: current_app.config[name]
            for name in ("TESTING", "JOBS_INLINE")
            if name in current_app.config
        }
    )
    with app.app_context():
        if path is None:
            sa.event.listen(db.engine, "connect", _look_into_staged, insert=True)
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def _look_into_staged(connection: Any, record: Any) -> None:
    connection.autocommit = True
    connection.execute(f"SET search_path TO {STAGED}")
    connection.autocommit = False


# SQLite


def staged_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.restoring")


def remove_staged_file(path: Path) -> None:
    for leftover in path.parent.glob(f"{path.name}.restoring*"):
        leftover.unlink()


def _make_private_copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    shutil.copyfile(source, target)


def swap_file(path: Path, last: Callable[[], None]) -> str | None:
    """Replaces the current file by the staged one. Returns where the old one is kept, if it held
    anything. Calls `last` when no one can write any more."""
    source = staged_file(path)
    with writers.exclusive(path, time.monotonic() + PATIENCE):
        last()
        with closing(sqlite3.connect(source)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE").fetchall()  # everything in one file
        if not path.exists():
            os.replace(source, path)
            remove_staged_file(path)
            return None
        try:
            former = _keep(path)
            with (
                closing(sqlite3.connect(source)) as new,
                closing(sqlite3.connect(path, timeout=PATIENCE)) as used,
            ):
                ends = time.monotonic() + PATIENCE
                new.backup(used, progress=lambda *_: _give_up_after(ends))
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise BackupError("another program holds the database: stop it first") from error
            former = _set_aside_damaged(path)
            os.replace(source, path)
    remove_staged_file(path)
    return former


def _give_up_after(ends: float) -> None:
    if time.monotonic() > ends:
        raise BackupError("another program holds the database: stop it first")


def _keep(path: Path) -> str | None:
    """Copies the current database, if it holds anything."""
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if (
            "audit_head" not in tables
            or not connection.execute("SELECT number FROM audit_head").fetchone()[0]
        ):
            return None
        copy = _free(path.with_name(f"{path.name}.before-restore-{stamp()}"))
        connection.execute("VACUUM INTO ?", (str(copy),))
        copy.chmod(0o600)
        return str(copy)


def _free(path: Path) -> Path:
    """The name, with a number if it is taken: kept data are never overwritten."""
    number, name = 1, path
    while os.path.lexists(name):
        number, name = number + 1, path.with_name(f"{path.name}-{number + 1}")
    return name


def _set_aside_damaged(path: Path) -> str:
    damaged = _free(path.with_name(f"{path.name}.damaged-{stamp()}"))
    for end in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{path}{end}", f"{damaged}{end}")
    return str(damaged)


# PostgreSQL

#: How the names of the indexes end that need PostgreSQL's extension pg_trgm.
TRIGRAMS = "_trigrams "


def load(dump: Path) -> None:
    """Loads the dump's tables into the staged schema, all or none. The current schema is moved away
    only within this one transaction, where no one else sees it."""
    restore, into = programs.find("pg_restore", programs.server_version()), programs.find("psql")
    schema, listing = _schema_of(restore, dump), ""
    with connected() as connection:
        for name in (schema, STAGED):
            if connection.execute(
                "SELECT 1 FROM pg_namespace WHERE nspname = %s", (name,)
            ).fetchone():
                listing += name
        if STAGED in listing:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(STAGED)))
    is_away = schema in listing
    begin = (
        f'BEGIN; {_rename(schema, f"{STAGED}_away") if is_away else ""} CREATE SCHEMA "{schema}";\n'
    )
    end = (
        f"\n{_rename(schema, STAGED)} {_rename(f'{STAGED}_away', schema) if is_away else ''} "
        "COMMIT;\n"
    )
    with _entries(restore, dump) as entries:
        options = ["--no-owner", "--no-privileges", f"--schema={schema}", f"--use-list={entries}"]
        _pipe([restore, *options, "-f", "-", str(dump)], into, begin, end)


@contextlib.contextmanager
def _entries(restore: str, dump: Path) -> Iterator[str]:
    """A list of what to load: the whole dump, but without trigram indexes if the extension is
    unavailable. Searches then read every row; no data are lost."""
    lines = _listed(restore, dump)
    if any(TRIGRAMS in line for line in lines) and not _has_trigrams():
        lines = [line for line in lines if TRIGRAMS not in line]
    with tempfile.NamedTemporaryFile("w", suffix=".list") as file:
        file.write("\n".join(lines))
        file.flush()
        yield file.name


def _has_trigrams() -> bool:
    """Whether the extension is installed or can be added; see migration 0029."""
    try:
        with connected() as connection:
            connection.execute("CREATE SCHEMA IF NOT EXISTS trigrams")
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA trigrams")
            place = connection.execute(
                "SELECT extnamespace::regnamespace::text FROM pg_extension "
                "WHERE extname = 'pg_trgm'"
            ).fetchone()
    except (psycopg.Error, BackupError):
        return False
    return place == ("trigrams",)


def _rename(before: str, after: str) -> str:
    return f'ALTER SCHEMA "{before}" RENAME TO "{after}";'


def _pipe(source: list[str], into: str, begin: str, end: str) -> None:
    """Runs the script between `begin` and `end`; if anything fails, `end` is missing and nothing is
    kept."""
    target = [into, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", programs.address()]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with (
        programs.start(target, stdin=subprocess.PIPE, **quiet) as psql,
        programs.start(source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as script,
    ):
        assert psql.stdin and script.stdout
        try:
            psql.stdin.write(begin.encode())
            shutil.copyfileobj(script.stdout, psql.stdin)
            if script.wait() == 0:
                psql.stdin.write(end.encode())
            psql.stdin.close()
        except BrokenPipeError:
            script.kill()
        complaint = programs.complaint(psql.stderr)
    if script.returncode or psql.returncode:
        raise BackupError(f"the dump could not be loaded: {complaint}")


def _schema_of(restore: str, dump: Path) -> str:
    """The schema of a dump, which always contains exactly one."""
    for line in _listed(restore, dump):
        words = line.split()
        if len(words) > 5 and words[3:5] != ["TABLE", "DATA"] and words[3] == "TABLE":
            return words[4]
    raise BackupError("the dump holds no table")


def _listed(restore: str, dump: Path) -> list[str]:
    """The contents of the dump, one line each."""
    command = [restore, "--list", str(dump)]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- no shell
    return listing.stdout.splitlines()


@contextlib.contextmanager
def connected() -> Iterator[psycopg.Connection]:
    """A separate connection whose transaction commits if all went well."""
    try:
        with psycopg.connect(**connection_facts()) as connection:
            yield connection
    except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
        raise
    except psycopg.Error as error:
        raise BackupError(
            f"the database refused: {str(error).strip().partition(chr(10))[0]}"
        ) from error


def connection_facts() -> dict[str, Any]:
    url: sa.URL = db.engine.url
    facts = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
    }
    return {name: value for name, value in facts.items() if value is not None} | dict(url.query)


def swap_schema(last: Callable[[], None]) -> str | None:
    """Replaces the current schema by the staged one. Returns the name under which the old one is
    kept, if it held anything. Calls `last` when no one can write any more, and again if the first
    try fails after that.

    Other connections are closed: their next statement reconnects and finds the restored tables.
    """
    for last_try in (False, False, True):
        try:
            with connected() as connection:
                return _swap(connection, last)
        except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
            if last_try:
                raise BackupError("other programs hold the database: stop them first") from None
    return None


def _swap(connection: psycopg.Connection, last: Callable[[], None]) -> str | None:
    connection.execute("SET lock_timeout = '5s'")
    (schema,) = connection.execute("SELECT coalesce(current_schema(), 'public')").fetchone() or (
        "public",
    )
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    rows = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", (schema,)
    ).fetchall()
    tables = [sql.Identifier(schema, name) for (name,) in rows]
    if tables:
        connection.execute(
            sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.SQL(", ").join(tables))
        )
    last()
    taken = {name for (name,) in connection.execute("SELECT nspname FROM pg_namespace").fetchall()}
    former = f"rostrum_before_{stamp().replace('-', '_')}"
    while former in taken:
        former += "x"
    connection.execute(
        sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(
            sql.Identifier(schema), sql.Identifier(former)
        )
    )
    connection.execute(
        sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(
            sql.Identifier(STAGED), sql.Identifier(schema)
        )
    )
    if ("audit_head",) in rows:
        head = connection.execute(
            sql.SQL("SELECT number FROM {}").format(sql.Identifier(former, "audit_head"))
        ).fetchone()
        if head and head[0]:
            return f"schema {former}"
    connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(former)))
    return None
