"""People and organizations, each recorded once, and what people consented to."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_pgettext as _p
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from core import names, texts
from core.codes import Code
from core.database import Base, enum_column
from core.policy import Reach
from core.settings import settings_of
from core.words import Worded
from people.values import email_key


class BodyKind(Worded):
    """The functions an organization has here; it may have several."""

    NOMINATOR = "nominator", _p("organization", "Nominating body")  # nominates people
    CENTRE = "centre", _p("organization", "Training centre")  # teaches and issues certificates
    ROSTER_OFFICE = "roster_office", _p("organization", "Roster office")  # keeps a roster
    # pays for deliveries; named on them, without users
    FUNDER = "funder", _p("organization", "Funder")


class Gender(Worded):
    FEMALE = "female", _p("person", "Woman")
    MALE = "male", _p("person", "Man")
    ANOTHER = "another", _p("person", "Another gender")
    UNDISCLOSED = "undisclosed", _p("person", "Prefer not to say")


class IdentifierKind(enum.StrEnum):
    """The kind of number. Numbers of different kinds are never compared."""

    SERVICE = "service"
    PASSPORT = "passport"


class ConsentPurpose(Worded):
    ROSTER = "roster", _p("consent", "Roster staff may find the person")
    CONTACT = "contact", _p("consent", "We may write about missions and training")


class ConsentWay(Worded):
    PAGE = "page", _p("answer", "on your page")
    # signed in by an emailed link, which proves only access to the mailbox
    LINK = "link", _p("answer", "by an emailed link")
    API = "api", _p("answer", "by a program")
    PAPER = "paper", _p("answer", "on paper")
    # given before consents were rows
    CARRIED_OVER = "carried_over", _p("answer", "carried over from an earlier version")


class Organization(Base):
    """A body; `kinds` says whether it nominates, is a centre, has a roster or funds.

    One centre and one roster office exist from the start (`is_first`); without a `title` and
    contact address of their own, they use those of the settings. `signatories` sign the centre's
    certificates, each with `name` and `office` by language; without any, the delivery's trainers
    sign. `emblem_sha256` is the emblem on new certificates.
    """

    __tablename__ = "organization"
    __scope__ = {Reach.ORGANIZATION: "id"}

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Code(60), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    country: Mapped[str | None] = mapped_column(sa.String(2))
    kinds: Mapped[list[str]] = mapped_column(sa.JSON, default=lambda: [BodyKind.NOMINATOR.value])
    title: Mapped[dict[str, str] | None] = mapped_column(
        sa.JSON(none_as_null=True)
    )  # as printed; None: the name
    contact_email: Mapped[str | None] = mapped_column(sa.String(254))
    two_person_revocation: Mapped[bool] = mapped_column(
        default=False
    )  # of a centre: for every reason, not only fraud
    signatories: Mapped[list[dict[str, Any]]] = mapped_column(
        sa.JSON, default=list, server_default="[]"
    )
    emblem_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("emblem.sha256"))
    is_first: Mapped[bool] = mapped_column(default=False)

    def is_a(self, kind: BodyKind) -> bool:
        return kind.value in self.kinds

    @classmethod
    def of_kind(cls, kind: BodyKind) -> sa.ColumnElement[bool]:
        """Selects bodies of this kind (the column is a JSON list, stored as text on both
        databases)."""
        return sa.cast(cls.kinds, sa.Text).contains(f'"{kind.value}"')

    @property
    def titles(self) -> Mapping[str, str]:
        """Its name on certificates, in letters and on pages, by language."""
        return self.title or (
            settings_of().issuer if self.is_first else dict.fromkeys(texts.offered(), self.name)
        )

    @property
    def contact(self) -> str:
        """The contact address for questions."""
        return self.contact_email or settings_of().contact_email


class Emblem(Base):
    """A centre's picture, by its SHA-256. Never deleted, because certificates refer to it."""

    __tablename__ = "emblem"

    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    png: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime]


