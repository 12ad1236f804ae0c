"""Mail to the person whom an enrollment is about: one per act, in the person's language, with the way back to its page."""

from __future__ import annotations

from typing import Any

from accounts.models import Account
from core import mail
from core.database import db, settings_of
from enrollment.models import Enrollment, EnrollmentStatus

#: What the person is told when an enrollment has come to this status.
KINDS = {
    EnrollmentStatus.REQUESTED: "enrollment_requested",
    EnrollmentStatus.WAITLISTED: "enrollment_waitlisted",
    EnrollmentStatus.CONFIRMED: "enrollment_confirmed",
    EnrollmentStatus.DECLINED: "enrollment_declined",
    EnrollmentStatus.WITHDRAWN: "enrollment_withdrawn",
}


def status_path(enrollment: Enrollment) -> str:
    """The page on which the person follows the enrollment."""
    return f"/enrollments/{enrollment.id}"


def tell(enrollment: Enrollment, kind: str | None = None, **context: Any) -> None:
    """Writes to the person (who may have no address) what the enrollment's status now is.

    Whoever has no password gets a link that signs in: nobody else can read that mail, and there is no other way in.
    """
    person = enrollment.person
    if person.email is None:
        return
    kind = kind or KINDS[enrollment.status]
    delivery = enrollment.delivery
    facts = {"enrollment": enrollment, "person": person, "delivery": delivery, "course": delivery.course, **context}
    account = db.session.get(Account, person.id)
    if account is None or account.password_hash is None:
        from accounts.services import send_link  # noqa: PLC0415 TEMPORARY until accounts.services exists

        send_link(person, target=status_path(enrollment), kind=kind, **facts)
        return
    link = settings_of().public_url + status_path(enrollment)
    mail.send(kind, person.email, person_id=person.id, language=person.language, link=link, **facts)
