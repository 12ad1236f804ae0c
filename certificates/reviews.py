"""Certificates under review: valid ones whose result was since corrected (no longer completed, or
another score than printed), or which turned out to be someone else's. Nothing is stored: a review
is open as long as the two disagree. (The printed hours are those held, which are fixed before a
delivery is finished.)"""

from __future__ import annotations

import enum
from collections.abc import Iterable

import sqlalchemy as sa

from certificates.models import NOT_ENDED, Certificate
from classroom.models import Reopening, Score, ScoreKind
from core.database import db, in_thousands
from core.policy import Actor, can, visible
from courses.models import Delivery, DeliveryStatus
from enrollment.models import Enrollment, EnrollmentStatus, IdentityQuestion, QuestionStatus
from people.models import Merge, MergeStatus
from people.permissions import Permission

#: Results that do not justify a certificate.
FELL_SHORT = (EnrollmentStatus.NOT_COMPLETED, EnrollmentStatus.NO_SHOW)


class ReviewKind(enum.StrEnum):
    UNJUSTIFIED = "unjustified"  # revoke it, or correct the result again
    MISPRINTED = "misprinted"  # reissue it, or correct the score again
    MISNAMED = "misnamed"  # revoke or reissue it: it is someone else's


#: The sentence of `flask check` for each.
FAULTS: dict[ReviewKind, str] = {
    ReviewKind.UNJUSTIFIED: "its holder did not complete the course",
    ReviewKind.MISPRINTED: "prints another score than the record",
    ReviewKind.MISNAMED: "prints another name than the record",
}
_FELL_SHORT = Enrollment.status.in_(FELL_SHORT)
#: An identity was decided anew, and the enrollment now prints another name.
_MISNAMED = sa.and_(
    Certificate.holder_name != Enrollment.name_on_certificate,
    sa.or_(
        sa.exists().where(
            IdentityQuestion.enrollment_id == Enrollment.id,
            IdentityQuestion.status == QuestionStatus.DIFFERENT,
        ),
        sa.exists().where(
            Merge.merged_id == Enrollment.person_id, Merge.status == MergeStatus.UNDONE
        ),
    ),
)
#: Of a certificate under review; see `under_review`.
KIND = sa.case(
    (_FELL_SHORT, ReviewKind.UNJUSTIFIED.value),
    (_MISNAMED, ReviewKind.MISNAMED.value),
    else_=ReviewKind.MISPRINTED.value,
).label("kind")

#: A certificate with the kind of its open review.
Review = sa.Row[Certificate, str]


def _prints_another_score() -> sa.ColumnElement[bool]:
    """For a reopened result (others do not change): the score, rounded as in `snapshot`, is not the
    printed one."""
    printed = Certificate.payload["score_percent"].as_integer()
    scored = sa.select(Score.enrollment_id).where(
        Score.enrollment_id == Enrollment.id,
        Score.kind == ScoreKind.POST,
        sa.or_(Score.percent < printed, Score.percent >= printed + 1),
    )
    reopened = sa.select(Reopening.id).where(Reopening.enrollment_id == Enrollment.id)
    return sa.and_(
        Enrollment.status == EnrollmentStatus.COMPLETED, reopened.exists(), scored.exists()
    )


def under_review() -> sa.Select[Certificate, str]:
    """Every certificate whose review is open, by number, with the kind of its review."""
    joined = sa.select(Certificate, KIND).join(
        Enrollment, Enrollment.id == Certificate.enrollment_id
    )
    disagrees = (
        Certificate.status.in_(NOT_ENDED),
        sa.or_(_FELL_SHORT, _MISNAMED, _prints_another_score()),
    )
    return joined.where(*disagrees).order_by(Certificate.id)


def reviews_to_decide(actor: Actor, *, limit: int) -> list[Review]:
    """The first reviews that the actor may decide."""
    decides = visible(Certificate, actor, Permission.CERTIFICATE_ISSUE)
    reviews = under_review().where(decides, Certificate.id.in_(_decided_anew()))
    return list(db.session.execute(reviews.limit(limit)))


def _decided_anew() -> sa.Select[int]:
    """The certificates of which the result or the person was decided again. They are few, and
    nothing else makes a certificate disagree with the record. (`flask check` looks at all.)"""
    enrollments = sa.union(
        sa.select(Reopening.enrollment_id),
        sa.select(IdentityQuestion.enrollment_id).where(
            IdentityQuestion.status == QuestionStatus.DIFFERENT
        ),
        sa.select(Enrollment.id)
        .join(Merge, Merge.merged_id == Enrollment.person_id)
        .where(Merge.status == MergeStatus.UNDONE),
    )
    return sa.select(Certificate.id).where(Certificate.enrollment_id.in_(enrollments))


def reviews_of(actor: Actor, delivery: Delivery) -> list[Review]:
    """Certificates under review of a finished delivery, for those who may decide; empty for
    others."""
    if delivery.status is not DeliveryStatus.FINISHED or not can(
        actor, Permission.CERTIFICATE_ISSUE, delivery
    ):
        return []
    return list(db.session.execute(under_review().where(Certificate.delivery_id == delivery.id)))


def reviewed_by(actor: Actor, certificates: Iterable[Certificate]) -> dict[int, str]:
    """The kind of review by certificate id, of those certificates that are under review and that
    the actor may decide."""
    decides = [
        certificate.id
        for certificate in certificates
        if can(actor, Permission.CERTIFICATE_ISSUE, certificate)
    ]
    reviewers: dict[int, str] = {}
    for some in in_thousands(decides):
        reviewers |= kinds(Certificate.id.in_(some))
    return reviewers


def kinds(condition: sa.ColumnElement[bool]) -> dict[int, str]:
    """The kind of review by the id of the certificate, of those that meet the condition."""
    by_id = under_review().where(condition).with_only_columns(Certificate.id, KIND)
    return dict(db.session.execute(by_id).all())
