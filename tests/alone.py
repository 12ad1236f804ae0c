"""Workers share the machine: a test marked `alone` (it judges times) runs while the others' tests
wait.

Two locks on files, which the system releases when a worker dies. Whoever runs a test holds the lock
`machine`, exclusively or shared, and takes it while holding the lock `queue`, so that ever new
arrivals cannot keep out the one who wants to be alone.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def share_of_machine(folder: Path, *, alone: bool) -> Iterator[None]:
    """`folder` is one that all workers share."""
    with (folder / "machine").open("a") as machine:
        with (folder / "queue").open("a") as queue:
            fcntl.flock(queue, fcntl.LOCK_EX)
            fcntl.flock(machine, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
