"""The states of a message. While it is `queued` a ticket in the job ledger says when to try it;
every step that ends the waiting deletes the ticket in the same transaction, and a retry creates a
new one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from core import clock, jobs
from core.database import db, in_thousands, streamed
from core.events import Event
from core.jobs import Job, Lease, LeaseLost, ledger
from core.lifecycles import Machine, Transition
from core.mail.model import Mail, MailState

#: Kinds of tickets: links that someone waits for, and everything else.
LINKS, BULK = "mail.link", "mail.send"
KINDS = (LINKS, BULK)

_TICKET = "mail:"

S = MailState


def _unheard(obj: Any, before: Any) -> Event:
    raise NotImplementedError(
        "a message is bookkeeping: its steps are taken by `settle` and `retry_all` below"
    )


def _step(
    name: str, sources: set[MailState], target: MailState, permission: str | None = None
) -> Transition:
    return Transition(name, frozenset(sources), target, permission, _unheard)


MAIL = Machine(
    S.QUEUED,
    [
        _step("accept", {S.QUEUED}, S.SENT),
        _step("refuse", {S.QUEUED}, S.REFUSED),
        _step("give_up", {S.QUEUED}, S.UNDELIVERED),
        _step("expire", {S.QUEUED, S.REFUSED, S.UNDELIVERED}, S.EXPIRED),
        _step("keep", {S.QUEUED}, S.KEPT),
        _step("retry", {S.REFUSED, S.UNDELIVERED}, S.QUEUED, "job:manage"),
    ],
    firsts=[S.KEPT],
)


def ticket(mail_id: int) -> str:
    """What the ticket of this message is called in the ledger."""
    return f"{_TICKET}{mail_id}"


def settle(lease: Lease, mail_id: int, step: str, answer: str | None = None) -> None:
    """Ends the waiting of the message whose ticket `lease` holds, by a step of the table. Raises
    LeaseLost."""
    if not ledger.drop(lease):
        raise LeaseLost(lease.kind)
    _take(step, [mail_id], answer)


def give_up_overdue(kinds: Sequence[str]) -> None:
    """Gives up all messages whose time is over."""
    for job in ledger.overdue(kinds):
        db.session.execute(
            sa.delete(Job).where(Job.id == job.id), execution_options={"synchronize_session": False}
        )
        _take("give_up", [job.args["mail_id"]], None)


def expire_ended() -> None:
    """Expires unsent messages whose link has expired, so that no such link stays stored."""
    _take("expire", _ids(Mail.expires_at <= clock.now()), None)


def retry_all() -> int:
    """Retries all refused and abandoned messages, and tries waiting ones at once. Returns how many
    were restarted."""
    expire_ended()
    again = _ids(sa.true())
    for mail_id, is_short in again.items():
        jobs.enqueue(LINKS if is_short else BULK, dedupe_key=ticket(mail_id), mail_id=mail_id)
    _take("retry", again, None)
    ledger.recall(KINDS)
    return len(again)


def _ids(condition: sa.ColumnElement[bool]) -> dict[int, bool]:
    """Messages that can be retried, and whether each is a sign-in link."""
    sources = MAIL.transitions["retry"].sources
    rows = db.session.execute(
        sa.select(Mail.id, Mail.kind).where(Mail.state.in_(sources), condition)
    )
    return {row.id: row.kind == "sign_in" for row in rows}


def _take(step: str, mail_ids: Collection[int], answer: str | None) -> None:
    table = MAIL.transitions[step]
    values: dict[str, Any] = {"state": table.target, "answer": answer}
    if step == "accept":
        values["sent_at"] = clock.now()
    if step in ("accept", "expire"):  # a secret text that is no longer needed
        values["body"] = sa.case((Mail.is_secret, ""), else_=Mail.body)
    for some in in_thousands(mail_ids):
        chosen = Mail.id.in_(some), Mail.state.in_(table.sources)
        db.session.execute(
            sa.update(Mail).where(*chosen).values(**values),
            execution_options={"synchronize_session": False},
        )


def note(mail_id: int, answer: str) -> None:
    """Stores the server's words about a message that keeps waiting."""
    statement = sa.update(Mail).where(Mail.id == mail_id).values(answer=answer)
    db.session.execute(statement, execution_options={"synchronize_session": False})


def breaches() -> Iterator[str]:
    """Messages that wait without a ticket, and tickets of messages that do not wait."""
    alive = sa.select(Job.id).where(
        Job.kind.in_(KINDS),
        Job.state.in_((jobs.JobState.QUEUED, jobs.JobState.RUNNING)),
        Job.dedupe_key == sa.literal(_TICKET).concat(sa.cast(Mail.id, sa.String)),
    )
    unheld = sa.select(Mail.id).where(Mail.state == S.QUEUED, ~alive.exists())
    for (mail_id,) in streamed(unheld.order_by(Mail.id)):
        yield f"{ticket(mail_id)}: the message waits, and no job of the ledger will send it"
    tickets = sa.select(Job.dedupe_key, Job.args).where(Job.kind.in_(KINDS)).order_by(Job.id)
    for some in in_thousands(streamed(tickets)):
        ids = [args.get("mail_id") for _, args in some]
        waiting = sa.select(Mail.id).where(Mail.state == S.QUEUED, Mail.id.in_(ids))
        held = {ticket(mail_id) for mail_id in db.session.scalars(waiting)}
        for key, _ in some:
            if key not in held:
                yield f"{key}: a job of the ledger is to send a message that does not wait"
