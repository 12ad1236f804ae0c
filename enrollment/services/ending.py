"""How a wish or a place ends with its delivery: the step, and what is kept of the reason."""

from __future__ import annotations

from core import clock
from core.policy import Actor
from courses.models import Delivery
from enrollment.completion import Lack
from enrollment.models import Enrollment
from enrollment.states import ENROLLMENT


def end_with(actor: Actor, delivery: Delivery, enrollment: Enrollment) -> None:
    """The delivery was cancelled."""
    ENROLLMENT.fire(enrollment, "end", actor)
    enrollment.reason = delivery.cancel_reason


def lapse(actor: Actor, enrollment: Enrollment) -> None:
    """The delivery was finished while the person waited."""
    ENROLLMENT.fire(enrollment, "lapse", actor)
    enrollment.lacking, enrollment.finished_at = [Lack("no_place").stored()], clock.now()
