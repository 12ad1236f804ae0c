"""Web processes are replaced without losing a request: by a signal, by a new version, by a
restart, and after a kill."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psutil
import pytest
from flask import Flask

from core.database import db
from core.settings import DOCUMENTED, ROOT
from tests.concurrency.serving import free_port

#: What systemd does: the socket is open before the program runs, and stays open when it ends.
ACTIVATED = (
    "import os, sys; os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.executable, "
    "[sys.executable, *sys.argv[1:]])"
)


class Site:
    """`python app.py` with two web processes, on a database of its own."""

    def __init__(self, folder: Path, url: str, listener: socket.socket | None = None):
        self.folder, self.url, self.listener = folder, url, listener
        self.port = listener.getsockname()[1] if listener else free_port()
        self.process: subprocess.Popen[bytes]

    def start(self) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if name not in DOCUMENTED}
        environ = environment | {
            "DATABASE_URL": self.url,
            "INSTANCE_PATH": str(self.folder),
            "DEMO": "0",
            "PORT": str(self.port),
            "SECRET_KEY": "a key for tests that is long enough",
        }
        command = [sys.executable, "app.py", "--workers", "2"]
        with open(self.folder / "server.log", "ab") as log:
            if self.listener:
                os.dup2(self.listener.fileno(), 3) if self.listener.fileno() != 3 else None
                os.set_inheritable(3, True)
                environ["LISTEN_FDS"] = "1"
                command = [sys.executable, "-c", ACTIVATED, *command[1:]]
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environ,
                stdout=log,
                stderr=log,
                pass_fds=(3,) if self.listener else (),
                start_new_session=True,
            )
        return self.process

    def web_processes(self) -> list[int]:
        children = psutil.Process(self.process.pid).children()
        return sorted(
            child.pid
            for child in children
            if "--jobs" not in child.cmdline() and not child.children()
        )

    def successors(self) -> list[psutil.Process]:
        """Second servers that this one started, once they have two web processes and a worker of
        their own."""
        return [
            child
            for child in psutil.Process(self.process.pid).children()
            if len(child.children()) == 3
        ]

    def ask(self) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", "/verify")
            return connection.getresponse().status
        finally:
            connection.close()

    def wait_until(self, holds: Callable[[], bool], seconds: float = 60) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            try:
                if holds():
                    return
            except (OSError, http.client.HTTPException, psutil.Error):
                pass
            time.sleep(0.05)
        raise AssertionError((self.folder / "server.log").read_text(errors="replace")[-2000:])

    def end(self) -> None:
        for process in [
            psutil.Process(self.process.pid),
            *psutil.Process(self.process.pid).children(recursive=True),
        ]:
            process.kill()
        self.process.wait()


@contextmanager
def running(folder: Path, url: str, listener: socket.socket | None = None) -> Iterator[Site]:
    site = Site(folder, url, listener)
    site.start()
    try:
        site.wait_until(lambda: site.ask() == 200 and len(site.web_processes()) == 2)
        yield site
    finally:
        if site.process.poll() is None:
            site.end()


class Visitors:
    """Some keep their connection as long as they are let, some come on a new one each time. None
    may go without an answer."""

    def __init__(self, site: Site, keeping: int = 4, coming: int = 4):
        self.site = site
        self.answers: list[int] = []
        self.lost: list[str] = []
        self.over = threading.Event()
        kinds = [True] * keeping + [False] * coming
        self.threads = [threading.Thread(target=self._visit, args=(kind,)) for kind in kinds]

    def _visit(self, keeps: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=60)
        while not self.over.is_set():
            try:
                connection.request("GET", "/verify")
                answer = connection.getresponse()
                answer.read()
                self.answers.append(answer.status)
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
                connection.close()
            if not keeps:
                connection.close()
            time.sleep(0.005)
        connection.close()

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        self.site.wait_until(lambda: len(self.answers) > 20)
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(70)


@pytest.fixture
def url(app: Flask) -> str:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return app.extensions["settings"].database_url


def go_on(site: Site, visitors: Visitors) -> None:
    """So many more are answered."""
    before = len(visitors.answers)
    site.wait_until(lambda: len(visitors.answers) > before + 40)


@pytest.mark.long
def test_fresh_processes_take_over_and_every_request_is_answered(tmp_path: Path, url: str) -> None:
    with running(tmp_path, url) as site:
        before = site.web_processes()
        with Visitors(site) as visitors:
            site.process.send_signal(signal.SIGHUP)
            site.wait_until(
                lambda: len(now := site.web_processes()) == 2 and not set(now) & set(before)
            )
            go_on(site, visitors)
        assert visitors.lost == []
        assert set(visitors.answers) == {200}


@pytest.mark.long
def test_a_new_version_takes_over_and_every_request_is_answered(tmp_path: Path, url: str) -> None:
    with running(tmp_path, url) as site:
        with Visitors(site) as visitors:
            site.process.send_signal(signal.SIGUSR2)
            site.wait_until(lambda: len(site.successors()) == 1)
            new = site.successors()[0]
            site.process.send_signal(signal.SIGTERM)
            site.process.wait(60)
            go_on(site, visitors)
        try:
            assert visitors.lost == []
            assert set(visitors.answers) == {200}
        finally:
            for process in [new, *new.children(recursive=True)]:
                process.kill()


@pytest.mark.long
def test_a_restart_behind_an_open_socket_keeps_people_waiting_and_loses_nobody(
    tmp_path: Path, url: str
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=1024) as listener,
        running(tmp_path, url, listener) as site,
    ):
        with Visitors(site) as visitors:
            site.process.send_signal(signal.SIGTERM)
            assert site.process.wait(60) == 0
            site.start()
            go_on(site, visitors)
        assert visitors.lost == []
        assert set(visitors.answers) == {200}


def test_a_killed_process_is_started_again_and_the_others_go_on(tmp_path: Path, url: str) -> None:
    with running(tmp_path, url) as site, Visitors(site) as visitors:
        killed, other = site.web_processes()
        os.kill(killed, signal.SIGKILL)
        site.wait_until(lambda: len(now := site.web_processes()) == 2 and killed not in now)
        assert other in site.web_processes()
        lost = len(visitors.lost)
        assert lost <= len(visitors.threads), "only what the killed process held is lost"
        go_on(site, visitors)
        assert len(visitors.lost) == lost
        assert set(visitors.answers) == {200}


def test_the_worker_is_started_again_when_it_dies_and_ends_with_the_server(
    tmp_path: Path, url: str
) -> None:
    with running(tmp_path, url) as site:

        def workers() -> list[psutil.Process]:
            return [
                child
                for child in psutil.Process(site.process.pid).children()
                if "--jobs" in child.cmdline()
            ]

        site.wait_until(lambda: len(workers()) == 1)
        first = workers()[0]
        first.kill()
        site.wait_until(lambda: [worker.pid for worker in workers()] not in ([], [first.pid]))
        second = workers()[0]
        os.kill(site.process.pid, signal.SIGKILL)  # not even asked to end
        site.process.wait()
        site.wait_until(
            lambda: not second.is_running() or second.status() == psutil.STATUS_ZOMBIE, 20
        )
        assert not second.is_running() or second.status() == psutil.STATUS_ZOMBIE


#: Forks web processes all the time while the worker dies again and again: the end of each worker
#: must be noticed.
FORKING = """
import os, signal, sys, threading, time
from core.serving import companion as module

module.sys.executable = "/bin/true"
companion, children, is_over = module.Companion(), [], threading.Event()
companion.stopping.wait = lambda seconds: companion.stopping.is_set()
started = []
popen = module.subprocess.Popen
module.subprocess.Popen = lambda *given, **more: started.append(popen(*given, **more)) or started[-1]

companion.start()
ends = time.monotonic() + 20
while len(started) < 100 and time.monotonic() < ends:
    if len(children) < 300:
        if (child := os.fork()) == 0:
            time.sleep(60)
            os._exit(0)
        children.append(child)
    time.sleep(0.002)
for child in children:
    os.kill(child, signal.SIGKILL)
print(len(started))
os._exit(0)
"""


@pytest.mark.long
def test_a_worker_that_starts_while_a_web_process_is_forked_is_looked_after(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FORKING]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert int(done.stdout or 0) >= 100, done.stderr
