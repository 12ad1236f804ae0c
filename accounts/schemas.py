"""Shapes of the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StrictBool

from accounts.models import Consent, ConsentPurpose, ConsentWay
from accounts.queries import ConsentState
from core.api import Answer, Day, PersonCountry, PersonName, Schema, at_most


class ConsentBody(Schema):
    purpose: ConsentPurpose
    given: StrictBool = Field(description="false withdraws")


class ConsentAnswer(Answer):
    """How one purpose stands. `given`: null while the person has not answered."""

    purpose: ConsentPurpose
    given: bool | None
    awaits_confirmation: bool = Field(description="a yes that came through a mailbox which others use as well does not count yet")
    version: str = Field(description="of the text")
    language: str
    text: str
    how: ConsentWay | None
    at: datetime | None

    @classmethod
    def of(cls, state: ConsentState) -> ConsentAnswer:
        said = state.unconfirmed or state.answer
        return cls(
            purpose=state.purpose, given=state.given, awaits_confirmation=state.unconfirmed is not None,
            version=said.text_version if said else state.text.version, language=said.language if said else state.text.language,
            text=state.text.words, how=said.how if said else None, at=said.at if said else None,
        )  # fmt: skip


class PaperPersonBody(Schema):
    """Who signed: a number or an address, and the name."""

    identifier: Annotated[str, at_most(60)] | None = None
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
