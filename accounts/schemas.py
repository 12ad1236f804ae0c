"""Shapes of this room's API."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StrictBool

from accounts.models import Organization
from accounts.roles import BodyKind
from core.api import Answer, Country, ListQuery, Schema, Texts, at_most


class OrganizationBody(Schema):
    """What is left out stays as it is; null clears country, title and contact address. A new organization needs a name."""

    name: Annotated[str, at_most(200)] | None = None
    kinds: list[BodyKind] | None = Field(None, max_length=10, description="of a new organization, if left out: `nominator`")
    country: Country | None = None
    title: Texts | None = Field(None, description="what it is called on certificates and in messages; null: as its name says")
    contact_email: Annotated[str, at_most(254)] | None = Field(None, description="where questions to it go")
    two_person_revocation: StrictBool | None = Field(
        None, description="of a centre: revoking a certificate takes two people, whatever the reason"
    )

    def given(self) -> dict[str, Any]:
        """What services.put_organization takes of it."""
        said = self.model_dump(exclude_unset=True)
        may_be_cleared = ("country", "title", "contact_email")
        return {name: value for name, value in said.items() if value is not None or name in may_be_cleared}


class OrganizationsQuery(ListQuery):
    kind: BodyKind | None = None


class OrganizationAnswer(Answer):
    code: str
    name: str
    kinds: list[BodyKind]
    country: str | None
    title: dict[str, str] | None
    contact_email: str | None
    two_person_revocation: bool

    @classmethod
    def of(cls, one: Organization) -> OrganizationAnswer:
        return cls(
            code=one.code, name=one.name, kinds=[BodyKind(kind) for kind in one.kinds], country=one.country,
            title=one.title, contact_email=one.contact_email, two_person_revocation=one.two_person_revocation,
        )  # fmt: skip
