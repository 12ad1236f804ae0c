"""Whose turn it is: in one web process many requests may wait, and one computes.

Python runs one thread at a time, and threads that compute at once take the interpreter from each other at every query: a
tenth of the work was lost so, and as much by handing a connection from thread to thread between two requests
(docs/performance.md). Yet one thread alone would let a slow client, or a spare connection that a browser opened, keep
everybody waiting. So there are threads enough to wait in, and they compute in turn. Whoever waits for a client or sleeps
lets others compute (`let_others`); an answer that is written bit by bit, such as an archive, is so outside of any turn.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Seconds after which a request no longer waits for one that takes long, such as one that waits for a lock itself.
PATIENCE = 0.25
#: Bytes of a body that is read before the turn. More than that is read where it is kept, on disk, and lets others compute.
SMALL = 65_536


class Turns:
    """WSGI: `app`, one request at a time."""

    def __init__(self, app: WSGIApplication):
        self.app = app
        self.free = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        _take_in(environ)
        _take_turn(self.free)
        try:
            return self.app(environ, start_response)
        finally:
            _end_turn()


_mine = threading.local()


def _take_turn(free: threading.Lock) -> None:
    _mine.turn = free if free.acquire(timeout=PATIENCE) else None


def _end_turn() -> threading.Lock | None:
    """Ends this thread's turn, if it has one, and returns what was held."""
    held, _mine.turn = getattr(_mine, "turn", None), None
    if held is not None:
        held.release()
    return held


@contextmanager
def let_others() -> Iterator[None]:
    """`with let_others():` around what waits for something else than the interpreter. Outside of a turn it does nothing."""
    held = _end_turn()
    try:
        yield
    finally:
        if held is not None:
            _take_turn(held)


class Body:
    """What a client sends, read in the turn: whoever waits for more of it lets others compute."""

    def __init__(self, stream: Any):
        self.stream = stream

    def read(self, size: int = -1) -> bytes:
        with let_others():
            return self.stream.read(size)

    def readline(self, size: int = -1) -> bytes:
        with let_others():
            return self.stream.readline(size)

    def readlines(self, hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")


def _take_in(environ: dict[str, Any]) -> None:
    length, stream = environ.get("CONTENT_LENGTH") or "", environ["wsgi.input"]
    if length.isdecimal() and int(length) <= SMALL:
        environ["wsgi.input"] = io.BytesIO(stream.read(int(length)))
    elif length or "HTTP_TRANSFER_ENCODING" in environ:
        environ["wsgi.input"] = Body(stream)
