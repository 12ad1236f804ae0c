"""For `flask check`: what of the enrollments contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from core.database import db
from courses.models import Delivery, DeliverySession, DeliveryStatus
from courses.queries import moves_up_still
from enrollment.models import (
    GOING_ON,
    LIVE,
    Enrollment,
    EnrollmentStatus,
    Mark,
    MarkKind,
    Reopening,
    Score,
    ScoreKind,
)
from enrollment.queries.places import seatings

S = EnrollmentStatus


def breaches() -> Iterator[str]:
    """A sentence for every breach of what this room promises."""
    yield from _breaches_of_places()
    yield from _breaches_of_people()
    yield from _breaches_of_marks()
    yield from _breaches_of_time()


def _breaches_of_places() -> Iterator[str]:
    begins_at = sa.select(sa.func.min(DeliverySession.starts_at)).where(
        DeliverySession.delivery_id == Delivery.id, DeliverySession.cancelled_at.is_(None)
    )
    rows = db.session.execute(
        sa.select(
            Delivery.id, Delivery.code, Delivery.status, Delivery.time_zone, Delivery.promotion_days,
            begins_at.scalar_subquery().label("begins_at"),
        )
    ).all()  # fmt: skip
    counted = seatings(row.id for row in rows)
    for row in rows:
        seating = counted[row.id]
        if seating.open_places < 0:
            yield f"places: the pools of {row.code} add up to more than its places"
        elif seating.is_oversold:
            yield f"places: {row.code} has {-seating.open_left} more people seated than places for them"
        is_filled = moves_up_still(row.time_zone, row.promotion_days, row.begins_at)
        if row.status is DeliveryStatus.PUBLISHED and is_filled:
            for category, count in seating.waiting.items():
                if count and seating.fits(category):
                    yield f"places: {count} wait for {row.code} ({category.value}) although a place for them is free"


def _breaches_of_people() -> Iterator[str]:
    twice = sa.select(Delivery.code, Enrollment.person_id).join(Delivery).where(Enrollment.status.in_(LIVE))
    twice = twice.group_by(Delivery.code, Enrollment.person_id).having(sa.func.count() > 1)
    for code, person_id in db.session.execute(twice):
        yield f"enrollments: person {person_id} is enrolled twice in {code}"
    ties = sa.select(Delivery.code, Enrollment.line).join(Delivery).where(Enrollment.status == S.WAITLISTED)
    for code, line in db.session.execute(ties.group_by(Delivery.code, Enrollment.line).having(sa.func.count() > 1)):
        yield f"enrollments: several people share number {line} in the line of {code}"
    unended = sa.select(Enrollment.id, Delivery.code, Delivery.status).join(Delivery)
    reopened = sa.exists().where(Reopening.enrollment_id == Enrollment.id)
    is_over = sa.or_(
        Delivery.status == DeliveryStatus.CANCELLED, sa.and_(Delivery.status == DeliveryStatus.FINISHED, sa.not_(reopened))
    )
    unended = unended.where(is_over, Enrollment.status.in_(GOING_ON))
    for enrollment_id, code, status in db.session.execute(unended):
        yield f"enrollments: {enrollment_id} goes on although {code} is {status.value}"


def _breaches_of_marks() -> Iterator[str]:
    there = [MarkKind.PRESENT, MarkKind.LATE]
    wrong = (
        sa.select(Mark.id, Mark.minutes, Mark.mark, DeliverySession.minutes, DeliverySession.delivery_id, Enrollment.delivery_id)
        .join(DeliverySession, DeliverySession.id == Mark.session_id)
        .join(Enrollment, Enrollment.id == Mark.enrollment_id)
        .where(
            sa.or_(
                Mark.minutes > DeliverySession.minutes,
                DeliverySession.delivery_id != Enrollment.delivery_id,
                sa.and_(Mark.mark.not_in(there), Mark.minutes > 0),
            )
        )
    )
    for mark_id, minutes, mark, most, session_delivery, enrollment_delivery in db.session.execute(wrong):
        if session_delivery != enrollment_delivery:
            yield f"marks: {mark_id} is for a session of another delivery"
        elif minutes > most:
            yield f"marks: {mark_id} has {minutes} minutes of a session of {most}"
        else:
            yield f"marks: {mark_id} is {mark.value} but has {minutes} minutes"


def _breaches_of_time() -> Iterator[str]:
    """Marks and scores of what had not begun, or was never held."""
    of_session = sa.select(Mark.id).join(DeliverySession, DeliverySession.id == Mark.session_id).order_by(Mark.id)
    for mark_id in db.session.scalars(of_session.where(Mark.recorded_at < DeliverySession.starts_at)):
        yield f"marks: {mark_id} was recorded before its session began"
    for mark_id in db.session.scalars(of_session.where(DeliverySession.cancelled_at.is_not(None), Mark.minutes > 0)):
        yield f"marks: {mark_id} has minutes of a session that was cancelled"
    first = sa.select(sa.func.min(DeliverySession.starts_at)).where(DeliverySession.delivery_id == Enrollment.delivery_id)
    early = sa.select(Score.id).join(Enrollment, Enrollment.id == Score.enrollment_id)
    early = early.where(Score.kind == ScoreKind.POST, Score.recorded_at < first.scalar_subquery()).order_by(Score.id)
    for score_id in db.session.scalars(early):
        yield f"scores: {score_id} is of a final test before the first session began"
