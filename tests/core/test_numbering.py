"""A number, once issued, is never issued again: not after a rollback, not when the database was set back by hand."""

from __future__ import annotations

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


def set_back(value: int) -> None:
    """As somebody does who copies an old database over the new one."""
    with transaction():
        audit.record(SYSTEM, "test.set_back", "number", {})
        db.session.execute(numbering.sa.update(numbering.Counter).values(value=value))


def test_a_rolled_back_number_is_given_again(context: Flask) -> None:
    assert take() == 1
    with pytest.raises(ZeroDivisionError), transaction():
        assert numbering.next_in(SERIES) == 2
        raise ZeroDivisionError
    assert numbering.marks() == {SERIES: 2}
    assert list(numbering.breaches()) == []
    assert take() == 2
    assert numbering.voids() == []


def test_a_database_set_back_by_hand_goes_on_after_the_mark(context: Flask) -> None:
    assert [take() for _ in range(5)] == [1, 2, 3, 4, 5]
    set_back(2)
    assert list(numbering.breaches()) == ["numbers: RST-2026-000005-6 was given, but the database counts only to 2"]
    assert [take(), take()] == [6, 7]
    (void,) = numbering.voids(SERIES)
    assert (void.first, void.last, void.reason) == (3, 5, numbering.SET_BACK)
    assert numbering.counters() == {SERIES: 7}
    assert list(numbering.breaches()) == list(audit.breaches()) == []


def test_a_damaged_mark_stops_nobody(context: Flask) -> None:
    take()
    storage.put("numbers/certificate-2026", b"{torn")
    assert take() == 2
    assert numbering.marks() == {SERIES: 2}


def test_without_place_for_the_mark_no_number_is_given(context: Flask) -> None:
    """What could be forgotten is not issued."""
    settings = context.extensions["settings"]
    settings.storage_path.mkdir(exist_ok=True)
    (settings.storage_path / "numbers").write_bytes(b"")
    with pytest.raises(storage.Obstructed):
        take()
    assert numbering.counters() == {}


def test_the_command_names_it(context: Flask) -> None:
    take(), take(), take()
    set_back(1)
    result = context.test_cli_runner().invoke(args=["check"])
    assert (result.exit_code, "was given, but the database counts only to 1" in result.output) == (1, True)
    assert checking.breaches() != []
