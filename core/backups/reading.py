"""Reads a snapshot of the database from its file alone: without a server, so that any machine can
prove a copy."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from core.audit import GENESIS, chained
from core.backups import BackupError, FiledIn, programs
from core.checkpoints import Chain

SQLITE, POSTGRESQL = "sqlite", "postgresql"
#: Prefixes of tables that only serve to search others.
INDEXES = ("certificate_trigrams", "expert_fts", "person_trigrams")
NAMES = {SQLITE: "database.sqlite", POSTGRESQL: "database.dump"}

Row = dict[str, str | None]


@dataclass
class Contents:
    """Rows by table, the end of the chain, how far numbers went, the files that rows name, and all
    faults found."""

    filed_in: FiledIn
    entry_numbers: set[int] = field(default_factory=set)
    tables: dict[str, int] = field(default_factory=dict)
    revision: str = ""
    head: tuple[int, str] = (0, GENESIS)
    counters: dict[str, int] = field(default_factory=dict)
    filed: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    chain: Chain = field(default_factory=lambda: Chain(0, {}, []))
    _digest: str = GENESIS
    _early: dict[int, Row] = field(default_factory=dict)

    def take(self, table: str, row: Row) -> None:
        self.tables[table] = self.tables.get(table, 0) + 1
        if table == "audit_entry":
            self._entry(row)
        elif table == "audit_head":
            self.head = int(row["number"] or 0), row["digest"] or ""
        elif table == "counter":
            self.counters[row["name"] or ""] = int(row["value"] or 0)
        elif table == "alembic_version":
            self.revision = row["version_num"] or ""
        elif table == self.filed_in.table and row[self.filed_in.key]:
            self.filed[row[self.filed_in.key] or ""] = row[self.filed_in.digest] or ""

    def _entry(self, row: Row) -> None:
        """Chains the entries by number, in whatever order they arrive."""
        self._early[int(row["number"] or 0)] = row
        while (following := self._early.pop(self.chain.length + 1, None)) is not None:
            number = self.chain.length + 1
            if chained(self._digest, number, following["body"] or "") != following["digest"]:
                self.faults.append(f"entry {number} of its audit trail was altered")
            self._digest, self.chain.length = following["digest"] or "", number
            if number in self.entry_numbers:
                self.chain.digests[number] = self._digest

    def end(self) -> None:
        if self._early:
            self.faults.append(f"entry {self.chain.length + 1} of its audit trail is missing")
        elif self.head != (self.chain.length, self._digest):
            self.faults.append(
                f"its audit trail ends at {self.chain.length}, but the head says {self.head[0]}"
            )


def read(
    kind: str, file: Path, filed_in: FiledIn, entry_numbers: set[int] | None = None
) -> Contents:
    """Reads the contents of a snapshot. `entry_numbers`: entries whose digests are needed.
    BackupError if it cannot be read."""
    contents = Contents(filed_in, entry_numbers or set())
    rows = _sqlite_rows(file, contents) if kind == SQLITE else _dumped_rows(file, contents)
    try:
        for table, row in rows:
            contents.take(table, row)
    except (sqlite3.Error, KeyError, ValueError) as error:
        raise BackupError(f"{file.name} cannot be read ({type(error).__name__})") from error
    contents.end()
    return contents


def _sqlite_rows(file: Path, contents: Contents) -> Iterator[tuple[str, Row]]:
    with closing(
        sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    ) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            contents.faults.append(f"{file.name} is damaged ({verdict})")
        names = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE "
            "VIRTUAL%' ORDER BY name"
        )
        tables = [
            n for (n,) in connection.execute(names) if not n.startswith(("sqlite_", *INDEXES))
        ]
        for table in tables:
            contents.tables[table] = 0
            order = " ORDER BY number" if table == "audit_entry" else ""
            cursor = connection.execute(f'SELECT * FROM "{table}"{order}')  # noqa: S608 -- a name from the database's own catalogue
            columns = [column[0] for column in cursor.description]
            for values in cursor:
                yield (
                    table,
                    {
                        c: None if v is None else str(v)
                        for c, v in zip(columns, values, strict=True)
                    },
                )


_COPY = re.compile(rb'COPY (?:"?[\w$]+"?\.)?"?(?P<table>\w+)"? \((?P<columns>[^)]*)\) FROM stdin;')
_ESCAPE = re.compile(rb"\\(.)")
_PLAIN = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def _dumped_rows(file: Path, contents: Contents) -> Iterator[tuple[str, Row]]:
    command = [programs.find("pg_restore"), "--data-only", "-f", "-", str(file)]
    with programs.start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        yield from _copied_rows(process.stdout, contents)
        complaint = programs.complaint(process.stderr)
    if process.returncode:
        raise BackupError(f"{file.name} cannot be read: {complaint}")


def _copied_rows(script: IO[bytes], contents: Contents) -> Iterator[tuple[str, Row]]:
    table, columns = "", []
    for line in script:
        if not table:
            if begins := _COPY.match(line):
                table = begins["table"].decode()
                columns = [name.strip(' "') for name in begins["columns"].decode().split(",")]
                contents.tables[table] = 0
        elif line == b"\\.\n":
            table = ""
        else:
            values = [_plain(value) for value in line.rstrip(b"\n").split(b"\t")]
            yield table, dict(zip(columns, values, strict=True))


def _plain(value: bytes) -> str | None:
    if value == b"\\N":
        return None
    return _ESCAPE.sub(lambda match: _PLAIN.get(match[1], match[1]), value).decode()
