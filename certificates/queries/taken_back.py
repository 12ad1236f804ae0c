"""Suspended and revoked certificates, and proposed revocations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from certificates.models import Certificate, CertificateStatus, RevocationProposal, Suspension
from certificates.queries.certificates import get_certificate
from certificates.services.standing import is_proposer
from core.database import db
from core.errors import NotFound
from core.policy import Actor, visible
from people.models import Person
from people.permissions import Permission

P = Permission


def disproved(enrollment_ids: Collection[int]) -> set[int]:
    """Those enrollments whose last certificate is revoked or suspended (see core.proofs)."""
    last = sa.select(sa.func.max(Certificate.id)).where(
        Certificate.enrollment_id.in_(enrollment_ids)
    )
    taken_back = Certificate.status.in_((CertificateStatus.REVOKED, CertificateStatus.SUSPENDED))
    ids = sa.select(Certificate.enrollment_id).where(
        taken_back, Certificate.id.in_(last.group_by(Certificate.enrollment_id))
    )
    return set(db.session.scalars(ids)) if enrollment_ids else set()


def suspensions_of(certificate: Certificate) -> list[Suspension]:
    """Its suspensions, oldest first."""
    own = sa.select(Suspension).where(Suspension.certificate_id == certificate.id)
    return list(db.session.scalars(own.order_by(Suspension.id)))


def suspended_on(certificate: Certificate) -> date | None:
    """The day on which its suspension began; None if it is not suspended."""
    if certificate.status is not CertificateStatus.SUSPENDED:
        return None
    return next(
        (
            certificate.date_of(suspension.suspended_at)
            for suspension in suspensions_of(certificate)
            if suspension.lifted_at is None
        ),
        None,
    )


@dataclass(frozen=True)
class Proposed:
    """A revocation that awaits a second person, for those who may revoke."""

    certificate: Certificate
    proposal: RevocationProposal
    proposed_by: str | None

    def is_by(self, actor: Actor) -> bool:
        return is_proposer(actor, self.proposal)


def get_proposal(actor: Actor, number: str) -> Proposed:
    """The proposed revocation of a certificate; NotFound if there is none or the actor may not
    revoke it."""
    certificate = get_certificate(actor, number)
    proposed = find_proposal_shown(actor, certificate)
    if proposed is None:
        raise NotFound(
            "nothing_proposed", _l("No revocation of this certificate is waiting for confirmation.")
        )
    return proposed


def find_proposal_shown(actor: Actor, certificate: Certificate) -> Proposed | None:
    return next(iter(_proposed(actor, Certificate.id == certificate.id)), None)


def proposals_waiting(actor: Actor) -> list[Proposed]:
    """All proposals that await a second person and that the actor may decide, oldest first."""
    return _proposed(actor)


def _proposed(actor: Actor, *conditions: sa.ColumnElement[bool]) -> list[Proposed]:
    """The ids come first: the databases would begin with the many certificates within reach."""
    is_open = RevocationProposal.decided_at.is_(None)
    proposed = sa.select(RevocationProposal.certificate_id).where(is_open)
    waiting = (
        sa.select(Certificate, RevocationProposal, Person)
        .join(RevocationProposal, RevocationProposal.certificate_id == Certificate.id)
        .outerjoin(Person, Person.id == RevocationProposal.proposed_by_id)
        .where(
            is_open,
            Certificate.id.in_(proposed),
            visible(Certificate, actor, P.CERTIFICATE_REVOKE),
            *conditions,
        )
        .order_by(RevocationProposal.id)
        .limit(200)
    )
    rows = db.session.execute(waiting).all()
    return [
        Proposed(certificate, proposal, person.full_name if person else None)
        for certificate, proposal, person in rows
    ]
