"""Numbers that people rely on, counted by series ("certificate:2026"). A number, once issued, is
never issued again.

Three places record how far a series went: the counter's row, a mark beside the stored files
(written before the number is committed, so it is never behind), and every signed checkpoint. If the
database is reset, restored or copied over by hand, the other two still know, and numbering
continues after them. Skipped numbers go into a register.

The mark cannot show whether an issue was undone or the database was reset by exactly one number. We
assume that the number was issued, so an issue that is undone after drawing its number leaves one
void number.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import lazy_pgettext as _p
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core import audit, clock, storage
from core.checking import Note
from core.database import LARGEST_ID, Base, db, is_sqlite, write
from core.policy import SYSTEM
from core.words import Worded

MARKS = "numbers"


class VoidReason(Worded):
    """Why numbers are void.

    A restore skipped them, because the lost database had issued or may have issued them; the
    database was set back without `flask restore`, as the mark shows; the mark is one number ahead,
    so the database was set back by one or an issue was undone; the mark was lost, so nothing shows
    whether the database was set back.
    """

    RESTORED = (
        "restored",
        _p("numbers", "A copy was restored; the database that was lost may have issued them"),
    )
    SET_BACK = "set_back", _p("numbers", "The database was set back to an earlier state")
    UNDONE = (
        "undone",
        _p("numbers", "Issuing the certificate failed, or the database was set back by one number"),
    )
    MARK_LOST = (
        "mark_lost",
        _p(
            "numbers",
            "The file that records the last number was lost; these numbers may have been issued "
            "before",
        ),
    )


#: How many numbers to skip if nothing shows how far a series went: more than are issued between two
#: checkpoints.
BLOCK = 1000


class Counter(Base):
    """The last number of each series. Its row lock lets one transaction at a time draw a number;
    the register lists gaps."""

    __tablename__ = "counter"
    __audited__ = False

    name: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    value: Mapped[int]


class VoidNumbers(Base):
    """Numbers from `first` to `last` that this database never gave out and never will: a lost one
    may have issued them."""

    __tablename__ = "void_numbers"

    id: Mapped[int] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(sa.String(60), index=True)
    first: Mapped[int]
    last: Mapped[int]
    reason: Mapped[str] = mapped_column(sa.String(40))
    recorded_at: Mapped[datetime]


@dataclass(frozen=True)
class Series:
    """A package's numbers. `in_file`: series and value in a stored file's key, or None; `parse`:
    the same from what a person typed; `show`: the number as people write it; `running`: the series
    in use between two days."""

    in_file: Callable[[str], tuple[str, int] | None]
    parse: Callable[[str], tuple[str, int] | None]
    show: Callable[[str, int], str]
    running: Callable[[date, date], list[str]]


def init_app(app: Flask, series: Series) -> None:
    app.extensions["series"] = series


def series_of_app() -> Series:
    return current_app.extensions["series"]


def next_in(name: str) -> int:
    """The next number of a series. The counter's row stays locked until the commit, so that no
    number is lost or repeated."""
    insert = (sqlite if is_sqlite() else postgresql).insert(Counter.__table__)
    counted = insert.values(name=name, value=1).on_conflict_do_update(
        index_elements=["name"], set_={"value": Counter.__table__.c.value + 1}
    )
    value = db.session.execute(counted.returning(Counter.__table__.c.value)).scalar_one()
    last, reason = _last_by_mark(name, value - 1)
    if last >= value:
        raise_to(name, last, reason, since=value - 1)
        value = last + 1
        db.session.execute(sa.update(Counter).where(Counter.name == name).values(value=value))
    mark(name, value)
    return value


def _last_by_mark(name: str, counted: int) -> tuple[int, VoidReason]:
    """How far the series went by its mark, and why the numbers after `counted` up to there are
    void.

    Without a readable mark, nothing shows whether the database was reset. Then issuing continues
    after a block of void numbers, as after a restore without other sources: a void number does no
    harm, one issued twice does.
    """
    try:
        marked = read_mark(_key(name), storage.get(_key(name)))
    except FileNotFoundError:
        marked = None if counted else (name, 0)
    if marked is None:
        return counted + BLOCK, VoidReason.MARK_LOST
    return marked[1], VoidReason.UNDONE if marked[1] == counted + 1 else VoidReason.SET_BACK


def raise_to(name: str, value: int, reason: VoidReason, *, since: int) -> None:
    """Continues the series after `value`; the numbers after `since` up to it are void. Audited."""
    insert = (sqlite if is_sqlite() else postgresql).insert(Counter.__table__)
    raised = insert.values(name=name, value=value).on_conflict_do_update(
        index_elements=["name"], set_={"value": value}
    )
    db.session.execute(raised)
    void = {"series": name, "first": since + 1, "last": value, "reason": reason.value}
    write(sa.insert(VoidNumbers).values(recorded_at=clock.now(), **void))
    audit.record(SYSTEM, "numbers.voided", f"series:{name}", void)


def counters() -> dict[str, int]:
    """How far each series went, according to this database."""
    return dict(
        db.session.execute(sa.select(Counter.name, Counter.value).order_by(Counter.name)).all()
    )


def voids(name: str | None = None) -> list[VoidNumbers]:
    """The register, newest first."""
    statement = sa.select(VoidNumbers).order_by(VoidNumbers.id.desc())
    return list(
        db.session.scalars(
            statement if name is None else statement.where(VoidNumbers.series == name)
        )
    )


def is_void(name: str, value: int) -> bool:
    """Whether this number is in the register."""
    own = VoidNumbers.series == name, sa.literal(value).between(VoidNumbers.first, VoidNumbers.last)
    return db.session.scalar(sa.select(sa.exists().where(*own))) is True


def mark(name: str, value: int) -> None:
    """Records beside the stored files how far a series went, before the transaction commits."""
    storage.put(_key(name), json.dumps({"series": name, "value": value}).encode())


def marks() -> dict[str, int]:
    """How far each series went, according to the marks beside the stored files, without unreadable
    ones."""
    all_marks = []
    for key in storage.keys(MARKS):
        with contextlib.suppress(FileNotFoundError, storage.Obstructed):
            all_marks.append(read_mark(key, storage.get(key)))
    return dict(filter(None, all_marks))


def read_mark(key: str, data: bytes) -> tuple[str, int] | None:
    """Series and value of the mark stored under `key`; None if it is damaged or not a mark."""
    try:
        facts = json.loads(data)
        name, value = facts["series"], facts["value"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_whole = (
        isinstance(name, str)
        and _key(name) == key
        and type(value) is int
        and 0 < value <= LARGEST_ID
    )
    return (name, value) if is_whole else None


def _key(name: str) -> str:
    return f"{MARKS}/{name.replace(':', '-')}"


def agree() -> list[tuple[str, int, int]]:
    """Call this in the restored database just before it replaces the current one, when no one can
    draw a number any more. Voids the numbers drawn since the restore began, and raises marks that
    are behind. Returns series, first and last number."""
    counted, marked = counters(), marks()
    late = [
        (name, counted.get(name, 0) + 1, value)
        for name, value in marked.items()
        if value > counted.get(name, 0)
    ]
    for name, first, last in late:
        raise_to(name, last, VoidReason.RESTORED, since=first - 1)
    for name, value in counters().items():
        if value > marked.get(name, 0):
            mark(name, value)
    return late


def breaches() -> Iterator[str]:
    """Marks that cannot be read, and series whose next number a lost database already issued."""
    counted, show = counters(), series_of_app().show
    for key in sorted({*storage.keys(MARKS), *map(_key, counted)}):
        try:
            marked = read_mark(key, storage.get(key))
        except FileNotFoundError:
            yield (
                f"numbers: the mark {key} is missing; Rostrum will skip {BLOCK} numbers before "
                "the next one"
            )
            continue
        except storage.Obstructed as error:
            yield (
                f"numbers: {error.obstacle} is in the place of the mark {key}; Rostrum issues no "
                "number until you remove it"
            )
            continue
        if marked is None:
            yield (
                f"numbers: the mark {key} is damaged; Rostrum will skip {BLOCK} numbers before "
                "the next one"
            )
            continue
        name, value = marked
        ahead = value - counted.get(name, 0)
        if ahead > 1:
            yield (
                f"numbers: {show(name, value)} was given, but the database counts only to "
                f"{counted.get(name, 0)}"
            )
        elif ahead == 1:
            yield Note(
                f"numbers: {show(name, value)} will be void: its issue failed, or the database "
                "was set back by one number"
            )
