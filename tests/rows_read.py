"""Counting the work of a read: a page must not cost more because its tables hold more rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.database import db

#: SQLite tells how far it is after so many of its own instructions; a row read costs some ten.
STEP = 10


def steps_of(read: Callable[[], Any]) -> int:
    """How many instructions SQLite carries out for `read`: unlike time, the same each time."""
    count = 0

    def note() -> int:
        nonlocal count
        count += STEP
        return 0

    driver: Any = db.session.connection().connection.driver_connection
    driver.set_progress_handler(note, STEP)
    try:
        read()
    finally:
        driver.set_progress_handler(None, STEP)
    return count
