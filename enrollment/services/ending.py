"""How requests and places end with their delivery: the step, and the reason to store."""

from __future__ import annotations

import sqlalchemy as sa

from core import clock
from core.database import db
from core.policy import Actor
from courses.models import Delivery
from enrollment.lacks import Lack
from enrollment.models import WAITING, Enrollment
from enrollment.states import ENROLLMENT


def end_with(actor: Actor, delivery: Delivery, enrollment: Enrollment) -> None:
    """The delivery was cancelled."""
    ENROLLMENT.fire(enrollment, "end", actor)
    enrollment.reason = delivery.cancel_reason


def lapse(actor: Actor, enrollment: Enrollment) -> None:
    """The delivery finished while the person waited."""
    ENROLLMENT.fire(enrollment, "lapse", actor)
    enrollment.lacking, enrollment.finished_at = [Lack("no_place").stored()], clock.now()


def lapse_waiting(actor: Actor, delivery: Delivery) -> None:
    """The delivery is finished: ends all waiting."""
    waiting = sa.select(Enrollment).where(
        Enrollment.delivery_id == delivery.id, Enrollment.status.in_(WAITING)
    )
    for enrollment in db.session.scalars(
        waiting.order_by(Enrollment.id).execution_options(populate_existing=True)
    ):
        lapse(actor, enrollment)
