"""The checks before every view: what a request may contain, which host it may name, who sends it,
and what they may do."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, g, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.exceptions import BadRequest, default_exceptions

from core import budgets, refusals
from core.errors import NotSignedIn
from core.intake import CountedRequest, check_query
from core.origin import client_network, is_for_this_machine
from core.policy import require
from core.refusals import is_api
from core.settings import Settings, settings_of
from core.web.access import access_of

#: Monitoring may use any host name.
ASKED_BY_ANY_NAME = "health.alive"


def init_app(app: Flask, settings: Settings) -> None:
    app.request_class = CountedRequest
    hosts = (
        None
        if settings.is_local
        else {urlsplit(settings.public_url).netloc, f"{settings.host}:{settings.port}"}
    )

    def gate() -> None:
        if refused := request.environ.get(refusals.REFUSED):
            raise refused if isinstance(refused, Exception) else default_exceptions[refused]
        _check_address(hosts)
        if request.endpoint is not None and request.endpoint != "static":
            _check_access(app)

    app.before_request(gate)


def _check_address(hosts: set[str] | None) -> None:
    """`hosts`: the names served; None for any (on this machine only)."""
    check_query()
    if request.endpoint != ASKED_BY_ANY_NAME:
        if hosts is not None and request.host not in hosts:
            raise BadRequest("This address is not served here.")
        if settings_of().is_demonstration and not is_for_this_machine():
            raise BadRequest(
                "A demonstration is served at loopback addresses only, such as http://127.0.0.1."
            )
    if "\0" in request.path or "%00" in request.query_string.decode("latin-1"):
        raise BadRequest(
            "An address has no NUL character."
        )  # PostgreSQL could not even search for it


def _check_access(app: Flask) -> None:
    assert request.endpoint
    access = access_of(app, request.endpoint)
    assert access is not None
    if is_api():
        budgets.charge(origin=client_network())
    g.actor = current_user._get_current_object()
    if g.actor.token_id is not None:
        budgets.charge(token=g.actor.token_id, account=g.actor.person_id)
    if access.signed_in and g.actor.is_anonymous:
        raise NotSignedIn("not_signed_in", _l("Sign in to continue."))
    if access.permission:
        require(g.actor, access.permission)
