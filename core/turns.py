"""Whose turn it is: in one web process many requests may wait, and one computes.

Python runs one thread at a time, and threads that compute at once take the interpreter from each other at every query: a
tenth of the work was lost so, and as much by handing a connection from thread to thread between two requests
(docs/performance.md). Yet one thread alone would let a slow client, or a spare connection that a browser opened, keep
everybody waiting. So there are threads enough to wait in, and they compute in turn.
"""

from __future__ import annotations

import io
import logging
import select
import socket
import struct
import threading
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from gunicorn.workers.gthread import ThreadWorker

#: Threads of a web process.
THREADS = 16
#: Seconds after which a request no longer waits for one that takes long, such as one that waits for a lock itself.
PATIENCE = 0.25
#: Bytes of a body that is read before the turn, however slowly it comes. More than that is read where it is kept: on disk.
SMALL = 65_536
#: Seconds for which a thread stays with a connection: what a page brings along and what a program asks next come at once.
STAYS = 0.05
#: Requests in a row after which it sees who else is there.
MOST_IN_A_ROW = 50
#: Seconds after which a client is given up that sends or takes nothing in the middle of a request.
SILENCE = 30


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


class Worker(ThreadWorker):
    """Gunicorn's threads, each of which stays with its connection for a moment, and with a silent one not for ever."""

    def init_process(self) -> None:
        self.log.error_log.addFilter(is_news)
        super().init_process()

    def handle(self, conn: Any) -> Any:
        if not conn.initialized:
            limit_silence(conn.sock, SILENCE)
        goes_on = super().handle(conn)
        for _ in range(MOST_IN_A_ROW):
            if goes_on is not True or not self.alive or not _sends_soon(conn.sock):
                break
            goes_on = super().handle(conn)
        return goes_on


def limit_silence(connection: socket.socket, seconds: int) -> None:
    """Reading and writing fail when nothing moves for so long. The kernel counts: Gunicorn sets Python's own timeout anew."""
    for limit in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        connection.setsockopt(socket.SOL_SOCKET, limit, struct.pack("@ll", seconds, 0))


def is_news(record: logging.LogRecord) -> bool:
    """A filter: that a client was given up is no fault of ours, and nobody fills the log by being silent."""
    return not (record.exc_info and isinstance(record.exc_info[1], BlockingIOError))


def _sends_soon(connection: Any) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(STAYS * 1000))
