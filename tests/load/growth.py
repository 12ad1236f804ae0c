"""How cost grows with the data: every page for every role that may open it, and the commands that
read everything, at three sizes of one database. `make bench` prints the table.

In one process, without a network between, and in processor time, because machines are shared. An
exponent of 1 means that ten times the rows cost ten times as much; a page should be near 0.
"""

from __future__ import annotations

import math
import os
import re
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from app import create_app
from core import clock
from core.database import db
from core.migrations import upgrade
from tests import factories
from tests.browsing import Browser
from tests.conftest import NOW
from tests.load import filling
from tests.test_access_table import ACTORS, World, address, expected_of

SIZES = (1_000, 10_000, 100_000)
ROLES = (*(name for name in ACTORS if name != "other"), "roster")
COMMANDS = ("check", "roster rebuild --check", "audit verify")
#: An address is asked at most so often, and for about so long.
MOST_ROUNDS, SECONDS = 9, 0.2
#: Pages whose exponent is greater are named above the table.
FLAT = 0.3


@dataclass
class Cost:
    """Of one page or command at one size."""

    times: list[float]  # milliseconds
    queries: int = 0
    kilobytes: float = 0
    megabytes: float = 0  # a command's memory at most

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        return sorted(self.times)[math.ceil(len(self.times) * 0.95) - 1]


@dataclass
class Line:
    """A page for a role, or a command: its cost at each size."""

    what: str
    who: str
    costs: list[Cost] = field(default_factory=list)

    @property
    def exponent(self) -> float:
        """Of the last step. A page that fails there has none."""
        first, last = self.costs[-2].median, self.costs[-1].median
        return math.log10(last / first)


class Lines(dict[tuple[str, str], Line]):
    def add(self, what: str, who: str, cost: Cost) -> None:
        self.setdefault((what, who), Line(what, who)).costs.append(cost)

    def complete(self, sizes: int) -> list[Line]:
        """Of what answered at each size."""
        return [line for line in self.values() if len(line.costs) == sizes]


def addresses(world: World) -> Iterator[tuple[str, str, str]]:
    """(what, role, address): each page of the access table that answers, and what is asked of
    the long lists."""
    for rule in sorted(world.app.url_map.iter_rules(), key=lambda rule: rule.rule):
        row = f"GET {rule.rule}"
        if "GET" not in (rule.methods or ()) or rule.rule.startswith("/static"):
            continue
        for role in ROLES:
            if expected_of(row, role) == "in":
                yield rule.rule, role, address(world, rule)
    for role, path in _questions():
        yield path, role, path


def _questions() -> Iterator[tuple[str, str]]:
    day = clock.today()
    until, a_year_ago = day + timedelta(days=200), day - timedelta(days=365)
    skill = "skill=gender-peace-operations"
    for page in (
        skill,
        "category=police",
        "country=GH",
        "q=mar",
        "q=a",
        "q=xyzzyq",
        f"{skill}&valid_on={until}&language=fr%3AB1&category=police",
        f"{skill}&skill=negotiation&language=fr%3AB2",
        f"{skill}&as_of={a_year_ago}",
    ):
        yield "roster", f"/roster?{page}"
    yield "roster", f"/api/v1/experts?{skill}&category=police"
    for page in ("q=mar", "q=xyzzyq", "status=revoked", "status=superseded", "format=csv"):
        yield "administrator", f"/certificates?{page}"
    for page in ("q=mar", "q=xyzzyq"):
        yield "administrator", f"/administration/people?{page}"
    yield "administrator", "/administration/audit?subject=delivery%3A17"
    yield "coordinator", "/deliveries?status=finished"
    yield "anonymous", "/?category=police"


class Visitors:
    """Who asks: a signed-in client for each role, and its token for the API."""

    def __init__(self, world: World):
        self.world = world
        self.queries = 0
        self.backends: set[int] = set()  # processes of PostgreSQL that answer this one
        self.clients: dict[str, FlaskClient] = {}
        for role in ROLES:
            browser = Browser(world.app)
            if actor := world.actors[role]:
                factories.sign_in(browser, actor)
            self.clients[role] = browser.client
        with world.app.app_context():
            sa.event.listen(db.engine, "before_cursor_execute", self._count)
            sa.event.listen(db.engine, "checkout", self._know)

    def _count(self, *_: Any) -> None:
        self.queries += 1

    def _know(self, connection: Any, *_: Any) -> None:
        if not isinstance(connection, sqlite3.Connection):
            self.backends.add(connection.info.backend_pid)

    def get(self, role: str, path: str) -> tuple[int, int]:
        """Status and length of the whole answer."""
        if not path.startswith("/api/"):
            answer = self.clients[role].get(path)
        else:
            token = self.world.tokens[role]
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answer = self.world.app.test_client(use_cookies=False).get(path, headers=headers)
        length = len(answer.get_data())
        answer.close()
        return answer.status_code, length

    def seconds(self) -> float:
        """That this process and the database have computed so far. Others who work on the same
        machine do not matter so."""
        return time.process_time() + sum(map(_computed, self.backends))


