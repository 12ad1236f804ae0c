"""Identity decisions by coordinators; both readings are kept."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts.services import holds_roles
from core import names
from core.database import db
from core.errors import Conflict, NotFound
from core.events import publish
from core.policy import Actor, require
from courses.services import touch
from enrollment.events import EnrollmentReassigned
from enrollment.models import GOING_ON, Enrollment, IdentityQuestion, Nomination
from enrollment.queries import decides_about, require_reach, version_of
from enrollment.services.asking import is_light
from enrollment.services.closing import LONGEST_REASON, hold_alike, settle_alike
from enrollment.services.letters import tell_all
from enrollment.services.sharing import follow_printed_name, leave_shared_seat
from enrollment.states import QUESTION
from people.models import Merge, Person
from people.permissions import Permission
from people.services import (
    NO_ONE,
    confirm_merge,
    current_record,
    decline_merge,
    get_merge,
    identify_person,
    join_records,
    propose_merge,
    undo_merge,
)
from people.values import clean_lines


def get_question(actor: Actor, question_id: int) -> IdentityQuestion:
    """NotFound also for a question that others decide."""
    statement = sa.select(IdentityQuestion).join(
        Enrollment, Enrollment.id == IdentityQuestion.enrollment_id
    )
    question = db.session.scalar(
        statement.where(decides_about(actor), IdentityQuestion.id == question_id)
    )
    if question is None:
        raise NotFound("unknown_question", _l("There is no such question."))
    return question


def decide_same(
    actor: Actor, question: IdentityQuestion, *, version: str | None = None
) -> Merge | None:
    """Both are one person. Returns the merge, which a second person must confirm unless there is
    nothing to review; None if they are already one."""
    enrollment = _begin(actor, question, "same", version)
    settle_alike(actor, question, "same")
    if not question.is_about_people:
        return None
    keep, merged = current_record(question.candidate), current_record(enrollment.person)
    merge = None
    if keep.id != merged.id:
        if holds_roles(merged) and not holds_roles(keep):
            keep, merged = merged, keep  # roles never pass to another record
        # The surviving record takes over an address that it lacks; if it has a history, two people
        # review that.
        is_reached = keep.email_key or not merged.email_key or is_light(keep)
        if is_light(merged) and is_reached:
            merge = join_records(actor, keep, merged, reason="identity question")
            if enrollment.status in GOING_ON and keep.email_key != merged.email_key:
                tell_all([enrollment])  # links sent to the other address no longer work
        else:
            merge = propose_merge(actor, keep.id, merged.id, reason="identity question")
    return merge


def decide_different(
    actor: Actor,
    question: IdentityQuestion,
    *,
    reason: str | None = None,
    version: str | None = None,
) -> None:
    """They are two people. An enrollment under the candidate's name moves to the person its
    nomination names."""
    enrollment = _begin(actor, question, "different", version)
    clean_reason = clean_lines(reason or "", "reason", longest=LONGEST_REASON) or None
    settle_alike(actor, question, "different", clean_reason)
    if not question.is_about_people:
        enrollment.name_on_certificate = usual_name(enrollment.person)
    elif (
        current_record(question.candidate).id == enrollment.person_id
        and enrollment.nomination is not None
    ):
        _reassign(actor, enrollment, enrollment.nomination)


def propose(actor: Actor, keep_id: int, merged_id: int, *, reason: str) -> Merge:
    """Proposes to merge two records of people about whom the actor may decide."""
    require(actor, Permission.IDENTITY_DECIDE)
    require_reach(actor, (keep_id, merged_id))
    return propose_merge(actor, keep_id, merged_id, reason=reason)


def decide_merge(actor: Actor, merge_id: int, step: str) -> Merge:
    """`step`: confirm, decline or undo."""
    decide = {"confirm": confirm_merge, "decline": decline_merge, "undo": undo_merge}[step]
    merge = merge_to_decide(actor, merge_id)
    _hold((merge.keep_id, merge.merged_id))
    return decide(actor, merge)


def merge_to_decide(actor: Actor, merge_id: int) -> Merge:
    """NotFound also for a merge that others decide."""
    merge = get_merge(actor, merge_id)
    require_reach(actor, (merge.keep_id, merge.merged_id))
    return merge


def usual_name(person: Person) -> str:
    """The default name on the person's certificates."""
    usual = person.name_on_certificate
    is_own = names.is_name_of(usual, person.given_name, person.family_name, usual)
    return usual if is_own else person.full_name


def _begin(actor: Actor, question: IdentityQuestion, step: str, version: str | None) -> Enrollment:
    """The enrollment of the question, read again under its locks. Conflict for the second of two
    who decide at once, and if what was shown (`version`) has changed."""
    require(actor, Permission.IDENTITY_DECIDE, question.enrollment)
    people = {question.enrollment.person_id, current_record(question.candidate).id}
    _hold(people, question.enrollment.delivery_id)
    hold_alike(question)
    db.session.refresh(question)
    QUESTION.check(step, question.status)
    db.session.refresh(question.enrollment)
    if version and version != version_of(question):
        raise Conflict(
            "changed_meanwhile",
            _l("What is known of the person has changed in the meantime. Look at both again."),
        )
    return question.enrollment


def _hold(person_ids: Collection[int], *delivery_ids: int) -> None:
    """Locks the deliveries of these people, then the people, each in the order of their ids, to
    avoid deadlocks with others who decide or merge."""
    theirs = db.session.scalars(
        sa.select(Enrollment.delivery_id).where(Enrollment.person_id.in_(person_ids)).distinct()
    )
    for delivery_id in sorted({*theirs, *delivery_ids}):
        touch(delivery_id)
    people = (
        sa.select(Person)
        .where(Person.id.in_(person_ids))
        .order_by(Person.id)
        .with_for_update(key_share=True)
    )
    db.session.scalars(people.execution_options(populate_existing=True)).all()


def _reassign(actor: Actor, enrollment: Enrollment, nomination: Nomination) -> None:
    fields = (
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
    )
    facts = {name: getattr(nomination, name) for name in fields} | {"names_confirmed": True}
    new_person, former_person = (
        identify_person(actor, facts, among=NO_ONE).person,
        enrollment.person,
    )
    enrollment.person, enrollment.origin_id = new_person, new_person.id
    follow_printed_name(enrollment, former_person)
    db.session.flush()
    leave_shared_seat(actor, enrollment)
    publish(EnrollmentReassigned(enrollment.id, new_person.id), actor)
    if enrollment.status in GOING_ON:
        tell_all([enrollment])
