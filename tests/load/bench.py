"""`make bench`: measures what docs/explanation/performance.md reports and prints its table.

Everything runs on this machine: the product under `flask serve` with two web processes and its
worker, and beside it a bare Flask application on the same server, in the same run, because machines
differ and are shared. Quote ratios and medians.
"""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psutil
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core.database import db
from core.settings import ROOT
from tests import factories
from tests.enrollment.makers import token_of
from tests.load import attacks, beside, growth, same_time, setting
from tests.load.bare import WORKERS
from tests.load.client import Client, Figures, hidden, load

CLIENTS = 8
#: PostgreSQL is asked for a million experts (tests/roster/bench_search.py).
SEARCH_BARS = {"sqlite": "p95 < 20 ms", "postgresql": "p95 < 50 ms"}


@dataclass
class Row:
    """A line of the table."""

    what: str
    figures: str
    queries: str = ""
    weight: str = ""
    bar: str = ""
    baseline: str = ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command: list[str], port: int, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, from its first answer to its end."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | environ,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(port, process)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(3000):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            if process.poll() is not None:
                raise RuntimeError("the server ended before it answered") from None
            time.sleep(0.01)
    raise RuntimeError("the server did not answer")


def flask(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("flask")), "--app", "app", *words]


def queries(app: Flask, path: str, cookies: dict[str, str]) -> int:
    """How many statements a page sends to the database."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    client = app.test_client()
    for name, value in cookies.items():
        client.set_cookie(name, value)
    client.get(path)
    with app.app_context():
        sa.event.listen(db.engine, "before_cursor_execute", note)
        answer = client.get(path)
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return count


def weight(port: int, path: str, cookies: dict[str, str]) -> str:
    """Cold transfer of a page with what it brings along, compressed as a browser gets it."""
    import re

    total, seen = 0, [path]
    jar = "; ".join(f"{k}={v}" for k, v in cookies.items())
    for address in seen:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{address}",
            headers={"Accept-Encoding": "br, gzip", "Cookie": jar},
        )
        with urllib.request.urlopen(request) as response:
            body = response.read()
        total += len(body)
        if address == path:
            plain = Client(port, cookies).get(path)[1]
            addresses = re.findall(
                r'<(?:link rel="(?:stylesheet|icon)"|script)[^>]*?(?:href|src)="([^"]+)"', plain
            )
            seen += [text for text in dict.fromkeys(addresses) if text.startswith("/")]
    return f"{len(seen)} req, {total / 1000:.1f} kB"


def page(
    app: Flask,
    port: int,
    what: str,
    path: str,
    bar: str,
    cookies: dict[str, str],
    *,
    count: int = 200,
) -> Row:
    """Times one page: alone for its latency (of five rounds the one in the middle), with all
    clients for its rate."""

    def act(client: Client, number: int) -> None:
        status, _ = client.get(path)
        assert status == 200, f"{path}: {status}"

    load(port, act, count=20, clients=2, cookies=cookies)
    rounds = [load(port, act, count=count // 2, clients=1, cookies=cookies) for _ in range(5)]
    alone = sorted(rounds, key=lambda round_: round_.p95)[2]
    crowd = load(port, act, count=count * 2, clients=CLIENTS, cookies=cookies)
    figures = f"{alone.median:.1f} / {alone.p95:.1f} ms, {crowd.rate:.0f}/s"
    return Row(what, figures, str(queries(app, path, cookies)), weight(port, path, cookies), bar)


ROUNDS = 7


def enrollment(port: int, code: str, *, count: int = 120) -> Row:
    """Complete applications through the public forms: three screens, and the page that asks to
    open the emailed link. The machine's speed changes by half within a minute, so there are
    several rounds: their median, and how far they lie apart."""

    def act(client: Client, number: int) -> None:
        enroll(client, code, f"load{os.getpid()}-{number}-{time.time_ns()}@example.org")

    load(port, act, count=16, clients=4)
    alone = load(port, act, count=60, clients=1)
    rounds = sorted(
        (load(port, act, count=count, clients=CLIENTS) for _ in range(ROUNDS)),
        key=lambda load_: load_.rate,
    )
    each = rounds[0].requests / len(rounds[0].times)
    rates = (
        f"{rounds[ROUNDS // 2].rate:.0f}/s (of {ROUNDS}: "
        f"{rounds[0].rate:.0f}–{rounds[-1].rate:.0f})"
    )
    return Row(
        f"one application through the forms ({each:.0f} requests)",
        f"{alone.median:.0f} / {alone.p95:.0f} ms, {rates}",
        bar="≥ 60/s, ≤ 5 requests",
    )


def enroll(client: Client, code: str, email: str) -> None:
    client.cookies.clear()
    address = f"/deliveries/{code}/apply"
    _, first = client.get(address)
    about = {
        "email": email,
        "given_name": "Load",
        "family_name": "Tester",
        "name_on_certificate": "Load Tester",
        "country": "CA",
        "gender": "female",
        "category": "civilian",
    }
    _, second = client.post(address, hidden(first) | about | setting.CONTINUE)
    _, third = client.post(address, hidden(second) | {"organization": "Bench"} | setting.CONTINUE)
    status, last = client.post(address, hidden(third) | {"consent": "y"} | setting.SEND)
    assert status == 200 and "/apply" not in last[last.find("<main") :][:400], (
        f"enrollment failed: {status}"
    )


def bare_rows(folder: Path) -> tuple[Figures, Figures]:
    """The baseline's catalogue and enrollment."""
    port = free_port()
    command = [sys.executable, "-m", "tests.load.bare"]
    environ = {
        "BARE_DATABASE": str(folder / "bare.db"),
        "INSTANCE_PATH": str(folder / "bare"),
        "PORT": str(port),
    }

    def catalogue(client: Client, number: int) -> None:
        assert client.get("/")[0] == 200

    def apply(client: Client, number: int) -> None:
        client.get("/deliveries/1")
        client.get("/apply/1")
        client.post("/apply/1", {"field1": "x"})
        client.post("/apply/2", {"field1": "x", "field2": "y"})
        client.post("/apply/3", {"field1": "x", "field2": "y", "field3": "z"})

    with running(command, port, **environ):
        load(port, catalogue, count=40, clients=4)
        return load(port, catalogue, count=400, clients=CLIENTS), load(
            port, apply, count=400, clients=CLIENTS
        )


