"""Is it the same person? What could not be known is asked of coordinators, decided by them, and both readings are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts.models import RoleAssignment
from accounts.services import enters_by_link, holds_roles
from core import clock, names
from core.database import db
from core.errors import Conflict, NotFound
from core.events import publish
from core.policy import SYSTEM, Actor, can, require
from courses.services import touch
from enrollment.events import EnrollmentReassigned
from enrollment.models import (
    GOING_ON,
    PRINTED_NAME,
    RESULTS,
    Enrollment,
    EnrollmentStatus,
    IdentityQuestion,
    Mark,
    Nomination,
    QuestionStatus,
    Score,
)
from enrollment.queries import decides_about, find_enrollment, find_question, open_about, require_reach, version_of
from enrollment.services.closing import LONGEST_REASON, settle, settle_alike
from enrollment.services.letters import tell_all
from enrollment.services.sharing import follow_printed_name, leave_shared_seat
from enrollment.states import QUESTION
from people.models import Consent, Merge, MergeStatus, Person
from people.permissions import Permission
from people.services import (
    NO_ONE,
    Comparison,
    Identified,
    compare,
    compared,
    confirm_merge,
    current_record,
    decline_merge,
    get_merge,
    identify_person,
    join_records,
    propose_merge,
    records_of,
    undo_merge,
)
from people.values import clean_lines


def note_identity(actor: Actor, enrollment: Enrollment, identified: Identified, said: dict[str, Any]) -> None:
    """Keeps what recognising the person left open: doubts, and a name that differs from the one the record has. What someone
    who may decide was asked about is kept as decided; what a body answered about its own people stays a question."""
    decides = identified.is_decided and can(actor, Permission.IDENTITY_DECIDE, enrollment)
    for one in identified.doubts:
        is_meant = one.person.id == identified.person.id
        if is_meant and one.differs:
            _ask(actor, enrollment, _and_print(enrollment, one), "same" if decides else None)
        elif not is_meant:
            _ask(actor, enrollment, one, "different" if decides else None)
    if not identified.is_new and not identified.doubts:
        one = compare(said, identified.record)
        if "name" in one.differs:
            _ask(actor, enrollment, _and_print(enrollment, one))
    note_printed_name(actor, enrollment)


def note_printed_name(actor: Actor, enrollment: Enrollment) -> None:
    """A name to print that is no spelling of the person's is asked about, however sure the one is who gave it: it would stand on
    a certificate."""
    nothing_else = Comparison(enrollment.person, enrollment.person, (), (), True, True)
    one = _and_print(enrollment, nothing_else)
    if one.differs:
        _ask(actor, enrollment, one, "same" if can(actor, Permission.IDENTITY_DECIDE, enrollment) else None)


def note_change(person_id: int) -> None:
    """The person has another name or date of birth: where a body said something else of them, or something else is to be
    printed, coordinators are asked, also where they decided before about what the person was called then."""
    for enrollment in _counting(person_id):
        _note_names(enrollment, is_changed=True)


def note_parting(keep_id: int, merged_id: int) -> None:
    """The merged record is a person of its own again: what is open about its enrollments, which stood in the kept one's name, is
    about this one now, and nothing differs unnoticed."""
    kept = records_of(current_record(db.session.get_one(Person, keep_id)).id)
    for enrollment in _counting(merged_id):
        for question in open_about(enrollment.id, kept):
            if find_question(enrollment.id, merged_id) is None:
                question.candidate_id = merged_id
                db.session.flush()
            elif not question.is_about_people:
                settle(SYSTEM, question, "different")
        _note_names(enrollment)


def _counting(person_id: int) -> list[Enrollment]:
    counting = sa.select(Enrollment).where(Enrollment.person_id == person_id, Enrollment.status != EnrollmentStatus.UNCONFIRMED)
    return list(db.session.scalars(counting.order_by(Enrollment.id)))


def _note_names(enrollment: Enrollment, *, is_changed: bool = False) -> None:
    one = Comparison(enrollment.person, enrollment.person, (), (), True, True)
    if enrollment.nomination is not None:
        said = compare(said_by(enrollment.nomination), enrollment.person)
        one = said if {"name", "birth_date"} & set(said.differs) else one
    one = _and_print(enrollment, one)
    if one.differs:
        _ask(SYSTEM, enrollment, one, is_changed=is_changed)


def _and_print(enrollment: Enrollment, one: Comparison) -> Comparison:
    """What differs, with the name to print where it is no spelling of the person's."""
    known = enrollment.person.given_name, enrollment.person.family_name
    if names.is_spelling(enrollment.name_on_certificate, *known):
        return one
    return replace(one, differs=(*one.differs, PRINTED_NAME))


