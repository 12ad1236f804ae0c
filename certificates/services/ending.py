"""The two ends of a certificate: revoked, or replaced by a corrected successor. Nothing issued is edited or deleted."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts.roles import Permission
from accounts.values import clean_lines
from certificates.events import PrintedNameCorrected
from certificates.models import Certificate, RevocationReason
from certificates.payload import nfc
from certificates.services.issuing import make
from certificates.services.names import check_name
from certificates.services.telling import tell_holder
from certificates.states import CERTIFICATE
from core import clock, jobs
from core.database import db
from core.errors import Conflict, Invalid
from core.events import publish
from core.policy import Actor, require
from core.text import one_line
from courses.services import touch
from enrollment.models import Enrollment, EnrollmentStatus

LONGEST_NOTE = 1000


def revoke(actor: Actor, certificate: Certificate, *, reason_code: str, note: str | None = None) -> Certificate:
    """Ends a certificate's validity for good; the skills that rest on it are withdrawn in the same transaction, and its
    holder is told of both. The note stays with those who may revoke."""
    require(actor, Permission.CERTIFICATE_REVOKE, certificate)
    if reason_code not in list(RevocationReason):
        raise Invalid("unknown_reason", _l("Choose why the certificate is revoked."), "reason_code")
    note = _note(note, "note")
    if reason_code == RevocationReason.OTHER and not note:
        raise Invalid("note_needed", _l("Say in a few words why the certificate is revoked."), "note")
    certificate = _locked(certificate)
    _end(certificate, note, reason_code)
    CERTIFICATE.fire(certificate, "revoke", actor)
    tell_holder("certificate_revoked", certificate, reason_code=reason_code, skills=certificate.payload["skills"])
    return certificate


def reissue(actor: Actor, certificate: Certificate, *, name_on_certificate: str | None = None, reason: str) -> Certificate:
    """The successor of a valid certificate, with a number of its own; the old one is superseded, not revoked. A corrected
    name becomes the enrollment's printed name."""
    require(actor, Permission.CERTIFICATE_ISSUE, certificate)
    if not (note := _note(reason, "reason")):
        raise Invalid("reason_needed", _l("Say in a few words what is corrected."), "reason")
    certificate = _locked(certificate)
    enrollment = db.session.get_one(Enrollment, certificate.enrollment_id, populate_existing=True)
    if enrollment.status is not EnrollmentStatus.COMPLETED:  # its result was corrected: what is under review gets no successor
        raise Conflict("not_eligible", _l("Only who completed the course gets a certificate."))
    _correct_name(actor, enrollment, name_on_certificate)
    _end(certificate, note)
    CERTIFICATE.fire(certificate, "supersede", actor)
    db.session.flush()  # the place of the one valid certificate is free before the successor takes it
    successor = make(actor, enrollment, replaces_id=certificate.id)
    jobs.enqueue(
        "certificates.render", actor=actor, total=1, dedupe_key=f"certificates.render:{successor.id}", certificate_id=successor.id
    )
    return successor


def _correct_name(actor: Actor, enrollment: Enrollment, name: str | None) -> None:
    name = None if name is None else one_line(name)
    if name is None or nfc(name) == enrollment.name_on_certificate:
        return
    check_name(name, enrollment.person, "name_on_certificate")
    enrollment.name_on_certificate = nfc(name)
    publish(PrintedNameCorrected(enrollment.id, enrollment.delivery_id), actor)


def _locked(certificate: Certificate) -> Certificate:
    """The certificate read again under its delivery's lock: two who end it at once go one after the other."""
    touch(certificate.delivery_id)
    return db.session.scalars(
        sa.select(Certificate).where(Certificate.id == certificate.id).execution_options(populate_existing=True)
    ).one()


def _end(certificate: Certificate, note: str | None, reason_code: str | None = None) -> None:
    certificate.reason_code, certificate.note, certificate.ended_at = reason_code, note, clock.now()


def _note(text: str | None, field: str) -> str | None:
    return clean_lines(text or "", field, longest=LONGEST_NOTE) or None
