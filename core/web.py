"""The web's edge: declared access (default deny), security headers, page context."""

from __future__ import annotations

import gzip
import hashlib
import ipaddress
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import brotli
from flask import Flask, Response, current_app, g, has_request_context, redirect, request, session
from flask_babel import lazy_gettext as _l
from flask_compress import Compress
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import BadRequest, default_exceptions
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response as BaseResponse

from core import budgets, clock, i18n, once, refusals, texts
from core.database import LARGEST_ID, db, settings_of
from core.errors import NotSignedIn
from core.forwarding import is_for_this_machine
from core.intake import CountedRequest, check_query
from core.policy import ANONYMOUS, Actor, can, require
from core.refusals import is_api
from core.settings import Settings
from core.visits import VisitInterface

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: For forms on several screens: a browser may go back to one that was answered to a POST, which "no-store" forbids. Signing
#: out empties the cache.
GOING_BACK = "private, max-age=0, must-revalidate"
#: What is written in the reader's language. An API's answer holds texts in several; papers and calendars have their own.
SAID_IN_A_LANGUAGE = {"text/html", "application/problem+json"}

csrf = CSRFProtect()
login = LoginManager()


class IdConverter(IntegerConverter):
    """`<int:…>` in an address. A number that no row can have is the address of nothing: 404."""

    regex = "[0-9]{1,10}"

    def __init__(self, map: Map):
        super().__init__(map, max=LARGEST_ID)


class UndeclaredAccess(RuntimeError):
    """A route that declares neither @public nor @requires: the application does not start."""


@dataclass(frozen=True)
class Access:
    """What a route asks for: `permission` None and `signed_in` False is public."""

    permission: str | None = None
    signed_in: bool = False


def public(view: Callable) -> Callable:
    """Everyone may come here."""
    view.access = Access()  # type: ignore[attr-defined]  # read by the gate
    return view


def signed_in(view: Callable) -> Callable:
    """Whoever is signed in may come here; the view shows people their own."""
    view.access = Access(signed_in=True)  # type: ignore[attr-defined]  # read by the gate
    return view


def requires(permission: str) -> Callable[[Callable], Callable]:
    """Only actors who have `permission` on something; which objects is asked again by the services and queries."""

    def mark(view: Callable) -> Callable:
        view.access = Access(permission, True)  # type: ignore[attr-defined]  # read by the gate
        return view

    return mark


def access_of(app: Flask, endpoint: str) -> Access | None:
    return getattr(app.view_functions[endpoint], "access", None)


def current_actor() -> Actor:
    """Who acts in this request."""
    return g.get("actor", ANONYMOUS)


def init_app(app: Flask, settings: Settings, load_actor: Callable[[], Actor]) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.request_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=settings.request_mb * 1024 * 1024,
        MAX_FORM_PARTS=settings.form_fields,
        WTF_CSRF_TIME_LIMIT=None,
        SEND_FILE_MAX_AGE_DEFAULT=31536000,
        COMPRESS_MIMETYPES=["text/html", "text/css", "text/javascript", "application/json", "image/svg+xml", "text/calendar"],
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_LEVEL=5,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.session_interface = VisitInterface(settings.secret_key, settings.is_secure)
    app.url_map.strict_slashes = False
    app.url_map.converters["int"] = IdConverter
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Compress(app)
    csrf.init_app(app)
    login.init_app(app)
    login.anonymous_user = lambda: ANONYMOUS
    login.request_loader(lambda _request: current_actor() if current_actor().is_authenticated else None)
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # as Flask says
    app.before_request(_gate(app, settings, load_actor))
    app.after_request(_finish)
    app.request_class = CountedRequest
    budgets.init_app(app, settings)
    refusals.init_app(app)
    app.context_processor(_page_context)
    app.jinja_env.globals.update(asset=asset, can=lambda permission, obj=None: can(current_actor(), permission, obj))


