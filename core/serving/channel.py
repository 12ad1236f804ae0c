"""Adds to Waitress what it lacks. It reads and writes for all clients in one thread and hands whole
requests to others (`core.serving.threads`); this module adds limits, and the order in which clients
give way to others.

Only this module uses its private names: tests/core/test_channel.py says which version they fit.
"""

from __future__ import annotations

import io
import logging
import re
import socket
import time
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask
from waitress.utilities import BadRequest, Error, RequestEntityTooLarge, RequestHeaderFieldsTooLarge

from core.errors import trace
from core.refusals import REFUSED
from core.serving.threads import Threads

log = logging.getLogger(__name__)

#: Of one web process. Who comes then takes the place of whoever has been silent for longest.
MOST_CONNECTIONS = 1000
#: Bytes of a request line, of a head, and fields in a head.
LONGEST_LINE, LARGEST_HEAD, MOST_FIELDS = 4094, 16_384, 60
#: Bytes above what a body may have that are read and dropped: most clients read no answer before
#: they have sent all.
LARGEST_DRAIN = 64 * 1024 * 1024
#: Bytes of a body, or of an answer that is not taken yet, that are kept in memory; what is above
#: goes to a temporary file.
IN_MEMORY = 131_072
#: Bytes that are written ahead for a client; a thread that has more waits until some are taken.
AHEAD = 4 * 1024 * 1024
#: Bytes that the kernel keeps of an answer (it takes twice as many): its own choice, megabytes,
#: would say for minutes that a slow client takes nothing, and each of them would cost as much.
IN_KERNEL = 131_072
#: Seconds from the first byte of a request to the last of its head, and to the last of its body,
#: however they trickle in.
HEAD_SECONDS, REQUEST_SECONDS = 15, 120
#: Seconds in which a client must take something of its answer, and all of it.
SILENT_SECONDS, ANSWER_SECONDS = 60, 900
#: Seconds for which a connection may rest between requests, also when the server ends, and after a
#: refusal.
REST_SECONDS, LAST_REST_SECONDS, PARTING_SECONDS = 30, 1, 2

#: Seconds of rest that one request costs a connection at least, and how many it may have saved.
PAUSE_SECONDS, MOST_PAUSES = 0.1, 0.6


class URITooLong(Error):
    code, reason = 414, "URI Too Long"


class RequestTimeout(Error):
    code, reason = 408, "Request Timeout"


class VersionNotSupported(Error):
    code, reason = 505, "HTTP Version Not Supported"


class NoRoom(Error):
    code, reason = 503, "Service Unavailable"


class Dropped:
    """A buffer that keeps nothing."""

    def __len__(self) -> int:
        return 0

    def append(self, _data: bytes) -> None:
        return

    def getfile(self) -> io.BytesIO:
        return io.BytesIO()

    def close(self) -> None:
        return


class Request(HTTPRequestParser):
    """A request as it comes in. One that cannot be understood (`error`) keeps only what its
    answer needs; of one that is too large the body is dropped, and the application says so."""

    start = b""  # of its first line
    is_too_large = is_cut = False

    def received(self, data: bytes) -> int:
        if not self.headers_finished and len(self.start) < LONGEST_LINE:
            self.start = (self.start + data).lstrip()[: LONGEST_LINE + 2]
        try:
            consumed = super().received(data)
        except OSError as error:  # the disk that keeps bodies is full
            log.error("a request could not be kept\n%s", trace(error))
            self.refuse(NoRoom(""))
            return len(data)
        if self.error is None and self.chunked and self._has_endless_line():
            self.error = BadRequest("")
        if isinstance(self.error, RequestEntityTooLarge):
            self._drop()
        elif self.error is not None:
            self.refuse(self.error)
        return consumed

    def _has_endless_line(self) -> bool:
        return max(len(self.body_rcv.control_line), len(self.body_rcv.trailer)) > LONGEST_LINE

    def _drop(self) -> None:
        """The body is too large. Most clients read no answer before they have sent all of it, so
        it is read to its end."""
        body = self.body_rcv
        if not self.is_too_large:
            self.is_too_large = True
            body.getbuf().close()
            body.buf = Dropped()
        ends = body.completed or body.error
        length = max(self.content_length, self.body_bytes_received)
        self.is_cut = not ends and (
            self.expect_continue or length > self.adj.max_request_body_size + LARGEST_DRAIN
        )
        self.error, self.completed = None, bool(ends or self.is_cut)
        if self.completed:
            self.expect_continue = False
            self.headers["CONTENT_LENGTH"] = str(length)
        if self.is_cut or body.error:
            self.headers["CONNECTION"] = "close"

    def parse_header(self, head: bytes) -> None:
        """Raises ParsingError for what two servers in a row might read differently, for the sake
        of the one in front."""
        super().parse_header(head)
        if self.version not in ("1.0", "1.1"):
            self.error = VersionNotSupported("")
        elif len(self.first_line) > LONGEST_LINE:
            self.error = URITooLong("")
        elif head.count(b"\r\n") > MOST_FIELDS + 3:
            self.error = RequestHeaderFieldsTooLarge("")
        elif self.version == "1.1" and not re.fullmatch(
            r"[^\s,/@?#\\]+", self.headers.get("HOST", "")
        ):
            raise ParsingError("one Host is needed")
        elif "TRANSFER_ENCODING" in self.headers or (
            self.chunked and "CONTENT_LENGTH" in self.headers
        ):
            raise ParsingError("two lengths")
        if self.error is not None or self.body_rcv is None:
            self.expect_continue = False

    def refuse(self, error: Error) -> None:
        if (
            isinstance(error, RequestHeaderFieldsTooLarge)
            and b"\r\n" not in self.start[:LONGEST_LINE]
        ):
            error = URITooLong("")
        self.close()
        self.error, self.completed, self.empty = error, True, False
        self.expect_continue, self.chunked, self.body_rcv = False, False, None
        self.headers_finished = True
        self.headers = {
            name: self.headers[name]
            for name in ("ACCEPT", "ACCEPT_LANGUAGE")
            if name in self.headers
        }
        self.version = "1.0" if b" HTTP/1.0\r\n" in self.start else "1.1"
        method, _, address = self.start.partition(b" ")
        self.command = "HEAD" if method == b"HEAD" else "GET"
        self.path = "/api/v1/" if address.startswith(b"/api/") else "/"
        self.request_uri, self.query, self.url_scheme = self.path, "", self.adj.url_scheme


