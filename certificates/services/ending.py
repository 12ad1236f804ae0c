"""Corrections: a successor replaces the certificate. Nothing issued is edited or deleted."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from certificates.events import PrintedNameCorrected
from certificates.models import Certificate, CertificateStatus
from certificates.payload import nfc
from certificates.services.issuing import make
from certificates.services.names import check_name
from certificates.services.standing import clean_note, locked, require_undecided
from certificates.states import CERTIFICATE
from core import clock, jobs
from core.database import db
from core.errors import Conflict, Invalid
from core.events import publish
from core.policy import Actor, require
from core.text import one_line
from enrollment.models import Enrollment, EnrollmentStatus
from people.permissions import Permission


def reissue(
    actor: Actor, certificate: Certificate, *, name_on_certificate: str | None = None, reason: str
) -> Certificate:
    """The successor of a valid certificate, with a number of its own; the old one is superseded,
    not revoked. A corrected name becomes the enrollment's printed name."""
    require(actor, Permission.CERTIFICATE_ISSUE, certificate)
    if not (note := clean_note(reason, "reason")):
        raise Invalid("reason_needed", _l("Say in a few words what is corrected."), "reason")
    certificate = locked(certificate)
    if certificate.status is CertificateStatus.SUSPENDED:
        raise Conflict(
            "certificate_suspended",
            _l(
                "This certificate is suspended. Lift the suspension before you replace the "
                "certificate."
            ),
        )
    require_undecided(certificate)
    enrollment = db.session.get_one(Enrollment, certificate.enrollment_id, populate_existing=True)
    if (
        enrollment.status is not EnrollmentStatus.COMPLETED
    ):  # under review, because its result was corrected: no successor
        raise Conflict("not_eligible", _l("Only who completed the course gets a certificate."))
    _correct_name(actor, enrollment, name_on_certificate)
    certificate.reason_code, certificate.note, certificate.ended_at = None, note, clock.now()
    CERTIFICATE.fire(certificate, "supersede", actor)
    # supersede the old one first: only one may be valid
    db.session.flush()
    successor = make(actor, enrollment, replaces_id=certificate.id)
    jobs.enqueue(
        "certificates.render",
        actor=actor,
        total=1,
        dedupe_key=f"certificates.render:{successor.id}",
        certificate_id=successor.id,
    )
    return successor


def _correct_name(actor: Actor, enrollment: Enrollment, name: str | None) -> None:
    name = None if name is None else one_line(name)
    if name is None or nfc(name) == enrollment.name_on_certificate:
        return
    check_name(enrollment, name, "name_on_certificate")
    enrollment.name_on_certificate = nfc(name)
    publish(PrintedNameCorrected(enrollment.id, enrollment.delivery_id), actor)