def start_time(folder: Path) -> Row:
    """From `make run` to the first answer, on a database that is set up; and the memory of all
    its processes."""
    port, times, megabytes = free_port(), [], 0.0
    for _ in range(5):
        started = time.perf_counter()
        with running(
            ["make", "run"], port, INSTANCE_PATH=str(folder), PORT=str(port), DEMO="0"
        ) as process:
            Client(port).get("/healthz")
            times.append(time.perf_counter() - started)
            time.sleep(3)
            Client(port).get("/")
            megabytes = memory(process.pid)
    times.sort()
    figures = f"{times[2]:.2f} s (of 5: {times[0]:.2f}–{times[-1]:.2f}), {megabytes:.0f} MB"
    return Row(
        "`make run` to first answer; memory of web and worker", figures, bar="≤ 1 s; < 250 MB"
    )


def press() -> Row:
    """Warm PDFs through the fenced child, one process."""
    from certificates.rendering import Renderer

    times = []
    with Renderer() as renderer:
        for number in range(25):
            payload = setting.payload(number)
            started = time.perf_counter()
            renderer.render(payload)
            times.append((time.perf_counter() - started) * 1000)
    warm = Figures(times[1:], sum(times[1:]) / 1000)
    return Row(
        "one certificate as PDF (12 objectives, six scripts)",
        f"{warm.median:.0f} / {warm.p95:.0f} ms, {warm.rate:.1f}/s",
        bar="8/s and core",
    )


