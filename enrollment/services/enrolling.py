"""A person asks for a place, or is entered by a coordinator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import lazy_gettext as _l

from core import clock, names
from core.errors import Conflict, DomainError, Invalid, collect
from core.policy import Actor, require
from core.words import word
from courses.models import Delivery
from courses.services import touch
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.queries import find_enrollment
from enrollment.services.asking import note_printed_name
from enrollment.services.consenting import consent_while_enrolling, require_own_answer
from enrollment.services.filling import first_status
from enrollment.services.letters import ask_to_confirm, tell_all
from enrollment.services.stages import require_open
from enrollment.states import ENROLLMENT
from people.models import Organization, Person
from people.permissions import Permission
from people.personnel import CATEGORY_CODES, PersonnelCategory
from people.values import (
    clean_lines,
    clean_name,
    clean_rank_code,
    clean_subcategory,
    clean_text,
    require_spelling,
)


@dataclass(frozen=True)
class Wish:
    """What a person says about this one participation. `name_on_certificate` None: as the person
    is called."""

    category: PersonnelCategory | str
    rank: str | None = None
    rank_code: str | None = None
    subcategory: str | None = None
    organization: str | None = None
    needs: str | None = None
    name_on_certificate: str | None = None
    roster_consent: bool | None = None


def enroll(actor: Actor, delivery_id: int, person: Person, wish: Wish) -> Enrollment:
    """Gives the person a place, or a place in the line, or (admission by approval) notes the wish.

    Who may: the person, and ENROLLMENT_CREATE for anyone. Conflict: enrollment_closed,
    not_published, delivery_cancelled, delivery_finished, already_enrolled. Invalid at `category`
    and the other fields of the wish.
    """
    delivery = touch(delivery_id)
    if not (actor.is_system or actor.person_id == person.id):
        require(actor, Permission.ENROLLMENT_CREATE, delivery)
    require_open(actor, delivery)
    require_own_answer(actor, person.id, wish.roster_consent)
    wish = checked(delivery, wish)
    if wish.name_on_certificate:
        known = person.given_name, person.family_name, person.name_on_certificate
        require_spelling(wish.name_on_certificate, *known, field="name_on_certificate")
    enrollment = place(actor, delivery, person, wish)
    note_printed_name(actor, enrollment)
    consent_while_enrolling(actor, enrollment)
    tell_all([enrollment])
    return enrollment


def apply(
    actor: Actor, delivery_id: int, applicant: Person, wish: Wish, *, is_written_to: bool = True
) -> Enrollment:
    """An application on the public form: it has its position from now on, and gets a place when
    the link that is mailed here is opened. `applicant` is a record of its own
    (people.services.record_applicant). `is_written_to` False: the address has got messages
    enough, and this application cannot be confirmed."""
    delivery = touch(delivery_id)
    require_open(actor, delivery)
    require_own_answer(actor, None, wish.roster_consent)
    enrollment = create_enrollment(
        actor, delivery, applicant, checked(delivery, wish), line=delivery.rev
    )
    ENROLLMENT.begin(enrollment, EnrollmentStatus.UNCONFIRMED, actor)
    if is_written_to:
        ask_to_confirm(enrollment)
    return enrollment


def require_identity(identifier: str | None, email: str | None) -> None:
    """Someone put in by others must be recognisable the next time: a person exists once."""
    if not (identifier or "").strip() and not (email or "").strip():
        sentence = _l(
            "Give a service or staff number or an email address, so that the person is recognised."
        )
        raise Invalid("identity_needed", sentence, "person.email")


def place(
    actor: Actor,
    delivery: Delivery,
    person: Person,
    wish: Wish,
    *,
    nominated_by: Organization | None = None,
    record: Person | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Enrollment:
    """Makes the enrollment; the rule that coordinators, nominators and people themselves share.
    `delivery` was touched, and the `wish` is `checked`. `record`: the one of the person's by
    which they were recognised, in the `facts` that others stated."""
    if find_enrollment(delivery.id, person.id) is not None:
        raise already_enrolled(record or person, facts)
    enrollment = create_enrollment(
        actor, delivery, person, wish, nominated_by, line=delivery.rev, record=record
    )
    ENROLLMENT.begin(enrollment, first_status(delivery, enrollment.category), actor)
    return enrollment


def already_enrolled(record: Person, facts: Mapping[str, Any] | None) -> Conflict:
    """Names the person as the nomination did, at the field by which the person was recognised."""
    if facts is None:
        return Conflict(
            "already_enrolled",
            _l("This person already has a place or a request in this delivery."),
            "person",
        )
    origin = names.Origin(facts["country"], facts["nationalities"] or ())
    name = names.full_name(
        (facts["given_name"] or "").strip(), (facts["family_name"] or "").strip(), origin
    )
    is_number = (
        bool(facts["identifier"]) and names.number_key(facts["identifier"]) == record.identifier_key
    )
    sentence = _l(
        "%(name)s already has a place or a request in this delivery.", name=name or record.full_name
    )
    return Conflict(
        "already_enrolled", sentence, "person.identifier" if is_number else "person.email"
    )


def create_enrollment(
    actor: Actor,
    delivery: Delivery,
    person: Person,
    wish: Wish,
    nominated_by: Organization | None = None,
    *,
    line: int,
    record: Person | None = None,
) -> Enrollment:
    """The enrollment before its lifecycle begins. `record`: see `place`."""
    return Enrollment(
        delivery=delivery,
        centre_id=delivery.centre_id,
        person=person,
        origin=record or person,
        line=line,
        category=PersonnelCategory(wish.category),
        name_on_certificate=wish.name_on_certificate or person.name_on_certificate,
        rank=wish.rank,
        rank_code=wish.rank_code,
        subcategory=wish.subcategory,
        organization=wish.organization,
        needs=wish.needs,
        roster_consent=wish.roster_consent,
        nominated_by=nominated_by,
        enrolled_by_id=actor.person_id,
        created_at=clock.now(),
    )


_TEXTS: dict[str, tuple[Callable[..., str], int]] = {
    "rank": (clean_text, 120),
    "organization": (clean_text, 200),
    "needs": (clean_lines, 1000),
}


def checked(delivery: Delivery, wish: Wish) -> Wish:
    """The wish as it is kept, or Invalid with everything in it that cannot be accepted."""
    faults: list[DomainError] = []
    cleaned: dict[str, Any] = {}
    for field, (clean, longest) in _TEXTS.items():
        try:
            cleaned[field] = clean(getattr(wish, field) or "", field, longest=longest) or None
        except Invalid as fault:
            faults.append(fault)
    try:
        cleaned["name_on_certificate"] = (
            clean_name(wish.name_on_certificate or "", "name_on_certificate") or None
        )
    except Invalid as fault:
        faults.append(fault)
    try:
        cleaned["rank_code"] = clean_rank_code(wish.rank_code or "", "rank_code") or None
    except Invalid as fault:
        faults.append(fault)
    faults += category_faults(delivery, wish.category)
    try:
        cleaned["subcategory"] = clean_subcategory(wish.category, wish.subcategory, "subcategory")
    except Invalid as fault:
        faults.append(fault)
    collect(faults)
    return replace(wish, **cleaned)


def category_faults(delivery: Delivery, category: PersonnelCategory | str) -> list[DomainError]:
    """Why no one of this category gets into the delivery."""
    if category not in list(PersonnelCategory):
        return [
            Invalid(
                "unknown_category",
                _l("The category must be one of %(codes)s.", codes=CATEGORY_CODES),
                "category",
            )
        ]
    audience = delivery.course.audience
    if audience and category not in audience:
        words = ", ".join(word(category, PersonnelCategory) for category in audience)
        return [
            Invalid(
                "category_not_in_audience",
                _l("This course is for: %(audience)s.", audience=words),
                "category",
            )
        ]
    return []
