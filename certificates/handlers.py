"""Reactions to changes of people and results, in the same transaction: a certificate always belongs
to the person of its enrollment."""

from __future__ import annotations

import sqlalchemy as sa

from certificates.events import CertificateReviewOpened
from certificates.models import Certificate
from certificates.reviews import under_review
from core.database import db
from core.events import publish
from core.policy import Actor
from enrollment.events import EnrollmentReassigned, EnrollmentResult
from enrollment.models import Enrollment
from people.events import MergeConfirmed, MergeUndone


def follow_enrollments(event: MergeConfirmed | MergeUndone, actor: Actor) -> None:
    """Two records became one person, or are separate again."""
    _follow(Enrollment.person_id.in_((event.keep_id, event.merged_id)))


def follow_enrollment(event: EnrollmentReassigned, actor: Actor) -> None:
    """An enrollment turned out to be someone else's."""
    _follow(Enrollment.id == event.enrollment_id)
    _open_review(event.enrollment_id, actor)


def _follow(condition: sa.ColumnElement[bool]) -> None:
    rows = sa.select(Certificate, Enrollment.person_id).join(
        Enrollment, Enrollment.id == Certificate.enrollment_id
    )
    for certificate, person_id in db.session.execute(
        rows.where(condition, Certificate.person_id != Enrollment.person_id)
    ).all():
        certificate.person_id = person_id
    db.session.flush()


def open_review(event: EnrollmentResult, actor: Actor) -> None:
    """The result behind a certificate no longer matches it. Nothing changes silently: the trail
    records an open review, and coordinators see it until they end the certificate or correct the
    result again."""
    _open_review(event.enrollment_id, actor)


def _open_review(enrollment_id: int, actor: Actor) -> None:
    if certificate := db.session.scalar(
        under_review().where(Certificate.enrollment_id == enrollment_id)
    ):
        publish(CertificateReviewOpened(certificate.id, certificate.number, enrollment_id), actor)
