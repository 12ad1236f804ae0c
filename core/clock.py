"""The application's one clock. Rules ask it, never the operating system; jobs ask the database
(see core.jobs)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from flask import Flask, current_app

#: Of UTC: the clocks of Kiritimati. No place has a later date.
FURTHEST_AHEAD = timedelta(hours=14)


def init_app(app: Flask, start: datetime | None) -> None:
    """The clock starts at `start` (setting NOW) and then runs; without it, it is the machine's
    clock."""
    app.extensions["clock_offset"] = timedelta() if start is None else start - datetime.now(UTC)


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC) + current_app.extensions["clock_offset"]


def today() -> date:
    """Today's date in UTC, for what happens in no place of its own: the end of a skill, names of
    files. What belongs to a delivery goes by the calendar there (`courses.queries.today_of`,
    `Certificate.today`)."""
    return now().date()


def begun_by(day: date | None = None) -> date:
    """The last first day that counts as begun: the day asked about, or else today wherever it
    comes first on earth. A certificate that Apia issues today proves its skill at once, although
    the day has not begun in UTC."""
    return day or (now() + FURTHEST_AHEAD).date()


def travel(app: Flask, moment: datetime) -> None:
    """Sets the clock of a demonstration or a test; it runs on from there."""
    app.extensions["clock_offset"] = moment - datetime.now(UTC)


@contextmanager
def moved(moment: datetime) -> Iterator[None]:
    """Sets the clock to `moment`, and back afterwards."""
    before = current_app.extensions["clock_offset"]
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the clock belongs to the app, not to its proxy
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
