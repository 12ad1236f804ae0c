"""The web's edge: compression, headers, hosts."""

from __future__ import annotations

import gzip

import brotli
import pytest
from flask import Flask

from core.web import asset


@pytest.mark.parametrize(
    ("accepted", "encoding", "undo"), [("gzip", "gzip", gzip.decompress), ("gzip, br", "br", brotli.decompress)]
)
def test_style_travels_compressed(app: Flask, accepted: str, encoding: str, undo) -> None:
    with app.test_request_context():
        address = asset("rostrum.css")
    plain = app.test_client().get(address, headers={"Accept-Encoding": "identity"})
    small = app.test_client().get(address, headers={"Accept-Encoding": accepted})
    assert small.headers["Content-Encoding"] == encoding
    assert undo(small.data) == plain.data
    assert len(small.data) * 3 < len(plain.data)
    assert "immutable" in small.headers["Cache-Control"] or "max-age=31536000" in small.headers["Cache-Control"]


def test_pages_carry_the_strict_headers(app: Flask) -> None:
    headers = app.test_client().get("/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_a_foreign_host_is_not_served_in_production(tmp_path) -> None:
    from tests.conftest import make_app

    app = make_app(tmp_path, PUBLIC_URL="https://training.example.org")
    answer = app.test_client().get("/sign-in", headers={"Host": "evil.example.net"})
    assert answer.status_code == 400
    assert "evil" not in answer.text
