"""Skills, courses (versioned), and deliveries with their sessions and pools."""

from __future__ import annotations

import enum
import secrets
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_pgettext as _p
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.codes import Code
from core.database import Base, enum_column
from core.policy import Reach
from core.words import Worded
from people.models import Organization
from people.personnel import PersonnelCategory

#: Fewer days than this before the start, no one moves up a waiting list automatically, because
#: journeys take time to arrange.
PROMOTION_DAYS = 21


class SkillLevel(Worded):
    """From lowest to highest; each level includes those before it."""

    AWARENESS = "awareness", _p("level", "Awareness")
    BASIC = "basic", _p("level", "Basic")
    PRACTITIONER = "practitioner", _p("level", "Practitioner")
    ADVANCED = "advanced", _p("level", "Advanced")
    EXPERT = "expert", _p("level", "Expert")

    @property
    def rank(self) -> int:
        return list(SkillLevel).index(self) + 1


class CourseStatus(enum.StrEnum):
    TAUGHT = "taught"
    RETIRED = "retired"


class DeliveryStatus(Worded):
    DRAFT = "draft", _p("delivery", "Draft")
    PUBLISHED = "published", _p("delivery", "Published")
    FINISHED = "finished", _p("delivery", "Finished")
    CANCELLED = "cancelled", _p("delivery", "Cancelled")


class Admission(Worded):
    AUTOMATIC = (
        "automatic",
        _p("admission", "Automatic: a place while there is one, else the waiting list"),
    )
    APPROVAL = "approval", _p("admission", "By approval: a coordinator selects")


class Skill(Base):
    """A competence that courses grant and posts require."""

    __tablename__ = "skill"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Code(60), unique=True)
    title: Mapped[dict[str, str]] = mapped_column(sa.JSON)
    description: Mapped[dict[str, str] | None] = mapped_column(sa.JSON)
    framework: Mapped[str | None] = mapped_column(sa.String(200))


class Course(Base):
    """A course, which always stays with its centre. Its versions hold what is taught and granted;
    other texts change in place."""

    __tablename__ = "course"
    __scope__ = {Reach.CENTRE: "centre_id"}

    id: Mapped[int] = mapped_column(primary_key=True)
    centre_id: Mapped[int] = mapped_column(sa.ForeignKey("organization.id"))
    code: Mapped[str] = mapped_column(Code(60), unique=True)
    title: Mapped[dict[str, str]] = mapped_column(sa.JSON)
    summary: Mapped[dict[str, str] | None] = mapped_column(sa.JSON)
    audience: Mapped[list[str]] = mapped_column(sa.JSON)
    default_places: Mapped[int] = mapped_column(default=25)
    day_starts: Mapped[str] = mapped_column(sa.String(5), default="09:00")
    day_ends: Mapped[str] = mapped_column(sa.String(5), default="17:00")
    layout: Mapped[str] = mapped_column(
        sa.String(40), default="sheet", server_default="sheet"
    )  # of its certificates
    is_retired: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    centre: Mapped[Organization] = relationship(innerjoin=True)
    versions: Mapped[list[CourseVersion]] = relationship(
        back_populates="course", order_by="CourseVersion.number"
    )

    @property
    def status(self) -> CourseStatus:
        return CourseStatus.RETIRED if self.is_retired else CourseStatus.TAUGHT

    @status.setter
    def status(self, status: CourseStatus) -> None:
        self.is_retired = status is CourseStatus.RETIRED

    @property
    def current(self) -> CourseVersion:
        return self.versions[-1]


def objectives_said(of_sessions: Iterable[dict[str, str] | None]) -> list[dict[str, str]]:
    """The objectives of a course's sessions, in order; some have none."""
    return [objective for objective in of_sessions if objective]


