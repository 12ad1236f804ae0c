"""Lists of deliveries, for those who work on them, and for the API."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import joinedload, selectinload

from core.paging import Page, newest, page
from core.policy import Actor
from courses.models import Course, Delivery, DeliveryStatus
from courses.queries import BODIES, deliveries_of_work, deliveries_visible
from courses.states import CHANGEABLE


def list_worked_on(
    actor: Actor, status: DeliveryStatus, *, after: str | None, limit: int
) -> Page[Delivery]:
    """Deliveries of this status that the actor works on: upcoming ones by date, past ones latest
    first."""
    statement = deliveries_of_work(actor).where(Delivery.status == status)
    if status in CHANGEABLE:
        return page(statement, [Delivery.starts_on, Delivery.id], after=after, limit=limit)
    return newest(statement, Delivery.id.expression, after=after, limit=limit)


def list_deliveries(
    actor: Actor,
    *,
    course: str | None,
    status: DeliveryStatus | None,
    language: str | None,
    country: str | None,
    first: date | None,
    last: date | None,
    after: str | None,
    limit: int,
) -> Page[Delivery]:
    """Deliveries that the actor may see, by date. `first`, `last`: the range of starting days."""
    statement = deliveries_visible(actor).options(
        joinedload(Delivery.version),
        *BODIES,
        selectinload(Delivery.sessions),
        selectinload(Delivery.pools),
    )
    if course:
        statement = statement.where(Delivery.course.has(Course.code == course))
    filters = {Delivery.status: status, Delivery.language: language, Delivery.country: country}
    conditions = [column == value for column, value in filters.items() if value]
    if first:
        conditions.append(Delivery.starts_on >= first)
    if last:
        conditions.append(Delivery.starts_on <= last)
    return page(
        statement.where(*conditions), [Delivery.starts_on, Delivery.id], after=after, limit=limit
    )
