"""The API: oneself."""

from __future__ import annotations

from typing import Literal

from pydantic import StrictBool

from accounts import queries, services
from accounts.models import Gender, Person
from core.api import Answer, Routes, Schema
from core.web import current_actor

routes = Routes("accounts")


class OwnBody(Schema):
    """What people correct themselves. What is left out stays as it is."""

    gender: Gender | None = None
    family_first: StrictBool | None = None
    language: Literal["en", "fr"] | None = None


class OwnAnswer(Answer):
    id: int
    given_name: str
    family_name: str
    full_name: str
    family_first: bool | None
    gender: Gender
    language: str


@routes.call("GET", "/me", "The caller’s own data", answers={200: OwnAnswer})
def me() -> OwnAnswer:
    return OwnAnswer.model_validate(_own())


@routes.call("PUT", "/me", "Correct the caller’s own gender, name order and language", body=OwnBody, answers={200: OwnAnswer})
def put_me(body: OwnBody) -> OwnAnswer:
    """Fields that are left out, or null, stay as they are."""
    values = {name: value for name, value in body.model_dump().items() if value is not None}
    return OwnAnswer.model_validate(services.change_person(current_actor(), _own(), **values))


def _own() -> Person:
    return queries.get_person(current_actor(), current_actor().person_id or 0)
