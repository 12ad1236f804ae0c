"""The lifecycles of a course and of a delivery."""

from __future__ import annotations

from core.lifecycles import Machine, Transition
from courses.events import (
    CourseBroughtBack,
    CourseRetired,
    DeliveryCancelled,
    DeliveryFinished,
    DeliveryPublished,
)
from courses.models import CourseStatus
from courses.models import DeliveryStatus as S
from people.permissions import Permission

_DRAFT, _PUBLISHED = frozenset({S.DRAFT}), frozenset({S.PUBLISHED})
_RUNNING = _DRAFT | _PUBLISHED

#: Deliveries in these states can be changed or cancelled.
CHANGEABLE = _RUNNING

#: A retired course keeps its deliveries and certificates, but no new delivery can be scheduled.
COURSE = Machine(
    CourseStatus.TAUGHT,
    [
        Transition(
            "retire",
            frozenset({CourseStatus.TAUGHT}),
            CourseStatus.RETIRED,
            Permission.COURSE_RETIRE,
            lambda c, before: CourseRetired(c.id, c.code),
        ),
        Transition(
            "bring_back",
            frozenset({CourseStatus.RETIRED}),
            CourseStatus.TAUGHT,
            Permission.COURSE_RETIRE,
            lambda c, before: CourseBroughtBack(c.id, c.code),
        ),
    ],
)

DELIVERY = Machine(
    S.DRAFT,
    [
        Transition(
            "publish",
            _DRAFT,
            S.PUBLISHED,
            Permission.DELIVERY_WRITE,
            lambda d, before: DeliveryPublished(d.id),
        ),
        Transition(
            "cancel",
            _RUNNING,
            S.CANCELLED,
            Permission.DELIVERY_WRITE,
            lambda d, before: DeliveryCancelled(d.id),
        ),
        Transition(
            "finish",
            _PUBLISHED,
            S.FINISHED,
            Permission.DELIVERY_FINISH,
            lambda d, before: DeliveryFinished(d.id),
        ),
    ],
)
