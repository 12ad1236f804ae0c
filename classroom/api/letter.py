"""The letter of participation."""

from __future__ import annotations

from flask import url_for

from classroom.api.routes import routes
from classroom.participation import get_letter
from classroom.schemas import LetterAnswer
from core.settings import settings_of
from core.web import current_actor
from enrollment.queries import get_enrollment


@routes.call(
    "GET",
    "/enrollments/<int:enrollment_id>/letter",
    "The letter of participation",
    answers={200: LetterAnswer},
)
def letter(enrollment_id: int) -> LetterAnswer:
    """For people who attended but did not complete the course. The person and those who issue
    certificates can read it."""
    actor = current_actor()
    letter = get_letter(actor, get_enrollment(actor, enrollment_id))
    enrollment, delivery = letter.enrollment, letter.delivery
    return LetterAnswer(
        enrollment=enrollment.id,
        issuer=dict(delivery.centre.titles),
        name=enrollment.name_on_certificate,
        course=delivery.course.code,
        title=delivery.course.title,
        delivery=delivery.code,
        starts_on=delivery.starts_on,
        ends_on=delivery.ends_on,
        venue=delivery.venue,
        country=delivery.country,
        minutes=letter.minutes,
        minutes_taught=letter.minutes_taught,
        minutes_of_course=letter.minutes_of_course,
        page_url=settings_of().public_url
        + url_for("classroom.letter", enrollment_id=enrollment.id),
    )
