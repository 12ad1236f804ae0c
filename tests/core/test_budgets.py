"""Budgets of the API: a token, an account and an origin each have one, over all web processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from accounts import services as accounts_services
from accounts.roles import Role
from core import budgets
from core.budgets import Budgets
from core.database import db, transaction
from core.policy import SYSTEM
from people.models import Person
from tests import factories
from tests.api_client import ApiClient
from tests.counting import queries_counted

pytestmark = pytest.mark.usefixtures("still")


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The machine's clock, standing still until a test moves it."""
    instant = [1000.0]
    monkeypatch.setattr(budgets.time, "monotonic", lambda: instant[0])
    return instant


@pytest.fixture
def quotas(app: Flask, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    small = {"token": 4, "account": 6, "origin": 9}
    monkeypatch.setitem(app.extensions, "budget_quotas", small)
    return small


def tokens(app: Flask, count: int = 1) -> list[str]:
    """So many tokens of one person."""
    with app.app_context():
        actor = factories.actor(Role.COORDINATOR)
        with transaction():
            person = db.session.get_one(Person, actor.person_id)
            return [
                accounts_services.create_token(SYSTEM, person, name=f"t{n}") for n in range(count)
            ]


def statuses(api: ApiClient, count: int) -> list[int]:
    return [api.get("/skills").status_code for _ in range(count)]


def test_a_token_has_a_budget_that_fills_up_again(
    app: Flask, quotas: dict[str, int], still: list[float]
) -> None:
    api = ApiClient(app, tokens(app)[0])
    assert statuses(api, 5) == [200] * 4 + [429]
    refused = api.get("/skills")
    assert (refused.json["code"], refused.mimetype) == (
        "too_many_requests",
        "application/problem+json",
    )
    assert refused.headers["Retry-After"] == "16"  # one call in 15 seconds
    still[0] += 15.1
    assert statuses(api, 2) == [200, 429]
    still[0] += 60
    assert statuses(api, 5) == [200] * 4 + [429]


def test_an_account_has_one_for_all_its_tokens(app: Flask, quotas: dict[str, int]) -> None:
    first, other = (ApiClient(app, token) for token in tokens(app, 2))
    assert statuses(first, 4) == [200] * 4
    assert statuses(other, 3) == [200, 200, 429]


def test_an_origin_has_one_whoever_calls_and_others_are_not_concerned(
    app: Flask, quotas: dict[str, int]
) -> None:
    apis = [ApiClient(app, tokens(app)[0]) for _ in range(3)]
    assert [status for api in apis for status in statuses(api, 4)] == [200] * 9 + [429] * 3
    stranger = app.test_client()
    assert stranger.get("/api/v1/courses").status_code == 429
    assert (
        stranger.get("/api/v1/courses", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code
        != 429
    )
    assert stranger.get("/").status_code == 200


def test_wrong_tokens_are_counted_where_they_come_from(app: Flask, quotas: dict[str, int]) -> None:
    assert statuses(ApiClient(app, "wrong"), 11) == [401] * 9 + [429] * 2


def test_the_headers_are_those_of_the_draft(app: Flask, quotas: dict[str, int]) -> None:
    api = ApiClient(app, tokens(app)[0])
    answer = api.get("/skills")
    assert (
        answer.headers["RateLimit-Policy"]
        == '"origin";q=9;w=60, "token";q=4;w=60, "account";q=6;w=60'
    )
    assert answer.headers["RateLimit"] == '"origin";r=8;t=7, "token";r=3;t=16, "account";r=5;t=11'
    statuses(api, 3)
    refused = api.get("/skills")
    assert '"token";r=0;t=61' in refused.headers["RateLimit"]
    described = api.description["paths"]["/api/v1/skills"]["get"]["responses"]
    assert {"RateLimit", "RateLimit-Policy"} <= set(described["200"]["headers"])
    assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(described["429"]["headers"])
    assert "Retry-After" in described["503"]["headers"]


def test_pages_have_no_such_headers(app: Flask) -> None:
    assert "RateLimit" not in app.test_client().get("/").headers


def test_no_limit_is_none(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, "budget_quotas", {"token": 0, "account": 0, "origin": 0})
    answer = ApiClient(app, tokens(app)[0]).get("/skills")
    assert answer.status_code == 200 and "RateLimit" not in answer.headers


def test_counting_asks_the_database_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    api = ApiClient(app, tokens(app)[0])
    api.get("/skills")
    with app.app_context(), queries_counted() as limited:
        api.get("/skills")
    monkeypatch.setitem(app.extensions, "budget_quotas", {"token": 0, "account": 0, "origin": 0})
    with app.app_context(), queries_counted() as free:
        api.get("/skills")
    assert limited.statements == free.statements


def test_two_processes_share_the_file(tmp_path: Path) -> None:
    first, other = Budgets(tmp_path / "budgets", "k"), Budgets(tmp_path / "budgets", "k")
    assert [first.spend("token", 1, 4).wait > 0 for _ in range(3)] == [False] * 3
    assert [other.spend("token", 1, 4).wait > 0 for _ in range(3)] == [False, True, True]
    assert (tmp_path / "budgets").stat().st_mode & 0o077 == 0


def test_without_a_file_each_process_counts_for_itself(tmp_path: Path) -> None:
    alone = Budgets(tmp_path / "none" / "budgets", "k")
    assert [alone.spend("token", 1, 2).wait > 0 for _ in range(3)] == [False, False, True]


def test_a_count_from_before_a_restart_of_the_machine_blocks_nobody(
    tmp_path: Path, still: list[float]
) -> None:
    counted = Budgets(tmp_path / "budgets", "k")
    while not counted.spend("token", 1, 4).wait:
        pass
    still[0] = 5.0
    assert not counted.spend("token", 1, 4).wait


def test_more_callers_than_there_are_slots_push_out_the_fullest_budgets_only(
    tmp_path: Path,
) -> None:
    counted = Budgets(tmp_path / "budgets", "k")
    while not counted.spend("origin", "flood", 100).wait:
        pass
    for number in range(20_000):
        counted.spend("origin", number, 100)
    assert counted.spend("origin", "flood", 100).wait > 0


def test_threads_lose_no_call(tmp_path: Path) -> None:
    counted = Budgets(tmp_path / "budgets", "k")
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: counted.spend("token", 1, 100).wait > 0, range(400)))
    assert waits.count(False) == 100
