"""Mail to the person whom an enrollment is about: one per act, in the person's language, with
the way back to its page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from accounts.services import enters_by_link, issue_link, send_confirmation, send_link
from core import mail
from core.settings import settings_of
from courses.queries import moves_up_still, span_of
from courses.timetable import today_in
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.queries import positions
from enrollment.references import reference
from people.models import ConsentPurpose
from people.queries import sender_of
from people.services import latest_answers

#: What the person is told when an enrollment has come to this status.
KINDS = {
    EnrollmentStatus.REQUESTED: "enrollment_requested",
    EnrollmentStatus.WAITLISTED: "enrollment_waitlisted",
    EnrollmentStatus.CONFIRMED: "enrollment_confirmed",
    EnrollmentStatus.DECLINED: "enrollment_declined",
    EnrollmentStatus.WITHDRAWN: "enrollment_withdrawn",
    EnrollmentStatus.DELIVERY_CANCELLED: "delivery_cancelled",
}


def status_path(enrollment: Enrollment) -> str:
    """The page on which the person follows the enrollment."""
    return f"/enrollments/{enrollment.id}"


def tell(enrollment: Enrollment, kind: str | None = None, **extra: Any) -> None:
    """Writes to the person (who may have no address) what the enrollment's status now is. `extra`:
    for the letter `kind`.

    Whoever has no password gets a link that signs in: no one else can read that mail, and there is
    no other way in.
    """
    person = enrollment.person
    if person.email is None:
        return
    kind = kind or KINDS.get(enrollment.status, "enrollment_confirmed")
    facts = _facts(enrollment) | extra
    if enters_by_link(person):
        send_link(person, target=status_path(enrollment), kind=kind, **facts)
        return
    issue_link(
        person, lifetime=timedelta()
    )  # never sent and never good: who has a password costs as much as who is new
    link = settings_of().public_url + status_path(enrollment)
    mail.send(
        kind,
        person.email,
        person_id=person.id,
        language=person.language,
        link=link,
        person=person,
        **facts,
    )


def ask_to_confirm(enrollment: Enrollment) -> None:
    """Writes to an applicant, whoever that is, with the link that makes the application count."""
    send_confirmation(
        enrollment.person, status_path(enrollment), "application_received", **_facts(enrollment)
    )


def _facts(enrollment: Enrollment) -> dict[str, Any]:
    """What the letters say: of someone with a place also when and where to be, and where to read
    on, of someone who waits whether the list still moves up."""
    delivery = enrollment.delivery
    facts = {
        "enrollment": enrollment,
        "delivery": delivery,
        "course": delivery.course,
        "reference": reference(delivery.id, enrollment.origin_id),
        "sender": sender_of(delivery.centre),
        "privacy_page": f"{settings_of().public_url}/privacy",
    }
    if enrollment.status not in (EnrollmentStatus.CONFIRMED, EnrollmentStatus.WAITLISTED):
        return facts
    begins_at = span_of(delivery.id)[0]
    return facts | {
        "moves_up": moves_up_still(delivery.time_zone, delivery.promotion_days, begins_at),
        "begins_at": begins_at,
        "begins_on": today_in(delivery.time_zone, begins_at) if begins_at else None,
        "course_page": f"{settings_of().public_url}/deliveries/{delivery.code}",
    }


def tell_all(enrollments: Sequence[Enrollment]) -> None:
    """Writes to each of them, people on the waiting list with their position. All are of one
    delivery."""
    waits = any(enrollment.status is EnrollmentStatus.WAITLISTED for enrollment in enrollments)
    places_in_line = positions(enrollments[0].delivery_id) if waits else {}
    nominated = [
        enrollment.person_id for enrollment in enrollments if enrollment.nominated_by_id is not None
    ]
    answered = latest_answers(nominated, ConsentPurpose.ROSTER) if nominated else {}
    for enrollment in enrollments:
        asks = enrollment.nominated_by_id is not None and enrollment.person_id not in answered
        tell(enrollment, position=places_in_line.get(enrollment.id), asks_consent=asks)
