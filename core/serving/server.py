"""A real web server: Gunicorn keeps the web processes, Waitress serves in them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.base import Worker as Base
from waitress import wasyncore

from core.serving.channel import Front
from core.serving.companion import Companion
from core.serving.streams import Streams
from core.serving.threads import LONG, Threads
from core.settings import Settings
from core.yielding import say_requests_wait

#: Seconds in which a web process that ends finishes what its clients have begun.
LAST_SECONDS = 30
#: Seconds after which a thread that computes lets another: Python's own 5 ms, for each of a hundred
#: clients that are read or written between two pages, would make up half a second.
TURN_SECONDS = 0.0005


class Server(BaseApplication):
    """Gunicorn, told in code. The application is loaded once and shared by the web processes."""

    def __init__(self, app: Flask, settings: Settings, workers: int, *, with_worker: bool):
        self.app = app
        self.settings = settings
        self.workers = workers
        self.companion = Companion() if with_worker else None
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "workers": self.workers,
            "worker_class": "core.serving.server.Worker",
            "timeout": 60,
            "graceful_timeout": LAST_SECONDS,
            "preload_app": True,
            "control_socket_disable": True,
            "loglevel": "warning",
            "when_ready": self._started,
            "on_exit": self._ended,
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108 -- heartbeat files, not data
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Streams:
        return Streams(self.app)

    def _started(self, arbiter: Any) -> None:
        if self.companion:
            self.companion.start()

    def _ended(self, arbiter: Any) -> None:
        if self.companion:
            self.companion.stop()


class Worker(Base):
    """A web process: Waitress on the sockets that Gunicorn opened, watched by it."""

    fronts: Sequence[Front] = ()
    tended = 0.0

    def run(self) -> None:
        sys.setswitchinterval(TURN_SECONDS)
        threads, clients = Threads(), dict[Any, Any]()
        name = urlsplit(self.app.settings.public_url).hostname or ""
        largest = self.app.settings.request_mb * 1024 * 1024
        self.fronts = [
            Front(self.wsgi, listener.sock, threads, clients, name, largest)
            for listener in self.sockets
        ]
        while self.alive and self.ppid == os.getppid():
            self._serve_clients(threads, clients)
        for front in self.fronts:
            front.stop_accepting()
        ends = time.monotonic() + self.cfg.graceful_timeout
        while time.monotonic() < ends and not (
            threads.is_idle and all(not front.active_channels for front in self.fronts)
        ):
            self._serve_clients(threads, clients)

    def _serve_clients(self, threads: Threads, clients: dict[int, Any]) -> None:
        wasyncore.loop(
            timeout=LONG if threads.is_behind else 1, use_poll=True, map=clients, count=1
        )
        threads.relieve()
        if threads.is_late:
            say_requests_wait(self.app.settings)
        if (now := time.monotonic()) > self.tended + 1:
            self.tended = now
            self.notify()
            for front in self.fronts:
                front.tend(now)

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        for front in self.fronts:
            front.pull_trigger()
