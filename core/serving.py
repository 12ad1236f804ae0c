"""`flask serve`: a real web server (Gunicorn) with a worker process beside it, both ended together."""

from __future__ import annotations

import gc
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from gunicorn.app.base import BaseApplication
from gunicorn.workers.base import Worker as Base
from waitress import wasyncore

from core.channel import MOST_CONNECTIONS, Front
from core.database import db, settings_of
from core.health import migration_fault
from core.jobs.worker import work_until_stopped
from core.migrations import upgrade
from core.outages import Unavailable
from core.refusals import REFUSED
from core.settings import ROOT, Settings
from core.waiting import CLIENT, LONG, Threads, waits

#: Seconds in which a web process that ends finishes what its clients have begun.
LAST_SECONDS = 30
#: Seconds after which a thread that computes lets another: Python's own 5 ms, for each of a hundred clients that are read or
#: written between two pages, would make up half a second.
TURN_SECONDS = 0.0005


@click.command("serve")
@click.option("--workers", type=int, default=None, help="Web processes; default: the setting WORKERS.")
@click.option("--first-start", is_flag=True, help="Migrates, and prepares an empty database for its first use.")
@click.option("--no-worker", is_flag=True, help="Starts no worker process: one runs elsewhere (flask jobs work).")
@with_appcontext
def serve_command(workers: int | None, first_start: bool, no_worker: bool) -> None:
    """Serves on HOST and PORT until stopped."""
    serve(current_app._get_current_object(), workers, first_start, not no_worker)  # type: ignore[attr-defined]  # a proxy


def main(create_app: Callable[[], Flask]) -> None:
    """`python app.py [--workers N] [--first-start]`: the same without Flask's command line, which loads every plugin and
    so starts a third of a second later. With `--jobs` it is the worker process instead, a tenth smaller for the same reason."""

    @click.command()
    @click.option("--workers", type=int, default=None)
    @click.option("--first-start", is_flag=True)
    @click.option("--jobs", is_flag=True)
    def command(workers: int | None, first_start: bool, jobs: bool) -> None:
        app = create_app()
        with app.app_context():
            if jobs:
                work_until_stopped()
            else:
                serve(app, workers, first_start, True)

    command()


def serve(app: Flask, workers: int | None, first_start: bool, with_worker: bool) -> None:
    """Migrates where it may, prepares a first start, and serves until stopped."""
    settings = settings_of(app)
    if not _inherits_socket():
        _refuse_taken_port(settings)
    _allow_open_files()
    if fault := migration_fault():
        if not first_start and not settings.is_sqlite:
            raise click.ClickException(f"{fault}.")
        upgrade()
    if first_start:
        for line in app.extensions["first_start"]():
            click.echo(line)
    for sentence in app.extensions["system_warnings"]():
        click.echo(f"Note: {sentence}")
    db.session.remove()
    db.engine.dispose()  # the web processes are forked: each opens connections of its own
    gc.collect()
    gc.freeze()  # the collector then leaves what is loaded alone, and its pages shared: 22 MB less after 300 requests
    gc.set_threshold(20_000, 20, 20)  # what a request leaves behind is freed by counting: looking for circles can wait
    click.echo(f"Rostrum is at {settings.public_url}  (stop it with Ctrl+C)")
    Server(app, settings, workers or settings.workers, with_worker=with_worker).run()


def _inherits_socket() -> bool:
    """Whether the listening socket was opened by systemd, or by the server that this one replaces."""
    return os.environ.get("LISTEN_PID") == str(os.getpid()) or "GUNICORN_FD" in os.environ


def _allow_open_files() -> None:
    """A connection takes one, and up to two more for what it sends and gets."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS * 4
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))


def _refuse_taken_port(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host.strip("[]"), settings.port))
        except OSError as error:
            raise click.ClickException(
                f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}). Choose another: make run PORT=8001"
            ) from None


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
            "worker_class": "core.serving.Worker",
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
        self.fronts = [Front(self.wsgi, listener.sock, threads, clients, name, largest) for listener in self.sockets]
        while self.alive and self.ppid == os.getppid():
            self._serve_clients(threads, clients)
        for front in self.fronts:
            front.stop_accepting()
        ends = time.monotonic() + self.cfg.graceful_timeout
        while time.monotonic() < ends and not (threads.is_idle and all(not front.active_channels for front in self.fronts)):
            self._serve_clients(threads, clients)

    def _serve_clients(self, threads: Threads, clients: dict[int, Any]) -> None:
        wasyncore.loop(timeout=LONG if threads.is_behind else 1, use_poll=True, map=clients, count=1)
        threads.relieve()
        if (now := time.monotonic()) > self.tended + 1:
            self.tended = now
            self.notify()
            for front in self.fronts:
                front.tend(now)

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        for front in self.fronts:
            front.pull_trigger()


class Streams:
    """WSGI: `app`, in which an answer that is made while it is sent waits for its client and for no one else's cost."""

    def __init__(self, app: WSGIApplication):
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        told: list[Any] = []

        def note(*arguments: Any) -> Any:
            told[:] = arguments

        answer = self.app(environ, note)  # type: ignore[arg-type]  # no one here writes the old way
        if any(name.lower() == "content-length" for name, _ in told[1]) or told[0].startswith(("204", "304")):
            start_response(*told)
            return answer
        return self._stream(answer, told, environ, start_response)

    def _stream(self, answer: Any, told: list[Any], environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with closing(answer), ExitStack() as place:
            try:
                place.enter_context(waits(CLIENT))
            except Unavailable as error:
                yield from self.app(environ | {REFUSED: error}, start_response)
                return
            start_response(*told)
            yield from answer


#: Held while a process is forked or started. A web process that is forked while another program starts inherits the pipe on
#: which `Popen` waits for that program, so the thread that looks after the worker would wait as long as the web process lives.
_starting = threading.Lock()
os.register_at_fork(before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_starting.release)


class Companion:
    """The worker process beside the web processes: started again when it dies, ended with them."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.stopping = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._keep_running, name="companion", daemon=True).start()

    def _keep_running(self) -> None:
        environ = os.environ | {"ROSTRUM_WORKER_PARENT": str(os.getpid())}
        while not self.stopping.is_set():
            command = [sys.executable, str(ROOT / "app.py"), "--jobs"]
            with _starting:
                self.process = subprocess.Popen(command, env=environ)  # noqa: S603 -- our own command, no shell
            self.process.wait()
            self.stopping.wait(1.0)

    def stop(self) -> None:
        self.stopping.set()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
