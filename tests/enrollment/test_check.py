"""`flask check` finds what the services never let happen: each breach is planted past them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core import audit
from core.database import transaction
from core.policy import SYSTEM
from courses.models import Delivery, Pool
from enrollment import queries
from enrollment.models import Enrollment
from tests import factories
from tests.enrollment import makers


def planted(change: Callable[[], None]) -> list[str]:
    assert list(queries.breaches()) == []
    with transaction():
        change()
        audit.record(SYSTEM, "test.breach", "test", {})
    return list(queries.breaches())


def write(table: Any, where: Any, **values: Any) -> None:
    factories.plant(sa.update(table).where(where).values(**values))


@pytest.mark.both_databases
def test_more_people_than_places(context: Flask) -> None:
    delivery = makers.delivery(places=2)
    for _ in range(2):
        makers.enrolled(delivery)
    (sentence,) = planted(lambda: write(Delivery, Delivery.id == delivery.id, places=1))
    assert sentence == f"places: {delivery.code} has 1 more people seated than places for them"


def test_more_of_a_category_than_its_places(context: Flask) -> None:
    delivery = makers.delivery(places=2, pools={"police": 1})
    makers.enrolled(delivery, "civilian")
    (sentence,) = planted(lambda: write(Pool, Pool.delivery_id == delivery.id, places=2))
    assert "1 more people seated" in sentence


def test_somebody_waits_although_a_place_is_free(context: Flask) -> None:
    delivery = makers.delivery(places=1)
    makers.enrolled(delivery, "police")
    makers.enrolled(delivery, "police")
    (sentence,) = planted(lambda: write(Delivery, Delivery.id == delivery.id, places=2))
    assert (
        sentence == f"places: 1 wait for {delivery.code} (police) although a place for them is free"
    )


def test_two_people_at_the_same_place_in_the_line(context: Flask) -> None:
    delivery = makers.delivery(places=1)
    for _ in range(3):
        makers.enrolled(delivery)
    (sentence,) = planted(lambda: write(Enrollment, Enrollment.status == "waitlisted", line=7))
    assert sentence == f"enrollments: several people share number 7 in the line of {delivery.code}"


def test_somebody_goes_on_after_the_delivery_was_cancelled(context: Flask) -> None:
    delivery = makers.delivery()
    enrollment = makers.enrolled(delivery)
    (sentence,) = planted(lambda: write(Delivery, Delivery.id == delivery.id, status="cancelled"))
    assert sentence == f"enrollments: {enrollment.id} goes on although {delivery.code} is cancelled"
