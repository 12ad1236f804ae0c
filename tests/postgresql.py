"""A private PostgreSQL server for the tests, from the machine's own binaries: its data lies in a
temporary folder, it listens on a free port of the loopback address, and it ends with the process
that asked for it, even when that is killed.

`TEST_DATABASE_URL` names an existing server instead (a user who may create databases; the suite
also wants to be superuser).
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

OWNER = "rostrum"
#: What is lost when the machine loses power does not matter here; speed does.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "10s",
    "log_min_messages": "fatal",
}


@contextmanager
def running_server() -> Iterator[str | None]:
    """The address of an empty database on a running server; None where PostgreSQL is not
    installed."""
    address = os.environ.get("TEST_DATABASE_URL")
    if address:
        with new_database(address) as url:
            yield url
        return
    binaries = find_binaries()
    if binaries is None:
        yield None
        return
    supervisor = subprocess.Popen(
        [sys.executable, __file__, str(binaries)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert supervisor.stdin and supervisor.stdout
        line = supervisor.stdout.readline().strip()
        if not line.isdigit():
            raise RuntimeError(f"PostgreSQL did not start: {line or 'no word from it'}")
        with new_database(f"postgresql://{OWNER}@127.0.0.1:{line}/postgres") as url:
            yield url
    finally:
        supervisor.stdin.close()  # the supervisor takes this for "end"
        supervisor.wait(timeout=30)
        supervisor.stdout.close()


class Stoppable:
    """A server of a test's own, which keeps what it acknowledged when it is killed and started
    again on the same port."""

    def __init__(self, binaries: Path, folder: Path):
        self.binaries, self.folder = binaries, folder
        self.identity = _unprivileged(folder)
        _initialise(binaries, folder, self.identity)
        self.port = 0
        self.start()

    def start(self) -> None:
        options = {name: value for name, value in OPTIONS.items() if value != "off"}
        self.server, self.port = _start(
            self.binaries, self.folder, self.identity, options, self.port
        )

    def kill(self) -> None:
        """Nothing of it gets the chance to tidy up."""
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait(timeout=20)

    @property
    def url(self) -> str:
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/postgres"


@contextmanager
def stoppable_server() -> Iterator[Stoppable | None]:
    """None where PostgreSQL is not installed."""
    binaries = find_binaries()
    if binaries is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="rostrum-postgresql-"))
    server = None
    try:
        server = Stoppable(binaries, folder)
        yield server
    finally:
        if server is not None and server.server.poll() is None:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_database(url: str, copy_of: str = "template1") -> Iterator[str]:
    """The address of a new database on the server of `url`, empty unless it is a copy; dropped
    afterwards."""
    name = f"rostrum_test_{secrets.token_hex(6)}"
    _execute(url, f'CREATE DATABASE "{name}" TEMPLATE "{copy_of}"')
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        _execute(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def copied_database(url: str) -> Iterator[str]:
    """The address of a copy of the database at `url`, which nobody may be connected to."""
    server = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    with new_database(server, copy_of=urlsplit(url).path[1:]) as copy:
        yield copy


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(
        url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True
    ) as connection:
        connection.execute(statement)


def find_binaries() -> Path | None:
    """The folder of initdb and postgres: the newest of Debian's, else what PATH finds."""
    processes = [
        p
        for p in Path("/usr/lib/postgresql").glob("*/bin")
        if (p / "initdb").exists() and (p / "postgres").exists()
    ]
    if processes:
        return max(processes, key=lambda p: float(p.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


# The supervisor: a process of its own, whose only task is that the server never outlives the tests.


def supervise(binaries: Path) -> None:
    """Starts a server, prints its port, and ends it when standard input ends (also because the
    parent was killed)."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    folder = Path(tempfile.mkdtemp(prefix="rostrum-postgresql-"))
    server = None
    try:
        identity = _unprivileged(folder)
        _initialise(binaries, folder, identity)
        server, port = _start(binaries, folder, identity)
        print(port, flush=True)
        sys.stdin.read()
    except Exception as error:
        print(" ".join(str(error).split())[:500], flush=True)
    finally:
        if server is not None:
            server.send_signal(signal.SIGQUIT)  # nothing in it is worth an orderly end
            server.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as `postgres`, else as `nobody`, who gets
    the folder."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("run as root, but neither postgres nor no one exists to run the server as")


def _initialise(binaries: Path, folder: Path, identity: dict[str, Any]) -> None:
    command = [
        str(binaries / "initdb"),
        "-D",
        str(folder / "data"),
        "-U",
        OWNER,
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    for locale in ("--locale=C.UTF-8", "--no-locale"):
        done = subprocess.run(
            [*command, locale], cwd=folder, capture_output=True, text=True, **identity
        )
        if done.returncode == 0:
            return
        shutil.rmtree(folder / "data", ignore_errors=True)
    raise RuntimeError(done.stderr)


def _start(
    binaries: Path,
    folder: Path,
    identity: dict[str, Any],
    settings: dict[str, str] = OPTIONS,
    same_port: int = 0,
) -> tuple[subprocess.Popen, int]:
    for _attempt in range(5):  # another process may take the free port before the server does
        port = same_port or _free_port()
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open(folder / "log", "ab") as log:
            server = subprocess.Popen(
                [str(binaries / "postgres"), "-D", str(folder / "data"), "-p", str(port), *options],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **identity,
            )
        if _answers(server, port):
            return server, port
    raise RuntimeError((folder / "log").read_text(errors="replace"))


def _answers(server: subprocess.Popen, port: int) -> bool:
    url = f"postgresql://{OWNER}@127.0.0.1:{port}/postgres"
    ends = time.monotonic() + 30
    while time.monotonic() < ends and server.poll() is None:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return True
        except psycopg.OperationalError:
            time.sleep(0.05)
    if server.poll() is None:
        server.kill()
    server.wait()
    return False


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


if __name__ == "__main__":
    supervise(Path(sys.argv[1]))