def _ask(actor: Actor, enrollment: Enrollment, one: Comparison, step: str | None = None, *, is_changed: bool = False) -> None:
    """Asks once about an enrollment and a person; again where something else differs than what was decided about, or what did
    `is_changed` since."""
    db.session.flush()
    question = find_question(enrollment.id, one.person.id, is_locked=True)
    if question is None:
        if _is_asked_elsewhere(enrollment, one.person):
            return
        question = IdentityQuestion(enrollment_id=enrollment.id, candidate_id=one.person.id, asked_at=clock.now())
        question.agrees, question.differs = list(one.agrees), list(one.differs)
        QUESTION.begin(question, QuestionStatus.OPEN, actor)
    elif is_changed or set(one.differs) - set(question.differs):
        before = ((), ()) if is_changed else (question.agrees, question.differs)
        question.agrees, question.differs = (
            list(dict.fromkeys((*was, *now))) for was, now in zip(before, (one.agrees, one.differs), strict=True)
        )
        if question.status is not QuestionStatus.OPEN:
            question.decided_by_id = question.decided_at = None
            QUESTION.fire(question, "ask_again", actor)
    else:
        return
    if step is not None:
        settle(actor, question, step)


def _is_asked_elsewhere(enrollment: Enrollment, candidate: Person) -> bool:
    """Whether it was asked the other way round, about an enrollment of the candidate's, or someone decided before that the two
    are different people."""
    if candidate.id == enrollment.person_id:
        return False  # it is about what this nomination says
    own, candidates = {enrollment.person_id, enrollment.origin_id}, records_of(candidate.id)
    is_candidates = sa.or_(Enrollment.person_id == candidate.id, Enrollment.origin_id == candidate.id)
    mirrored = sa.and_(IdentityQuestion.candidate_id.in_(own), is_candidates)
    is_apart = sa.and_(
        IdentityQuestion.candidate_id.in_(candidates), IdentityQuestion.status == QuestionStatus.DIFFERENT,
        sa.or_(Enrollment.person_id.in_(own), Enrollment.origin_id.in_(own)),
    )  # fmt: skip
    asked = sa.select(IdentityQuestion.id).join(Enrollment, Enrollment.id == IdentityQuestion.enrollment_id)
    asked = asked.where(sa.or_(mirrored, is_apart), IdentityQuestion.is_about_people)
    return db.session.scalar(asked.limit(1)) is not None


def compare_with_all(enrollment_ids: Iterable[int]) -> None:
    """Compares the people of these enrollments, whom a body that knows only its own put forward, with everyone. Whoever is
    known and has no place here is recognised; whatever else is near is asked."""
    for enrollment_id in enrollment_ids:
        enrollment = db.session.get(Enrollment, enrollment_id)
        if enrollment is None or (nomination := enrollment.nomination) is None:
            continue
        touch(enrollment.delivery_id)
        db.session.refresh(enrollment)
        _note_names(enrollment)  # someone may have renamed the person while this was submitted
        own = current_record(enrollment.person)
        near = [one for one in compared(said_by(nomination), but=[own.id]) if one.is_near]
        _join_or_ask(enrollment, own, [one for one in near if not _asks_itself(one.record, enrollment)])


def _asks_itself(record: Person, enrollment: Enrollment) -> bool:
    """Whether the record came here after the enrollment: of two, the later one asks about the earlier."""
    first = db.session.scalar(sa.select(sa.func.min(Enrollment.id)).where(Enrollment.origin_id == record.id))
    return first is not None and first > enrollment.id