def check_access_declared(app: Flask) -> None:
    """Default deny: raises UndeclaredAccess when a route declares no access."""
    app.view_functions["static"] = public(app.view_functions["static"])
    for rule in app.url_map.iter_rules():
        if access_of(app, rule.endpoint) is None:
            raise UndeclaredAccess(f"{rule.rule} ({rule.endpoint}) declares neither @public nor @requires")


def _gate(app: Flask, settings: Settings, load_actor: Callable[[], Actor]) -> Callable[[], BaseResponse | None]:
    hosts = {urlsplit(settings.public_url).netloc, f"{settings.host}:{settings.port}"}

    def gate() -> BaseResponse | None:
        if refused := request.environ.get(refusals.REFUSED):
            raise refused if isinstance(refused, Exception) else default_exceptions[refused]
        check_query()
        if settings.is_local is False and request.host not in hosts and request.endpoint != "health.alive":
            raise BadRequest("This address is not served here.")
        if _is_foreign_name():
            raise BadRequest("A demonstration is served at loopback addresses only, such as http://127.0.0.1.")
        if "\0" in request.path or "%00" in request.query_string.decode("latin-1"):
            raise BadRequest("An address has no NUL character.")  # PostgreSQL could not even look for it
        if request.endpoint is None or request.endpoint == "static":
            return None
        access = access_of(app, request.endpoint)
        assert access is not None
        if is_api():
            budgets.charge(origin=place())
        g.actor = load_actor()
        if g.actor.token_id is not None:
            budgets.charge(token=g.actor.token_id, account=g.actor.person_id)
        if access.signed_in and g.actor.is_anonymous:
            raise NotSignedIn("not_signed_in", _l("Sign in to continue."))
        if access.permission:
            require(g.actor, access.permission)
        return None

    return gate


def _is_foreign_name() -> bool:
    """A demonstration asked for by another name than this machine's own."""
    settings = settings_of()
    return settings.demo and settings.is_local and request.endpoint != "health.alive" and not is_for_this_machine()


def _finish(response: Response) -> Response:
    response = _without_controls(refusals.bounded(response))
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if request.endpoint == "static" and response.status_code < 400:
        return _squeezed(response)  # style, script, emblem: headers for documents would be a tenth of what a first visit costs
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
        response.set_cookie(i18n.COOKIE, chosen, max_age=31536000, samesite="Lax", httponly=True, secure=settings_of().is_secure)
    return response


#: Control characters that HTML forbids, in UTF-8: C0 without tabs and line ends, and C1, whose two bytes occur in no other
#: character. Two steps, because one expression for both takes as long as making the page.
_C0 = bytes({*range(32), 127} - set(b"\t\n\f\r"))
_C1 = re.compile(rb"\xc2[\x80-\x9f]")


def _without_controls(response: Response) -> Response:
    """Removes control characters from pages, for instance from a form that shows refused values again: HTML forbids them, and
    people cannot see them to remove them."""
    if response.mimetype == "text/html" and not response.is_streamed:
        page = response.get_data()
        clean = _C1.sub(b"", page.translate(None, _C0))
        if len(clean) != len(page):
            response.set_data(clean)
    return response


def _is_form_again(response: Response) -> bool:
    """The next screen of a form, or the same with what is wrong."""
    return request.method == "POST" and response.mimetype == "text/html" and response.status_code in (200, 422)


def _squeezed(response: Response) -> Response:
    """A static file compressed as far as it goes, once for each process: a tenth less than what is compressed on the fly."""
    file = response.response
    name = getattr(getattr(file, "file", None), "name", None)
    is_whole = request.method == "GET" and response.status_code == 200 and "Range" not in request.headers
    is_text = response.mimetype in current_app.config["COMPRESS_MIMETYPES"]
    encoding = next((one for one in ("br", "gzip") if one in request.accept_encodings), None)  # plain HTTP asks for gzip only
    if not (name and is_whole and is_text and encoding):
        return response
    smaller = _smaller(name, os.stat(name).st_mtime_ns, encoding)
    file.close()  # type: ignore[union-attr]  # it has a file, so it has this
    response.direct_passthrough = False
    response.set_data(smaller)
    response.headers["Content-Encoding"] = encoding
    response.vary.add("Accept-Encoding")
    return response


