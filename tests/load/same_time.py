"""Known and unknown addresses in turn, where people sign in: the medians of how long the answers
take, and how far they lie apart.

In one process, without a network between: what little is different shows best so.
"""

from __future__ import annotations

import re
import statistics
import time

from flask import Flask

from accounts import services
from core.database import db, transaction
from core.policy import SYSTEM

PASSWORD = "trombone lagoon seven"
ROUNDS = {"/sign-in/link": 150, "/sign-in": 40}
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def rows(app: Flask) -> list[tuple[str, str]]:
    """(what, figures) for a link asked for and for a wrong password."""
    with app.app_context():
        for number in range(max(ROUNDS.values())):
            with transaction():
                services.create_account(
                    SYSTEM,
                    email=f"known{number}@example.org",
                    given_name="Known",
                    password=PASSWORD if number < 40 else None,
                )
        db.session.remove()
    named = {"/sign-in/link": "a sign-in link asked for", "/sign-in": "a wrong password"}
    return [
        (f"{named[path]}: known / unknown address, in turn", _figures(app, path)) for path in named
    ]


def _figures(app: Flask, path: str) -> str:
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    client = app.test_client()
    match = TOKEN.search(client.get("/sign-in").text)
    assert match
    for number in range(ROUNDS[path]):
        for who in ("known", "unknown") if number % 2 else ("unknown", "known"):
            form = {
                "csrf_token": match[1],
                "email": f"{who}{number}@example.org",
                "password": "a wrong password",
            }
            place = {"REMOTE_ADDR": f"10.{number}.{path.count('/')}.{len(who)}"}
            began = time.perf_counter()
            answer = client.post(path, data=form, environ_base=place)
            times[who].append((time.perf_counter() - began) * 1000)
            assert answer.status_code in (200, 422), answer.status_code
    known, unknown = (statistics.median(times[who]) for who in ("known", "unknown"))
    return f"{known:.2f} / {unknown:.2f} ms ({(known - unknown) / unknown:+.1%})"
