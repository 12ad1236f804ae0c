"""Shared by the sign-in pages: limits on attempts, and signing in."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import request, url_for
from werkzeug.wrappers import Response

from accounts.services import delete_sessions
from accounts.sessions import forget_session, start_session
from core import limits
from core.database import transaction
from core.origin import client_network
from core.settings import settings_of
from core.web import current_actor, safe_next, see_other
from people.values import email_key

TRIES_PER_ACCOUNT = 5  # wrong passwords for one account, from anywhere, before each must wait
#: Wrong passwords for one account that each network may try per day, whatever happens elsewhere,
#: and that all may try together per hour. The shared pace allows 68 more per hour, so the total
#: stays below a hundred.
OWN_TRIES, OWN_TRIES_PER_HOUR = 3, 30
HOUR, DAY = 3600, 86400
TRIES_PER_PLACE = 40  # the same from one network, for any accounts
LINKS_PER_ADDRESS = 5  # links requested from one network for one address
LINKS_PER_PLACE = 60  # links requested, and useless ones tried, from one network
LONGEST_WAIT = 60  # most seconds between two attempts for one account or address
LONGEST_WAIT_OF_PLACE = 15  # many people may share a network
#: Messages with links that one address gets within WINDOW seconds, whoever requests them. More are
#: not sent, but no one is refused: a link is valid for twice as long, so there is always one that
#: works.
MAILS_PER_ADDRESS, WINDOW = 10, 900
KNOWN_FOR = 180 * 86400  # seconds for which a browser is known as one its account has used


def count_try(kind: str, subject: str, free: int, longest: int = LONGEST_WAIT) -> None:
    """Counts an attempt in a transaction of its own, before it is made. Raises TooManyTries while
    it must wait."""
    limits.check_pace(kind, subject, free=free, longest=longest)
    with transaction():
        limits.pace(kind, subject, free=free, longest=longest)


def count_password(guessed: str) -> bool:
    """Counts a wrong password for `guessed` before it is tried; raises TooManyTries while the
    attempt must wait. One attacker can use up the shared pace, so each network also has some
    attempts of its own per day. Returns whether this was one of those."""
    pair = f"{guessed} {client_network()}"
    pace = {"free": TRIES_PER_ACCOUNT, "longest": LONGEST_WAIT}
    tried = limits.used("password.pair", pair, seconds=DAY)
    own = limits.used("password.pairs", guessed, seconds=HOUR)
    if tried >= OWN_TRIES or own >= OWN_TRIES_PER_HOUR:
        limits.check_pace(
            "password.account", guessed, **pace
        )  # an attempt that must wait is refused without a write
    with transaction():
        is_own = limits.count("password.pair", pair, seconds=DAY)[0] <= OWN_TRIES
        is_own = (
            is_own
            and limits.count("password.pairs", guessed, seconds=HOUR)[0] <= OWN_TRIES_PER_HOUR
        )
        limits.pace("password.account", guessed, waits=not is_own, **pace)
    return is_own


def forget_password_tries(guessed: str, is_own: bool) -> None:
    """Call this after a correct password, inside the open transaction: the attempt was not a
    guess."""
    limits.forget("password.account", guessed)
    limits.forget("password.pair", f"{guessed} {client_network()}")
    if is_own:
        limits.count("password.pairs", guessed, seconds=HOUR, amount=-1)


# Browsers in which the owner signed in before, so that strangers' guesses do not slow them down.


def guessing_key(email: str | None) -> str:
    """The subject under which wrong passwords for this address are counted: the address, or this
    browser if its owner used it before."""
    key = email_key(email) or email or ""
    return f"{key} {_known_browser(key)}".strip()


def _known_browser(key: str) -> str:
    nonce, _dot, seal = request.cookies.get(_cookie(), "").partition(".")
    return nonce if nonce and hmac.compare_digest(seal.encode(), _seal(nonce, key).encode()) else ""


def know_browser(response: Response, email: str | None) -> Response:
    """Marks this browser as one in which the owner of the address signed in. The cookie reveals
    neither who nor where."""
    key = email_key(email)
    if key and not _known_browser(key):
        nonce = secrets.token_urlsafe(12)
        options: dict[str, Any] = {
            "httponly": True,
            "samesite": "Lax",
            "secure": settings_of().is_secure,
            "path": "/",
        }
        response.set_cookie(_cookie(), f"{nonce}.{_seal(nonce, key)}", max_age=KNOWN_FOR, **options)
    return response


def _cookie() -> str:
    return "__Host-known" if settings_of().is_secure else "known"


def _seal(nonce: str, key: str) -> str:
    secret = settings_of().secret_key.encode()
    return hmac.new(
        secret, f"known:{nonce}:{key}".encode("utf-8", "surrogatepass"), hashlib.sha256
    ).hexdigest()


def enter(person_id: int, method: str) -> None:
    """Signs in, inside the open transaction; ends any earlier session of this browser."""
    forget_session(current_actor())
    start_session(person_id, method)


def enter_afresh(person_id: int, method: str) -> None:
    """After a change of password, inside the open transaction: every session ends, and this browser
    gets a new one."""
    delete_sessions(person_id)
    start_session(person_id, method)


def landing(target: str | None) -> Any:
    """Where to go after signing in: the requested path if it is ours and not the sign-out."""
    path = safe_next(target, url_for("accounts.me"))
    if urlsplit(path).path.startswith((url_for("accounts.sign_in"), url_for("accounts.sign_out"))):
        path = url_for("accounts.me")
    return see_other(path)