@lru_cache(maxsize=32)
def _smaller(name: str, changed: int, encoding: str) -> bytes:
    plain = Path(name).read_bytes()
    return brotli.compress(plain, quality=11) if encoding == "br" else gzip.compress(plain, 9, mtime=0)


def place() -> str:
    """Where the request comes from, for counting: an IPv4 address, or the network of an IPv6 one, which has many."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


# Pages


@lru_cache(maxsize=64)
def _fingerprinted(folder: str, name: str) -> str:
    content = Path(folder, name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:10]}"


def asset(name: str) -> str:
    """The address of a static file, with its fingerprint, so that it may be cached for ever. Read once per process."""
    return _fingerprinted(current_app.static_folder or "", name)


def _page_context() -> dict[str, Any]:
    if not has_request_context():
        return {}  # a mail written by a job or a command: there is no page around it
    code = i18n.locale()
    return {
        "actor": current_actor(),
        "locale": code,
        "text_direction": texts.direction(code),
        "languages": [(c, own, _with_language(c)) for c, own in texts.offered().items()],
        "navigation": current_app.extensions["navigation"](current_actor()),
        "footer_links": current_app.extensions["footer_links"](),
        "contact": settings_of().contact_email,
        "alerts": current_app.extensions["alerts"](current_actor()),
        "clock_banner": i18n.instant_words(clock.now()) if clock.is_set() else None,
        "demonstration": current_app.extensions["is_demonstration"](),
    }


def _with_language(code: str) -> str:
    """This page in another language; the first page where an address only takes what is sent to it."""
    is_page = request.url_rule is None or "GET" in (request.url_rule.methods or ())
    query = request.args.to_dict(flat=False) | {"lang": [code]} if request.method == "GET" else {"lang": [code]}
    return (request.path if is_page else "/") + "?" + urlencode(query, doseq=True)


@dataclass(frozen=True)
class Link:
    """An entry of the navigation or the footer."""

    label: Any
    url: str

    @property
    def is_current(self) -> bool:
        return request.path == self.url or (self.url != "/" and request.path.startswith(self.url + "/"))


def see_other(address: str) -> BaseResponse:
    """303: after a POST, the browser is sent to a page that may be reloaded."""
    return redirect(address, 303)


def safe_next(address: str | None, otherwise: str) -> str:
    """`address` when it is a path of this site, else `otherwise`: no one is sent elsewhere by a crafted link."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return otherwise
    if any(c in address for c in "\\\r\n\t") or urlsplit(address).netloc:
        return otherwise
    return address


def submitted_once(view: Callable) -> Callable:
    """For forms that make something: the same form (its `submission` key) sent twice gets the first answer.

    The view calls `remember_answer(location)` inside its transaction.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        sent = request.form.get("submission", "")
        if request.method != "POST" or not sent or "redisplay" in request.form:
            return view(*args, **kwargs)
        g.submission_key = once.digest("form", current_actor().person_id, session.get("csrf_token"), request.path, sent)
        if kept := once.find(g.submission_key):
            return see_other(kept.location)
        try:
            return view(*args, **kwargs)
        except Exception:
            db.session.rollback()
            if kept := once.find(g.submission_key):  # a twin was faster
                return see_other(kept.location)
            raise

    return guarded


def remember_answer(location: str) -> BaseResponse:
    """Inside the transaction of the act: keeps its answer for a second sending, and returns it."""
    if key := g.get("submission_key"):
        once.keep(key, location=location)
    return see_other(location)
