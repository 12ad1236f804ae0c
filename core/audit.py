"""The audit trail: who did what, when, on whose behalf. Append-only (triggers) and hash-chained;
signed checkpoints are stored outside the database, because someone with full rights over the tables
could recompute the whole chain.

Entries hold ids, codes and statuses, never names, addresses or secrets.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.orm import Mapped, mapped_column

from core import checkpoints, clock
from core.checkpoints import Chain, canonical
from core.database import Base, current_unit, db
from core.policy import Actor

GENESIS = "0" * 64


class AuditEntry(Base):
    """One act. `body` is its canonical JSON; `digest` chains it to all earlier entries."""

    __tablename__ = "audit_entry"
    __audited__ = False

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(sa.String(80), index=True)
    subject: Mapped[str] = mapped_column(sa.String(80), index=True)
    body: Mapped[str] = mapped_column(sa.Text)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)


class AuditHead(Base):
    """The end of the chain, in one row whose lock keeps the chain linear."""

    __tablename__ = "audit_head"
    __audited__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(sa.String(64))


def record(
    actor: Actor,
    action: str,
    subject: str,
    facts: dict[str, Any],
    *,
    on_behalf_of: int | None = None,
) -> None:
    """Adds an entry to the open transaction. Written just before the commit, so that the head's
    lock is held only briefly."""
    unit = current_unit()
    entry = {
        "at": clock.now().isoformat(timespec="milliseconds"),
        "actor": "system" if actor.is_system else actor.person_id,
        "token": actor.token_id,
        "on_behalf_of": on_behalf_of,
        "action": action,
        "subject": subject,
        "facts": facts,
    }
    if not unit.audit_entries:
        unit.before_commit.append(lambda: _append(unit.audit_entries))
    unit.audit_entries.append(entry)


_entries, _head = cast(sa.Table, AuditEntry.__table__), cast(sa.Table, AuditHead.__table__)


def _locked_head() -> tuple[int, str]:
    """Number and digest of the last entry. No other process can add one until the open transaction
    ends."""
    head = sa.select(_head.c.number, _head.c.digest).where(_head.c.id == 1).with_for_update()
    number, digest = db.session.connection().execute(head).one()
    return number, digest


def _append(entries: list[dict[str, Any]]) -> None:
    """Locks the head first (SQLite has one writer anyway) and moves it last, as the triggers
    require: the head always names the last entry."""
    connection = db.session.connection()
    number, digest = _locked_head()
    rows = []
    for entry in entries:
        number += 1
        body = canonical(entry)
        digest = chained(digest, number, body)
        rows.append(_row(number, entry, body, digest))
    connection.execute(sa.insert(_entries), rows)
    connection.execute(sa.update(_head).where(_head.c.id == 1).values(number=number, digest=digest))


def _row(number: int, entry: dict[str, Any], body: str, digest: str) -> dict[str, Any]:
    return {
        "number": number,
        "at": datetime.fromisoformat(entry["at"]),
        "actor_id": entry["actor"] if isinstance(entry["actor"], int) else None,
        "action": entry["action"],
        "subject": entry["subject"],
        "body": body,
        "digest": digest,
    }


def hold() -> None:
    """Locks the head now: no other process can add an entry until the open transaction ends."""
    current_unit()
    _locked_head()


def has(action: str, subject: str) -> bool:
    """Whether the trail has an entry with this action and this subject."""
    statement = (
        sa.select(AuditEntry.number)
        .where(AuditEntry.subject == subject, AuditEntry.action == action)
        .limit(1)
    )
    return db.session.scalar(statement) is not None


def chained(previous: str, number: int, body: str) -> str:
    return hashlib.sha256(f"{previous}\n{number}\n{body}".encode()).hexdigest()


def position() -> str:
    """The end of the chain: while it stays the same, no audited row has changed (see caches of
    public pages)."""
    return db.session.scalars(sa.select(AuditHead.digest).where(AuditHead.id == 1)).one()


RESTORED = "trail.restored"


def breaches() -> Iterator[str]:
    """All faults of the chain, and of the checkpoints compared with it, as sentences."""
    try:
        lines = checkpoints.read(checkpoints.path())
    except FileNotFoundError:
        lines = None
    except OSError as error:
        yield f"audit: the file of signed checkpoints cannot be read ({type(error).__name__})"
        lines = None
    chain = yield from _walk({point.number for _, point in lines or [] if point is not None})
    if lines is not None:
        yield from checkpoints.local_faults(chain, lines)
    elif chain.length and not os.path.lexists(checkpoints.path()):
        yield "audit: the file of signed checkpoints is missing"


def breaches_of_chain() -> Iterator[str]:
    """All faults of the chain alone."""
    yield from _walk(set())


def breaches_against(copy: Path, public: Ed25519PublicKey) -> Iterator[str]:
    """All faults of the chain compared with a copy of checkpoints and a public key that were stored
    elsewhere."""
    lines = checkpoints.read_copy(copy)
    chain = yield from _walk({point.number for _, point in lines if point is not None})
    yield from checkpoints.copy_faults(chain, lines, public, copy.name)


def _walk(numbers: set[int]) -> Generator[str, None, Chain]:
    """Recomputes the chain and yields its faults. Returns its length and the digests of the
    entries `numbers`."""
    digest, chain = GENESIS, Chain(0, {}, [])
    entries = sa.select(AuditEntry).order_by(AuditEntry.number).execution_options(yield_per=1000)
    for row in db.session.scalars(entries):
        number = chain.length + 1
        if row.number != number:
            yield f"audit: entry {number} is missing"
            return chain
        if not _is_sound(row, digest):
            yield f"audit: entry {number} was altered"
            return chain
        digest, chain.length = row.digest, number
        if number in numbers:
            chain.digests[number] = digest
        if row.action == RESTORED:
            chain.restores.append(number)
    head = db.session.get_one(AuditHead, 1)
    if (head.number, head.digest) != (chain.length, digest):
        yield f"audit: the chain ends at {chain.length} but its head says {head.number}"
    return chain


def _is_sound(row: AuditEntry, before: str) -> bool:
    try:
        expected = _row(row.number, json.loads(row.body), row.body, row.digest)
    except (ValueError, KeyError, TypeError):
        return False
    return chained(before, row.number, row.body) == row.digest and expected == _columns(row)


def _columns(row: AuditEntry) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in AuditEntry.__table__.columns}


def notes() -> list[str]:
    """Facts that a reader of the proof should know although they are not faults."""
    try:
        return list(checkpoints.restore_notes(checkpoints.read(checkpoints.path())))
    except OSError:
        return []
