"""The API's frame: tokens, unknown fields, problem details, idempotency, paging, and a
description that is true."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from openapi_spec_validator import validate

from accounts import services as accounts_services
from accounts.roles import Role
from core.api import Answer
from core.database import db, transaction
from core.openapi import _schema
from core.policy import SYSTEM
from courses.models import Skill
from people.models import Person
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser


def token_for(app: Flask, *roles: Role) -> str:
    with app.app_context():
        actor = factories.actor(*roles)
        with transaction():
            return accounts_services.create_token(
                SYSTEM, db.session.get_one(Person, actor.person_id), name="test"
            )


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
    described = {
        (method.upper(), path)
        for path, operations in api.description["paths"].items()
        for method in operations
    }
    routes = {
        (method, rule.rule.replace("<int:", "<").replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1") and not rule.endpoint.startswith("docs.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == routes | {
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/verify/{token}"),
    }


def test_the_page_shows_it_without_any_other_host(app: Flask, browser: Browser) -> None:
    page = browser.get("/api/v1/docs")
    assert page.status == 200
    assert "/api/v1/deliveries/{code}/enrollments" in page.text
    hosts = [
        e.get("src") or e.get("href") or ""
        for tag in ("script", "link", "img")
        for e in page.all(tag)
    ]
    assert not [address for address in hosts if address.startswith(("http:", "https:", "//"))]


@pytest.mark.parametrize("token", [None, "wrong", "x" * 500])
def test_without_a_good_token_401(app: Flask, token: str | None) -> None:
    answer = ApiClient(app, token).get("/skills")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json["code"] in ("not_signed_in", "bad_token")


def test_a_cookie_is_no_key_to_the_api(app: Flask, sign_in: Callable[..., Browser]) -> None:
    with app.app_context():
        actor = factories.actor(Role.ADMINISTRATOR)
    assert sign_in(actor).client.get("/api/v1/skills").status_code == 401


def test_a_token_is_no_key_to_the_pages(app: Flask) -> None:
    token = token_for(app, Role.ADMINISTRATOR)
    answer = app.test_client().get("/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 303


def test_a_token_may_no_more_than_its_user(app: Flask) -> None:
    answer = ApiClient(app, token_for(app, Role.PARTICIPANT)).put(
        "/skills/x", {"title": {"en": "X"}}
    )
    assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"title": {"en": "X"}, "colour": "red"}, "colour", "unknown_field"),
        ({}, "title", "required"),
        ({"title": {}}, "title", "value_error"),
        ({"title": {"en": "  "}}, "title", "value_error"),
        ({"title": {"xx": "X"}}, "title", "value_error"),
        ({"title": {"de": "X"}}, "title", "value_error"),
        ({"title": "X"}, "title", "dict_type"),
    ],
)
def test_bad_values_are_422_and_named(
    api: ApiClient, app: Flask, body: dict[str, Any], field: str, code: str
) -> None:
    answer = api.put("/skills/x", body)
    assert answer.status_code == 422
    assert {"field": field, "code": code} in [
        {"field": e["field"], "code": e["code"]} for e in answer.json["errors"]
    ]
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
    for method, path, status in (
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/skills", 405),
    ):
        answer = api.client.open(
            path, method=method, headers={"Authorization": f"Bearer {api.token}"}
        )
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


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "after=x", "after=W10", "colour=red"]
)
def test_bad_queries_are_422(api: ApiClient, query: str) -> None:
    assert api.get(f"/skills?{query}").status_code == 422


COURSE = {
    "title": {"en": "First aid"},
    "audience": ["civilian"],
    "sessions": [{"day": 1, "start": "09:00", "minutes": 60, "title": {"en": "All"}}],
    "completion": {"min_attendance_percent": 100},
}
DELIVERY = {
    "starts_on": "2027-03-08",
    "time_zone": "UTC",
    "venue": "Here",
    "country": "CA",
    "language": "en",
    "places": 5,
}


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
    assert (
        other.post(
            "/courses/FA/deliveries", DELIVERY | {"places": 6}, Idempotency_Key="k1"
        ).status_code
        == 201
    )


@pytest.mark.parametrize(
    ("path", "change", "status"),
    [
        ("/courses/FA/deliveries", {"places": 0}, 422),
        ("/courses/FA/deliveries", {"colour": "red"}, 422),
        ("/courses/FA/deliveries", {"code": "TAKEN"}, 409),
        ("/courses/LATER/deliveries", {}, 404),
    ],
)
def test_a_refusal_is_a_first_answer_too(
    api: ApiClient, path: str, change: dict, status: int
) -> None:
    api.put("/courses/FA", COURSE)
    api.post("/courses/FA/deliveries", DELIVERY | {"code": "TAKEN"})
    first = api.post(path, DELIVERY | change, Idempotency_Key="k1")
    assert first.status_code == status
    api.put("/courses/LATER", COURSE)
    again = api.post(path, DELIVERY | change, Idempotency_Key="k1")
    assert (again.status_code, again.json) == (status, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = api.post(path, DELIVERY | change | {"places": 7}, Idempotency_Key="k1")
    assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")
    assert api.post(path, DELIVERY, Idempotency_Key="k2").status_code == 201


def test_who_may_not_act_now_may_later_with_the_same_key(app: Flask, api: ApiClient) -> None:
    api.put("/courses/FA", COURSE)
    with app.app_context():
        actor = factories.actor()
        with transaction():
            token = accounts_services.create_token(
                SYSTEM, db.session.get_one(Person, actor.person_id), name="test"
            )
    trainer = ApiClient(app, token)
    assert trainer.post("/courses/FA/deliveries", DELIVERY, Idempotency_Key="k1").status_code == 403
    with app.app_context(), transaction():
        accounts_services.assign_within(SYSTEM, actor.person_id, Role.TRAINER)
    assert trainer.post("/courses/FA/deliveries", DELIVERY, Idempotency_Key="k1").status_code == 201


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


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/deliveries/RUN/publish", b'{"foo": 1}'),
        ("POST", "/deliveries/RUN/finish", b'{"foo": 1}'),
        ("POST", "/deliveries/RUN/finish", b"{not json"),
        ("POST", "/enrollments/1/approve", b'{"foo": 1}'),
        ("POST", "/deliveries/RUN/publish?foo=1", b""),
        ("GET", "/deliveries/RUN/attendance?foo=1", b""),
        ("GET", "/deliveries/RUN/completion?foo=1", b""),
        ("GET", "/courses/FA?foo=1", b""),
        ("GET", "/deliveries/RUN?foo=1", b""),
        ("GET", "/jobs/1?foo=1", b""),
    ],
)
def test_a_call_that_takes_nothing_refuses_whatever_it_is_given(
    api: ApiClient, method: str, path: str, body: bytes
) -> None:
    api.put("/courses/FA", COURSE)
    api.post("/courses/FA/deliveries", DELIVERY | {"code": "RUN"})
    headers = {"Authorization": f"Bearer {api.token}"}
    answer = api.client.open(f"/api/v1{path}", method=method, data=body, headers=headers)
    assert answer.status_code == 422
    assert (
        answer.json["code"] == "malformed_json"
        or answer.json["errors"][0]["code"] == "unknown_field"
    )
    assert api.get("/deliveries/RUN").json["status"] == "draft"


@pytest.mark.parametrize("body", [None, {}])
def test_a_call_that_takes_nothing_may_be_given_nothing(api: ApiClient, body: dict | None) -> None:
    api.put("/courses/FA", COURSE)
    api.post("/courses/FA/deliveries", DELIVERY | {"code": "RUN"})
    assert api.post("/deliveries/RUN/publish", body).status_code == 200
    assert api.get("/deliveries/RUN?lang=fr").status_code == 200


@pytest.mark.parametrize(
    "day", [1806000000, "1806000000", "2027-03-08T00:00:00Z", "2027-3-8", "20270308", True]
)
def test_a_day_is_written_in_one_way(api: ApiClient, day: object) -> None:
    api.put("/courses/FA", COURSE)
    answer = api.post("/courses/FA/deliveries", DELIVERY | {"starts_on": day})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "starts_on")
    assert api.get(f"/deliveries?from={day}").json["errors"][0]["field"] == "from"


def test_a_moment_is_a_day_or_an_instant(app: Flask) -> None:
    api = ApiClient(app, token_for(app, Role.ROSTER))
    for good in ("2027-03-08", "2027-03-08T10:00:00Z", "2027-03-08T10:00:00.5-04:00"):
        assert api.get(f"/experts?as_of={good}").status_code == 200
    for bad in ("1806000000", "2027-03-08T10:00:00", "yesterday"):
        answer = api.get(f"/experts?as_of={bad}")
        assert answer.status_code == 422 and {e["field"] for e in answer.json["errors"]} == {
            "as_of"
        }


@pytest.mark.parametrize("code", [{"country": "XX"}, {"language": "xx"}])
def test_countries_and_languages_that_are_not_known(api: ApiClient, code: dict[str, str]) -> None:
    api.put("/courses/FA", COURSE)
    (name, value) = next(iter(code.items()))
    answer = api.post("/courses/FA/deliveries", DELIVERY | code)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, name)
    assert api.get(f"/deliveries?{name}={value}").status_code == 422


@pytest.mark.parametrize(
    "changes", [{"country": "ca", "language": "EN"}, {"country": "Canada", "language": "anglais"}]
)
def test_countries_and_languages_are_kept_as_codes_however_they_are_said(
    api: ApiClient, changes: dict[str, str]
) -> None:
    api.put("/courses/FA", COURSE)
    delivery = api.post("/courses/FA/deliveries", DELIVERY | changes).json
    assert (delivery["country"], delivery["language"]) == ("CA", "en")


def test_a_filter_given_twice_is_refused_unless_it_takes_several(app: Flask) -> None:
    api = ApiClient(app, token_for(app, Role.ROSTER))
    answer = api.get("/experts?category=police&category=civilian")
    assert (answer.status_code, answer.json["code"], answer.json["errors"][0]["field"]) == (
        422,
        "repeated",
        "category",
    )
    assert api.get("/experts?language=fr&language=en").status_code == 200


def test_the_body_is_utf_8(api: ApiClient) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
    for encoding, status in (("utf-16", 422), ("utf-8", 201)):
        body = '{"title": {"en": "É"}}'.encode(encoding)
        assert api.client.put("/api/v1/skills/x", data=body, headers=headers).status_code == status


def test_the_next_page_is_a_whole_address(api: ApiClient) -> None:
    for code in "ab":
        api.put(f"/skills/{code}", {"title": {"en": code}})
    following = api.get("/skills?limit=1").json["next"]
    assert following.startswith("http://127.0.0.1:8000/api/v1/skills?")
    assert [item["code"] for item in api.get(following).json["items"]] == ["b"]


def test_a_problem_has_the_title_of_its_status(api: ApiClient) -> None:
    headers = {"Authorization": f"Bearer {api.token}"}
    assert (
        api.client.delete("/api/v1/skills", headers=headers).json["title"] == "Method Not Allowed"
    )
    assert api.client.get("/api/v1/skills?q=%00", headers=headers).json["title"] == "Bad Request"


def test_the_description_tells_of_the_key_where_it_counts(api: ApiClient) -> None:
    for path, operations in api.description["paths"].items():
        for method, operation in operations.items():
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert ("Idempotency-Key" in names) == (method == "post"), f"{method} {path}"


def test_two_shapes_with_one_name_are_a_bug() -> None:
    first, other = (
        type("PlaceAnswer", (Answer,), {"__annotations__": {"place": kind}}) for kind in (int, str)
    )
    schemas: dict = {}
    _schema(first, schemas, "serialization")
    with pytest.raises(RuntimeError, match="PlaceAnswer"):
        _schema(other, schemas, "serialization")
