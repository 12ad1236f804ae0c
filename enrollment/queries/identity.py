"""Identity questions, and who may read and decide them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import aliased, joinedload

from core import i18n, names
from core.database import db
from core.errors import NotFound
from core.paging import Page, page
from core.policy import Actor, require, visible
from courses.models import Delivery
from enrollment.models import (
    LIVE,
    Enrollment,
    IdentityQuestion,
    Nomination,
    QuestionStatus,
)
from people.models import Merge, MergeStatus, Organization, Person
from people.permissions import Permission
from people.queries import issuer_of
from people.services import current_record, records_of


def find_question(
    enrollment_id: int, person_id: int, *, is_about_people: bool = True, is_locked: bool = False
) -> IdentityQuestion | None:
    """The question about this enrollment and this person, under any merged record; `is_locked` for
    changing it."""
    statement = sa.select(IdentityQuestion).where(
        IdentityQuestion.enrollment_id == enrollment_id,
        IdentityQuestion.candidate_id.in_(records_of(person_id)),
        IdentityQuestion.is_about_people.is_(is_about_people),
    )
    statement = statement.order_by(IdentityQuestion.id.desc()).limit(1)
    if is_locked:
        statement = statement.with_for_update(of=IdentityQuestion).execution_options(
            populate_existing=True
        )
    return db.session.scalar(statement)


def open_about(enrollment_id: int, candidate_ids: Iterable[int]) -> Sequence[IdentityQuestion]:
    """Open questions about this enrollment and any of these records, locked for changing them."""
    statement = sa.select(IdentityQuestion).where(
        IdentityQuestion.enrollment_id == enrollment_id,
        IdentityQuestion.candidate_id.in_(list(candidate_ids)),
        IdentityQuestion.status == QuestionStatus.OPEN,
    )
    return db.session.scalars(
        statement.order_by(IdentityQuestion.id).with_for_update(of=IdentityQuestion)
    ).all()


def version_of(question: IdentityQuestion) -> str:
    """A digest of everything shown of the question, which changes when any of it does."""
    both = question.enrollment.nomination or question.enrollment.origin, question.candidate
    facts = [
        *(
            [
                record.given_name,
                record.family_name,
                str(record.birth_date),
                record.identifier,
                record.email,
            ]
            for record in both
        ),
        question.enrollment.name_on_certificate,
        question.agrees,
        question.differs,
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def decides_about(actor: Actor) -> sa.ColumnElement[bool]:
    """Selects questions that the actor may decide: coordinators decide within their centre,
    administrators across centres."""
    reachable = visible(Enrollment, actor, Permission.IDENTITY_DECIDE)
    if _is_everywhere(actor):
        return reachable
    other = aliased(Enrollment)
    is_candidate = sa.or_(
        other.person_id == IdentityQuestion.candidate_id,
        other.origin_id == IdentityQuestion.candidate_id,
    )
    same_centre = sa.exists().where(
        is_candidate, other.centre_id == Enrollment.centre_id, other.id != Enrollment.id
    )
    elsewhere = sa.exists().where(is_candidate, other.centre_id != Enrollment.centre_id)
    return sa.and_(
        reachable, sa.or_(same_centre, ~elsewhere, ~IdentityQuestion.is_about_people)
    )  # a certificate is the centre's own matter


def _is_everywhere(actor: Actor) -> bool:
    grant = actor.grants.get(Permission.IDENTITY_DECIDE)
    return actor.is_system or (grant is not None and grant.everywhere)


def require_reach(actor: Actor, person_ids: Iterable[int]) -> None:
    """NotFound unless the actor may decide about each of these people."""
    beyond = sa.select(Person.id).where(
        Person.id.in_(list(person_ids)), ~_is_in_reach(actor, Person.id)
    )
    if db.session.scalar(beyond.limit(1)) is not None:
        raise NotFound("unknown_person", _l("This person is not known here."))


def _is_in_reach(actor: Actor, person_id: Any) -> sa.ColumnElement[bool]:
    """Selects people about whom a coordinator may decide: those known in their own centre, or in
    none."""
    is_persons = sa.or_(Enrollment.person_id == person_id, Enrollment.origin_id == person_id)
    is_known_here = sa.exists().where(
        is_persons, visible(Enrollment, actor, Permission.IDENTITY_DECIDE)
    )
    return sa.or_(is_known_here, ~sa.exists().where(is_persons))


def list_questions(actor: Actor, *, after: str | None, limit: int) -> Page[IdentityQuestion]:
    """Open questions that `actor` may decide, oldest first; of those about the same two people only
    the first, which decides all."""
    questions = (
        sa.select(IdentityQuestion)
        .where(IdentityQuestion.id.in_(_firsts(actor)))
        .options(
            joinedload(IdentityQuestion.candidate)
            .joinedload(Person.merged_into)
            .joinedload(Person.merged_into),
            joinedload(IdentityQuestion.enrollment).options(
                joinedload(Enrollment.delivery),
                joinedload(Enrollment.nomination),
                joinedload(Enrollment.origin),
                joinedload(Enrollment.nominated_by),
            ),
        )
    )
    return page(questions, [IdentityQuestion.id], after=after, limit=limit)


def _firsts(actor: Actor) -> sa.Select[int]:
    led = _current_records()
    own = Enrollment.person_id
    other = sa.func.coalesce(led.c.current_id, IdentityQuestion.candidate_id)
    stands_in_name = sa.case(
        (own == other, IdentityQuestion.enrollment_id), else_=0
    )  # the other one is then unknown
    return (
        sa.select(sa.func.min(IdentityQuestion.id))
        .join(Enrollment, Enrollment.id == IdentityQuestion.enrollment_id)
        .outerjoin(led, led.c.id == IdentityQuestion.candidate_id)
        .where(IdentityQuestion.status == QuestionStatus.OPEN, decides_about(actor))
        .group_by(
            sa.case((own < other, own), else_=other),
            sa.case((own < other, other), else_=own),
            stands_in_name,
            IdentityQuestion.is_about_people,
        )
    )


def _current_records() -> sa.Subquery:
    """Each merged record with its surviving one."""
    steps = sa.select(Person.id, Person.merged_into_id.label("to")).where(
        Person.merged_into_id.is_not(None)
    )
    led = steps.cte("led", recursive=True)
    ahead = sa.select(led.c.id, Person.merged_into_id).join(Person, Person.id == led.c.to)
    led = led.union_all(ahead.where(Person.merged_into_id.is_not(None)))
    ends = sa.select(led.c.id, led.c.to.label("current_id")).join(Person, Person.id == led.c.to)
    return ends.where(Person.merged_into_id.is_(None)).subquery()


@dataclass(frozen=True)
class ReadingRow:
    """One fact as submitted and as known. `fact`: agrees, differs or empty. `issuers`: of a
    number."""

    label: str
    submitted: str | None
    known: str | None
    fact: str
    issuers: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Readings:
    """Both readings of a person. `record`: the candidate's current record; `version`: of the
    question."""

    record: int
    version: str
    submitted_name: str
    rows: list[ReadingRow]


def readings(question: IdentityQuestion) -> Readings:
    """What was submitted, beside what is known of the candidate; for a name to print, that name
    beside the person's."""
    if not question.is_about_people:
        return _readings_to_print(question)
    stated, known = question.enrollment.nomination or question.enrollment.origin, question.candidate
    name = names.full_name(
        stated.given_name, stated.family_name, names.Origin(stated.country, stated.nationalities)
    )
    rows = [
        ("name", _("Name"), name, known.full_name),
        (
            "birth_date",
            _("Date of birth"),
            str(stated.birth_date or ""),
            str(known.birth_date or ""),
        ),
        ("number", _("Service or staff number"), stated.identifier, known.identifier),
        ("address", _("Email"), stated.email, known.email),
        (
            "country",
            _("Country"),
            i18n.country_name(stated.country),
            i18n.country_name(known.country),
        ),
    ]
    facts = dict.fromkeys(question.agrees, "agrees") | dict.fromkeys(question.differs, "differs")
    if stated.country and known.country:
        facts["country"] = "agrees" if stated.country == known.country else "differs"
    issuers = {"number": (_issuer_said(stated, question.enrollment.origin), _issuer(known))}
    return Readings(
        current_record(known).id,
        version_of(question),
        name,
        [
            ReadingRow(label, a, b, facts.get(fact, ""), issuers.get(fact, ("", "")))
            for fact, label, a, b in rows
        ],
    )


