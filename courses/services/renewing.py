"""Makes calendars update a delivery if, and only if, they would show something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from core import clock
from core.database import db, in_thousands
from courses.calendars import shown
from courses.models import Delivery


@contextmanager
def renewed_calendars(deliveries: Sequence[Delivery]) -> Iterator[None]:
    """Wraps every change that calendars may show, whatever the status of the deliveries: calendars
    also hold past and cancelled ones. Only drafts are in no calendar."""
    before = [
        (delivery, shown(delivery))
        for delivery in deliveries
        if delivery.calendar_changed_at is not None
    ]
    yield
    differing = [delivery.id for delivery, then in before if shown(delivery) != then]
    renewed = {
        "calendar_sequence": Delivery.calendar_sequence + 1,
        "calendar_changed_at": clock.now(),
    }
    for some in in_thousands(differing):
        db.session.execute(sa.update(Delivery).where(Delivery.id.in_(some)).values(renewed))
