"""Deliveries as others see them, with free places."""

from __future__ import annotations

from typing import Any

import enrollment.queries
from core.api import Answer
from core.paging import Page
from core.web import current_actor
from courses import queries
from courses.models import Delivery
from courses.schemas import DeliveriesQuery, DeliveryAnswer, delivery_facts
from enrollment.api.routes import routes
from people.personnel import PersonnelCategory


class PlacesAnswer(Answer):
    """`category` null: places beyond the pools, open to everyone."""

    category: PersonnelCategory | None
    places: int
    places_left: int
    waiting: int


class DeliveryWithPlaces(DeliveryAnswer):
    """`pools` as scheduled, with the free places of each; `open_places` are those beyond all pools;
    `places_left` is the total."""

    pools: list[PlacesAnswer]  # type: ignore[assignment]  # more fields than the base's
    open_places: PlacesAnswer | None
    places_left: int
    waiting: int
    is_open: bool


@routes.call(
    "GET",
    "/deliveries",
    "List the deliveries",
    query=DeliveriesQuery,
    answers={200: DeliveryWithPlaces},
    is_list=True,
    is_catalogue=True,
)
def list_deliveries(query: DeliveriesQuery) -> Page[DeliveryWithPlaces]:
    page = enrollment.queries.list_deliveries(
        current_actor(),
        course=query.course,
        status=query.status,
        language=query.language,
        country=query.country,
        first=query.from_,
        last=query.to,
        after=query.after,
        limit=query.limit,
    )
    places = enrollment.queries.places([delivery.id for delivery in page.items])
    return Page([_answer(delivery, places[delivery.id]) for delivery in page.items], page.next)


@routes.call(
    "GET",
    "/deliveries/<code>",
    "A delivery with its places left",
    answers={200: DeliveryWithPlaces},
    is_catalogue=True,
)
def get_delivery(code: str) -> DeliveryWithPlaces:
    delivery = queries.get_delivery(current_actor(), code)
    return _answer(delivery, enrollment.queries.places([delivery.id])[delivery.id])


def _answer(delivery: Delivery, places: list[Any]) -> DeliveryWithPlaces:
    """`places`: the PoolPlaces of the delivery."""
    parts = [
        PlacesAnswer(
            category=part.category, places=part.places, places_left=part.left, waiting=part.waiting
        )
        for part in places
    ]
    total = enrollment.queries.total_of(places)
    return DeliveryWithPlaces(
        **{**delivery_facts(delivery), "pools": [part for part in parts if part.category]},
        open_places=next((part for part in parts if part.category is None), None),
        places_left=total.left,
        waiting=total.waiting,
        is_open=queries.is_open_for_enrollment(delivery),
    )
