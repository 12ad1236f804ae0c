"""Deliveries as others see them: with the places left."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

import enrollment.queries
from core.api import Answer
from core.paging import Page, page
from core.web import current_actor
from courses import queries
from courses.models import Course, Delivery
from courses.schemas import DeliveriesQuery, DeliveryAnswer, delivery_facts
from enrollment.api.routes import routes
from people.models import PersonnelCategory


class PlacesAnswer(Answer):
    """`category` null: places open to everyone beyond the pools."""

    category: PersonnelCategory | None
    places: int
    places_left: int
    waiting: int


class DeliveryWithPlaces(DeliveryAnswer):
    """`pools` as scheduled, with the places left in each; `open_places` are those beyond all pools; `places_left` is the
    total."""

    pools: list[PlacesAnswer]  # type: ignore[assignment]  # says more than the base's
    open_places: PlacesAnswer | None
    places_left: int
    waiting: int
    is_open: bool


@routes.call("GET", "/deliveries", "List the deliveries", query=DeliveriesQuery, answers={200: DeliveryWithPlaces}, is_list=True,
    is_catalogue=True)  # fmt: skip
def list_deliveries(query: DeliveriesQuery) -> Page[DeliveryWithPlaces]:
    statement = queries.deliveries_visible(current_actor()).options(
        joinedload(Delivery.version), *queries.BODIES, selectinload(Delivery.sessions), selectinload(Delivery.pools)
    )
    if query.course:
        statement = statement.where(Delivery.course.has(Course.code == query.course))
    found = page(statement.where(*_conditions(query)), [Delivery.starts_on, Delivery.id], after=query.after, limit=query.limit)
    places = enrollment.queries.places([delivery.id for delivery in found.items])
    return Page([_answer(delivery, places[delivery.id]) for delivery in found.items], found.next)


@routes.call("GET", "/deliveries/<code>", "A delivery with its places left", answers={200: DeliveryWithPlaces}, is_catalogue=True)
def get_delivery(code: str) -> DeliveryWithPlaces:
    delivery = queries.get_delivery(current_actor(), code)
    return _answer(delivery, enrollment.queries.places([delivery.id])[delivery.id])


def _conditions(query: DeliveriesQuery) -> list[sa.ColumnElement[bool]]:
    given = {
        Delivery.status: query.status,
        Delivery.language: query.language,
        Delivery.country: query.country,
    }
    conditions = [column == value for column, value in given.items() if value]
    if query.from_:
        conditions.append(Delivery.starts_on >= query.from_)
    if query.to:
        conditions.append(Delivery.starts_on <= query.to)
    return conditions


def _answer(delivery: Delivery, places: list[Any]) -> DeliveryWithPlaces:
    """`places`: the PoolPlaces of the delivery."""
    parts = [
        PlacesAnswer(category=part.category, places=part.places, places_left=part.left, waiting=part.waiting) for part in places
    ]
    return DeliveryWithPlaces(
        **{**delivery_facts(delivery), "pools": [part for part in parts if part.category]},
        open_places=next((part for part in parts if part.category is None), None),
        places_left=sum(part.places_left for part in parts),
        waiting=sum(part.waiting for part in parts),
        is_open=queries.is_open_for_enrollment(delivery),
    )
