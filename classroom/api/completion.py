"""Completion: how people stand, and the end of a delivery."""

from __future__ import annotations

from collections import Counter

from classroom import queries, services
from classroom.api.routes import routes
from classroom.schemas import FinishedAnswer, ReopenBody, ReopenedAnswer, ResultAnswer
from core.api import ListQuery
from core.paging import Page, page_of
from core.web import current_actor
from courses.queries import get_delivery, get_delivery_for
from people.permissions import Permission


@routes.call(
    "GET",
    "/deliveries/<code>/completion",
    "Who is complete, and what the others lack",
    requires=Permission.ATTENDANCE_READ,
    query=ListQuery,
    answers={200: ResultAnswer},
    is_list=True,
)
def completion(code: str, query: ListQuery) -> Page[ResultAnswer]:
    """Everyone who has a place, in the order of the enrollments."""
    delivery = get_delivery_for(current_actor(), code, Permission.ATTENDANCE_READ)
    page = page_of(
        queries.completion(delivery),
        lambda result: result.enrollment.id,
        after=query.after,
        limit=query.limit,
    )
    return Page([ResultAnswer.of(result) for result in page.items], page.next)


@routes.call(
    "POST",
    "/deliveries/<code>/finish",
    "Close the delivery and fix each result",
    requires=Permission.DELIVERY_FINISH,
    answers={200: FinishedAnswer},
)
def finish(code: str) -> FinishedAnswer:
    actor = current_actor()
    delivery = services.finish(actor, get_delivery(actor, code).id)
    counted = Counter(result.enrollment.status.value for result in queries.completion(delivery))
    return FinishedAnswer(
        code=delivery.code,
        status=delivery.status.value,
        completed=counted["completed"],
        not_completed=counted["not_completed"],
        no_show=counted["no_show"],
    )


@routes.call(
    "POST",
    "/deliveries/<code>/reopen",
    "Open fixed results again, to correct them",
    requires=Permission.DELIVERY_FINISH,
    body=ReopenBody,
    answers={200: ReopenedAnswer},
)
def reopen(code: str, body: ReopenBody) -> ReopenedAnswer:
    """Marks and scores of these people can be corrected until `finish` fixes their results anew."""
    actor = current_actor()
    delivery = services.reopen(
        actor, get_delivery(actor, code).id, body.enrollments, reason=body.reason
    )
    return ReopenedAnswer(
        code=delivery.code, status=delivery.status.value, reopened=len(set(body.enrollments))
    )
