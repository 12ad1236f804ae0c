"""Countries as they arrived and were refused."""

from __future__ import annotations

from pathlib import Path

from enrollment.nomination_files import read

INPUTS = Path(__file__).parent / "inputs"


def countries_in(name: str) -> list[str]:
    """The country of each row, all rows good but for the duplicate addresses the file may hold."""
    rows = read((INPUTS / name).read_bytes()).rows
    assert not [problem for row in rows for problem in row.problems if problem.column == "country"]
    return [row.fields["country"] for row in rows]


def test_14_kosovo_is_a_country() -> None:
    assert countries_in("14-kosovo.csv") == ["XK", "XK"]


def test_15_names_as_the_united_nations_writes_them() -> None:
    expected = [
        "SY",
        "LA",
        "MD",
        "BO",
        "VE",
        "VA",
        "BS",
        "GM",
        "GM",
        "LY",
        "MM",
        "RW",
        "LA",
        "IE",
        "BA",
        "CF",
        "MO",
        "PS",
        "BF",
    ]
    assert countries_in("15-un-names.csv") == expected
