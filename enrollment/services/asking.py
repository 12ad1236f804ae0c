"""Asks coordinators about people who could not be identified: is it the same person, and may this
name be printed?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from accounts.models import RoleAssignment
from accounts.services import enters_by_link
from core import clock, names
from core.database import db
from core.events import publish
from core.policy import SYSTEM, Actor, can
from courses.services import touch
from enrollment.events import IdentityAsked
from enrollment.models import (
    COUNTING,
    PRINTED_NAME,
    RESULTS,
    Enrollment,
    IdentityQuestion,
    Nomination,
    QuestionStatus,
)
from enrollment.ports import has_marks
from enrollment.queries import find_enrollment, find_question, open_about, stands_at
from enrollment.services.closing import settle
from enrollment.states import QUESTION
from people.models import Consent, Person
from people.permissions import Permission
from people.services import (
    Comparison,
    Identified,
    compare,
    compared,
    current_record,
    join_records,
    records_of,
)


def note_identity(
    actor: Actor, enrollment: Enrollment, identified: Identified, facts: dict[str, Any]
) -> None:
    """Records what identification left open: doubts, and a name that differs from the record's.
    Answers by someone who may decide are stored as decisions; a body's answers about its own people
    stay questions."""
    decides = identified.is_decided and can(actor, Permission.IDENTITY_DECIDE, enrollment)
    for doubt in identified.doubts:
        is_meant = doubt.person.id == identified.person.id
        if doubt.differs or not is_meant:
            _ask(
                actor, enrollment, doubt, ("same" if is_meant else "different") if decides else None
            )
    if not identified.is_new and not identified.doubts:
        comparison = compare(facts, identified.record)
        if "name" in comparison.differs:
            _ask(actor, enrollment, comparison)
    note_printed_name(actor, enrollment)


def note_printed_name(actor: Actor, enrollment: Enrollment) -> None:
    """Asks about a name to print that is not the person's, since certificates would show it. A
    coordinator who enters one has decided."""
    _ask_about_print(
        actor, enrollment, "same" if can(actor, Permission.IDENTITY_DECIDE, enrollment) else None
    )


def _ask_about_print(
    actor: Actor, enrollment: Enrollment, step: str | None = None, *, is_changed: bool = False
) -> None:
    person = enrollment.person
    if names.is_name_of(
        enrollment.name_on_certificate,
        person.given_name,
        person.family_name,
        person.name_on_certificate,
    ):
        return
    question = IdentityQuestion(is_about_people=False, agrees=[], differs=[PRINTED_NAME])
    _put(actor, enrollment, person, question, step, is_changed)


def note_change(person_id: int) -> None:
    """The person's name or date of birth changed: asks coordinators where a body stated something
    else or something else is to be printed, even if they decided about the former values. Open
    questions are updated."""
    for enrollment in _enrollments_of(person_id):
        _note_names(enrollment, is_changed=True)
    conditions = (
        IdentityQuestion.candidate_id.in_(records_of(person_id)),
        IdentityQuestion.status == QuestionStatus.OPEN,
    )
    for question in db.session.scalars(
        sa.select(IdentityQuestion).where(*conditions, IdentityQuestion.is_about_people)
    ):
        enrollment = question.enrollment
        facts = (
            said_by(enrollment.nomination) if enrollment.nomination else facts_of(enrollment.origin)
        )
        _ask(SYSTEM, enrollment, compare(facts, question.candidate), is_changed=True)


def note_parting(keep_id: int, merged_id: int) -> None:
    """A merge was undone: open questions about enrollments that return to the separated record are
    now about it, and new differences are asked about."""
    records = records_of(current_record(db.session.get_one(Person, keep_id)).id)
    for enrollment in _enrollments_of(merged_id):
        for question in open_about(enrollment.id, records):
            if (
                find_question(enrollment.id, merged_id, is_about_people=question.is_about_people)
                is None
            ):
                question.candidate_id = merged_id
                publish(IdentityAsked(enrollment.id, merged_id, question.id), SYSTEM)
            elif not question.is_about_people:
                settle(SYSTEM, question, "different")
        _note_names(enrollment)


def _enrollments_of(person_id: int) -> list[Enrollment]:
    """Those that count, directly or through a shared seat."""
    counting = sa.select(Enrollment).where(Enrollment.person_id == person_id, stands_at(*COUNTING))
    return list(db.session.scalars(counting.order_by(Enrollment.id)))


def _note_names(enrollment: Enrollment, *, is_changed: bool = False) -> None:
    if enrollment.nomination is not None:
        comparison = compare(said_by(enrollment.nomination), enrollment.person)
        if {"name", "birth_date"} & set(comparison.differs):
            _ask(SYSTEM, enrollment, comparison, is_changed=is_changed)
    _ask_about_print(SYSTEM, enrollment, is_changed=is_changed)


def _ask(
    actor: Actor,
    enrollment: Enrollment,
    comparison: Comparison,
    step: str | None = None,
    *,
    is_changed: bool = False,
) -> None:
    question = IdentityQuestion(
        is_about_people=True, agrees=list(comparison.agrees), differs=list(comparison.differs)
    )
    _put(actor, enrollment, comparison.person, question, step, is_changed)


def _put(
    actor: Actor,
    enrollment: Enrollment,
    candidate: Person,
    new: IdentityQuestion,
    step: str | None,
    is_changed: bool,
) -> None:
    """Asks once about an enrollment and a person; again if something undecided differs, or
    something that differs changed (`is_changed`)."""
    db.session.flush()
    question = find_question(
        enrollment.id, candidate.id, is_about_people=new.is_about_people, is_locked=True
    )
    if question is None:
        if new.is_about_people and _is_asked_elsewhere(enrollment, candidate):
            return
        question = new
        new.enrollment_id = enrollment.id
        new.candidate_id = candidate.id
        new.asked_at = clock.now()
        QUESTION.begin(question, QuestionStatus.OPEN, actor)
    elif not _takes_up(actor, question, new, is_changed):
        return
    if step is not None:
        settle(actor, question, step)


def _takes_up(
    actor: Actor, question: IdentityQuestion, new: IdentityQuestion, is_changed: bool
) -> bool:
    """Whether the question was extended or reopened."""
    is_open = question.status is QuestionStatus.OPEN
    is_more = bool(set(new.differs) - set(question.differs))
    if not is_more and not (is_changed and (not is_open or set(new.agrees) - set(question.agrees))):
        return False
    agrees = dict.fromkeys((*question.agrees, *new.agrees))
    question.agrees = [fact for fact in agrees if fact not in new.differs]
    question.differs = [
        fact for fact in dict.fromkeys((*question.differs, *new.differs)) if fact not in new.agrees
    ]
    if is_open:
        publish(IdentityAsked(question.enrollment_id, question.candidate_id, question.id), actor)
    else:
        question.decided_by_id = question.decided_at = None
        QUESTION.fire(question, "ask_again", actor)
    return True


def _is_asked_elsewhere(enrollment: Enrollment, candidate: Person) -> bool:
    """Whether the same was asked in the other direction, about an enrollment of the candidate's, or
    someone decided that the two are different people."""
    if candidate.id == enrollment.person_id:
        return False  # the question is what this nomination states
    own, candidates = {enrollment.person_id, enrollment.origin_id}, records_of(candidate.id)
    is_candidates = sa.or_(
        Enrollment.person_id == candidate.id, Enrollment.origin_id == candidate.id
    )
    mirrored = sa.and_(IdentityQuestion.candidate_id.in_(own), is_candidates)
    is_apart = sa.and_(
        IdentityQuestion.candidate_id.in_(candidates),
        IdentityQuestion.status == QuestionStatus.DIFFERENT,
        sa.or_(Enrollment.person_id.in_(own), Enrollment.origin_id.in_(own)),
    )
    statement = sa.select(IdentityQuestion.id).join(
        Enrollment, Enrollment.id == IdentityQuestion.enrollment_id
    )
    statement = statement.where(sa.or_(mirrored, is_apart), IdentityQuestion.is_about_people)
    return db.session.scalar(statement.limit(1)) is not None


def compare_with_all(enrollment_ids: Iterable[int]) -> None:
    """Compares the people of these enrollments with everyone, because their body knows only its
    own. A match without a place here is recognised; about any other similar person coordinators are
    asked."""
    for enrollment_id in enrollment_ids:
        enrollment = db.session.get(Enrollment, enrollment_id)
        if enrollment is None or (nomination := enrollment.nomination) is None:
            continue
        touch(enrollment.delivery_id)
        db.session.refresh(enrollment)
        _note_names(enrollment)  # someone may have renamed the person meanwhile
        own = current_record(enrollment.person)
        near = [
            comparison
            for comparison in compared(said_by(nomination), but=[own.id])
            if comparison.is_near
        ]
        _join_or_ask(
            enrollment,
            own,
            [comparison for comparison in near if not _asks_itself(comparison.record, enrollment)],
        )


def _asks_itself(record: Person, enrollment: Enrollment) -> bool:
    """Whether the record is newer than the enrollment: of two, the later one asks about the
    earlier."""
    first = db.session.scalar(
        sa.select(sa.func.min(Enrollment.id)).where(Enrollment.origin_id == record.id)
    )
    return first is not None and first > enrollment.id


def _join_or_ask(enrollment: Enrollment, own: Person, near: Sequence[Comparison]) -> None:
    """Joins without asking only a record that nothing contradicts and that has no mailbox of its
    own: no body may redirect another person's mail to an address that it chose."""
    is_sure = len(near) == 1 and near[0].is_match and not near[0].differs and is_light(own)
    is_reached_alike = own.email_key in (None, near[0].person.email_key) if near else False
    if is_sure and is_reached_alike and _is_free_to_join(enrollment, near[0].person):
        join_records(SYSTEM, near[0].person, own, reason="number or address, and name")
        return
    ask_about(enrollment, near)


