"""Reads, a module per question."""

from classroom.queries.checking import breaches
from classroom.queries.results import (
    Completion,
    Grid,
    GridRow,
    Standing,
    attendance_grid,
    completion,
    count_marked,
    find_completion,
    has_marks,
    is_recorded,
    seated,
    session_now,
    session_rows,
    sessions_to_come,
    standings,
    unmarked_sessions,
    was_reopened,
)

__all__ = [
    "Completion",
    "Grid",
    "GridRow",
    "attendance_grid",
    "breaches",
    "completion",
    "count_marked",
    "find_completion",
    "has_marks",
    "is_recorded",
    "Standing",
    "seated",
    "standings",
    "session_now",
    "session_rows",
    "sessions_to_come",
    "unmarked_sessions",
    "was_reopened",
]
