"""Calls with an idempotency key: done once, and answered again each time they are repeated."""

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
    function: Callable, read_arguments: Callable[[], dict[str, Any]], key: str, operation: Operation
) -> Response:
    """The first answer for this key, whether the call succeeded or was refused."""
    if len(key) > 200:
        raise Invalid("bad_idempotency_key", _l("An idempotency key has at most 200 characters."))
    actor = current_actor()
    storage_key = once.digest("api", actor.person_id, key)
    fingerprint = once.digest(request.method, request.full_path, request.get_data(cache=True).hex())
    if earlier := once.find(storage_key, fingerprint):
        return _replay(earlier, operation)

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
            storage_key,
            request_digest=fingerprint,
            location=response.headers.get("Location", ""),
            **answer,
        )
        return response

    try:
        values = read_arguments()
        with transaction():
            return keep(respond(function(**values), operation))
    except (IntegrityError, DomainError) as error:
        db.session.rollback()
        if earlier := once.find(storage_key, fingerprint):  # a parallel call with this key won
            return _replay(earlier, operation)
        if not isinstance(error, DomainError) or error.status not in KEPT_REFUSALS:
            raise
        with suppress(Conflict, TooManyTries), transaction():  # a parallel call stored it already
            keep(problem(error))
        return problem(error)


#: How much may be stored for a token per day (64 MB); each answer counts as at least one kilobyte.
KEPT_KILOBYTES = 65_536
#: Refusals that are stored and repeated. The others depend on who calls, or how often.
KEPT_REFUSALS = (404, 409, 422)


def _replay(earlier: sa.Row[Any], operation: Operation) -> Response:
    if operation.shown_again is not None and earlier.status < 400:
        response = respond(
            (operation.shown_again(**request.view_args or {}), earlier.status), operation
        )
    else:
        kind = "application/json" if earlier.status < 400 else "application/problem+json"
        response = current_app.response_class(earlier.body, earlier.status, content_type=kind)
    response.headers["Idempotency-Replayed"] = "true"
    if earlier.location:
        response.headers["Location"] = earlier.location
    return response
