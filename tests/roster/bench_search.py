"""Measures the roster search: `python -m tests.roster.bench_search [--experts 10000] [--database
URL] [--folder F]`.

Prints, for each kind of question, the median and 95th percentile of the search itself (page and
count) and of the whole page through the application, with the number of queries. The database is
made when the folder is new.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from app import create_app
from core import clock
from core.database import db
from core.migrations import upgrade
from courses.queries import skills_to_choose
from demonstration.experts import load_experts
from people.personnel import PersonnelCategory
from roster import queries
from roster.filters import Filters, read_filters
from roster.models import ExpertSearch
from tests import factories
from tests.browsing import Browser

ROUNDS = 200


def realistic(skills: list, chance: random.Random) -> Filters:
    """Category, language at a level, a skill at a level on a future day, and a window: the
    question of the roster's journey."""
    start = clock.today() + timedelta(days=chance.randint(0, 120))
    values = {
        "category": chance.choice(list(PersonnelCategory)).value,
        "language": [chance.choice(["fr:B2", "en:B1", "ar:B2", "es:B2"])],
        "skill": [
            chance.choice(
                [
                    "gender-peace-operations:practitioner",
                    "protection-of-civilians",
                    "negotiation:basic",
                ]
            )
        ],
        "valid_on": clock.today() + timedelta(days=chance.randint(0, 300)),
        "available_from": start,
        "available_to": start + timedelta(days=30),
    }
    return read_filters(values, skills)


def one_skill(skills: list, chance: random.Random) -> Filters:
    return read_filters({"skill": [chance.choice(skills).code]}, skills)


def as_known(skills: list, chance: random.Random) -> Filters:
    day = clock.today() - timedelta(days=chance.randint(30, 600))
    return read_filters(
        {"skill": [chance.choice(skills).code], "valid_on": day, "as_of": day}, skills
    )


def name(skills: list, chance: random.Random) -> Filters:
    return read_filters(
        {"q": chance.choice(["ngu", "diallo fa", "шев", "小明", "محمد", "SN-1000", "o'con"])},
        skills,
    )


def everybody(skills: list, chance: random.Random) -> Filters:
    return Filters()


QUESTIONS: dict[str, Callable[[list, random.Random], Filters]] = {
    "five filters": realistic,
    "one skill, any level": one_skill,
    "one skill, as known then": as_known,
    "name": name,
    "everybody": everybody,
}


def timed(acts: list[Callable[[], object]]) -> tuple[float, float, float]:
    """Median and 95th percentile in milliseconds, and that percentile in time of the processor
    (for a busy machine)."""
    taken, worked = [], []
    for act in acts:
        start, work = time.perf_counter(), time.process_time()
        act()
        taken.append((time.perf_counter() - start) * 1000)
        worked.append((time.process_time() - work) * 1000)
    place = int(len(taken) * 0.95)
    return sorted(taken)[len(taken) // 2], sorted(taken)[place], sorted(worked)[place]


def make(folder: Path, url: str | None, experts: int) -> Flask:
    environ = {
        "INSTANCE_PATH": str(folder),
        "DEMO": "0",
        "SECRET_KEY": "a key for measuring that is long",
    }
    app = create_app(environ | ({"DATABASE_URL": url} if url else {}))
    with app.app_context():
        upgrade()
        if not db.session.scalar(sa.select(ExpertSearch.expert_id).limit(1)):
            start = time.perf_counter()
            load_experts(experts, files=False)
            print(f"{experts:,} experts loaded in {time.perf_counter() - start:.1f} s")

            if url:
                with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as raw:
                    raw.exec_driver_sql("ANALYZE")
    return app


def measure(app: Flask) -> None:
    with app.app_context():
        factories._count = itertools.count(
            time.time_ns()
        )  # a database that is measured twice has readers already
        reader = factories.actor("roster")
        skills = skills_to_choose()
        browser = Browser(app)
        factories.sign_in(browser, reader)
        sent: list[str] = []
        sa.event.listen(
            db.engine,
            "before_cursor_execute",
            lambda c, cur, statement, *others: sent.append(statement),
        )
    columns = (
        "found",
        "search p50",
        "p95 ms",
        "p95 CPU",
        "page p50",
        "p95 ms",
        "p95 CPU",
        "queries",
    )
    print(f"{'question':26}" + "".join(f"{column:>11}" for column in columns))
    for words, ask in QUESTIONS.items():
        chance = random.Random(7)
        with app.app_context():
            filters = [ask(skills, chance) for _ in range(ROUNDS)]
            counts = sorted(
                queries.find_experts(reader, filter_).count or 10_001 for filter_ in filters
            )[ROUNDS // 2]
            searching = timed(
                [
                    lambda filter_=filter_: queries.find_experts(reader, filter_)
                    for filter_ in filters
                ]
            )
            db.session.remove()
        pages: list[Callable[[], object]] = [
            lambda filter_=filter_: browser.client.get("/roster", query_string=filter_.as_query())
            for filter_ in filters[:100]
        ]
        pages[0]()
        sent.clear()
        pages[0]()
        count = sum(not statement.startswith(("BEGIN", "SAVEPOINT")) for statement in sent)
        page_times = timed(pages)
        print(
            f"{words:26}{counts:>11}"
            + "".join(f"{value:>11.1f}" for value in (*searching, *page_times))
            + f"{count:>11}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--experts", type=int, default=10_000)
    parser.add_argument("--database")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    measure(make(options.folder or Path(tempfile.mkdtemp()), options.database, options.experts))