class Answer(WSGITask):
    """What the application answers to a request."""

    def build_response_header(self) -> bytes:
        if self.channel.server.is_ending:
            self.request.headers["CONNECTION"] = "close"
        return super().build_response_header()

    def write(self, data: bytes) -> None:
        """As Waitress does, but the head goes out in one piece with what follows, and HEAD gets
        nothing but a head."""
        piece = b""
        if not self.wrote_header:
            piece = self.build_response_header()
            self.wrote_header = True
        if data and self.has_body and self.request.command != "HEAD":
            if self.chunked_response:
                data = b"%X\r\n%s\r\n" % (len(data), data)
            elif self.content_length is not None:
                data = data[: self.content_length - self.content_bytes_written]
                self.content_bytes_written += len(data)
            piece += data
        if piece:
            self.channel.write_soon(piece)

    def finish(self) -> None:
        self.write(b"")
        if self.request.command == "HEAD":
            self.chunked_response = False  # its last chunk would be a body
        super().finish()


class Refusal(Answer):
    """The server's own refusal, in the application's words, so it looks like all the others."""

    def get_environment(self) -> dict[str, Any]:
        if not self.request.start:  # in the place of a request whose answer failed
            self.request.refuse(self.request.error)
        return super().get_environment() | {REFUSED: self.request.error.code}

    def build_response_header(self) -> bytes:
        self.request.headers["CONNECTION"] = "close"
        return super().build_response_header()


