"""Giving places that are free to those who wait for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from core.database import db
from core.policy import Actor
from courses.models import Admission, Delivery, DeliveryStatus
from courses.queries import moves_up
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.places import Seating
from enrollment.queries import seatings
from enrollment.services.letters import tell
from enrollment.states import ENROLLMENT
from people.personnel import PersonnelCategory


def seating(delivery: Delivery) -> Seating:
    """How the delivery's places stand now, counted in the database. Decide on it only after
    `touch`."""
    db.session.flush()
    return seatings([delivery.id])[delivery.id]


def first_status(delivery: Delivery, category: PersonnelCategory) -> EnrollmentStatus:
    """How someone of this category begins."""
    return first_statuses(delivery, [category])[0]


def first_statuses(
    delivery: Delivery, categories: Sequence[PersonnelCategory]
) -> list[EnrollmentStatus]:
    """How people of these categories begin, in their order. A place that waits for a coordinator
    is for those who wait."""
    if delivery.admission is Admission.APPROVAL:
        return [EnrollmentStatus.REQUESTED] * len(categories)
    return [
        EnrollmentStatus.CONFIRMED if is_seated else EnrollmentStatus.WAITLISTED
        for is_seated in seating(delivery).seat(categories)
    ]


def fill(actor: Actor, delivery: Delivery) -> list[Enrollment]:
    """Goes down the waiting line and seats everyone who fits; returns those who got a place. After
    `touch`.

    After the delivery's cut-off no one moves up by themselves: who would come is told too late. A
    coordinator may still give a free place to someone on the list. No one moves up past people of
    a list that is being entered; the job that completes it fills the places.
    """
    if delivery.status is not DeliveryStatus.PUBLISHED:
        return []
    now = seating(delivery)
    if now.awaits_list:
        return []
    in_reach = [category for category, count in now.waiting.items() if count and now.fits(category)]
    if not in_reach or not moves_up(delivery):
        return []
    promoted = []
    for enrollment in _first_in_line(
        delivery, {category: now.left_for(category) for category in in_reach}
    ):
        if now.fits(enrollment.category):
            ENROLLMENT.fire(enrollment, "promote", actor)
            now = now.with_one_more(enrollment.category)
            promoted.append(enrollment)
            tell(enrollment, "enrollment_promoted")
    return promoted


def _first_in_line(delivery: Delivery, most: Mapping[PersonnelCategory, int]) -> list[Enrollment]:
    """Of each category the first of those who wait, `most` of them: no more can be seated,
    however long the line is."""
    waiting = (
        sa.select(Enrollment)
        .where(
            Enrollment.delivery_id == delivery.id, Enrollment.status == EnrollmentStatus.WAITLISTED
        )
        .options(joinedload(Enrollment.person))
        .order_by(Enrollment.line)
        .execution_options(populate_existing=True)
    )
    firsts = (
        db.session.scalars(waiting.where(Enrollment.category == category).limit(n))
        for category, n in most.items()
    )
    return sorted(chain.from_iterable(firsts), key=lambda enrollment: enrollment.line or 0)
