"""`flask check`: nothing is on record before its time."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from core.database import db
from courses.models import DeliverySession
from enrollment.models import Enrollment, Mark, Score, ScoreKind


def breaches_of_time() -> Iterator[str]:
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
