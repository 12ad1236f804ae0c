"""Attendance and scores."""

from __future__ import annotations

from classroom import queries, services
from classroom.api.routes import routes
from classroom.schemas import AttendanceBody, GridAnswer, RecordedAnswer, ScoresBody
from core.web import current_actor
from courses.queries import get_delivery, get_delivery_for
from people.permissions import Permission


@routes.call(
    "PUT",
    "/deliveries/<code>/attendance",
    "Record attendance",
    requires=Permission.ATTENDANCE_RECORD,
    body=AttendanceBody,
    answers={200: RecordedAnswer},
)
def record_attendance(code: str, body: AttendanceBody) -> RecordedAnswer:
    """Marks that are left out stay as they are. A mark that you send replaces the person's mark
    and minutes in that session, unless someone else gave another one than you `expected`."""
    actor = current_actor()
    delivery = get_delivery(actor, code)
    return RecordedAnswer(
        recorded=services.record_attendance(
            actor, delivery.id, [mark.parsed() for mark in body.marks]
        )
    )


@routes.call(
    "GET",
    "/deliveries/<code>/attendance",
    "The attendance grid",
    requires=Permission.ATTENDANCE_READ,
    answers={200: GridAnswer},
)
def attendance(code: str) -> GridAnswer:
    delivery = get_delivery_for(current_actor(), code, Permission.ATTENDANCE_READ)
    return GridAnswer.of(queries.attendance_grid(delivery))


@routes.call(
    "PUT",
    "/deliveries/<code>/scores",
    "Record test scores",
    requires=Permission.ATTENDANCE_RECORD,
    body=ScoresBody,
    answers={200: RecordedAnswer},
)
def record_scores(code: str, body: ScoresBody) -> RecordedAnswer:
    """Scores that are left out stay as they are."""
    actor = current_actor()
    delivery = get_delivery(actor, code)
    return RecordedAnswer(
        recorded=services.record_scores(
            actor, delivery.id, [score.parsed() for score in body.scores]
        )
    )
