"""The rule of completion, without a database: compares what was done with what the course version
requires."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from enrollment.lacks import Lack


@dataclass(frozen=True)
class Rule:
    """What a course version requires: a share of its minutes, a post-test score, courses
    completed before."""

    min_attendance_percent: int
    min_score_percent: int | None = None
    prerequisites: tuple[str, ...] = ()


def judge(
    rule: Rule,
    *,
    minutes: int,
    minutes_of_course: int,
    score: float | None,
    completed: Collection[str],
) -> list[Lack]:
    """Everything that is lacking for completion; empty when the course is completed. `completed`:
    codes of courses completed before. `minutes_of_course`: those of the whole course, even if it
    was cut short, because less taught is less learned.

    Shares are compared in whole numbers: 90 % of 1,080 minutes is 972, and neither 971 nor a
    rounding error reaches it.
    """
    lacking = []
    if minutes * 100 < rule.min_attendance_percent * minutes_of_course:
        lacking.append(
            Lack("attendance_below_minimum", {"minutes": minutes, "taught": minutes_of_course})
        )
    if rule.min_score_percent is not None:
        if score is None:
            lacking.append(Lack("score_missing", {"needed": rule.min_score_percent}))
        elif score < rule.min_score_percent:
            lacking.append(
                Lack("score_below_minimum", {"score": score, "needed": rule.min_score_percent})
            )
    lacking += [
        Lack("prerequisite_missing", {"course": code})
        for code in rule.prerequisites
        if code not in completed
    ]
    return lacking
