"""Is it the same person? What could not be known is asked of coordinators, decided by them, and both readings are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts.models import Merge, Person
from accounts.roles import Permission
from accounts.services import (
    Comparison,
    Identified,
    compare,
    compared,
    confirm_merge,
    current_record,
    decline_merge,
    enters_by_link,
    get_merge,
    identify_person,
    join_records,
    propose_merge,
    undo_merge,
)
from accounts.values import clean_lines
from core import clock, names
from core.database import db
from core.errors import NotFound
from core.events import publish
from core.policy import SYSTEM, Actor, can, require
from courses.services import touch
from enrollment.events import EnrollmentReassigned
from enrollment.models import RESULTS, Enrollment, IdentityQuestion, Nomination, QuestionStatus
from enrollment.queries import decides_about, find_enrollment, require_reach
from enrollment.services.sharing import leave_shared_seat
from enrollment.states import QUESTION

LONGEST_REASON = 500


def note_identity(actor: Actor, enrollment: Enrollment, identified: Identified, said: dict[str, Any]) -> None:
    """Keeps what recognising the person left open: doubts, and a name that differs from the one the record has. What somebody
    who may decide was asked about is kept as decided; what a body answered about its own people stays a question."""
    decides = identified.is_decided and can(actor, Permission.IDENTITY_DECIDE, enrollment)
    for one in identified.doubts:
        is_meant = one.person.id == identified.person.id
        if one.differs or not is_meant:
            _ask(actor, enrollment, one, ("same" if is_meant else "different") if decides else None)
    if not identified.is_new and not identified.doubts:
        one = compare(said, identified.record)
        if "name" in one.differs:
            _ask(actor, enrollment, one)


def _ask(actor: Actor, enrollment: Enrollment, one: Comparison, step: str | None = None) -> None:
    asked = sa.select(IdentityQuestion.id).where(
        IdentityQuestion.enrollment_id == enrollment.id, IdentityQuestion.candidate_id == one.person.id
    )
    if db.session.scalar(asked) is not None:
        return
    question = IdentityQuestion(
        enrollment_id=enrollment.id, candidate_id=one.person.id, agrees=list(one.agrees), differs=list(one.differs),
        asked_at=clock.now(),
    )  # fmt: skip
    QUESTION.begin(question, QuestionStatus.OPEN, actor)
    if step is not None:
        _settle(actor, question, step)


def _settle(actor: Actor, question: IdentityQuestion, step: str, reason: str | None = None) -> None:
    question.decided_by_id, question.decided_at, question.reason = actor.person_id, clock.now(), reason
    QUESTION.fire(question, step, actor)


def compare_with_all(enrollment_ids: Iterable[int]) -> None:
    """Compares the people of these enrollments, whom a body that knows only its own put forward, with everyone. Whoever is
    known and has no place here is recognised; whatever else is near is asked."""
    for enrollment_id in enrollment_ids:
        enrollment = db.session.get(Enrollment, enrollment_id)
        if enrollment is None or (nomination := enrollment.nomination) is None:
            continue
        touch(enrollment.delivery_id)
        db.session.refresh(enrollment)
        own = current_record(enrollment.person)
        # Of two records the later one asks about the earlier: whoever came second is compared after both are there.
        near = [
            one for one in compared(said_by(nomination), but=[own.id]) if one.is_near and one.record.id < enrollment.origin_id
        ]
        _join_or_ask(enrollment, own, near)


def _join_or_ask(enrollment: Enrollment, own: Person, near: Sequence[Comparison]) -> None:
    is_sure = len(near) == 1 and near[0].is_match and _is_light(own)
    if is_sure and find_enrollment(enrollment.delivery_id, near[0].person.id) is None:
        join_records(SYSTEM, near[0].person, own, reason="number or address, and name")
        return
    ask_about(enrollment, near)


def ask_about(enrollment: Enrollment, near: Iterable[Comparison]) -> None:
    """Asks coordinators whether the person of the enrollment is one of those who are near."""
    for one in near:
        _ask(SYSTEM, enrollment, one)


def said_by(nomination: Nomination) -> dict[str, Any]:
    """What a body said of a person, as `accounts.services.compare` takes it."""
    record = db.session.get_one(Person, nomination.enrollment.origin_id)
    said = {name: getattr(nomination, name) for name in ("identifier", "given_name", "family_name", "email", "birth_date")}
    return said | {name: getattr(record, name) for name in ("identifier_kind", "issuer_id", "issuer_country")}


def _is_light(person: Person) -> bool:
    """Whether nothing stands on the record but one enrollment without a result: then there is nothing to review."""
    mine = db.session.scalars(sa.select(Enrollment.status).where(Enrollment.person_id == person.id)).all()
    return len(mine) <= 1 and not set(mine) & set(RESULTS) and enters_by_link(person)  # no password, and not closed


# Deciding


def get_question(actor: Actor, question_id: int) -> IdentityQuestion:
    """NotFound also for one that others decide."""
    seen = sa.select(IdentityQuestion).join(Enrollment, Enrollment.id == IdentityQuestion.enrollment_id)
    found = db.session.scalar(seen.where(decides_about(actor), IdentityQuestion.id == question_id))
    if found is None:
        raise NotFound("unknown_question", _l("There is no such question."))
    return found


def decide_same(actor: Actor, question: IdentityQuestion) -> Merge | None:
    """Both are one person. Returns the merge, which a second person has to confirm unless there is nothing to review; None when
    they are one already."""
    enrollment = _begin(actor, question, "same")
    keep, merged = current_record(question.candidate), current_record(enrollment.person)
    merge = None
    if keep.id != merged.id:
        if _is_light(merged):
            merge = join_records(actor, keep, merged, reason="identity question")
        else:
            merge = propose_merge(actor, keep.id, merged.id, reason="identity question")
    _settle(actor, question, "same")
    return merge


def decide_different(actor: Actor, question: IdentityQuestion, *, reason: str | None = None) -> None:
    """They are two people. An enrollment that stood in the candidate's name becomes that of whom the nomination names."""
    enrollment = _begin(actor, question, "different")
    kept = clean_lines(reason or "", "reason", longest=LONGEST_REASON) or None
    if current_record(question.candidate).id == enrollment.person_id and enrollment.nomination is not None:
        _reassign(actor, enrollment, enrollment.nomination)
    _settle(actor, question, "different", kept)


