"""The roster: experts and their skills. A skill row is derived from its evidence, never entered,
and never deleted."""

from __future__ import annotations

import enum
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_pgettext as _p
from sqlalchemy.orm import Mapped, mapped_column, relationship

from certificates.models import Certificate
from core import clock, names
from core.database import Base, enum_column
from core.policy import Reach
from core.words import Worded
from courses.models import Skill, SkillLevel
from people.models import Organization, Person
from people.personnel import PersonnelCategory, Subcategory

EXPIRING_WITHIN = timedelta(days=90)


class LanguageFramework(enum.StrEnum):
    CEFR = "cefr"  # A1 … C2
    SLP = "slp"  # STANAG 6001: four digits, listening, speaking, reading, writing


class SkillStatus(Worded):
    NOT_YET_VALID = "not_yet_valid", _p("skill", "Not yet valid")
    CURRENT = "current", _p("skill", "Current")
    EXPIRING = "expiring", _p("skill", "Expiring soon")
    EXPIRED = "expired", _p("skill", "Expired")
    WITHDRAWN = "withdrawn", _p("skill", "Withdrawn")


class ExpertStatus(Worded):
    # not asked, not answered, or awaiting admission
    CERTIFIED = "certified", _p("expert", "Not on the roster")
    ADMITTED = "admitted", _p("expert", "On the roster")
    LEFT = "left", _p("expert", "Left the roster")


class AdmissionWay(enum.StrEnum):
    REVIEWED = "reviewed"
    RULE = "rule"  # by the installation's rule (ROSTER_ADMISSION)
    CARRIED_OVER = "carried_over"  # on the roster before admission was a decision


class Expert(Base):
    """A person's roster profile. Roster staff can see it while the person's consent is current, and
    find it after admission."""

    __tablename__ = "expert"
    __scope__ = {Reach.SELF: "person_id", Reach.OFFICE: "office_id"}

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), unique=True)
    category: Mapped[PersonnelCategory] = mapped_column(enum_column(PersonnelCategory))
    subcategory: Mapped[Subcategory | None] = mapped_column(enum_column(Subcategory))
    rank: Mapped[str | None] = mapped_column(sa.String(120))
    rank_code: Mapped[str | None] = mapped_column(sa.String(8))
    organization: Mapped[str | None] = mapped_column(sa.String(200))
    expertise: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    status: Mapped[ExpertStatus] = mapped_column(
        enum_column(ExpertStatus),
        default=ExpertStatus.CERTIFIED,
        server_default=ExpertStatus.CERTIFIED.value,
    )
    office_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("organization.id")
    )  # the office that admitted; None: any may
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    office: Mapped[Organization | None] = relationship()
    languages: Mapped[list[ExpertLanguage]] = relationship(
        order_by="ExpertLanguage.id", cascade="all, delete-orphan"
    )
    availability: Mapped[list[Availability]] = relationship(
        order_by="Availability.starts_on", cascade="all, delete-orphan"
    )
    skills: Mapped[list[ExpertSkill]] = relationship(
        order_by="ExpertSkill.id", back_populates="expert"
    )
    admissions: Mapped[list[RosterAdmission]] = relationship(order_by="RosterAdmission.id")

    __table_args__ = (sa.Index(None, "status", "person_id"),)  # who waits for admission


class RosterAdmission(Base):
    """A decision to admit an expert, in a field of expertise (None: in general). It ends when the
    expert leaves; the row stays."""

    __tablename__ = "admission"
    __scope__ = {Reach.OFFICE: "office_id"}

    id: Mapped[int] = mapped_column(primary_key=True)
    expert_id: Mapped[int] = mapped_column(sa.ForeignKey("expert.id"), index=True)
    office_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organization.id"))
    field: Mapped[str | None] = mapped_column(sa.String(80))
    how: Mapped[AdmissionWay] = mapped_column(enum_column(AdmissionWay))
    reviewer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    admitted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(sa.String(40))

    reviewer: Mapped[Person | None] = relationship(lazy="joined")


class ExpertProposal(Base):
    """A profile that roster staff propose for someone who has not consented: it waits for the
    answer, and only the person can see it. `identity`: the person as staff describe them;
    `person_id`: the probable match, None for someone new. After a refusal only `digest` is stored,
    so that the person is not asked repeatedly."""

    __tablename__ = "expert_proposal"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)  # of the number or address
    token_digest: Mapped[str | None] = mapped_column(
        sa.String(64), unique=True
    )  # of the link in the letter
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    identifier_key: Mapped[str | None] = mapped_column(sa.String(60), index=True)
    email_key: Mapped[str | None] = mapped_column(sa.String(254), index=True)
    identity: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    values: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    proposed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(index=True)
    refused_at: Mapped[datetime | None]


