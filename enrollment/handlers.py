"""How enrollments react to what happens to their delivery, in the same transaction."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from core.database import db
from core.errors import Conflict
from core.policy import Actor
from courses.events import DeliveryCancelled, DeliveryChanged
from courses.models import Delivery
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.services.filling import fill, seating
from enrollment.services.letters import tell
from enrollment.states import ENROLLMENT

_ENDING = (
    EnrollmentStatus.REQUESTED, EnrollmentStatus.WAITLISTED, EnrollmentStatus.OFFERED, EnrollmentStatus.CONFIRMED,
    EnrollmentStatus.ATTENDED,
)  # fmt: skip


def end_enrollments(event: DeliveryCancelled, actor: Actor) -> None:
    """A cancelled delivery: everybody's place or wish ends with its reason, and everybody is told."""
    delivery = db.session.get_one(Delivery, event.delivery_id)
    db.session.flush()
    ending = (
        sa.select(Enrollment)
        .where(Enrollment.delivery_id == delivery.id, Enrollment.status.in_(_ENDING))
        .options(joinedload(Enrollment.person))
        .order_by(Enrollment.line)
        .execution_options(populate_existing=True)
    )
    for enrollment in db.session.scalars(ending).all():
        ENROLLMENT.fire(enrollment, "end", actor)
        enrollment.reason = delivery.cancel_reason
        tell(enrollment, "delivery_cancelled")


def fit_places(event: DeliveryChanged, actor: Actor) -> None:
    """Changed places or pools: refused when people would lose theirs, else whoever fits now is seated."""
    if not {"places", "pools"} & set(event.changed):
        return
    delivery = db.session.get_one(Delivery, event.delivery_id)
    now = seating(delivery)
    if now.is_oversold:
        raise Conflict(
            "fewer_places_than_taken",
            _l("People already have these places: at least %(count)s more are needed for them.", count=-now.open_left),
            "places",
        )
    fill(actor, delivery)
