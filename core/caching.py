"""Cacheable answers: entity tags, 304 for unchanged content, ranges of files (RFC 9110 §8.8.3, §13,
§14)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, current_app, request

from core.policy import Actor

#: The client may store it but must revalidate it each time, since it may have changed.
ASK_AGAIN = "private, no-cache"


def revalidated(response: Response) -> Response:
    """The answer with its entity tag, or 304 without a body if the client has this version."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or response.is_streamed:
        return response
    response.headers["Cache-Control"] = ASK_AGAIN
    response.set_etag(
        hashlib.sha256(response.get_data()).hexdigest()[:32], weak=True
    )  # weak, because it is compressed on the way
    return response.make_conditional(request)  # type: ignore[return-value]  # returns its own response


def revalidated_page(actor_of: Callable[[], Actor]) -> Callable[[Callable], Callable]:
    """For public pages: visitors may store them. Pages for signed-in users are never stored."""

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
    """A file whose content has this digest: whole, in ranges (to resume a download), or 304. No
    cache on the way stores it, because it is personal."""
    response = Response(data, mimetype=mimetype)
    response.headers.set("Content-Disposition", disposition, filename=name)
    response.set_etag(digest)
    part = request.range
    if part is not None and part.units == "bytes" and len(part.ranges) == 1:
        return response.make_conditional(request, accept_ranges=True, complete_length=len(data))  # type: ignore[return-value]  # returns its own response
    # Several ranges, another unit or no range: answer with the whole file, as RFC 9110 §14.2
    # allows.
    response.headers["Accept-Ranges"] = "bytes"
    return response.make_conditional(request)  # type: ignore[return-value]  # returns its own response
