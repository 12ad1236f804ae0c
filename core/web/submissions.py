"""A form sent twice acts once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, request, session
from werkzeug.wrappers import Response

from core import once
from core.database import db
from core.web.access import current_actor
from core.web.redirects import see_other


def submitted_once(view: Callable) -> Callable:
    """For forms that create something: the same form (its `submission` key) sent twice gets the
    first answer.

    The view calls `remember_answer(location)` inside its transaction.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        sent = request.form.get("submission", "")
        if request.method != "POST" or not sent or "redisplay" in request.form:
            return view(*args, **kwargs)
        g.submission_key = once.digest(
            "form", current_actor().person_id, session.get("csrf_token"), request.path, sent
        )
        if earlier := once.find(g.submission_key):
            return see_other(earlier.location)
        try:
            return view(*args, **kwargs)
        except Exception:
            db.session.rollback()
            if earlier := once.find(g.submission_key):  # a parallel request was faster
                return see_other(earlier.location)
            raise

    return guarded


def remember_answer(location: str) -> Response:
    """Inside the transaction of the act: stores its answer for a repeated submission, and returns
    it."""
    if key := g.get("submission_key"):
        once.keep(key, location=location)
    return see_other(location)
