"""A fast HTTP client for load: keep-alive, cookies, forms as a browser without JavaScript would
send them.

It shares the machine with what it measures, so it reads answers itself: the standard library's
client parses headers as those of an email, which takes three times as long.
"""

from __future__ import annotations

import html
import re
import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

HIDDEN = re.compile(r"<input[^>]*>")
LENGTH = re.compile(r"(?im)^content-length: *(\d+)")
LOCATION = re.compile(r"(?im)^location: *(\S+)")
COOKIE = re.compile(r"(?im)^set-cookie: *([^=\s]+)=([^;\r]*)")
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


class Client:
    """One visitor over one connection."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.cookies = dict(cookies or {})
        self.requests = 0
        self.received = 0

    def request(
        self, method: str, path: str, values: dict[str, str] | None = None
    ) -> tuple[int, str]:
        head = [
            f"{method} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Accept-Encoding: identity",
            "Accept-Language: en",
        ]
        if self.cookies:
            head.append("Cookie: " + "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        body = b""
        if values is not None:
            body = urlencode(values).encode()
            head += [
                "Content-Type: application/x-www-form-urlencoded",
                f"Content-Length: {len(body)}",
            ]
        self.connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
        status, headers, data = self._answer()
        self.requests += 1
        self.received += len(data)
        for key, value in COOKIE.findall(headers):
            self.cookies[key] = value
        if status in (302, 303):
            return self.request("GET", LOCATION.search(headers)[1])
        return status, data.decode("utf-8", "replace")

    def _answer(self) -> tuple[int, str, bytes]:
        """(status, headers, body) of what comes; every answer measured here says how long it is."""
        received = self._more(b"")
        while b"\r\n\r\n" not in received:
            received = self._more(received)
        raw, _, data = received.partition(b"\r\n\r\n")
        headers = raw.decode("latin-1")
        length = int(LENGTH.search(headers)[1])
        while len(data) < length:
            data = self._more(data)
        return int(headers[9:12]), headers, data

    def _more(self, received: bytes) -> bytes:
        chunk = self.connection.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        return received + chunk

    def get(self, path: str) -> tuple[int, str]:
        return self.request("GET", path)

    def post(self, path: str, values: dict[str, str]) -> tuple[int, str]:
        return self.request("POST", path, values)


def hidden(page: str, after: str = "<main") -> dict[str, str]:
    """The hidden fields of the page's main form."""
    fields = {}
    for tag in HIDDEN.findall(page[page.find(after) :]):
        attributes = dict(ATTRIBUTE.findall(tag))
        if attributes.get("type") == "hidden" and "name" in attributes:
            fields[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return fields


@dataclass
class Figures:
    """Times of one thing done many times, in milliseconds, and how many per second over all
    clients."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0
    requests: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        return sorted(self.times)[max(0, int(len(self.times) * 0.95) - 1)]

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds


def load(
    port: int,
    act: Callable[[Client, int], None],
    *,
    count: int,
    clients: int,
    cookies: dict[str, str] | None = None,
) -> Figures:
    """Does `act(client, number)` `count` times with `clients` at once; every failure stops the
    run."""
    figures, lock, numbers = Figures(), threading.Lock(), iter(range(count))
    faults: list[Any] = []

    def work() -> None:
        client = Client(port, cookies)
        while not faults:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            started = time.perf_counter()
            try:
                act(client, number)
            except Exception as error:  # told below, in the thread that measures
                faults.append(error)
                return
            elapsed = (time.perf_counter() - started) * 1000
            with lock:
                figures.times.append(elapsed)
        with lock:
            figures.requests += client.requests

    threads = [threading.Thread(target=work) for _ in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    figures.seconds = time.perf_counter() - started
    if faults:
        raise faults[0]
    return figures
