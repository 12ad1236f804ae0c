"""Numbers that people are given, counted by series ("certificate:2026"). A number, once issued, is never issued again.

How far a series went stands in three places: the counter's row, a mark beside the stored files (written before the number is
committed, so it is never behind), and every signed checkpoint. When the database is set back – restored, or copied over by
hand – the other two still know, and numbering goes on after them. What is skipped is written into a register.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core import audit, clock, storage
from core.database import Base, db, is_sqlite, write
from core.policy import SYSTEM

MARKS = "numbers"
#: Why numbers are void: skipped by a restore that could not know how far the lost database had gone or knew it had gone so
#: far, or found behind its mark because the database was set back without `flask restore`.
RESTORED, SET_BACK = "restored", "set_back"


class Counter(Base):
    """Numbers without gaps: the row's lock makes issuing one at a time, and a rolled back issue gives its number back."""

    __tablename__ = "counter"
    __audited__ = False

    name: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    value: Mapped[int]


class VoidNumbers(Base):
    """Numbers from `first` to `last` that this database gave to nobody and never will: they may have been issued by one that
    was lost."""

    __tablename__ = "void_numbers"

    id: Mapped[int] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(sa.String(60), index=True)
    first: Mapped[int]
    last: Mapped[int]
    reason: Mapped[str] = mapped_column(sa.String(40))
    recorded_at: Mapped[datetime]


@dataclass(frozen=True)
class Series:
    """What a room tells of its numbers. `in_file`: series and value in a stored file's key, None when it has none; `parse`: the
    same from what a person typed; `show`: as people write it; `running`: the series that give numbers between two days."""

    in_file: Callable[[str], tuple[str, int] | None]
    parse: Callable[[str], tuple[str, int] | None]
    show: Callable[[str, int], str]
    running: Callable[[date, date], list[str]]


def init_app(app: Flask, series: Series) -> None:
    app.extensions["series"] = series


def series_of_app() -> Series:
    return current_app.extensions["series"]


def next_in(name: str) -> int:
    """The next number of a series. The counter's row stays locked until the commit, so that no number is lost or doubled."""
    insert = (sqlite if is_sqlite() else postgresql).insert(Counter.__table__)
    counted = insert.values(name=name, value=1).on_conflict_do_update(
        index_elements=["name"], set_={"value": Counter.__table__.c.value + 1}
    )
    value = db.session.execute(counted.returning(Counter.__table__.c.value)).scalar_one()
    # A rolled back issue leaves the mark at the number it gave back. Further ahead, it tells of a database that is lost.
    if (marked := _marked(name)) > value:
        raise_to(name, marked, SET_BACK, since=value - 1)
        value = marked + 1
        db.session.execute(sa.update(Counter).where(Counter.name == name).values(value=value))
    mark(name, value)
    return value


def raise_to(name: str, value: int, reason: str, *, since: int) -> None:
    """The series goes on after `value`; the numbers after `since` up to it are void. Audited."""
    insert = (sqlite if is_sqlite() else postgresql).insert(Counter.__table__)
    raised = insert.values(name=name, value=value).on_conflict_do_update(index_elements=["name"], set_={"value": value})
    db.session.execute(raised)
    void = {"series": name, "first": since + 1, "last": value, "reason": reason}
    write(sa.insert(VoidNumbers).values(recorded_at=clock.now(), **void))
    audit.record(SYSTEM, "numbers.voided", f"series:{name}", void)
    mark(name, value)


def counters() -> dict[str, int]:
    """How far each series went, by this database."""
    return dict(db.session.execute(sa.select(Counter.name, Counter.value).order_by(Counter.name)).all())


def voids(name: str | None = None) -> list[VoidNumbers]:
    """The register, the newest first."""
    found = sa.select(VoidNumbers).order_by(VoidNumbers.id.desc())
    return list(db.session.scalars(found if name is None else found.where(VoidNumbers.series == name)))


def mark(name: str, value: int) -> None:
    """Notes beside the stored files how far a series went, before the transaction commits."""
    storage.put(_key(name), json.dumps({"series": name, "value": value}).encode())


def marks() -> dict[str, int]:
    """How far each series went, by the marks beside the stored files."""
    found = [read_mark(storage.get(key)) for key in storage.keys(MARKS)]
    return dict(filter(None, found))


def read_mark(data: bytes) -> tuple[str, int] | None:
    """Series and value of a mark; None when it is damaged."""
    try:
        facts = json.loads(data)
        return str(facts["series"]), int(facts["value"])
    except (ValueError, KeyError, TypeError):
        return None


def _marked(name: str) -> int:
    try:
        found = read_mark(storage.get(_key(name)))
    except FileNotFoundError:
        return 0
    return found[1] if found else 0


def _key(name: str) -> str:
    return f"{MARKS}/{name.replace(':', '-')}"


def breaches() -> Iterator[str]:
    """Series whose next number was given already by a database that is lost."""
    counted, show = counters(), series_of_app().show
    for name, value in sorted(marks().items()):
        if value > counted.get(name, 0) + 1:
            yield f"numbers: {show(name, value)} was given, but the database counts only to {counted.get(name, 0)}"
