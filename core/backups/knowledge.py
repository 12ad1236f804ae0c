"""How far numbering went in the lost database, from every remaining source, so that no number is
issued twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core import checkpoints, clock, numbering, storage
from core.backups import BackupError
from core.backups.copies import FILES, Copy
from core.checkpoints import Checkpoint
from core.database import db

Numbers = dict[str, int]


@dataclass
class Known:
    """`exact`: from the database being replaced, the marks and the stored files. `signed`: from
    checkpoints, which can be an hour old. `head`: the newest known end of the trail."""

    copied: Numbers
    exact: Numbers = field(default_factory=dict)
    signed: Numbers = field(default_factory=dict)
    head: tuple[int, str] | None = None
    is_followed: bool = (
        False  # the database being replaced continues the copy's trail, so it knows everything
    )
    former: tuple[int, str] | None = None  # the end of the trail in the database being replaced

    def last_number(self, name: str) -> int:
        return max(numbers.get(name, 0) for numbers in (self.copied, self.exact, self.signed))

    def is_certain(self, name: str) -> bool:
        """Whether a source that is written with every number is newer than the copy."""
        exact = self.exact.get(name, 0)
        if exact < self.last_number(name):
            return False
        return self.is_followed or exact > self.copied.get(name, 0)


@dataclass(frozen=True)
class Skip:
    """A series continues after `value`; the copy's database counts up to `since`."""

    name: str
    since: int
    value: int
    is_guess: bool


def gather(copy: Copy, local: checkpoints.Lines, elsewhere: list[Checkpoint]) -> Known:
    """Asks all sources: the copy, the database being replaced, files, and checkpoints here and
    elsewhere."""
    known = Known(_of_copy(copy))
    known.former = _ask_database(copy, known)
    _raise(known.exact, numbering.marks())
    _raise(known.exact, _in_files(storage.keys("")))
    public = checkpoints.public_key()
    signed = [p for _, p in local if p is not None and public is not None and p.is_by(public)]
    heads = [known.former] if known.former and known.is_followed else []
    for point in [*signed, *elsewhere]:
        _raise(known.signed, point.counters)
        heads.append((point.number, point.digest))
    newer = [head for head in heads if head[0] >= copy.head[0]]
    known.head = max(newer, default=None)
    return known


def _of_copy(copy: Copy) -> Numbers:
    assert copy.contents is not None
    numbers = dict(copy.contents.counters)
    keys = list(copy.stored())
    _raise(numbers, _in_files(keys))
    for key in keys:
        if key.startswith(f"{numbering.MARKS}/") and (
            mark := numbering.read_mark(key, copy.read(f"{FILES}/{key}"))
        ):
            _raise(numbers, dict([mark]))
    return numbers


def _ask_database(copy: Copy, known: Known) -> tuple[int, str] | None:
    """The end of the trail in the database being replaced; None if there is none or it cannot be
    read."""
    try:
        head = checkpoints.head()
        counted = numbering.counters()
        digest = db.session.scalar(
            sa.text("SELECT digest FROM audit_entry WHERE number = :number"),
            {"number": copy.head[0]},
        )
    except sa.exc.SQLAlchemyError:
        return None
    finally:
        db.session.remove()
    _raise(known.exact, counted)
    known.is_followed = digest == copy.head[1] and head[0] >= copy.head[0]
    return head


def _in_files(keys: Iterator[str] | list[str]) -> Numbers:
    numbers: Numbers = {}
    for key in keys:
        if number := numbering.series_of_app().in_file(key):
            _raise(numbers, dict([number]))
    return numbers


def _raise(numbers: Numbers, by: Mapping[str, int]) -> None:
    for name, value in by.items():
        numbers[name] = max(value, numbers.get(name, 0))


def plan(copy: Copy, known: Known, next_numbers: Mapping[str, int]) -> list[Skip]:
    """Where each series continues. `next_numbers`: next numbers entered by the operator;
    BackupError if one was already issued."""
    assert copy.contents is not None
    series = numbering.series_of_app()
    first, last = datetime.fromisoformat(copy.manifest["made_at"]).date(), clock.today()
    running = set(series.running(first - timedelta(days=1), max(first, last) + timedelta(days=1)))
    if (
        strange := set(next_numbers)
        - running
        - set(known.copied)
        - set(known.exact)
        - set(known.signed)
    ):
        raise BackupError(
            f"--next names a series that nothing else knows: {', '.join(sorted(strange))}"
        )
    skips = []
    for name in sorted(running | known.copied.keys() | known.exact.keys() | known.signed.keys()):
        since, last_known = copy.contents.counters.get(name, 0), known.last_number(name)
        is_guess = name in running and not known.is_certain(name) and name not in next_numbers
        value = (
            next_numbers[name] - 1
            if name in next_numbers
            else last_known + numbering.BLOCK * is_guess
        )
        if value < last_known:
            raise BackupError(
                f"numbers up to {series.show(name, last_known)} were issued: the next is "
                f"{series.show(name, last_known + 1)}"
            )
        if value > since:
            skips.append(Skip(name, since, value, is_guess))
    return skips


def read_elsewhere(file: Path, publics: list[Ed25519PublicKey]) -> list[Checkpoint]:
    """The checkpoints in a file from elsewhere that were signed by one of these keys; BackupError
    if there are none."""
    points = [point for _, point in checkpoints.read_copy(file) if point is not None]
    signed = [point for point in points if any(point.is_by(public) for public in publics)]
    if not signed:
        raise BackupError(
            f"{file.name} holds no checkpoint signed by a known key: give the one that signed it "
            "with --key"
        )
    return signed