class ExpertLanguage(Base):
    """A language as tested: framework and level as stated, and the CEFR step (1 A1 … 6 C2) that
    searches compare."""

    __tablename__ = "expert_language"

    id: Mapped[int] = mapped_column(primary_key=True)
    expert_id: Mapped[int] = mapped_column(sa.ForeignKey("expert.id"), index=True)
    language: Mapped[str] = mapped_column(sa.String(3))
    framework: Mapped[LanguageFramework] = mapped_column(enum_column(LanguageFramework))
    level: Mapped[str] = mapped_column(sa.String(8))
    step: Mapped[int]

    __table_args__ = (sa.UniqueConstraint("expert_id", "language"),)


class Availability(Base):
    """A window, both days included, in which the expert can be deployed."""

    __tablename__ = "availability"

    id: Mapped[int] = mapped_column(primary_key=True)
    expert_id: Mapped[int] = mapped_column(sa.ForeignKey("expert.id"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]

    __table_args__ = (sa.CheckConstraint("ends_on >= starts_on", name="order"),)


class ExpertSkill(Base):
    """A dated competence at a level, proved by a certificate. Withdrawn rows stay: "who was
    qualified on date D, as known on date K" compares `valid_from … valid_until` with D and
    `recorded_at … withdrawn_at` with K. A certificate that was suspended and restored has a row per
    period; the reason for an end is not stored here."""

    __tablename__ = "expert_skill"

    id: Mapped[int] = mapped_column(primary_key=True)
    expert_id: Mapped[int] = mapped_column(sa.ForeignKey("expert.id"))
    skill_id: Mapped[int] = mapped_column(sa.ForeignKey("skill.id"))
    level: Mapped[SkillLevel] = mapped_column(enum_column(SkillLevel))
    level_rank: Mapped[int]
    certificate_id: Mapped[int] = mapped_column(sa.ForeignKey("certificate.id"), index=True)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    expert: Mapped[Expert] = relationship(back_populates="skills", innerjoin=True)
    skill: Mapped[Skill] = relationship(lazy="joined", innerjoin=True)
    certificate: Mapped[Certificate] = relationship(innerjoin=True)

    __table_args__ = (
        sa.Index(
            "uq_expert_skill_standing",
            "certificate_id",
            "skill_id",
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        ),
        sa.Index(  # covers all that a search needs of a candidate's skill
            "ix_expert_skill_search",
            "expert_id",
            "skill_id",
            "level_rank",
            "valid_until",
            "withdrawn_at",
            "valid_from",
            "recorded_at",
        ),
        sa.Index(None, "skill_id", "level_rank", "valid_until", "expert_id"),
    )

    def counts(self, as_of: datetime | None = None) -> bool:
        """Whether the row was known at `as_of` (None: now)."""
        return as_of is None or self.recorded_at <= as_of

    def status_on(self, on_day: date | None, as_of: datetime | None = None) -> SkillStatus:
        """The status on a day (None: today) as known at `as_of` (None: now). Computed, so that no
        job has to expire skills. `roster.search` computes the same in the database."""
        if self.withdrawn_at is not None and (as_of is None or self.withdrawn_at <= as_of):
            return SkillStatus.WITHDRAWN
        if self.valid_from > clock.begun_by(on_day):
            return SkillStatus.NOT_YET_VALID
        day = on_day or clock.today()
        if self.valid_until is not None and self.valid_until < day:
            return SkillStatus.EXPIRED
        if self.valid_until is not None and self.valid_until - day <= EXPIRING_WITHIN:
            return SkillStatus.EXPIRING
        return SkillStatus.CURRENT

    def worth(self, on_day: date | None, as_of: datetime | None = None) -> tuple[int, int, date]:
        """Orders rows of one skill, the best being greatest: valid before future, future before
        expired or withdrawn, then the higher level, then the longer validity. The one rule for
        lists, files, profiles and the API."""
        return (
            _STANDING[self.status_on(on_day, as_of)],
            self.level_rank,
            self.valid_until or date.max,
        )


_STANDING = {
    SkillStatus.WITHDRAWN: 0,
    SkillStatus.EXPIRED: 1,
    SkillStatus.NOT_YET_VALID: 2,
    SkillStatus.EXPIRING: 3,
    SkillStatus.CURRENT: 3,
}


class ExpertSearch(Base):
    """One document per admitted expert, written in the profile's own transaction: `tokens` holds a
    word per facet value (levels cumulative), `names` the words for free-text search; both are plain
    ASCII made by roster.search. Indexed by FTS5 on SQLite and GIN on PostgreSQL (migrations)."""

    __tablename__ = "expert_search"
    __audited__ = False

    expert_id: Mapped[int] = mapped_column(sa.ForeignKey("expert.id"), primary_key=True)
    office_id: Mapped[int | None]  # whose staff can find the expert
    sort_name: Mapped[str] = mapped_column(names.SORTED)
    tokens: Mapped[str] = mapped_column(sa.Text)
    names: Mapped[str] = mapped_column(sa.Text)

    __table_args__ = (
        sa.Index(None, "sort_name", "expert_id"),
        sa.Index(None, "office_id", "sort_name", "expert_id"),
    )
