"""Schemas of this package's API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool

from core.api import (
    Answer,
    Country,
    Day,
    Id,
    Language,
    ListQuery,
    PersonCountry,
    PersonName,
    Schema,
    Texts,
    at_most,
)
from people.models import (
    BodyKind,
    Consent,
    ConsentPurpose,
    ConsentWay,
    Gender,
    IdentifierKind,
    Organization,
)
from people.queries import ConsentState


class SignatoryBody(Schema):
    name: Annotated[str, at_most(60)]
    office: Texts


class OrganizationBody(Schema):
    """Fields left out stay as they are; null clears country, title and contact address. A new
    organization needs a name."""

    name: Annotated[str, at_most(200)] | None = None
    kinds: list[BodyKind] | None = Field(
        None, max_length=10, description="if left out for a new organization: `nominator`"
    )
    country: Country | None = None
    title: Texts | None = Field(
        None, description="name on certificates and in messages; null: its `name`"
    )
    contact_email: Annotated[str, at_most(254)] | None = Field(
        None, description="address for questions"
    )
    two_person_revocation: StrictBool | None = Field(
        None,
        description="for a centre: revoking a certificate takes two people, whatever the reason",
    )
    signatories: list[SignatoryBody] | None = Field(
        None,
        max_length=10,
        description=(
            "for a centre: at most two people whose names stand on its certificates; replaces "
            "those before. With an empty list, the trainers of each delivery"
        ),
    )

    def facts(self) -> dict[str, Any]:
        """The arguments of services.put_organization."""
        values = self.model_dump(exclude_unset=True)
        may_be_cleared = ("country", "title", "contact_email")
        return {
            name: value
            for name, value in values.items()
            if value is not None or name in may_be_cleared
        }


class OrganizationsQuery(ListQuery):
    kind: BodyKind | None = None


class SignatoryAnswer(Answer):
    name: str
    office: dict[str, str]


class OrganizationAnswer(Answer):
    code: str
    name: str
    kinds: list[BodyKind]
    country: str | None
    title: dict[str, str] | None
    contact_email: str | None
    two_person_revocation: bool
    signatories: list[SignatoryAnswer]
    emblem_sha256: str | None

    @classmethod
    def of(cls, organization: Organization) -> OrganizationAnswer:
        return cls(
            code=organization.code,
            name=organization.name,
            kinds=[BodyKind(kind) for kind in organization.kinds],
            country=organization.country,
            title=organization.title,
            contact_email=organization.contact_email,
            two_person_revocation=organization.two_person_revocation,
            signatories=[SignatoryAnswer(**signatory) for signatory in organization.signatories],
            emblem_sha256=organization.emblem_sha256,
        )


class ConsentBody(Schema):
    purpose: ConsentPurpose
    given: StrictBool = Field(description="false refuses or withdraws")


class ConsentAnswer(Answer):
    """The answer for one purpose. `given`: null while the person has not answered."""

    purpose: ConsentPurpose
    given: bool | None
    awaits_confirmation: bool = Field(
        description="true for a yes from a mailbox that others use as well: it does not count yet"
    )
    version: str = Field(description="of the text")
    language: str
    text: str
    how: ConsentWay | None
    at: datetime | None

    @classmethod
    def of(cls, state: ConsentState) -> ConsentAnswer:
        answer = state.unconfirmed or state.answer
        return cls(
            purpose=state.purpose,
            given=state.given,
            awaits_confirmation=state.unconfirmed is not None,
            version=answer.text_version if answer else state.text.version,
            language=answer.language if answer else state.text.language,
            text=state.text.words,
            how=answer.how if answer else None,
            at=answer.at if answer else None,
        )


class PersonBody(Schema):
    """A person in the calls of other packages."""

    identifier: Annotated[str, at_most(60)] | None = None
    identifier_issuer: Annotated[str, at_most(60)] | None = Field(
        None,
        description=(
            "who issued the identifier: an organization's code or a country; the person's country "
            "if left out"
        ),
    )
    identifier_kind: IdentifierKind | None = None
    given_name: PersonName | None = None
    family_name: PersonName | None = None
    name_on_certificate: PersonName | None = None
    email: Annotated[str, at_most(254)] | None = None
    country: PersonCountry | None = Field(None, description="who sends the person")
    nationalities: (
        Annotated[list[PersonCountry], Field(json_schema_extra={"maxItems": 5})] | None
    ) = None
    gender: Gender | None = None
    birth_date: Day | None = None
    language: Language | None = None
    names_confirmed: StrictBool | None = Field(
        None,
        description=(
            "true: the names are right although one is what people write for an unknown name "
            "(`name_in_doubt`)"
        ),
    )


class PaperPersonBody(Schema):
    """The signatory: a number or an address, and the name."""

    identifier: Annotated[str, at_most(60)] | None = None
    identifier_issuer: Annotated[str, at_most(60)] | None = Field(
        None,
        description=(
            "who issued the identifier: an organization's code or a country; the person's country "
            "if left out"
        ),
    )
    identifier_kind: IdentifierKind | None = None
    given_name: PersonName | None = None
    family_name: PersonName | None = None
    email: Annotated[str, at_most(254)] | None = None
    country: PersonCountry | None = None
    names_confirmed: StrictBool | None = None


class PaperBody(Schema):
    person: PaperPersonBody
    purpose: ConsentPurpose = ConsentPurpose.ROSTER
    reference: Annotated[str, at_most(120)]
    signed_on: Day
    document: Annotated[str, at_most(200)]
    identity: Literal["new"] | Id | None = Field(
        None,
        description=(
            "coordinators answer `identity_in_doubt` with it: `new` for someone other than the "
            "people in `candidates`, or the id of the one who is meant"
        ),
    )


class PaperAnswer(Answer):
    person_id: int
    purpose: ConsentPurpose
    given: bool
    how: ConsentWay
    reference: str
    signed_on: date
    document: str
    at: datetime

    @classmethod
    def of(cls, row: Consent) -> PaperAnswer:
        return cls.model_validate(row)
