"""Restoring a copy: it is proved, prepared beside the current data, then swapped in one step."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core import audit, checkpoints, numbering, readings, storage
from core.backups import BackupError, copies, knowledge, reading, staging
from core.backups.copies import Copy
from core.backups.knowledge import Known, Skip
from core.checkpoints import Checkpoint
from core.database import database_path, db, is_sqlite, transaction
from core.jobs import ledger
from core.migrations import upgrade
from core.policy import SYSTEM
from core.settings import ROOT, settings_of


@dataclass
class Restored:
    """What the operator should know."""

    copy: Copy
    known: Known
    skips: list[Skip]
    former: str | None
    notes: list[str]


def open_proven(folder: Path) -> tuple[Copy, checkpoints.Lines]:
    """The copy, completely proved, and this machine's own checkpoints. BackupError with all
    faults."""
    copy = Copy(folder)
    local = _local_lines()
    faults = copy.prove({point.number for _, point in local if point is not None})
    if faults:
        raise BackupError("\n".join(faults))
    return copy, local


def restore(
    copy: Copy,
    local: checkpoints.Lines,
    *,
    next_numbers: Mapping[str, int],
    elsewhere: list[Checkpoint],
    decide: Callable[[Known, list[Skip]], Mapping[str, int]] = lambda known, skips: {},
) -> Restored:
    """Replaces this machine's data by `copy`. `next_numbers`: the next number of a series; `decide`
    is shown the numbers that would be skipped on a guess and may return more of them. BackupError
    if it cannot be done; then nothing has changed."""
    _check_kind(copy)
    known = knowledge.gather(copy, local, elsewhere)
    skips = knowledge.plan(copy, known, next_numbers)
    if any(skip.is_guess for skip in skips) and (answers := decide(known, skips)):
        skips = knowledge.plan(copy, known, {**next_numbers, **answers})
    _put_files(copy)
    facts = _facts(copy, known, skips)
    path, notes = database_path(), list[str]()
    db.session.remove()
    db.engine.dispose()
    with staging.staged(copy.database):
        upgrade()
        end = _finish(skips, facts)
        db.session.remove()
        db.engine.dispose()
        last = partial(_agree, notes)
        replaced = staging.swap_file(path, last) if path is not None else staging.swap_schema(last)
    db.session.remove()
    db.engine.dispose()
    _put_readings(copy)
    notes += _continue_checkpoints(copy, local, known, facts, end)
    return Restored(copy, known, skips, replaced, notes)


def _check_kind(copy: Copy) -> None:
    kind = reading.SQLITE if is_sqlite() else reading.POSTGRESQL
    if copy.kind != kind:
        raise BackupError(
            f"the copy is of a {copy.kind} database, and DATABASE_URL names a {kind} one"
        )
    known = {
        path.name.partition("_")[0] for path in (ROOT / "migrations" / "versions").glob("*.py")
    }
    if copy.manifest["revision"] not in known:
        raise BackupError(
            f"the copy was made by a newer version (revision {copy.manifest['revision']}): update "
            "this one first"
        )


def _facts(copy: Copy, known: Known, skips: list[Skip]) -> dict[str, Any]:
    """For the trail: from which end to which, and where numbers continue."""
    lost = known.head and {"number": known.head[0], "digest": known.head[1]}
    return {
        "copy": copy.digest,
        "made_at": copy.manifest["made_at"],
        "from": lost,
        "to": {"number": copy.head[0], "digest": copy.head[1]},
        "numbers": {skip.name: skip.value for skip in skips},
    }


def _finish(skips: list[Skip], facts: dict[str, Any]) -> tuple[int, str]:
    """In the restored database: restarts jobs, voids numbers that must not be issued again, and
    records the restore."""
    if breaches := list(audit.breaches_of_chain()):
        raise BackupError("\n".join(breaches))
    with transaction():
        ledger.take_back_leases()
        for skip in skips:
            numbering.raise_to(
                skip.name, skip.value, numbering.VoidReason.RESTORED, since=skip.since
            )
        audit.record(SYSTEM, audit.RESTORED, "trail", facts)
    return checkpoints.head()


def _agree(notes: list[str]) -> None:
    """Voids, in the restored database, the numbers issued meanwhile. Called when no one can write
    to the current database any more. Leaves no connection open, because the swap follows."""
    show = numbering.series_of_app().show
    with transaction():
        late = numbering.agree()
    for name, first, last in late:
        notes.append(
            f"also void: {show(name, first)} to {show(name, last)} (issued while the copy was "
            "being prepared)"
        )
    db.session.remove()
    db.engine.dispose()


def _put_files(copy: Copy) -> None:
    """Adds the copy's files. A key follows from the content, so intact existing files stay; so do
    the marks of numbers, which are never behind."""
    for key, digest in copy.stored().items():
        try:
            content: bytes | None = storage.get(key)
        except FileNotFoundError:
            content = None
        is_mark = key.startswith(f"{numbering.MARKS}/")
        if content is None or (not is_mark and storage.digest_of(content) != digest):
            storage.put(key, copy.read(f"{copies.FILES}/{key}"))


# Continuing the trail


def _put_readings(copy: Copy) -> None:
    """Audit entries that were waiting when the copy was made wait again, and so do this machine's.
    None is added twice."""
    for name in copy.sums:
        path = checkpoints.folder() / Path(name).name
        if (
            Path(name).parent == Path(copies.TRAIL)
            and path.match(readings.SEALED)
            and not path.exists()
        ):
            copies.write(path, copy.read(name))


def _local_lines() -> checkpoints.Lines:
    try:
        return checkpoints.read(checkpoints.path())
    except OSError:
        return []


def _continue_checkpoints(
    copy: Copy, local: checkpoints.Lines, known: Known, facts: dict[str, Any], end: tuple[int, str]
) -> list[str]:
    """Continues this machine's file of checkpoints if it belongs to the same trail. Otherwise sets
    it aside and uses the copy's own, if its key is here or in the copy."""
    notes = []
    is_fresh = known.former is None or not known.former[0]
    signed = _signed(local)
    if local and not _is_same_trail(copy, signed):
        notes.append(f"the checkpoints here were of another trail; they are kept as {_set_aside()}")
        local = []
    elif is_fresh and not any(point.number for point in signed):
        local = []  # the first line of a machine without data
    if not local:
        if os.path.lexists(checkpoints.path()):
            _set_aside()
        _take_keys(copy, is_fresh=is_fresh)
        is_ours = copy.manifest["public_key"] == checkpoints.public_hex()
        if copy.lines():
            name = checkpoints.FILE if is_ours else f"checkpoints-of-copy-{staging.stamp()}.jsonl"
            shutil.copyfile(
                copy.folder / copies.TRAIL / checkpoints.FILE, checkpoints.folder() / name
            )
            if not is_ours:
                notes.append(
                    f"the copy's checkpoints were signed by another key; they are kept as {name}"
                )
    checkpoints.write(restored={name: facts[name] for name in ("from", "to", "copy")}, end=end)
    return notes


