"""Enrollments as people and programs read them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import aliased, joinedload, selectinload

from core import names
from core.database import db
from core.errors import NotFound
from core.i18n import number
from core.paging import Page, page
from core.policy import Actor, can, visible
from courses.models import Delivery
from enrollment.lacks import read_lacks
from enrollment.models import (
    GOING_ON,
    LIVE,
    SEATED,
    WAITING,
    Enrollment,
    EnrollmentStatus,
    Nomination,
)
from people.models import Gender, Person
from people.permissions import Permission
from people.personnel import PersonnelCategory

S = EnrollmentStatus


#: Not of a list of nominations that is not in yet: its people are no one's to see.
IS_SEEN = sa.or_(Enrollment.status != S.UNCONFIRMED, Enrollment.nominated_by_id.is_(None))
PEOPLE = (joinedload(Enrollment.person), joinedload(Enrollment.nominated_by))
_RELATED = (joinedload(Enrollment.delivery), joinedload(Enrollment.seat), *PEOPLE)


def enrollments_seen() -> sa.Select[Enrollment]:
    """Those that someone may see, each with delivery, course, person, organization and
    nomination."""
    related = (*_RELATED, joinedload(Enrollment.nomination))
    return sa.select(Enrollment).where(IS_SEEN).options(*related)


def enrollments_visible(actor: Actor) -> sa.Select[Enrollment]:
    """The same that `actor` may see."""
    return enrollments_seen().where(visible(Enrollment, actor, Permission.ENROLLMENT_READ))


def enrollments_of(actor: Actor, delivery: Delivery) -> sa.Select[Enrollment]:
    """Those of one delivery that `actor` may see: a nominator only those of the own
    organization."""
    return (
        enrollments_visible(actor)
        .where(Enrollment.delivery_id == delivery.id)
        .order_by(Enrollment.id)
    )


def stands_at(*statuses: EnrollmentStatus) -> sa.ColumnElement[bool]:
    """The condition that an enrollment is shown with one of these: its own status, or that of
    the seat which it shares."""
    seat = aliased(Enrollment)
    shared = sa.select(seat.status).where(seat.id == Enrollment.seat_id).scalar_subquery()
    return sa.func.coalesce(shared, Enrollment.status).in_(statuses)


def get_enrollment(actor: Actor, enrollment_id: int) -> Enrollment:
    """NotFound also for one that is not the actor's to see."""
    enrollment = db.session.scalar(enrollments_visible(actor).where(Enrollment.id == enrollment_id))
    if enrollment is None:
        raise NotFound("unknown_enrollment", _l("There is no such enrollment."))
    return enrollment


def list_own(actor: Actor) -> list[Enrollment]:
    """Everything the actor ever applied for or was nominated for, the latest first; one of those
    that share a seat."""
    own = enrollments_visible(actor).where(
        Enrollment.person_id == actor.person_id, Enrollment.seat_id.is_(None)
    )
    return sorted(
        db.session.scalars(own),
        key=lambda enrollment: (enrollment.delivery.starts_on, enrollment.id),
        reverse=True,
    )


def find_last_of(person: Person) -> Enrollment | None:
    """What the person said last of their participation."""
    own = (
        sa.select(Enrollment)
        .where(Enrollment.person_id == person.id)
        .order_by(Enrollment.id.desc())
    )
    return db.session.scalar(own.limit(1))


def orders_of_bodies(enrollments: Sequence[Any]) -> dict[int, tuple[int, int]]:
    """In which order each organization put its people forward: (place, of how many) by the
    enrollment's id, for those that are not ended."""
    by_body: dict[int, list[int]] = {}
    for enrollment in enrollments:
        if enrollment.nominated_by_id and enrollment.status in LIVE:
            by_body.setdefault(enrollment.nominated_by_id, []).append(enrollment.id)
    return {
        key: (position, len(ids))
        for ids in by_body.values()
        for position, key in enumerate(sorted(ids), 1)
    }


