"""The queue of writers of a SQLite file: first come, first served, and no one waits for ever.

SQLite allows one writer at a time, and its own way of waiting (polling) lets some starve. So
writers queue: the threads of a process in order of arrival, and the first of each process for two
kernel locks. The holder of `NAME.lock-next` gets `NAME.lock` next, so a process that has just
written cannot overtake a waiting one. Locks of a killed process disappear with it. A blocking flock
would be simpler, but cannot be abandoned after a while.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from core.outages import busy
from core.waiting import LOCK, waits

#: Seconds between two attempts at another process's lock; short at first, since most transactions
#: take a few milliseconds.
SOONEST, LATEST = 0.0002, 0.001


class Queue:
    """The writers of one process, in order of arrival."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.is_taken = False
        self.waiting: deque[threading.Lock] = deque()

    def enter(self, until: float) -> None:
        with self.guard:
            if not self.is_taken:
                self.is_taken = True
                return
        with waits(LOCK):
            self._queue(until)

    def _queue(self, until: float) -> None:
        with self.guard:
            if not self.is_taken:
                self.is_taken = True
                return
            own_lock = threading.Lock()
            own_lock.acquire()
            self.waiting.append(own_lock)
        if own_lock.acquire(timeout=max(0.0, until - time.monotonic())):
            return
        with self.guard:
            if own_lock in self.waiting:
                self.waiting.remove(own_lock)
                raise busy()

    def leave(self) -> None:
        with self.guard:
            if self.waiting:
                self.waiting.popleft().release()
            else:
                self.is_taken = False


_queues: dict[Path, Queue] = {}
_guard = threading.Lock()
os.register_at_fork(after_in_child=_queues.clear)  # waiting threads belong to the parent


def _queue(path: Path) -> Queue:
    with _guard:
        return _queues.setdefault(path, Queue())


def waiting() -> int:
    """How many threads of this process are waiting to write, without the current writer."""
    return sum(len(queue.waiting) for queue in list(_queues.values()))


@contextmanager
def exclusive(path: Path, until: float) -> Iterator[None]:
    """`with exclusive(path, until):` around one writing transaction on the file at `path`. Raises
    Unavailable ("busy") if others still write at `until`, by time.monotonic()."""
    queue = _queue(path)
    queue.enter(until)
    try:
        with open(f"{path}.lock", "ab") as lock:
            with open(f"{path}.lock-next", "ab") as following:
                _take(following, until)
                _take(lock, until)
            yield
    finally:
        queue.leave()


def _take(file: IO[bytes], until: float) -> None:
    if _is_free(file):
        return
    pause = SOONEST
    with waits(LOCK):
        while not _is_free(file):
            if time.monotonic() >= until:
                raise busy()
            time.sleep(pause)
            pause = min(pause * 1.5, LATEST)


def _is_free(file: IO[bytes]) -> bool:
    """Whether the lock was free; now it is ours."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