class CourseVersion(Base):
    """What is taught and granted. Never edited: a change creates the next version, and deliveries
    keep theirs."""

    __tablename__ = "course_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(sa.ForeignKey("course.id"), index=True)
    number: Mapped[int]
    objectives: Mapped[list[dict[str, str]]] = mapped_column(sa.JSON, default=list)
    min_attendance_percent: Mapped[int]
    min_score_percent: Mapped[int | None]
    prerequisites: Mapped[list[str]] = mapped_column(
        sa.JSON, default=list
    )  # codes of courses to complete first
    created_at: Mapped[datetime]

    course: Mapped[Course] = relationship(back_populates="versions", innerjoin=True)
    blocks: Mapped[list[TimetableBlock]] = relationship(order_by="TimetableBlock.number")
    grants: Mapped[list[SkillGrant]] = relationship(order_by="SkillGrant.id")

    __table_args__ = (
        sa.UniqueConstraint("course_id", "number"),
        sa.CheckConstraint("min_attendance_percent BETWEEN 0 AND 100", name="attendance"),
        sa.CheckConstraint("min_score_percent BETWEEN 0 AND 100", name="score"),
    )

    @property
    def minutes(self) -> int:
        return sum(block.minutes for block in self.blocks)

    @property
    def days(self) -> int:
        return max((block.day for block in self.blocks), default=1)

    @property
    def stated_objectives(self) -> list[dict[str, str]]:
        """The course's own objectives, else those of its sessions. `courses.queries` reads the same
        without loading the sessions."""
        return self.objectives or objectives_said(block.objective for block in self.blocks)


class TimetableBlock(Base):
    """One session of the timetable template: day, local time, length."""

    __tablename__ = "timetable_block"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(sa.ForeignKey("course_version.id"), index=True)
    number: Mapped[int]
    day: Mapped[int]
    start: Mapped[str] = mapped_column(sa.String(5))
    minutes: Mapped[int]
    title: Mapped[dict[str, str]] = mapped_column(sa.JSON)
    objective: Mapped[dict[str, str] | None] = mapped_column(sa.JSON)

    __table_args__ = (sa.UniqueConstraint("version_id", "number"),)


class SkillGrant(Base):
    """A skill that the course grants, at a level, for some months (None: without end)."""

    __tablename__ = "skill_grant"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(sa.ForeignKey("course_version.id"), index=True)
    skill_id: Mapped[int] = mapped_column(sa.ForeignKey("skill.id"))
    level: Mapped[SkillLevel] = mapped_column(enum_column(SkillLevel))
    valid_months: Mapped[int | None]

    skill: Mapped[Skill] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (sa.UniqueConstraint("version_id", "skill_id"),)

    def valid_until(self, valid_from: date) -> date | None:
        """The last day, inclusive: the same day of the month that many months later, or that
        month's last day."""
        if self.valid_months is None:
            return None
        years, month = divmod(valid_from.month - 1 + self.valid_months, 12)
        year, month = valid_from.year + years, month + 1
        return date(year, month, min(valid_from.day, monthrange(year, month)[1]))


