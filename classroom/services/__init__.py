"""Changes what is recorded about people, a module per use case."""

from classroom.services.attendance import (
    MarkGiven,
    MarkSeen,
    ScoreGiven,
    is_contested,
    record_attendance,
    record_scores,
)
from classroom.services.finishing import finish
from classroom.services.reopening import reopen
from classroom.services.stages import (
    correctable_ids,
    has_results_to_fix,
    is_reopened,
    may_be_marked,
    may_record,
)

__all__ = [
    "has_results_to_fix",
    "MarkGiven",
    "MarkSeen",
    "ScoreGiven",
    "correctable_ids",
    "finish",
    "is_contested",
    "is_reopened",
    "may_be_marked",
    "may_record",
    "record_attendance",
    "record_scores",
    "reopen",
]
