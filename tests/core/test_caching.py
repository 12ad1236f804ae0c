"""Answers that may be kept: entity tags, 304, parts of files, and where a created thing is
found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from openapi_spec_validator import validate

from accounts.roles import Role
from certificates import files
from core.openapi import openapi
from people.personnel import PersonnelCategory
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.certificates import makers
from tests.courses.makers import course, delivery, gti
from tests.enrollment.makers import token_of


@pytest.fixture
def api(app: Flask) -> ApiClient:
    with app.app_context():
        return ApiClient(app, token_of(factories.actor(Role.COORDINATOR)))


@pytest.mark.parametrize(
    "path", ["/courses", "/courses/GTI", "/deliveries", "/deliveries/GTI-2027-03", "/skills"]
)
def test_a_catalogue_that_has_not_changed_is_not_sent_again(
    app: Flask, api: ApiClient, path: str
) -> None:
    with app.app_context():
        delivery()
    first = api.get(path)
    again = api.get(path, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.get_data()) == (304, b"")
    with app.app_context():
        course(title={"en": "Another title"})
        delivery(places=3, starts_on=delivery().starts_on.replace(month=5))
        course(
            code="AID",
            grants=[{"skill": "first-aid", "level": "basic", "title": {"en": "First aid"}}],
        )
    assert api.get(path, If_None_Match=first.headers["ETag"]).status_code == 200


@pytest.mark.parametrize("path", ["/", "/deliveries/GTI-2027-03.ics"])
def test_public_pages_are_asked_about_and_those_of_people_signed_in_kept_nowhere(
    app: Flask, sign_in: Callable[..., Browser], path: str
) -> None:
    with app.app_context():
        delivery()
    visitor = app.test_client()
    first = visitor.get(path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert visitor.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    packed = visitor.get(path, headers={"Accept-Encoding": "br"})
    assert (
        visitor.get(
            path, headers={"Accept-Encoding": "br", "If-None-Match": packed.headers["ETag"]}
        ).status_code
        == 304
    )
    with app.app_context():
        browser: Browser = sign_in(factories.actor())
    own = browser.client.get(path)
    assert own.headers["Cache-Control"] == "no-store" and "ETag" not in own.headers


def test_a_file_comes_in_parts_and_not_twice(app: Flask, api: ApiClient) -> None:
    with app.app_context():
        certificate = makers.issued(makers.finished_delivery(1))[0]
        number, content = certificate.number, files.read(certificate)
    address = f"/certificates/{number}/pdf"
    first = api.get(address)
    assert first.get_data() == content and first.headers["Accept-Ranges"] == "bytes"
    assert api.get(address, If_None_Match=first.headers["ETag"]).status_code == 304
    part = api.get(address, Range="bytes=0-4")
    assert (part.status_code, part.get_data()) == (206, b"%PDF-")
    assert part.headers["Content-Range"] == f"bytes 0-4/{len(content)}"
    beyond = api.get(address, Range=f"bytes={len(content)}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")
    assert beyond.json["title"] == "Range Not Satisfiable"
    for ignored in ("bytes=0-9,20-29", "lines=1-2", "bytes=many"):
        answer = api.get(address, Range=ignored)
        assert (answer.status_code, answer.get_data(), answer.headers["Accept-Ranges"]) == (
            200,
            content,
            "bytes",
        ), ignored


def test_what_was_created_says_where_it_is(api: ApiClient) -> None:
    response = api.put("/courses/GTI", gti())
    assert (
        response.status_code == 201 and api.get(response.headers["Location"]).json["code"] == "GTI"
    )
    body = {
        "starts_on": "2027-03-08",
        "time_zone": "Africa/Dakar",
        "venue": "Dakar",
        "country": "SN",
        "language": "fr",
    }
    scheduled = api.post("/courses/GTI/deliveries", body, Idempotency_Key="once")
    assert api.get(scheduled.headers["Location"]).json["code"] == scheduled.json["code"]
    replayed = api.post("/courses/GTI/deliveries", body, Idempotency_Key="once")
    assert replayed.headers["Location"] == scheduled.headers["Location"]


def test_the_description_is_drawn_once(app: Flask) -> None:
    assert openapi(app, "http://127.0.0.1") is openapi(app, "http://127.0.0.1")


def test_the_description_is_valid_and_names_what_is_taken_and_given(app: Flask) -> None:
    with app.test_request_context():
        described = openapi(app, "http://127.0.0.1")
    validate(described)
    paths, shapes = described["paths"], described["components"]["schemas"]
    pdf = paths["/api/v1/certificates/{number}/pdf"]["get"]["responses"]
    assert pdf["200"]["content"] == {
        "application/pdf": {"schema": {"type": "string", "format": "binary"}}
    }
    assert {"206", "304", "416"} <= pdf.keys()
    assert shapes["EnrollmentBody"]["properties"]["category"]["enum"] == [*PersonnelCategory]
    assert paths["/healthz"]["get"]["responses"]["200"]["content"].keys() == {"text/plain"}
    assert "application/json" in paths["/verify/{token}"]["get"]["responses"]["200"]["content"]
    for address, operations in paths.items():
        for method, operation in operations.items():
            assert {"400", "405", "408", "414", "429", "431", "500", "503"} <= operation[
                "responses"
            ].keys(), (method, address)
            for status, answer in operation["responses"].items():
                assert status != "201" or "Location" in answer["headers"], (method, address)
