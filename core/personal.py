"""Personal data: each item declares why it is stored, who can read it and for how long.

A package declares its items in its `fields.py`. The privacy page and
docs/reference/personal-data.md are generated from them, and a guard refuses a personal column
without a declaration. A `Field` is a plain column: forms, API, pages and exports follow from its
declaration alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from babel.lists import format_list

from core import i18n


@dataclass(frozen=True)
class Datum:
    """An item of personal data: texts for people, and its columns ("table.column", separated by
    spaces)."""

    what: Any
    why: Any
    readers: Any
    retention: Any
    held_in: str

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.held_in.split())


@dataclass(frozen=True)
class Usage:
    """Where plain fields appear, and who reads them there, in words."""

    name: str
    readers: Any


@dataclass(frozen=True)
class Field:
    """A plain column: an optional date or short text from which nothing is derived and which
    identifies no one.

    `clean`: validates a value as in `people.values`; it gets the value and the field's name.
    """

    column: Any
    what: Any
    why: Any
    retention: Any
    usages: tuple[Usage, ...]
    clean: Callable[[Any, str], Any]

    @property
    def name(self) -> str:
        return str(self.column.key)

    @property
    def kind(self) -> type:
        """`date` or `str`."""
        return self._type.python_type

    @property
    def longest(self) -> int | None:
        return getattr(self._type, "length", None)

    @property
    def _type(self) -> sa.types.TypeEngine[Any]:
        kind: sa.types.TypeEngine[Any] = self.column.property.columns[0].type
        return kind

    @property
    def columns(self) -> tuple[str, ...]:
        return (str(self.column.property.columns[0]),)

    @property
    def readers(self) -> str:
        """The readers of its usages, because a plain field appears nowhere else."""
        words = format_list([str(usage.readers) for usage in self.usages], locale=i18n.locale())
        return words[:1].upper() + words[1:]

    def words(self, record: Any) -> str:
        """The value as a page shows it."""
        value = getattr(record, self.name)
        return i18n.date_words(value) if isinstance(value, date) else value or ""


def offered(fields: Iterable[Field], usage: Usage) -> tuple[Field, ...]:
    """The fields that appear there."""
    return tuple(field for field in fields if usage in field.usages)


def facts(fields: Iterable[Field], usage: Usage, record: Any) -> list[tuple[Any, str]]:
    """(label, value) of the plain fields that a page shows of a record."""
    return [(field.what, field.words(record)) for field in offered(fields, usage)]
