"""The product as a visitor meets it: `flask serve` with two web processes and its worker, on a
demonstration of its own."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.settings import DOCUMENTED, ROOT

#: Experts beside the demonstration's history: enough for two pages of results. The usual 300 only
#: cost time here.
EXPERTS = 60


@dataclass(frozen=True)
class Site:
    """A running Rostrum and the folder it lives in."""

    url: str
    folder: Path
    environ: dict[str, str]

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`flask …` on this instance."""
        return subprocess.run(
            [sys.executable, "-m", "flask", *words],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=240,
        )

    def query(self, statement: str, *values: object) -> list[tuple]:
        """Rows of the database, to find the addresses of things the demonstration made."""
        with closing(
            sqlite3.connect(f"file:{self.folder / 'rostrum.db'}?mode=ro", uri=True)
        ) as connection:
            return connection.execute(statement, values).fetchall()

    def write(self, statement: str, *values: object) -> None:
        """Changes a row past the application: what no visitor can do, such as let time pass."""
        with (
            closing(sqlite3.connect(self.folder / "rostrum.db", timeout=10)) as connection,
            connection,
        ):
            connection.execute(statement, values)

    def value(self, statement: str, *values: object) -> object:
        rows = self.query(statement, *values)
        assert rows, f"the demonstration has nothing for: {statement}"
        return rows[0][0]


@contextmanager
def running_site(folder: Path, experts: int = EXPERTS, **settings: str) -> Iterator[Site]:
    """Loads the demonstration into `folder` unless it is there, serves it until the block ends."""
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if name not in DOCUMENTED}
    environ = environment | {
        "FLASK_APP": "app",
        "INSTANCE_PATH": str(folder),
        "DEMO": "1",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        **settings,
    }
    prepared = (folder / "rostrum.db").exists()
    site = Site(f"http://127.0.0.1:{port}", folder, environ)
    for words in (
        () if prepared else (("db", "upgrade"), ("demo", "load", "--experts", str(experts)))
    ):
        done = site.command(*words)
        assert done.returncode == 0, f"flask {' '.join(words)}: {done.stdout}{done.stderr}"
    log = folder / "server.log"
    process = _serve(log, environ)
    try:
        _await(process, site.url, log)
        yield site
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _serve(log: Path, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    command: Sequence[str] = [
        sys.executable,
        "-m",
        "flask",
        "serve",
        "--first-start",
        "--workers",
        "2",
    ]
    with log.open("ab") as file:
        return subprocess.Popen(
            command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
