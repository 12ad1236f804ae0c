"""Threads of a web process: one computes, and one that waits or takes long is replaced meanwhile.

Python runs one thread at a time, so threads that compute at once only take the interpreter from
each other, which costs a tenth. Yet some requests wait: to write, for a client who takes a download
slowly, for a password that is hashed. They say so (`with waits(LOCK):`) and another thread takes
the next request, so waiting writers and downloads never keep the last one; one that computes for
longer than most is noticed (`relieve`). So many may wait at the same time; requests that change
something queue without a thread until there is room for them. A client who asks again and again
without a pause gives way to others, for a moment only.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from flask_babel import lazy_gettext as _l

from core import waiting
from core.errors import trace
from core.outages import Unavailable
from core.waiting import CLIENT, LOCK, MOMENT
from core.yielding import LATE_SECONDS

log = logging.getLogger(__name__)

#: Threads of one web process that compute at the same time; seconds after which a request no longer
#: counts, as it takes long; and how many of those there may be, who share the interpreter with the
#: others.
COMPUTING, LONG, MOST_LONG = 1, 0.1, 3
#: How many requests of one web process may wait for it at the same time. Others are told to come
#: back (503), but for a moment.
MOST_WAITING = {LOCK: 14, CLIENT: 8, MOMENT: 16}
#: Seconds for which a request of a client who makes no pause lets those of others go first.
GIVES_WAY = 1.0


class Task(Protocol):
    """A whole request, what kind of request it is, and what to do when serving it failed in an
    unforeseen way."""

    def may_write(self) -> bool: ...

    def makes_no_pause(self) -> bool:
        """Asked once for each request."""

    def service(self) -> None: ...

    def cancel(self) -> None: ...


class Threads:
    """Serves whole requests in the order in which they are due. Threads are made when they are
    first needed, and then kept."""

    def __init__(self, computing: int = COMPUTING):
        self.computing = computing
        self.readers: list[tuple[float, int, Task]] = []  # (due, number, request), as heaps
        self.writers: list[tuple[float, int, Task]] = []
        self.seats = computing  # that are free; who sits on one computes
        self.waiting: Counter[str] = Counter()
        self.since: dict[int, float] = {}  # thread that computes → when it began
        self.long: set[int] = set()  # of these, whose seat was given to another
        self.resting = self.started = self.came = 0
        self.changes = threading.Lock()
        self.called = threading.Condition(self.changes)

    def add_task(self, task: Task) -> None:
        with self.changes:
            self.came += 1
            due = time.monotonic() + (GIVES_WAY if task.makes_no_pause() else 0)
            heapq.heappush(
                self.writers if task.may_write() else self.readers, (due, self.came, task)
            )
            self._fill_seat()

    @property
    def is_idle(self) -> bool:
        """No one computes, waits or queues."""
        return not self.readers and not self.writers and self.resting == self.started

    @contextmanager
    def waits(self, what: str) -> Iterator[None]:
        """The calling thread gives up its seat meanwhile. Raises Unavailable when too many wait
        for that already."""
        with self.changes:
            is_full = self.waiting[what] >= MOST_WAITING[what]
            if is_full and what != MOMENT:
                raise Unavailable(
                    "busy",
                    _l("Too many people are at work here just now. Try again in a moment."),
                    5,
                )
            if not is_full:
                self.waiting[what] += 1
                self._stand_up()
                self._fill_seat()
        waiting.here.threads = None
        try:
            yield
        finally:
            waiting.here.threads = self
            if not is_full:
                with self.changes:
                    self.waiting[what] -= 1
                    # one too few for a moment, when its seat was taken: who is done next leaves one
                    self.seats -= 1
                    self.since[threading.get_ident()] = time.monotonic()
                    self._fill_seat()  # a writer may find room now

    @property
    def is_behind(self) -> bool:
        """Someone queues, so `relieve` may have something to do in a moment."""
        return bool(self.readers or self.writers)

    @property
    def is_late(self) -> bool:
        """Someone has been due for a while, so whatever is not a request should give way."""
        with self.changes:
            dues = [queue[0][0] for queue in (self.readers, self.writers) if queue]
        return bool(dues) and min(dues) < time.monotonic() - LATE_SECONDS

    def relieve(self) -> None:
        """Gives the seats of requests that take long to others. Called by a thread that is none
        of these."""
        if not self.is_behind:
            return
        with self.changes:
            begun_before = time.monotonic() - LONG
            for thread, began in self.since.items():
                if (
                    self.seats <= 0
                    and began < begun_before
                    and thread not in self.long
                    and len(self.long) < MOST_LONG
                ):
                    self.long.add(thread)
                    self.seats += 1
                    self._fill_seat()

    def _stand_up(self) -> None:
        thread = threading.get_ident()
        del self.since[thread]
        if thread in self.long:
            self.long.remove(thread)  # its seat was given away already
        else:
            self.seats += 1

    def _queue(self) -> list[tuple[float, int, Task]] | None:
        """The queue whose first is due first, of those that may go on."""
        has_room = self.waiting[LOCK] <= MOST_WAITING[LOCK] - self.computing - MOST_LONG
        queues = [queue for queue in (self.readers, self.writers if has_room else None) if queue]
        return min(queues, key=lambda queue: queue[0][:2], default=None)

    def _fill_seat(self) -> None:
        if self.seats <= 0 or self._queue() is None:
            return
        self.seats -= 1  # it is the called thread's from now on
        if self.resting:
            self.resting -= 1
            self.called.notify()
        else:
            self.started += 1
            threading.Thread(target=self._work, name=f"request-{self.started}", daemon=True).start()

    def _work(self) -> None:
        waiting.here.threads = self
        while True:
            task = self._next()
            try:
                task.service()
            except BaseException as error:
                log.error("a request failed outside of the application\n%s", trace(error))
                task.cancel()

    def _next(self) -> Task:
        """The next request, for a thread that has a seat."""
        thread = threading.get_ident()
        with self.changes:
            if thread in self.since:
                self._stand_up()
                self.seats -= 1
            while self.seats < 0 or not (queue := self._queue()):
                self.seats += 1
                self.resting += 1
                self.called.wait()
            self.since[thread] = time.monotonic()
            return heapq.heappop(queue)[2]
