"""Signed checkpoints of the audit trail, one per line of instance/audit/checkpoints.jsonl, outside
the database: rewriting the tables does not give the power to sign. Each also states how far every
series of numbers went.

Two kinds of line mean more: `begun` is the first of a file, and `restored` records that the trail
was reset from one entry to another (`flask restore`). The entries between are lost, and the
checkpoints over them are explained; nothing else explains a difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core import clock, lines
from core.database import db
from core.settings import SettingsError, kept_secret, settings_of

FILE, KEY, PUBLIC = "checkpoints.jsonl", "checkpoint_key", "checkpoint_key.pub"


@dataclass(frozen=True)
class Checkpoint:
    """One line. `signed` is the signed text; `restored` has `from` and `to`, each with number and
    digest."""

    number: int
    digest: str
    at: str
    counters: dict[str, int]
    restored: dict[str, Any] | None
    is_begun: bool
    # as in the first version: no counters, only number and digest are signed
    is_first_kind: bool
    signature: bytes
    signed: bytes

    def is_by(self, public: Ed25519PublicKey) -> bool:
        try:
            public.verify(self.signature, self.signed)
        except InvalidSignature:
            return False
        return True

    @property
    def back_to(self) -> int | None:
        """The entry to which the trail was reset, for a `restored` line."""
        return self.restored["to"]["number"] if self.restored else None


#: Numbered from 1; None for a damaged line.
Lines = list[tuple[int, Checkpoint | None]]


def folder() -> Path:
    path = settings_of().instance_path / "audit"
    path.mkdir(exist_ok=True, mode=0o700)
    return path


def path() -> Path:
    return folder() / FILE


# Keys


def _private_key() -> Ed25519PrivateKey:
    text = kept_secret(
        folder() / KEY, lambda: Ed25519PrivateKey.generate().private_bytes_raw().hex()
    )
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
    public = folder() / PUBLIC
    public_text = key.public_key().public_bytes_raw().hex() + "\n"
    if not public.is_file() or public.read_text(encoding="ascii") != public_text:
        public.write_text(public_text, encoding="ascii")
    return key


def public_key() -> Ed25519PublicKey | None:
    """The public key for this machine's checkpoints; None if there is none or it is damaged.
    Creates none."""
    try:
        if (folder() / KEY).exists():
            return _private_key().public_key()
        return read_public_key((folder() / PUBLIC).read_text(encoding="ascii"))
    except (OSError, ValueError, SettingsError):
        return None


def read_public_key(text: str) -> Ed25519PublicKey:
    """From its 64 hexadecimal digits; ValueError if invalid."""
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text.strip()))


def public_hex() -> str:
    return _private_key().public_key().public_bytes_raw().hex()


def sign(text: bytes) -> str:
    return _private_key().sign(text).hex()


# Lines


def canonical(facts: dict[str, Any]) -> str:
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def parse(line: bytes) -> Checkpoint | None:
    """A line of the file; None if damaged (half written on a full disk, or foreign)."""
    try:
        facts = json.loads(line)
        signature = bytes.fromhex(facts["signature"])
        number, digest, restored = facts["number"], facts["digest"], facts.get("restored")
        counters = {str(name): int(value) for name, value in facts.get("counters", {}).items()}
        ends = [restored["to"], restored["from"]] if restored else []
        if (
            type(number) is not int
            or not isinstance(digest, str)
            or not all(type(e["number"]) is int for e in ends if e)
        ):
            return None
        is_first_kind = "counters" not in facts
        signed = (
            f"{number}:{digest}"
            if is_first_kind
            else canonical({k: v for k, v in facts.items() if k != "signature"})
        )
        begun = bool(facts.get("begun"))
        return Checkpoint(
            number,
            digest,
            str(facts.get("at")),
            counters,
            restored,
            begun,
            is_first_kind,
            signature,
            signed.encode(),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def read(file: Path) -> Lines:
    """The lines of a file with their numbers; None for a damaged one. FileNotFoundError if there is
    no file."""
    lines = file.read_bytes().split(b"\n")
    return [(line_number, parse(line)) for line_number, line in enumerate(lines, 1) if line.strip()]


def read_copy(file: Path) -> Lines:
    """The same for a copy from elsewhere, which may be a saved email: other lines are ignored."""
    data = file.read_bytes()
    message = message_from_bytes(data, policy=policy.default)
    if message["Message-ID"] or message["Received"]:
        body = message.get_body(("plain",))
        data = body.get_content().encode() if body else b""
    return [
        (line_number, parse(line))
        for line_number, line in enumerate(data.split(b"\n"), 1)
        if line.strip().startswith(b"{")
    ]


# Writing


def head() -> tuple[int, str]:
    """Number and digest of the last entry."""
    row = db.session.execute(sa.text("SELECT number, digest FROM audit_head WHERE id = 1")).one()
    return row.number, row.digest


def write(
    *,
    begun: bool = False,
    restored: dict[str, Any] | None = None,
    end: tuple[int, str] | None = None,
) -> str:
    """Signs the chain's end (or a recent `end`) into the file and returns the line. If the disk is
    full, no part of the line remains."""
    from core import numbering  # it writes audit entries, which depend on this module

    number, digest = end or head()
    facts: dict[str, Any] = {
        "number": number,
        "digest": digest,
        "at": clock.now().isoformat(),
        "counters": numbering.counters(),
    }
    if begun:
        facts["begun"] = True
    if restored:
        facts["restored"] = restored
    facts["signature"] = sign(canonical(facts).encode())
    line = canonical(facts)
    lines.append(path(), line.encode())
    return line


def begin() -> None:
    """Writes the first line of a new file."""
    if not os.path.lexists(path()):
        write(begun=True)


# Comparison with the chain


def faults(lines: Lines, public: Ed25519PublicKey, chain: Chain, name: str) -> Iterator[str]:
    """The lines that contradict the chain. A signed restore explains lines signed before it, not
    after."""
    later = signed_restores(lines, public)
    for line_number, point in lines:
        if point in later:
            later.remove(point)  # it explains only earlier lines
        if point is None:
            yield f"audit: line {line_number} of {name} is damaged (half written?)"
        elif not point.is_by(public):
            yield (
                f"audit: the checkpoint at {point.number} (line {line_number} of {name}) has a "
                "wrong signature"
            )
        elif (
            point.number
            and chain.digests.get(point.number) != point.digest
            and not _is_explained(point, later)
        ):
            yield _contradiction(point, chain)


def signed_restores(lines: Lines, public: Ed25519PublicKey) -> list[Checkpoint]:
    return [
        point for _, point in lines if point is not None and point.restored and point.is_by(public)
    ]


def _contradiction(point: Checkpoint, chain: Chain) -> str:
    if point.number > chain.length:
        return (
            f"audit: a signed checkpoint knows {point.number} entries, but the trail ends at "
            f"{chain.length}"
        )
    return f"audit: the trail was rewritten before the signed checkpoint at {point.number}"


def _is_explained(point: Checkpoint, restores: list[Checkpoint]) -> bool:
    """Whether a restore took back the entries it covers; the newest must be the very one the
    restore names."""
    for restore in restores:
        lost, restored_to = (restore.restored or {}).get("from"), restore.back_to
        if restored_to is None or not lost or not restored_to < point.number <= lost["number"]:
            continue
        if point.number < lost["number"] or point.digest == lost["digest"]:
            return True
    return False


@dataclass
class Chain:
    """What the comparison needs of the chain: its length, the digests of the requested entries, and
    the entries that record a restore."""

    length: int
    digests: dict[int, str]
    restores: list[int]


def local_faults(chain: Chain, lines: Lines) -> Iterator[str]:
    """All faults of this machine's own file, given as `lines`, compared with the chain and the
    counters."""
    public = public_key()
    if public is None:
        yield "audit: the key of the signed checkpoints is missing or damaged"
        return
    good = [point for _, point in lines if point is not None and point.is_by(public)]
    yield from faults(lines, public, chain, FILE)
    first = good[0] if good else None
    if first and first.number and not (first.is_first_kind or first.is_begun or first.restored):
        yield f"audit: the signed checkpoints before entry {first.number} are missing"
    yield from _unsigned_restores(chain, good)
    yield from _counter_faults(good)


def _unsigned_restores(chain: Chain, good: list[Checkpoint]) -> Iterator[str]:
    begins = max((point.number for point in good if point.is_begun), default=0)
    signed = {point.number for point in good if point.restored}
    for number in chain.restores:
        if number not in signed and number > begins:
            yield (
                f"audit: entry {number} says that the trail was restored, but no signed "
                "checkpoint says so"
            )


def _counter_faults(good: list[Checkpoint]) -> Iterator[str]:
    from core import numbering

    counted = numbering.counters()
    known: dict[str, int] = {}
    for point in good:
        known |= {name: max(value, known.get(name, 0)) for name, value in point.counters.items()}
    for name, value in sorted(known.items()):
        if value > counted.get(name, 0):
            yield (
                f"audit: a signed checkpoint knows {value} numbers of {name}, but the database "
                f"counts {counted.get(name, 0)}"
            )


def copy_faults(chain: Chain, copy: Lines, public: Ed25519PublicKey, name: str) -> Iterator[str]:
    """All faults of the chain compared with a copy and a key from elsewhere. Only a restore in the
    copy explains a difference: anyone who controls this machine also has its key, and could sign a
    restore that never happened."""
    if not any(point is not None and point.is_by(public) for _, point in copy):
        yield f"audit: {name} holds no checkpoint signed with this key"
    yield from faults(copy, public, chain, name)
    try:
        own = [
            restore
            for restore in signed_restores(read(path()), public)
            if restore not in signed_restores(copy, public)
        ]
    except OSError:
        own = []
    unborne = [
        p
        for _, p in copy
        if p is not None
        and p.is_by(public)
        and p.number
        and chain.digests.get(p.number) != p.digest
    ]
    for restore in own:
        if any(_is_explained(point, [restore]) for point in unborne):
            yield (
                f"audit: the only explanation is a restore to entry {restore.back_to} on "
                f"{restore.at[:16]}, which this machine signed itself. If you know of that "
                "restore, keep a new copy of the checkpoints; if not, the trail was rewritten"
            )


def restore_notes(lines: Lines) -> Iterator[str]:
    """For readers of the proof: where the trail was reset, and where its checkpoints begin."""
    for _, point in lines:
        if point is not None and point.restored:
            lost, restored_to = point.restored.get("from"), point.restored["to"]["number"]
            before = f"entry {lost['number']}" if lost else "an unknown entry"
            yield (
                f"note: the trail was restored from {before} to entry {restored_to} "
                f"on {point.at[:16]} (entry {point.number})"
            )
        elif point is not None and point.is_begun and point.number:
            yield f"note: the signed checkpoints begin at entry {point.number}"
