"""A delivery is finished: each result is fixed, and nothing of it changes after."""

from __future__ import annotations

from classroom.queries import Completion, completion
from classroom.services.stages import require_recordable
from core import clock
from core.policy import Actor, require
from courses.models import Delivery, DeliveryStatus
from courses.services import require_over, touch
from courses.states import DELIVERY
from enrollment.models import EnrollmentStatus
from enrollment.services import lapse_waiting
from enrollment.states import ENROLLMENT
from people.permissions import Permission


def finish(actor: Actor, delivery_id: int) -> Delivery:
    """Closes the delivery: people with a place get the rule's result and what was lacking, and
    the waiting list lapses.

    Conflict("not_over") before the last session that is held has ended.

    In a finished delivery it fixes only the results that were reopened; if there are none,
    Conflict("delivery_finished").
    """
    delivery = touch(delivery_id)
    require(actor, Permission.DELIVERY_FINISH, delivery)
    require_recordable(delivery)
    require_over(delivery)
    for result in completion(delivery):
        enrollment = result.enrollment
        if enrollment.status is not EnrollmentStatus.CONFIRMED:
            continue  # fixed before; or an offer that no one took, which lapses below
        ENROLLMENT.fire(enrollment, _step(result), actor)
        enrollment.lacking = [lack.stored() for lack in result.lacking]
        enrollment.finished_at = clock.now()
    lapse_waiting(actor, delivery)
    if delivery.status is not DeliveryStatus.FINISHED:
        DELIVERY.fire(delivery, "finish", actor)
    return delivery


def _step(result: Completion) -> str:
    if result.is_complete:
        return "complete"
    was_there = result.minutes > 0 or result.score is not None
    return "fall_short" if was_there else "miss"
