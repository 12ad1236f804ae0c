"""Several bodies, one person: each sees its own nomination as it would a stranger's, and there is one seat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.models import Merge
from accounts.roles import Role
from core import checking, jobs
from core.database import db
from tests import factories
from tests.api_client import ApiClient
from tests.enrollment import makers
from tests.enrollment.test_identity import answers, body, places_left, post

KOFI = {"email": "kofi@example.org"}


@pytest.fixture
def client(app: Flask) -> Callable[..., ApiClient]:
    def make(*roles: Role, organization: str | None = None, **values: Any) -> ApiClient:
        with app.app_context():
            scope = {"organization_id": factories.organization(organization).id} if organization else {}
            return ApiClient(app, makers.token_of(factories.actor(*roles, **scope, **values)))

    return make


@pytest.fixture
def ghana(client) -> ApiClient:
    return client(Role.NOMINATOR, organization="GH-MOD")


@pytest.fixture
def france(client) -> ApiClient:
    return client(Role.NOMINATOR, organization="FR-MFA")


@pytest.fixture
def coordinator(client) -> ApiClient:
    return client(Role.COORDINATOR)


def delivery(app: Flask, **values: Any) -> str:
    with app.app_context():
        return makers.delivery(**({"places": 6} | values)).code


def drained(app: Flask) -> None:
    with app.app_context():
        jobs.drain()


def put(app: Flask, client: ApiClient, code: str, **person: Any) -> Any:
    """Nominated, and compared with everyone."""
    made = post(client, code, **person)
    drained(app)
    return made


# Nominated again


def test_a_body_nominates_a_person_once_although_another_body_was_first(app: Flask, ghana, france) -> None:
    put(app, ghana, delivery(app), identifier="A-1", **KOFI)
    code = delivery(app)
    put(app, france, code, identifier="F-9", identifier_issuer="FR", **KOFI)
    post(ghana, code, identifier="A-1", **KOFI)
    for _again in range(2):
        again = ghana.post(f"/deliveries/{code}/enrollments", body(identifier="A-1", **KOFI))
        assert (again.status_code, again.json["code"]) == (409, "already_enrolled"), "as a stranger nominated twice"
        drained(app)