class Person(Base):
    """A person. Participants, experts and users are people in a role; each points here.

    `email` is stored as typed and compared by `email_key`; several people may share a mailbox,
    which then identifies none of them. `identifier`, a service or staff number, belongs to its
    issuer (`issuer_id` an organization, `issuer_country` a country) and is kept as typed and
    compared by `identifier_key`. `is_provisional`: someone applied with this address and has not
    opened the link sent there, or is new in a list of nominations that is not in yet; no one is
    recognised by it, and no one signs in. `merged_into_id`:
    the record of the same person that is used now. `family_first` is what the person decided about
    the order of the names; None leaves it to script, country and language. `sort_name` and
    `search_names` follow from the names (core.names).
    """

    __tablename__ = "person"
    __scope__ = {Reach.SELF: "id"}

    id: Mapped[int] = mapped_column(primary_key=True)
    identifier: Mapped[str | None] = mapped_column(sa.String(60), index=True)
    identifier_key: Mapped[str | None] = mapped_column(
        sa.String(60), index=True, default=lambda c: _key_of(c.get_current_parameters())
    )
    identifier_kind: Mapped[IdentifierKind] = mapped_column(
        enum_column(IdentifierKind),
        default=IdentifierKind.SERVICE,
        server_default=IdentifierKind.SERVICE.value,
    )
    issuer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organization.id"))
    issuer_country: Mapped[str | None] = mapped_column(sa.String(2))
    given_name: Mapped[str] = mapped_column(sa.String(120))
    family_name: Mapped[str] = mapped_column(sa.String(120))
    name_on_certificate: Mapped[str] = mapped_column(sa.String(120))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    email_key: Mapped[str | None] = mapped_column(sa.String(254), index=True)
    country: Mapped[str | None] = mapped_column(
        sa.String(2), index=True
    )  # the sending country; also None for the UN, EU, AU
    nationalities: Mapped[list[str]] = mapped_column(sa.JSON, default=list, server_default="[]")
    gender: Mapped[Gender] = mapped_column(enum_column(Gender), default=Gender.UNDISCLOSED)
    birth_date: Mapped[date | None]
    passport_expires_on: Mapped[date | None]
    language: Mapped[str] = mapped_column(sa.String(3), default=texts.SOURCE)
    family_first: Mapped[bool | None]
    is_provisional: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    merged_into_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    sort_name: Mapped[str] = mapped_column(
        names.SORTED, default=lambda c: _sorted_by(c.get_current_parameters())
    )
    search_names: Mapped[str] = mapped_column(
        sa.Text, default=lambda c: _found_by(c.get_current_parameters())
    )
    created_at: Mapped[datetime]

    merged_into: Mapped[Person | None] = relationship(
        remote_side=[id], foreign_keys=[merged_into_id], viewonly=True
    )

    @validates("email")
    def _key_follows(self, _name: str, email: str | None) -> str | None:
        self.email_key = email_key(email) if email else None
        return email

    @validates("identifier")
    def _number_follows(self, _name: str, identifier: str | None) -> str | None:
        self.identifier_key = _key_of({"identifier": identifier})
        return identifier

    __table_args__ = (
        sa.Index(None, "sort_name", "id"),
        sa.Index(  # only the few merged records, so that lists use the order of names
            None,
            "merged_into_id",
            sqlite_where=sa.text("merged_into_id IS NOT NULL"),
            postgresql_where=sa.text("merged_into_id IS NOT NULL"),
        ),
    )

    @property
    def is_current(self) -> bool:
        """Whether people are matched against it: neither provisional nor merged."""
        return not self.is_provisional and self.merged_into_id is None

    @property
    def full_name(self) -> str:
        """The name as the person writes it."""
        origin = names.Origin(self.country, self.nationalities or (), self.language)
        return names.full_name(
            self.given_name, self.family_name, origin, family_first=self.family_first
        )


def _key_of(fields: dict[str, Any]) -> str | None:
    return names.number_key(fields.get("identifier") or "") or None


def _sorted_by(fields: dict[str, Any]) -> str:
    return names.sort_key(fields.get("given_name") or "", fields.get("family_name") or "")


def _found_by(fields: dict[str, Any]) -> str:
    called = fields.get("given_name") or "", fields.get("family_name") or ""
    return names.searched(names.spellings(*called, fields.get("name_on_certificate")))


@sa.event.listens_for(Person, "before_update")
def _names_follow(_mapper: Any, _connection: Any, person: Person) -> None:
    name_columns = ("given_name", "family_name", "name_on_certificate")
    if any(sa.inspect(person).attrs[name].history.has_changes() for name in name_columns):
        now = {name: getattr(person, name) for name in name_columns}
        person.sort_name, person.search_names = _sorted_by(now), _found_by(now)


class MergeStatus(enum.StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    UNDONE = "undone"


class Merge(Base):
    """Two records become one person: `merged_id` then points to `keep_id`. One reviewer proposes,
    another confirms, unless a single nomination is all that the merged record has (`is_reviewed`
    False). Nothing is deleted, so a merge can be undone."""

    __tablename__ = "merge"
    __scope__: dict[Reach, str] = {}  # enrollment.queries.require_reach checks who may see it

    id: Mapped[int] = mapped_column(primary_key=True)
    keep_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    merged_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    status: Mapped[MergeStatus] = mapped_column(enum_column(MergeStatus))
    is_reviewed: Mapped[bool] = mapped_column(default=True)
    moves_address: Mapped[bool] = mapped_column(default=False)  # to a surviving record without one
    reason: Mapped[str] = mapped_column(sa.String(500))
    proposed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    undone_at: Mapped[datetime | None]

    keep: Mapped[Person] = relationship(foreign_keys=[keep_id], innerjoin=True)
    merged: Mapped[Person] = relationship(foreign_keys=[merged_id], innerjoin=True)

    @property
    def is_found(self) -> bool:
        """Whether it was found by comparing records and not yet proposed by anyone."""
        return self.proposed_by_id is None and not self.reason


class Consent(Base):
    """One answer of a person. Rows are added and never changed; the latest that `counts` is
    current.

    A yes sent through a shared mailbox is stored with `counts` False until the person repeats it
    from an address of their own or on paper; so is a no that a merge carried over, once the merge
    is undone. `reference`, `signed_on`, `document` and `recorded_by_id` belong to consent on paper.
    """

    __tablename__ = "consent"
    __scope__ = {Reach.SELF: "person_id"}

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    purpose: Mapped[ConsentPurpose] = mapped_column(enum_column(ConsentPurpose))
    given: Mapped[bool]
    counts: Mapped[bool] = mapped_column(default=True)
    text_version: Mapped[str] = mapped_column(sa.String(20))
    language: Mapped[str] = mapped_column(sa.String(3))
    how: Mapped[ConsentWay] = mapped_column(enum_column(ConsentWay))
    at: Mapped[datetime]
    reference: Mapped[str | None] = mapped_column(sa.String(120))
    signed_on: Mapped[date | None]
    document: Mapped[str | None] = mapped_column(sa.String(200))
    recorded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    merge_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("merge.id")
    )  # the merge that carried it over from the other record

    __table_args__ = (sa.Index("ix_consent_person_id_purpose_id", "person_id", "purpose", "id"),)
