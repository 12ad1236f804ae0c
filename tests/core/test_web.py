"""The web's edge: compression, headers, hosts."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.forms import parse_int
from core.refusals import REFUSED
from core.web import asset
from tests.databases import make_app


@pytest.mark.parametrize(
    ("accepted", "encoding", "undo"),
    [("gzip", "gzip", gzip.decompress), ("gzip, br", "br", brotli.decompress)],
)
def test_style_travels_compressed(app: Flask, accepted: str, encoding: str, undo: Any) -> None:
    with app.test_request_context():
        address = asset("rostrum.css")
    plain = app.test_client().get(address, headers={"Accept-Encoding": "identity"})
    small = app.test_client().get(address, headers={"Accept-Encoding": accepted})
    assert small.headers["Content-Encoding"] == encoding
    assert undo(small.data) == plain.data
    assert len(small.data) * 3 < len(plain.data)
    assert (
        "immutable" in small.headers["Cache-Control"]
        or "max-age=31536000" in small.headers["Cache-Control"]
    )


POLICY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src "
        "'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
        "'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
ONLY_HTTPS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


@pytest.fixture(params=["https://training.example.org", "http://127.0.0.1:8000"])
def public_url(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def visitor(app: Flask, tmp_path: Path, public_url: str) -> FlaskClient:
    """Someone who comes to an application served under `public_url`."""
    client = make_app(
        tmp_path, app.extensions["settings"].database_url, PUBLIC_URL=public_url
    ).test_client()
    client.environ_base["HTTP_REFERER"] = public_url
    return client


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/nowhere", "/api/v1/courses", "/api/v1/openapi.json"]
)
def test_every_answer_carries_the_whole_policy(
    visitor: FlaskClient, public_url: str, path: str
) -> None:
    headers = visitor.get(path, base_url=public_url).headers
    named = {*POLICY, *ONLY_HTTPS}
    expected = POLICY | ONLY_HTTPS if public_url.startswith("https:") else POLICY
    if path == "/":  # the public catalogue, which a visitor may keep and ask about
        expected = expected | {"Cache-Control": "private, no-cache"}
    assert {name: value for name, value in headers.items() if name in named} == expected


def test_cookies_are_out_of_reach_for_scripts_other_sites_and_plain_http(
    visitor: FlaskClient, public_url: str
) -> None:
    """The visit, the notice and the language. `__Host-` keeps other hosts of the domain from
    setting the first two."""
    page = visitor.get("/sign-in?lang=fr", base_url=public_url)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert token
    notice = visitor.post("/sign-out", data={"csrf_token": token[1]}, base_url=public_url)
    gone = visitor.get("/sign-in", base_url=public_url)
    secure, prefix = ({"Secure"}, "__Host-") if public_url.startswith("https:") else (set(), "")
    always = {"HttpOnly", "SameSite=Lax", "Path=/"} | secure
    assert cookies(page) == {f"{prefix}rostrum": always, "lang": always | {"Max-Age=31536000"}}
    assert cookies(notice) == {f"{prefix}notice": always | {"Max-Age=60"}}
    assert cookies(gone) == {f"{prefix}notice": always | {"Max-Age=0"}}


def cookies(answer: TestResponse) -> dict[str, set[str]]:
    """Each cookie's name with its attributes, without the dates."""
    cookies = [header.split("; ") for header in answer.headers.getlist("Set-Cookie")]
    return {
        first.partition("=")[0]: {part for part in attributes if not part.startswith("Expires=")}
        for first, *attributes in cookies
    }


def test_a_foreign_host_is_not_served_in_production(tmp_path: Path) -> None:
    app = make_app(tmp_path, PUBLIC_URL="https://training.example.org")
    answer = app.test_client().get("/sign-in", headers={"Host": "evil.example.net"})
    assert answer.status_code == 400
    assert "evil" not in answer.text


@pytest.mark.parametrize("text", ["²", "٣", "9" * 10, "-1", "1.5", "", None])
def test_what_is_no_whole_number_is_none(text: str | None) -> None:
    assert parse_int(text) is None and parse_int("012") == 12


@pytest.mark.parametrize("status", [400, 405, 408, 414, 431, 500, 501, 505])
def test_who_asks_for_json_is_refused_in_json_wherever_it_is(app: Flask, status: int) -> None:
    """The server in front does this too, before the application looks at the address."""
    client, refused = app.test_client(), {REFUSED: status}
    for headers, path, kind in (
        ({"Accept": "application/json"}, "/verify/abc", "application/problem+json"),
        ({}, "/api/v1/courses", "application/problem+json"),
        ({"Accept": "text/html,application/json;q=0.9"}, "/verify/abc", "text/html"),
        ({}, "/verify/abc", "text/html"),
    ):
        answer = client.get(path, headers=headers, environ_overrides=refused)
        assert (answer.status_code, answer.mimetype) == (status, kind)
        assert kind == "text/html" or answer.json["title"] != "Error"