def waiting_ids(actor: Actor, delivery: Delivery) -> list[int]:
    """Of those who wait for a place or for a decision."""
    waiting = Enrollment.delivery_id == delivery.id, Enrollment.status.in_(WAITING)
    may_see = visible(Enrollment, actor, Permission.ENROLLMENT_READ)
    return list(
        db.session.scalars(
            sa.select(Enrollment.id).where(may_see, *waiting).order_by(Enrollment.id)
        )
    )


def list_waiting(actor: Actor, delivery: Delivery, ids: Collection[int]) -> Sequence[Enrollment]:
    """Those of them with these ids."""
    if not ids:
        return []
    waiting = enrollments_of(actor, delivery).where(Enrollment.status.in_(WAITING))
    return db.session.scalars(waiting.where(Enrollment.id.in_(ids))).all()


def list_seated(actor: Actor, delivery: Delivery) -> list[PersonShown]:
    """Everyone who has a place, by name."""
    enrollments = db.session.scalars(
        enrollments_of(actor, delivery).where(Enrollment.status.in_(SEATED))
    )
    people = sorted(
        ((person_shown(actor, enrollment), enrollment.id) for enrollment in enrollments),
        key=lambda pair: (pair[0].sort_name, pair[1]),
    )
    return [person for person, _id in people]


def list_chosen(actor: Actor, delivery: Delivery, ids: Collection[int]) -> list[Enrollment]:
    """Those of the delivery's, in the order of the line; foreign ids are no one."""
    chosen = db.session.scalars(enrollments_of(actor, delivery).where(Enrollment.id.in_(ids)))
    return sorted(chosen, key=lambda enrollment: (enrollment.line, enrollment.id))


#: Once each: without nominations that share a seat, and without applications whose link is not
#: opened, which count nowhere.
_COUNTS = (Enrollment.seat_id.is_(None), Enrollment.status != S.UNCONFIRMED)


def list_counting(
    actor: Actor, delivery: Delivery, ids: Collection[int] | None = None
) -> Sequence[Enrollment]:
    """Everyone of the delivery, or those of them with these ids."""
    statement = enrollments_of(actor, delivery).where(*_COUNTS)
    if ids is not None:
        statement = statement.where(Enrollment.id.in_(ids))
    return db.session.scalars(statement).all()


def standings(actor: Actor, delivery: Delivery) -> Sequence[Any]:
    """(id, status, category, nominated_by_id) of everyone of the delivery, by name: enough to
    count them and to find whom a page shows."""
    columns = (
        Enrollment.id,
        Enrollment.status,
        Enrollment.category,
        Enrollment.nominated_by_id,
    )
    return db.session.execute(
        sa.select(*columns)
        .join(Enrollment.person)
        .where(
            visible(Enrollment, actor, Permission.ENROLLMENT_READ),
            Enrollment.delivery_id == delivery.id,
            *_COUNTS,
        )
        .order_by(Person.sort_name, Enrollment.id)
    ).all()


def list_enrollments(
    actor: Actor,
    delivery: Delivery,
    *,
    status: EnrollmentStatus | None,
    category: PersonnelCategory | None,
    after: str | None,
    limit: int,
) -> Page[Enrollment]:
    """Enrollments of a delivery that `actor` may see, as they were made."""
    statement = enrollments_of(actor, delivery)
    if status is not None:
        statement = statement.where(stands_at(status))
    if category is not None:
        statement = statement.where(Enrollment.category == category)
    return page(statement, [Enrollment.id], after=after, limit=limit)


def delivery_with_sessions(delivery_id: int) -> Delivery:
    """Of an enrollment that the actor sees: its timetable is shown with it."""
    return db.session.get_one(
        Delivery, delivery_id, options=[selectinload(Delivery.sessions)], populate_existing=True
    )


def count_to_tell(delivery_id: int) -> int:
    """How many people get a letter when the delivery moves: anyone who has or wants a place, and
    an address."""
    concerned = (
        Enrollment.delivery_id == delivery_id,
        Enrollment.status.in_(GOING_ON),
        Person.email.is_not(None),
    )
    return (
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(Enrollment)
            .join(Enrollment.person)
            .where(*concerned)
        )
        or 0
    )


