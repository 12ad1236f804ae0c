"""The web's edge: who may open what (`access`), checks before a view (`gate`), headers (`headers`),
the frame of pages (`pages`), style and script (`assets`), repeated submissions (`submissions`),
`redirects`.

Views import what they need from here.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Request
from flask_compress import Compress
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from core import budgets, refusals
from core.database import LARGEST_ID
from core.policy import ANONYMOUS, Actor
from core.settings import Settings
from core.visits import VisitInterface
from core.web import assets, gate, headers, pages
from core.web.access import (
    Access,
    UndeclaredAccess,
    access_of,
    check_access_declared,
    current_actor,
    public,
    requires,
    signed_in,
)
from core.web.assets import asset
from core.web.pages import Link
from core.web.redirects import safe_next, see_other
from core.web.submissions import remember_answer, submitted_once

__all__ = [
    "Access",
    "Link",
    "UndeclaredAccess",
    "access_of",
    "asset",
    "check_access_declared",
    "csrf",
    "current_actor",
    "public",
    "remember_answer",
    "requires",
    "safe_next",
    "see_other",
    "signed_in",
    "submitted_once",
]

csrf = CSRFProtect()
login = LoginManager()


class IdConverter(IntegerConverter):
    """`<int:…>` in an address. Ids too large for the column give 404."""

    regex = "[0-9]{1,10}"

    def __init__(self, map: Map):
        super().__init__(map, max=LARGEST_ID)


def init_app(
    app: Flask,
    settings: Settings,
    load_by_visit: Callable[[str], Actor | None],
    load_by_token: Callable[[Request], Actor | None],
) -> None:
    """Flask-Login calls `load_by_visit`, or else `load_by_token`; the gate checks the actor it
    finds."""
    _configure(app, settings)
    Compress(app)
    csrf.init_app(app)
    login.init_app(
        app, add_context_processor=False
    )  # templates use the `actor` that the gate accepted
    login.session_protection = (
        None  # a session is a row that can end at once, and phones change their addresses
    )
    login.anonymous_user = lambda: ANONYMOUS
    login.user_loader(load_by_visit)
    login.request_loader(load_by_token)
    budgets.init_app(app, settings)
    refusals.init_app(app)
    gate.init_app(app, settings)
    headers.init_app(app)
    pages.init_app(app)
    assets.init_app(app)


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.request_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=settings.request_mb * 1024 * 1024,
        MAX_FORM_PARTS=settings.form_fields,
        WTF_CSRF_TIME_LIMIT=None,
        # Flask-Login would read it before asking for a token. No cookie can have this name.
        REMEMBER_COOKIE_NAME=";",
        SEND_FILE_MAX_AGE_DEFAULT=31536000,
        COMPRESS_MIMETYPES=[
            "text/html",
            "text/css",
            "text/javascript",
            "application/json",
            "image/svg+xml",
            "text/calendar",
        ],
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_LEVEL=5,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.session_interface = VisitInterface(settings.secret_key, settings.is_secure)
    app.url_map.strict_slashes = False
    app.url_map.converters["int"] = IdConverter
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # as Flask documents it
