"""Floods and held locks on the real server, bounded: what one visitor sends or holds costs the
others nothing they notice."""

from __future__ import annotations

import http.client
import json
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from accounts.roles import Role
from core.database import db
from tests.concurrency.serving import WebServer, web_server
from tests.core.test_api import token_for
from tests.courses.makers import delivery
from tests.databases import migrated_app

pytestmark = [pytest.mark.alone, pytest.mark.long]

FORM = "application/x-www-form-urlencoded"
SECONDS, BYTES = 5.0, 100_000
#: Writers wait two seconds, and what is spent of a budget does not fill up again meanwhile.
PATIENT = """
import core.budgets, core.database
core.database.PATIENCE, core.budgets.WINDOW = 2.0, 600_000
"""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WebServer, str, Path]]:
    """The server with two web processes, whose writers wait two seconds; a coordinator's token;
    the database's file."""
    folder = tmp_path_factory.mktemp("attacked")
    app = migrated_app(folder)
    token = token_for(app, Role.COORDINATOR)
    with app.app_context():
        delivery(code="MARKS", places=3)
        db.session.remove()
        db.engine.dispose()
    with web_server(folder, f"sqlite:///{folder / 'rostrum.db'}", 2, before=PATIENT) as server:
        yield server, token, folder / "rostrum.db"


def sent(
    server: WebServer, path: str, body: bytes, **headers: str
) -> tuple[int, dict[str, str], int, float]:
    """(status, headers, bytes, seconds) of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    began = time.monotonic()
    try:
        connection.request(
            "POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        size = len(answer.read())
        return answer.status, dict(answer.getheaders()), size, time.monotonic() - began
    finally:
        connection.close()


@contextmanager
def others_watched(server: WebServer) -> Iterator[list[float]]:
    """How long each page of a quiet visitor takes meanwhile, in seconds."""
    times, over = [], threading.Event()

    def visit() -> None:
        while not over.is_set():
            began = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            connection.request("GET", "/help")
            assert connection.getresponse().status == 200
            connection.close()
            times.append(time.monotonic() - began)
            time.sleep(0.05)

    thread = threading.Thread(target=visit)
    thread.start()
    try:
        yield times
    finally:
        over.set()
        thread.join()


def at_once(count: int, act: Callable[..., Any]) -> None:
    threads = [threading.Thread(target=act, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_forms_of_a_million_fields(attacked: tuple[WebServer, str, Path]) -> None:
    server, _token, _path = attacked
    body, answers = b"a=1&" * 1_000_000, []
    with others_watched(server) as times:
        at_once(
            4,
            lambda _: answers.append(
                sent(server, "/sign-in", body, Content_Type="application/x-www-form-urlencoded")
            ),
        )
    assert [status for status, *_ in answers] == [413] * 4
    assert max(size for _s, _h, size, _t in answers) < BYTES
    assert (
        max(seconds for *_, seconds in answers) < 4 * SECONDS
    )  # four at once, on a machine that others use too
    assert max(times) < SECONDS


def test_bodies_of_a_quarter_of_a_million_keys(attacked: tuple[WebServer, str, Path]) -> None:
    server, token, _path = attacked
    body, answers = b"{" + b",".join(b'"k%d":1' % n for n in range(250_000)) + b"}", []
    headers = {"Content_Type": "application/json", "Authorization": f"Bearer {token}"}
    with others_watched(server) as times:
        at_once(
            4,
            lambda n: answers.append(
                sent(
                    server, "/api/v1/courses/X/deliveries", body, Idempotency_Key=f"k{n}", **headers
                )
            ),
        )
    assert [status for status, *_ in answers] == [422] * 4
    assert max(size for _s, _h, size, _t in answers) < BYTES
    assert max(seconds for *_, seconds in answers) < 4 * SECONDS
    assert max(times) < SECONDS


#: Combining marks of two classes in turn: sorting them takes quadratic time, and would hold a
#: process for minutes.
MARKS = "\u0315\u0300" * 250_000


@pytest.mark.parametrize("page", ["/deliveries/MARKS/apply", "/sign-in"])
def test_megabytes_of_combining_marks_in_a_form(
    attacked: tuple[WebServer, str, Path], page: str
) -> None:
    server, _token, _path = attacked
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", page)
    answer = connection.getresponse()
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    match = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())
    assert answer.status == 200 and match
    connection.close()
    about = {
        "csrf_token": match[1],
        "screen": "3",
        "language": "en",
        "given_name": "Zed",
        "family_name": "Bee",
        "country": "SN",
        "gender": "undisclosed",
        "category": "civilian",
        "consent": "y",
        "password": "wrong",
        "next": "",
    }
    texts = (
        {"needs": "a" + MARKS, "email": "zed@example.org"}
        if "apply" in page
        else {"email": "a" + MARKS}
    )
    body = urlencode(about | texts).encode()
    answers: list = []
    with others_watched(server) as times:
        at_once(
            2, lambda _: answers.append(sent(server, page, body, Cookie=cookie, Content_Type=FORM))
        )
    assert [status for status, *_ in answers] == [422] * 2
    assert max(seconds for *_, seconds in answers) < 4 * SECONDS
    assert max(times) < SECONDS


def test_megabytes_of_combining_marks_in_json(attacked: tuple[WebServer, str, Path]) -> None:
    server, token, _path = attacked
    body = json.dumps({"title": {"en": "a" + MARKS}}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    began = time.monotonic()
    with others_watched(server) as times:
        connection.request("PUT", "/api/v1/skills/marks", body, headers)
        answer = connection.getresponse()
        answer.read()
    connection.close()
    assert (answer.status, time.monotonic() - began < 4 * SECONDS, max(times) < SECONDS) == (
        422,
        True,
        True,
    )


def test_a_lock_that_is_held(attacked: tuple[WebServer, str, Path]) -> None:
    """One writer waits, gives up after its time and is told when to come back; others read as
    ever."""
    server, token, path = attacked
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with others_watched(server) as times:
            body = b'{"title": {"en": "X"}}'
            headers = {"Content_Type": "application/json", "Authorization": f"Bearer {token}"}
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            began = time.monotonic()
            connection.request(
                "PUT",
                "/api/v1/skills/x",
                body,
                {name.replace("_", "-"): v for name, v in headers.items()},
            )
            answer = connection.getresponse()
            answer.read()
            took = time.monotonic() - began
        other.execute("ROLLBACK")
    assert (answer.status, int(answer.headers["Retry-After"]) > 0) == (503, True)
    assert 1.5 < took < 9, "its own patience, not the usual one"
    assert len(times) > 3 and max(times) < SECONDS, "others did not wait for it"
    assert server.call("PUT", "/skills/x", token, {"title": {"en": "X"}})[0] in (200, 201)


def test_a_budget_holds_over_all_processes(attacked: tuple[WebServer, str, Path]) -> None:
    """1,200 calls a minute for one token, whichever process answers."""
    server, token, _path = attacked
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    answers = []
    for _ in range(20):
        connection.request("GET", "/api/v1/skills", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        answers.append(answer.headers["RateLimit"])
        if answer.headers.get("Connection", "").lower() == "close":
            connection.close()
    first, last = (
        int(answer_text.partition('"token";r=')[2].partition(";")[0])
        for answer_text in (answers[0], answers[-1])
    )
    assert first - last == 19
