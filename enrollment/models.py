"""A person's place in a delivery, and who put the person forward."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_pgettext as _p
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, enum_column
from core.policy import Reach
from core.words import Worded
from courses.models import Delivery
from people.models import Gender, Organization, Person
from people.personnel import PersonnelCategory, Subcategory


class EnrollmentStatus(Worded):
    # counts nowhere yet: applied on the public form, and the link in the email is not opened; or
    # nominated in a long list of which the last person is not in, and no one sees it
    UNCONFIRMED = "unconfirmed", _p("enrollment", "Not confirmed yet")
    REQUESTED = "requested", _p("enrollment", "Awaiting a decision")
    WAITLISTED = "waitlisted", _p("enrollment", "On the waiting list")
    # not given yet: the contract of the API has it, for places that are offered for some hours
    OFFERED = "offered", _p("enrollment", "Place offered")
    CONFIRMED = "confirmed", _p("enrollment", "Place confirmed")
    DECLINED = "declined", _p("enrollment", "Not accepted")
    WITHDRAWN = "withdrawn", _p("enrollment", "Withdrawn")
    SUBSTITUTED = "substituted", _p("enrollment", "Replaced by another person")
    DELIVERY_CANCELLED = "delivery_cancelled", _p("enrollment", "Delivery cancelled")
    COMPLETED = "completed", _p("enrollment", "Completed")
    NOT_COMPLETED = "not_completed", _p("enrollment", "Not completed")
    NO_SHOW = "no_show", _p("enrollment", "Did not come")


S = EnrollmentStatus
#: The person has, had or wants a place: there is one such enrollment per person and delivery.
LIVE = (
    S.REQUESTED,
    S.WAITLISTED,
    S.OFFERED,
    S.CONFIRMED,
    S.COMPLETED,
    S.NOT_COMPLETED,
    S.NO_SHOW,
)
#: The person has or wants a place, and what becomes of it is open.
GOING_ON = (S.REQUESTED, S.WAITLISTED, S.OFFERED, S.CONFIRMED)
#: The person waits for a place or for a decision, and has none when the delivery is finished.
WAITING = (S.REQUESTED, S.WAITLISTED, S.OFFERED)
#: The person has a place, and the result is not fixed.
OPEN = (S.OFFERED, S.CONFIRMED)
#: The person had a place, and the result is fixed.
RESULTS = (S.COMPLETED, S.NOT_COMPLETED, S.NO_SHOW)
#: Those of LIVE, and those that ended with the delivery: whose they are still matters.
COUNTING = (*LIVE, S.DELIVERY_CANCELLED)
#: The enrollment takes a place.
SEATED = (S.OFFERED, S.CONFIRMED, S.COMPLETED, S.NOT_COMPLETED, S.NO_SHOW)
_LIVE_SQL = sa.text("status IN ({})".format(", ".join(f"'{s.value}'" for s in LIVE)))


class Enrollment(Base):
    """A person's place, or wish for one, in a delivery.

    `line` orders the waiting list: the delivery's `rev` when the person joined it, so it never
    ties. The position shown to people is derived from it. Category, rank and printed name are as
    declared for this delivery. `origin_id` is the record of the person that it was made for and
    never changes; `person_id` is the record that is used now (see Merge). `seat_id`: another
    nomination of the same person has the seat, and this one, `substituted` by it, shows how that
    one stands; `stood_as`: the status that it had before. `centre_id` is the delivery's.
    """

    __tablename__ = "enrollment"
    __lock__ = ("delivery_id",)
    __scope__ = {
        Reach.DELIVERY: "delivery_id",
        Reach.CENTRE: "centre_id",
        Reach.ORGANIZATION: "nominated_by_id",
        Reach.SELF: "person_id",
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(sa.ForeignKey("delivery.id"))
    centre_id: Mapped[int] = mapped_column(sa.ForeignKey("organization.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    origin_id: Mapped[int] = mapped_column(
        sa.ForeignKey("person.id"),
        index=True,
        default=lambda context: context.get_current_parameters()["person_id"],
    )
    seat_id: Mapped[int | None] = mapped_column(sa.ForeignKey("enrollment.id"))
    stood_as: Mapped[str | None] = mapped_column(sa.String(32))
    status: Mapped[EnrollmentStatus] = mapped_column(enum_column(EnrollmentStatus))
    line: Mapped[int]
    category: Mapped[PersonnelCategory] = mapped_column(enum_column(PersonnelCategory))
    subcategory: Mapped[Subcategory | None] = mapped_column(enum_column(Subcategory))
    name_on_certificate: Mapped[str] = mapped_column(sa.String(120))
    rank: Mapped[str | None] = mapped_column(sa.String(120))
    rank_code: Mapped[str | None] = mapped_column(sa.String(8))
    organization: Mapped[str | None] = mapped_column(sa.String(200))
    needs: Mapped[str | None] = mapped_column(sa.String(1000))
    roster_consent: Mapped[bool | None]
    nominated_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organization.id"))
    enrolled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    reason: Mapped[str | None] = mapped_column(sa.String(500))  # why declined or withdrawn
    lacking: Mapped[list[dict[str, Any]] | None] = mapped_column(
        sa.JSON
    )  # fixed when the delivery is finished
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    delivery: Mapped[Delivery] = relationship(innerjoin=True)
    person: Mapped[Person] = relationship(foreign_keys=[person_id], innerjoin=True)
    origin: Mapped[Person] = relationship(foreign_keys=[origin_id], innerjoin=True)
    nominated_by: Mapped[Organization | None] = relationship(foreign_keys=[nominated_by_id])
    nomination: Mapped[Nomination | None] = relationship(back_populates="enrollment")
    seat: Mapped[Enrollment | None] = relationship(remote_side=[id], foreign_keys=[seat_id])

    @property
    def standing(self) -> Enrollment:
        """The enrollment whose status this one shows: itself, or the one that has the seat of
        the same person."""
        return self.seat or self if self.seat_id else self

    __table_args__ = (
        sa.Index("ix_enrollment_delivery_status_line", "delivery_id", "status", "line"),
        sa.Index(None, "nominated_by_id", "id"),
        sa.Index(  # nominations of a centre
            "ix_enrollment_centre_id_id",
            "centre_id",
            "id",
            sqlite_where=sa.text("nominated_by_id IS NOT NULL"),
            postgresql_where=sa.text("nominated_by_id IS NOT NULL"),
        ),
        sa.Index(  # only the few who share one; else it is taken for the way to all the others
            "ix_enrollment_seat_id",
            "seat_id",
            sqlite_where=sa.text("seat_id IS NOT NULL"),
            postgresql_where=sa.text("seat_id IS NOT NULL"),
        ),
        sa.Index(
            "uq_enrollment_live",
            "delivery_id",
            "person_id",
            unique=True,
            sqlite_where=_LIVE_SQL,
            postgresql_where=_LIVE_SQL,
        ),
    )


class Nomination(Base):
    """An organization put a person forward, or (without one) a coordinator entered the person,
    in their own words. All that the organization is shown of the person is here: what others
    know of the same person is none of its business."""

    __tablename__ = "nomination"

    id: Mapped[int] = mapped_column(primary_key=True)
    enrollment_id: Mapped[int] = mapped_column(sa.ForeignKey("enrollment.id"), unique=True)
    organization_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("organization.id"), index=True
    )
    nominated_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    identifier: Mapped[str | None] = mapped_column(sa.String(60))
    identifier_issuer: Mapped[str | None] = mapped_column(
        sa.String(60)
    )  # an organization's code or a country's
    identifier_kind: Mapped[str] = mapped_column(
        sa.String(32), default="service", server_default="service"
    )
    given_name: Mapped[str] = mapped_column(sa.String(120))
    family_name: Mapped[str] = mapped_column(sa.String(120))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    country: Mapped[str | None] = mapped_column(sa.String(2))
    nationalities: Mapped[list[str]] = mapped_column(sa.JSON, default=list, server_default="[]")
    gender: Mapped[Gender] = mapped_column(enum_column(Gender))
    birth_date: Mapped[date | None]
    doubts: Mapped[list[int] | None] = mapped_column(
        sa.JSON(none_as_null=True)
    )  # records that are near, until coordinators are asked (of a long list, when it is in)
    created_at: Mapped[datetime]

    enrollment: Mapped[Enrollment] = relationship(back_populates="nomination", innerjoin=True)


class QuestionStatus(enum.StrEnum):
    OPEN = "open"
    SAME = "same"
    DIFFERENT = "different"


#: What differs where the name to print is no spelling of the person's.
PRINTED_NAME = "printed_name"


class IdentityQuestion(Base):
    """Is the person of this enrollment the one of another record, `candidate`? A coordinator
    decides; both readings stay.

    `agrees` and `differs` name what the two have in common and what not. With `is_about_people`
    False it asks only whether the name to print of the enrollment may be printed for its person,
    who is the candidate.
    """

    __tablename__ = "identity_question"
    __scope__: dict[Reach, str] = {}  # whose it is says enrollment.queries.decides_about

    id: Mapped[int] = mapped_column(primary_key=True)
    enrollment_id: Mapped[int] = mapped_column(sa.ForeignKey("enrollment.id"))
    candidate_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    is_about_people: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    status: Mapped[QuestionStatus] = mapped_column(enum_column(QuestionStatus))
    agrees: Mapped[list[str]] = mapped_column(sa.JSON)
    differs: Mapped[list[str]] = mapped_column(sa.JSON)
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    asked_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]

    enrollment: Mapped[Enrollment] = relationship(innerjoin=True)
    candidate: Mapped[Person] = relationship(foreign_keys=[candidate_id], innerjoin=True)

    __table_args__ = (
        sa.UniqueConstraint("enrollment_id", "candidate_id", "is_about_people"),
        sa.Index(None, "status", "id"),
    )


class NominationDraft(Base):
    """Rows of a nomination file that are still to be corrected, for the one who gave the file;
    forgotten after a month."""

    __tablename__ = "nomination_draft"

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(sa.ForeignKey("delivery.id"))
    organization_id: Mapped[int] = mapped_column(sa.ForeignKey("organization.id"), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    content: Mapped[str] = mapped_column(
        sa.Text
    )  # the rows as they came, with what was answered and typed, as JSON
    rows: Mapped[int]
    kept_at: Mapped[datetime] = mapped_column(index=True)

    organization: Mapped[Organization] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (sa.UniqueConstraint("delivery_id", "organization_id", "person_id"),)


class ListStage(enum.StrEnum):
    ENTERING = "entering"  # its places are promised; no one sees its people yet
    IN = "in"  # everyone is in; letters are still being written
    UNDOING = "undoing"  # it was refused after all: what is in is being deleted


class NominationList(Base):
    """More people than one transaction takes, put forward by an organization. Its people have the
    lines from `line` on in the order of the list, as if all were in since it came; they are entered
    some at a time and seen when the last one is in. Deleted when their letters are written.

    `id` is that of the job that enters them. `nominees`: what is said of each, as JSON; `sheet`:
    the rows of the file, which its giver gets back as a draft if the list is refused.
    """

    __tablename__ = "nomination_list"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    delivery_id: Mapped[int] = mapped_column(sa.ForeignKey("delivery.id"))
    organization_id: Mapped[int] = mapped_column(sa.ForeignKey("organization.id"), index=True)
    nominated_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    stage: Mapped[ListStage] = mapped_column(enum_column(ListStage))
    line: Mapped[int]
    size: Mapped[int]
    nominees: Mapped[str] = mapped_column(sa.Text, deferred=True)
    sheet: Mapped[str | None] = mapped_column(sa.Text, deferred=True)
    created_at: Mapped[datetime] = mapped_column(index=True)

    organization: Mapped[Organization] = relationship(innerjoin=True)

    __table_args__ = (sa.UniqueConstraint("delivery_id", "organization_id"),)


class PromisedPlaces(Base):
    """What a list that is being entered takes of one category: so many places, and so many in the
    line, which begins for them behind `line`. Those up to `seated_to` have the places."""

    __tablename__ = "promised_places"
    __lock__ = ("delivery_id",)

    list_id: Mapped[int] = mapped_column(sa.ForeignKey("nomination_list.id"), primary_key=True)
    category: Mapped[PersonnelCategory] = mapped_column(
        enum_column(PersonnelCategory, is_checked=False), primary_key=True
    )  # as checked where it stands for good
    delivery_id: Mapped[int] = mapped_column(sa.ForeignKey("delivery.id"), index=True)
    line: Mapped[int]
    seated: Mapped[int]
    seated_to: Mapped[int]
    waiting: Mapped[int]
