"""Needs are read by those who arrange rooms and meals, with a record in the audit trail, and erased
soon after."""

from __future__ import annotations

import sqlalchemy as sa

from core import audit
from core.database import db
from core.events import publish
from core.policy import SYSTEM, Actor, require
from courses.models import Delivery
from courses.services import touch
from enrollment.events import NeedsRead
from enrollment.models import Enrollment
from enrollment.needs import over
from people.permissions import Permission


def record_needs_read(actor: Actor, delivery_id: int, people: int) -> None:
    """Records that someone read the needs of people in a delivery: how many, never whose."""
    require(actor, Permission.NEEDS_READ, db.session.get_one(Delivery, delivery_id))
    publish(NeedsRead(delivery_id, people), actor)


def deliveries_to_erase() -> list[int]:
    """Deliveries with needs whose last session was a month ago."""
    ended = over().subquery()
    statement = sa.select(Enrollment.delivery_id).join(
        ended, ended.c.delivery_id == Enrollment.delivery_id
    )
    return list(
        db.session.scalars(
            statement.where(Enrollment.needs.is_not(None))
            .distinct()
            .order_by(Enrollment.delivery_id)
        )
    )


def erase_needs(delivery_id: int) -> int:
    """Erases the needs of everyone in a delivery, also of people without a place, and records how
    many."""
    touch(delivery_id)
    conditions = Enrollment.delivery_id == delivery_id, Enrollment.needs.is_not(None)
    statement = sa.update(Enrollment).where(*conditions).values(needs=None).returning(Enrollment.id)
    erased = db.session.scalars(statement, execution_options={"synchronize_session": False}).all()
    audit.record(SYSTEM, "needs.erased", f"delivery:{delivery_id}", {"people": len(erased)})
    return len(erased)