def _readings_to_print(question: IdentityQuestion) -> Readings:
    person, printed = question.enrollment.person, question.enrollment.name_on_certificate
    row = ReadingRow(_("Name to print"), printed, person.full_name, "differs")
    return Readings(person.id, version_of(question), printed, [row])


def records_asked_about(question: IdentityQuestion) -> dict[str, int]:
    """The numbers of the two records, for sentences."""
    first, other = sorted((question.enrollment.person_id, current_record(question.candidate).id))
    return {"one": first, "other": other}


def _issuer_said(source: Nomination | Person, record: Person) -> str:
    """The issuer of the submitted number, as typed if the matched record has another number."""
    if isinstance(source, Person) or source.identifier in (None, record.identifier):
        return _issuer(record)
    return source.identifier_issuer or i18n.country_name(source.country)


def _issuer(record: Person) -> str:
    return issuer_of(record)[1] if record.identifier else ""


def merges(actor: Actor, *, is_open: bool) -> list[Merge]:
    """Merges that await a second person, or the latest ones, including those that needed no
    review."""
    require(actor, Permission.IDENTITY_DECIDE)
    status = MergeStatus.PROPOSED if is_open else MergeStatus.CONFIRMED
    statement = (
        sa.select(Merge)
        .where(Merge.status == status)
        .options(joinedload(Merge.keep), joinedload(Merge.merged))
    )
    statement = statement.where(
        _is_in_reach(actor, Merge.keep_id), _is_in_reach(actor, Merge.merged_id)
    )
    return list(db.session.scalars(statement.order_by(Merge.id.desc()).limit(50)))


def people_of(
    organization: Organization, *, not_by_others_in: Delivery | None = None
) -> sa.Select[int]:
    """Records of people whom the organization nominated before; optionally without those who are in
    this delivery only through someone else."""
    own = (
        sa.select(Enrollment.origin_id)
        .join(Nomination)
        .where(Nomination.organization_id == organization.id)
    )
    if not_by_others_in is None:
        return own
    return own.where(
        Enrollment.person_id.not_in(people_here_by_others(not_by_others_in, organization))
    )


def people_here_by_others(delivery: Delivery, organization: Organization) -> sa.Select[int]:
    """People with a place or a request in the delivery without a nomination by the organization."""
    shares = aliased(Enrollment)
    is_shared = sa.exists().where(
        shares.seat_id == Enrollment.id, shares.nominated_by_id == organization.id
    )
    is_anothers = Enrollment.nominated_by_id.is_distinct_from(organization.id)
    conditions = Enrollment.delivery_id == delivery.id, Enrollment.status.in_(LIVE)
    return sa.select(Enrollment.person_id).where(*conditions, is_anothers, ~is_shared)
