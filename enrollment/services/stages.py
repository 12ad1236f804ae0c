"""What a delivery's stage allows; refusals say what to do instead."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from core.errors import Conflict
from core.policy import Actor, can
from core.words import word
from courses.models import Delivery, DeliveryStatus
from courses.queries import is_open_for_enrollment
from enrollment.models import Enrollment
from enrollment.states import steps
from people.permissions import Permission

_REFUSALS = {
    DeliveryStatus.DRAFT: (
        "not_published",
        _l("This delivery is still a draft. Publish it first."),
    ),
    DeliveryStatus.CANCELLED: (
        "delivery_cancelled",
        _l("This delivery was cancelled. Choose another one of this course."),
    ),
    DeliveryStatus.FINISHED: (
        "delivery_finished",
        _l("This delivery is finished and its results are fixed."),
    ),
}


def require_running(delivery: Delivery) -> None:
    """Raises Conflict unless the delivery is published and neither cancelled nor finished."""
    if delivery.status in _REFUSALS:
        raise Conflict(*_REFUSALS[delivery.status])


def may_decide(actor: Actor, delivery: Delivery) -> bool:
    """Whether `actor` may now decide on requests and assign places in this delivery."""
    return _is_running(delivery) and can(actor, Permission.ENROLLMENT_DECIDE, delivery)


def may_enter(actor: Actor, delivery: Delivery) -> bool:
    """Whether `actor` may now enter anyone into this delivery."""
    return _is_running(delivery) and can(actor, Permission.ENROLLMENT_CREATE, delivery)


def steps_now(actor: Actor, enrollment: Enrollment) -> list[str]:
    """The steps that `actor` may now take; none once the delivery is over."""
    return steps(enrollment, actor) if _is_running(enrollment.delivery) else []


def require_step(actor: Actor, enrollment: Enrollment, step: str) -> None:
    """Raises Conflict when `actor` can no longer ask for this."""
    if step not in steps(enrollment, actor):
        sentence = _l(
            "This is not possible any more. It stands at: %(status)s.",
            status=word(enrollment.standing.status),
        )
        raise Conflict("state_does_not_allow", sentence)


def _is_running(delivery: Delivery) -> bool:
    return delivery.status is DeliveryStatus.PUBLISHED


def is_open_to(actor: Actor, delivery: Delivery) -> bool:
    """Whether `actor` may still enter people into the delivery: coordinators also after the closing
    date."""
    return is_open_for_enrollment(delivery) or may_enter(actor, delivery)


def require_open(actor: Actor, delivery: Delivery) -> None:
    """Raises Conflict unless it `is_open_to` the actor."""
    require_running(delivery)
    if is_open_to(actor, delivery):
        return
    raise Conflict(
        "enrollment_closed",
        _l(
            "Applications for this delivery are closed. Ask the training centre, or choose "
            "another delivery."
        ),
    )