class Channel(HTTPChannel):
    """One client's connection. Everything but `service` and `write_soon` happens in the thread
    that serves all clients."""

    parser_class = Request
    task_class = Answer
    error_task_class = Refusal
    state = "parts"  # rests, comes (a request), works, goes (an answer), parts: as of `since`
    since = moved = asked_at = 0.0
    answers = 0
    what: Request | int | None = None  # the request that comes, or how many were answered
    is_parting = is_cut = False
    pauses = MOST_PAUSES

    def may_write(self) -> bool:
        return self.requests[0].command not in ("GET", "HEAD", "OPTIONS")

    def makes_no_pause(self) -> bool:
        """A page and what it brings along come at once; people then read. Whoever asks again and
        again rests for less time than its answers take, however slowly it is served."""
        now = time.monotonic()
        self.pauses = min(MOST_PAUSES, self.pauses + now - self.moved)
        costs = max(PAUSE_SECONDS, min(self.moved - self.asked_at, MOST_PAUSES / 2))
        self.asked_at = now
        if self.pauses < costs:
            return True
        self.pauses -= costs
        return False

    def send(self, data: bytes, do_close: bool = True) -> int:
        sent = super().send(data, do_close)
        if sent:
            self.moved = time.monotonic()
        return sent

    def tend(self, now: float) -> None:
        """Called every second: ends what takes too long."""
        self._note_state(now)
        passed = now - self.since
        if self.state == "comes":
            if passed > (REQUEST_SECONDS if self.request.headers_finished else HEAD_SECONDS):
                self._give_up_request()
        elif self.state == "goes":
            if passed > ANSWER_SECONDS or now - max(self.moved, self.since) > SILENT_SECONDS:
                self.end()
        elif self.state == "rests":
            if passed > (LAST_REST_SECONDS if self.server.is_ending else REST_SECONDS):
                self.end()
        elif self.state == "parts" and passed > PARTING_SECONDS:
            self.end()

    def _note_state(self, now: float) -> None:
        coming = self.request
        if self.is_parting:
            state = "parts"
        elif self.total_outbufs_len:
            state = "goes"
        elif self.requests:
            state = "works"
        else:
            state = (
                "comes" if coming is not None and coming.start else "rests"
            )  # blank bytes do not begin a request
        what = coming if state == "comes" else self.answers
        if state != self.state or what is not self.what:
            self.state, self.what, self.since = state, what, now

    def _give_up_request(self) -> None:
        with self.requests_lock:
            request, self.request = self.request, None
            if request is None:
                return
            request.refuse(RequestTimeout(""))
            self.requests.append(request)
        self.server.add_task(self)

    def end(self) -> None:
        self.is_parting = True
        self.handle_close()

    # A refusal often comes while the client is still sending, and closing a connection with bytes
    # that no one has read makes the client lose the answer: so it is closed for writing, and what
    # comes is dropped for a moment.

    def service(self) -> None:
        self.is_cut = bool(self.requests[0].error) or self.requests[0].is_cut
        super().service()
        self.answers += 1

    def handle_close(self) -> None:
        if self.is_cut and not self.is_parting and self.connected and self.will_close:
            self.is_parting, self.will_close = True, False
            try:
                self.socket.shutdown(socket.SHUT_WR)
                return
            except OSError:
                pass
        super().handle_close()

    def readable(self) -> bool:
        return self.is_parting or super().readable()

    def writable(self) -> bool:
        """Whoever makes an answer also sends it, as long as the client takes it: two would only
        get in each other's way."""
        if self.is_parting or (
            self.requests
            and self.total_outbufs_len < self.adj.outbuf_high_watermark
            and not self.will_close
        ):
            return False
        return bool(super().writable())

    def handle_read(self) -> None:
        if not self.is_parting:
            super().handle_read()
            return
        try:
            gone = not self.recv(self.adj.recv_bytes)
        except OSError:
            gone = True
        if gone:
            self.end()

    def handle_error(self) -> None:
        log.error("a connection failed\n%s", trace(wasyncore.sys.exc_info()[1]))
        self.end()


class Front(TcpWSGIServer):
    """All clients of one listening socket in one web process."""

    channel_class = Channel
    is_ending = False

    def __init__(
        self,
        app: Any,
        listener: socket.socket,
        threads: Threads,
        clients: dict[int, Any],
        name: str,
        largest: int,
    ):
        adjustments = Adjustments(
            sockets=[listener],
            ident=None,
            server_name=name,
            # the application believes them from PROXY_HOPS proxies, and from no one else
            clear_untrusted_proxy_headers=False,
            max_request_header_size=LARGEST_HEAD,
            max_request_body_size=largest + 1,
            inbuf_overflow=IN_MEMORY,
            outbuf_overflow=IN_MEMORY,
            outbuf_high_watermark=AHEAD,
            connection_limit=MOST_CONNECTIONS + 10,
            cleanup_interval=86_400,  # `tend` does it
            log_socket_errors=False,
        )
        facts = (listener.family, listener.type, listener.proto, listener.getsockname())
        super().__init__(
            app,
            clients,
            _sock=listener,
            dispatcher=threads,
            adj=adjustments,
            sockinfo=facts,
            bind_socket=False,
        )

    def set_socket_options(self, connection: socket.socket) -> None:
        super().set_socket_options(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, IN_KERNEL)

    def tend(self, now: float) -> None:
        channels = list(self.active_channels.values())
        for channel in channels:
            channel.tend(now)
        too_many = len(self.active_channels) - MOST_CONNECTIONS * 9 // 10
        if too_many > 0:
            silent = [
                channel
                for channel in channels
                if channel.connected and channel.state in ("rests", "comes")
            ]
            for channel in sorted(
                silent, key=lambda connection: (connection.state != "rests", connection.since)
            )[:too_many]:
                channel.end()

    def stop_accepting(self) -> None:
        """Takes in who waits at the door, and closes it."""
        self.is_ending = True
        for _ in range(self.adj.backlog):
            before = len(self.active_channels)
            self.handle_accept()
            if len(self.active_channels) == before:
                break
        self.accepting = False
        self.del_channel()
        self.socket.close()
