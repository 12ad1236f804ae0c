"""Finds the few rows of a long table that contain a text, without reading the others.

PostgreSQL answers `LIKE '%text%'` from its trigram indexes (pg_trgm) by itself. SQLite's are tables
beside the searched one (FTS5, tokenizer "trigram"; migration 0029) and must be queried explicitly:
for all groups of three characters, which narrow the search; the condition decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.database import db, is_sqlite

#: Up to this many candidates are looked up and sorted. With more, reading the rows in the order of
#: the page fills it soon enough.
MOST_LOOKED_UP = 5_000


@dataclass(frozen=True)
class Occurrence:
    """A condition about texts. `grams`: the FTS5 query; None if it cannot narrow the search, "" if
    nothing can match."""

    condition: sa.ColumnElement[bool]
    grams: str | None = None


def occurs(condition: sa.ColumnElement[bool], text: str) -> Occurrence:
    """`condition` means that `text` occurs in an indexed column. Fewer than three characters do not
    narrow a search."""
    groups = dict.fromkeys(text[start : start + 3] for start in range(len(text) - 2))
    quoted = ('"{}"'.format(group.replace('"', '""')) for group in groups if "\0" not in group)
    return Occurrence(condition, " AND ".join(quoted) or None)


def all_of(parts: Iterable[Occurrence]) -> Occurrence:
    every = list(parts)
    grams = [part.grams for part in every if part.grams is not None]
    narrow = "" if "" in grams else " AND ".join(f"({gram})" for gram in grams) or None
    return Occurrence(sa.and_(sa.true(), *(part.condition for part in every)), narrow)


def any_of(parts: Iterable[Occurrence]) -> Occurrence:
    """False if there are no parts."""
    every = list(parts)
    grams = [part.grams for part in every if part.grams != ""]
    narrow = None if None in grams else " OR ".join(f"({gram})" for gram in grams)
    return Occurrence(sa.or_(sa.false(), *(part.condition for part in every)), narrow)


def narrowed(
    statement: sa.Select[Any], key: Any, occurrence: Occurrence, *others: sa.Select[Any]
) -> sa.Select[Any]:
    """The rows of `statement` that match `occurrence`; `key` is the id of the searched table.
    `others`: ids that may match although no text occurs in them."""
    statement = statement.where(occurrence.condition)
    if occurrence.grams is None or not is_sqlite():
        return statement
    index = f"{key.class_.__tablename__}_trigrams"
    table = sa.table(index, sa.column("rowid", sa.Integer), sa.column(index, sa.Text))
    matches = table.c[index].op("MATCH")(occurrence.grams or '""')
    return few(statement, key, sa.union(sa.select(table.c.rowid).where(matches), *others))


def few(
    statement: sa.Select[Any], key: Any, candidates: sa.Select[Any] | sa.CompoundSelect[Any]
) -> sa.Select[Any]:
    """`statement` restricted to the ids in `candidates`, unless these are many."""
    some = candidates.limit(MOST_LOOKED_UP + 1).subquery()
    count = db.session.scalar(sa.select(sa.func.count()).select_from(some)) or 0
    return statement if count > MOST_LOOKED_UP else statement.where(key.in_(candidates))