def _join_or_ask(enrollment: Enrollment, own: Person, near: Sequence[Comparison]) -> None:
    """Joined without asking is only a record that nothing speaks against, and with no mailbox of its own: no body may lead
    another person's messages to an address that it chose."""
    is_sure = len(near) == 1 and near[0].is_match and not near[0].differs and _is_light(own)
    is_reached_alike = own.email_key in (None, near[0].person.email_key) if near else False
    if is_sure and is_reached_alike and _is_free_to_join(enrollment, near[0].person):
        join_records(SYSTEM, near[0].person, own, reason="number or address, and name")
        return
    ask_about(enrollment, near)


def _is_free_to_join(enrollment: Enrollment, person: Person) -> bool:
    """No place here, and nothing that is asked or was decided about the two."""
    is_asked = find_question(enrollment.id, person.id) is not None or _is_asked_elsewhere(enrollment, person)
    return not is_asked and find_enrollment(enrollment.delivery_id, person.id) is None


def ask_about(enrollment: Enrollment, near: Iterable[Comparison]) -> None:
    """Asks coordinators whether the person of the enrollment is one of those who are near."""
    for one in near:
        _ask(SYSTEM, enrollment, one)


def said_by(nomination: Nomination) -> dict[str, Any]:
    """What a body said of a person, as `people.services.compare` takes it."""
    record = db.session.get_one(Person, nomination.enrollment.origin_id)
    said = {name: getattr(nomination, name) for name in ("identifier", "given_name", "family_name", "email", "birth_date")}
    return said | {name: getattr(record, name) for name in ("identifier_kind", "issuer_id", "issuer_country")}


def _is_light(person: Person) -> bool:
    """Whether nothing stands on the record but one enrollment without a result: then there is nothing to review."""
    mine = db.session.scalars(sa.select(Enrollment.status).where(Enrollment.person_id == person.id)).all()
    has_more = sa.or_(
        sa.exists().where(Consent.person_id == person.id),
        sa.exists().where(RoleAssignment.person_id == person.id),
        sa.exists().where(Person.merged_into_id == person.id),
        sa.exists().where(Enrollment.origin_id == person.id, Enrollment.person_id != person.id),
        *(sa.exists().where(kind.enrollment_id == Enrollment.id, Enrollment.person_id == person.id) for kind in (Mark, Score)),
    )
    is_single = len(mine) <= 1 and not set(mine) & set(RESULTS)
    return is_single and enters_by_link(person) and not db.session.scalar(sa.select(has_more))  # no password, and not closed


# Deciding


def get_question(actor: Actor, question_id: int) -> IdentityQuestion:
    """NotFound also for one that others decide."""
    seen = sa.select(IdentityQuestion).join(Enrollment, Enrollment.id == IdentityQuestion.enrollment_id)
    found = db.session.scalar(seen.where(decides_about(actor), IdentityQuestion.id == question_id))
    if found is None:
        raise NotFound("unknown_question", _l("There is no such question."))
    return found


def decide_same(actor: Actor, question: IdentityQuestion, *, version: str | None = None) -> Merge | None:
    """Both are one person. Returns the merge, which a second person has to confirm unless there is nothing to review; None when
    they are one already."""
    enrollment = _begin(actor, question, "same", version)
    settle_alike(actor, question, "same")
    if not question.is_about_people:
        return None
    keep, merged = current_record(question.candidate), current_record(enrollment.person)
    merge = None
    if keep.id != merged.id:
        if holds_roles(merged) and not holds_roles(keep):
            keep, merged = merged, keep  # roles never pass to another record
        # An address that the kept record lacks becomes its own: for someone with a past, two people look at that.
        is_reached = keep.email_key or not merged.email_key or _is_light(keep)
        if _is_light(merged) and is_reached:
            merge = join_records(actor, keep, merged, reason="identity question")
            if enrollment.status in GOING_ON and keep.email_key != merged.email_key:
                tell_all([enrollment])  # what went to the other address opens nothing any more
        else:
            merge = propose_merge(actor, keep.id, merged.id, reason="identity question")
    return merge


