"""Whose turn it is: in one web process many requests may wait, and one computes.

Python runs one thread at a time, and threads that compute at once take the interpreter from each other at every query: a
fifth of the work was lost so (docs/performance.md). Yet one thread alone would let a slow client, or a spare connection
that a browser opened, keep everybody waiting. So there are threads enough to wait in, and they compute in turn.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Seconds after which a request no longer waits for one that takes long, such as one that waits for a lock itself.
PATIENCE = 0.25
#: Bytes of a body that is read before the turn, however slowly it comes. More than that is read where it is kept: on disk.
SMALL = 65_536


class Turns:
    """WSGI: `app`, one request at a time."""

    def __init__(self, app: WSGIApplication):
        self.app = app
        self.free = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        _take_in(environ)
        is_mine = self.free.acquire(timeout=PATIENCE)
        try:
            return self.app(environ, start_response)
        finally:
            if is_mine:
                self.free.release()


def _take_in(environ: dict[str, Any]) -> None:
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and 0 < int(length) <= SMALL:
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(length)))