def _is_free_to_join(enrollment: Enrollment, person: Person) -> bool:
    """No place here, and no question or decision about the two."""
    is_asked = find_question(enrollment.id, person.id) is not None or _is_asked_elsewhere(
        enrollment, person
    )
    return not is_asked and find_enrollment(enrollment.delivery_id, person.id) is None


def ask_about(enrollment: Enrollment, near: Iterable[Comparison]) -> None:
    """Asks coordinators whether the person of the enrollment is one of these."""
    for comparison in near:
        _ask(SYSTEM, enrollment, comparison)


def said_by(nomination: Nomination) -> dict[str, Any]:
    """A body's statements about a person, for `people.services.compare`."""
    facts = {
        name: getattr(nomination, name)
        for name in ("identifier", "given_name", "family_name", "email", "birth_date")
    }
    return facts_of(nomination.enrollment.origin) | facts


def facts_of(record: Person) -> dict[str, Any]:
    """A record's facts about a person, for `people.services.compare`."""
    facts = (
        "identifier",
        "identifier_kind",
        "issuer_id",
        "issuer_country",
        "given_name",
        "family_name",
        "email",
        "birth_date",
    )
    return {name: getattr(record, name) for name in facts}


def is_light(person: Person) -> bool:
    """Whether the record has only one enrollment, without a result: then there is nothing to
    review."""
    statuses = db.session.scalars(
        sa.select(Enrollment.status).where(Enrollment.person_id == person.id)
    ).all()
    has_more = sa.or_(
        sa.exists().where(Consent.person_id == person.id),
        sa.exists().where(RoleAssignment.person_id == person.id),
        sa.exists().where(Person.merged_into_id == person.id),
        sa.exists().where(Enrollment.origin_id == person.id, Enrollment.person_id != person.id),
    )
    is_single = len(statuses) <= 1 and not set(statuses) & set(RESULTS)
    if not is_single or db.session.scalar(sa.select(has_more)) or has_marks(person.id):
        return False
    return enters_by_link(person)  # no password, and not closed
