"""The drill, on both databases: fill, copy, go on, lose, restore, compare. No number is ever
issued twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from certificates.numbers import format_number
from core import numbering
from core.backups import restoring
from core.numbering import BLOCK
from tests.backups.makers import Machine


def voids(machine: Machine) -> list[tuple[int, int, str]]:
    with machine.app.app_context():
        return [(void.first, void.last, void.reason) for void in numbering.voids()]


def is_sound(machine: Machine) -> None:
    assert machine.run("check").exit_code == 0, machine.run("check").output
    assert machine.well("audit", "verify").endswith("the audit trail is whole\n")


@pytest.mark.timeout(280)
def test_the_drill(machine: Machine, new_machine: Callable[..., Machine], copy: Path) -> None:
    numbers = machine.issue(2)
    machine.checkpoint()
    before, head = machine.counts(), machine.head()
    assert "highest numbers: " + numbers[-1] in machine.well("backup", copy)
    lost = machine.issue(3)
    machine.checkpoint()
    end = machine.head()
    machine.lose_database()

    output = machine.well("restore", copy)
    assert (
        f"restored from entry {end[0]} to entry {head[0]}" in output
        and "another trail" not in output
    )
    assert (
        f"void: {lost[0]} to {lost[-1]} (they may have been issued); the next number is "
        f"{format_number(2026, 6)}" in output
    )
    after = machine.counts()
    changed = {table for table in after if after[table] != before.get(table)}
    assert (
        changed == {"audit_entry", "void_numbers"}
        and after["audit_entry"] == before["audit_entry"] + 2
    )
    assert machine.numbers() == numbers
    is_sound(machine)
    assert f"note: the trail was restored from entry {end[0]} to entry {head[0]}" in machine.well(
        "audit", "verify"
    )
    assert f"({lost[0]}); it is in the register of void numbers" in machine.run("check").output

    assert set(machine.issue(2)).isdisjoint(lost + numbers)
    assert voids(machine) == [(3, 5, "restored")]
    is_sound(machine)
    assert machine.well("certificates", "verify") == "4 files: all are whole\n"


@pytest.mark.long
@pytest.mark.timeout(280)
def test_an_empty_machine_proves_and_takes_a_copy(
    machine: Machine, new_machine: Callable[..., Machine], copy: Path
) -> None:
    numbers = machine.issue(2)
    machine.checkpoint()
    before = machine.counts()
    machine.well("backup", copy)
    lost = machine.issue(2)
    empty = new_machine("empty", is_migrated=False)
    assert f"{copy} is whole: made 2026-11-23" in empty.well("restore", copy, "--check")
    output = empty.well("restore", copy)
    assert (
        "restored from an unknown entry" in output
        and "nothing says whether they were issued" in output
    )
    assert {
        t: n for t, n in empty.counts().items() if t not in ("audit_entry", "void_numbers")
    } == {t: n for t, n in before.items() if t not in ("audit_entry", "void_numbers")}
    assert empty.numbers() == numbers
    is_sound(empty)
    assert empty.well("certificates", "verify") == "2 files: all are whole\n"
    (again,) = empty.issue(1)
    assert again not in lost and again == format_number(2026, 2 + BLOCK + 1)
    assert voids(empty) == [(3, 2 + BLOCK, "restored")]
    is_sound(empty)


def lose_database(machine: Machine) -> None:
    machine.lose_database()


def lose_all_but_files(machine: Machine) -> None:
    machine.lose_database()
    machine.lose_trail()


def lose_all_but_trail(machine: Machine) -> None:
    machine.lose_database()
    machine.lose_files()


def lose_everything(machine: Machine) -> None:
    machine.lose_everything()


def lose_nothing(machine: Machine) -> None:
    """Someone puts an older copy back over a database that is well."""


@pytest.mark.parametrize(
    ("lose", "is_filed"),
    [
        (lose_database, False),
        (lose_everything, False),
        pytest.param(lose_nothing, False, marks=pytest.mark.long),
        pytest.param(lose_all_but_files, True, marks=pytest.mark.long),
        pytest.param(lose_all_but_files, False, marks=pytest.mark.long),
        pytest.param(lose_all_but_trail, False, marks=pytest.mark.long),
    ],
)
@pytest.mark.timeout(280)
def test_no_number_comes_again(
    machine: Machine, copy: Path, lose: Callable[[Machine], None], is_filed: bool
) -> None:
    numbers = machine.issue(1)
    machine.well("backup", copy)
    lost = machine.issue(2) if is_filed else machine.issue_without_files(2)
    machine.checkpoint()
    unsigned = machine.issue_without_files(1)  # after the last checkpoint
    lose(machine)
    machine.well("restore", copy)
    again = machine.issue(2)
    assert set(again).isdisjoint(numbers + lost + unsigned), again
    is_sound(machine)


@pytest.mark.timeout(280)
def test_a_checkpoint_kept_elsewhere_knows(
    machine: Machine, new_machine: Callable[..., Machine], copy: Path, tmp_path: Path
) -> None:
    machine.issue(1)
    machine.well("backup", copy)
    lost = machine.issue(2)
    machine.checkpoint()
    end = machine.head()
    elsewhere = tmp_path / "kept.jsonl"
    elsewhere.write_bytes(
        (machine.folder / "audit" / "checkpoints.jsonl").read_bytes().splitlines()[-1]
    )
    empty = new_machine("empty", is_migrated=False)
    other = new_machine("other")
    forged = tmp_path / "forged.jsonl"
    forged.write_bytes((other.folder / "audit" / "checkpoints.jsonl").read_bytes())
    assert "holds no checkpoint signed by a known key" in empty.refused(
        "restore", copy, "--checkpoint", forged
    )
    output = empty.well("restore", copy, "--checkpoint", elsewhere)
    assert f"restored from entry {end[0]}" in output
    assert empty.issue(1)[0] > max(lost)
    is_sound(empty)


@pytest.mark.long
@pytest.mark.timeout(280)
def test_whoever_knows_says_the_next_number(machine: Machine, copy: Path) -> None:
    machine.issue(3)
    machine.well("backup", copy)
    machine.lose_everything()
    assert "numbers up to RST-2026-000003" in machine.refused(
        "restore", copy, "--next", "RST-2026-000003"
    )
    assert "is no number" in machine.refused("restore", copy, "--next", "four")
    assert "nothing else knows" in machine.refused("restore", copy, "--next", "RST-1999-000001")
    machine.well("restore", copy, "--next", "RST-2026-000004")
    assert voids(machine) == []
    assert machine.issue(1) == [format_number(2026, 4)]
    is_sound(machine)


@pytest.mark.long
@pytest.mark.timeout(280)
def test_restored_twice_the_trail_still_tells_all(machine: Machine, copy: Path) -> None:
    machine.issue(1)
    machine.well("backup", copy)
    machine.issue(1)
    machine.checkpoint()
    machine.well("restore", copy)
    first = machine.issue(1)
    machine.checkpoint()
    machine.well("restore", copy)
    assert set(machine.issue(1)).isdisjoint(first)
    machine.checkpoint()
    is_sound(machine)
    assert machine.well("audit", "verify").count("note: the trail was restored") == 2


@pytest.mark.long
@pytest.mark.timeout(280)
@pytest.mark.parametrize("lost", [1, 2])
def test_numbers_given_while_the_copy_is_made_ready_do_not_come_again(
    machine: Machine, copy: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    """People work on until the moment of the swap."""
    machine.issue(1)
    machine.checkpoint()
    machine.well("backup", copy)
    machine.issue(1)
    late: list[str] = []
    finish = restoring._finish

    def slowly(*facts: Any) -> tuple[int, str]:
        late.extend(machine.issue_without_files(lost))
        return finish(*facts)

    monkeypatch.setattr(restoring, "_finish", slowly)
    output = machine.well("restore", copy)
    assert (
        f"note: also void: {late[0]} to {late[-1]} (issued while the copy was being prepared)"
        in output
    )
    is_sound(machine)
    assert machine.issue(1) == [format_number(2026, 3 + lost)]
    assert voids(machine) == [(3, 2 + lost, "restored"), (2, 2, "restored")]
    is_sound(machine)
