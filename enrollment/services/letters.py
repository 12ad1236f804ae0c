"""Mail to the person of an enrollment: one message per act, in the person's language, with a link
to its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache, partial
from typing import Any

from accounts.services import (
    enters_by_link,
    issue_link,
    send_confirmation,
    send_link,
    who_enters_by_link,
)
from core import mail
from core.settings import settings_of
from courses.models import Delivery
from courses.queries import moves_up_still, span_of
from courses.timetable import today_in
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.queries import positions
from enrollment.references import reference
from people.models import ConsentPurpose
from people.queries import sender_of
from people.services import latest_answers

#: The letter for each new status.
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
    """Notifies the person (who may have no address) of the enrollment's status. `extra`: for the
    letter `kind`.

    People without a password get a link that signs them in: no one else reads that mail, and they
    have no other way in.
    """
    _write(
        enrollment,
        kind or KINDS.get(enrollment.status, "enrollment_confirmed"),
        _facts(enrollment) | extra,
        by_link=enters_by_link(enrollment.person) if enrollment.person.email else False,
    )


def _write(enrollment: Enrollment, kind: str, facts: Mapping[str, Any], *, by_link: bool) -> None:
    person = enrollment.person
    if person.email is None:
        return
    if by_link:
        send_link(person, target=status_path(enrollment), kind=kind, **facts)
        return
    issue_link(
        person, lifetime=timedelta()
    )  # never sent and never valid: known and unknown people must cost the same
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
    """Sends an applicant, known or not, the link that makes the application count."""
    send_confirmation(
        enrollment.person, status_path(enrollment), "application_received", **_facts(enrollment)
    )


def _facts(enrollment: Enrollment) -> dict[str, Any]:
    """The facts in the letters."""
    delivery = enrollment.delivery
    facts = {
        "enrollment": enrollment,
        "reference": reference(delivery.id, enrollment.origin_id),
    }
    return facts | _facts_of(delivery, enrollment.status)


def _facts_of(delivery: Delivery, status: EnrollmentStatus) -> dict[str, Any]:
    """The facts for everyone with this status: for people with a place also when and where to be
    and where to read on; for those who wait whether the list still moves up."""
    facts = {
        "delivery": delivery,
        "course": delivery.course,
        "sender": sender_of(delivery.centre),
        "privacy_page": f"{settings_of().public_url}/privacy",
    }
    if status not in (EnrollmentStatus.CONFIRMED, EnrollmentStatus.WAITLISTED):
        return facts
    begins_at = span_of(delivery.id)[0]
    return facts | {
        "moves_up": moves_up_still(delivery.time_zone, delivery.promotion_days, begins_at),
        "begins_at": begins_at,
        "begins_on": today_in(delivery.time_zone, begins_at) if begins_at else None,
        "course_page": f"{settings_of().public_url}/deliveries/{delivery.code}",
    }


def tell_all(enrollments: Sequence[Enrollment]) -> None:
    """Notifies each of them, people on the waiting list with their position. All are in one
    delivery."""
    waits = any(enrollment.status is EnrollmentStatus.WAITLISTED for enrollment in enrollments)
    places_in_line = positions(enrollments[0].delivery_id) if waits else {}
    nominated = [
        enrollment.person_id for enrollment in enrollments if enrollment.nominated_by_id is not None
    ]
    answered = latest_answers(nominated, ConsentPurpose.ROSTER) if nominated else {}
    by_link = who_enters_by_link(
        enrollment.person for enrollment in enrollments if enrollment.person.email
    )
    facts_of = cache(partial(_facts_of, enrollments[0].delivery))
    for enrollment in enrollments:
        facts = facts_of(enrollment.status) | {
            "enrollment": enrollment,
            "reference": reference(enrollment.delivery_id, enrollment.origin_id),
            "position": places_in_line.get(enrollment.id),
            "asks_consent": enrollment.nominated_by_id is not None
            and enrollment.person_id not in answered,
        }
        kind = KINDS.get(enrollment.status, "enrollment_confirmed")
        _write(enrollment, kind, facts, by_link=enrollment.person_id in by_link)
