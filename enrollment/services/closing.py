"""Identity questions concern two people, however many records or nominations they have: one
decision settles all."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core import clock
from core.database import db
from core.errors import Conflict
from core.policy import SYSTEM, Actor
from enrollment.models import Enrollment, IdentityQuestion, QuestionStatus
from enrollment.queries import decides_about
from enrollment.states import QUESTION
from people.services import current_record, records_of

LONGEST_REASON = 500


def settle(actor: Actor, question: IdentityQuestion, step: str, reason: str | None = None) -> None:
    """Decides the question; earlier reasons are kept."""
    question.decided_by_id, question.decided_at = actor.person_id, clock.now()
    question.reason = "\n".join(filter(None, (question.reason, reason)))[-LONGEST_REASON:] or None
    QUESTION.fire(question, step, actor)


def settle_alike(
    actor: Actor, question: IdentityQuestion, step: str, reason: str | None = None
) -> None:
    """Decides the question together with other open ones about the same two people that the actor
    may decide. Conflict if it was decided before that they are two."""
    if not question.is_about_people:
        settle(actor, question, step, reason)
        return
    alike = _locked(_about_the_same(question))
    is_in_name = current_record(question.candidate).id == question.enrollment.person_id
    if (
        step == "same"
        and not is_in_name
        and any(other.status is QuestionStatus.DIFFERENT for other in alike)
    ):
        sentence = _l(
            "It was decided before that these are two different people. If that was wrong, "
            "propose a merge of the two records."
        )
        raise Conflict("decided_different", sentence)
    decided = sa.select(IdentityQuestion.id).join(
        Enrollment, Enrollment.id == IdentityQuestion.enrollment_id
    )
    own = set(
        db.session.scalars(
            decided.where(
                decides_about(actor), IdentityQuestion.id.in_([other.id for other in alike])
            )
        )
    )
    for other in alike:
        if other is question or other.status is QuestionStatus.OPEN and other.id in own:
            settle(actor, other, step, reason)


def hold_alike(question: IdentityQuestion) -> None:
    """Locks the question and those about the same two people, in the order of their ids."""
    _locked(sa.or_(IdentityQuestion.id == question.id, _about_the_same(question)))


def settle_merged(keep_id: int, merged_id: int) -> None:
    """Two records become one person (before their enrollments move): answers the questions whether
    they are."""
    merged = records_of(merged_id)
    between = sa.or_(
        _asks(keep_id, merged),
        _asks(merged_id, records_of(keep_id) - merged),
    )
    for open_question in _locked(between, IdentityQuestion.status == QuestionStatus.OPEN):
        settle(SYSTEM, open_question, "same")


def settle_decided(person_id: int) -> None:
    """Answers open questions about the person and another one if any of the merged records was told
    apart from the other."""
    condition = sa.or_(
        Enrollment.person_id == person_id, IdentityQuestion.candidate_id.in_(records_of(person_id))
    )
    for open_question in _locked(
        sa.and_(condition, IdentityQuestion.is_about_people),
        IdentityQuestion.status == QuestionStatus.OPEN,
    ):
        is_in_name = (
            current_record(open_question.candidate).id == open_question.enrollment.person_id
        )  # the enrollment's person is still to be decided
        if not is_in_name and any(
            other.status is QuestionStatus.DIFFERENT
            for other in _locked(_about_the_same(open_question))
        ):
            settle(SYSTEM, open_question, "different")


def _about_the_same(question: IdentityQuestion) -> sa.ColumnElement[bool]:
    """Selects questions about the same two people. If the enrollment is already the candidate's,
    the other person is the one its nomination names, of whom nothing else is known."""
    person_id, other = question.enrollment.person_id, current_record(question.candidate).id
    if person_id == other:
        return sa.and_(
            IdentityQuestion.enrollment_id == question.enrollment_id,
            _asks(person_id, records_of(other)),
        )
    return sa.or_(_asks(person_id, records_of(other)), _asks(other, records_of(person_id)))


def _asks(person_id: int, candidates: set[int]) -> sa.ColumnElement[bool]:
    conditions = Enrollment.person_id == person_id, IdentityQuestion.candidate_id.in_(candidates)
    return sa.and_(*conditions, IdentityQuestion.is_about_people)


def _locked(*conditions: sa.ColumnElement[bool]) -> Sequence[IdentityQuestion]:
    """In the order of their ids, to avoid deadlocks."""
    statement = (
        sa.select(IdentityQuestion)
        .join(Enrollment, Enrollment.id == IdentityQuestion.enrollment_id)
        .where(*conditions)
        .order_by(IdentityQuestion.id)
        .with_for_update(of=IdentityQuestion)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(statement).all()
