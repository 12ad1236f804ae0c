"""The API of one's own data, consents (one's own and on paper) and organizations."""

from __future__ import annotations

from flask import url_for
from pydantic import StrictBool

from core.api import Answer, PageLanguage, Routes, Schema, with_fields
from core.paging import Page
from core.personal import offered
from core.web import current_actor
from people import queries, services
from people.fields import OWN, PERSON
from people.models import ConsentPurpose, ConsentWay, Gender, Person
from people.permissions import Permission as P
from people.schemas import (
    ConsentAnswer,
    ConsentBody,
    OrganizationAnswer,
    OrganizationBody,
    OrganizationsQuery,
    PaperAnswer,
    PaperBody,
)

routes = Routes("people")


@routes.call(
    "PUT",
    "/organizations/<code>",
    "Record or change an organization",
    requires=P.ORGANIZATION_MANAGE,
    body=OrganizationBody,
    answers={200: OrganizationAnswer, 201: OrganizationAnswer},
    location=lambda answer: url_for("people_api.get_organization", code=answer.code),
)
def put_organization(code: str, body: OrganizationBody) -> tuple[OrganizationAnswer, int]:
    """Coordinators record and change nominating bodies; only administrators record centres,
    roster offices and funders. No one signs in for a funder. Fields left out stay as they are."""
    organization, is_new = services.put_organization(current_actor(), code, **body.facts())
    return OrganizationAnswer.of(organization), 201 if is_new else 200


@routes.call(
    "GET",
    "/organizations/<code>",
    "An organization",
    requires=P.ORGANIZATION_MANAGE,
    answers={200: OrganizationAnswer},
)
def get_organization(code: str) -> OrganizationAnswer:
    """You can send it back as the body of PUT, without its code."""
    return OrganizationAnswer.of(queries.get_organization(current_actor(), code))


@routes.call(
    "GET",
    "/organizations",
    "List the organizations",
    requires=P.ORGANIZATION_MANAGE,
    query=OrganizationsQuery,
    answers={200: OrganizationAnswer},
    is_list=True,
)
def list_organizations(query: OrganizationsQuery) -> Page[OrganizationAnswer]:
    """Sorted by name, with the kinds of each."""
    page = queries.list_organizations(
        current_actor(), kind=query.kind, after=query.after, limit=query.limit
    )
    return Page([OrganizationAnswer.of(organization) for organization in page.items], page.next)


@routes.call("GET", "/me/consents", "Your own consents", answers={200: ConsentAnswer}, is_list=True)
def my_consents() -> Page[ConsentAnswer]:
    """Every purpose with its exact text and your answer."""
    return Page(
        [ConsentAnswer.of(state) for state in queries.consents_of(current_actor().person_id or 0)],
        None,
    )


@routes.call(
    "POST",
    "/me/consents",
    "Give or withdraw your own consent",
    body=ConsentBody,
    answers={201: ConsentAnswer},
    location=lambda answer: url_for("people_api.my_consents"),
)
def answer_consent(body: ConsentBody) -> tuple[ConsentAnswer, int]:
    """Only the person can: a token's user answers for no one else."""
    actor = current_actor()
    own = queries.get_own_person(actor)
    services.give_consent(actor, own, body.purpose, body.given, how=ConsentWay.API)
    return ConsentAnswer.of(
        next(state for state in queries.consents_of(own.id) if state.purpose is body.purpose)
    ), 201


@routes.call(
    "POST",
    "/people/consent-on-paper",
    "Record a consent on paper",
    requires=P.CONSENT_RECORD,
    body=PaperBody,
    answers={200: PaperAnswer},
)
def consent_on_paper(body: PaperBody) -> PaperAnswer:
    """What one person signed. The person is notified if there is an address."""
    actor = current_actor()
    person = services.person_on_paper(actor, identity=body.identity, **body.person.model_dump())
    row = services.record_paper_consent(
        actor,
        person,
        ConsentPurpose(body.purpose),
        reference=body.reference,
        signed_on=body.signed_on,
        document=body.document,
    )
    return PaperAnswer.of(row)


@with_fields(offered(PERSON, OWN))
class OwnBody(Schema):
    """What people correct themselves. Fields left out stay as they are; null clears a field that
    may be empty."""

    gender: Gender | None = None
    family_first: StrictBool | None = None
    language: PageLanguage | None = None


@with_fields(offered(PERSON, OWN))
class OwnAnswer(Answer):
    id: int
    given_name: str
    family_name: str
    full_name: str
    family_first: bool | None
    gender: Gender
    language: str


@routes.call("GET", "/me", "Your own data", answers={200: OwnAnswer})
def me() -> OwnAnswer:
    return OwnAnswer.model_validate(_own())


@routes.call(
    "PUT",
    "/me",
    "Correct your own gender, name order and language",
    body=OwnBody,
    answers={200: OwnAnswer},
)
def put_me(body: OwnBody) -> OwnAnswer:
    """Fields left out stay as they are; null clears the order of names and other fields that may be
    empty."""
    values = body.model_dump(exclude_unset=True)
    for name in ("gender", "language"):  # these always have a value
        if values.get(name, ...) is None:
            del values[name]
    return OwnAnswer.model_validate(services.change_person(current_actor(), _own(), **values))


def _own() -> Person:
    return queries.get_person(current_actor(), current_actor().person_id or 0)