def decide_different(actor: Actor, question: IdentityQuestion, *, reason: str | None = None, version: str | None = None) -> None:
    """They are two people. An enrollment that stood in the candidate's name becomes that of whom the nomination names."""
    enrollment = _begin(actor, question, "different", version)
    kept = clean_lines(reason or "", "reason", longest=LONGEST_REASON) or None
    settle_alike(actor, question, "different", kept)
    if not question.is_about_people:
        enrollment.name_on_certificate = enrollment.person.full_name
    elif current_record(question.candidate).id == enrollment.person_id and enrollment.nomination is not None:
        _reassign(actor, enrollment, enrollment.nomination)


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


def _begin(actor: Actor, question: IdentityQuestion, step: str, version: str | None) -> Enrollment:
    """The enrollment of the question, read again behind the lock of its delivery. Conflict for the second of two who decide, and
    where what was shown (`version`) has changed since."""
    require(actor, Permission.IDENTITY_DECIDE, question.enrollment)
    touch(question.enrollment.delivery_id)
    db.session.refresh(question, with_for_update={"of": IdentityQuestion})
    QUESTION.check(step, question.status)
    db.session.refresh(question.enrollment)
    db.session.refresh(question.candidate)
    if version and version != version_of(question):
        raise Conflict("changed_meanwhile", _l("What is known of the person has changed in the meantime. Look at both again."))
    return question.enrollment


def _reassign(actor: Actor, enrollment: Enrollment, nomination: Nomination) -> None:
    fields = (
        "identifier", "identifier_issuer", "identifier_kind", "given_name", "family_name", "email", "country", "nationalities",
        "gender", "birth_date",
    )  # fmt: skip
    said = {name: getattr(nomination, name) for name in fields} | {"names_confirmed": True}
    made, was = identify_person(actor, said, among=NO_ONE).person, enrollment.person
    enrollment.person, enrollment.origin_id = made, made.id
    follow_printed_name(enrollment, was)
    db.session.flush()
    leave_shared_seat(actor, enrollment)
    publish(EnrollmentReassigned(enrollment.id, made.id), actor)
    if enrollment.status in GOING_ON:
        tell_all([enrollment])


def suspects() -> Iterator[tuple[Enrollment, Nomination, Person]]:
    """Enrollments whose nomination names a different person from the one enrolled, or gives another date of birth, and no one
    has decided about it."""
    decided = sa.exists().where(
        IdentityQuestion.enrollment_id == Enrollment.id,
        IdentityQuestion.candidate_id.in_((Enrollment.person_id, Enrollment.origin_id)),
        IdentityQuestion.status == QuestionStatus.SAME,
        IdentityQuestion.is_about_people,
    )
    merged = sa.exists().where(  # later, they had both readings before them
        Merge.merged_id == Enrollment.origin_id, Merge.status == MergeStatus.CONFIRMED, Merge.is_reviewed,
        Merge.decided_at > Enrollment.created_at,
    )  # fmt: skip
    rows = (
        sa.select(Enrollment, Nomination, Person)
        .join(Nomination, Nomination.enrollment_id == Enrollment.id)
        .join(Person, Person.id == Enrollment.person_id)
        .where(~decided, ~merged)
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
    for enrollment_id, person_id in unasked_names():
        yield f"identity: the name to print of enrollment {enrollment_id} is no spelling of that of person {person_id}"


def unasked_names() -> Iterator[tuple[int, int]]:
    """Enrollments whose name to print is no spelling of the person's, and no one was asked or the answer was no."""
    asked = sa.exists().where(
        IdentityQuestion.enrollment_id == Enrollment.id,
        IdentityQuestion.candidate_id.in_((Enrollment.person_id, Enrollment.origin_id)),
        IdentityQuestion.status != QuestionStatus.DIFFERENT,
        IdentityQuestion.is_about_print,
    )
    plain = (Person.given_name + " " + Person.family_name, Person.family_name + " " + Person.given_name)
    rows = (
        sa.select(Enrollment.id, Enrollment.name_on_certificate, Person.id, Person.given_name, Person.family_name)
        .join(Person, Person.id == Enrollment.person_id)
        .where(Enrollment.name_on_certificate.not_in(plain), ~asked, Enrollment.status != EnrollmentStatus.UNCONFIRMED)
        .order_by(Enrollment.id)
    )
    for enrollment_id, printed, person_id, given, family in db.session.execute(rows.execution_options(yield_per=500)):
        if not names.is_spelling(printed, given, family):
            yield enrollment_id, person_id
