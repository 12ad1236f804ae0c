"""When marks and scores can be recorded, and for whom."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from classroom.queries import Completion, GridRow
from core import clock
from core.database import db
from core.policy import Actor, can
from courses.models import Delivery, DeliverySession, DeliveryStatus
from enrollment.models import OPEN, Enrollment
from enrollment.services import require_running
from people.permissions import Permission


def require_recordable(delivery: Delivery) -> None:
    """Raises Conflict unless marks and scores may be recorded: while the delivery runs, and for
    results that were reopened."""
    if not (delivery.status is DeliveryStatus.FINISHED and is_reopened(delivery.id)):
        require_running(delivery)


def is_reopened(delivery_id: int) -> bool:
    """Whether a finished delivery has results that were opened again and not yet fixed anew."""
    open_ones = sa.select(Enrollment.id).where(
        Enrollment.delivery_id == delivery_id, Enrollment.status.in_(OPEN)
    )
    return db.session.scalar(open_ones.limit(1)) is not None


def may_record(actor: Actor, delivery: Delivery, rows: Sequence[GridRow]) -> bool:
    """Whether `actor` may record marks and scores of these people: while the delivery runs, and for
    results that were reopened."""
    return has_results_to_fix(delivery, rows) and can(actor, Permission.ATTENDANCE_RECORD, delivery)


def has_results_to_fix(delivery: Delivery, rows: Sequence[GridRow | Completion]) -> bool:
    """Whether any of these people's results is not fixed yet, or was reopened."""
    return delivery.status is DeliveryStatus.PUBLISHED or _has_open_results(delivery, rows)


def correctable(delivery: Delivery, rows: list[GridRow]) -> list[GridRow]:
    """Of a finished delivery with reopened results only these: the others are fixed."""
    return (
        [row for row in rows if row.enrollment.status in OPEN]
        if _has_open_results(delivery, rows)
        else rows
    )


def _has_open_results(delivery: Delivery, rows: Sequence[GridRow | Completion]) -> bool:
    return delivery.status is DeliveryStatus.FINISHED and any(
        row.enrollment.status in OPEN for row in rows
    )


def may_be_marked(session: DeliverySession) -> bool:
    """Nothing is marked before a session begins, nor in one that is not held."""
    return not session.is_cancelled and session.starts_at <= clock.now()
