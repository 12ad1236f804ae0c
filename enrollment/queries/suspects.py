"""Enrollments that may belong to the wrong person."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from core import names
from core.database import streamed
from enrollment.models import COUNTING, Enrollment, IdentityQuestion, Nomination, QuestionStatus
from enrollment.queries.enrollments import stands_at
from people.models import Merge, MergeStatus, Person


def suspects() -> Iterator[tuple[Enrollment, Nomination, Person]]:
    """Enrollments whose nomination names a different person from the one enrolled, or gives another
    date of birth, if no one has decided about it."""
    decided = sa.exists().where(
        IdentityQuestion.enrollment_id == Enrollment.id,
        IdentityQuestion.candidate_id.in_((Enrollment.person_id, Enrollment.origin_id)),
        IdentityQuestion.status == QuestionStatus.SAME,
        IdentityQuestion.is_about_people,
    )
    merged = sa.exists().where(  # reviewers who merged later had seen both readings
        Merge.merged_id == Enrollment.origin_id,
        Merge.status == MergeStatus.CONFIRMED,
        Merge.is_reviewed,
        Merge.decided_at > Enrollment.created_at,
    )
    rows = (
        sa.select(Enrollment, Nomination, Person)
        .join(Nomination, Nomination.enrollment_id == Enrollment.id)
        .join(Person, Person.id == Enrollment.person_id)
        .where(~decided, ~merged, stands_at(*COUNTING))
        .order_by(Enrollment.id)
    )
    for enrollment, nomination, person in streamed(rows):
        stated_name = (nomination.given_name, nomination.family_name)
        known = (person.given_name, person.family_name)
        born = {nomination.birth_date, person.birth_date} - {None}
        if not names.is_same_name(stated_name, known) or len(born) > 1:
            yield enrollment, nomination, person


def breaches_of_identity() -> Iterator[str]:
    """For `flask check`: enrollments whose nomination names someone else. (`flask people suspects`
    shows the names.)"""
    for enrollment, _nomination, person in suspects():
        other = "was nominated under another name or date of birth than that of"
        yield f"identity: enrollment {enrollment.id} {other} person {person.id}"
    for enrollment_id, person_id in unasked_names():
        yield (
            f"identity: the name to print of enrollment {enrollment_id} is no spelling of that of "
            f"person {person_id}"
        )


def unasked_names() -> Iterator[tuple[int, int]]:
    """Enrollments whose name to print is not a spelling of the person's, without a question or with
    the answer no."""
    has_question = sa.exists().where(
        IdentityQuestion.enrollment_id == Enrollment.id,
        IdentityQuestion.candidate_id.in_((Enrollment.person_id, Enrollment.origin_id)),
        IdentityQuestion.status != QuestionStatus.DIFFERENT,
        ~IdentityQuestion.is_about_people,
    )
    plain = (
        Person.given_name + " " + Person.family_name,
        Person.family_name + " " + Person.given_name,
    )
    rows = (
        sa.select(Enrollment.id, Enrollment.name_on_certificate, Person)
        .join(Person, Person.id == Enrollment.person_id)
        .where(Enrollment.name_on_certificate.not_in(plain), ~has_question, stands_at(*COUNTING))
        .order_by(Enrollment.id)
    )
    for enrollment_id, printed, person in streamed(rows):
        if not names.is_name_of(
            printed, person.given_name, person.family_name, person.name_on_certificate
        ):
            yield enrollment_id, person.id
