"""How code declares that it waits. In a web process one thread computes, and a waiting one is
replaced (`core.serving.threads`): code that waits for anything but the interpreter does so inside
`with waits(…):`."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

#: What a request waits for: to write, for its client to read a streamed answer, or for something
#: brief.
LOCK, CLIENT, MOMENT = "lock", "client", "moment"


class Seats(Protocol):
    """Replaces a thread that waits."""

    def waits(self, reason: str) -> AbstractContextManager[None]: ...


class _Here(threading.local):
    threads: Seats | None = None


#: What replaces the calling thread while it waits; None outside a web process.
here = _Here()


def waits(reason: str) -> AbstractContextManager[None]:
    """`with waits(LOCK):` around what waits for something other than the interpreter. Outside a web
    process, and inside another such block, it does nothing. Raises Unavailable if too many wait
    already."""
    return here.threads.waits(reason) if here.threads else nullcontext()
