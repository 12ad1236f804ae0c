"""The headers of every answer: security, caching, language; and removing control characters from
pages."""

from __future__ import annotations

import re

from flask import Flask, Response, request

from core import budgets, i18n, refusals, texts
from core.settings import settings_of

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' "
    "data:; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: For forms of several screens: browsers may go back to an answer to a POST, which "no-store"
#: forbids. Signing out clears the cache.
GOING_BACK = "private, max-age=0, must-revalidate"
#: Written in the reader's language. Answers of the API contain several; papers and calendars have
#: their own.
SAID_IN_A_LANGUAGE = {"text/html", "application/problem+json"}


def init_app(app: Flask) -> None:
    app.after_request(_finish)


def _finish(response: Response) -> Response:
    response = _without_controls(refusals.bounded(response))
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if request.endpoint == "static" and response.status_code < 400:
        # style, script, emblem: headers for documents would be a tenth of a first visit's bytes
        return response
    budgets.tell(response)
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    if settings_of().is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    headers.setdefault("Cache-Control", GOING_BACK if _is_form_again(response) else "no-store")
    headers["Vary"] = "Accept-Encoding, Accept-Language, Cookie"
    if response.mimetype in SAID_IN_A_LANGUAGE:
        headers.setdefault("Content-Language", i18n.locale())
    chosen = request.args.get("lang")
    if chosen in texts.offered() and chosen != request.cookies.get(i18n.COOKIE):
        response.set_cookie(
            i18n.COOKIE,
            chosen,
            max_age=31536000,
            samesite="Lax",
            httponly=True,
            secure=settings_of().is_secure,
        )
    return response


#: Control characters that HTML forbids, in UTF-8: C0 without tabs and line ends, and C1, whose two
#: bytes occur in no other character. Two steps, because one expression for both would take as long
#: as rendering the page.
_C0 = bytes({*range(32), 127} - set(b"\t\n\f\r"))
_C1 = re.compile(rb"\xc2[\x80-\x9f]")


def _without_controls(response: Response) -> Response:
    """Removes control characters from pages, for instance from refused values: HTML forbids them,
    and people cannot see them to delete them."""
    if response.mimetype == "text/html" and not response.is_streamed:
        page = response.get_data()
        clean = _C1.sub(b"", page.translate(None, _C0))
        if len(clean) != len(page):
            response.set_data(clean)
    return response


def _is_form_again(response: Response) -> bool:
    """The next screen of a form, or the same with errors."""
    return (
        request.method == "POST"
        and response.mimetype == "text/html"
        and response.status_code in (200, 422)
    )
