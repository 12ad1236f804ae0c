"""What a person did in each session and test of a delivery, and the results that were
reopened."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_pgettext as _p
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, enum_column
from core.words import Worded
from courses.models import DeliverySession
from enrollment.models import EnrollmentStatus


class MarkKind(Worded):
    PRESENT = "present", _p("mark", "Present")
    LATE = "late", _p("mark", "Late")
    EXCUSED = "excused", _p("mark", "Excused")
    ABSENT = "absent", _p("mark", "Absent")


class ScoreKind(enum.StrEnum):
    PRE = "pre"
    POST = "post"


class Mark(Base):
    """What one person did in one session. `minutes` count towards completion; excused is not
    present."""

    __tablename__ = "mark"
    __lock__ = ("enrollment_id", "delivery_id")

    id: Mapped[int] = mapped_column(primary_key=True)
    enrollment_id: Mapped[int] = mapped_column(sa.ForeignKey("enrollment.id"))
    session_id: Mapped[int] = mapped_column(sa.ForeignKey("delivery_session.id"), index=True)
    mark: Mapped[MarkKind] = mapped_column(enum_column(MarkKind))
    minutes: Mapped[int]
    recorded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    recorded_at: Mapped[datetime]

    session: Mapped[DeliverySession] = relationship(innerjoin=True)

    __table_args__ = (
        sa.UniqueConstraint("enrollment_id", "session_id"),
        sa.CheckConstraint("minutes >= 0", name="minutes"),
    )


class Score(Base):
    """A test's result in percent; the last one entered counts."""

    __tablename__ = "score"
    __lock__ = ("enrollment_id", "delivery_id")

    id: Mapped[int] = mapped_column(primary_key=True)
    enrollment_id: Mapped[int] = mapped_column(sa.ForeignKey("enrollment.id"))
    kind: Mapped[ScoreKind] = mapped_column(enum_column(ScoreKind))
    percent: Mapped[float]
    recorded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    recorded_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("enrollment_id", "kind"),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
    )


class Reopening(Base):
    """A fixed result that was opened again to be corrected: why, by whom, and what it was."""

    __tablename__ = "reopening"

    id: Mapped[int] = mapped_column(primary_key=True)
    enrollment_id: Mapped[int] = mapped_column(sa.ForeignKey("enrollment.id"), index=True)
    reason: Mapped[str] = mapped_column(sa.String(500))
    result: Mapped[EnrollmentStatus] = mapped_column(enum_column(EnrollmentStatus))
    lacking: Mapped[list[dict[str, Any]] | None] = mapped_column(sa.JSON)
    reopened_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    reopened_at: Mapped[datetime]
