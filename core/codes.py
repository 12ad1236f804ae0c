"""Codes of courses, skills, deliveries and organizations: GTI and gti are one code, stored as first
written.

A column of type `Code` compares accordingly. Indexes made by migrations keep rows from differing
only in case, since no model can express them for both databases.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class same_code(GenericFunction[bool]):
    """Whether two codes are equal, written for each database so that its index is used."""

    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> same_code:
        """Itself as a condition. SQLAlchemy would write `(…) = 1` for SQLite, which no index
        serves."""
        return self


@compiles(same_code)
def _compile(element: Any, compiler: Any, **options: Any) -> str:
    column, value = (compiler.process(part, **options) for part in element.clauses)
    return f"(lower({column}) = lower({value}))"


@compiles(same_code, "sqlite")
def _compile_for_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    column, value = (compiler.process(part, **options) for part in element.clauses)
    return f"({column} = {value} COLLATE NOCASE)"


class Code(sa.TypeDecorator[str]):
    """A column of codes: equality ignores case, order does not."""

    impl = sa.String
    cache_ok = True

    class Comparator(sa.TypeDecorator.Comparator[str]):  # noqa: PLW1641 -- SQL expressions are not hashed
        def __eq__(self, other: object) -> Any:
            return same_code(self.expr, other) if other is not None else self.expr.is_(None)

        def __ne__(self, other: object) -> Any:
            return ~(self == other)

        def in_(self, other: Iterable[str]) -> Any:
            return sa.or_(sa.false(), *(self == code for code in other))

    comparator_factory = Comparator


def key(code: str) -> str:
    """What all spellings of a code share."""
    return code.strip().lower()


def spelling(code: str, known: Iterable[str]) -> str:
    """The code as stored among `known`, or as written if it is not there."""
    wanted_key = key(code)
    return next((known_code for known_code in known if key(known_code) == wanted_key), code)
