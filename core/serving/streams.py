"""Answers that are made while they are sent."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, closing
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from core.outages import Unavailable
from core.refusals import REFUSED
from core.waiting import CLIENT, waits


class Streams:
    """WSGI: `app`, in which an answer that is made while it is sent waits for its client and for
    no one else's cost."""

    def __init__(self, app: WSGIApplication):
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        head: list[Any] = []

        def note(*arguments: Any) -> Any:
            head[:] = arguments

        answer = self.app(environ, note)
        if any(name.lower() == "content-length" for name, _ in head[1]) or head[0].startswith(
            ("204", "304")
        ):
            start_response(*head)
            return answer
        return self._stream(answer, head, environ, start_response)

    def _stream(
        self, answer: Any, head: list[Any], environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        with closing(answer), ExitStack() as place:
            try:
                place.enter_context(waits(CLIENT))
            except Unavailable as error:
                yield from self.app(environ | {REFUSED: error}, start_response)
                return
            start_response(*head)
            yield from answer
