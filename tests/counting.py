"""Counting the queries that a block sends: a page's number of queries must not grow with its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import event

from core.database import db


@dataclass
class Count:
    """The statements sent, without those that begin, end or release something."""

    statements: list[str] = field(default_factory=list)

    @property
    def selects(self) -> int:
        return sum(statement.lstrip().upper().startswith(("SELECT", "WITH")) for statement in self.statements)


@contextmanager
def queries_counted() -> Iterator[Count]:
    """Inside an app context."""
    count, engine = Count(), db.engine

    def note(connection, cursor, statement, parameters, context, executemany) -> None:
        count.statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield count
    finally:
        event.remove(engine, "before_cursor_execute", note)
