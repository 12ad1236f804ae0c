"""Counters of attempts, in the database so that they hold across all web processes."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.database import Base, db, is_sqlite, write
from core.errors import TooManyTries


class TryCount(Base):
    """How often something was attempted since `since`. The key is a digest, so no addresses are
    stored."""

    __tablename__ = "try_count"
    __audited__ = False

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    since: Mapped[datetime]
    count: Mapped[int]


def _key(kind: str, subject: str) -> str:
    return hashlib.sha256(f"{kind}\n{subject}".encode()).hexdigest()


def check(kind: str, subject: str, *, limit: int, seconds: int) -> None:
    """Raises TooManyTries if `subject` was already attempted `limit` times within `seconds`. Reads
    only."""
    row = db.session.get(TryCount, _key(kind, subject))
    if row is not None:
        _refuse(row.count, row.since + timedelta(seconds=seconds), limit)


def _refuse(tries: int, ends: datetime, limit: int) -> None:
    if tries >= limit and clock.now() < ends:
        wait = int((ends - clock.now()).total_seconds()) + 1
        raise TooManyTries(
            "too_many_tries", _l("Too many tries. Please wait a few minutes and try again."), wait
        )


def count(kind: str, subject: str, *, seconds: int, amount: int = 1) -> tuple[int, datetime]:
    """Counts one attempt of `subject` (or `amount`), inside the open transaction; a window of
    `seconds` starts with its first attempt. Returns the number in the window and its start."""
    now = clock.now()
    values = {
        "key": _key(kind, subject),
        "since": now,
        "count": amount,
        "oldest": now - timedelta(seconds=seconds),
    }
    row = write(_COUNT[db.engine.dialect.name], values).one()
    return row[0], row[1]


def spend(kind: str, subject: str, *, limit: int, seconds: int, amount: int = 1) -> None:
    """Counts `amount` of the `limit` attempts, or raises TooManyTries, which undoes the open
    transaction."""
    tries, since = count(kind, subject, seconds=seconds, amount=amount)
    _refuse(tries - amount, since + timedelta(seconds=seconds), limit)


def used(kind: str, subject: str, *, seconds: int) -> int:
    """The number of attempts in the current window. Writes nothing."""
    row = db.session.get(TryCount, _key(kind, subject))
    return (
        row.count if row is not None and clock.now() < row.since + timedelta(seconds=seconds) else 0
    )


# Guessing: slowed down, never locked out


#: A day after the last try, all are forgotten.
FORGOTTEN = timedelta(hours=24)
FIRST_WAIT = 5  # seconds


def check_pace(kind: str, subject: str, *, free: int, longest: int) -> None:
    """Raises TooManyTries while `subject` must wait: after `free` attempts 5, 10, 20 … seconds, at
    most `longest`. Reads only."""
    row = db.session.get(TryCount, _key(kind, subject))
    if row is not None:
        _refuse_haste(row.count, row.since, free, longest)


def pace(kind: str, subject: str, *, free: int, longest: int, waits: bool = True) -> None:
    """Counts an attempt of `subject`, inside the open transaction; raises TooManyTries, which
    undoes it, while `subject` must wait. A refused attempt is not counted, so no one can prolong
    another person's wait. With `waits=False` the attempt is counted, but never refused."""
    now = clock.now()
    key = _key(kind, subject)
    count, since = _held(key, now)
    count = 0 if since < now - FORGOTTEN else count
    if waits:
        _refuse_haste(count, since, free, longest)
    table = cast(sa.Table, TryCount.__table__)
    write(sa.update(table).where(table.c.key == key).values(count=count + 1, since=now))


def _refuse_haste(tries: int, last: datetime, free: int, longest: int) -> None:
    now = clock.now()
    wait = (
        min(longest, FIRST_WAIT * 2 ** min(tries - free, 20))
        if tries >= free and last >= now - FORGOTTEN
        else 0
    )
    seconds_left = (last + timedelta(seconds=wait) - now).total_seconds()
    if seconds_left > 0:
        raise TooManyTries(
            "too_many_tries",
            _l("Too many tries. Please wait a minute and try again."),
            math.ceil(seconds_left),
        )


def _held(key: str, now: datetime) -> tuple[int, datetime]:
    """The number of attempts and the time of the last, from a row that is created if needed and
    locked until the transaction ends."""
    insert = (sqlite if is_sqlite() else postgresql).insert(TryCount.__table__)
    added = insert.values(key=key, since=now, count=0)
    upsert = added.on_conflict_do_update(index_elements=["key"], set_={"count": TryCount.count})
    row = write(upsert.returning(TryCount.count, TryCount.since)).one()
    return row[0], row[1]


def _counting(insert: Any) -> Any:
    added = insert(TryCount.__table__)
    is_over = TryCount.since < sa.bindparam("oldest", type_=TryCount.since.type)
    values = {
        "count": sa.case(
            (is_over, added.excluded.count), else_=TryCount.count + added.excluded.count
        ),
        "since": sa.case((is_over, added.excluded.since), else_=TryCount.since),
    }
    return added.on_conflict_do_update(index_elements=["key"], set_=values).returning(
        TryCount.count, TryCount.since
    )


#: Built once: every application passes here, and building it takes 0.4 ms
#: (docs/explanation/performance.md).
_COUNT = {"sqlite": _counting(sqlite.insert), "postgresql": _counting(postgresql.insert)}


def forget(kind: str, subject: str) -> None:
    """Clears the counter after a success, inside the open transaction."""
    db.session.execute(
        sa.delete(TryCount).where(TryCount.key == _key(kind, subject)),
        execution_options={"synchronize_session": False},
    )
