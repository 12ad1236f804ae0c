"""What was suspended or revoked, or is to be."""

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
    """Of these enrollments those whose last certificate is revoked or suspended (see
    core.proofs)."""
    last = sa.select(sa.func.max(Certificate.id)).where(
        Certificate.enrollment_id.in_(enrollment_ids)
    )
    taken_back = Certificate.status.in_((CertificateStatus.REVOKED, CertificateStatus.SUSPENDED))
    ids = sa.select(Certificate.enrollment_id).where(
        taken_back, Certificate.id.in_(last.group_by(Certificate.enrollment_id))
    )
    return set(db.session.scalars(ids)) if enrollment_ids else set()


def suspensions_of(certificate: Certificate) -> list[Suspension]:
    """The first one first."""
    own = sa.select(Suspension).where(Suspension.certificate_id == certificate.id)
    return list(db.session.scalars(own.order_by(Suspension.id)))


def suspended_on(certificate: Certificate) -> date | None:
    """Since which day it is suspended; None when it is not."""
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
    """A revocation that waits for a second person, as those who may revoke see it."""

    certificate: Certificate
    proposal: RevocationProposal
    proposed_by: str | None

    def is_by(self, actor: Actor) -> bool:
        return is_proposer(actor, self.proposal)


def get_proposal(actor: Actor, number: str) -> Proposed:
    """The proposed revocation of a certificate; NotFound when there is none, also for anyone who
    may not revoke it."""
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
    """All that wait for a second person among what the actor may revoke, the oldest first."""
    return _proposed(actor)


def _proposed(actor: Actor, *conditions: sa.ColumnElement[bool]) -> list[Proposed]:
    waiting = (
        sa.select(Certificate, RevocationProposal, Person)
        .join(RevocationProposal, RevocationProposal.certificate_id == Certificate.id)
        .outerjoin(Person, Person.id == RevocationProposal.proposed_by_id)
        .where(
            RevocationProposal.decided_at.is_(None),
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
