"""A caller of the API with roles, and a delivery with a few places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from accounts.roles import Role
from tests import factories
from tests.api_client import ApiClient
from tests.enrollment import makers


@pytest.fixture
def client(app: Flask) -> Callable[..., ApiClient]:
    def make(*roles: Role, organization: str | None = None, **values: Any) -> ApiClient:
        with app.app_context():
            scope = (
                {"organization_id": factories.organization(organization).id} if organization else {}
            )
            return ApiClient(app, makers.token_of(factories.actor(*roles, **scope, **values)))

    return make


@pytest.fixture
def ghana(client: Callable[..., ApiClient]) -> ApiClient:
    """A body that nominates."""
    return client(Role.NOMINATOR, organization="GH-MOD")


@pytest.fixture
def france(client: Callable[..., ApiClient]) -> ApiClient:
    """Another one."""
    return client(Role.NOMINATOR, organization="FR-MFA")


@pytest.fixture
def code(app: Flask) -> str:
    with app.app_context():
        return makers.delivery(places=6).code
