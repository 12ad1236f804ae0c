"""Threads of a web process: so many compute, and whoever waits for something is replaced
meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from core.outages import Unavailable
from core.serving import threads as seats
from core.serving.threads import Threads
from core.waiting import CLIENT, LOCK, MOMENT, waits


class Task:
    """A request that does `act`."""

    def __init__(
        self, act: Callable[[], object], *, may_write: bool = False, makes_no_pause: bool = False
    ):
        self.act = act
        self.may_write = lambda: may_write
        self.makes_no_pause = lambda: makes_no_pause
        self.over = threading.Event()
        self.cancelled = False

    def service(self) -> None:
        try:
            self.act()
        finally:
            self.over.set()

    def cancel(self) -> None:
        self.cancelled = True


def serve(threads: Threads, *acts: Callable[[], object], **kind: bool) -> list[Task]:
    tasks = [Task(act, **kind) for act in acts]
    for task in tasks:
        threads.add_task(task)
    return tasks


@contextmanager
def held(threads: Threads, count: int, waiting: str | None) -> Iterator[None]:
    """So many requests that compute, or wait for something, until the block ends."""
    begun, ends = threading.Semaphore(0), threading.Event()

    def holds() -> None:
        if waiting:
            with waits(waiting):
                begun.release()
                assert ends.wait(20)
        else:
            begun.release()
            assert ends.wait(20)

    tasks = serve(threads, *[holds] * count)
    for _ in range(count):
        assert begun.acquire(timeout=10)
    try:
        yield
    finally:
        ends.set()
        for task in tasks:
            assert task.over.wait(10)


def test_so_many_compute_at_once_and_no_more() -> None:
    threads, inside, most, lock = Threads(2), [], [], threading.Lock()

    def computes() -> None:
        inside.append(1)
        with lock:
            most.append(len(inside))
        time.sleep(0.002)
        inside.pop()

    tasks = serve(threads, *[computes] * 60)
    assert all(task.over.wait(10) for task in tasks)
    assert max(most) == 2
    assert threads.started == 2


def test_requests_are_served_in_the_order_they_came() -> None:
    threads, served = Threads(1), []
    with held(threads, 1, None):
        tasks = serve(
            threads, *[lambda number=number: served.append(number) for number in range(20)]
        )
    assert all(task.over.wait(10) for task in tasks)
    assert served == list(range(20))


def test_who_makes_no_pause_gives_way_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "GIVES_WAY", 0.1)
    threads, served = Threads(1), []
    with held(threads, 1, None):
        tasks = serve(threads, lambda: served.append("busy"), makes_no_pause=True)
        tasks += serve(threads, lambda: served.append("quiet"))
        time.sleep(0.15)
        tasks += serve(threads, lambda: served.append("late"))
    assert all(task.over.wait(5) for task in tasks)
    assert served == ["quiet", "busy", "late"]


@pytest.mark.parametrize("what", [LOCK, CLIENT])
@pytest.mark.parametrize("count", [1, 2, 8])
def test_however_many_wait_somebody_is_served(what: str, count: int) -> None:
    threads = Threads(2)
    with held(threads, count, what):
        tasks = serve(threads, *[lambda: None] * 20)
        assert all(task.over.wait(5) for task in tasks)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "MOST_WAITING", {LOCK: 8, CLIENT: 2, MOMENT: 3})


def test_writers_queue_without_a_thread_until_there_is_room_for_them(few: None) -> None:
    """None of them is refused, however many come at once, and those who read pass them."""
    threads, written, events = Threads(2), [], []

    def writes() -> None:
        try:
            with waits(LOCK):
                written.append(1)
        except Unavailable as error:
            events.append(error)

    with held(threads, 7, LOCK):
        late = serve(threads, *[writes] * 30, may_write=True)
        assert serve(threads, lambda: None)[0].over.wait(5)
        assert not any(task.over.is_set() for task in late)
        assert threads.started <= 7 + 2
    assert all(task.over.wait(5) for task in late)
    assert (len(written), events) == (30, [])


@pytest.mark.parametrize(("what", "most"), [(LOCK, 8), (CLIENT, 2)])
def test_who_comes_when_too_many_wait_is_told_so_at_once(few: None, what: str, most: int) -> None:
    threads, events = Threads(2), []

    def wants_to_wait() -> None:
        try:
            with waits(what):
                events.append("waited")
        except Unavailable as error:
            events.append(f"{error.status} {error.code} {error.retry_after}")

    with held(threads, most, what):
        assert serve(threads, wants_to_wait)[0].over.wait(5)
        assert serve(threads, lambda: None)[0].over.wait(5)
    assert serve(threads, wants_to_wait)[0].over.wait(5)
    assert events == ["503 busy 5", "waited"]


def test_what_is_over_in_a_moment_is_never_refused(few: None) -> None:
    threads = Threads(2)
    with held(threads, 4, MOMENT):
        assert threads.waiting[MOMENT] == 3
        assert serve(threads, lambda: None)[0].over.wait(5)


@pytest.mark.parametrize("count", [1, 3])
def test_who_computes_for_long_is_relieved(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "LONG", 0.02)
    threads = Threads(1)
    others: list[Task] = []
    relieves = threading.Thread(
        target=lambda: [threads.relieve() or time.sleep(0.005) for _ in range(400)]
    )
    over = []
    relieves.start()
    with held(threads, count, None):
        others = serve(threads, *[lambda: over.append(1)] * 20)
        assert all(task.over.wait(5) for task in others)
    relieves.join()
    assert (threads.seats, threads.long, threads.since) == (1, set(), {})
    assert threads.started <= count + 1


def test_no_more_than_a_few_are_relieved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "LONG", 0.0)
    threads, ends = Threads(1), threading.Event()
    tasks = serve(threads, *[lambda: ends.wait(10)] * 9)
    for _ in range(30):
        threads.relieve()
        time.sleep(0.002)
    assert len(threads.long) == seats.MOST_LONG
    assert len(threads.since) == 1 + seats.MOST_LONG
    ends.set()
    assert all(task.over.wait(5) for task in tasks)


def test_who_is_relieved_and_then_waits_gives_no_second_seat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seats, "LONG", 0.0)
    threads, computes, goes_on, seen = Threads(1), threading.Event(), threading.Event(), []

    def computes_then_waits() -> None:
        computes.set()
        assert goes_on.wait(10)
        with waits(LOCK):
            seen.append(threads.seats)
        seen.append(threads.seats)

    long = serve(threads, computes_then_waits)[0]
    assert computes.wait(5)
    quick = serve(threads, lambda: None)[0]
    time.sleep(0.005)
    threads.relieve()
    assert quick.over.wait(5)
    settled(threads, resting=1)
    goes_on.set()
    assert long.over.wait(5)
    settled(threads, resting=2)
    assert seen == [1, 0]
    assert threads.seats == 1


def settled(threads: Threads, *, resting: int) -> None:
    ends = time.monotonic() + 5
    while threads.resting < resting and time.monotonic() < ends:
        time.sleep(0.005)
    assert threads.resting == resting


def test_after_all_that_waiting_no_more_compute_than_before() -> None:
    threads = Threads(2)
    with held(threads, 10, LOCK):
        pass
    ends = time.monotonic() + 10
    while not threads.is_idle and time.monotonic() < ends:
        time.sleep(0.01)
    assert threads.is_idle
    assert (threads.seats, threads.waiting.total(), threads.resting) == (2, 0, threads.started)
    with held(threads, 2, None):
        late = serve(threads, lambda: None)[0]
        assert not late.over.wait(0.1)
    assert late.over.wait(5)


def test_waiting_inside_of_waiting_and_outside_of_a_request_is_nothing_of_its_own() -> None:
    threads, seen = Threads(1), []

    def waits_twice() -> None:
        with waits(LOCK), waits(LOCK):
            seen.append(threads.waiting[LOCK])

    assert serve(threads, waits_twice)[0].over.wait(5)
    with waits(LOCK):
        seen.append(threads.waiting[LOCK])
    assert seen == [1, 0]


def test_a_request_that_fails_unforeseen_costs_no_thread_and_no_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    threads, name = Threads(1), "Amina Diallo"

    def fails() -> None:
        raise RuntimeError(name)

    failed, next_one = serve(threads, fails, lambda: None)
    assert next_one.over.wait(5)
    assert failed.cancelled
    assert "RuntimeError" in caplog.text
    assert "Amina" not in caplog.text
