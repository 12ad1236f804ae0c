"""A number, once issued, is never issued again: not after a rollback, not when the database was
set back by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from core import audit, checking, numbering, storage
from core.database import db, transaction
from core.policy import SYSTEM

pytestmark = pytest.mark.both_databases
SERIES = "certificate:2026"


def take() -> int:
    with transaction():
        audit.record(SYSTEM, "test.number", "number", {})
        return numbering.next_in(SERIES)


def mark_file() -> Path:
    return storage.storage_of().root / "numbers" / "certificate-2026"  # type: ignore[attr-defined]  # the store of tests is a Folder


def set_back(value: int) -> None:
    """As someone does who copies an old database over the new one."""
    with transaction():
        audit.record(SYSTEM, "test.set_back", "number", {})
        db.session.execute(numbering.sa.update(numbering.Counter).values(value=value))


def sentences() -> list[str]:
    """The breaches, without the notes."""
    return [
        sentence for sentence in numbering.breaches() if not isinstance(sentence, checking.Note)
    ]


def test_a_number_whose_issue_was_undone_is_void(context: Flask) -> None:
    """It looks the same when the database was set back by one number, and then someone may have
    that number."""
    assert take() == 1
    with pytest.raises(ZeroDivisionError), transaction():
        assert numbering.next_in(SERIES) == 2
        raise ZeroDivisionError
    assert numbering.marks() == {SERIES: 2}
    (note,) = numbering.breaches()
    assert "RST-2026-000002-C will be void" in note and sentences() == []
    assert take() == 3
    (void,) = numbering.voids()
    assert (void.first, void.last, void.reason) == (2, 2, numbering.VoidReason.UNDONE)
    assert list(numbering.breaches()) == list(audit.breaches()) == []


def test_a_database_set_back_by_exactly_one_goes_on_after_the_mark(context: Flask) -> None:
    assert [take() for _ in range(3)] == [1, 2, 3]
    set_back(2)
    assert take() == 4
    assert list(numbering.breaches()) == []


def test_the_first_number_of_all_does_not_come_twice(context: Flask) -> None:
    take()
    with transaction():
        audit.record(SYSTEM, "test.set_back", "number", {})
        db.session.execute(numbering.sa.delete(numbering.Counter))
    assert take() == 2


def test_a_database_set_back_by_hand_goes_on_after_the_mark(context: Flask) -> None:
    assert [take() for _ in range(5)] == [1, 2, 3, 4, 5]
    set_back(2)
    assert list(numbering.breaches()) == [
        "numbers: RST-2026-000005-6 was given, but the database counts only to 2"
    ]
    assert [take(), take()] == [6, 7]
    (void,) = numbering.voids(SERIES)
    assert (void.first, void.last, void.reason) == (3, 5, numbering.VoidReason.SET_BACK)
    assert numbering.counters() == {SERIES: 7}
    assert list(numbering.breaches()) == list(audit.breaches()) == []


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{torn",
        b"7",
        b"[" * 99999,
        b'{"series": "certificate:2025", "value": 9}',
        b'{"series": "certificate:2026", "value": "1"}',
    ],
)
def test_a_damaged_mark_is_a_breach_and_stops_nobody(context: Flask, damage: bytes) -> None:
    """Nothing shows whether the database was set back, so a block of numbers is skipped, as
    after a restore without evidence."""
    take()
    storage.put("numbers/certificate-2026", damage)
    assert sentences() == [
        "numbers: the mark numbers/certificate-2026 is damaged; Rostrum will skip 1000 numbers "
        "before the next one"
    ]
    assert take() == 1002
    (void,) = numbering.voids()
    assert (void.first, void.last, void.reason) == (2, 1001, numbering.VoidReason.MARK_LOST)
    assert numbering.marks() == {SERIES: 1002}
    assert list(numbering.breaches()) == []


def test_a_missing_mark_is_a_breach_and_stops_nobody(context: Flask) -> None:
    take()
    mark_file().unlink()
    assert "the mark numbers/certificate-2026 is missing" in sentences()[0]
    assert take() == 1002


def test_a_folder_in_the_place_of_a_mark_stops_numbering(context: Flask) -> None:
    take()
    mark_file().unlink()
    mark_file().mkdir()
    assert "a folder is in the place of the mark numbers/certificate-2026" in sentences()[0]
    with pytest.raises(storage.Obstructed):
        take()
    assert numbering.counters() == {SERIES: 1}
    mark_file().rmdir()
    assert take() == 1002, "removing it does not make up for what it hid"


def test_a_copy_of_a_mark_made_by_hand_counts_for_nothing(context: Flask) -> None:
    take(), take()
    storage.put("numbers/certificate-2026.old", b'{"series": "certificate:2026", "value": 1}')
    assert numbering.marks() == {SERIES: 2}


def test_without_place_for_the_mark_no_number_is_given(context: Flask) -> None:
    """What could be forgotten is not issued."""
    storage.storage_of().root.mkdir(exist_ok=True)  # type: ignore[attr-defined]  # the store of tests is a Folder
    (storage.storage_of().root / "numbers").write_bytes(b"")  # type: ignore[attr-defined]  # the store of tests is a Folder
    with pytest.raises(storage.Obstructed):
        take()
    assert numbering.counters() == {}


def test_the_command_names_it(context: Flask) -> None:
    take(), take(), take()
    set_back(1)
    result = context.test_cli_runner().invoke(args=["check"])
    assert (result.exit_code, "was given, but the database counts only to 1" in result.output) == (
        1,
        True,
    )
    assert checking.breaches() != []
