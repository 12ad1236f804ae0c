"""The application's one clock. Rules use it, never the operating system's; jobs use the database's
(see core.jobs)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from flask import Flask, current_app

#: UTC+14, the clocks of Kiritimati: no place has a later date.
FURTHEST_AHEAD = timedelta(hours=14)


def init_app(app: Flask, start: datetime | None) -> None:
    """The clock starts at `start` (setting NOW) and runs on; without it, it is the machine's
    clock."""
    app.extensions["clock_offset"] = timedelta() if start is None else start - datetime.now(UTC)


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC) + current_app.extensions["clock_offset"]


def today() -> date:
    """Today's date in UTC, for what belongs to no place: the end of a skill, file names. What
    belongs to a delivery uses its own time zone (`courses.queries.today_of`,
    `Certificate.today`)."""
    return now().date()


def begun_by(day: date | None = None) -> date:
    """The latest first day that counts as begun: the given day, else today where it begins first on
    earth. A certificate issued today in Apia proves its skill at once, although in UTC the day has
    not begun."""
    return day or (now() + FURTHEST_AHEAD).date()


def travel(app: Flask, moment: datetime) -> None:
    """Sets the clock of a demonstration or a test; it runs on from there."""
    app.extensions["clock_offset"] = moment - datetime.now(UTC)


@contextmanager
def moved(moment: datetime) -> Iterator[None]:
    """Sets the clock to `moment` for the block."""
    before = current_app.extensions["clock_offset"]
    app = current_app._get_current_object()
    travel(app, moment)
    try:
        yield
    finally:
        app.extensions["clock_offset"] = before


def share(app: Flask) -> None:
    """Gives another application the clock of this one."""
    app.extensions["clock_offset"] = current_app.extensions["clock_offset"]


def is_set() -> bool:
    return abs(current_app.extensions["clock_offset"]) > timedelta(seconds=1)
