"""How many API calls a token, an account and an origin may make: budgets that refill evenly.

Counting must cost a call next to nothing, across all web processes of a machine. So it happens
outside the database: a file of fixed size in the instance path is mapped into every process. Each
slot holds eight bytes of a keyed digest (who) and a number: the instant, by the machine's monotonic
clock, when the budget is full again (the generic cell rate algorithm). Two processes counting in
the same microsecond may lose one call, which is not worth a lock. Each machine counts for itself;
where the file cannot be created, so does each process.
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
#: Slots that a caller may occupy; if all are taken, the one that is full again first is reused.
NEIGHBOURS = 8
#: Seconds in which an empty budget refills.
WINDOW = 60


@dataclass(frozen=True)
class Standing:
    """The state of a budget: `remaining` calls now, all of `quota` in `full_in` seconds; `wait`
    seconds if none remain."""

    name: str
    quota: int
    remaining: int
    full_in: float
    wait: float = 0.0

    @property
    def reset_in(self) -> int:
        """Whole seconds until the budget is full again; 0 if it is."""
        return int(self.full_in) + 1 if self.remaining < self.quota else 0


class Budgets:
    """The counters of one installation on this machine."""

    def __init__(self, path: Path, secret: str):
        self.path = path
        self.secret = hashlib.sha256(secret.encode()).digest()
        self.lock = threading.Lock()
        self.map: mmap.mmap | None = None

    def spend(self, name: str, client: object, quota: int) -> Standing:
        """Counts one call of `client`, unless its budget of `quota` calls a minute is used up."""
        tag = int.from_bytes(
            hashlib.blake2b(f"{name} {client}".encode(), digest_size=8, key=self.secret).digest(),
            "little",
        )
        now, each = time.monotonic(), WINDOW / quota
        with self.lock:
            at, full_at = self._find(tag, now)
            if full_at > now + WINDOW + 1:  # from before the machine was restarted
                full_at = now
            after = max(now, full_at) + each
            if after > now + WINDOW + each / 1000:  # sums of fractions are never exact
                return Standing(name, quota, 0, full_at - now, wait=after - now - WINDOW)
            SLOT.pack_into(self._table(), at, tag, after)
        return Standing(name, quota, int((WINDOW - (after - now)) / each + 1e-6), after - now)

    def _find(self, tag: int, now: float) -> tuple[int, float]:
        """(slot, full at) of the caller with `tag`; else of a free slot, or of the one that is full
        again first."""
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
                    )  # a full disk fails here, rather than by a signal later
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
    """Charges one API call to each budget: `charge(origin=…)`, `charge(token=…, account=…)`. Raises
    TooManyTries if one is used up. A quota of 0 means no limit; a caller of None is not counted."""
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
    """Adds the headers of draft-ietf-httpapi-ratelimit-headers: the budgets and what remains of
    them."""
    standings: Iterable[Standing] = g.get("budgets", ())
    if standings:
        response.headers["RateLimit-Policy"] = ", ".join(
            f'"{standing.name}";q={standing.quota};w={WINDOW}' for standing in standings
        )
        response.headers["RateLimit"] = ", ".join(
            f'"{standing.name}";r={standing.remaining};t={standing.reset_in}'
            for standing in standings
        )