def at_seats(enrollment_ids: Sequence[int]) -> list[int]:
    """The same enrollments, each that shares another one's seat as that one."""
    statement = sa.select(Enrollment.id, Enrollment.seat_id).where(
        Enrollment.id.in_(set(enrollment_ids))
    )
    seats = {
        row.id: row.seat_id for row in db.session.execute(statement) if row.seat_id is not None
    }
    return [seats.get(enrollment_id, enrollment_id) for enrollment_id in enrollment_ids]


def find_enrollment(delivery_id: int, person_id: int) -> Enrollment | None:
    """The person's live enrollment in the delivery: not one that was declined, withdrawn or
    replaced."""
    return db.session.scalar(
        sa.select(Enrollment).where(
            Enrollment.delivery_id == delivery_id,
            Enrollment.person_id == person_id,
            Enrollment.status.in_(LIVE),
        )
    )


@dataclass(frozen=True)
class PersonShown:
    """What one reader is shown of the person behind an enrollment. `id`: for a body that of its
    own submission. `submitted_name`: what the nomination said, where that names someone else
    than the record does."""

    id: int
    identifier: str | None
    given_name: str
    family_name: str
    name_on_certificate: str
    email: str | None
    country: str | None
    nationalities: list[str]
    gender: Gender | None
    birth_date: date | None
    full_name: str
    sort_name: str
    submitted_name: str | None = None

    @property
    def is_family_first(self) -> bool:
        return bool(self.family_name) and self.full_name.startswith(self.family_name)


def person_shown(actor: Actor, enrollment: Enrollment) -> PersonShown:
    """Everything for the person and for holders of PERSON_READ in the delivery's centre; for its
    trainers what teaching needs; for the nominating organization only what it said itself: what
    others know of the person is none of its business."""
    person, nomination = enrollment.person, enrollment.nomination
    is_full = can(actor, Permission.PERSON_READ, enrollment)
    if is_full or can(actor, Permission.ENROLLMENT_READ, enrollment.delivery):
        return PersonShown(
            person.id,
            person.identifier if is_full else None,
            person.given_name,
            person.family_name,
            enrollment.name_on_certificate,
            person.email,
            person.country,
            person.nationalities,
            person.gender,
            person.birth_date if is_full else None,
            person.full_name,
            person.sort_name,
            _differing_name(person, nomination) if is_full else None,
        )
    assert nomination is not None, "seen only through the organization that nominated"
    n = nomination
    full_name = names.full_name(
        n.given_name, n.family_name, names.Origin(n.country, n.nationalities)
    )
    return PersonShown(
        enrollment.origin_id,
        n.identifier,
        n.given_name,
        n.family_name,
        full_name,
        n.email,
        n.country,
        n.nationalities,
        n.gender,
        n.birth_date,
        full_name,
        names.sort_key(n.given_name, n.family_name),
    )


def _differing_name(person: Person, nomination: Nomination | None) -> str | None:
    if nomination is None:
        return None
    stated_name = nomination.given_name, nomination.family_name
    if names.is_same_name(stated_name, (person.given_name, person.family_name)):
        return None
    return names.full_name(*stated_name, names.Origin(nomination.country, nomination.nationalities))


def explain(actor: Actor, enrollment: Enrollment, position: int | None) -> str | None:
    """Why the enrollment stands where it stands, in one sentence to `actor`; None when there is
    nothing to explain."""
    is_own = enrollment.person_id == actor.person_id
    enrollment = enrollment.standing
    if enrollment.status is S.UNCONFIRMED:
        return _("Waiting for the applicant to open the link in the email.")
    if enrollment.status is S.WAITLISTED and position is not None:
        position_words = number(position)
        if not is_own:
            return _(
                "No place is open at the moment; this person is number %(position)s on the "
                "waiting list.",
                position=position_words,
            )
        return _(
            "No place is open to you at the moment; you are number %(position)s on the waiting "
            "list.",
            position=position_words,
        )
    if enrollment.status is S.REQUESTED:
        return _("A coordinator decides about this request.")
    if enrollment.reason:
        return enrollment.reason
    lacks = [lack.detail for lack in read_lacks(enrollment.lacking)]
    return (
        reduce(lambda text, other: _("%(one)s; %(other)s", one=text, other=other), lacks)
        if lacks
        else None
    )
