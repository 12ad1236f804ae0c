"""What the roster does when other rooms announce a fact: in the same transaction, so it holds with the fact or not at all."""

from __future__ import annotations

from accounts.events import PersonChanged
from certificates.events import (
    CertificateIssued,
    CertificateLifted,
    CertificateRevoked,
    CertificateSuperseded,
    CertificateSuspended,
)
from certificates.models import Certificate
from core.database import db
from core.policy import Actor
from roster import services


def grant_skills(event: CertificateIssued | CertificateLifted, actor: Actor) -> None:
    """A certificate was issued, or is valid again: its holder has what it proves."""
    services.grant_skills(actor, db.session.get_one(Certificate, event.certificate_id))


def withdraw_skills(event: CertificateRevoked | CertificateSuperseded | CertificateSuspended, actor: Actor) -> None:
    """A certificate ended, or is not to be relied on for now: nothing rests on it any more."""
    services.withdraw_skills(actor, db.session.get_one(Certificate, event.certificate_id))


def refresh_profile(event: PersonChanged, actor: Actor) -> None:
    """A person's data changed: the search finds the person by the new ones."""
    services.refresh_document(event.person_id)
