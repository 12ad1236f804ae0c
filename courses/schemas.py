"""Schemas of skills, courses and deliveries in the API. The services check the values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from pydantic import Field

from core.api import Answer, Country, Day, Language, ListQuery, Schema, Texts, at_most, one_of
from core.errors import Invalid, collect
from courses.definitions import USUAL_LAYOUT, CourseDefinition, GrantDefinition, SessionDefinition
from courses.models import (
    PROMOTION_DAYS,
    Admission,
    Course,
    CourseStatus,
    CourseVersion,
    Delivery,
    DeliverySession,
    DeliveryStatus,
    Skill,
    SkillLevel,
)
from courses.plans import DeliveryPlan, PoolPlan
from people.personnel import PersonnelCategory

Clock = Annotated[str, Field(description="local time of the day, HH:MM", examples=["09:00"])]
Number = Annotated[int, Field(strict=True)]


# Skills


class SkillBody(Schema):
    """Fields left out or null stay as they are. A new skill needs a title."""

    title: Texts | None = None
    description: Texts | None = None
    framework: str | None = None


class SkillAnswer(Answer):
    code: str
    title: dict[str, str]
    description: dict[str, str] | None
    framework: str | None

    @classmethod
    def of(cls, skill: Skill) -> SkillAnswer:
        return cls.model_validate(skill)


# Courses


class DayHours(Schema):
    start: Clock = "09:00"
    end: Clock = "17:00"


class SessionBody(Schema):
    day: Number
    start: Clock
    minutes: Number
    title: Texts
    objective: Texts | None = None


class CompletionBody(Schema):
    min_attendance_percent: Number = 100
    min_score_percent: Number | None = None
    prerequisites: list[str] = Field(
        default=[], max_length=50, description="codes of courses to have completed"
    )


class GrantBody(Schema):
    skill: str
    title: Texts | None = Field(None, description="makes a skill that is not known yet")
    level: Annotated[str, one_of(SkillLevel)]
    valid_months: Number | None = None


class CourseBody(Schema):
    """A course as sent with PUT or imported from a file, and as GET returns it. Fields left out
    stay as they are, also within `time_of_day` and `completion`; null or an empty list clears a
    field. A new course needs a title and sessions."""

    code: str | None = Field(None, description="if given, the one in the address")
    version: Number | None = Field(
        None, description="if given, the version in force that this was made from"
    )
    status: CourseStatus | None = Field(
        None, description="as it was read; retire and bring-back change it"
    )
    centre: str | None = Field(
        None,
        description=(
            "code of the centre of a new course; if left out: your own centre if you have one, "
            "otherwise the first"
        ),
    )
    title: Texts | None = None
    summary: Texts | None = None
    audience: list[Annotated[str, one_of(PersonnelCategory)]] = Field(
        default=list(PersonnelCategory), max_length=10
    )
    default_places: Number = 25
    time_of_day: DayHours = DayHours()
    sessions: list[SessionBody] | None = Field(None, max_length=200)
    objectives: list[Texts] = Field(default=[], max_length=50)
    completion: CompletionBody = CompletionBody()
    grants: list[GrantBody] = Field(default=[], max_length=50)
    layout: str = Field(USUAL_LAYOUT, description="name of the layout of its certificates")

    def definition(self, known: Course | None = None) -> CourseDefinition:
        """The whole course. Fields left out get their values from `known` or, for a new course, the
        usual ones."""
        if known is not None:
            return self._laid_over(CourseAnswer.of(known).model_dump(mode="json")).definition()
        lacking = [name for name in ("title", "sessions") if getattr(self, name) is None]
        collect([Invalid("required", _l("This value is needed."), name) for name in lacking])
        assert self.title is not None and self.sessions is not None
        return CourseDefinition(
            title=self.title,
            summary=self.summary,
            audience=tuple(dict.fromkeys(self.audience)),
            default_places=self.default_places,
            day_starts=self.time_of_day.start,
            day_ends=self.time_of_day.end,
            sessions=tuple(
                SessionDefinition(
                    session.day, session.start, session.minutes, session.title, session.objective
                )
                for session in self.sessions
            ),
            objectives=tuple(self.objectives),
            min_attendance_percent=self.completion.min_attendance_percent,
            min_score_percent=self.completion.min_score_percent,
            prerequisites=tuple(dict.fromkeys(self.completion.prerequisites)),
            grants=tuple(
                GrantDefinition(grant.skill, grant.level, grant.valid_months, grant.title)
                for grant in self.grants
            ),
            layout=self.layout,
        )

    def _laid_over(self, known: dict[str, Any]) -> CourseBody:
        changes = self.model_dump(exclude_unset=True)
        inner = {
            name: known[name] | changes[name]
            for name in ("time_of_day", "completion")
            if name in changes
        }
        return CourseBody.model_validate(known | changes | inner)


class SessionAnswer(Answer):
    day: int
    start: str
    minutes: int
    title: dict[str, str]
    objective: dict[str, str] | None


class CompletionAnswer(Answer):
    min_attendance_percent: int
    min_score_percent: int | None
    prerequisites: list[str]


class GrantAnswer(Answer):
    skill: str
    title: dict[str, str]
    level: SkillLevel
    valid_months: int | None


class DayHoursAnswer(Answer):
    start: str
    end: str


class CourseQuery(ListQuery):
    status: CourseStatus = CourseStatus.TAUGHT


class CourseAnswer(Answer):
    """Can be sent back as the body of PUT."""

    code: str
    version: int
    status: CourseStatus
    centre: str = Field(description="code of the centre that teaches it")
    title: dict[str, str]
    summary: dict[str, str] | None
    audience: list[str]
    default_places: int
    time_of_day: DayHoursAnswer
    sessions: list[SessionAnswer]
    objectives: list[dict[str, str]]
    completion: CompletionAnswer
    grants: list[GrantAnswer]
    layout: str

    @classmethod
    def of(cls, course: Course) -> CourseAnswer:
        return cls(
            code=course.code,
            status=course.status,
            centre=course.centre.code,
            title=course.title,
            summary=course.summary,
            audience=course.audience,
            default_places=course.default_places,
            time_of_day=DayHoursAnswer(start=course.day_starts, end=course.day_ends),
            layout=course.layout,
            **_taught(course.current),
        )


def _taught(version: CourseVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "sessions": [SessionAnswer.model_validate(block) for block in version.blocks],
        "objectives": version.objectives,
        "completion": CompletionAnswer.model_validate(version),
        "grants": [
            GrantAnswer(
                skill=grant.skill.code,
                title=grant.skill.title,
                level=grant.level,
                valid_months=grant.valid_months,
            )
            for grant in version.grants
        ],
    }


# Deliveries


class PoolBody(Schema):
    category: Annotated[str, one_of(PersonnelCategory)]
    places: Number


class DeliveryBody(Schema):
    """Fields left out default to the course's values, the closing date to the usual rule."""

    code: str | None = None
    starts_on: Day
    time_zone: str = Field(description="IANA name, such as Africa/Dakar")
    venue: str
    country: Country
    language: Language
    places: Number | None = None
    pools: list[PoolBody] = Field(default=[], max_length=10)
    admission: Annotated[str, one_of(Admission)] = Admission.AUTOMATIC.value
    closes_on: Day | None = None
    trainers: list[Annotated[str, at_most(254)]] | None = Field(
        None,
        max_length=50,
        description="email addresses of people who have the role of trainer in the centre",
    )
    centre: str | None = Field(None, description="if given, the code of the course's centre")
    funder: str | None = Field(None, description="code of the organization that pays for it")
    promotion_days: Number = Field(
        PROMOTION_DAYS,
        description=(
            "when fewer days than this remain before the start, the waiting list no longer moves "
            "up automatically; 0 if participants live nearby"
        ),
    )

    def plan(
        self, course: Course, trainers: tuple[int, ...] | None, funder_id: int | None
    ) -> DeliveryPlan:
        return DeliveryPlan(
            starts_on=self.starts_on,
            time_zone=self.time_zone,
            venue=self.venue,
            country=self.country,
            language=self.language,
            places=course.default_places if self.places is None else self.places,
            pools=tuple(PoolPlan(pool.category, pool.places) for pool in self.pools),
            admission=self.admission,
            closes_on=self.closes_on,
            trainers=trainers,
            code=self.code or None,
            funder_id=funder_id,
            promotion_days=self.promotion_days,
        )


