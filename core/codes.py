"""Codes of courses, skills, deliveries and organizations: GTI and gti are one code, kept as it was
first written.

A column of type `Code` compares so by itself. That no two rows differ in case only is held by
indexes that migrations make, since no model can say them for both databases.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class same_code(GenericFunction[bool]):
    """Whether two codes are one. Written for each database so that its index is used."""

    type = sa.Boolean()
    inherit_cache = True


@compiles(same_code)
def _compile(element: Any, compiler: Any, **options: Any) -> str:
    column, value = (compiler.process(part, **options) for part in element.clauses)
    return f"(lower({column}) = lower({value}))"


@compiles(same_code, "sqlite")
def _compile_for_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    column, value = (compiler.process(part, **options) for part in element.clauses)
    return f"({column} = {value} COLLATE NOCASE)"


class Code(sa.TypeDecorator[str]):
    """A code in a column: equality does not heed case, order does."""

    impl = sa.String
    cache_ok = True

    class Comparator(sa.TypeDecorator.Comparator[str]):  # noqa: PLW1641 -- an expression of SQL
        def __eq__(self, other: object) -> Any:
            return same_code(self.expr, other) if other is not None else self.expr.is_(None)

        def __ne__(self, other: object) -> Any:
            return ~(self == other)

        def in_(self, other: Iterable[str]) -> Any:
            return sa.or_(sa.false(), *(self == code for code in other))

    comparator_factory = Comparator  # type: ignore[assignment]  # a property of the class that it replaces


def key(code: str) -> str:
    """What two spellings of one code share."""
    return code.strip().lower()


def spelling(code: str, known: Iterable[str]) -> str:
    """The code as it is kept among `known`; as it was written when it is not there."""
    wanted_key = key(code)
    return next((known_code for known_code in known if key(known_code) == wanted_key), code)
