"""Whose turn it is: in one web process many requests may wait, and one computes.

Python runs one thread at a time, and threads that compute at once take the interpreter from each other at every query: a
tenth of the work was lost so, and as much by handing a connection from thread to thread between two requests
(docs/performance.md). Yet one thread alone would let a slow client, or a spare connection that a browser opened, keep
everybody waiting. So there are threads enough to wait in, and they compute in turn. Whoever waits for a client or sleeps
lets others compute (`let_others`); an answer that is written bit by bit, such as an archive, is so outside of any turn.
"""

from __future__ import annotations

import io
import logging
import select
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from gunicorn.workers.gthread import ThreadWorker

#: Threads of a web process.
THREADS = 16
#: Seconds after which a request no longer waits for one that takes long, such as one that waits for a lock itself.
PATIENCE = 0.25
#: Bytes of a body that is read before the turn. More than that is read where it is kept, on disk, and lets others compute.
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
            if goes_on is not True or not self.alive or not _sends_soon(conn):
                break
            goes_on = super().handle(conn)
        return goes_on

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Called in the thread that accepts everybody, and parting from a client takes up to two seconds: elsewhere, then."""
        is_over = self.alive and not fs.cancelled() and fs.exception() is None and fs.result() is False
        if not is_over:
            return super().finish_request(conn, fs)
        self.nr_conns -= 1
        self.tpool.submit(conn.close, graceful=True)


def limit_silence(connection: socket.socket, seconds: int) -> None:
    """Reading and writing fail when nothing moves for so long. The kernel counts: Gunicorn sets Python's own timeout anew."""
    for limit in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        connection.setsockopt(socket.SOL_SOCKET, limit, struct.pack("@ll", seconds, 0))


def is_news(record: logging.LogRecord) -> bool:
    """A filter: that a client was given up is no fault of ours, and nobody fills the log by being silent."""
    return not (record.exc_info and isinstance(record.exc_info[1], BlockingIOError))


def _sends_soon(conn: Any) -> bool:
    if conn.parser.unreader.buf.getvalue():  # it has sent it already, and the parser has read ahead
        return True
    poll = select.poll()
    poll.register(conn.sock, select.POLLIN)
    return bool(poll.poll(STAYS * 1000))