class Delivery(Base):
    """One dated run of a course, by the course's centre. `rev` rises with each change of it, its
    places or its enrollments (the touch lock)."""

    __tablename__ = "delivery"
    __scope__ = {Reach.DELIVERY: "id", Reach.CENTRE: "centre_id"}

    id: Mapped[int] = mapped_column(primary_key=True)
    rev: Mapped[int] = mapped_column(default=0)
    code: Mapped[str] = mapped_column(Code(60), unique=True)
    course_id: Mapped[int] = mapped_column(sa.ForeignKey("course.id"), index=True)
    version_id: Mapped[int] = mapped_column(sa.ForeignKey("course_version.id"))
    centre_id: Mapped[int] = mapped_column(sa.ForeignKey("organization.id"))
    funder_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organization.id"))
    status: Mapped[DeliveryStatus] = mapped_column(
        enum_column(DeliveryStatus), default=DeliveryStatus.DRAFT
    )
    starts_on: Mapped[date] = mapped_column(index=True)
    ends_on: Mapped[date]
    time_zone: Mapped[str] = mapped_column(sa.String(60))
    venue: Mapped[str] = mapped_column(sa.String(200))
    country: Mapped[str] = mapped_column(sa.String(2))
    language: Mapped[str] = mapped_column(sa.String(3))
    places: Mapped[int]
    admission: Mapped[Admission] = mapped_column(
        enum_column(Admission), default=Admission.AUTOMATIC
    )
    closes_on: Mapped[date]  # last day for applications and nominations, in its time zone
    promotion_days: Mapped[int] = mapped_column(
        default=PROMOTION_DAYS, server_default=str(PROMOTION_DAYS)
    )  # see moves_up
    cancel_reason: Mapped[str | None] = mapped_column(sa.String(500))
    created_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    # For calendars (RFC 5545 §3.8.4.7, §3.8.7): an identifier that survives a move of the site, and
    # how often and when what they show changed.
    calendar_uid: Mapped[str] = mapped_column(sa.String(32), default=lambda: secrets.token_hex(16))
    calendar_sequence: Mapped[int] = mapped_column(default=0)
    calendar_changed_at: Mapped[datetime | None]

    course: Mapped[Course] = relationship(lazy="joined", innerjoin=True)
    version: Mapped[CourseVersion] = relationship(innerjoin=True)
    centre: Mapped[Organization] = relationship(foreign_keys=[centre_id], innerjoin=True)
    funder: Mapped[Organization | None] = relationship(foreign_keys=[funder_id])
    sessions: Mapped[list[DeliverySession]] = relationship(
        back_populates="delivery", order_by="DeliverySession.number"
    )
    pools: Mapped[list[Pool]] = relationship(order_by="Pool.id", cascade="all, delete-orphan")

    @property
    def held(self) -> list[DeliverySession]:
        """All sessions that are not cancelled, in order."""
        return [session for session in self.sessions if not session.is_cancelled]

    @property
    def objectives_taught(self) -> list[dict[str, str]]:
        """The stated objectives; for a delivery cut short, those of the sessions held, if sessions
        have any."""
        held_numbers, blocks = {session.number for session in self.held}, self.version.blocks
        if len(held_numbers) == len(self.sessions) or not any(block.objective for block in blocks):
            return self.version.stated_objectives
        return objectives_said(block.objective for block in blocks if block.number in held_numbers)

    __table_args__ = (
        sa.CheckConstraint("places > 0", name="places"),
        sa.CheckConstraint("closes_on <= starts_on", name="closing"),
        # lists of upcoming deliveries are by date, of past ones by id; of all, or of a centre's
        sa.Index(None, "status", "starts_on"),
        sa.Index(None, "status", "id"),
        sa.Index(None, "centre_id", "status", "starts_on"),
        sa.Index(None, "centre_id", "status", "id"),
        sa.Index(None, "centre_id", "starts_on"),
    )


class DeliverySession(Base):
    """One block of a delivery's timetable, as instants. A cancelled one is not held and counts as
    not taught."""

    __tablename__ = "delivery_session"
    __lock__ = ("delivery_id",)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(sa.ForeignKey("delivery.id"), index=True)
    number: Mapped[int]
    day: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    minutes: Mapped[int]
    title: Mapped[dict[str, str]] = mapped_column(sa.JSON)
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None] = mapped_column(sa.String(500))

    delivery: Mapped[Delivery] = relationship(back_populates="sessions", innerjoin=True)

    @property
    def is_cancelled(self) -> bool:
        return self.cancelled_at is not None

    __table_args__ = (sa.UniqueConstraint("delivery_id", "number"),)


class Pool(Base):
    """Places reserved for one category of personnel. Places beyond all pools are open to
    everyone."""

    __tablename__ = "pool"
    __lock__ = ("delivery_id",)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(sa.ForeignKey("delivery.id"), index=True)
    category: Mapped[PersonnelCategory] = mapped_column(enum_column(PersonnelCategory))
    places: Mapped[int]

    __table_args__ = (
        sa.UniqueConstraint("delivery_id", "category"),
        sa.CheckConstraint("places >= 0", name="places"),
    )


def plain(value: Any) -> Any:
    """A JSON value as returned to callers, so that snapshots never share a row's mutable dict."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value
