"""Events of this package."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from core.events import Event


@dataclass(frozen=True)
class SkillDefined(Event):
    name = "skill.defined"
    label = _l("Skill defined")
    subject = ("skill", "skill_id")
    skill_id: int
    code: str


@dataclass(frozen=True)
class CourseCreated(Event):
    name = "course.created"
    label = _l("Course made")
    subject = ("course", "course_id")
    course_id: int
    code: str


@dataclass(frozen=True)
class CourseChanged(Event):
    """`version` is the current version's number; it is new if what is taught or granted changed."""

    name = "course.changed"
    label = _l("Course changed")
    subject = ("course", "course_id")
    course_id: int
    code: str
    version: int


@dataclass(frozen=True)
class CourseRetired(Event):
    name = "course.retired"
    label = _l("Course retired")
    subject = ("course", "course_id")
    course_id: int
    code: str


@dataclass(frozen=True)
class CourseBroughtBack(Event):
    name = "course.brought_back"
    label = _l("Course brought back")
    subject = ("course", "course_id")
    course_id: int
    code: str


@dataclass(frozen=True)
class DeliveryScheduled(Event):
    name = "delivery.scheduled"
    label = _l("Delivery scheduled")
    subject = ("delivery", "delivery_id")
    delivery_id: int
    code: str


@dataclass(frozen=True)
class DeliveryChanged(Event):
    name = "delivery.changed"
    label = _l("Delivery changed")
    subject = ("delivery", "delivery_id")
    delivery_id: int
    changed: tuple[str, ...]


@dataclass(frozen=True)
class DeliveryMoved(Event):
    """Another date, time zone or place; the fields, named as in Delivery, hold the old values. The
    trail stores none of them, because a venue is free text; DeliveryChanged lists what changed."""

    name = "delivery.moved"
    label = _l("Delivery moved")
    subject = ("delivery", "delivery_id")
    delivery_id: int
    starts_on: date
    ends_on: date
    time_zone: str
    venue: str
    country: str

    def facts(self) -> dict[str, Any]:
        return {"delivery_id": self.delivery_id}


@dataclass(frozen=True)
class DeliveryPublished(Event):
    name = "delivery.published"
    label = _l("Delivery published")
    subject = ("delivery", "delivery_id")
    delivery_id: int


@dataclass(frozen=True)
class DeliveryCancelled(Event):
    name = "delivery.cancelled"
    label = _l("Delivery cancelled")
    subject = ("delivery", "delivery_id")
    delivery_id: int


@dataclass(frozen=True)
class DeliveryCutShort(Event):
    """The course ended early: the numbers of the cancelled sessions, and the last day of those
    held."""

    name = "delivery.cut_short"
    label = _l("Delivery cut short")
    subject = ("delivery", "delivery_id")
    delivery_id: int
    sessions: tuple[int, ...]
    ends_on: date

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "ends_on": self.ends_on.isoformat()}


@dataclass(frozen=True)
class DeliveryFinished(Event):
    name = "delivery.finished"
    label = _l("Delivery finished")
    subject = ("delivery", "delivery_id")
    delivery_id: int
