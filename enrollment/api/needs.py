"""Needs of people with a place."""

from __future__ import annotations

from core import readings
from core.api import ListQuery
from core.paging import Page
from core.web import current_actor
from courses.queries import get_delivery
from enrollment import needs as arranging
from enrollment import services
from enrollment.api.routes import routes
from enrollment.schemas import NeedsAnswer
from people.permissions import Permission


@routes.call(
    "GET",
    "/deliveries/<code>/needs",
    "Access, diet and health needs of people with a place",
    requires=Permission.NEEDS_READ,
    query=ListQuery,
    answers={200: NeedsAnswer},
    is_list=True,
)
def needs(code: str, query: ListQuery) -> Page[NeedsAnswer]:
    """For those who arrange rooms and meals; people without needs are left out. The audit trail
    records each reading. Needs are erased 30 days after the last session."""
    actor = current_actor()
    delivery = get_delivery(actor, code)
    page = arranging.list_needs(actor, delivery, after=query.after, limit=query.limit)
    answers = Page([NeedsAnswer.of(item) for item in page.items], page.next)
    delivery_id = delivery.id
    readings.record(lambda: services.record_needs_read(actor, delivery_id, len(answers.items)))
    return answers
