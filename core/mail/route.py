"""What is known of the mail server: whether it accepts mail from here, and which addresses it can
write to.

A configuration fault stops sending and leaves everything queued; a probe, which is a job, repeats
until the server accepts mail, and then everything continues.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.dialects import postgresql, sqlite

from core import clock, jobs
from core.database import db, is_sqlite, write
from core.jobs import ledger
from core.mail import addresses, server
from core.mail.model import MailServer
from core.mail.settling import KINDS
from core.settings import settings_of
from core.waiting import MOMENT, waits

log = logging.getLogger(__name__)

PROBE = "mail.probe"
_KNOWN_FOR = timedelta(days=1)
_ASKED_AGAIN_AFTER = 60.0  # seconds
_PATIENCE_OF_A_PAGE = 0.6  # seconds for each of up to four answers


@dataclass(frozen=True)
class Fault:
    """Why nothing is sent now. `step`: see server.Misconfigured, or "away"; `is_stopped`: until the
    configuration is repaired."""

    step: str
    answer: str | None
    since: datetime
    is_stopped: bool


def standing() -> Fault | None:
    """What currently prevents sending, or None."""
    row = _row() if settings_of().mail_url else None
    if row is None:
        return None
    if row.fault and row.since:
        return Fault(row.fault, row.answer, row.since, is_stopped=True)
    return Fault("away", row.answer, row.away_since, is_stopped=False) if row.away_since else None


def _row() -> MailServer | None:
    row = db.session.get(MailServer, 1)
    return row if row is not None and row.url == _url() else None


def _url() -> str:
    settings = settings_of()
    return hashlib.sha256(f"{settings.mail_url}\n{settings.mail_from}".encode()).hexdigest()


def stop(fault: server.Misconfigured) -> None:
    """Records that the server refuses everything, and starts probing. Logged once."""
    row = _row()
    if row is None or row.fault != fault.step:
        log.error(
            "mail: sending has stopped, a fault of the setup (%s); see the page Messages",
            fault.step,
        )
    since = row.since if row is not None and row.fault and row.since else clock.now()
    _note(fault=fault.step, answer=fault.answer, since=since, away_since=None)
    jobs.enqueue(PROBE, dedupe_key=PROBE, delay=ledger.kind_of(PROBE).retry.first)


def note_away(away: server.ServerAnswer) -> None:
    """Records that the server is unreachable, or accepts nothing now."""
    row = _row()
    if row is not None and row.away_since:
        return
    log.warning("mail: the server does not answer or puts off (%s)", away.answer.partition(" ")[0])
    _note(away_since=clock.now(), answer=away.answer)


def note_open(line: server.Connection) -> bool:
    """Records that the server accepts mail. True if it did not before: what waits is due again."""
    row, now = _row(), clock.now()
    was_closed = row is not None and bool(row.fault or row.away_since)
    # Some servers offer SMTPUTF8 but refuse it: record at once that it is missing, and only later
    # that it is available again.
    is_new = (
        row is None
        or _is_old(row)
        or row.offers_utf8 is None
        or (row.offers_utf8 and not line.offers_utf8)
    )
    if was_closed or is_new:
        _note(
            fault=None,
            answer=None,
            since=None,
            away_since=None,
            offers_utf8=line.offers_utf8,
            seen_at=now,
        )
    if was_closed:
        ledger.recall(KINDS)
        _end_probing()
    return was_closed


def _is_old(row: MailServer) -> bool:
    return row.seen_at is None or row.seen_at < clock.now() - _KNOWN_FOR / 2


def _end_probing() -> None:
    probes = sa.delete(jobs.Job).where(
        jobs.Job.kind == PROBE, jobs.Job.state == jobs.JobState.QUEUED
    )
    db.session.execute(probes, execution_options={"synchronize_session": False})


def resume() -> None:
    """The configuration was repaired: try the next message at once."""
    _note(fault=None, answer=None, since=None, away_since=None)
    _end_probing()


def _note(**facts: Any) -> None:
    of_another = MailServer.url != _url()
    insert = (sqlite if is_sqlite() else postgresql).insert(MailServer.__table__)
    statement = insert.values(id=1, url=_url(), **facts)
    forgotten = {
        name: None
        for name in ("fault", "answer", "since", "away_since", "offers_utf8", "seen_at")
        if name not in facts
    }
    previous = {
        name: sa.case((of_another, sa.null()), else_=getattr(MailServer, name))
        for name in forgotten
    }
    write(
        statement.on_conflict_do_update(
            index_elements=["id"], set_={"url": _url(), **facts, **previous}
        )
    )
    db.session.expire_all()


def can_write_to(address: addresses.EmailAddress) -> bool:
    """False if the mail server is known to lack SMTPUTF8, which this address needs."""
    if not address.needs_utf8 or not settings_of().mail_url or addresses.is_invented(address.typed):
        return True
    with db.session.no_autoflush:
        row = _row()
    if (
        row is None
        or row.offers_utf8 is None
        or row.seen_at is None
        or row.seen_at < clock.now() - _KNOWN_FOR
    ):
        return _answered() is not False  # without an answer the address is accepted
    return row.offers_utf8


#: Held by the request that asks the mail server: only one waits for it, the others continue without
#: the answer.
_asking = threading.Lock()


def _answered() -> bool | None:
    """Whether the server offers SMTPUTF8: asked by a request if no worker has asked yet, and cached
    in this process. None if the server does not answer at once."""
    known: dict[str, tuple[float, bool | None]] = current_app.extensions.setdefault(
        "mail_server_answered", {}
    )
    until, answer = known.get(_url(), (0.0, None))
    if time.monotonic() < until or not _asking.acquire(blocking=False):
        return answer
    try:
        with (
            waits(MOMENT),
            suppress(server.ServerAnswer),
            server.connected(seconds=_PATIENCE_OF_A_PAGE, signs_in=False) as line,
        ):
            answer = line.offers_utf8
        known[_url()] = (time.monotonic() + _ASKED_AGAIN_AFTER, answer)
    finally:
        _asking.release()
    return answer


def is_time_to_ask() -> bool:
    """Whether an idle lane should ask the server what it offers, for pages to read. At most once a
    minute, even if the server does not answer."""
    next_probes: dict[str, float] = current_app.extensions.setdefault("mail_server_asked", {})
    if time.monotonic() < next_probes.get(_url(), 0.0):
        return False
    next_probes[_url()] = time.monotonic() + _ASKED_AGAIN_AFTER
    row = _row()
    return row is None or not (row.fault or row.away_since) and _is_old(row)


def note_offer(line: server.Connection) -> None:
    """Records what the server offers. Anyone who connects is told, so it does not show whether it
    accepts our mail."""
    _note(offers_utf8=line.offers_utf8, seen_at=clock.now())


def breaches() -> Iterator[str]:
    """Operators must know if sending has stopped."""
    fault = standing()
    if fault is not None and fault.is_stopped:
        yield (
            f"mail: sending has stopped since {fault.since:%Y-%m-%d %H:%M} UTC ({fault.step}: "
            f"{fault.answer})"
        )