def measure(kind: str, url: str | None, folder: Path) -> list[Row]:
    app, cookies = setting.prepare(folder, url)
    port = free_port()
    environ = {
        "INSTANCE_PATH": str(folder),
        "PORT": str(port),
        "DEMO": "0",
        **({"DATABASE_URL": url} if url else {}),
    }
    with running(flask("serve", "--workers", str(WORKERS)), port, **environ):
        until = (date.today() + timedelta(days=200)).isoformat()
        search = f"/roster?skill={setting.SKILL}&valid_on={until}&language=fr%3AB1&category=police"
        rows = [
            page(app, port, "catalogue, 200 deliveries", "/", "p95 < 30 ms; ≥ 200/s", {}),
            page(app, port, "delivery page", f"/deliveries/{setting.OPEN}", "p95 < 30 ms", {}),
            enrollment(port, setting.OPEN),
            page(
                app,
                port,
                "attendance, 25 people",
                f"/deliveries/{setting.RUNNING}/attendance/1",
                "p95 < 30 ms",
                cookies["trainer"],
            ),
            page(
                app,
                port,
                "roster search, 10,000 experts",
                search,
                SEARCH_BARS[kind],
                cookies["roster"],
            ),
        ]
    rows += [Row(what, figures, bar="± 5 %") for what, figures in same_time.rows(app)]
    for row in rows:
        row.what += f" ({kind})"
    return rows


#: Megabytes that an attack may cost, and seconds that other people's slowest page may take.
ATTACK_BARS = "slowest < 1 s; < 100 MB more"


def attack_rows(folder: Path) -> list[Row]:
    """What other people see beside each attack, on SQLite, and how much memory it costs at most."""
    app, _ = setting.prepare(folder, None)
    with app.app_context():
        token = token_of(factories.actor(Role.COORDINATOR))
        database = app.extensions["settings"].instance_path / "rostrum.db"
        db.session.remove()
        db.engine.dispose()
    environment = {
        "readers": attacks.LARGE,
        "keys": f"{token} {setting.OPEN}",
        "lock": f"{token} {setting.OPEN} {database}",
    }
    rows, port = [], free_port()
    environ = {
        "INSTANCE_PATH": str(folder),
        "PORT": str(port),
        "DEMO": "0",
        "API_PER_TOKEN": "0",
        "API_PER_ACCOUNT": "0",
    }
    with running(flask("serve", "--workers", str(WORKERS)), port, **environ) as process:

        def look() -> None:
            client = Client(port)
            assert client.get("/")[0] == 200
            client.connection.close()

        attacks.others(look, 2)
        rows.append(attack_row("no attack", process.pid, look, memory(process.pid)))
        for name, what in attacks.NAMES.items():
            before = memory(process.pid)
            with attacks.under(name, port, environment.get(name, "/")):
                attacks.others(look, 0.1 if name == "lock" else 2)  # until it is under way
                rows.append(attack_row(what, process.pid, look, before))
    return rows


