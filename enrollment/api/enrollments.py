"""Enrollments: apply, nominate, select, withdraw."""

from __future__ import annotations

from flask import url_for

from core.api import JobStarted, job_path, job_started
from core.errors import renamed
from core.paging import Page
from core.policy import Actor
from core.web import current_actor
from courses.queries import get_delivery
from enrollment import queries, services
from enrollment.api.routes import routes
from enrollment.models import Enrollment
from enrollment.schemas import (
    DeclineBody,
    EnrollmentAnswer,
    EnrollmentBody,
    EnrollmentQuery,
    NominationsBody,
    WithdrawBody,
)
from people.permissions import Permission


@routes.call(
    "POST",
    "/deliveries/<code>/enrollments",
    "Enrol a person, or nominate one",
    body=EnrollmentBody,
    answers={201: EnrollmentAnswer},
    location=lambda answer: url_for("enrollment_api.enrollment", enrollment_id=answer.id),
)
def enroll(code: str, body: EnrollmentBody) -> tuple[EnrollmentAnswer, int]:
    """Coordinators enrol anyone, nominators people of their organization (`nominated_by`, optional
    for users who nominate for only one), and participants themselves."""
    actor = current_actor()
    delivery = get_delivery(actor, code)
    with renamed(lambda field: _OF_THE_PERSON.get(field, field)):
        enrollment = services.put_in(
            actor, delivery, body.nominee(), nominated_by=body.nominated_by
        )
    return _answer(actor, enrollment), 201


@routes.call(
    "POST",
    "/deliveries/<code>/nominations",
    "Nominate many people, in a job",
    body=NominationsBody,
    answers={202: JobStarted},
    location=lambda answer: job_path(answer.job.id),
)
def nominate(code: str, body: NominationsBody) -> tuple[JobStarted, int]:
    """All of them, or none. Their places and positions are promised with this answer; the job looks
    through the whole list, enters the people, and shows them when the last one is in. If it fails,
    no one is nominated, and its `errors` name each `row`, from 1, and `field`. Until then, the same
    organization nominates no one else for the delivery: 409 `list_being_entered`."""
    actor = current_actor()
    delivery = get_delivery(actor, code)
    with renamed(_in_the_list):
        job = services.put_in_list(actor, delivery, body.nominees, nominated_by=body.nominated_by)
    return job_started(job), 202


def _in_the_list(field: str) -> str:
    """`nominations.6.category` for "row-7.category"."""
    row, _, name = field.partition(".")
    number = row.removeprefix("row-")
    return f"nominations.{int(number) - 1}.{name}" if number.isdigit() else field


_OF_THE_PERSON = {name: f"person.{name}" for name in (*services.ONES_OWN, "name_on_certificate")}


@routes.call(
    "GET",
    "/deliveries/<code>/enrollments",
    "Enrollments of a delivery",
    requires=Permission.ENROLLMENT_READ,
    query=EnrollmentQuery,
    answers={200: EnrollmentAnswer},
    is_list=True,
)
def enrollments(code: str, query: EnrollmentQuery) -> Page[EnrollmentAnswer]:
    """Those that the caller may see: nominators their organization's, participants their own."""
    actor = current_actor()
    delivery = get_delivery(actor, code)
    page = queries.list_enrollments(
        actor,
        delivery,
        status=query.status,
        category=query.category,
        after=query.after,
        limit=query.limit,
    )
    positions = queries.positions(delivery.id)
    return Page(
        [EnrollmentAnswer.of(actor, item, positions.get(item.standing.id)) for item in page.items],
        page.next,
    )


@routes.call(
    "GET", "/enrollments/<int:enrollment_id>", "An enrollment", answers={200: EnrollmentAnswer}
)
def enrollment(enrollment_id: int) -> EnrollmentAnswer:
    actor = current_actor()
    return _answer(actor, queries.get_enrollment(actor, enrollment_id))


@routes.call(
    "POST",
    "/enrollments/<int:enrollment_id>/approve",
    "Accept a request",
    answers={200: EnrollmentAnswer},
)
def approve(enrollment_id: int) -> EnrollmentAnswer:
    actor = current_actor()
    return _answer(actor, services.approve(actor, queries.get_enrollment(actor, enrollment_id)))


@routes.call(
    "POST",
    "/enrollments/<int:enrollment_id>/decline",
    "Refuse a request",
    body=DeclineBody,
    answers={200: EnrollmentAnswer},
)
def decline(enrollment_id: int, body: DeclineBody) -> EnrollmentAnswer:
    actor = current_actor()
    return _answer(
        actor,
        services.decline(actor, queries.get_enrollment(actor, enrollment_id), reason=body.reason),
    )


@routes.call(
    "POST",
    "/enrollments/<int:enrollment_id>/withdraw",
    "Give up a place or a request",
    body=WithdrawBody,
    answers={200: EnrollmentAnswer},
    body_is_optional=True,
)
def withdraw(enrollment_id: int, body: WithdrawBody) -> EnrollmentAnswer:
    actor = current_actor()
    return _answer(
        actor,
        services.withdraw(actor, queries.get_enrollment(actor, enrollment_id), reason=body.reason),
    )


def _answer(actor: Actor, enrollment: Enrollment) -> EnrollmentAnswer:
    return EnrollmentAnswer.of(
        actor, enrollment, queries.positions(enrollment.delivery_id).get(enrollment.standing.id)
    )
