"""Suspending and restoring certificates. A suspended one still counts as its enrollment's
certificate."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from certificates.models import Certificate, CertificateStatus, Suspension
from certificates.services.standing import clean_note, find_suspension, locked
from certificates.services.telling import tell_holder
from certificates.states import CERTIFICATE
from core import clock
from core.database import db
from core.errors import Conflict, Invalid
from core.policy import Actor, require
from people.permissions import Permission


def suspend(actor: Actor, certificate: Certificate, *, note: str | None) -> Certificate:
    """Verification shows it as suspended, and its skills are withdrawn until the suspension is
    lifted. The holder is notified; only those who may revoke see the note."""
    require(actor, Permission.CERTIFICATE_REVOKE, certificate)
    note = _needed(note, _l("Enter the reason for the suspension."))
    certificate = locked(certificate)
    if certificate.status is CertificateStatus.VALID:
        db.session.add(
            Suspension(
                certificate_id=certificate.id,
                suspended_at=clock.now(),
                suspended_by_id=actor.person_id,
                note=note,
            )
        )
    CERTIFICATE.fire(certificate, "suspend", actor)
    tell_holder("certificate_suspended", certificate, skills=certificate.payload["skills"])
    return certificate


def lift(actor: Actor, certificate: Certificate, *, note: str | None) -> Certificate:
    """Valid again from now on, and so are its skills; the gap stays on record."""
    require(actor, Permission.CERTIFICATE_REVOKE, certificate)
    note = _needed(note, _l("Enter the reason for lifting the suspension."))
    certificate = locked(certificate)
    suspension = find_suspension(certificate)
    if suspension is None or certificate.status is not CertificateStatus.SUSPENDED:
        raise Conflict(
            "state_does_not_allow",
            _l("This is not possible any more: things have changed in the meantime."),
        )
    suspension.lifted_at = clock.now()
    suspension.lifted_by_id = actor.person_id
    suspension.lift_note = note
    db.session.flush()  # the skills are derived from stored rows
    CERTIFICATE.fire(certificate, "lift", actor)
    tell_holder("certificate_lifted", certificate, skills=certificate.payload["skills"])
    return certificate


def _needed(note: str | None, sentence: object) -> str:
    if not (cleaned := clean_note(note, "note")):
        raise Invalid("note_needed", sentence, "note")
    return cleaned
