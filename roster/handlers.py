"""Reactions of the roster to events of other packages, in the same transaction: both happen or
neither."""

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
    """A certificate was issued, or is valid again: its holder gains what it proves."""
    services.grant_skills(actor, db.session.get_one(Certificate, event.certificate_id))


def withdraw_skills(
    event: CertificateRevoked | CertificateSuperseded | CertificateSuspended, actor: Actor
) -> None:
    """A certificate ended or is suspended: its skills are withdrawn."""
    services.withdraw_skills(actor, db.session.get_one(Certificate, event.certificate_id))


def refresh_profile(event: PersonChanged, actor: Actor) -> None:
    """A person's data changed: the search must find the new values."""
    services.refresh_document(event.person_id)


def move_skills(event: MergeConfirmed | MergeUndone, actor: Actor) -> None:
    """Certificates have another holder after a merge, or its undoing: the skills follow. A merged
    record is on no roster."""
    if isinstance(event, MergeConfirmed):
        services.take_merge(event.keep_id, event.merged_id)
    services.follow_certificates(actor, (event.keep_id, event.merged_id))
    if isinstance(event, MergeUndone):
        services.undo_merge((event.keep_id, event.merged_id))


def move_skills_of(event: EnrollmentReassigned, actor: Actor) -> None:
    """An enrollment turned out to be someone else's."""
    services.follow_certificates(actor, [event.person_id])


def keep_kind(event: OrganizationChanged, actor: Actor) -> None:
    """A body with people on its roster must stay a roster office, or no one would find them."""
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
    """Someone consented to be found: a waiting proposal becomes the profile, and the person awaits
    admission."""
    if event.purpose == ConsentPurpose.ROSTER and event.counts:
        services.take_yes(event.person_id)


def keep_withdrawn_consent(event: ConsentWithdrawn, actor: Actor) -> None:
    """Someone withdrew consent: removed at once from the roster, its searches and lists."""
    if event.purpose == ConsentPurpose.ROSTER:
        services.take_no(event.person_id)
