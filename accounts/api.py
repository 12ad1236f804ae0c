"""The API: organizations."""

from __future__ import annotations

from flask import url_for

from accounts import queries, services
from accounts.roles import Permission as P
from accounts.schemas import OrganizationAnswer, OrganizationBody, OrganizationsQuery
from core.api import Routes
from core.paging import Page
from core.web import current_actor

routes = Routes("accounts")


@routes.call(
    "PUT", "/organizations/<code>", "Record or change an organization", requires=P.ORGANIZATION_MANAGE, body=OrganizationBody,
    answers={200: OrganizationAnswer, 201: OrganizationAnswer},
    location=lambda answer: url_for("accounts_api.get_organization", code=answer.code),
)  # fmt: skip
def put_organization(code: str, body: OrganizationBody) -> tuple[OrganizationAnswer, int]:
    """Coordinators record and change bodies that nominate; centres, roster offices and funders are for administrators. Nobody
    signs in for a funder."""
    organization, is_new = services.put_organization(current_actor(), code, **body.given())
    return OrganizationAnswer.of(organization), 201 if is_new else 200


@routes.call("GET", "/organizations/<code>", "An organization", requires=P.ORGANIZATION_MANAGE, answers={200: OrganizationAnswer})
def get_organization(code: str) -> OrganizationAnswer:
    """May be sent back as the body of PUT, without its code."""
    return OrganizationAnswer.of(queries.get_organization(current_actor(), code))


@routes.call(
    "GET", "/organizations", "List the organizations", requires=P.ORGANIZATION_MANAGE, query=OrganizationsQuery,
    answers={200: OrganizationAnswer}, is_list=True,
)  # fmt: skip
def list_organizations(query: OrganizationsQuery) -> Page[OrganizationAnswer]:
    """By name, with what each does here."""
    found = queries.list_organizations(current_actor(), kind=query.kind, after=query.after, limit=query.limit)
    return Page([OrganizationAnswer.of(one) for one in found.items], found.next)
