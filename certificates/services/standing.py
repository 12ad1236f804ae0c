"""A certificate under its delivery's lock, and its open suspension or proposed revocation."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from certificates.models import Certificate, RevocationProposal, Suspension
from certificates.states import CERTIFICATE
from core.database import db
from core.errors import Conflict
from core.policy import Actor
from courses.services import touch
from people.services import is_self
from people.values import clean_lines

LONGEST_NOTE = 1000


def locked(certificate: Certificate) -> Certificate:
    """The certificate, read again under its delivery's lock, so that parallel changes run one after
    the other."""
    touch(certificate.delivery_id)
    return db.session.scalars(
        sa.select(Certificate)
        .where(Certificate.id == certificate.id)
        .execution_options(populate_existing=True)
    ).one()


def find_suspension(certificate: Certificate) -> Suspension | None:
    """The suspension that is not lifted."""
    return db.session.scalar(
        sa.select(Suspension).where(
            Suspension.certificate_id == certificate.id, Suspension.lifted_at.is_(None)
        )
    )


def find_proposal(certificate: Certificate) -> RevocationProposal | None:
    """The revocation that awaits a second person."""
    own = RevocationProposal.certificate_id == certificate.id
    return db.session.scalar(
        sa.select(RevocationProposal).where(own, RevocationProposal.decided_at.is_(None))
    )


def is_proposer(actor: Actor, proposal: RevocationProposal) -> bool:
    """Whether the actor proposed it, also under a record since merged into theirs."""
    return is_self(actor, proposal.proposed_by_id)


def steps(actor: Actor, certificate: Certificate, *, is_proposed: bool) -> list[str]:
    """The actions the actor may take now. An open proposal blocks revoking and reissuing until it
    is decided (`require_undecided`)."""
    offered = CERTIFICATE.available(certificate, actor)
    return (
        [step for step in offered if step not in ("revoke", "supersede")]
        if is_proposed
        else offered
    )


def require_undecided(certificate: Certificate) -> None:
    """Requires, under the lock, that the certificate has not ended and no revocation is
    proposed."""
    if certificate.has_ended:
        raise Conflict(
            "state_does_not_allow",
            _l("This is not possible any more: things have changed in the meantime."),
        )
    if find_proposal(certificate):
        raise Conflict(
            "already_proposed",
            _l(
                "A revocation of this certificate has already been proposed. Confirm or decline "
                "it first."
            ),
        )


def clean_note(text: str | None, field: str) -> str | None:
    return clean_lines(text or "", field, longest=LONGEST_NOTE) or None
