"""The API's frame: tokens, unknown fields, problem details, idempotency, paging, and a description that is true."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from flask import Flask
from openapi_spec_validator import validate

from accounts import services as accounts_services
from accounts.models import Person
from accounts.roles import Role
from core.database import db, transaction
from core.policy import SYSTEM
from courses.models import Skill
from tests import factories
from tests.api_client import ApiClient


def token_for(app: Flask, *roles: Role) -> str:
    with app.app_context():
        actor = factories.actor(*roles)
        with transaction():
            return accounts_services.create_token(SYSTEM, db.session.get_one(Person, actor.person_id), name="test")


@pytest.fixture
def api(app: Flask) -> ApiClient:
    return ApiClient(app, token_for(app, Role.COORDINATOR))


def skill_count(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(Skill)) or 0


def test_the_description_is_valid_openapi(api: ApiClient) -> None:
    description = api.client.get("/api/v1/openapi.json").json
    validate(description)
    assert description["openapi"].startswith("3.1")


def test_every_api_route_is_described_and_nothing_else(app: Flask, api: ApiClient) -> None:
    described = {(method.upper(), path) for path, operations in api.description["paths"].items() for method in operations}
    routes = {
        (method, rule.rule.replace("<int:", "<").replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1") and not rule.endpoint.startswith("docs.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == routes


def test_the_page_shows_it_without_any_other_host(app: Flask, browser) -> None:
    page = browser.get("/api/v1/docs")
    assert page.status == 200
    assert "/api/v1/deliveries/{code}/enrollments" in page.text
    hosts = [e.get("src") or e.get("href") or "" for tag in ("script", "link", "img") for e in page.all(tag)]
    assert not [address for address in hosts if address.startswith(("http:", "https:", "//"))]


@pytest.mark.parametrize("token", [None, "wrong", "x" * 500])
def test_without_a_good_token_401(app: Flask, token: str | None) -> None:
    answer = ApiClient(app, token).get("/skills")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json["code"] in ("not_signed_in", "bad_token")


def test_a_cookie_is_no_key_to_the_api(app: Flask, sign_in) -> None:
    with app.app_context():
        actor = factories.actor(Role.ADMINISTRATOR)
    assert sign_in(actor).client.get("/api/v1/skills").status_code == 401


def test_a_token_is_no_key_to_the_pages(app: Flask) -> None:
    token = token_for(app, Role.ADMINISTRATOR)
    answer = app.test_client().get("/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 303


def test_a_token_may_no_more_than_its_user(app: Flask) -> None:
    answer = ApiClient(app, token_for(app, Role.PARTICIPANT)).put("/skills/x", {"title": {"en": "X"}})
    assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"title": {"en": "X"}, "colour": "red"}, "colour", "unknown_field"),
        ({}, "title", "required"),
        ({"title": {}}, "title", "value_error"),
        ({"title": {"en": "  "}}, "title", "value_error"),
        ({"title": {"xx": "X"}}, "title", "value_error"),
        ({"title": {"es": "X"}}, "title", "value_error"),
        ({"title": "X"}, "title", "dict_type"),
    ],
)
def test_bad_values_are_422_and_named(api: ApiClient, app: Flask, body, field: str, code: str) -> None:
    answer = api.put("/skills/x", body)
    assert answer.status_code == 422
    assert {"field": field, "code": code} in [{"field": e["field"], "code": e["code"]} for e in answer.json["errors"]]
    assert skill_count(app) == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff\xfe", b"null", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_422(api: ApiClient, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
    answer = api.client.put("/api/v1/skills/x", data=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (422, "malformed_json")


def test_a_huge_body_is_413(api: ApiClient) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
    answer = api.client.put("/api/v1/skills/x", data=b"x" * (5 * 1024 * 1024), headers=headers)
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"


def test_unknown_addresses_and_methods_are_problems_too(api: ApiClient) -> None:
    for method, path, status in (("GET", "/api/v1/nothing", 404), ("DELETE", "/api/v1/skills", 405)):
        answer = api.client.open(path, method=method, headers={"Authorization": f"Bearer {api.token}"})
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_lists_are_paged_in_a_stable_order(api: ApiClient) -> None:
    for n in range(7):
        api.put(f"/skills/s{n}", {"title": {"en": f"Skill {n}"}})
    first = api.get("/skills?limit=3").json
    assert len(first["items"]) == 3
    api.put("/skills/a0", {"title": {"en": "comes before the page already read"}})
    second = api.get(first["next"]).json
    third = api.get(second["next"]).json
    codes = [item["code"] for part in (first, second, third) for item in part["items"]]
    assert codes == [f"s{n}" for n in range(7)]
    assert third["next"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "after=x", "after=W10", "colour=red"])
def test_bad_queries_are_422(api: ApiClient, query: str) -> None:
    assert api.get(f"/skills?{query}").status_code == 422


COURSE = {
    "title": {"en": "First aid"},
    "audience": ["civilian"],
    "sessions": [{"day": 1, "start": "09:00", "minutes": 60, "title": {"en": "All"}}],
    "completion": {"min_attendance_percent": 100},
}
DELIVERY = {"starts_on": "2027-03-08", "time_zone": "UTC", "venue": "Here", "country": "CA", "language": "en", "places": 5}


def test_the_same_key_and_body_happen_once(api: ApiClient) -> None:
    api.put("/courses/FA", COURSE)
    first = api.post("/courses/FA/deliveries", DELIVERY, Idempotency_Key="k1")
    again = api.post("/courses/FA/deliveries", DELIVERY, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert len(api.get("/deliveries").json["items"]) == 1


def test_the_same_key_with_another_body_is_409(api: ApiClient) -> None:
    api.put("/courses/FA", COURSE)
    api.post("/courses/FA/deliveries", DELIVERY, Idempotency_Key="k1")
    other = api.post("/courses/FA/deliveries", DELIVERY | {"places": 6}, Idempotency_Key="k1")
    assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")


def test_keys_of_two_users_do_not_meet(app: Flask, api: ApiClient) -> None:
    api.put("/courses/FA", COURSE)
    api.post("/courses/FA/deliveries", DELIVERY, Idempotency_Key="k1")
    other = ApiClient(app, token_for(app, Role.COORDINATOR))
    assert other.post("/courses/FA/deliveries", DELIVERY | {"places": 6}, Idempotency_Key="k1").status_code == 201


def test_a_refused_act_may_be_tried_again_with_its_key(api: ApiClient) -> None:
    api.put("/courses/FA", COURSE)
    assert api.post("/courses/FA/deliveries", DELIVERY | {"places": 0}, Idempotency_Key="k1").status_code == 422
    assert api.post("/courses/FA/deliveries", DELIVERY, Idempotency_Key="k1").status_code == 201


@pytest.mark.both_databases
def test_twins_with_one_key_at_the_same_instant_happen_once(app: Flask) -> None:
    api = ApiClient(app, token_for(app, Role.COORDINATOR))
    api.put("/courses/FA", COURSE)
    answers: list = []
    gate = threading.Barrier(6)

    def send() -> None:
        gate.wait()
        answers.append(api.post("/courses/FA/deliveries", DELIVERY, Idempotency_Key="twin"))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["code"] for answer in answers}) == 1
    assert len(api.get("/deliveries").json["items"]) == 1
