"""Checks of enrollments for `flask check`."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from core.database import in_thousands, streamed
from courses.models import Delivery, DeliverySession, DeliveryStatus
from courses.queries import moves_up_still
from enrollment.models import GOING_ON, LIVE, Enrollment, EnrollmentStatus
from enrollment.places import Seating
from enrollment.queries.places import seatings

S = EnrollmentStatus


def breaches() -> Iterator[str]:
    """A sentence for each contradiction."""
    yield from _breaches_of_places()
    yield from _breaches_of_people()


def _breaches_of_places() -> Iterator[str]:
    begins_at = sa.select(sa.func.min(DeliverySession.starts_at)).where(
        DeliverySession.delivery_id == Delivery.id, DeliverySession.cancelled_at.is_(None)
    )
    deliveries = sa.select(
        Delivery.id,
        Delivery.code,
        Delivery.status,
        Delivery.time_zone,
        Delivery.promotion_days,
        begins_at.scalar_subquery().label("begins_at"),
    ).order_by(Delivery.id)
    for some in in_thousands(streamed(deliveries)):
        counted = seatings(row.id for row in some)
        for row in some:
            yield from _breaches_of_seating(row, counted[row.id])


def _breaches_of_seating(row: sa.Row, seating: Seating) -> Iterator[str]:
    """Of one delivery."""
    if seating.open_places < 0:
        yield f"places: the pools of {row.code} add up to more than its places"
    elif seating.is_oversold:
        yield (
            f"places: {row.code} has {-seating.open_left} more people seated than places for them"
        )
    is_filled = moves_up_still(row.time_zone, row.promotion_days, row.begins_at)
    if row.status is DeliveryStatus.PUBLISHED and is_filled:
        for category, count in seating.waiting.items():
            if count and seating.fits(category):
                yield (
                    f"places: {count} wait for {row.code} ({category.value}) although a place "
                    "for them is free"
                )


def _breaches_of_people() -> Iterator[str]:
    twice = (
        sa.select(Delivery.code, Enrollment.person_id)
        .join(Delivery)
        .where(Enrollment.status.in_(LIVE))
    )
    twice = twice.group_by(Delivery.code, Enrollment.person_id).having(sa.func.count() > 1)
    for code, person_id in streamed(twice):
        yield f"enrollments: person {person_id} is enrolled twice in {code}"
    ties = (
        sa.select(Delivery.code, Enrollment.line)
        .join(Delivery)
        .where(Enrollment.status == S.WAITLISTED)
    )
    for code, line in streamed(
        ties.group_by(Delivery.code, Enrollment.line).having(sa.func.count() > 1)
    ):
        yield f"enrollments: several people share number {line} in the line of {code}"
    ended = (
        sa.select(Enrollment.id, Delivery.code)
        .join(Delivery)
        .where(Delivery.status == DeliveryStatus.CANCELLED)
    )
    for enrollment_id, code in streamed(ended.where(Enrollment.status.in_(GOING_ON))):
        yield f"enrollments: {enrollment_id} goes on although {code} is cancelled"
