"""Background work gives way to people."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from flask import Flask

from core import jobs, yielding
from core.database import transaction
from core.jobs import running, worker
from core.mail import carrying
from core.mail.settling import BULK, LINKS
from core.serving.threads import Threads
from core.settings import settings_of
from tests.core.test_waiting import held, serve


@pytest.fixture
def pauses(context: Flask, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long work paused; every pause ages the news by as much, and nobody really waits."""
    (settings_of().instance_path / "requests-wait").unlink(missing_ok=True)
    pauses: list[float] = []
    watch = SimpleNamespace(
        sleep=pauses.append, monotonic=lambda began=time.monotonic(): began + sum(pauses)
    )
    monkeypatch.setattr(yielding, "time", watch)
    return pauses


def test_work_makes_no_pause_while_no_request_waits(pauses: list[float]) -> None:
    yielding.give_way()
    assert pauses == []


def test_work_pauses_until_no_request_has_waited_for_a_moment(pauses: list[float]) -> None:
    yielding.say_requests_wait(settings_of())
    yielding.give_way()
    assert 0 < sum(pauses) <= yielding.NEWS_SECONDS + yielding.PAUSE_SECONDS


def test_work_goes_on_although_requests_always_wait(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yielding, "NEWS_SECONDS", 1e9)
    yielding.say_requests_wait(settings_of())
    yielding.give_way()
    assert yielding.MOST_SECONDS <= sum(pauses) <= yielding.MOST_SECONDS + yielding.PAUSE_SECONDS


def test_a_disk_that_takes_nothing_stops_neither_pages_nor_work(pauses: list[float]) -> None:
    gone = replace(settings_of(), instance_path=settings_of().instance_path / "not" / "there")
    yielding.say_requests_wait(gone)
    yielding.give_way()
    assert pauses == []


def test_who_is_due_for_a_while_is_late_and_who_just_came_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = Threads(1)
    assert not threads.is_late
    with held(threads, 1, None):
        tasks = serve(threads, lambda: None)
        monkeypatch.setattr("core.serving.threads.LATE_SECONDS", 60)
        assert not threads.is_late
        monkeypatch.setattr("core.serving.threads.LATE_SECONDS", 0)
        assert threads.is_late
    assert tasks[0].over.wait(10)
    assert not threads.is_late


def test_a_job_gives_way_before_it_begins_and_before_each_piece(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    def work(progress: jobs.Progress) -> None:
        events.append("begins")
        events.extend(progress.each(["first", "second"]))

    monkeypatch.setattr(running, "give_way", lambda: events.append("way"))
    monkeypatch.setitem(running.work_of(context).jobs, "test.pieces", work)
    with transaction():
        jobs.enqueue("test.pieces")
    assert jobs.drain() == 1
    assert events == ["way", "begins", "way", "first", "way", "second"]


def test_mail_gives_way_but_a_link_that_someone_waits_for_does_not(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[str] = []
    monkeypatch.setattr(carrying, "give_way", lambda: pauses.append("way"))
    for kind, expected in ((LINKS, []), (BULK, ["way"])):
        with transaction():
            jobs.enqueue(kind)
        assert carrying._next([LINKS, BULK]).kind == kind
        assert pauses == expected


@pytest.mark.parametrize("niceness", [0, 7])
def test_the_worker_is_as_nice_as_its_setting_says(
    context: Flask, monkeypatch: pytest.MonkeyPatch, niceness: int
) -> None:
    values: list[int] = []
    monkeypatch.setattr(worker, "os", SimpleNamespace(nice=values.append))
    own = replace(settings_of(), worker_niceness=niceness)
    monkeypatch.setitem(context.extensions, "settings", own)
    worker.give_way_to_pages()
    assert values == [niceness]
