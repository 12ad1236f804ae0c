"""The audit trail: who did what, when, on whose behalf. Append-only (triggers) and hash-chained; signed checkpoints lie
outside the database, because someone with rights over the tables could otherwise recompute the whole chain.

Entries hold ids, codes and statuses, never names, addresses or secrets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.database import Base, current_unit, db, settings_of
from core.policy import Actor
from core.settings import kept_secret

GENESIS = "0" * 64


class AuditEntry(Base):
    """One act. `body` is its canonical JSON; `digest` chains it to all before."""

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


def record(actor: Actor, action: str, subject: str, facts: dict[str, Any], *, on_behalf_of: int | None = None) -> None:
    """Adds an entry to the open transaction. Written just before its commit, so the head's lock is held only briefly."""
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
#: Made once: every write passes here.
_ADVANCE = (
    sa.update(_head)
    .where(_head.c.id == 1)
    .values(number=_head.c.number + sa.bindparam("added"))
    .returning(_head.c.number, _head.c.digest)
)
_INSERT = sa.insert(_entries)
_SEAL = sa.update(_head).where(_head.c.id == 1).values(digest=sa.bindparam("sealed"))


def _append(entries: list[dict[str, Any]]) -> None:
    connection = db.session.connection()
    head = connection.execute(_ADVANCE, {"added": len(entries)}).one()
    number, digest = head.number - len(entries), head.digest
    rows = []
    for entry in entries:
        number += 1
        body = canonical(entry)
        digest = chained(digest, number, body)
        rows.append(_row(number, entry, body, digest))
    connection.execute(_INSERT, rows)
    connection.execute(_SEAL, {"sealed": digest})


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


def canonical(entry: dict[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def chained(previous: str, number: int, body: str) -> str:
    return hashlib.sha256(f"{previous}\n{number}\n{body}".encode()).hexdigest()


def position() -> str:
    """The end of the chain: as long as it is the same, no audited row has changed (see caches of public pages)."""
    return db.session.scalars(sa.select(AuditHead.digest).where(AuditHead.id == 1)).one()


def breaches() -> Iterator[str]:
    """Every fault of the chain and of the checkpoints against it, one sentence each; nothing when all is well."""
    digest, count, digests = GENESIS, 0, {}
    for row in db.session.execute(sa.select(AuditEntry).order_by(AuditEntry.number)).scalars().yield_per(1000):
        count += 1
        if row.number != count:
            yield f"audit: entry {count} is missing"
            return
        entry = json.loads(row.body)
        if chained(digest, row.number, row.body) != row.digest or _row(count, entry, row.body, row.digest) != _columns(row):
            yield f"audit: entry {count} was altered"
            return
        digest = row.digest
        digests[count] = digest
    head = db.session.get_one(AuditHead, 1)
    if (head.number, head.digest) != (count, digest):
        yield f"audit: the chain ends at {count} but its head says {head.number}"
    yield from _checkpoint_breaches(digests)


def _columns(row: AuditEntry) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in AuditEntry.__table__.columns}


def _folder() -> Path:
    folder = settings_of().instance_path / "audit"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _key() -> Ed25519PrivateKey:
    text = kept_secret(_folder() / "checkpoint_key", lambda: Ed25519PrivateKey.generate().private_bytes_raw().hex())
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))


def write_checkpoint() -> int:
    """Signs the chain's end into checkpoints.jsonl beside the database (copy that file elsewhere). Returns its number."""
    head = db.session.get_one(AuditHead, 1)
    signature = _key().sign(f"{head.number}:{head.digest}".encode()).hex()
    line = canonical({"number": head.number, "digest": head.digest, "at": clock.now().isoformat(), "signature": signature})
    with open(_folder() / "checkpoints.jsonl", "a", encoding="utf-8") as file:
        file.write(line + "\n")
    return head.number


def _checkpoint_breaches(digests: dict[int, str]) -> Iterator[str]:
    path = _folder() / "checkpoints.jsonl"
    if not path.exists():
        return
    public = _key().public_key()
    for line in path.read_text(encoding="utf-8").splitlines():
        point = json.loads(line)
        try:
            public.verify(bytes.fromhex(point["signature"]), f"{point['number']}:{point['digest']}".encode())
        except InvalidSignature:
            yield f"audit: the checkpoint at {point['number']} has a wrong signature"
            continue
        if point["number"] and digests.get(point["number"]) != point["digest"]:
            yield f"audit: the trail was rewritten before the signed checkpoint at {point['number']}"
