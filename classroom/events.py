"""What the classroom package announces."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from core.events import Event


@dataclass(frozen=True)
class AttendanceRecorded(Event):
    name = "attendance.recorded"
    label = _l("Attendance recorded")
    subject = ("delivery", "delivery_id")
    delivery_id: int
    marks: tuple[tuple[int, int, str, int], ...]  # (enrollment, session number, mark, minutes)


@dataclass(frozen=True)
class ScoresRecorded(Event):
    name = "scores.recorded"
    label = _l("Scores recorded")
    subject = ("delivery", "delivery_id")
    delivery_id: int
    scores: tuple[tuple[int, str, float | None], ...]  # (enrollment, kind, percent; None: removed)
