"""The needs of people with a place, for those who arrange rooms and meals. Every reading is
recorded."""

from __future__ import annotations

from typing import Any

from flask import render_template

from core import readings
from core.web import current_actor, requires
from courses.queries import get_delivery
from enrollment import needs as arranging
from enrollment import queries, services
from enrollment.views.blueprint import pages
from people.permissions import Permission as P


@pages.get("/deliveries/<code>/needs")
@requires(P.NEEDS_READ)
def needs(code: str) -> Any:
    actor = current_actor()
    delivery = get_delivery(actor, code)
    enrollments = arranging.everyone_in_need(actor, delivery)
    people = sorted(
        ((queries.person_shown(actor, enrollment), enrollment) for enrollment in enrollments),
        key=lambda pair: (pair[0].sort_name, pair[1].id),
    )
    page = render_template(
        "enrollment/needs.html",
        delivery=delivery,
        people=people,
        seated=arranging.count_seated(delivery),
        is_erased=arranging.are_erased(delivery),
    )
    delivery_id, count = delivery.id, len(people)
    readings.record(lambda: services.record_needs_read(actor, delivery_id, count))
    return page
