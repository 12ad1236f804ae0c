"""Whatever a few hundred connections do, other people's pages come within a second: on the real
server, with two processes."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from flask import Flask

from accounts.roles import Role
from core.database import db
from tests import factories
from tests.concurrency.serving import WebServer, web_server
from tests.enrollment import makers
from tests.load import attacks

pytestmark = [pytest.mark.alone, pytest.mark.long]

BAR = 1.0  # seconds


@pytest.fixture
def server(app: Flask, tmp_path: Path) -> Iterator[WebServer]:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    with web_server(tmp_path, app.extensions["settings"].database_url, 2) as running:
        yield running


def page(server: WebServer) -> Callable[[], None]:
    """Someone looks at the catalogue, on a connection of their own."""

    def look() -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            received = b""
            while chunk := client.recv(65_536):
                received += chunk
        assert received.startswith(b"HTTP/1.1 200") and received.endswith(b"</html>")

    return look


def slowest(server: WebServer, name: str, path: str = "/") -> tuple[float, float]:
    """(p95, slowest) of the quieter of two measurements, once the attack is under way: this
    machine has other work, too."""
    look = page(server)
    look()
    with attacks.under(name, server.port, path):
        attacks.others(look, 2)
        measured = [attacks.others(look)[1:] for _ in range(2)]
    return min(measured)


@pytest.mark.parametrize("name", ["idle", "heads", "bodies", "readers"])
def test_others_are_served_beside(server: WebServer, name: str) -> None:
    p95, worst = slowest(server, name, attacks.LARGE if name == "readers" else "/")
    assert p95 < BAR / 2, worst
    assert worst < BAR


@pytest.fixture
def call(app: Flask, server: WebServer, tmp_path: Path) -> str:
    """What the attacks through the API are told: a token, an open delivery, and where the
    database is."""
    with app.app_context():
        token = makers.token_of(factories.actor(Role.COORDINATOR))
        return (
            f"{token} {makers.delivery(places=20).code} "
            f"{app.extensions['settings'].database_url.removeprefix('sqlite:///')}"
        )


def test_others_are_served_beside_forms_of_a_million_fields(server: WebServer) -> None:
    p95, _ = slowest(server, "fields")
    assert p95 < BAR


def test_others_are_served_beside_bodies_of_250_000_keys(server: WebServer, call: str) -> None:
    p95, _ = slowest(server, "keys", " ".join(call.split()[:2]))
    assert p95 < BAR


def test_others_are_served_while_40_writers_wait_for_a_lock(server: WebServer, call: str) -> None:
    look = page(server)
    look()
    token, code, _ = call.split()
    body = json.dumps(attacks.application("first")).encode()
    assert (
        attacks.call(
            server.port, f"/api/v1/deliveries/{code}/enrollments", body, "application/json", token
        )[0]
        == 201
    )
    with attacks.under("lock", server.port, call):
        p95, _ = attacks.others(look, 4)[1:]
    assert p95 < BAR


def test_a_quiet_client_is_served_beside_120_busy_ones(server: WebServer) -> None:
    p95, _ = slowest(server, "busy")
    assert p95 < BAR


def test_silent_connections_cost_little(server: WebServer) -> None:
    parent = psutil.Process(server.pid)
    before = _memory(parent)
    with attacks.under("idle", server.port):
        time.sleep(0.5)
        assert _memory(parent) - before < 20_000_000


def _memory(parent: psutil.Process) -> int:
    return sum(
        process.memory_full_info().uss for process in (parent, *parent.children(recursive=True))
    )
