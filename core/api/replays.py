"""A call with an idempotency key: done once, answered again as often as it is sent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from flask import Response, current_app, request
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError

from core import limits, once
from core.api.answers import respond
from core.api.operations import Operation
from core.database import db, transaction
from core.errors import Conflict, DomainError, Invalid, TooManyTries
from core.refusals import problem
from core.web import current_actor


def write_once(
    function: Callable, given: Callable[[], dict[str, Any]], key: str, operation: Operation
) -> Response:
    """The first answer to this key, be it that the act was done or that it was refused."""
    if len(key) > 200:
        raise Invalid("bad_idempotency_key", _l("An idempotency key has at most 200 characters."))
    actor = current_actor()
    kept_key = once.digest("api", actor.person_id, key)
    fingerprint = once.digest(request.method, request.full_path, request.get_data(cache=True).hex())
    if kept := once.find(kept_key, fingerprint):
        return _replay(kept, operation)

    def keep(response: Response) -> Response:
        kilobytes = 1 + (response.content_length or 0) // 1024
        limits.spend(
            "answers", str(actor.token_id), limit=KEPT_KILOBYTES, seconds=86_400, amount=kilobytes
        )
        is_read_again = operation.shown_again is not None and response.status_code < 400
        answer: dict[str, Any] = {
            "status": response.status_code,
            "body": "" if is_read_again else response.get_data(as_text=True),
        }
        once.keep(
            kept_key,
            request_digest=fingerprint,
            location=response.headers.get("Location", ""),
            **answer,
        )
        return response

    try:
        values = given()
        with transaction():
            return keep(respond(function(**values), operation))
    except (IntegrityError, DomainError) as error:
        db.session.rollback()
        if kept := once.find(kept_key, fingerprint):  # a twin with the same key was faster
            return _replay(kept, operation)
        if not isinstance(error, DomainError) or error.status not in KEPT_REFUSALS:
            raise
        with suppress(Conflict, TooManyTries), transaction():  # a twin was refused just as well
            keep(problem(error))
        return problem(error)


#: Of answers that are kept for a token within a day, each of them at least one: 64 MB.
KEPT_KILOBYTES = 65_536
#: Refusals that are first answers too: the others are about who asks, or how often.
KEPT_REFUSALS = (404, 409, 422)


def _replay(kept: sa.Row[Any], operation: Operation) -> Response:
    if operation.shown_again is not None and kept.status < 400:
        response = respond(
            (operation.shown_again(**request.view_args or {}), kept.status), operation
        )
    else:
        kind = "application/json" if kept.status < 400 else "application/problem+json"
        response = current_app.response_class(kept.body, kept.status, content_type=kind)
    response.headers["Idempotency-Replayed"] = "true"
    if kept.location:
        response.headers["Location"] = kept.location
    return response
