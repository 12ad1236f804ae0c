"""`flask check` finds what of the classroom the services never let happen: each breach is
planted past them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from classroom import queries
from classroom.models import Mark
from core import audit
from core.database import transaction
from core.policy import SYSTEM
from courses.models import Delivery, DeliverySession
from tests.enrollment import makers
from tests.enrollment.test_check import write


def planted(change: Callable[[], None]) -> list[str]:
    assert list(queries.breaches()) == []
    with transaction():
        change()
        audit.record(SYSTEM, "test.breach", "test", {})
    return list(queries.breaches())


def test_somebody_goes_on_after_the_end(context: Flask) -> None:
    delivery = makers.delivery()
    enrollment = makers.enrolled(delivery)
    (sentence,) = planted(lambda: write(Delivery, Delivery.id == delivery.id, status="finished"))
    assert sentence == f"enrollments: {enrollment.id} goes on although {delivery.code} is finished"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"minutes": 91}, "91 minutes of a session of 90"),
        ({"mark": "absent"}, "is absent but has 90 minutes"),
    ],
)
def test_marks_that_cannot_be(context: Flask, values: dict, words: str) -> None:
    delivery = makers.delivery()
    makers.attend(delivery, makers.enrolled(delivery), 90)
    sentences = planted(lambda: write(Mark, Mark.minutes == 90, **values))
    assert len(sentences) == 1 and words in sentences[0]


def test_marks_of_another_delivery(context: Flask) -> None:
    delivery, other = makers.delivery(), makers.delivery()
    makers.attend(delivery, makers.enrolled(delivery), 90)
    elsewhere = sa.select(DeliverySession.id).where(
        DeliverySession.delivery_id == other.id, DeliverySession.number == 1
    )
    sentences = planted(
        lambda: write(Mark, Mark.minutes == 90, session_id=elsewhere.scalar_subquery())
    )
    assert len(sentences) == 1 and "of another delivery" in sentences[0]
