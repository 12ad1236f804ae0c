"""Revoking: at once, or after a second person has confirmed. Until then the certificate stays
valid."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from certificates.events import RevocationDeclined, RevocationProposed
from certificates.models import Certificate, ProposalOutcome, RevocationProposal, RevocationReason
from certificates.services.standing import (
    clean_note,
    find_proposal,
    is_proposer,
    locked,
    require_undecided,
)
from certificates.services.telling import tell_holder
from certificates.states import CERTIFICATE
from core import clock
from core.database import db
from core.errors import Conflict, Invalid, NotAllowed
from core.events import publish
from core.policy import Actor, require
from people.models import Organization
from people.permissions import Permission


def needs_second_person(certificate: Certificate, reason: RevocationReason) -> bool:
    """Fraud is an accusation, so one person alone never acts on it. A centre may require two people
    for every reason."""
    centre = db.session.get_one(Organization, certificate.centre_id)
    return reason is RevocationReason.FRAUD or centre.two_person_revocation


def revoke(
    actor: Actor, certificate: Certificate, *, reason_code: str, note: str | None = None
) -> RevocationProposal | None:
    """Revokes a certificate for good, or returns the proposal that a second person must confirm.
    Its skills are withdrawn in the same transaction, and the holder is notified. Only those who may
    revoke see the note."""
    require(actor, Permission.CERTIFICATE_REVOKE, certificate)
    if reason_code not in list(RevocationReason):
        raise Invalid("unknown_reason", _l("Choose why the certificate is revoked."), "reason_code")
    reason, note = RevocationReason(reason_code), clean_note(note, "note")
    certificate = locked(certificate)
    require_undecided(certificate)
    if not needs_second_person(certificate, reason):
        _revoke(actor, certificate, reason, note)
        return None
    proposal = RevocationProposal(
        certificate_id=certificate.id,
        reason_code=reason,
        note=note,
        proposed_by_id=actor.person_id,
        proposed_at=clock.now(),
    )
    db.session.add(proposal)
    db.session.flush()
    publish(RevocationProposed(certificate.id, certificate.number, reason.value), actor)
    return proposal


def confirm_revocation(actor: Actor, certificate: Certificate) -> Certificate:
    """Carries out another person's proposal. Of two who confirm at once, the second finds nothing
    to confirm."""
    certificate, proposal = _proposed(actor, certificate)
    if actor.person_id is None or is_proposer(actor, proposal):
        raise NotAllowed(
            "second_person_needed",
            _l("You proposed this revocation, so another person must confirm it."),
        )
    _decide(actor, proposal, ProposalOutcome.CONFIRMED)
    _revoke(actor, certificate, proposal.reason_code, proposal.note)
    return certificate


def decline_revocation(actor: Actor, certificate: Certificate) -> Certificate:
    """Drops the proposal: another person declines it, or the proposer withdraws it."""
    certificate, proposal = _proposed(actor, certificate)
    outcome = (
        ProposalOutcome.WITHDRAWN if is_proposer(actor, proposal) else ProposalOutcome.DECLINED
    )
    _decide(actor, proposal, outcome)
    publish(RevocationDeclined(certificate.id, certificate.number, outcome.value), actor)
    return certificate


def _proposed(actor: Actor, certificate: Certificate) -> tuple[Certificate, RevocationProposal]:
    require(actor, Permission.CERTIFICATE_REVOKE, certificate)
    certificate = locked(certificate)
    proposal = find_proposal(certificate)
    if proposal is None:
        raise Conflict(
            "nothing_proposed", _l("No revocation of this certificate is waiting for confirmation.")
        )
    return certificate, proposal


def _decide(actor: Actor, proposal: RevocationProposal, outcome: ProposalOutcome) -> None:
    proposal.decided_by_id = actor.person_id
    proposal.decided_at = clock.now()
    proposal.outcome = outcome


def _revoke(
    actor: Actor, certificate: Certificate, reason: RevocationReason, note: str | None
) -> None:
    certificate.reason_code = reason.value
    certificate.note = note
    certificate.ended_at = clock.now()
    CERTIFICATE.fire(certificate, "revoke", actor)
    tell_holder(
        "certificate_revoked",
        certificate,
        reason_code=reason.value,
        skills=certificate.payload["skills"],
    )