class CancelBody(Schema):
    reason: Annotated[str, at_most(500)]


class CutShortBody(Schema):
    after_session: Number = Field(
        description=(
            "number of the last session to be held; all sessions after it are cancelled; 0: none "
            "was held"
        )
    )
    reason: Annotated[str, at_most(500)]


class DeliveriesQuery(ListQuery):
    course: str | None = None
    status: DeliveryStatus | None = None
    from_: Day | None = Field(None, alias="from", description="starting on this day or later")
    to: Day | None = Field(None, description="starting on this day or earlier")
    language: Language | None = None
    country: Country | None = None


class DeliverySessionAnswer(Answer):
    number: int
    day: int
    starts_at: datetime
    ends_at: datetime
    minutes: int
    title: dict[str, str]
    cancelled: bool = Field(description="the session is not held: the course was cut short")
    cancel_reason: str | None

    @classmethod
    def of(cls, session: DeliverySession, zone: ZoneInfo) -> DeliverySessionAnswer:
        return cls(
            number=session.number,
            day=session.day,
            starts_at=session.starts_at.astimezone(zone),
            ends_at=session.ends_at.astimezone(zone),
            minutes=session.minutes,
            title=session.title,
            cancelled=session.is_cancelled,
            cancel_reason=session.cancel_reason,
        )


class PoolAnswer(Answer):
    category: PersonnelCategory
    places: int


class DeliveryAnswer(Answer):
    """A delivery; its sessions are instants with the offset of its time zone."""

    code: str
    course: str
    course_version: int
    title: dict[str, str]
    status: DeliveryStatus
    starts_on: date
    ends_on: date
    time_zone: str
    venue: str
    country: str
    language: str
    places: int
    pools: list[PoolAnswer]
    admission: Admission
    closes_on: date
    promotion_days: int
    cancel_reason: str | None
    centre: str = Field(description="code of the centre that runs it")
    funder: str | None = Field(description="code of the organization that pays for it")
    sessions: list[DeliverySessionAnswer]

    @classmethod
    def of(cls, delivery: Delivery, **facts: Any) -> DeliveryAnswer:
        return cls(**delivery_facts(delivery), **facts)


_COPIED = (
    "code",
    "status",
    "starts_on",
    "ends_on",
    "time_zone",
    "venue",
    "country",
    "language",
    "places",
    "admission",
    "closes_on",
    "promotion_days",
    "cancel_reason",
)


def delivery_facts(delivery: Delivery) -> Mapping[str, Any]:
    """The fields of DeliveryAnswer."""
    zone = ZoneInfo(delivery.time_zone)
    return {
        **{name: getattr(delivery, name) for name in _COPIED},
        "course": delivery.course.code,
        "course_version": delivery.version.number,
        "title": delivery.course.title,
        "centre": delivery.centre.code,
        "funder": delivery.funder.code if delivery.funder else None,
        "pools": [PoolAnswer.model_validate(pool) for pool in delivery.pools],
        "sessions": [DeliverySessionAnswer.of(session, zone) for session in delivery.sessions],
    }
