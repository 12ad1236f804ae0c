"""For `flask check`: contradictions in attendance, scores and results."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from classroom.models import Mark, MarkKind, Reopening, Score, ScoreKind
from core.database import streamed
from courses.models import Delivery, DeliverySession, DeliveryStatus
from enrollment.models import GOING_ON, Enrollment


def breaches() -> Iterator[str]:
    """A sentence for every breach of what this package promises."""
    yield from _breaches_of_results()
    yield from _breaches_of_marks()
    yield from _breaches_of_time()


def _breaches_of_results() -> Iterator[str]:
    """In a finished delivery, only reopened results may be open."""
    unended = (
        sa.select(Enrollment.id, Delivery.code)
        .join(Delivery)
        .where(Delivery.status == DeliveryStatus.FINISHED)
    )
    reopened = sa.exists().where(Reopening.enrollment_id == Enrollment.id)
    for enrollment_id, code in streamed(unended.where(Enrollment.status.in_(GOING_ON), ~reopened)):
        yield f"enrollments: {enrollment_id} goes on although {code} is finished"


def _breaches_of_marks() -> Iterator[str]:
    attending = [MarkKind.PRESENT, MarkKind.LATE]
    wrong = (
        sa.select(
            Mark.id,
            Mark.minutes,
            Mark.mark,
            DeliverySession.minutes,
            DeliverySession.delivery_id,
            Enrollment.delivery_id,
        )
        .join(DeliverySession, DeliverySession.id == Mark.session_id)
        .join(Enrollment, Enrollment.id == Mark.enrollment_id)
        .where(
            sa.or_(
                Mark.minutes > DeliverySession.minutes,
                DeliverySession.delivery_id != Enrollment.delivery_id,
                sa.and_(Mark.mark.not_in(attending), Mark.minutes > 0),
            )
        )
    )
    for mark_id, minutes, mark, most, session_delivery, enrollment_delivery in streamed(wrong):
        if session_delivery != enrollment_delivery:
            yield f"marks: {mark_id} is for a session of another delivery"
        elif minutes > most:
            yield f"marks: {mark_id} has {minutes} minutes of a session of {most}"
        else:
            yield f"marks: {mark_id} is {mark.value} but has {minutes} minutes"


def _breaches_of_time() -> Iterator[str]:
    """Marks and scores of what had not begun, or was never held."""
    of_session = (
        sa.select(Mark.id)
        .join(DeliverySession, DeliverySession.id == Mark.session_id)
        .order_by(Mark.id)
    )
    for (mark_id,) in streamed(of_session.where(Mark.recorded_at < DeliverySession.starts_at)):
        yield f"marks: {mark_id} was recorded before its session began"
    for (mark_id,) in streamed(
        of_session.where(DeliverySession.cancelled_at.is_not(None), Mark.minutes > 0)
    ):
        yield f"marks: {mark_id} has minutes of a session that was cancelled"
    first = sa.select(sa.func.min(DeliverySession.starts_at)).where(
        DeliverySession.delivery_id == Enrollment.delivery_id
    )
    early = sa.select(Score.id).join(Enrollment, Enrollment.id == Score.enrollment_id)
    early = early.where(
        Score.kind == ScoreKind.POST, Score.recorded_at < first.scalar_subquery()
    ).order_by(Score.id)
    for (score_id,) in streamed(early):
        yield f"scores: {score_id} is of a final test before the first session began"
