"""A private Redis server for the tests, from the machine's own program: nothing is kept, it
listens on a free port of the loopback address, and it ends with the process that asked for it,
even when that is killed."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.concurrency.serving import free_port

#: Debian's redis-tools has the server's program under the second name; unlike redis-server it
#: starts no service.
PROGRAMS = ("redis-server", "redis-check-rdb", "valkey-server")


@contextmanager
def running_server(folder: Path, port: int | None = None) -> Iterator[str | None]:
    """The address of an empty server (on `port`, default a free one); None where Redis is not
    installed."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        yield None
        return
    called = folder / "redis-server"  # what it does depends on the name it is called by
    if not called.is_symlink():
        called.symlink_to(program)
    port = port or free_port()
    options = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(folder),
    ]
    watched = [
        "sh",
        "-c",
        '"$@" </dev/null & read -r _; kill $!; wait',
        "sh",
        str(called),
        *options,
    ]
    with open(folder / "log", "ab") as log:
        process = subprocess.Popen(
            watched, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
        )
    try:
        url = f"redis://127.0.0.1:{port}/0"
        _await(url, folder / "log")
        yield url
    finally:
        assert process.stdin
        process.stdin.close()  # the shell takes this for "end"
        process.wait(timeout=20)


def _await(url: str, log: Path) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        try:
            with redis.Redis.from_url(url) as client:
                client.ping()
            return
        except redis.ConnectionError:
            time.sleep(0.05)
    raise RuntimeError(f"Redis did not start: {log.read_text(errors='replace')[-1000:]}")
