"""Answers that may be kept and asked about: an entity tag, 304 when nothing has changed, parts
of a file on request (RFC 9110 §8.8.3, §13, §14)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, current_app, request

from core.policy import Actor

#: Kept by the one who asked, and asked about each time: what it says may have changed since.
ASK_AGAIN = "private, no-cache"


def revalidated(response: Response) -> Response:
    """The answer with its entity tag, or 304 without a body when the client has just this one."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or response.is_streamed:
        return response
    response.headers["Cache-Control"] = ASK_AGAIN
    response.set_etag(
        hashlib.sha256(response.get_data()).hexdigest()[:32], weak=True
    )  # weak: it is compressed on the way
    return response.make_conditional(request)  # type: ignore[return-value]  # the same response


def revalidated_page(actor_of: Callable[[], Actor]) -> Callable[[Callable], Callable]:
    """For public pages: whoever is not signed in may keep them. A page of someone who is stays
    nowhere."""

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def conditional(*args: Any, **kwargs: Any) -> Any:
            answer = view(*args, **kwargs)
            if actor_of().is_authenticated:
                return answer
            return revalidated(current_app.make_response(answer))

        return conditional

    return decorate


def file(
    data: bytes, digest: str, *, mimetype: str, name: str, disposition: str = "attachment"
) -> Response:
    """A file whose content has this digest: whole, in parts (a broken download goes on), or 304
    for who says to have it. Nothing on the way keeps it: it is someone's."""
    response = Response(data, mimetype=mimetype)
    response.headers.set("Content-Disposition", disposition, filename=name)
    response.set_etag(digest)
    part = request.range
    if part is not None and part.units == "bytes" and len(part.ranges) == 1:
        return response.make_conditional(request, accept_ranges=True, complete_length=len(data))  # type: ignore[return-value]  # the same
    # Several ranges, another unit or no range: answer with the whole file, as RFC 9110 §14.2
    # allows.
    response.headers["Accept-Ranges"] = "bytes"
    return response.make_conditional(request)  # type: ignore[return-value]  # the same
