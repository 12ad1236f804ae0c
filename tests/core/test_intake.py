"""What a request may carry, and how little a refusal gives back: short, and the same
through every door."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from accounts.roles import Role
from core.database import db
from core.intake import DEEPEST
from core.once import FirstAnswer
from core.refusals import LONGEST_REFUSAL, MOST_ERRORS
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.core.test_api import COURSE, DELIVERY, token_for

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def api(app: Flask) -> ApiClient:
    return ApiClient(app, token_for(app, Role.COORDINATOR))


def sent(api: ApiClient, body: bytes, **headers: str) -> TestResponse:
    """The answer to a JSON body: a short one."""
    own_headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
    own_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    answer = api.client.post("/api/v1/courses/X/deliveries", data=body, headers=own_headers)
    assert len(answer.data) <= LONGEST_REFUSAL
    return answer


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/link", "/verify", "/sign-out", "/nowhere"])
def test_a_form_of_a_million_fields_is_refused_unread(
    app: Flask, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("werkzeug.formparser.parse_qsl")
    answer = app.test_client().post(path, data=b"a=1&" * 1_000_000, content_type=FORM)
    assert answer.status_code in (404, 405, 413)
    assert len(answer.data) < LONGEST_REFUSAL


def test_a_form_of_many_parts_is_refused(app: Flask) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    answer = app.test_client().post(
        "/sign-in",
        data=part * 70_000 + b"--x--\r\n",
        content_type="multipart/form-data; boundary=x",
    )
    assert (answer.status_code, len(answer.data) < LONGEST_REFUSAL) == (413, True)


@pytest.mark.parametrize("count", [3_000, 9_000])
def test_as_many_fields_as_a_form_may_have_do_no_harm_either(app: Flask, count: int) -> None:
    """Refused for another reason (no token), and the page gives back what a person may have
    typed, no more."""
    body = "&".join(f"field{n}=some+words" for n in range(count))
    answer = app.test_client().post("/sign-in", data=body, content_type=FORM)
    assert answer.status_code == 400
    assert "some words" in answer.text
    assert len(answer.data) < LONGEST_REFUSAL


def test_one_endless_field_is_not_sent_back(app: Flask, browser: Browser) -> None:
    for path, name in (("/sign-in/link", "email"), ("/sign-in", "email")):
        form = {
            "csrf_token": browser.token(),
            name: "x" * 3_000_000,
            "password": "p",
            "next": "y" * 500_000,
        }
        answer = browser.client.post(path, data=form)
        assert answer.status_code in (422, 413)
        assert len(answer.data) < LONGEST_REFUSAL


@pytest.mark.parametrize(
    "query",
    ["a=1&" * 1_000, "q=" + "x" * 5_000, "&".join(f"skill={n}" for n in range(300))],
    ids=["fields", "long", "repeated"],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/courses", "/sign-in"])
def test_an_endless_address_is_refused(app: Flask, path: str, query: str) -> None:
    answer = app.test_client().get(f"{path}?{query}")
    assert answer.status_code == 414
    assert len(answer.data) < LONGEST_REFUSAL
    if path.startswith("/api"):
        assert (answer.mimetype, answer.json["title"]) == (
            "application/problem+json",
            "URI Too Long",
        )


def many_keys(count: int) -> bytes:
    return b"{" + b",".join(b'"k%d":1' % n for n in range(count)) + b"}"


NESTED = b'{"title":' + b"[" * 10_000 + b"]" * 10_000 + b"}"


@pytest.mark.parametrize(
    "body",
    [
        many_keys(250_000),
        b'{"starts_on": [' + b"1," * 1_000_000 + b"1]}",
        NESTED,
        b'{"a":' * (DEEPEST + 2) + b"1" + b"}" * (DEEPEST + 2),
        b'{"places": ' + b"9" * 100_000 + b"}",
        b'{"places": NaN}',
        b'{"places": Infinity}',
        b'{"places": -Infinity}',
        b'{"places": 1e999}',
        b'{"places": 1, "places": 2}',
        b'{"pools": [{"category": "police", "category": "military"}]}',
        b'{"venue": "\\u0000"}',
    ],
    ids=[
        "keys",
        "items",
        "nested",
        "too deep",
        "digits",
        "nan",
        "infinity",
        "minus infinity",
        "overflow",
        "twice",
        "twice inside",
        "nul",
    ],
)
def test_json_that_no_program_of_ours_writes_is_refused(api: ApiClient, body: bytes) -> None:
    answer = sent(api, body)
    assert (answer.status_code, answer.json["code"], answer.mimetype) == (
        422,
        "malformed_json",
        "application/problem+json",
    )


@pytest.mark.parametrize("count", [21, 40_000])
def test_twenty_errors_are_told_at_most(api: ApiClient, count: int) -> None:
    answer = sent(api, many_keys(count))
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_values")
    assert len(answer.json["errors"]) == MOST_ERRORS == 20


def test_a_long_name_of_a_field_is_cut(api: ApiClient) -> None:
    answer = sent(api, json.dumps({"x" * 200_000 + str(n): 1 for n in range(15)}).encode())
    assert answer.status_code == 422
    assert len(answer.data) < 20_000


def test_what_is_kept_of_a_refusal_is_small(api: ApiClient, app: Flask) -> None:
    for number in range(3):
        assert sent(api, many_keys(40_000), Idempotency_Key=f"k{number}").status_code == 422
        assert sent(api, many_keys(250_000), Idempotency_Key=f"big{number}").status_code == 422
    with app.app_context():
        lengths = db.session.scalars(sa.select(sa.func.length(FirstAnswer.body))).all()
    assert sum(lengths) < 30_000


@pytest.mark.both_databases
def test_so_many_answers_are_kept_for_a_token_and_no_more(
    api: ApiClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.api.replays.KEPT_KILOBYTES", 3)
    api.put("/courses/FA", COURSE)
    statuses = [
        api.post("/courses/FA/deliveries", DELIVERY, Idempotency_Key=f"k{n}").status_code
        for n in range(6)
    ]
    assert 429 in statuses and statuses[0] == 201
    refused = api.post("/courses/FA/deliveries", DELIVERY, Idempotency_Key="one more")
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
    assert len(api.get("/deliveries").json["items"]) == statuses.count(
        201
    )  # nothing was done that is not kept
    assert (
        api.post("/courses/FA/deliveries", DELIVERY, Idempotency_Key="k0").status_code == 201
    )  # what is kept stays kept
    assert (
        api.post(
            "/courses/FA/deliveries", DELIVERY | {"places": 0}, Idempotency_Key="refused"
        ).status_code
        == 422
    )
    assert api.post("/courses/FA/deliveries", DELIVERY).status_code == 201
    other = ApiClient(app, token_for(app, Role.COORDINATOR))
    assert other.post("/courses/FA/deliveries", DELIVERY, Idempotency_Key="k0").status_code == 201


@pytest.mark.parametrize(
    "cursor",
    ["W" + "1" * 3000, "W1tbW10=", "WzFlOTk5XQ", "W0luZmluaXR5XQ", "W05hTl0"],
    ids=lambda text: text[:12],
)
def test_a_forged_cursor_is_422(api: ApiClient, cursor: str) -> None:
    assert api.get(f"/skills?after={cursor}").status_code == 422


def test_a_nested_cursor_is_422(api: ApiClient) -> None:
    import base64

    cursor = base64.urlsafe_b64encode(b"[" * 2_900).decode().rstrip("=")
    assert api.get(f"/skills?after={cursor}").status_code == 422


def test_what_is_usual_still_passes(api: ApiClient) -> None:
    """Commas in a text are no values, and a thousand marks are not too many."""
    assert api.put(
        "/skills/x", {"title": {"en": "a, b"}, "description": {"en": "," * 4_900}}
    ).status_code in (200, 201)
    marks = [
        {"enrollment": n + 1, "session": 1, "mark": "present", "minutes": 90} for n in range(9_000)
    ]
    assert api.put("/deliveries/NONE/attendance", {"marks": marks}).status_code == 404
