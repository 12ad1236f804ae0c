"""What our part of the web server promises: whole requests, absolute limits, and no client who
keeps another waiting."""

from __future__ import annotations

import importlib.metadata
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from waitress import channel as waitress_channel
from waitress import parser, receiver, server, task, wasyncore

from core.refusals import REFUSED
from core.serving import channel, threads
from core.serving.channel import Front
from core.serving.streams import Streams
from core.serving.threads import Threads
from core.waiting import CLIENT

LARGEST_REQUEST = 1_000_000
HOST = b"\r\nHost: example.org\r\n"
#: Limits a test can wait for.
SHORT = {
    "HEAD_SECONDS": 0.4,
    "REQUEST_SECONDS": 0.9,
    "SILENT_SECONDS": 0.4,
    "ANSWER_SECONDS": 1.5,
    "REST_SECONDS": 0.5,
    "LAST_REST_SECONDS": 0.1,
    "PARTING_SECONDS": 0.4,
}


class Echo:
    """An application that says what it was asked; /large and /stream are long."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.begun = threading.Semaphore(0)
        self.goes_on = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"].read()
        self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], body))
        self.begun.release()
        path = environ["PATH_INFO"]
        if refused := environ.get(REFUSED):
            text = path + environ.get("HTTP_ACCEPT", "")
            return self._answer(
                start_response, f"{getattr(refused, 'status', refused)} refused", text.encode()
            )
        if path == "/slow":
            assert self.goes_on.wait(10)
        if path == "/large":
            return self._answer(start_response, "200 OK", b"x" * 8_000_000)
        if path == "/stream":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return (b"y" * 65_536 for _ in range(400))
        facts = [
            environ["REMOTE_ADDR"],
            environ.get("HTTP_X_FORWARDED_FOR", ""),
            environ.get("CONTENT_LENGTH", ""),
        ]
        return self._answer(start_response, "200 OK", "|".join(facts).encode() + b"|" + body[:100])

    def _answer(self, start_response: Any, status: str, body: bytes) -> list[bytes]:
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]


class Served:
    """The echo behind the server, in this process."""

    def __init__(self) -> None:
        self.app = Echo()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = Threads()
        self.clients: dict[int, Any] = {}
        self.front = Front(
            Streams(self.app),
            self.listener,
            self.threads,
            self.clients,
            "example.org",
            LARGEST_REQUEST,
        )
        self.ends = threading.Event()
        self.loop = threading.Thread(target=self._loop)

    def _loop(self) -> None:
        while not self.ends.is_set():
            wasyncore.loop(timeout=0.05, use_poll=True, map=self.clients, count=1)
            self.threads.relieve()
            self.front.tend(time.monotonic())

    def connect(self, sends: bytes = b"", *, receives: int | None = None) -> socket.socket:
        client = socket.socket()
        if receives:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        client.settimeout(10)
        client.connect(("127.0.0.1", self.port))
        client.sendall(sends)
        return client

    def ask(self, raw: bytes) -> str:
        """All that comes until the server closes, or says nothing more for a moment."""
        with self.connect(raw) as client:
            return remainder(client)


def get(path: str) -> bytes:
    return b"GET " + path.encode() + b" HTTP/1.1" + HOST + b"\r\n"


def remainder(client: socket.socket, seconds: float = 10.0) -> str:
    received = []
    client.settimeout(seconds)
    while chunk := client.recv(65_536):
        received.append(chunk)
    return b"".join(received).decode("latin-1")


@contextmanager
def serving() -> Iterator[Served]:
    served = Served()
    served.loop.start()
    try:
        yield served
    finally:
        served.ends.set()
        served.app.goes_on.set()
        served.loop.join(10)
        wasyncore.close_all(served.clients)


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as running:
        yield running


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in SHORT.items():
        monkeypatch.setattr(channel, name, seconds)


def test_the_server_is_the_one_whose_inner_names_we_know() -> None:
    """When this fails, read what changed in Waitress, see whether core/serving/channel.py still
    fits, and name the version here."""
    assert importlib.metadata.version("waitress") == "3.0.2"
    for owner, names in {
        waitress_channel.HTTPChannel: [
            "received",
            "service",
            "send_continue",
            "write_soon",
            "handle_write",
            "handle_close",
            "readable",
        ],
        parser.HTTPRequestParser: ["received", "parse_header", "close", "get_body_stream"],
        receiver.ChunkedReceiver: ["control_line", "trailer", "received", "getbuf"],
        task.WSGITask: [
            "execute",
            "finish",
            "build_response_header",
            "get_environment",
            "set_close_on_finish",
        ],
        server.TcpWSGIServer: ["handle_accept", "pull_trigger", "channel_class"],
    }.items():
        assert [name for name in names if not hasattr(owner, name)] == []


def test_a_request_is_whole_when_it_takes_a_thread(served: Served) -> None:
    with served.connect(b"POST /form HTTP/1.1" + HOST + b"Content-Length: 5\r\n\r\nab") as client:
        assert not served.app.begun.acquire(timeout=0.2)
        client.sendall(b"cde")
        assert served.app.begun.acquire(timeout=5)
        assert client.recv(65_536).endswith(b"|5|abcde")


def test_pieces_are_put_together(served: Served) -> None:
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (b"one", b"and", b"more"))
    answer = served.ask(
        b"POST / HTTP/1.1"
        + HOST
        + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        + pieces
        + b"0\r\n\r\n"
    )
    assert answer.endswith("127.0.0.1||10|oneandmore")


def test_forwarding_headers_reach_the_application_and_change_nothing_here(served: Served) -> None:
    answer = served.ask(
        b"GET / HTTP/1.1" + HOST + b"X-Forwarded-For: 192.0.2.9\r\nConnection: close\r\n\r\n"
    )
    assert answer.endswith("127.0.0.1|192.0.2.9||")


def test_requests_sent_together_are_answered_in_their_order(served: Served) -> None:
    posts = b"".join(
        b"POST / HTTP/1.1" + HOST + b"Content-Length: 2\r\n\r\n%02d" % number
        for number in range(11)
    )
    reply = served.ask(
        posts + b"POST / HTTP/1.1" + HOST + b"Content-Length: 2\r\nConnection: close\r\n\r\n11"
    )
    assert [answer[-2:] for answer in reply.split("HTTP/1.1 200 OK")[1:]] == [
        f"{number:02d}" for number in range(12)
    ]


def test_the_next_request_on_a_connection_queues_behind_those_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However it may have been sent ahead: who keeps a connection open has no right to go
    first."""
    monkeypatch.setattr(threads, "LONG", 60)
    monkeypatch.setattr(threads, "GIVES_WAY", 0)
    with (
        serving() as served,
        served.connect(b"".join(map(get, ("/slow", "/next", "/last")))) as connection,
    ):
        assert served.app.begun.acquire(timeout=10)
        with served.connect(get("/other")) as other:
            wait_until(lambda: served.threads.readers)
            served.app.goes_on.set()
            assert other.recv(10) and connection.recv(10)
            wait_until(lambda: len(served.app.requests) == 4)
    assert [path for _, path, _ in served.app.requests] == ["/slow", "/other", "/next", "/last"]


