"""Counts for people to read: exact up to a number from which on they refine what they ask for, so
that no page counts a whole table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.database import db
from core.i18n import number

MOST_COUNTED = 10_000


def counts(statements: Sequence[sa.Select[Any]]) -> list[int]:
    """The number of rows of each, in one query; MOST_COUNTED + 1 means more."""
    if not statements:
        return []
    columns = [
        sa.select(sa.func.count())
        .select_from(statement.limit(MOST_COUNTED + 1).subquery())
        .scalar_subquery()
        for statement in statements
    ]
    return list(db.session.execute(sa.select(*columns)).one())


def is_exact(count: int) -> bool:
    return count <= MOST_COUNTED


def count_words(count: int) -> str:
    """ "12", "10,000+"."""
    return number(count) if is_exact(count) else f"{number(MOST_COUNTED)}+"
