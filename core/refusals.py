"""Refusals and failures: as a page for people, as problem+json (RFC 9457) for programs. All are
short."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Flask, Response, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from core.database import db
from core.errors import DomainError, NotSignedIn, TooManyTries, trace
from core.outages import Unavailable, find_outage

API = "/api/"
#: The most errors in one answer of the API.
MOST_ERRORS = 20
#: The most characters of a field's name, and of a sentence, taken from the request.
LONGEST_FIELD, LONGEST_SENTENCE = 200, 500
#: The most bytes of a refusal, before compression.
LONGEST_REFUSAL = 100_000
#: Key in the WSGI environment: a refusal decided before the application, which only renders it; a
#: status or an exception.
REFUSED = "rostrum.refused"


def init_app(app: Flask) -> None:
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(Unavailable, _unavailable)
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failed)


def is_api() -> bool:
    return request.path.startswith(API)


def wants_json() -> bool:
    best = request.accept_mimetypes.best_match(
        ["text/html", "application/json"], default="text/html"
    )
    return best == "application/json"


def is_for_a_program() -> bool:
    """Whether to refuse in problem+json: on the API, and to clients that ask for JSON elsewhere
    (`/verify`)."""
    return is_api() or wants_json()


def _refused(error: DomainError) -> Any:
    db.session.rollback()
    if is_for_a_program():
        return problem(error)
    if isinstance(error, NotSignedIn) and request.method in ("GET", "HEAD"):
        address = request.full_path if request.query_string else request.path
        return redirect(url_for("accounts.sign_in") + "?" + urlencode({"next": address}), 303)
    return _with_wait(error, error_page(error.status, error.message))


def _with_wait(error: DomainError | Unavailable, response: Response) -> Response:
    if isinstance(error, TooManyTries | Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _unavailable(error: Unavailable) -> Any:
    """Neither the request's fault nor a bug: one line in the log, and when to retry."""
    with suppress(sa.exc.SQLAlchemyError):  # the connection itself may be broken
        db.session.rollback()
    cause = type(error.__cause__ or error).__name__
    current_app.logger.warning("unavailable at %s: %s (%s)", request.endpoint, error.code, cause)
    return (
        problem(error)
        if is_for_a_program()
        else _with_wait(error, error_page(error.status, error.message))
    )


def problem(error: DomainError | Unavailable) -> Response:
    """RFC 9457: the refusal as application/problem+json."""
    response = current_app.json.response(problem_facts(error))
    response.status_code = error.status
    response.content_type = "application/problem+json"
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return _with_wait(error, response)


def problem_facts(error: DomainError | Unavailable) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(error.status, "Error"),
        "status": error.status,
        "code": error.code,
        "detail": _short(error.message),
    }
    several = error.errors or ([error] if error.field else [])
    if several:
        facts["errors"] = [
            {
                "field": refusal.field and refusal.field[:LONGEST_FIELD],
                "code": refusal.code,
                "message": _short(refusal.message),
            }
            for refusal in several[:MOST_ERRORS]
        ]
    return facts | getattr(error, "details", {})


def _short(sentence: Any) -> str:
    return str(sentence)[:LONGEST_SENTENCE]


_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}


def _form_expired(error: CSRFError) -> Any:
    return error_page(400, _("This form is too old to be sent."))


def _http_error(error: HTTPException) -> Any:
    db.session.rollback()
    if error.code is None or error.code < 400:
        return error
    if not is_for_a_program():
        response = error_page(error.code)
    else:
        refusal = DomainError(error.name.lower().replace(" ", "_"), error.description or error.name)
        refusal.status = error.code
        response = problem(refusal)
    if isinstance(error.get_headers(), list):
        response.headers.extend(
            [(k, v) for k, v in error.get_headers() if k.lower() in ("allow", "content-range")]
        )
    return response


def _failed(error: Exception) -> Any:
    if outage := find_outage(error):
        outage.__cause__ = error
        return _unavailable(outage)
    db.session.rollback()
    current_app.logger.error("unexpected failure at %s\n%s", request.endpoint, trace(error))
    if is_for_a_program():
        refusal = DomainError(
            "internal_error", _l("Something went wrong here. It was noted; please try again later.")
        )
        refusal.status = 500
        return problem(refusal)
    return error_page(500)


def error_page(status: int, message: Any = None) -> Response:
    page = render_template("errors/error.html", status=status, message=message, typed=_typed())
    response = current_app.make_response(page)
    response.status_code = status
    return response


#: Form fields that no one typed.
_NOT_TYPED = {
    "csrf_token",
    "submission",
    "screen",
    "step",
    "redisplay",
    "rev",
    "seen",
    "asked_zone",
    "next",
    "rows",
}
#: How much of a form an error page shows: an hour's work, but not a flood.
MOST_TYPED, MOST_WORDS = 60, 20_000


def _typed() -> list[tuple[str, str]]:
    """(field, words) of a form that could not be accepted, to copy from the page: a session that
    ended meanwhile must not cost anyone an hour's work. Never passwords, nothing sent by another
    site, and no more than people type."""
    is_own = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    if (
        is_api() or not is_own or "form" not in vars(request)
    ):  # not parsed: too large, or not a form
        return []
    typed: list[tuple[str, str]] = []
    words_left = MOST_WORDS
    for name, words in request.form.items(multi=True):
        if not words.strip() or name in _NOT_TYPED or "password" in name:
            continue
        if len(typed) == MOST_TYPED or len(words) > words_left:
            break
        typed.append((name[:LONGEST_FIELD], words))
        words_left -= len(words)
    return typed


def tells_all(view: Callable) -> Callable:
    """For a view whose refusal shows all that was sent, such as the check of a file or a page of
    marks: its answers may be long."""
    view.tells_all = True  # type: ignore[attr-defined]  # read by `bounded`
    return view


def bounded(response: Response) -> Response:
    """The response, or the short page for its status if it refuses at length: we do not echo bulk
    input."""
    if (
        response.status_code < 400
        or response.is_streamed
        or len(response.get_data()) <= LONGEST_REFUSAL
    ):
        return response
    if getattr(current_app.view_functions.get(request.endpoint or ""), "tells_all", False):
        return response
    if is_for_a_program():
        refusal = DomainError("refused", _("Some values cannot be accepted."))
        refusal.status = response.status_code
        return problem(refusal)
    page = render_template("errors/error.html", status=response.status_code, message=None, typed=[])
    response.set_data(page)
    return response
