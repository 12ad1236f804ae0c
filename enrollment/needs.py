"""People's needs (access, diet, health): read by those who arrange rooms and meals, never during
selection, and erased a month after the last session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from core import clock
from core.database import db
from core.paging import Page, page
from core.policy import Actor, can, require
from courses.models import Delivery, DeliverySession
from enrollment.models import SEATED, Enrollment
from enrollment.queries import PEOPLE
from people.permissions import Permission

KEPT_FOR = timedelta(days=30)


def needs_shown(actor: Actor, enrollment: Enrollment) -> str | None:
    """For the person, and for the organization that entered them in its nomination. People who
    decide do not see them there, not even for their own organization."""
    grant = actor.grants.get(Permission.ENROLLMENT_NOMINATE)
    is_nominators = grant is not None and enrollment.nominated_by_id in grant.organization
    is_own = actor.person_id is not None and actor.person_id == enrollment.person_id
    decides = can(actor, Permission.ENROLLMENT_DECIDE, enrollment)
    return enrollment.needs if is_own or (is_nominators and not decides) else None


def everyone_in_need(actor: Actor, delivery: Delivery) -> Sequence[Enrollment]:
    """People who have a place and needs, unordered."""
    return db.session.scalars(_needing(actor, delivery)).all()


def list_needs(
    actor: Actor, delivery: Delivery, *, after: str | None, limit: int
) -> Page[Enrollment]:
    """The same people, in the order of their enrollments."""
    return page(_needing(actor, delivery), [Enrollment.id], after=after, limit=limit)


def _needing(actor: Actor, delivery: Delivery) -> sa.Select[Enrollment]:
    require(actor, Permission.NEEDS_READ, delivery)
    seated = sa.select(Enrollment).where(
        Enrollment.delivery_id == delivery.id, Enrollment.status.in_(SEATED)
    )
    return seated.where(Enrollment.needs.is_not(None)).options(*PEOPLE)


def count_seated(delivery: Delivery) -> int:
    seated = sa.select(sa.func.count()).where(
        Enrollment.delivery_id == delivery.id, Enrollment.status.in_(SEATED)
    )
    return db.session.scalar(seated) or 0


def are_erased(delivery: Delivery) -> bool:
    """Whether the last session is so long ago that needs are erased."""
    return db.session.scalar(over().where(DeliverySession.delivery_id == delivery.id)) is not None


def over() -> sa.Select[int]:
    """Selects deliveries whose last session held ended a month ago."""
    statement = sa.select(DeliverySession.delivery_id).where(DeliverySession.cancelled_at.is_(None))
    return statement.group_by(DeliverySession.delivery_id).having(
        sa.func.max(DeliverySession.ends_at) < clock.now() - KEPT_FOR
    )
