"""How many calls of the API a token, an account and an origin may make: a budget each, which fills
up again evenly.

Counting must cost a call next to nothing and must hold over all web processes of a machine. So it
is no database's business: a file of fixed size in the instance path is mapped into every process.
Each slot holds eight bytes of a keyed digest (who) and a number: the instant, by the machine's
monotonic clock, at which the budget would be full again (the generic cell rate algorithm). Two
processes that count in the same microsecond may lose one call, which is not worth a lock. Several
machines count each for itself. Where the file cannot be made, each process counts for itself.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, current_app, g
from flask_babel import lazy_gettext as _l

from core.errors import TooManyTries
from core.settings import Settings

SLOTS, SLOT = 16_384, struct.Struct("<Qd")
SIZE = SLOTS * SLOT.size
#: Slots in which one who is counted may lie; when all are in use, the one that is full again first
#: makes room.
NEIGHBOURS = 8
#: Seconds over which a whole budget fills up.
WINDOW = 60


@dataclass(frozen=True)
class Standing:
    """What is left of a budget: `remaining` calls now, all of `quota` in `full_in` seconds. `wait`
    seconds when there is none."""

    name: str
    quota: int
    remaining: int
    full_in: float
    wait: float = 0.0

    @property
    def reset_in(self) -> int:
        """Whole seconds until all of it is there again; 0 when nothing is missing."""
        return int(self.full_in) + 1 if self.remaining < self.quota else 0


class Budgets:
    """The counters of one installation on this machine."""

    def __init__(self, path: Path, secret: str):
        self.path = path
        self.secret = hashlib.sha256(secret.encode()).digest()
        self.lock = threading.Lock()
        self.map: mmap.mmap | None = None

    def spend(self, name: str, client: object, quota: int) -> Standing:
        """One call of `client`, counted unless the budget of `quota` calls a minute is used up."""
        tag = int.from_bytes(
            hashlib.blake2b(f"{name} {client}".encode(), digest_size=8, key=self.secret).digest(),
            "little",
        )
        now, each = time.monotonic(), WINDOW / quota
        with self.lock:
            at, full_at = self._find(tag, now)
            if full_at > now + WINDOW + 1:  # from before the machine was started anew
                full_at = now
            after = max(now, full_at) + each
            if after > now + WINDOW + each / 1000:  # what fractions add up to is never exact
                return Standing(name, quota, 0, full_at - now, wait=after - now - WINDOW)
            SLOT.pack_into(self._table(), at, tag, after)
        return Standing(name, quota, int((WINDOW - (after - now)) / each + 1e-6), after - now)

    def _find(self, tag: int, now: float) -> tuple[int, float]:
        """(place, full at) of who has `tag`; else a place to use, empty or that of whoever is
        full again first."""
        table, slots = self._table(), []
        for step in range(NEIGHBOURS):
            at = (tag + step) % SLOTS * SLOT.size
            stored_tag, full_at = SLOT.unpack_from(table, at)
            if stored_tag == tag:
                return at, full_at
            slots.append((full_at if full_at <= now + WINDOW + 1 else 0.0, at))
        return min(slots)[1], now

    def _table(self) -> mmap.mmap:
        if self.map is None:
            self.map = self._open()
        return self.map

    def _open(self) -> mmap.mmap:
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if os.fstat(file).st_size < SIZE:
                    os.posix_fallocate(
                        file, 0, SIZE
                    )  # a full disk is met here, and not as a signal later
                return mmap.mmap(file, SIZE)
            finally:
                os.close(file)
        except OSError:
            return mmap.mmap(-1, SIZE)

    def clear(self) -> None:
        """Forgets what was counted (tests)."""
        with self.lock:
            self._table()[:] = bytes(SIZE)


def init_app(app: Flask, settings: Settings) -> None:
    app.extensions["budgets"] = Budgets(settings.instance_path / "budgets", settings.secret_key)
    app.extensions["budget_quotas"] = {
        "token": settings.api_per_token,
        "account": settings.api_per_account,
        "origin": settings.api_per_origin,
    }


def charge(**clients: object) -> None:
    """`charge(origin=…)`, `charge(token=…, account=…)`: one call of the API on each of these
    budgets. Raises TooManyTries when one of them is used up. A quota of 0 is no limit, and so is
    None for who it is."""
    standings: list[Standing] = g.setdefault("budgets", [])
    for name, client in clients.items():
        quota = current_app.extensions["budget_quotas"][name]
        if quota and client is not None:
            standings.append(current_app.extensions["budgets"].spend(name, client, quota))
    if waits := [standing.wait for standing in standings if standing.wait]:
        sentence = _l(
            "Too many calls in a short time. Wait as long as Retry-After says, then go on."
        )
        raise TooManyTries("too_many_requests", sentence, int(max(waits)) + 1)


def tell(response: Response) -> None:
    """The headers of draft-ietf-httpapi-ratelimit-headers: what the budgets are, and what is
    left of them."""
    standings: Iterable[Standing] = g.get("budgets", ())
    if standings:
        response.headers["RateLimit-Policy"] = ", ".join(
            f'"{standing.name}";q={standing.quota};w={WINDOW}' for standing in standings
        )
        response.headers["RateLimit"] = ", ".join(
            f'"{standing.name}";r={standing.remaining};t={standing.reset_in}'
            for standing in standings
        )
