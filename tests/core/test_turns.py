"""Requests of one web process: one computes at a time, and nobody waits for somebody slow."""

from __future__ import annotations

import http.client
import io
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from core.serving import STAYS, THREADS, is_news, limit_silence
from core.turns import PATIENCE, SMALL, Body, Turns, let_others
from tests.concurrency.serving import WebServer, web_server


class Measured:
    """An application that computes for a while and says how many did so at once."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.inside = self.most = 0
        self.bodies: list[bytes] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(self.seconds)
        self.bodies.append(environ["wsgi.input"].read())
        self.inside -= 1
        return [b"done"]


def environ(body: bytes = b"", length: int | None = None) -> dict[str, Any]:
    size = len(body) if length is None else length
    return {"wsgi.input": io.BytesIO(body), **({"CONTENT_LENGTH": str(size)} if size else {})}


def at_once(count: int, app: Turns) -> None:
    threads = [threading.Thread(target=app, args=(environ(), None)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_one_computes_at_a_time() -> None:
    inner = Measured(PATIENCE / 50)
    at_once(8, Turns(inner))
    assert inner.most == 1
    assert len(inner.bodies) == 8


def test_whoever_takes_long_does_not_keep_the_others() -> None:
    inner = Measured(PATIENCE * 8)
    started = time.monotonic()
    at_once(4, Turns(inner))
    assert inner.most == 4
    assert time.monotonic() - started < PATIENCE * 8 * 2, "they went one after the other"


def test_the_turn_is_free_after_a_failure() -> None:
    def fails(_environ: Any, _start_response: Any) -> Any:
        raise RuntimeError

    turns = Turns(fails)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            turns(environ(), None)
    assert turns.free.acquire(blocking=False)


class SlowBody(io.RawIOBase):
    """What a slow client sends: it comes only after a signal."""

    def __init__(self, comes: threading.Event):
        self.comes = comes

    def read(self, size: int = -1) -> bytes:
        assert self.comes.wait(10)
        return b"x" * size


def test_a_small_form_is_read_before_its_turn() -> None:
    inner, comes = Measured(0), threading.Event()
    turns = Turns(inner)
    slow = threading.Thread(target=turns, args=({"wsgi.input": SlowBody(comes), "CONTENT_LENGTH": "3"}, None))
    slow.start()
    started = time.monotonic()
    turns(environ(b"quick"), None)
    assert time.monotonic() - started < PATIENCE
    comes.set()
    slow.join()
    assert inner.bodies == [b"quick", b"xxx"]


@pytest.mark.parametrize("announced", [{"CONTENT_LENGTH": str(SMALL + 1)}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_who_waits_for_a_large_body_lets_others_compute(announced: dict[str, str]) -> None:
    comes, read = threading.Event(), []

    def reads(environ: Any, _start: Any) -> list[bytes]:
        if environ.get("slow"):
            read.append(environ["wsgi.input"].read(5))
        return [b""]

    turns = Turns(reads)
    given = {"wsgi.input": SlowBody(comes), "slow": "yes", **announced}
    slow = threading.Thread(target=turns, args=(given, None))
    slow.start()
    time.sleep(PATIENCE / 5)  # it has its turn, and waits
    started = time.monotonic()
    turns(environ(b"quick"), None)
    assert time.monotonic() - started < PATIENCE / 2
    comes.set()
    slow.join()
    assert read == [b"xxxxx"]
    assert turns.free.acquire(blocking=False)


def test_a_large_body_is_read_by_lines_too() -> None:
    lines = list(Body(io.BytesIO(b"one\ntwo\nthree")))
    assert lines == Body(io.BytesIO(b"one\ntwo\nthree")).readlines() == [b"one\n", b"two\n", b"three"]


def test_who_sleeps_lets_others_compute_and_takes_a_turn_again() -> None:
    asleep, wakes, inside = threading.Event(), threading.Event(), Measured(PATIENCE / 10)

    def sleeps(environ: Any, start: Any) -> Any:
        if environ.get("sleeps"):
            with let_others():
                asleep.set()
                assert wakes.wait(10)
        return inside(environ, start)

    turns = Turns(sleeps)
    sleeper = threading.Thread(target=turns, args=(environ() | {"sleeps": "yes"}, None))
    sleeper.start()
    assert asleep.wait(10)
    started = time.monotonic()
    turns(environ(), None)
    assert time.monotonic() - started < PATIENCE / 2
    wakes.set()
    at_once(3, turns)
    sleeper.join()
    assert (inside.most, len(inside.bodies)) == (1, 5)


@pytest.fixture
def server(app: Flask, tmp_path: Path) -> Iterator[WebServer]:
    with web_server(tmp_path, app.extensions["settings"].database_url, 1) as running:
        yield running


def test_connections_that_say_nothing_keep_nobody_waiting(server: WebServer) -> None:
    """Browsers open spare ones and keep others, and a telephone in a valley sends half a form: others are answered."""
    half_a_form = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 40\r\n\r\nemail="
    whole_request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(THREADS * 2)]
    try:
        for number, connection in enumerate(idle):
            sends = b"" if number < 6 else half_a_form if number < 12 else whole_request
            connection.sendall(sends)
        time.sleep(0.2)
        started = time.monotonic()
        assert server.call("GET", "/courses", None)[0] == 401  # asks for a token: an answer
        assert time.monotonic() - started < 2
    finally:
        for connection in idle:
            connection.close()


@pytest.mark.parametrize("head", [b"Transfer-Encoding: chunked", b"Content-Length: 70000"])
def test_a_silent_upload_keeps_nobody_waiting(server: WebServer, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as silent:
        form = b"Content-Type: application/x-www-form-urlencoded"
        silent.sendall(b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n" + form + b"\r\n" + head + b"\r\n\r\n")
        time.sleep(0.2)
        times = []
        for _ in range(5):
            started = time.monotonic()
            server.call("GET", "/courses", None)
            times.append(time.monotonic() - started)
    assert min(times) < PATIENCE / 2


def test_an_upload_in_pieces_that_is_too_large_is_told_so(server: WebServer) -> None:
    """Nobody knows beforehand how long it is, and most clients read no answer before they have sent everything."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\n'
    pieces = [head, *(b"x" * 65_536 for _ in range(4 * 1024 * 1024 // 65_536 * 8)), b"\r\n--x--\r\n"]
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    connection.request("POST", "/sign-in", iter(pieces), form, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_requests_sent_together_are_answered_together(server: WebServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        started = time.monotonic()
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 12)
        received = b""
        while received.count(b"HTTP/1.1 200") < 12:
            received += connection.recv(65536)
    assert time.monotonic() - started < STAYS * 6


def test_clients_that_take_nothing_of_a_file_are_given_up(app: Flask, tmp_path: Path) -> None:
    url, silence = app.extensions["settings"].database_url, "import core.serving; core.serving.SILENCE = 1"
    request = b"GET /static/fonts/NotoSerifSC-SemiBold.ttf HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with web_server(tmp_path, url, 1, before=silence) as running:
        takers = []
        for _ in range(THREADS):
            takers.append(socket.socket())
            takers[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            takers[-1].connect(("127.0.0.1", running.port))
            takers[-1].sendall(request)
        time.sleep(2)
        started = time.monotonic()
        assert running.call("GET", "/courses", None)[0] == 401
        assert time.monotonic() - started < 8
        for taker in takers:
            taker.close()


def test_requests_on_one_connection_are_answered_one_after_the_other(server: WebServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    for pause in (0, 0, 0, STAYS * 3, 0):
        time.sleep(pause)
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (200, True)
    connection.close()


def test_a_silent_client_is_given_up() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        limit_silence(ours, 1)
        ours.setblocking(True)
        theirs.sendall(b"half")
        assert ours.recv(9) == b"half"
        with pytest.raises(BlockingIOError):
            ours.recv(9)
        with pytest.raises(BlockingIOError):
            while True:
                ours.sendall(b"x" * 65536)


def test_silent_clients_fill_no_log(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("silent")
    log.addFilter(is_news)
    for fault in (BlockingIOError(), OSError("the disk is full")):
        try:
            raise fault
        except OSError:
            log.exception("failed")
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["the disk is full"]


def test_a_server_that_is_stopped_ends_soon_with_connections_open(app: Flask, tmp_path: Path) -> None:
    with web_server(tmp_path, app.extensions["settings"].database_url, 1) as running:
        kept = http.client.HTTPConnection("127.0.0.1", running.port, timeout=5)
        kept.request("GET", "/healthz")
        kept.getresponse().read()
        started = time.monotonic()
    assert time.monotonic() - started < 8
