"""The letter of participation, to print."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from flask import render_template, url_for

from classroom.participation import get_letter
from classroom.views.blueprint import pages
from core import exports, i18n
from core.web import current_actor, signed_in
from courses.queries import signatories_of, today_of
from enrollment.queries import get_enrollment
from people.queries import emblem_png


@pages.get("/enrollments/<int:enrollment_id>/letter")
@signed_in
def letter(enrollment_id: int) -> Any:
    """For the person, and for those who issue certificates."""
    actor = current_actor()
    letter = get_letter(actor, get_enrollment(actor, enrollment_id))
    enrollment, delivery = letter.enrollment, letter.delivery
    is_own = enrollment.person_id == actor.person_id
    page = render_template(
        "classroom/letter.html",
        letter=letter,
        enrollment=enrollment,
        delivery=delivery,
        today=today_of(delivery),
        hours=[
            _hours(minutes)
            for minutes in (letter.minutes, letter.minutes_taught, letter.minutes_of_course)
        ],
        back=url_for("enrollment.enrollment", enrollment_id=enrollment.id),
        issuer_name=i18n.text(delivery.centre.titles),
        emblem=b64encode(emblem_png(delivery.centre.emblem_sha256) or b"").decode(),
        signatories=signatories_of(delivery),
    )
    if not is_own:
        exports.note(actor, "letter", f"enrollment:{enrollment_id}", {})
    return page


def _hours(minutes: int) -> str:
    """ "13.5": hours with the part that is needed."""
    return i18n.number(round(minutes / 60, 2))
