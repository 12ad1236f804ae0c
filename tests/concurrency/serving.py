"""The product's own web server, as a process of its own on a private port, for tests of what
only many processes show."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.settings import DOCUMENTED, ROOT
from tests.conftest import NOW


class WebServer:
    """Where it listens, and the API called on a connection of its own each time."""

    def __init__(self, port: int, pid: int = 0):
        self.port = port
        self.pid = pid  # of the first process, which looks after the others

    def call(
        self, method: str, path: str, token: str | None, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """(status, answer) of one API call."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = {
                "Content-Type": "application/json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            }
            if token:
                sent["Authorization"] = f"Bearer {token}"
            connection.request(
                method, f"/api/v1{path}", json.dumps(body) if body is not None else None, sent
            )
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


class Visitor:
    """A browser of its own, as far as cookies and redirects go."""

    def __init__(self, server: WebServer):
        self.origin = f"http://127.0.0.1:{server.port}"
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def page(self, path: str, form: dict[str, str] | None = None) -> str:
        """The page at `path`, or the one to which the sent form leads. Raises HTTPError for a
        refusal."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        with self.opener.open(self.origin + path, data, timeout=60) as answer:
            return answer.read().decode()


@contextmanager
def web_server(folder: Path, url: str, workers: int, *, before: str = "") -> Iterator[WebServer]:
    """`flask serve` with so many web processes on the (migrated) database at `url`, its clock at
    NOW. `before`: Python that its process runs first."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name not in DOCUMENTED}
    environ = environment | {
        "FLASK_APP": "app",
        "DATABASE_URL": url,
        "INSTANCE_PATH": str(folder),
        "DEMO": "0",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "NOW": NOW.isoformat(),
        "SECRET_KEY": "a key for tests that is long enough",
    }
    program = f"{before}\nfrom flask.cli import main; main()"
    command = [sys.executable, "-c", program, "serve", "--no-worker", "--workers", str(workers)]
    with open(folder / "server.log", "ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        server = WebServer(port, process.pid)
        _await(process, port, folder / "server.log")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen, port: int, log: Path) -> None:
    ends = time.monotonic() + 40
    while time.monotonic() < ends and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