def attack_row(what: str, pid: int, look: Callable[[], None], before: float) -> Row:
    most, over = [before], threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            most.append(memory(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        median, p95, slowest = attacks.others(look, 6)
    finally:
        over.set()
        watcher.join()
    return Row(
        what,
        f"{median * 1000:.0f} / {p95 * 1000:.0f} / {slowest * 1000:.0f} ms, {max(most):.0f} MB "
        f"(+{max(most) - before:.0f})",
    )


def memory(pid: int) -> float:
    """Megabytes of all processes of a server, pages that they share counted once."""
    total = 0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total / 1e6


def main() -> None:
    from tests.postgresql import running_server

    parts = sys.argv[1:] or ["sqlite", "postgresql", "attacks", "growth", "issuing"]
    if "growth" in parts:
        growth_tables()
        parts.remove("growth")
    if "issuing" in parts:
        with tempfile.TemporaryDirectory() as name, running_server() as server:
            print_issuing(issuing_rows(server, Path(name)))
        parts.remove("issuing")
    if not parts:
        return
    with tempfile.TemporaryDirectory() as name, running_server() as server:
        folder = Path(name)
        if "attacks" in parts:
            (folder / "attacks").mkdir()
            print_attacks(attack_rows(folder / "attacks"))
            parts.remove("attacks")
        if not parts:
            return
        catalogue, apply = bare_rows(folder)
        rows = []
        for kind in parts:
            if kind == "postgresql" and server is None:
                print("PostgreSQL is not installed: its rows are left out")
                continue
            (folder / kind).mkdir()
            rows += measure(kind, server if kind == "postgresql" else None, folder / kind)
        rows.append(press())
        rows.append(start_time(folder / parts[0]))
    for row in rows:
        if row.what.startswith("catalogue"):
            row.baseline = f"{catalogue.rate:.0f}/s"
        elif row.what.startswith("one application"):
            row.baseline = f"{apply.rate:.0f}/s"
    print_table(rows)


def issuing_rows(server: str | None, folder: Path) -> list[Row]:
    """What people see while the worker prints."""
    rows = []
    for kind, url in (("sqlite", None), ("postgresql", server)):
        if kind == "postgresql" and url is None:
            continue
        port, own = free_port(), folder / kind
        own.mkdir()
        environ = {"INSTANCE_PATH": str(own), "DEMO": "0", "PORT": str(port)}
        environ |= {"NOW": beside.LATER} | ({"DATABASE_URL": url} if url else {})
        app = beside.prepare(environ)
        with running(flask("serve", "--workers", str(WORKERS)), port, **environ):
            rows.append(Row(f"{kind}", beside.figures(app, port)))
        with app.app_context():
            db.engine.dispose()
    return rows


def print_issuing(rows: list[Row]) -> None:
    print(
        f"\n{beside.USERS} people read, in turn alone and while certificates are issued beside them. "
        "Median / p95; bar: p95 ≤ 2×.\n"
    )
    print("| database | quiet → while issuing |\n|---|---|")
    for row in rows:
        print(f"| {row.what} | {row.figures} |")


def growth_tables() -> None:
    """On a database each, because what is measured elsewhere would be in it."""
    from tests.postgresql import running_server

    with tempfile.TemporaryDirectory() as name, running_server() as server:
        for kind, url in (("sqlite", None), ("postgresql", server)):
            if kind == "postgresql" and url is None:
                print("PostgreSQL is not installed: how it grows is left out")
                continue
            (Path(name) / kind).mkdir()
            growth.print_table(growth.measure(Path(name) / kind, url), kind)


def print_attacks(rows: list[Row]) -> None:
    print(
        "\nBeside an attack: other people's page (the catalogue), and the memory of all "
        f"processes. Bars: {ATTACK_BARS}.\n"
    )
    print("| attack | median / p95 / slowest, memory at most |\n|---|---|")
    for row in rows:
        print(f"| {row.what} | {row.figures} |")


def print_table(rows: list[Row]) -> None:
    print(
        f"\nMachine: {os.cpu_count()} cores ({platform.machine()}), Python "
        f"{platform.python_version()}, {date.today()}, load {os.getloadavg()[0]:.1f}."
    )
    print(
        "Times are median / p95 of one client (of five rounds the one in the middle); rates are "
        "over 8 clients, 2 web processes.\n"
    )
    print(
        "| what | median / p95, rate | queries | cold page | bar | bare Flask, same run "
        "|\n|---|---|---|---|---|---|"
    )
    for row in rows:
        print(
            f"| {row.what} | {row.figures} | {row.queries} | {row.weight} | {row.bar} | "
            f"{row.baseline} |"
        )


if __name__ == "__main__":
    main()
