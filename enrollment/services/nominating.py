"""An organization puts people forward: all of them, or, when one cannot be accepted, none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as _l

from accounts.models import Gender, Organization, PersonnelCategory
from accounts.roles import Permission
from accounts.services import record_person
from accounts.values import (
    clean_country,
    clean_identifier,
    clean_name,
    clean_nationalities,
    find_email,
    require_sender,
)
from core import clock
from core.database import db
from core.errors import DomainError, Invalid, collect
from core.policy import Actor, can, require
from courses.services import touch
from enrollment.models import Enrollment, Nomination
from enrollment.services.consenting import require_own_answer
from enrollment.services.enrolling import Wish, checked, place, require_identity
from enrollment.services.letters import tell_all
from enrollment.services.stages import require_open


@dataclass(frozen=True)
class Nominee:
    """One person as an organization puts it. `row`: where it stands in a file; refusals then name it ("row-7.category")."""

    given_name: str | None
    family_name: str | None
    category: PersonnelCategory | str
    identifier: str | None = None
    email: str | None = None
    country: str | None = None
    nationalities: Sequence[str] | str | None = None
    gender: Gender | str | None = None
    birth_date: date | None = None
    rank: str | None = None
    rank_code: str | None = None
    organization: str | None = None
    needs: str | None = None
    name_on_certificate: str | None = None
    language: str | None = None
    roster_consent: bool | None = None
    names_confirmed: bool | None = None
    identity: str | int | None = None
    row: int | None = None

    @property
    def wish(self) -> Wish:
        return Wish(
            category=self.category,
            rank=self.rank,
            rank_code=self.rank_code,
            organization=self.organization,
            needs=self.needs,
            name_on_certificate=self.name_on_certificate,
            roster_consent=self.roster_consent,
        )


def nominate(actor: Actor, delivery_id: int, organization: Organization, nominees: Sequence[Nominee]) -> list[Enrollment]:
    """Puts the nominees forward for `organization`, in their order, which is also their order in the waiting line.

    A person known already is recognised (identifier, else e-mail) and left as is; what the organization said is kept in the
    nomination. Refusals of all rows come together. Needs ENROLLMENT_NOMINATE for the organization, or ENROLLMENT_CREATE.
    """
    delivery = touch(delivery_id)
    if not can(actor, Permission.ENROLLMENT_CREATE, delivery):
        require(actor, Permission.ENROLLMENT_NOMINATE, organization)
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
    return made


def _nominate_one(actor: Actor, delivery_id: int, organization: Organization, nominee: Nominee) -> Enrollment:
    delivery = touch(delivery_id)  # again, so that each has its own number in the line
    checked(delivery, nominee.wish)  # before a person is made for nothing, and with all its faults at once
    require_identity(nominee.identifier, nominee.email)
    require_sender(nominee.country, nominee.organization)
    person = record_person(
        actor,
        identifier=nominee.identifier,
        given_name=nominee.given_name,
        family_name=nominee.family_name,
        email=nominee.email,
        country=nominee.country,
        nationalities=nominee.nationalities,
        gender=nominee.gender,
        birth_date=nominee.birth_date,
        name_on_certificate=nominee.name_on_certificate,
        language=nominee.language,
        names_confirmed=nominee.names_confirmed,
        identity=nominee.identity,
        update=False,
    )
    enrollment = place(actor, delivery, person, nominee.wish, nominated_by=organization)
    db.session.add(_nomination(actor, organization, enrollment, nominee))
    return enrollment


def _nomination(actor: Actor, organization: Organization, enrollment: Enrollment, nominee: Nominee) -> Nomination:
    """What the organization said, in its own words."""
    return Nomination(
        enrollment=enrollment,
        organization_id=organization.id,
        nominated_by_id=actor.person_id,
        identifier=clean_identifier(nominee.identifier or "", "identifier") or None,
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
    return type(refusal)(refusal.code, refusal.message, field)
