"""Ids and cursors that no database could look for: addresses of nothing, and values that are
refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from accounts.roles import Role
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.core.test_api import token_for
from tests.courses import makers

pytestmark = pytest.mark.both_databases
TOO_GREAT = [2**31, 2**63, 10**30, 10**5000]


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize("number", TOO_GREAT, ids=["2^31", "2^63", "10^30", "10^5000"])
def test_an_id_that_no_row_can_have_is_404(
    app: Flask, sign_in: Callable[..., Browser], number: int
) -> None:
    digits = "9" * 5001 if number > 10**4000 else str(number)
    api = ApiClient(app, token_for(app, Role.COORDINATOR, Role.ROSTER))
    for path in ("/enrollments/{}", "/jobs/{}", "/experts/{}"):
        assert api.get(path.format(digits)).status_code == 404
    assert api.post(f"/enrollments/{digits}/approve").status_code == 404
    with app.app_context():
        staff = sign_in(factories.actor(Role.ADMINISTRATOR))
    for path in ("/enrollments/{}", "/roster/{}", "/administration/people/{}"):
        assert staff.get(path.format(digits)).status == 404
    assert staff.post(f"/jobs/{digits}/retry", {}).status == 404


@pytest.mark.parametrize("number", [2**31, 10**30])
def test_an_id_in_a_body_that_no_row_can_have_is_422(app: Flask, number: int) -> None:
    api = ApiClient(app, token_for(app, Role.COORDINATOR))
    with app.app_context():
        code = makers.delivery().code
    answer = api.post(f"/deliveries/{code}/certificates", {"enrollments": [number]})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "enrollments.0")


@pytest.mark.parametrize(
    "values",
    [
        ("2023-05-01", 10**20),
        ("2023-05-01", 2**31),
        ("2023-05-01", True),
        ("2023-05-01", "1"),
        ("not a day", 1),
        (7, 1),
    ],
)
def test_a_cursor_that_is_none_of_ours_is_refused(
    app: Flask, sign_in: Callable[..., Browser], values: tuple[Any, ...]
) -> None:
    api = ApiClient(app, token_for(app, Role.COORDINATOR))
    after = cursor(*values)
    assert api.get(f"/deliveries?after={after}").json["code"] == "bad_cursor"
    with app.app_context():
        staff = sign_in(factories.actor(Role.COORDINATOR))
    for page in ("/courses", "/deliveries"):
        assert staff.get(f"{page}?after={after}").status == 422


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_cursor_with_a_text_that_cannot_be_kept_is_refused(app: Flask, text: str) -> None:
    api = ApiClient(app, token_for(app, Role.COORDINATOR))
    assert api.get(f"/skills?after={cursor(text)}").json["code"] == "bad_cursor"
