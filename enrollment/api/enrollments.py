"""Enrollments: apply, nominate, select, withdraw."""

from __future__ import annotations

from flask import url_for

from core.database import db, settings_of
from core.errors import renamed
from core.names import is_same_name
from core.paging import Page, page
from core.policy import Actor, can, can_beyond_oneself, require
from core.web import current_actor
from courses.models import Delivery
from courses.queries import get_delivery
from courses.services import touch
from enrollment import queries, services
from enrollment.api.routes import routes
from enrollment.models import Enrollment
from enrollment.participation import get_letter
from enrollment.schemas import (
    ApplicantBody,
    DeclineBody,
    EnrollmentAnswer,
    EnrollmentBody,
    EnrollmentQuery,
    LetterAnswer,
    WithdrawBody,
)
from people.models import Organization, Person
from people.permissions import Permission
from people.services import change_person, organization_by_code, require_own_name
from people.values import email_key, require_sender


@routes.call(
    "POST", "/deliveries/<code>/enrollments", "Enrol a person, or nominate one", body=EnrollmentBody,
    answers={201: EnrollmentAnswer}, location=lambda answer: url_for("enrollment_api.enrollment", enrollment_id=answer.id),
)  # fmt: skip
def enroll(code: str, body: EnrollmentBody):
    """Coordinators enrol anyone, nominators people of their organization (`nominated_by`, which may be left out by who
    nominates for one), and participants themselves."""
    actor = current_actor()
    delivery = get_delivery(actor, code)
    is_own = _is_self(actor, body.person) and not body.nominated_by
    services.require_own_answer(actor, actor.person_id if is_own else None, body.roster_consent)
    with renamed(lambda field: _OF_THE_PERSON.get(field, field)):
        if organization := _nominator(actor, delivery, body):
            enrollment = services.nominate(actor, delivery.id, organization, [body.nominee()])[0]
        else:
            touch(delivery.id)  # before a person is written: all who write here queue at the same place
            enrollment = _entered(actor, delivery, body)
    return _answer(actor, enrollment), 201


#: What people say anew about themselves by enrolling. Their name they change on their own page, their address by its own way.
_ONES_OWN = ("country", "gender", "birth_date", "language")
_OF_THE_PERSON = {name: f"person.{name}" for name in (*_ONES_OWN, "name_on_certificate")}


def _nominator(actor: Actor, delivery: Delivery, body: EnrollmentBody) -> Organization | None:
    """The organization that is named; else, for those who may only nominate, the one that they nominate for."""
    if body.nominated_by:
        return organization_by_code(actor, body.nominated_by)
    if can(actor, Permission.ENROLLMENT_CREATE, delivery) or _is_self(actor, body.person):
        return None
    return db.session.get_one(Organization, *actor.organization_ids) if len(actor.organization_ids) == 1 else None


def _is_self(actor: Actor, body: ApplicantBody) -> bool:
    """Whether those who act enter themselves. Who may enter others can share a mailbox with them: the name tells."""
    if actor.email is None or email_key(body.email) != email_key(actor.email):
        return False
    own, said = db.session.get_one(Person, actor.person_id), (body.given_name or "", body.family_name or "")
    enters_others = actor.organization_ids or can_beyond_oneself(actor, Permission.ENROLLMENT_CREATE)
    return not enters_others or not any(said) or is_same_name(said, (own.given_name, own.family_name))


def _entered(actor: Actor, delivery: Delivery, body: EnrollmentBody) -> Enrollment:
    """A participant is known already, and cannot probe for anyone else; a coordinator enters anyone."""
    who = body.person
    services.require_identity(who.identifier, who.email)
    require_sender(who.country, body.organization)
    if _is_self(actor, who):
        said = {name: getattr(who, name) for name in _ONES_OWN}
        own = db.session.get_one(Person, actor.person_id)
        require_own_name(own, who.given_name, who.family_name, "person.given_name")
        change_person(actor, own, **{name: value for name, value in said.items() if value is not None})
        return services.enroll(actor, delivery.id, own, body.wish())
    require(actor, Permission.ENROLLMENT_CREATE, delivery)
    return services.enter(actor, delivery.id, body.nominee())


@routes.call(
    "GET", "/deliveries/<code>/enrollments", "Enrollments of a delivery", requires=Permission.ENROLLMENT_READ,
    query=EnrollmentQuery, answers={200: EnrollmentAnswer}, is_list=True,
)  # fmt: skip
def enrollments(code: str, query: EnrollmentQuery):
    """Those that the caller may see: a nominator the own organization's, a participant the own."""
    actor = current_actor()
    delivery = get_delivery(actor, code)
    statement = queries.enrollments_of(actor, delivery)
    if query.status is not None:
        statement = statement.where(queries.stands_at(query.status))
    if query.category is not None:
        statement = statement.where(Enrollment.category == query.category)
    found = page(statement, [Enrollment.id], after=query.after, limit=query.limit)
    positions = queries.positions(delivery.id)
    return Page([EnrollmentAnswer.of(actor, one, positions.get(one.standing.id)) for one in found.items], found.next)


@routes.call("GET", "/enrollments/<int:enrollment_id>", "An enrollment", answers={200: EnrollmentAnswer})
def enrollment(enrollment_id: int):
    actor = current_actor()
    return _answer(actor, queries.get_enrollment(actor, enrollment_id))


@routes.call("POST", "/enrollments/<int:enrollment_id>/approve", "Accept a request", answers={200: EnrollmentAnswer})
def approve(enrollment_id: int):
    actor = current_actor()
    return _answer(actor, services.approve(actor, queries.get_enrollment(actor, enrollment_id)))


@routes.call(
    "POST", "/enrollments/<int:enrollment_id>/decline", "Refuse a request", body=DeclineBody, answers={200: EnrollmentAnswer}
)
def decline(enrollment_id: int, body: DeclineBody):
    actor = current_actor()
    return _answer(actor, services.decline(actor, queries.get_enrollment(actor, enrollment_id), reason=body.reason))


@routes.call(
    "POST", "/enrollments/<int:enrollment_id>/withdraw", "Give up a place or a request", body=WithdrawBody,
    answers={200: EnrollmentAnswer}, body_is_optional=True,
)  # fmt: skip
def withdraw(enrollment_id: int, body: WithdrawBody):
    actor = current_actor()
    return _answer(actor, services.withdraw(actor, queries.get_enrollment(actor, enrollment_id), reason=body.reason))


@routes.call("GET", "/enrollments/<int:enrollment_id>/letter", "The letter of participation", answers={200: LetterAnswer})
def letter(enrollment_id: int):
    """For people who attended but did not complete the course. The person and those who issue certificates can read it."""
    actor = current_actor()
    said = get_letter(actor, queries.get_enrollment(actor, enrollment_id))
    enrollment, delivery = said.enrollment, said.delivery
    return LetterAnswer(
        enrollment=enrollment.id, issuer=dict(delivery.centre.titles), name=enrollment.name_on_certificate,
        course=delivery.course.code, title=delivery.course.title,
        delivery=delivery.code, starts_on=delivery.starts_on, ends_on=delivery.ends_on, venue=delivery.venue,
        country=delivery.country, minutes=said.minutes, minutes_taught=said.minutes_taught,
        minutes_of_course=said.minutes_of_course,
        page_url=settings_of().public_url + url_for("enrollment.letter", enrollment_id=enrollment.id),
    )  # fmt: skip


def _answer(actor: Actor, enrollment: Enrollment) -> EnrollmentAnswer:
    return EnrollmentAnswer.of(actor, enrollment, queries.positions(enrollment.delivery_id).get(enrollment.standing.id))