def propose(actor: Actor, keep_id: int, merged_id: int, *, reason: str) -> Merge:
    """Proposes to merge two records of people whom the actor may decide about."""
    require(actor, Permission.IDENTITY_DECIDE)
    require_reach(actor, (keep_id, merged_id))
    return propose_merge(actor, keep_id, merged_id, reason=reason)


def decide_merge(actor: Actor, merge_id: int, step: str) -> Merge:
    """`step`: confirm, decline or undo."""
    decide = {"confirm": confirm_merge, "decline": decline_merge, "undo": undo_merge}[step]
    return decide(actor, merge_to_decide(actor, merge_id))


def merge_to_decide(actor: Actor, merge_id: int) -> Merge:
    """NotFound also for one that others decide."""
    merge = get_merge(actor, merge_id)
    require_reach(actor, (merge.keep_id, merge.merged_id))
    return merge


def _begin(actor: Actor, question: IdentityQuestion, step: str) -> Enrollment:
    """The enrollment of the question, read again behind the lock of its delivery. Conflict for the second of two who decide."""
    require(actor, Permission.IDENTITY_DECIDE, question.enrollment)
    touch(question.enrollment.delivery_id)
    db.session.refresh(question)
    QUESTION.check(step, question.status)
    db.session.refresh(question.enrollment)
    return question.enrollment


def _reassign(actor: Actor, enrollment: Enrollment, nomination: Nomination) -> None:
    names = (
        "identifier", "identifier_issuer", "identifier_kind", "given_name", "family_name", "email", "country", "nationalities",
        "gender", "birth_date",
    )  # fmt: skip
    said = {name: getattr(nomination, name) for name in names} | {"names_confirmed": True}
    made = identify_person(actor, said, among=sa.false()).person
    enrollment.person_id = enrollment.origin_id = made.id
    db.session.flush()
    leave_shared_seat(actor, enrollment)
    publish(EnrollmentReassigned(enrollment.id, made.id), actor)


def suspects() -> Iterator[tuple[Enrollment, Nomination, Person]]:
    """Enrollments whose nomination names a different person from the one enrolled, or gives another date of birth, and no one
    has decided about it."""
    decided = sa.exists().where(
        IdentityQuestion.enrollment_id == Enrollment.id,
        IdentityQuestion.candidate_id == Enrollment.person_id,
        IdentityQuestion.status == QuestionStatus.SAME,
    )
    rows = (
        sa.select(Enrollment, Nomination, Person)
        .join(Nomination, Nomination.enrollment_id == Enrollment.id)
        .join(Person, Person.id == Enrollment.person_id)
        .where(~decided)
        .order_by(Enrollment.id)
    )
    for enrollment, nomination, person in db.session.execute(rows.execution_options(yield_per=500)):
        said, known = (nomination.given_name, nomination.family_name), (person.given_name, person.family_name)
        born = {nomination.birth_date, person.birth_date} - {None}
        if not names.is_same_name(said, known) or len(born) > 1:
            yield enrollment, nomination, person


def breaches_of_identity() -> Iterator[str]:
    """For `flask check`: enrollments that name one person and are another's. (Names are told by `flask people suspects`.)"""
    for enrollment, _nomination, person in suspects():
        other = "was nominated under another name or date of birth than that of"
        yield f"identity: enrollment {enrollment.id} {other} person {person.id}"