@pytest.mark.parametrize("path", ["/", "/stream", "/large"])
def test_head_has_no_body(served: Served, path: str) -> None:
    answer = served.ask(
        b"HEAD " + path.encode() + b" HTTP/1.1" + HOST + b"Connection: close\r\n\r\n"
    )
    assert answer.startswith("HTTP/1.1 200 OK")
    assert answer.endswith("\r\n\r\n")
    assert answer.count("\r\n\r\n") == 1


def test_who_asks_whether_to_send_the_body_is_told_to(served: Served) -> None:
    with served.connect(
        b"POST / HTTP/1.1"
        + HOST
        + b"Expect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
    ) as client:
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(b"abc")
        assert remainder(client).endswith("|3|abc")


def test_who_asks_whether_to_send_no_body_is_answered(served: Served) -> None:
    assert served.ask(
        b"GET / HTTP/1.1" + HOST + b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
    ).startswith("HTTP/1.1 200")


def test_who_asks_whether_to_send_too_much_is_answered_before(served: Served) -> None:
    length = str(LARGEST_REQUEST + 1).encode()
    answer = served.ask(
        b"POST / HTTP/1.1"
        + HOST
        + b"Expect: 100-continue\r\nContent-Length: "
        + length
        + b"\r\n\r\n"
    )
    assert answer.startswith("HTTP/1.1 200")  # the application reads the length, and says 413
    assert f"|{length.decode()}|" in answer


