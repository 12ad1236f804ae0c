"""Public verification: the address in the QR code repeats what is printed and shows today's status.

Only the random token opens it, never the number. The check character reveals a mistyped token
without any lookup; misses are counted per client address, hits are not.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from flask import Response, current_app, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from certificates import queries, wording
from certificates.models import Certificate, CertificateStatus
from certificates.numbers import normalise_number, normalise_token
from certificates.schemas import AlteredAnswer, VerificationAnswer, verification
from certificates.snapshot import is_intact
from certificates.views.blueprint import pages
from certificates.views.printed import facts, language, printed
from core import limits
from core.api import described
from core.database import transaction
from core.errors import NotFound, TooManyTries
from core.origin import client_network
from core.outages import Unavailable
from core.refusals import problem, wants_json
from core.web import public, see_other

log = logging.getLogger(__name__)
MISSES, SECONDS = 30, 600


@pages.get("/verify")
@public
def verify_form() -> Any:
    """One field for the code below the QR code, or a whole pasted address."""
    typed = request.args.get("code", "").strip()[:300]
    if "lang" in request.args:  # only the language was changed: do not judge the input yet
        return _public(render_template("certificates/verify_form.html", typed=typed), 200)
    if not typed:
        fault = (
            _("Type the code that is printed below the QR code.")
            if "code" in request.args
            else None
        )
        return _public(
            render_template("certificates/verify_form.html", fault=fault), 422 if fault else 200
        )
    token = normalise_token(_last_part(typed))
    if token is None:
        return _mistyped(typed)
    return _quiet(see_other(_address(token)))


def _address(token: str) -> str:
    return current_app.url_for("certificates.verify", token=token)


def _last_part(typed: str) -> str:
    """The part after the last slash, if someone pasted the whole address."""
    return typed.rstrip("/").rpartition("/")[2]


@pages.get("/verify/<token>")
@public
@described(
    "What a certificate states, and what it is worth today",
    {200: VerificationAnswer | AlteredAnswer},
    is_page_too=True,
)
def verify(token: str) -> Any:
    """The certificate for a token, as a page or JSON."""
    stored = normalise_token(token)
    if stored is None:
        return _mistyped(token)
    address = client_network()
    try:
        limits.check("verify", address, limit=MISSES, seconds=SECONDS)
    except TooManyTries as refusal:
        return _too_many(refusal)
    certificate = queries.find_by_token(stored)
    if certificate is None:
        with (
            suppress(Unavailable),
            transaction(patience=0.5),
        ):  # lookups do not wait for writers
            limits.count("verify", address, seconds=SECONDS)
        return _unknown(token)
    return _answer(certificate)


def _answer(certificate: Certificate) -> Response:
    if not is_intact(certificate):
        log.error("certificate %s: its record was altered", certificate.number)
        if wants_json():
            return _public({"status": "altered"})
        return _public(render_template("certificates/verify_altered.html"))
    successor = (
        queries.find_successor(certificate)
        if certificate.status is CertificateStatus.SUPERSEDED
        else None
    )
    if wants_json():
        return _public(verification(certificate, successor))
    return _public(render_template("certificates/verify.html", **_shown(certificate, successor)))


def _shown(certificate: Certificate, successor: Certificate | None) -> dict[str, Any]:
    payload, lang = printed(certificate), language()
    return {
        "certificate": certificate,
        "printed": payload,
        "status": certificate.current_status,
        "course": payload.course_title.text(lang),
        "facts": facts(payload),
        "objectives": [item.text(lang) for item in payload.objectives],
        "skills": [
            (str(title.value), title.lang, detail)
            for title, detail in wording.skills(payload, lang)
        ],
        "signatories": [(person.name, person.role.text(lang)[0]) for person in payload.signatories],
        "issuer": payload.issuer.text(lang),
        "reference": wording.reference(payload),
        "name_direction": wording.direction(payload.holder_name),
        "successor_url": _address(successor.token) if successor else None,
        "ended_on": certificate.date_of(certificate.ended_at) if certificate.ended_at else None,
        "suspended_on": queries.suspended_on(certificate),
        "checked_on": certificate.today,
    }


def _mistyped(typed: str) -> Response:
    if wants_json():
        return _nothing_for_machines()
    kind = "number" if normalise_number(_last_part(typed)) else "mistyped"
    return _public(render_template("certificates/verify_missing.html", kind=kind, typed=typed), 404)


def _unknown(typed: str) -> Response:
    if wants_json():
        return _nothing_for_machines()
    return _public(
        render_template("certificates/verify_missing.html", kind="unknown", typed=typed), 404
    )


def _nothing_for_machines() -> Response:
    """The same answer for every token that opens nothing."""
    return _quiet(
        problem(NotFound("unknown_certificate", _l("There is no certificate with this code.")))
    )


def _too_many(refusal: TooManyTries) -> Response:
    if wants_json():
        return _quiet(problem(refusal))
    response = _public(render_template("certificates/verify_too_many.html"), 429)
    response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _public(body: Any, status: int = 200) -> Response:
    response = make_response(body, status)
    return _quiet(response)


def _quiet(response: Any) -> Any:
    """Keeps the page out of search engines, and its address from other sites."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
