"""The rule of completion, without a database: what was done against what the course version asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from core.i18n import number


@dataclass(frozen=True)
class Rule:
    """What a course version asks for: a share of its minutes, a post-test score, courses completed before."""

    min_attendance_percent: int
    min_score_percent: int | None = None
    prerequisites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lack:
    """One thing that is missing. Kept as code and values, so that it can be said in any language."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def detail(self) -> str:
        """The lack in the language in force: "attended 720 of 1,080 minutes"."""
        values = {name: number(v) if isinstance(v, int | float) else v for name, v in self.params.items()}
        if self.code == "attendance_below_minimum":
            return _("attended %(minutes)s of %(taught)s minutes", **values)
        if self.code == "score_below_minimum":
            return _("score %(score)s, needs %(needed)s", **values)
        if self.code == "score_missing":
            return _("no post-test score, needs %(needed)s", **values)
        if self.code == "prerequisite_missing":
            return _("%(course)s not completed", **values)
        if self.code == "no_place":
            return _("no place became free")
        if self.code == "opened_too_late":
            return _("the link in the email was opened after the course had ended")
        raise ValueError(self.code)

    def stored(self) -> dict[str, Any]:
        return {"code": self.code, "params": dict(self.params)}


def read_lacks(stored: list[dict[str, Any]] | None) -> list[Lack]:
    """What `Lack.stored` kept."""
    return [Lack(one["code"], one["params"]) for one in stored or ()]


def judge(rule: Rule, *, minutes: int, minutes_of_course: int, score: float | None, completed: Collection[str]) -> list[Lack]:
    """Everything that is lacking for completion; nothing when it is reached. `completed`: codes of courses completed before.
    `minutes_of_course`: those of the whole course, also when it was cut short; less taught is less learned.

    Shares are compared in whole numbers: 90 % of 1,080 minutes is 972, and neither 971 nor a rounding error reaches it.
    """
    lacking = []
    if minutes * 100 < rule.min_attendance_percent * minutes_of_course:
        lacking.append(Lack("attendance_below_minimum", {"minutes": minutes, "taught": minutes_of_course}))
    if rule.min_score_percent is not None:
        if score is None:
            lacking.append(Lack("score_missing", {"needed": rule.min_score_percent}))
        elif score < rule.min_score_percent:
            lacking.append(Lack("score_below_minimum", {"score": score, "needed": rule.min_score_percent}))
    lacking += [Lack("prerequisite_missing", {"course": code}) for code in rule.prerequisites if code not in completed]
    return lacking
