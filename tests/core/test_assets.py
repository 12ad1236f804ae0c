"""Style and script: named after their content, compressed once, and so sent by the real server."""

from __future__ import annotations

import gzip
import http.client
import re
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask

from core.settings import ROOT
from core.web import asset
from core.web.assets import built
from tests.concurrency.serving import web_server

STYLE = (ROOT / "static" / "rostrum.css").read_bytes()


def test_a_name_follows_from_the_content(app: Flask) -> None:
    with app.test_request_context():
        address = asset("rostrum.css")
    assert re.fullmatch(r"/static/rostrum\.[0-9a-f]{10}\.css", address)
    response = app.test_client().get(address)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    plain = app.test_client().get("/static/rostrum.css")
    assert (plain.data, plain.headers["Cache-Control"]) == (response.data, "public, no-cache")


def test_who_has_it_is_told_so(app: Flask) -> None:
    client = app.test_client()
    tag = client.get("/static/rostrum.css").headers["ETag"]
    again = client.get("/static/rostrum.css", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [("identity, *;q=0", None), ("br;q=0, gzip", "gzip"), ("gzip;q=0.5, *", "br"), ("", None)],
)
def test_no_encoding_is_sent_that_was_refused(app: Flask, accepted: str, sent: str | None) -> None:
    answer = app.test_client().get("/static/rostrum.css", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == sent


@pytest.mark.parametrize(
    "name", ["nothing.css", "rostrum.0000000000.css", "../app.py", "%2e%2e/app.py"]
)
def test_what_is_no_file_of_the_folder_is_404(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/static/{name}").status_code == 404


def test_other_files_of_the_folder_are_served_as_they_are(app: Flask) -> None:
    font = app.test_client().get("/static/fonts/NotoSansThaana-Bold.ttf")
    assert (font.status_code, font.data[:4]) == (200, b"\x00\x01\x00\x00")


@pytest.mark.parametrize(
    ("accepted", "undo"), [("gzip, deflate, br", brotli.decompress), ("gzip", gzip.decompress)]
)
def test_the_real_server_sends_what_was_compressed_before(
    app: Flask, tmp_path: Path, accepted: str, undo: Any
) -> None:
    encoding = "br" if "br" in accepted else "gzip"
    compresses = "import brotli, gzip, flask_compress; import core.web.assets as a"
    no_more = f"{compresses}; a.built(r'{ROOT / 'static'}'); brotli.compress = gzip.compress = None"
    with web_server(tmp_path, app.extensions["settings"].database_url, 1, before=no_more) as server:
        for _ in range(2):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            connection.request("GET", "/static/rostrum.css", headers={"Accept-Encoding": accepted})
            answer = connection.getresponse()
            sent = answer.read()
            assert (answer.status, answer.headers["Content-Encoding"]) == (200, encoding)
            assert sent == built(str(ROOT / "static"))["rostrum.css"].bodies[encoding]
            assert undo(sent) == STYLE
