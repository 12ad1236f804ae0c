"""`flask serve`: a real web server (Gunicorn) with a worker process beside it, both ended together."""

from __future__ import annotations

import gc
import logging
import os
import select
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from core.database import db, settings_of
from core.health import migration_fault
from core.jobs.worker import work_until_stopped
from core.migrations import upgrade
from core.settings import ROOT, Settings
from core.turns import Turns

#: Threads of a web process, to wait in.
THREADS = 16
#: Seconds for which a thread stays with a connection: what a page brings along and what a program asks next come at once.
STAYS = 0.05
#: Requests in a row after which it sees who else is there.
MOST_IN_A_ROW = 50
#: Seconds after which a client is given up that sends or takes nothing in the middle of a request.
SILENCE = 30


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
    _refuse_taken_port(settings)
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
            "threads": THREADS,
            "sendfile": False,  # a client that takes nothing of a file would never be given up
            "timeout": 60,
            "graceful_timeout": 10,
            "keepalive": 5,
            "preload_app": True,
            "limit_request_line": 4094,
            "limit_request_fields": 60,
            "loglevel": "warning",
            "when_ready": self._started,
            "on_exit": self._ended,
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108 -- heartbeat files, not data
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Turns:
        return Turns(self.app)

    def _started(self, arbiter: Any) -> None:
        if self.companion:
            self.companion.start()

    def _ended(self, arbiter: Any) -> None:
        if self.companion:
            self.companion.stop()


class Worker(ThreadWorker):
    """Gunicorn's threads, each of which stays with its connection for a moment, and with a silent one not for ever."""

    def init_process(self) -> None:
        self.log.error_log.addFilter(is_news)
        super().init_process()

    def handle(self, conn: Any) -> Any:
        if not conn.initialized:
            limit_silence(conn.sock, SILENCE)
        goes_on = super().handle(conn)
        for _ in range(MOST_IN_A_ROW):
            if goes_on is not True or not self.alive or not _sends_soon(conn):
                break
            goes_on = super().handle(conn)
        return goes_on

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Called in the thread that accepts everybody, and parting from a client takes up to two seconds: elsewhere, then."""
        is_over = self.alive and not fs.cancelled() and fs.exception() is None and fs.result() is False
        if not is_over:
            return super().finish_request(conn, fs)
        self.nr_conns -= 1
        self.tpool.submit(conn.close, graceful=True)


def limit_silence(connection: socket.socket, seconds: int) -> None:
    """Reading and writing fail when nothing moves for so long. The kernel counts: Gunicorn sets Python's own timeout anew."""
    for limit in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        connection.setsockopt(socket.SOL_SOCKET, limit, struct.pack("@ll", seconds, 0))


def is_news(record: logging.LogRecord) -> bool:
    """A filter: that a client was given up is no fault of ours, and nobody fills the log by being silent."""
    return not (record.exc_info and isinstance(record.exc_info[1], BlockingIOError))


def _sends_soon(conn: Any) -> bool:
    if conn.parser.unreader.buf.getvalue():  # it has sent it already, and the parser has read ahead
        return True
    poll = select.poll()
    poll.register(conn.sock, select.POLLIN)
    return bool(poll.poll(STAYS * 1000))


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
