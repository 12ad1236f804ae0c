"""An organization puts people forward: all of them, or, when one cannot be accepted, none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core import clock, jobs
from core.database import db
from core.errors import DomainError, Invalid, collect
from core.policy import SYSTEM, Actor, can, require
from courses.models import Delivery
from courses.services import touch
from enrollment.models import Enrollment, Nomination
from enrollment.queries import people_here_by_others, people_of
from enrollment.services.asking import note_identity
from enrollment.services.consenting import require_own_answer
from enrollment.services.enrolling import Wish, checked, place, require_identity
from enrollment.services.letters import tell_all
from enrollment.services.stages import require_open
from people.models import BodyKind, Gender, IdentifierKind, Organization, Person
from people.permissions import Permission
from people.queries import organization_choices, require_kind
from people.services import (
    NO_ONE,
    Identified,
    add_address,
    current_record,
    identify_person,
    join_records,
    records_of,
)
from people.values import (
    clean_country,
    clean_identifier,
    clean_name,
    clean_nationalities,
    find_email,
    require_sender,
)

#: The job that compares nominated people with everyone.
COMPARE = "enrollment.compare"


@dataclass(frozen=True, kw_only=True)
class Nominee(Wish):
    """One person as an organization puts it. `row`: where it stands in a file; refusals then
    name it ("row-7.category")."""

    given_name: str | None
    family_name: str | None
    identifier: str | None = None
    identifier_issuer: str | None = None
    identifier_kind: str | None = None
    email: str | None = None
    country: str | None = None
    nationalities: Sequence[str] | str | None = None
    gender: Gender | str | None = None
    birth_date: date | None = None
    language: str | None = None
    names_confirmed: bool | None = None
    identity: str | int | None = None
    row: int | None = None


def bodies_to_nominate_for(actor: Actor, delivery: Delivery) -> dict[str, str]:
    """The organizations in whose name the actor may nominate (id, name): all of them for whoever
    may enter anyone, else the own. NotAllowed for whoever nominates for none."""
    if can(actor, Permission.ENROLLMENT_CREATE, delivery):
        return {str(body_id): name for body_id, name in organization_choices()}
    require(actor, Permission.ENROLLMENT_NOMINATE)
    return {
        str(body_id): name
        for body_id, name in organization_choices()
        if body_id in actor.organization_ids
    }


def nominate(
    actor: Actor, delivery_id: int, organization: Organization, nominees: Sequence[Nominee]
) -> list[Enrollment]:
    """Puts the nominees forward for `organization`, in their order, which is also their order in
    the waiting line.

    A body is told only of its own: for others, anyone it did not put forward before is someone new,
    and a job compares them with everyone afterwards, always. What the organization said is kept in
    the nomination. Refusals of all rows come together. Needs ENROLLMENT_NOMINATE for the
    organization, or ENROLLMENT_CREATE.
    """
    delivery = touch(delivery_id)
    if not can(actor, Permission.ENROLLMENT_CREATE, delivery):
        require(actor, Permission.ENROLLMENT_NOMINATE, organization)
    require_kind(organization, BodyKind.NOMINATOR, "nominated_by")
    require_open(actor, delivery)
    for nominee in nominees:
        require_own_answer(actor, None, nominee.roster_consent)
    if not nominees:
        raise Invalid("nobody_nominated", _l("Name at least one person."))
    refusals: list[DomainError] = []
    made: list[Enrollment] = []
    for nominee in nominees:
        try:
            made.append(_nominate_one(actor, delivery_id, organization, nominee))
        except DomainError as refusal:
            refusals += [_at_row(one, nominee.row) for one in refusal.errors or [refusal]]
    collect(refusals)
    tell_all(made)
    if not can(actor, Permission.IDENTITY_DECIDE, delivery):
        jobs.enqueue(COMPARE, enrollment_ids=[one.id for one in made])
    return made


def enter(actor: Actor, delivery_id: int, nominee: Nominee) -> Enrollment:
    """A coordinator enters a person whom no body puts forward. Conflict("identity_in_doubt")
    unless `nominee.identity` says who is meant."""
    delivery = touch(delivery_id)
    require(actor, Permission.ENROLLMENT_CREATE, delivery)
    require_open(actor, delivery)
    wish = _checked(delivery, nominee)
    said = _said(nominee)
    identified = identify_person(actor, said, identity=nominee.identity)
    add_address(actor, identified.person, nominee.email)
    enrollment = place(
        actor, delivery, identified.person, wish, record=identified.record, facts=said
    )
    db.session.add(_nomination(actor, None, enrollment, nominee))
    note_identity(actor, enrollment, identified, said)
    tell_all([enrollment])
    return enrollment


def _checked(delivery: Delivery, nominee: Nominee) -> Wish:
    """The wish, checked before any person is recorded, and with all faults at once."""
    wish = checked(delivery, nominee)
    require_identity(nominee.identifier, nominee.email)
    require_sender(nominee.country, nominee.organization)
    return wish


def _said(nominee: Nominee) -> dict[str, Any]:
    """What is said of the person, by the names of `identify_person`."""
    names = (
        "identifier",
        "identifier_issuer",
        "identifier_kind",
        "given_name",
        "family_name",
        "email",
        "country",
        "nationalities",
        "gender",
        "birth_date",
        "name_on_certificate",
        "language",
        "names_confirmed",
    )
    return {name: getattr(nominee, name) for name in names}


def _nominate_one(
    actor: Actor, delivery_id: int, organization: Organization, nominee: Nominee
) -> Enrollment:
    delivery = touch(delivery_id)  # again, so that each has its own number in the line
    wish = _checked(delivery, nominee)
    said = _said(nominee)
    identified = _identify(actor, delivery, organization, nominee, said)
    if can(actor, Permission.IDENTITY_DECIDE, delivery) or _is_of_body_alone(
        identified.person, organization
    ):
        add_address(actor, identified.person, nominee.email)
    enrollment = place(
        actor,
        delivery,
        identified.person,
        wish,
        nominated_by=organization,
        record=identified.record,
        facts=said,
    )
    db.session.add(_nomination(actor, organization, enrollment, nominee))
    note_identity(actor, enrollment, identified, said)
    return enrollment


def _identify(
    actor: Actor,
    delivery: Delivery,
    organization: Organization,
    nominee: Nominee,
    said: dict[str, Any],
) -> Identified:
    """Who is meant: among everyone for those who may decide, else among the body's own people.
    One of these who has a place here by someone else's doing is someone new, too: the body would
    learn of it. (Whom it put forward here itself is known.)"""
    if can(actor, Permission.IDENTITY_DECIDE, delivery):
        return _as_of_body(
            organization, identify_person(actor, said, identity=nominee.identity), said
        )
    own = people_of(organization, not_by_others_in=delivery if nominee.identity is None else None)
    by_others = people_here_by_others(delivery, organization)
    identity = _identity_of_record(nominee.identity, own)
    return identify_person(
        actor,
        said,
        identity=identity,
        among=Person.id.in_(own),
        unless=lambda person: _is_among(person, by_others),
    )


def _as_of_body(organization: Organization, found: Identified, said: dict[str, Any]) -> Identified:
    """A person recognised for a body by someone who knows everyone: the body gets a record of
    its own, as if it had nominated. It is recognised by that the next time, and reads in it no
    more than was said in its name."""
    own = people_of(organization)
    if found.is_new or _is_among(found.record, own):
        return found
    before = (
        sa.select(Person)
        .where(Person.id.in_(records_of(found.person.id)), Person.id.in_(own))
        .order_by(Person.id)
    )
    record = db.session.scalar(before.limit(1))
    if record is not None:
        return replace(found, record=record)
    record = identify_person(SYSTEM, said, among=NO_ONE).record
    join_records(SYSTEM, found.person, record, reason="nominated in an organization's name")
    return replace(found, record=record)


def _identity_of_record(identity: str | int | None, own: sa.Select[int]) -> str | int | None:
    """A body says which of its own records it means, not which one that was merged into: for it,
    others do not exist."""
    if not isinstance(identity, int):
        return identity
    record = db.session.scalar(sa.select(Person).where(Person.id == identity, Person.id.in_(own)))
    return current_record(record).id if record else 0


def _is_of_body_alone(person: Person, organization: Organization) -> bool:
    """Whether the person is known by nothing but what this organization put forward."""
    others = sa.select(Enrollment.id).where(
        Enrollment.person_id == person.id,
        Enrollment.nominated_by_id.is_distinct_from(organization.id),
    )
    return db.session.scalar(others.limit(1)) is None


def _is_among(person: Person, ids: sa.Select[int]) -> bool:
    return (
        db.session.scalar(sa.select(Person.id).where(Person.id == person.id, Person.id.in_(ids)))
        is not None
    )


def _nomination(
    actor: Actor, organization: Organization | None, enrollment: Enrollment, nominee: Nominee
) -> Nomination:
    """What the organization, or the one who entered the person, said, in their own words."""
    return Nomination(
        enrollment=enrollment,
        organization_id=organization.id if organization else None,
        nominated_by_id=actor.person_id,
        identifier=clean_identifier(nominee.identifier or "", "identifier") or None,
        identifier_issuer=(nominee.identifier_issuer or "").strip()[:60] or None,
        identifier_kind=nominee.identifier_kind or IdentifierKind.SERVICE,
        given_name=clean_name(nominee.given_name or "", "given_name"),
        family_name=clean_name(nominee.family_name or "", "family_name"),
        email=find_email(nominee.email),
        country=clean_country(nominee.country, "country") if nominee.country else None,
        nationalities=clean_nationalities(nominee.nationalities or (), "nationalities"),
        gender=Gender(nominee.gender or Gender.UNDISCLOSED),
        birth_date=nominee.birth_date,
        created_at=clock.now(),
    )


def _at_row(refusal: DomainError, row: int | None) -> DomainError:
    if row is None:
        return refusal
    field = f"row-{row}.{refusal.field}" if refusal.field else f"row-{row}"
    moved = type(refusal)(refusal.code, refusal.message, field)
    moved.details = refusal.details
    return moved
