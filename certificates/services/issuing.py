"""Issuing: number, random token and frozen payload of a certificate are created in one transaction
with the skills it proves. The file is made from the payload later, as often as needed."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from certificates import rendering
from certificates.events import CertificateIssued
from certificates.models import NOT_ENDED, Certificate
from certificates.numbers import format_number, new_token, series_of
from certificates.payload import CertificatePayload
from certificates.services.names import check_name, field_of
from certificates.snapshot import digest, snapshot, valid_until
from core import clock
from core.database import db
from core.errors import Conflict, DomainError, Invalid
from core.events import publish
from core.numbering import next_in
from core.policy import Actor, require
from core.settings import settings_of
from courses.queries import today_of
from courses.services import require_over, touch
from enrollment.models import Enrollment, EnrollmentStatus
from people.permissions import Permission


def issue(actor: Actor, enrollment: Enrollment) -> Certificate:
    """The certificate of a completed enrollment; issues one if there is none, so repeating is
    harmless. A suspended one still counts as the enrollment's certificate."""
    require(actor, Permission.CERTIFICATE_ISSUE, enrollment)
    touch(enrollment.delivery_id)
    db.session.refresh(enrollment)
    if existing := find_standing(enrollment.id):
        return existing
    if enrollment.status is not EnrollmentStatus.COMPLETED:
        raise Conflict("not_eligible", _l("Only who completed the course gets a certificate."))
    return make(actor, enrollment)


def find_standing(enrollment_id: int) -> Certificate | None:
    return db.session.scalar(
        sa.select(Certificate).where(
            Certificate.enrollment_id == enrollment_id, Certificate.status.in_(NOT_ENDED)
        )
    )


def make(actor: Actor, enrollment: Enrollment, *, replaces_id: int | None = None) -> Certificate:
    """A new certificate, under the delivery's lock, dated in the delivery's time zone, and not
    before its last session has ended. All checks precede the number, because a later failure would
    leave a void number."""
    require_over(enrollment.delivery)
    check_name(enrollment, enrollment.name_on_certificate, field_of(enrollment.id))
    day = today_of(enrollment.delivery)
    unnumbered = snapshot(enrollment, number="SPECIMEN", token=new_token(), issued_on=day)
    check_payload(unnumbered)
    payload = replace(unnumbered, number=format_number(day.year, next_in(series_of(day.year))))
    certificate = Certificate(
        number=payload.number,
        token=payload.token,
        enrollment_id=enrollment.id,
        person_id=enrollment.person_id,
        delivery_id=enrollment.delivery_id,
        centre_id=enrollment.centre_id,
        organization_id=enrollment.nominated_by_id,
        holder_name=payload.holder_name,
        payload=payload.to_dict(),
        payload_sha256=digest(payload),
        issued_on=day,
        valid_until=valid_until(enrollment.delivery.version, enrollment.delivery.ends_on),
        issued_at=clock.now(),
        replaces_id=replaces_id,
    )
    db.session.add(certificate)
    db.session.flush()  # the event needs the id
    publish(
        CertificateIssued(
            certificate.id,
            certificate.number,
            enrollment.id,
            enrollment.person_id,
            replaces_id,
            certificate.payload_sha256,
        ),
        actor,
    )
    return certificate


def specimen(enrollment: Enrollment) -> CertificatePayload:
    """What the certificate would state, with the same refusals. Its number is no one's, and its QR
    code verifies nothing."""
    check_name(enrollment, enrollment.name_on_certificate, field_of(enrollment.id))
    payload = snapshot(
        enrollment, number="SPECIMEN", token="0" * 26, issued_on=today_of(enrollment.delivery)
    )
    check_payload(payload)
    return replace(payload, verify_url=f"{settings_of().public_url}/verify")


def check_payload(payload: CertificatePayload) -> None:
    """Raises Invalid if something other than the name cannot be printed, such as the course's title
    or the venue."""
    try:
        rendering.check(payload.to_dict())
    except rendering.PayloadRefused as refusal:
        faults: list[DomainError] = [
            Invalid(
                "not_printable", _l("This certificate cannot be printed: %(reason)s", reason=reason)
            )
            for reason in {
                str(reason): reason for reason in refusal.reasons
            }.values()  # several objectives may share a fault
        ]
        raise Invalid("not_printable", faults[0].message, errors=faults) from refusal
