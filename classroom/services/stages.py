"""When marks and scores can be recorded, and for whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from core import clock
from core.database import db
from core.policy import Actor, can
from courses.models import Delivery, DeliverySession, DeliveryStatus
from enrollment.models import OPEN, Enrollment, EnrollmentStatus
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


def may_record(actor: Actor, delivery: Delivery, people: Iterable[Any]) -> bool:
    """Whether `actor` may record marks and scores of these `people`, each with a `status`: while
    the delivery runs, and for results that were reopened."""
    statuses = [person.status for person in people]
    return has_results_to_fix(delivery, statuses) and can(
        actor, Permission.ATTENDANCE_RECORD, delivery
    )


def has_results_to_fix(delivery: Delivery, statuses: Iterable[EnrollmentStatus]) -> bool:
    """Whether any result among these is not fixed yet, or was reopened."""
    return delivery.status is DeliveryStatus.PUBLISHED or _has_open_results(delivery, statuses)


def correctable_ids(delivery: Delivery, people: Sequence[Any]) -> list[int]:
    """The ids of these `people`, each with an `id` and a `status`: of a finished delivery with
    reopened results only of these, because the others are fixed."""
    if _has_open_results(delivery, (person.status for person in people)):
        return [person.id for person in people if person.status in OPEN]
    return [person.id for person in people]


def _has_open_results(delivery: Delivery, statuses: Iterable[EnrollmentStatus]) -> bool:
    return delivery.status is DeliveryStatus.FINISHED and any(status in OPEN for status in statuses)


def may_be_marked(session: DeliverySession) -> bool:
    """Nothing is marked before a session begins, nor in one that is not held."""
    return not session.is_cancelled and session.starts_at <= clock.now()
