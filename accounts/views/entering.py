"""What the pages of sign-in share: limits on tries, and entering."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, url_for

from accounts.models import UserSession
from accounts.sessions import end_all_sessions, start_session
from core import limits
from core.database import db, transaction
from core.turns import let_others
from core.web import current_actor, safe_next, see_other

WINDOW = 900  # seconds
TRIES_PER_ACCOUNT = 5  # wrong passwords for one account from one place
TRIES_PER_PLACE = 40  # wrong passwords from one place, whatever the accounts
LINKS_PER_ADDRESS = 5
LINKS_PER_PLACE = 60  # links asked for, and useless ones tried, from one place
ANSWER_SECONDS = 0.12  # every answer to "send me a link" takes this long, so its time tells nothing


def count_try(kind: str, what: str, limit: int) -> None:
    """Counts a try of its own transaction, before the thing is tried. Raises TooManyTries over the limit."""
    with transaction():
        limits.count(kind, what, seconds=WINDOW)
        limits.check(kind, what, limit=limit + 1, seconds=WINDOW)


def enter(person_id: int, method: str) -> None:
    """Signs in, inside the open transaction; whatever was signed in in this browser before is signed out."""
    before = current_actor()
    if before.session_id is not None:
        row = db.session.get(UserSession, before.session_id)
        if row is not None:
            db.session.delete(row)
    start_session(person_id, method)


def enter_afresh(person_id: int, method: str) -> None:
    """After a changed password, inside the open transaction: every session ends, and this browser gets a new one."""
    end_all_sessions(person_id)
    start_session(person_id, method)


def landing(target: str | None) -> Any:
    """Where to go once signed in: the path asked for, when it is one of ours and not the way out."""
    path = safe_next(target, url_for("accounts.me"))
    if urlsplit(path).path.startswith((url_for("accounts.sign_in"), url_for("accounts.sign_out"))):
        path = url_for("accounts.me")
    return see_other(path)


def same_time_for_all(began: float) -> None:
    """Waits until the answer may be given."""
    wait = current_app.config.get("SIGN_IN_ANSWER_SECONDS", ANSWER_SECONDS) - (time.monotonic() - began)
    if wait > 0:
        with let_others():
            time.sleep(wait)
