"""Workers share the machine: a test marked `alone` (it judges times) runs while the others' tests
wait.

Two locks on files, which the system releases when a worker dies. Whoever runs a test holds the
room, alone or with others, and gets it while holding the door, so that ever new arrivals cannot
keep out the one who wants to be alone.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def room(folder: Path, *, alone: bool) -> Iterator[None]:
    """`folder` is one that all workers share."""
    with (folder / "room").open("a") as inside:
        with (folder / "door").open("a") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(inside, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
