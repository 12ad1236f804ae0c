"""The visit, which Flask calls the session. Its cookie holds only a random id; nothing is stored
for visitors who are not signed in. The CSRF token is derived from the id, and notices for the next
page travel in a signed cookie of one minute."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from itsdangerous import BadSignature, URLSafeTimedSerializer

#: 256 random bits; a leading "s" means that someone signed in, so that only those are looked up.
_ID = re.compile(r"s?[A-Za-z0-9_-]{43}")
_SIGNED_IN_LENGTH = 44
NOTICE_SECONDS = 60
#: The values that Flask-Login would store in a session.
OF_FLASK_LOGIN = ("_user_id", "_fresh", "_id")


class Visit(dict[str, Any], SessionMixin):
    """Flask's session. `visit_id` is the cookie's value, None until something needs one."""

    accessed = False

    def __init__(self, visit_id: str | None, secret: str):
        super().__init__()
        self.visit_id = visit_id
        self.secret = secret
        self.is_new = False
        self.notices_before: list[Any] = []
        if visit_id:
            self._follow_id()

    def _csrf(self) -> str:
        return hmac.new(
            self.secret.encode(), f"csrf:{self.visit_id}".encode(), hashlib.sha256
        ).hexdigest()

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "csrf_token":  # Flask-WTF proposes a random one; ours follows from the id
            if self.visit_id is None:
                self.renew()
        elif key not in OF_FLASK_LOGIN:  # the id also determines who is signed in
            super().__setitem__(key, value)

    @property
    def may_be_signed_in(self) -> bool:
        return len(self.visit_id or "") == _SIGNED_IN_LENGTH

    def renew(self, *, signed_in: bool = False) -> str:
        """A new id, at sign-in and sign-out, so that an earlier one is worthless."""
        self.visit_id = ("s" if signed_in else "") + secrets.token_urlsafe(32)
        self.is_new = True
        self._follow_id()
        return self.visit_id

    def _follow_id(self) -> None:
        super().__setitem__("csrf_token", self._csrf())
        self.pop("_user_id", None)
        if self.may_be_signed_in:
            super().__setitem__(
                "_user_id", self.visit_id
            )  # Flask-Login passes it to its user loader


class VisitInterface(SessionInterface):
    def __init__(self, secret: str, is_secure: bool):
        self.secret = secret
        self.is_secure = is_secure
        self.cookie = "__Host-rostrum" if is_secure else "rostrum"
        self.notice_cookie = "__Host-notice" if is_secure else "notice"
        self.serializer = URLSafeTimedSerializer(secret, salt="notice", serializer=json)

    def open_session(self, app: Flask, request: Request) -> Visit:
        visit_id = request.cookies.get(self.cookie, "")
        visit = Visit(visit_id if _ID.fullmatch(visit_id) else None, self.secret)
        if cookie := request.cookies.get(self.notice_cookie):
            try:
                notices = self.serializer.loads(cookie, max_age=NOTICE_SECONDS)
                visit["_flashes"] = [tuple(notice) for notice in notices]
            except BadSignature:
                pass
            visit.notices_before = visit.get("_flashes", [None])
        return visit

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        assert isinstance(session, Visit)
        options: dict[str, Any] = {
            "httponly": True,
            "samesite": "Lax",
            "secure": self.is_secure,
            "path": "/",
        }
        if session.is_new and session.visit_id:
            response.set_cookie(self.cookie, session.visit_id, **options)
        notices = session.get("_flashes", [])
        if notices and notices is not session.notices_before:
            plain = [(category, str(message)) for category, message in notices]
            response.set_cookie(
                self.notice_cookie,
                str(self.serializer.dumps(plain)),
                max_age=NOTICE_SECONDS,
                **options,
            )
        elif session.notices_before and not notices:
            response.delete_cookie(
                self.notice_cookie, **{k: v for k, v in options.items() if k != "max_age"}
            )
