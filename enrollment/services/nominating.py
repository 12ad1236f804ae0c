"""An organization puts people forward: all of them, or none if one cannot be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from core import clock, jobs
from core.database import db
from core.errors import Conflict, DomainError, Invalid, collect
from core.policy import Actor, can, require
from courses.models import Delivery
from courses.services import touch
from enrollment.models import Enrollment, Nomination
from enrollment.queries import find_list
from enrollment.services.asking import note_identity
from enrollment.services.consenting import require_own_answer
from enrollment.services.enrolling import (
    Wish,
    already_enrolled,
    checked,
    create_enrollment,
    place,
    require_identity,
)
from enrollment.services.filling import first_statuses
from enrollment.services.letters import tell_all
from enrollment.services.recognising import Recognition
from enrollment.services.stages import require_open
from enrollment.states import ENROLLMENT
from people.models import BodyKind, Gender, IdentifierKind, Organization
from people.permissions import Permission
from people.queries import organization_choices, require_kind
from people.services import Identified, add_address, identify_person
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
#: The most people that one such job compares, so that others can write between the jobs.
COMPARED_AT_ONCE = 25


@dataclass(frozen=True, kw_only=True)
class Nominee(Wish):
    """One person as an organization nominates them. `row`: the row of the file, which refusals then
    name ("row-7.category")."""

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
    """The organizations in whose name the actor may nominate (id, name): all of them if the actor
    may enter anyone, else the actor's own. NotAllowed if there are none."""
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

    A body must not learn who else is registered. People whom it did not put forward before are
    therefore entered as new, whether they are known or not, and a job compares them with everyone
    afterwards. The nomination stores what the organization stated. The refusals of all rows are
    raised together. Needs ENROLLMENT_NOMINATE for the organization, or ENROLLMENT_CREATE.
    """
    delivery = touch(delivery_id, positions=max(1, len(nominees)))
    require_may_nominate(actor, delivery, organization, nominees)
    recognition = Recognition(
        actor, delivery, organization, [said_of(nominee) for nominee in nominees]
    )
    entries = entries_of(recognition, nominees, delivery.rev - len(nominees) + 1)
    enrollments = [entry.enrollment for entry in entries]
    statuses = first_statuses(delivery, [enrollment.category for enrollment in enrollments])
    ENROLLMENT.begin_all(list(zip(enrollments, statuses, strict=True)), actor)
    for entry in entries:
        note_identity(actor, entry.enrollment, entry.identified, entry.facts)
    tell_all(enrollments)
    if not can(actor, Permission.IDENTITY_DECIDE, delivery):
        compare_later([enrollment.id for enrollment in enrollments])
    return enrollments


def require_may_nominate(
    actor: Actor, delivery: Delivery, organization: Organization, nominees: Sequence[Nominee]
) -> None:
    """Call it after `touch`. Conflict("list_being_entered") while a job still enters a list of the
    same organization: people on that list could not be recognised yet."""
    if not can(actor, Permission.ENROLLMENT_CREATE, delivery):
        require(actor, Permission.ENROLLMENT_NOMINATE, organization)
    require_kind(organization, BodyKind.NOMINATOR, "nominated_by")
    require_open(actor, delivery)
    for nominee in nominees:
        require_own_answer(actor, None, nominee.roster_consent)
    if not nominees:
        raise Invalid("nobody_nominated", _l("Name at least one person."))
    if find_list(delivery, organization.id) is not None:
        sentence = _l(
            "A list of this organization is being entered. Wait until it is in, then try again."
        )
        raise Conflict("list_being_entered", sentence)


def compare_later(enrollment_ids: Sequence[int]) -> None:
    """Enqueues jobs that compare these people with everyone, some in each."""
    for start in range(0, len(enrollment_ids), COMPARED_AT_ONCE):
        jobs.enqueue(COMPARE, enrollment_ids=list(enrollment_ids[start : start + COMPARED_AT_ONCE]))


def enter(actor: Actor, delivery_id: int, nominee: Nominee) -> Enrollment:
    """A coordinator enters a person without a nominating body. Conflict("identity_in_doubt") if the
    person may be known already and `nominee.identity` does not decide it."""
    delivery = touch(delivery_id)
    require(actor, Permission.ENROLLMENT_CREATE, delivery)
    require_open(actor, delivery)
    wish = _checked(delivery, nominee)
    facts = said_of(nominee)
    identified = identify_person(actor, facts, identity=nominee.identity)
    add_address(actor, identified.person, nominee.email)
    enrollment = place(
        actor, delivery, identified.person, wish, record=identified.record, facts=facts
    )
    db.session.add(_nomination(actor, None, enrollment, nominee))
    note_identity(actor, enrollment, identified, facts)
    tell_all([enrollment])
    return enrollment


def _checked(delivery: Delivery, nominee: Nominee) -> Wish:
    """The wish of the nominee, checked before any person is recorded."""
    wish = checked(delivery, nominee)
    require_identity(nominee.identifier, nominee.email)
    require_sender(nominee.country, nominee.organization)
    return wish


def said_of(nominee: Nominee) -> dict[str, Any]:
    """The facts stated about the person, under the names that `identify_person` takes."""
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


@dataclass(frozen=True)
class Entry:
    """The enrollment of one nominee, not saved yet, and how the person was identified by the facts
    stated."""

    enrollment: Enrollment
    identified: Identified
    facts: dict[str, Any]


def entries_of(
    recognition: Recognition, nominees: Sequence[Nominee], first_line: int
) -> list[Entry]:
    """An entry for each nominee, in their order. Raises the refusals of all nominees together."""
    entries: list[Entry] = []
    refusals: list[DomainError] = []
    for line, nominee in enumerate(nominees, first_line):
        try:
            entries.append(_entry(recognition, nominee, line))
        except DomainError as refusal:
            refusals += [at_row(error, nominee.row) for error in refusal.errors or [refusal]]
    collect(refusals)
    return entries


def _entry(recognition: Recognition, nominee: Nominee, line: int) -> Entry:
    actor, delivery = recognition.actor, recognition.delivery
    organization = recognition.organization
    wish, facts = _checked(delivery, nominee), said_of(nominee)
    identified = recognition.identify(facts, nominee.identity)
    recognition.add_address(identified, nominee.email)
    person, record = identified.person, identified.record
    if recognition.is_here(person):
        raise already_enrolled(record, facts)
    recognition.note_here(person)
    enrollment = create_enrollment(
        actor, delivery, person, wish, organization, line=line, record=record
    )
    enrollment.nomination = _nomination(actor, organization, enrollment, nominee)
    return Entry(enrollment, identified, facts)


def _nomination(
    actor: Actor, organization: Organization | None, enrollment: Enrollment, nominee: Nominee
) -> Nomination:
    """Stores the values as the organization or the coordinator stated them, whatever the register
    holds about the person."""
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


def at_row(refusal: DomainError, row: int | None) -> DomainError:
    """The refusal with its field named by the row of the file."""
    if row is None:
        return refusal
    field = f"row-{row}.{refusal.field}" if refusal.field else f"row-{row}"
    moved = type(refusal)(refusal.code, refusal.message, field)
    moved.details = refusal.details
    return moved
