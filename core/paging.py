"""Keyset paging: a stable order while paging, and a deep page costs no more than the first."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core.database import LARGEST_ID, db
from core.errors import Invalid
from core.intake import read_json

Row = TypeVar("Row")

#: Up to this many people, lists of a delivery are on one page.
PAGED_FROM = 200
#: Rows on each page of such a list.
PER_PAGE = 100


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows and the cursor of the next page, None on the last."""

    items: list[Row]
    next: str | None


def page(statement: sa.Select, keys: Sequence[Any], *, after: str | None, limit: int) -> Page:
    """Rows of `statement` (one entity, or several columns) ordered by `keys`, non-null columns
    whose last is unique."""
    sort_columns = [
        key.label(f"key_{number}") for number, key in enumerate(keys)
    ]  # without a name, "-id" is lost among joined columns
    statement = statement.order_by(None).order_by(*keys).limit(limit + 1).add_columns(*sort_columns)
    if after:
        statement = statement.where(sa.tuple_(*keys) > sa.tuple_(*_bound(keys, _read(after, keys))))
    rows = db.session.execute(statement).all()
    cursor = _write(rows[limit - 1][-len(keys) :]) if len(rows) > limit else None
    is_one = bool(rows) and len(rows[0]) == 1 + len(keys)
    return Page([row[0] if is_one else row for row in rows[:limit]], cursor)


def newest(
    statement: sa.Select,
    key: sa.SQLColumnExpression[int],
    *,
    ways: Iterable[sa.ColumnElement[bool]] = (sa.true(),),
    after: str | None,
    limit: int,
) -> Page:
    """Rows of `statement` (one entity), the greatest integer `key` first; an index serves it at any
    depth. `ways`: conditions of which each row meets one (see `along`)."""
    statement = statement.order_by(None).order_by(key.desc()).limit(limit + 1)
    if after:
        statement = statement.where(key < _read(after, [key])[0])
    rows = db.session.execute(along(statement, key, ways).add_columns(key)).all()
    cursor = _write(rows[limit - 1][1:]) if len(rows) > limit else None
    return Page([row[0] for row in rows[:limit]], cursor)


def along(
    statement: sa.Select,
    key: sa.SQLColumnExpression[int],
    ways: Iterable[sa.ColumnElement[bool]],
) -> sa.Select:
    """The first rows of `statement`, which has an order and a limit, that meet one of the
    conditions `ways`. Each is followed on its own, no further than that limit, because no index has
    the rows of several of them in order. `key`: the rows' id."""
    each = list(ways)
    if len(each) < 2:
        return statement.where(*each or [sa.false()])
    first = (sa.select(statement.where(way).with_only_columns(key).subquery()) for way in each)
    return statement.where(key.in_(sa.union(*first)))


def every(read: Callable[[str | None], Page[Row]]) -> Iterator[Row]:
    """The rows of all pages, one page in memory at a time. `read` returns the page after a
    cursor."""
    for items in pages_of(read):
        yield from items


def pages_of(read: Callable[[str | None], Page[Row]]) -> Iterator[list[Row]]:
    """The same, page by page."""
    after: str | None = None
    while True:
        page = read(after)
        yield page.items
        if page.next is None:
            return
        after = page.next
        db.session.expunge_all()


def page_of(
    rows: Iterable[Row], key: Callable[[Row], int], *, after: str | None, limit: int
) -> Page[Row]:
    """The same for rows that had to be computed all together, ordered by `key`, a unique integer
    for each."""
    last = _read(after, [sa.column("key", sa.Integer)])[0] if after else 0
    remaining = sorted((row for row in rows if key(row) > last), key=key)
    return Page(
        remaining[:limit], _write([key(remaining[limit - 1])]) if len(remaining) > limit else None
    )


@dataclass(frozen=True)
class Numbered(Generic[Row]):
    """One numbered page of consecutive lists: what of each is on it (`lists`), how many each has in
    all (`counts`), and the page on which each begins (`starts`)."""

    number: int
    last: int
    lists: dict[str, list[Row]]
    counts: dict[str, int]
    starts: dict[str, int]

    @property
    def rows(self) -> list[Row]:
        return [row for rows in self.lists.values() for row in rows]


def numbered(lists: Mapping[str, Sequence[Row]], asked_for: int) -> Numbered[Row]:
    """The page with this number, else the nearest: rows may have gone since the address was made.
    People work through these lists and return to a page, which cursors do not allow."""
    total = sum(len(rows) for rows in lists.values())
    size = _size(total)
    last = max(-(-total // size), 1)
    number = min(max(asked_for, 1), last)
    shown, starts, before = {}, {}, 0
    for name, rows in lists.items():
        first = (number - 1) * size - before
        shown[name] = list(rows[max(first, 0) : max(first + size, 0)])
        starts[name] = before // size + 1
        before += len(rows)
    return Numbered(number, last, shown, {name: len(rows) for name, rows in lists.items()}, starts)


def numbers_of(lists: Mapping[str, Sequence[Row]]) -> dict[Row, int]:
    """The number of the page that each row is on."""
    rows = [row for rows in lists.values() for row in rows]
    size = _size(len(rows))
    return {row: position // size + 1 for position, row in enumerate(rows)}


def _size(total: int) -> int:
    return PER_PAGE if total >= PAGED_FROM else max(total, 1)


def _bound(keys: Sequence[Any], values: list[Any]) -> list[sa.ColumnElement[Any]]:
    return [sa.literal(value, key.type) for key, value in zip(keys, values, strict=True)]


def _write(values: Sequence[Any]) -> str:
    plain = [v.isoformat() if isinstance(v, date) else v for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _read(cursor: str, keys: Sequence[Any]) -> list[Any]:
    try:
        values = read_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list):
            raise ValueError
        return [_typed(value, key) for value, key in zip(values, keys, strict=True)]
    except (Invalid, ValueError, TypeError, OverflowError, binascii.Error):
        raise Invalid("bad_cursor", _l("This page address is not one of ours."), "after") from None


def _typed(value: Any, key: sa.ColumnElement[Any]) -> Any:
    plain = key.type.impl if isinstance(key.type, sa.TypeDecorator) else key.type
    kind: type = plain.python_type  # type: ignore[assignment]  # a property; the stubs declare a method
    if kind is datetime:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError
        return instant.astimezone(UTC)
    if kind is date:
        return date.fromisoformat(value)
    if type(value) is not kind or not _can_be_asked_for(value):
        raise ValueError
    return value


def _can_be_asked_for(value: Any) -> bool:
    """Whether the databases accept the value at all. A text with half a surrogate raises
    ValueError."""
    if isinstance(value, int):
        return abs(value) <= LARGEST_ID
    return b"\0" not in value.encode() if isinstance(value, str) else True
