"""The API of skills, courses and changes to deliveries. Enrollment has the lists of deliveries,
which show places."""

from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext as _l

from core.api import ListQuery, Routes
from core.codes import key
from core.errors import Invalid
from core.paging import Page
from core.policy import require
from core.web import current_actor
from courses import queries, services
from courses.models import CourseStatus
from courses.schemas import (
    CancelBody,
    CourseAnswer,
    CourseBody,
    CourseQuery,
    CutShortBody,
    DeliveryAnswer,
    DeliveryBody,
    SkillAnswer,
    SkillBody,
)
from people.models import BodyKind
from people.permissions import Permission as P
from people.queries import get_body

routes = Routes("courses")


@routes.call(
    "PUT",
    "/skills/<code>",
    "Make or reword a skill",
    requires=P.SKILL_WRITE,
    body=SkillBody,
    answers={200: SkillAnswer, 201: SkillAnswer},
    location=lambda answer: url_for("courses_api.put_skill", code=answer.code),
)
def put_skill(code: str, body: SkillBody) -> tuple[SkillAnswer, int]:
    """What is left out stays as it is. Changing the words of a skill that another centre's course
    grants is refused (403)."""
    skill, is_new = services.put_skill(
        current_actor(),
        code,
        title=body.title,
        description=body.description,
        framework=body.framework,
    )
    return SkillAnswer.of(skill), 201 if is_new else 200


@routes.call(
    "GET",
    "/skills",
    "List the skills",
    query=ListQuery,
    answers={200: SkillAnswer},
    is_list=True,
    is_catalogue=True,
)
def list_skills(query: ListQuery) -> Page[SkillAnswer]:
    page = queries.list_skills(after=query.after, limit=query.limit)
    return Page([SkillAnswer.of(skill) for skill in page.items], page.next)


@routes.call(
    "PUT",
    "/courses/<code>",
    "Make or change a course",
    requires=P.COURSE_WRITE,
    body=CourseBody,
    answers={200: CourseAnswer, 201: CourseAnswer},
    location=lambda answer: url_for("courses_api.get_course", code=answer.code),
)
def put_course(code: str, body: CourseBody) -> tuple[CourseAnswer, int]:
    """Fields left out stay as they are; lists are replaced as a whole. A change to what the course
    teaches or grants creates a new version; deliveries keep theirs."""
    if body.code is not None and key(body.code) != key(code):
        raise Invalid(
            "code_differs", _l("The code in the body differs from the one in the address."), "code"
        )
    definition = body.definition(services.find_course_to_change(code))
    course, is_new = services.put_course(
        current_actor(), code, definition, version=body.version, centre=body.centre
    )
    return CourseAnswer.of(course), 201 if is_new else 200


@routes.call(
    "GET",
    "/courses",
    "List the courses",
    query=CourseQuery,
    answers={200: CourseAnswer},
    is_list=True,
    is_catalogue=True,
)
def list_courses(query: CourseQuery) -> Page[CourseAnswer]:
    page = queries.list_courses(
        is_retired=query.status is CourseStatus.RETIRED, after=query.after, limit=query.limit
    )
    return Page([CourseAnswer.of(course) for course in page.items], page.next)


@routes.call(
    "GET",
    "/courses/<code>",
    "A course with its version in force",
    answers={200: CourseAnswer},
    is_catalogue=True,
)
def get_course(code: str) -> CourseAnswer:
    return CourseAnswer.of(queries.get_course(code))


@routes.call(
    "POST",
    "/courses/<code>/retire",
    "Stop teaching a course",
    requires=P.COURSE_RETIRE,
    answers={200: CourseAnswer},
)
def retire_course(code: str) -> CourseAnswer:
    return CourseAnswer.of(services.retire(current_actor(), code))


@routes.call(
    "POST",
    "/courses/<code>/bring-back",
    "Teach a retired course again",
    requires=P.COURSE_RETIRE,
    answers={200: CourseAnswer},
)
def bring_course_back(code: str) -> CourseAnswer:
    return CourseAnswer.of(services.bring_back(current_actor(), code))


@routes.call(
    "POST",
    "/courses/<code>/deliveries",
    "Schedule a delivery",
    requires=P.DELIVERY_SCHEDULE,
    body=DeliveryBody,
    answers={201: DeliveryAnswer},
    location=lambda answer: url_for("enrollment_api.get_delivery", code=answer.code),
)
def post_delivery(code: str, body: DeliveryBody) -> tuple[DeliveryAnswer, int]:
    course = queries.get_course(code)
    actor = current_actor()
    require(actor, P.DELIVERY_SCHEDULE, course)
    if body.centre is not None and key(body.centre) != key(course.centre.code):
        sentence = _l(
            "This course belongs to the centre %(code)s, which holds its deliveries.",
            code=course.centre.code,
        )
        raise Invalid("centre_differs", sentence, "centre")
    trainers = (
        queries.trainer_ids(body.trainers, course.centre_id) if body.trainers is not None else None
    )
    funder_id = get_body(body.funder, "funder", BodyKind.FUNDER).id if body.funder else None
    return DeliveryAnswer.of(
        services.schedule(actor, course, body.plan(course, trainers, funder_id))
    ), 201


@routes.call(
    "POST",
    "/deliveries/<code>/publish",
    "Open a draft to the public",
    requires=P.DELIVERY_WRITE,
    answers={200: DeliveryAnswer},
)
def publish_delivery(code: str) -> DeliveryAnswer:
    actor = current_actor()
    return DeliveryAnswer.of(services.publish(actor, queries.get_delivery(actor, code)))


@routes.call(
    "POST",
    "/deliveries/<code>/cancel",
    "Cancel a delivery",
    requires=P.DELIVERY_WRITE,
    body=CancelBody,
    answers={200: DeliveryAnswer},
)
def cancel_delivery(code: str, body: CancelBody) -> DeliveryAnswer:
    actor = current_actor()
    return DeliveryAnswer.of(
        services.cancel(actor, queries.get_delivery(actor, code), reason=body.reason)
    )


@routes.call(
    "POST",
    "/deliveries/<code>/cut-short",
    "Cut a delivery short",
    requires=P.DELIVERY_FINISH,
    body=CutShortBody,
    answers={200: DeliveryAnswer},
)
def cut_short(code: str, body: CutShortBody) -> DeliveryAnswer:
    """For a course that ends early. The sessions after `after_session` are cancelled and count as
    not taught; completion still requires its share of the whole course's minutes. If no session was
    held, send 0, then cancel the delivery."""
    actor = current_actor()
    delivery = queries.get_delivery(actor, code)
    return DeliveryAnswer.of(
        services.cut_short(actor, delivery, after_session=body.after_session, reason=body.reason)
    )
