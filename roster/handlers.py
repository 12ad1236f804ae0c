"""What the roster does when other packages announce a fact: in the same transaction, so it holds
with the fact or not at all."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from certificates.events import (
    CertificateIssued,
    CertificateLifted,
    CertificateRevoked,
    CertificateSuperseded,
    CertificateSuspended,
)
from certificates.models import Certificate
from core.database import db
from core.errors import Conflict
from core.policy import Actor
from enrollment.events import EnrollmentReassigned
from people.events import (
    ConsentGiven,
    ConsentWithdrawn,
    MergeConfirmed,
    MergeUndone,
    OrganizationChanged,
    PersonChanged,
)
from people.models import BodyKind, ConsentPurpose, Organization
from roster import services


def grant_skills(event: CertificateIssued | CertificateLifted, actor: Actor) -> None:
    """A certificate was issued, or is valid again: its holder has what it proves."""
    services.grant_skills(actor, db.session.get_one(Certificate, event.certificate_id))


def withdraw_skills(
    event: CertificateRevoked | CertificateSuperseded | CertificateSuspended, actor: Actor
) -> None:
    """A certificate ended, or is not to be relied on for now: nothing rests on it any more."""
    services.withdraw_skills(actor, db.session.get_one(Certificate, event.certificate_id))


def refresh_profile(event: PersonChanged, actor: Actor) -> None:
    """A person's data changed: the search finds the person by the new ones."""
    services.refresh_document(event.person_id)


def move_skills(event: MergeConfirmed | MergeUndone, actor: Actor) -> None:
    """Certificates have another holder since two records became one, or two again: so have the
    skills. The record that leads to another one is on no roster."""
    if isinstance(event, MergeConfirmed):
        services.take_merge(event.keep_id, event.merged_id)
    services.follow_certificates(actor, (event.keep_id, event.merged_id))
    if isinstance(event, MergeUndone):
        services.undo_merge((event.keep_id, event.merged_id))


def move_skills_of(event: EnrollmentReassigned, actor: Actor) -> None:
    """An enrollment turned out to be another person's."""
    services.follow_certificates(actor, [event.person_id])


def keep_kind(event: OrganizationChanged, actor: Actor) -> None:
    """A roster office that has people on its roster stays one: no one else would find them."""
    body = db.session.get_one(Organization, event.organization_id)
    if (
        "kinds" in event.changed
        and not body.is_a(BodyKind.ROSTER_OFFICE)
        and services.has_experts(body.id)
    ):
        raise Conflict(
            "kind_in_use",
            _l("It has experts on its roster, so it must stay a roster office."),
            "kinds",
        )


def keep_given_consent(event: ConsentGiven, actor: Actor) -> None:
    """Someone may be found now: what waited for it becomes the profile, and the person waits for
    admission."""
    if event.purpose == ConsentPurpose.ROSTER and event.counts:
        services.take_yes(event.person_id)


def keep_withdrawn_consent(event: ConsentWithdrawn, actor: Actor) -> None:
    """Someone may no longer be found: gone from the roster, its searches and lists, at once."""
    if event.purpose == ConsentPurpose.ROSTER:
        services.take_no(event.person_id)