def _signed(local: checkpoints.Lines) -> list[Checkpoint]:
    public = checkpoints.public_key()
    return [
        point
        for _, point in local
        if point is not None and public is not None and point.is_by(public)
    ]


def _is_same_trail(copy: Copy, signed: list[Checkpoint]) -> bool:
    """Whether this machine has signed anything, and nothing that contradicts the copy's chain."""
    assert copy.contents is not None
    chain = copy.contents.chain
    comparable = [
        point for point in signed if 0 < point.number <= chain.length and not point.restored
    ]
    return bool(signed) and all(
        chain.digests.get(point.number) == point.digest for point in comparable
    )


def _set_aside() -> str:
    name = f"checkpoints-before-restore-{staging.stamp()}.jsonl"
    os.replace(checkpoints.path(), checkpoints.folder() / name)
    return name


def _take_keys(copy: Copy, *, is_fresh: bool) -> None:
    """Takes over the copy's keys on a machine without data of its own, setting aside those made at
    its first start."""
    if not copy.has_keys or not is_fresh:
        return
    instance = settings_of().instance_path
    for path in (checkpoints.folder() / checkpoints.KEY, instance / "secret_key"):
        name = f"{copies.KEYS}/{path.name}"
        if name not in copy.sums:
            continue
        if path.exists():
            os.replace(path, path.with_name(f"{path.name}.before-restore-{staging.stamp()}"))
        copies.write(path, copy.read(name))


def keys_for(copy: Copy, public_key: Ed25519PublicKey | None) -> list[Ed25519PublicKey]:
    """Keys that can verify a checkpoint from elsewhere: the given one, or those of this machine and
    the copy."""
    if public_key is not None:
        return [public_key]
    own = checkpoints.public_key()
    return [
        key
        for key in (own, checkpoints.read_public_key(copy.manifest["public_key"]))
        if key is not None
    ]
