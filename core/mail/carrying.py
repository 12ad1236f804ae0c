"""Delivers messages to the mail server: a lane of the worker hands over all that are due on one
connection, and checks before each one whether a link that someone waits for has come in."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress

import sqlalchemy as sa

from core import clock, jobs
from core.database import db, transaction
from core.errors import trace
from core.jobs import Lease, LeaseLost, ledger, running
from core.mail import addresses, route, server, settling
from core.mail.composing import compose
from core.mail.model import Mail, MailState
from core.mail.settling import BULK, KINDS, LINKS
from core.mail.writing import leaves
from core.outages import Unavailable
from core.settings import settings_of
from core.yielding import give_way

__all__ = ["BULK", "KINDS", "LINKS", "carry"]

log = logging.getLogger(__name__)

DAY = 86_400.0
#: Messages per connection; many servers end long ones.
MOST_ON_ONE = 100

#: Greylisting accepts after minutes, a server under repair after hours; mail servers themselves
#: retry for four days.
PATIENCE = jobs.Kind(jobs.Retry(first=30.0, longest=3600.0, lasting=4 * DAY), has_lane=True)
PROBING = jobs.Kind(jobs.Retry(first=60.0, longest=900.0), has_lane=True)
JOB_KINDS = {LINKS: PATIENCE, BULK: PATIENCE, route.PROBE: PROBING}


def carry(kinds: Sequence[str] = KINDS, *, left_for: float = 0.0) -> int:
    """Sends all due messages of these kinds, in the order of the kinds, once one has been due for
    `left_for` seconds. Returns how many were tried."""
    if not settings_of().mail_url or left_for and not _is_due(kinds, left_for):
        return 0
    if not _is_due([*kinds, route.PROBE]):
        if BULK in kinds and leaves(
            settings_of().contact_email
        ):  # lanes for links stay free; a demonstration contacts no server
            _keep_known()
        return 0
    if _is_stopped() and not _probe():
        return 0
    tried = 0
    while _is_due(kinds):
        try:
            with server.connected() as line:
                with transaction():
                    route.note_open(line)
                count = _carry_on(line, kinds)
        except server.Away as away:
            _put_all_off(kinds, away)
            return tried + 1
        except server.Misconfigured as fault:
            with transaction():
                route.stop(fault)
            return tried
        tried += count
        if not count:
            break
    return tried


def _keep_known() -> None:
    """Asks the server what it offers, so that pages can read it without waiting."""
    is_time = route.is_time_to_ask()
    db.session.rollback()
    if is_time:
        with suppress(server.ServerAnswer), server.connected(signs_in=False) as line, transaction():
            route.note_offer(line)


def _is_stopped() -> bool:
    fault = route.standing()
    db.session.rollback()
    return fault is not None and fault.is_stopped


def _is_due(kinds: Sequence[str], left_for: float = 0.0) -> bool:
    is_any_due = ledger.is_any_due(kinds, left_for)
    db.session.rollback()
    return is_any_due


def _probe() -> bool:
    """Probes a server that refused everything, if it is time; whether it now accepts mail."""
    if not _is_due([route.PROBE]):
        return False
    with transaction():
        lease = ledger.claim_next(route.PROBE)
    if lease is None:
        return False
    try:
        with running.heartbeat(lease), server.connected() as line:
            line.begin()
            line.reset()
            with transaction():
                ledger.drop(lease)
                route.note_open(line)
    except server.ServerAnswer as answer:
        with transaction():
            ledger.put_off(lease, type(answer).__name__)
        return False
    return True


def _put_all_off(kinds: Sequence[str], away: server.ServerAnswer) -> None:
    with transaction():
        route.note_away(away)
        settling.give_up_overdue(kinds)
        ledger.put_off_due(kinds, f"away {away.answer.partition(' ')[0]}")


def _carry_on(line: server.Connection, kinds: Sequence[str]) -> int:
    """Hands over messages until none is due or the connection ends. Returns how many were tried."""
    count = 0
    while count < MOST_ON_ONE and (lease := _next(kinds)):
        count += 1
        try:
            with running.heartbeat(lease):
                _carry_one(line, lease)
        except (server.Lost, server.Full):
            return count
        except LeaseLost:
            log.info("mail %s: taken over by another worker", lease.args["mail_id"])
        finally:
            db.session.remove()
    return count


def _next(kinds: Sequence[str]) -> Lease | None:
    """Links that someone waits for come first; the rest gives way to people."""
    for kind in kinds:
        if _is_due([kind]):
            if kind == BULK:
                give_way()
            with transaction():
                if lease := ledger.claim_next(kind):
                    return lease
    return None


def _carry_one(line: server.Connection, lease: Lease) -> None:
    """Hands over one message and settles it. Raises Lost, Full, Away, Misconfigured or
    LeaseLost."""
    mail_id = lease.args["mail_id"]
    mail = db.session.get(Mail, mail_id)
    if mail is None or mail.state is not MailState.QUEUED:
        with transaction():
            ledger.drop(lease)
        return
    if end := _end_without_sending(mail):
        with transaction():
            settling.settle(lease, mail_id, end)
        return
    try:
        recipient, message = addresses.parse(mail.address), compose(mail)
        db.session.rollback()  # hold no snapshot while the server takes its time
        answer = line.hand_over(recipient, message)
    except (server.Full, server.Away, server.Misconfigured):
        with transaction():
            ledger.release(lease)
        raise
    except server.Refused as refusal:
        with transaction():
            settling.settle(lease, mail_id, "refuse", refusal.answer)
            route.note_open(line)  # its answer may show that it lacks a feature
    except (server.Later, server.Lost) as delay:
        with transaction():
            _put_off(lease, mail_id, delay.answer)
        if isinstance(delay, server.Lost):
            raise
    except Exception as error:  # a message that cannot be composed, by a bug: the others continue
        db.session.rollback()
        log.error("mail %s could not be composed\n%s", mail_id, trace(error))
        with transaction():
            _put_off(lease, mail_id, type(error).__name__)
    else:
        _note_accepted(lease, mail_id, answer)


def _note_accepted(lease: Lease, mail_id: int, answer: str) -> None:
    """The server has the message. If the database is briefly unavailable the message must not be
    sent again; meanwhile no one else can take it."""
    for _ in range(int(ledger.LEASE_SECONDS)):
        try:
            with transaction():
                settling.settle(lease, mail_id, "accept", answer)
            return
        except (sa.exc.SQLAlchemyError, Unavailable) as error:
            log.warning("mail %s: sent, and not noted yet (%s)", mail_id, type(error).__name__)
            time.sleep(1.0)


def _end_without_sending(mail: Mail) -> str | None:
    """The step that ends a message unsent: its link has expired, or its recipient is invented."""
    if mail.expires_at is not None and mail.expires_at <= clock.now():
        return "expire"
    return None if leaves(mail.address) else "keep"


def _put_off(lease: Lease, mail_id: int, answer: str) -> None:
    if ledger.put_off(lease, f"later {answer.partition(' ')[0]}"):
        settling.note(mail_id, answer)
    else:
        settling.settle(lease, mail_id, "give_up", answer)