def _computed(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:  # it has ended, or this machine does not say
        return 0.0


def timed(visitors: Visitors, role: str, path: str, seconds: float = SECONDS) -> Cost | None:
    """None for an address that answers with something else than a page."""
    status, length = visitors.get(role, path)
    if status != 200:
        return None
    times: list[float] = []
    before, until = visitors.queries, time.perf_counter() + seconds
    while not times or (len(times) < MOST_ROUNDS and time.perf_counter() < until):
        began = visitors.seconds()
        visitors.get(role, path)
        times.append((visitors.seconds() - began) * 1000)
    queries = (visitors.queries - before) // len(times)
    return Cost(times, queries, length / 1000)


def run(words: str, environ: dict[str, str]) -> Cost:
    """A command in a process of its own, and its memory at most."""
    program = str(Path(sys.executable).with_name("flask"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [program, "--app", "app", *words.split()],
        env=os.environ | environ,
        stdout=subprocess.DEVNULL,
    )
    most = 0.0
    while process.poll() is None:
        most = max(most, _peak(process.pid))
        time.sleep(0.02)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    computed = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost([computed * 1000], megabytes=most)


def _peak(pid: int) -> float:
    """Megabytes. What `getrusage` says of a child begins with the memory of this process."""
    try:
        match = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(match[1]) / 1024 if match else 0.0


def measure(folder: Path, url: str | None, sizes: Sequence[int] = SIZES) -> list[Line]:
    """Fills the database at `url` (None: SQLite in `folder`), which is empty, to each size in
    turn."""
    environ = {
        "INSTANCE_PATH": str(folder),
        "DEMO": "0",
        "SECRET_KEY": "a key for the bench that is long enough",
        "API_PER_TOKEN": "0",
        "API_PER_ACCOUNT": "0",
        "API_PER_ORIGIN": "0",
        **({"DATABASE_URL": url} if url else {}),
    }
    app = create_app(environ)
    app.config.update(TESTING=True, JOBS_INLINE=True, PROPAGATE_EXCEPTIONS=False)
    clock.travel(app, NOW)
    with app.app_context():
        upgrade()
        filled = filling.begin(app, sizes[0])
    visitors, lines = Visitors(filled.world), Lines()
    for size in sizes:
        began = time.perf_counter()
        with app.app_context():
            filling.grow(filled, size)
        _say(f"{size} experts, filled in {time.perf_counter() - began:.0f} s")
        measure_pages(visitors, lines)
        for words in COMMANDS:
            cost = run(words, environ)
            lines.add(f"flask {words}", "command", cost)
            _say(f"flask {words}: {cost.median / 1000:.1f} s, {cost.megabytes:.0f} MB")
    with app.app_context():
        db.engine.dispose()
    return lines.complete(len(sizes))


def measure_pages(
    visitors: Visitors, lines: Lines, *, every: int = 1, seconds: float = SECONDS
) -> None:
    """`every`: leaves out most addresses, where it only matters that they can be measured."""
    with visitors.world.app.app_context():
        addresses_measured = list(addresses(visitors.world))[::every]
    for what, role, path in addresses_measured:
        if cost := timed(visitors, role, path, seconds):
            lines.add(what, role, cost)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def print_table(lines: list[Line], kind: str, sizes: Sequence[int] = SIZES) -> None:
    """What grows most comes first."""
    steep = sorted(lines, key=lambda line: -line.exponent)
    growing = [line for line in steep if line.who != "command" and line.exponent > FLAT]
    print(
        f"\nGrowth on {kind}: {', '.join(f'{size:,}' for size in sizes)} experts, with twice as "
        "many certificates and audit entries. Milliseconds that this process and the database "
        "compute: median (p95). Exponent: of the last "
        f"step. {len(growing)} of {len(lines)} grow by more than {FLAT}.\n"
    )
    heads = " | ".join(f"{size:,}" for size in sizes)
    print(f"| page or command | role | {heads} | exponent | queries | kB or MB |")
    print("|---|---|" + "---|" * len(sizes) + "---|---|---|")
    for line in steep:
        times = " | ".join(f"{cost.median:.1f} ({cost.p95:.1f})" for cost in line.costs)
        print(
            f"| {line.what} | {line.who} | {times} | {line.exponent:+.2f} | "
            f"{_range([cost.queries for cost in line.costs])} | {_weights(line)} |"
        )


def _range(numbers: list[int]) -> str:
    return str(numbers[0]) if len(set(numbers)) == 1 else " / ".join(map(str, numbers))


def _weights(line: Line) -> str:
    if line.who == "command":
        return " / ".join(f"{cost.megabytes:.0f}" for cost in line.costs) + " MB"
    return " / ".join(f"{cost.kilobytes:.0f}" for cost in line.costs) + " kB"
