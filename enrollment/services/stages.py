"""What a delivery's own stage allows: refusals with the sentence that says what to do instead."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core.database import db
from core.errors import Conflict
from core.policy import Actor, can
from courses.models import Delivery, DeliveryStatus
from courses.queries import is_open_for_enrollment
from enrollment.models import OPEN, Enrollment
from people.permissions import Permission

_REFUSALS = {
    DeliveryStatus.DRAFT: ("not_published", _l("This delivery is still a draft. Publish it first.")),
    DeliveryStatus.CANCELLED: ("delivery_cancelled", _l("This delivery was cancelled. Choose another one of this course.")),
    DeliveryStatus.FINISHED: ("delivery_finished", _l("This delivery is finished and its results are fixed.")),
}


def require_running(delivery: Delivery) -> None:
    """Raises Conflict unless the delivery is published and neither cancelled nor finished."""
    if delivery.status in _REFUSALS:
        raise Conflict(*_REFUSALS[delivery.status])


def require_recordable(delivery: Delivery) -> None:
    """Raises Conflict unless marks and scores may be recorded: while the delivery runs, and for results that were reopened."""
    if not (delivery.status is DeliveryStatus.FINISHED and is_reopened(delivery.id)):
        require_running(delivery)


def is_reopened(delivery_id: int) -> bool:
    """Whether a finished delivery has results that were opened again and not yet fixed anew."""
    open_ones = sa.select(Enrollment.id).where(Enrollment.delivery_id == delivery_id, Enrollment.status.in_(OPEN))
    return db.session.scalar(open_ones.limit(1)) is not None


def require_open(actor: Actor, delivery: Delivery) -> None:
    """Raises Conflict unless `actor` may still put people into the delivery: coordinators may after the closing date."""
    require_running(delivery)
    if is_open_for_enrollment(delivery) or can(actor, Permission.ENROLLMENT_CREATE, delivery):
        return
    raise Conflict(
        "enrollment_closed", _l("Applications for this delivery are closed. Ask the training centre, or choose another delivery.")
    )
