"""A course and a delivery for tests, made through the services, each in a transaction of its own
(inside an app context)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from core.database import transaction
from core.policy import SYSTEM, Actor
from courses import services
from courses.models import Course, Delivery
from courses.plans import DeliveryPlan, PoolPlan
from courses.queries import get_course, get_delivery
from courses.schemas import CourseBody

GTI_FILE = Path(__file__).parents[2] / "demonstration/courses/gender-training-initiative.json"


def gti() -> dict[str, Any]:
    """The body of the Gender Training Initiative: three days, 12 sessions of 90 minutes, for PUT
    /courses/{code}."""
    return {
        key: value
        for key, value in json.loads(GTI_FILE.read_text(encoding="utf-8")).items()
        if key != "code"
    }


def course(actor: Actor = SYSTEM, code: str = "GTI", **changes: Any) -> Course:
    """The Gender Training Initiative under `code`, with parts of its body replaced
    (`completion={…}`, `grants=[…]`, `centre="KAC"`)."""
    body = CourseBody.model_validate(gti() | changes)
    with transaction():
        services.put_course(actor, code, body.definition(), centre=body.centre)
    return get_course(code)


def delivery(
    actor: Actor = SYSTEM,
    course: Course | None = None,
    places: int = 25,
    pools: Mapping[str, int] | None = None,
    published: bool = True,
    **changes: Any,
) -> Delivery:
    """A delivery of `course` (default: the Gender Training Initiative), from Monday 8 March 2027
    in Halifax unless `changes` say otherwise (fields of DeliveryPlan). Note: `actor` does not
    yet have the rights that scheduling it gives (`factories.refreshed(actor)` does)."""
    taught = course or _course_of_the_house()
    values: dict[str, Any] = {
        "starts_on": date(2027, 3, 8),
        "time_zone": "America/Halifax",
        "venue": "Clementsport",
        "country": "CA",
        "language": "en",
    }
    plans = tuple(PoolPlan(category, number) for category, number in (pools or {}).items())
    plan = DeliveryPlan(**(values | {"places": places, "pools": plans} | changes))
    with transaction():
        delivery_ = services.schedule(actor, get_course(taught.code), plan, is_published=published)
        code = delivery_.code
    return get_delivery(SYSTEM, code)


def _course_of_the_house() -> Course:
    from core.errors import NotFound

    try:
        return get_course("GTI")
    except NotFound:
        return course()
