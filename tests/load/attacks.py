"""What keeps a bad server from serving, bounded and on the loopback address only: `python -m
tests.load.attacks NAME PORT WHAT` attacks from a process of its own until its standard input ends.
Used by tests/concurrency/test_attacks.py and `make bench`.

WHAT is the path that is asked for; for `keys` and `lock` an API token and the code of an open
delivery, and for `lock` the file of the database, with spaces between.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import selectors
import socket
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from core.settings import ROOT

HOST = "Host: 127.0.0.1\r\n"
#: Seconds between two bytes of what drips, or between two reads of a slow reader.
GAP = 1.0


@dataclass(frozen=True)
class Attack:
    """So many connections that send `begins` at first; then, each GAP, `drips`, or they take so
    many bytes, or all there is."""

    what: str
    connections: int
    begins: str = ""
    drips: str = ""
    takes: int = 0
    asks_again: bool = False


ATTACKS = {
    "idle": Attack("500 idle connections", 500),
    "heads": Attack("40 heads that drip", 40, "GET {path} HTTP/1.1\r\n" + HOST + "X-One: ", "a"),
    "bodies": Attack(
        "40 bodies that drip",
        40,
        "POST /sign-in HTTP/1.1\r\n"
        + HOST
        + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 4000\r\n\r\nemail=",
        "a",
    ),
    "readers": Attack(
        "40 slow readers of a large file", 40, "GET {path} HTTP/1.1\r\n" + HOST + "\r\n", takes=1
    ),
    "busy": Attack(
        "120 busy keep-alive clients",
        120,
        "GET {path} HTTP/1.1\r\n" + HOST + "\r\n",
        asks_again=True,
    ),
}
#: Bodies of nearly 4 MB, sent again and again by so many clients.
FLOODS = {
    "fields": (
        "forms of a million fields",
        3,
        "/sign-in",
        "application/x-www-form-urlencoded",
        lambda: b"a=1&" * 1_000_000,
    ),
    "keys": (
        "JSON bodies of 250,000 unknown keys",
        3,
        "/api/v1/deliveries/{code}/enrollments",
        "application/json",
        lambda: b"{%s}" % b",".join(b'"k%06d":1' % number for number in range(250_000)),
    ),
}
LOCK = "a SQLite lock held for 6 s, and 40 writers"
HELD_SECONDS = 6.0
NAMES = (
    {name: attack_.what for name, attack_ in ATTACKS.items()}
    | {name: flood[0] for name, flood in FLOODS.items()}
    | {"lock": LOCK}
)
#: The largest file that anyone may ask for.
LARGE = "/static/fonts/NotoSerifSC-SemiBold.ttf"


@contextlib.contextmanager
def under(name: str, port: int, what: str = "/") -> Iterator[None]:
    """The attack, from its full strength on."""
    command = [sys.executable, "-m", "tests.load.attacks", name, str(port), what]
    attacker = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert attacker.stdout and attacker.stdin
        assert attacker.stdout.readline() == b"ready\n"
        yield
    finally:
        attacker.stdin.close()
        attacker.wait(timeout=20)


def others(
    act: Callable[[], None], seconds: float = 3.0, pause: float = 0.04
) -> tuple[float, float, float]:
    """How long other people wait meanwhile: (median, p95, slowest), in seconds."""
    times, ends = [], time.monotonic() + seconds
    while time.monotonic() < ends:
        started = time.monotonic()
        act()
        times.append(time.monotonic() - started)
        time.sleep(pause)
    times.sort()
    return statistics.median(times), times[max(0, int(len(times) * 0.95) - 1)], times[-1]


def input_ends() -> threading.Event:
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    return ended


def call(port: int, path: str, body: bytes, kind: str, token: str) -> tuple[int, int]:
    """(status, bytes) of the answer to one POST."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        sent = {"Content-Type": kind, **({"Authorization": f"Bearer {token}"} if token else {})}
        connection.request("POST", path, body, sent)
        answer = connection.getresponse()
        return answer.status, len(answer.read())
    finally:
        connection.close()


def flood(name: str, port: int, token: str = "", code: str = "") -> None:
    _, clients, path, kind, make = FLOODS[name]
    path, body, ended = path.format(code=code), make(), input_ends()

    def send() -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                call(port, path, body, kind, token)

    for _ in range(clients):
        threading.Thread(target=send, daemon=True).start()
    print("ready", flush=True)
    ended.wait()


def application(name: str) -> dict[str, object]:
    person = {
        "given_name": "Ama",
        "family_name": "Writer",
        "email": f"{name}@example.org",
        "country": "GH",
        "birth_date": None,
    }
    return {"person": person, "category": "police"}


def hold(port: int, token: str, code: str, database: str) -> None:
    """Someone else's program writes in the database's file and takes its time."""
    ended, path = input_ends(), f"/api/v1/deliveries/{code}/enrollments"
    holder = sqlite3.connect(database, isolation_level=None, timeout=30)
    holder.execute("BEGIN IMMEDIATE")

    def write() -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                call(
                    port,
                    path,
                    json.dumps(application(f"w{time.time_ns()}")).encode(),
                    "application/json",
                    token,
                )
            ended.wait(0.05)

    for _ in range(40):
        threading.Thread(target=write, daemon=True).start()
    time.sleep(0.5)
    print("ready", flush=True)
    ended.wait(HELD_SECONDS)
    holder.rollback()
    ended.wait()


def attack(kind: Attack, port: int, path: str) -> None:
    """Until standard input ends. A connection that the server closes is opened again, each GAP."""
    begins, drips = kind.begins.format(path=path).encode(), kind.drips.encode()
    ended = input_ends()
    selector, known = selectors.DefaultSelector(), set()

    def close(connection: socket.socket) -> None:
        selector.unregister(connection)
        known.discard(connection)
        connection.close()

    def open_missing() -> None:
        for _ in range(kind.connections - len(known)):
            connection = socket.socket()
            if kind.takes:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with contextlib.suppress(OSError):
                connection.connect(("127.0.0.1", port))
                connection.setblocking(False)
                selector.register(connection, selectors.EVENT_READ)
                known.add(connection)
                connection.send(begins)

    def drip() -> None:
        for connection in list(known):
            try:
                if drips:
                    connection.send(drips)
                if kind.takes:
                    connection.recv(kind.takes)
            except BlockingIOError:
                continue
            except OSError:
                close(connection)

    def read() -> None:
        for key, _ in selector.select(0.05):
            connection: Any = key.fileobj
            try:
                received = connection.recv(262_144)
                if not received:
                    close(connection)
                elif kind.asks_again and received.endswith(b"</html>"):
                    connection.send(begins)
            except OSError:
                close(connection)

    open_missing()
    print("ready", flush=True)
    dripped = time.monotonic()
    while not ended.is_set():
        if kind.takes:
            ended.wait(0.05)
        else:
            read()
        if time.monotonic() - dripped > GAP:
            dripped = time.monotonic()
            open_missing()
            drip()


def main(name: str, port: int, what: str) -> None:
    if name in ATTACKS:
        attack(ATTACKS[name], port, what)
    elif name in FLOODS:
        flood(name, port, *what.split() if name == "keys" else ())
    else:
        hold(port, *what.split(" ", 2))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
