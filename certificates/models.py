"""Certificates: immutable snapshots with a status. Nothing issued is edited or deleted."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_pgettext as _p
from sqlalchemy.orm import Mapped, column_property, mapped_column

from core import clock, names
from core.database import Base, enum_column
from core.policy import Reach
from core.words import Worded
from courses.models import Delivery
from courses.timetable import today_in


class CertificateStatus(enum.StrEnum):
    """As stored; people see the status on a day (`PublicStatus`)."""

    VALID = "valid"
    SUSPENDED = "suspended"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


class PublicStatus(Worded):
    """As people see it. *Expired* is not stored: it follows from `valid_until` and the day."""

    VALID = "valid", _p("certificate", "Valid")
    EXPIRED = "expired", _p("certificate", "Expired")
    SUSPENDED = "suspended", _p("certificate", "Suspended")
    SUPERSEDED = "superseded", _p("certificate", "Replaced")
    REVOKED = "revoked", _p("certificate", "Revoked")


#: Certificates that count against the limit of one per enrollment.
NOT_ENDED = (CertificateStatus.VALID, CertificateStatus.SUSPENDED)
_NOT_ENDED_SQL = sa.text("status IN ({})".format(", ".join(f"'{s.value}'" for s in NOT_ENDED)))


class RevocationReason(Worded):
    """Why the certificate is wrong. Misconduct elsewhere is not a reason; others judge it."""

    ISSUED_IN_ERROR = "issued_in_error", _p("revocation", "Issued in error")
    WRONG_PERSON = "wrong_person", _p("revocation", "Issued to the wrong person")
    FRAUD = "fraud", _p("revocation", "Fraud")
    RECOGNITION_WITHDRAWN = "recognition_withdrawn", _p("revocation", "Recognition withdrawn")


class ProposalOutcome(enum.StrEnum):
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"  # by its proposer


class Certificate(Base):
    """What was certified, as printed. `payload` is the snapshot; the other columns serve to find
    it.

    `number` is printed and guessable; `token` is random and the only key to the public page.
    `sha256` and `file_key` are empty until the file is made.
    """

    __tablename__ = "certificate"
    __scope__ = {
        Reach.DELIVERY: "delivery_id",
        Reach.CENTRE: "centre_id",
        Reach.ORGANIZATION: "organization_id",
        Reach.SELF: "person_id",
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    token: Mapped[str] = mapped_column(sa.String(40), unique=True)
    status: Mapped[CertificateStatus] = mapped_column(
        enum_column(CertificateStatus), default=CertificateStatus.VALID
    )
    enrollment_id: Mapped[int] = mapped_column(sa.ForeignKey("enrollment.id"), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    delivery_id: Mapped[int] = mapped_column(sa.ForeignKey("delivery.id"), index=True)
    centre_id: Mapped[int] = mapped_column(
        sa.ForeignKey("organization.id")
    )  # the issuing centre: the delivery's
    organization_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organization.id"))
    holder_name: Mapped[str] = mapped_column(sa.String(120))
    holder_words: Mapped[str] = mapped_column(
        sa.Text,
        default=lambda context: names.searched([context.get_current_parameters()["holder_name"]]),
    )
    payload: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    payload_sha256: Mapped[str] = mapped_column(sa.String(64))
    issued_on: Mapped[date]
    valid_until: Mapped[date | None]
    issued_at: Mapped[datetime]
    file_key: Mapped[str | None] = mapped_column(sa.String(200))
    sha256: Mapped[str | None] = mapped_column(sa.String(64))
    replaces_id: Mapped[int | None] = mapped_column(sa.ForeignKey("certificate.id"), unique=True)
    ended_at: Mapped[datetime | None]
    reason_code: Mapped[str | None] = mapped_column(sa.String(40))
    note: Mapped[str | None] = mapped_column(sa.String(1000))
    time_zone: Mapped[str] = column_property(
        sa.select(Delivery.time_zone)
        .where(Delivery.id == delivery_id)
        .correlate_except(Delivery)
        .scalar_subquery()
    )

    __table_args__ = (
        sa.Index(
            "uq_certificate_valid",
            "enrollment_id",
            unique=True,
            sqlite_where=_NOT_ENDED_SQL,
            postgresql_where=_NOT_ENDED_SQL,
        ),
        sa.Index(None, "status", "id", "valid_until"),  # the register, by status
        sa.Index(None, "centre_id", "id"),  # the register of a centre
        sa.Index(None, "organization_id", "id"),
        sa.Index(None, "valid_until"),
    )

    @property
    def has_ended(self) -> bool:
        return self.status not in NOT_ENDED

    @property
    def today(self) -> date:
        """Today in the delivery's time zone, by which certificates are dated."""
        return self.date_of(clock.now())

    def date_of(self, moment: datetime) -> date:
        """The day of this moment in that time zone."""
        return today_in(self.time_zone, moment)

    @property
    def current_status(self) -> PublicStatus:
        """Its status today."""
        return self.status_on(self.today)

    def status_on(self, day: date) -> PublicStatus:
        """Its status on this day."""
        if (
            self.status is CertificateStatus.VALID
            and self.valid_until is not None
            and self.valid_until < day
        ):
            return PublicStatus.EXPIRED
        return PublicStatus(self.status)


class Suspension(Base):
    """A period in which a certificate was not to be relied on. Kept after it ends, because it tells
    what was known on a day."""

    __tablename__ = "suspension"

    id: Mapped[int] = mapped_column(primary_key=True)
    certificate_id: Mapped[int] = mapped_column(sa.ForeignKey("certificate.id"), index=True)
    suspended_at: Mapped[datetime]
    suspended_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    note: Mapped[str] = mapped_column(sa.String(1000))
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    lift_note: Mapped[str | None] = mapped_column(sa.String(1000))

    __table_args__ = (
        sa.Index(
            "uq_suspension_open",
            "certificate_id",
            unique=True,
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        ),
    )


class RevocationProposal(Base):
    """A revocation that awaits a second person, or its outcome. Until it is confirmed the
    certificate stays valid."""

    __tablename__ = "revocation_proposal"

    id: Mapped[int] = mapped_column(primary_key=True)
    certificate_id: Mapped[int] = mapped_column(sa.ForeignKey("certificate.id"), index=True)
    reason_code: Mapped[RevocationReason] = mapped_column(enum_column(RevocationReason))
    note: Mapped[str | None] = mapped_column(sa.String(1000))
    proposed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    outcome: Mapped[ProposalOutcome | None] = mapped_column(enum_column(ProposalOutcome))

    __table_args__ = (
        sa.Index(
            "uq_revocation_proposal_open",
            "certificate_id",
            unique=True,
            sqlite_where=sa.text("decided_at IS NULL"),
            postgresql_where=sa.text("decided_at IS NULL"),
        ),
    )
