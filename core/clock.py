"""The application's one clock. Rules ask it, never the operating system; jobs ask the database (see core.jobs)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from flask import Flask, current_app


def init_app(app: Flask, start: datetime | None) -> None:
    """The clock starts at `start` (setting NOW) and then runs; without it, it is the machine's clock."""
    app.extensions["clock_offset"] = timedelta() if start is None else start - datetime.now(UTC)


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC) + current_app.extensions["clock_offset"]


def today() -> date:
    """Today's date in UTC: what is dated for everybody (issue dates, validity) uses one calendar."""
    return now().date()


def travel(app: Flask, moment: datetime) -> None:
    """Sets the clock of a demonstration or a test; it runs on from there."""
    app.extensions["clock_offset"] = moment - datetime.now(UTC)


def is_set() -> bool:
    return abs(current_app.extensions["clock_offset"]) > timedelta(seconds=1)