@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_body_that_is_too_large_is_dropped_and_the_application_knows(
    served: Served, in_pieces: bool
) -> None:
    """The client may read the answer only after it has sent everything."""
    size = LARGEST_REQUEST + 1_000_000
    kind = b"Transfer-Encoding: chunked" if in_pieces else b"Content-Length: %d" % size
    with served.connect(
        b"POST / HTTP/1.1" + HOST + kind + b"\r\nConnection: close\r\n\r\n"
    ) as client:
        for _ in range(size // 1000):
            client.sendall(b"3e8\r\n" + b"x" * 1000 + b"\r\n" if in_pieces else b"x" * 1000)
        client.sendall(
            b"x" * (0 if in_pieces else size % 1000) + (b"0\r\n\r\n" if in_pieces else b"")
        )
        answer = remainder(client)
    length = int(answer.split("|")[2])
    assert length >= size // 1000 * 1000 and length > LARGEST_REQUEST
    assert [len(body) for _, _, body in served.app.requests] == [0]


def test_a_body_without_end_is_cut(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "LARGEST_DRAIN", 100_000)
    with served.connect(
        b"POST / HTTP/1.1" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    ) as client:
        for _ in range(LARGEST_REQUEST // 1000 + 300):
            client.sendall(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        assert remainder(client).startswith("HTTP/1.1 200")


LONG = b"a" * 5000
REFUSED_REQUESTS = {
    "line of a call": (b"GET /api/v1/" + LONG + b" HTTP/1.1" + HOST + b"\r\n", 414, "/api/v1/"),
    "line": (b"GET /" + LONG + b" HTTP/1.1" + HOST + b"\r\n", 414, "/"),
    "line of a program": (
        b"GET /verify/" + LONG + b" HTTP/1.1" + HOST + b"Accept: text/json\r\n\r\n",
        414,
        "/text/json",
    ),
    "line without end": (b"GET /api/" + b"a" * 100_000, 414, "/api/v1/"),
    "head": (
        b"GET /api/v1/people HTTP/1.1" + HOST + b"X-One: " + b"a" * 20_000 + b"\r\n\r\n",
        431,
        "/api/v1/",
    ),
    "fields": (b"GET / HTTP/1.1" + HOST + b"X: a\r\n" * 70 + b"\r\n", 431, "/"),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400, "/"),
    "two hosts": (b"GET / HTTP/1.1" + HOST + b"Host: example.com\r\n\r\n", 400, "/"),
    "a host with a path": (b"GET / HTTP/1.1\r\nHost: example.org/evil\r\n\r\n", 400, "/"),
    "two lengths": (
        b"POST /api/x HTTP/1.1"
        + HOST
        + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "/api/v1/",
    ),
    "lengths that differ": (
        b"POST / HTTP/1.1" + HOST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        400,
        "/",
    ),
    "a length with a sign": (
        b"POST / HTTP/1.1" + HOST + b"Content-Length: +4\r\n\r\nabcd",
        400,
        "/",
    ),
    "pieces in HTTP 1.0": (
        b"POST / HTTP/1.0" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "/",
    ),
    "an encoding no one knows": (
        b"POST / HTTP/1.1" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        501,
        "/",
    ),
    "a piece with a sign": (
        b"POST / HTTP/1.1" + HOST + b"Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
        400,
        "/",
    ),
    "a piece's line without end": (
        b"POST / HTTP/1.1" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 6000,
        400,
        "/",
    ),
    "a bare line feed": (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400, "/"),
    "a space before the colon": (b"GET / HTTP/1.1" + HOST + b"X : b\r\n\r\n", 400, "/"),
    "no version": (b"GET /\r\n\r\n", 505, "/"),
    "another version": (b"GET / HTTP/2.0" + HOST + b"\r\n", 505, "/"),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03\r\n\r\n", 400, "/"),
}


@pytest.mark.parametrize("name", REFUSED_REQUESTS)
def test_what_cannot_be_understood_is_refused_in_the_applications_words(
    served: Served, name: str
) -> None:
    raw, status, said_there = REFUSED_REQUESTS[name]
    path = "/api/v1/" if said_there.startswith("/api/") else "/"
    smuggled = b"GET /smuggled HTTP/1.1" + HOST + b"\r\n"
    answer = served.ask(raw + (b"" if "without end" in name else smuggled))
    assert answer.split(" ")[1] == str(status)
    assert answer.endswith("\r\n\r\n" + said_there)
    assert answer.count("HTTP/1.") == 1
    assert served.app.requests == [("GET", path, b"")], "what came behind it is no request"


def test_a_refusal_is_read_although_the_client_was_still_sending(served: Served) -> None:
    with served.connect(b"GET /" + LONG * 4) as client:
        for _ in range(50):
            client.sendall(LONG)
            time.sleep(0.002)
        assert remainder(client).startswith("HTTP/1.1 414")


@pytest.mark.parametrize(
    "begins",
    [
        b"GET /api/v1/x HTTP/1.1\r\nX: ",
        b"POST /api/v1/x HTTP/1.1" + HOST + b"Content-Length: 4000\r\n\r\n",
    ],
)
def test_a_request_that_drips_is_given_up_at_its_time(
    served: Served, short: None, begins: bytes
) -> None:
    """However short the gaps: the limit is from the first byte to the last."""
    limit = SHORT["REQUEST_SECONDS" if begins.startswith(b"POST") else "HEAD_SECONDS"]
    started = time.monotonic()
    with served.connect(begins) as client:
        client.settimeout(0.05)
        answer = b""
        while not answer and time.monotonic() - started < 8:
            try:
                client.sendall(b"a")
                answer = client.recv(65_536)
            except TimeoutError:
                continue
        took = time.monotonic() - started
        assert answer.startswith(b"HTTP/1.1 408")
        assert answer.endswith(b"/api/v1/")
    assert took >= limit * 0.9


def test_a_connection_at_rest_is_closed_and_a_busy_one_is_not(served: Served, short: None) -> None:
    request = b"GET / HTTP/1.1" + HOST + b"\r\n"
    with served.connect() as idle, served.connect() as busy:
        for _ in range(14):
            busy.sendall(request)
            assert busy.recv(65_536).startswith(b"HTTP/1.1 200")
            time.sleep(SHORT["REST_SECONDS"] / 5)
        assert idle.recv(100) == b""


@pytest.mark.parametrize("blanks", [b"\r\n", b"\r\n\r\n", b"\n", b" "])
def test_blanks_before_a_request_end_no_rest(served: Served, short: None, blanks: bytes) -> None:
    request = b"GET / HTTP/1.1" + HOST + b"\r\n"
    with served.connect(request) as client:
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        client.settimeout(SHORT["REST_SECONDS"] / 5)
        assert any(_is_closed(client, blanks[sent % len(blanks) :][:1]) for sent in range(60))
    with served.connect(b"\r\n\r\n" + request) as client:
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")


def _is_closed(client: socket.socket, sent: bytes) -> bool:
    try:
        client.sendall(sent)
        return client.recv(100) == b""
    except TimeoutError:
        return False
    except OSError:  # closed while we were sending
        return True


@pytest.mark.parametrize("path", ["/large", "/stream"])
def test_who_takes_nothing_of_an_answer_is_given_up_and_keeps_nobody_waiting(
    served: Served, short: None, path: str
) -> None:
    request = b"GET " + path.encode() + b" HTTP/1.1" + HOST + b"\r\n"
    takers = [served.connect(request, receives=4096) for _ in range(6)]
    for _ in takers:
        assert served.app.begun.acquire(timeout=5)
    assert served.ask(b"GET / HTTP/1.1" + HOST + b"Connection: close\r\n\r\n").startswith(
        "HTTP/1.1 200"
    )
    wait_until(lambda: not served.front.active_channels)
    wait_until(lambda: served.threads.is_idle)
    for taker in takers:
        taker.close()


def test_who_takes_an_answer_in_crumbs_is_given_up_at_its_time(served: Served, short: None) -> None:
    with served.connect(b"GET /large HTTP/1.1" + HOST + b"\r\n", receives=65_536) as client:
        assert served.app.begun.acquire(timeout=5)
        started = time.monotonic()
        while served.front.active_channels and time.monotonic() - started < 8:
            client.recv(65_536)
            time.sleep(0.02)
        assert SHORT["ANSWER_SECONDS"] * 0.9 < time.monotonic() - started < 8


def test_a_stream_arrives_whole(served: Served) -> None:
    answer = served.ask(b"GET /stream HTTP/1.1" + HOST + b"\r\n")
    assert answer.partition("\r\n\r\n")[2].count("y") == 400 * 65_536
    assert answer.endswith("0\r\n\r\n")


def test_more_streams_than_there_is_room_for_are_told_to_come_back(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(threads.MOST_WAITING, CLIENT, 2)
    served.front.adj.outbuf_high_watermark = 100_000
    takers = [
        served.connect(b"GET /stream HTTP/1.1" + HOST + b"\r\n", receives=4096) for _ in range(2)
    ]
    wait_until(lambda: served.threads.waiting[CLIENT] == 2)
    answer = served.ask(b"GET /stream HTTP/1.1" + HOST + b"Connection: close\r\n\r\n")
    assert answer.startswith("HTTP/1.1 503")
    for taker in takers:
        taker.close()
    wait_until(lambda: served.threads.waiting[CLIENT] == 0)


def wait_until(holds: Any, seconds: float = 8) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not come to pass"
        time.sleep(0.02)


def test_when_all_places_are_taken_the_most_silent_gives_way(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "MOST_CONNECTIONS", 20)
    idle = [served.connect() for _ in range(40)]
    answer = served.ask(b"GET / HTTP/1.1" + HOST + b"Connection: close\r\n\r\n")
    assert answer.startswith("HTTP/1.1 200")
    wait_until(lambda: len(served.front.active_channels) <= 20)
    for client in idle:
        client.close()


def test_a_server_that_ends_answers_what_was_begun_and_says_so(served: Served, short: None) -> None:
    request = b"GET /slow HTTP/1.1" + HOST + b"\r\n"
    with (
        served.connect(request) as working,
        served.connect(b"POST /late HTTP/1.1" + HOST + b"Content-Length: 3\r\n\r\na") as coming,
    ):
        assert served.app.begun.acquire(timeout=5)
        wait_until(lambda: len(served.front.active_channels) == 2)
        served.front.trigger.pull_trigger(served.front.stop_accepting)
        wait_until(lambda: served.front.is_ending)
        coming.sendall(b"bc")
        served.app.goes_on.set()
        for client, ending in ((working, "|||"), (coming, "|3|abc")):
            answer = remainder(client)
            assert answer.startswith("HTTP/1.1 200")
            assert "Connection: close" in answer
            assert answer.endswith(ending)
    wait_until(lambda: not served.front.active_channels)
