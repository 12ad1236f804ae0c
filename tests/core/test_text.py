"""Text in one line: what is invisible goes, what belongs to the spelling stays."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from core import names
from core.text import has_forbidden, in_lines, is_blank, is_garbled, normalized, one_line
from tests.counting import few_marks_sorted


def test_every_format_character_and_every_space_is_known() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        kind = unicodedata.category(character)
        if kind == "Cf":
            assert one_line(f"a{character}b") == "ab", hex(code)
        elif kind in ("Zs", "Zl", "Zp"):
            assert one_line(f"a{character}b") == "a b", hex(code)


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("\u200fأحمد\u200f", "أحمد"),
        ("Ami\u00adna", "Amina"),
        ("\ufeffAmina\u200b", "Amina"),
        ("\u2068Amina\u2069", "Amina"),
        ("A\tmina\n Ba", "A mina Ba"),
        ("Nguye\u0302\u0303n", "Nguyễn"),
        ("Nguye\u00ad\u0302\u0303n", "Nguyễn"),
        ("مهدی\u200cزاده", "مهدی\u200cزاده"),
        ("क्\u200dष", "क्\u200dष"),
        ("\u200dमेरी\u200c", "मेरी"),
        ("Ami\u200cna", "Amina"),
        ("김\u3164민수", "김민수"),
        ("辻\U000e0100", "辻\U000e0100"),
        ("葛\ufe00", "葛\ufe00"),
        ("Ami\ufe0fna\U000e0100", "Amina"),
        ("Ami\u2065na\ufff0", "Amina"),
        ("→\ufe0e", "→\ufe0e"),
    ],
)
def test_marks_go_and_spelling_stays(typed: str, cleaned: str) -> None:
    assert one_line(typed) == cleaned
    assert one_line(cleaned) == cleaned


def test_what_cannot_be_seen_is_blank() -> None:
    assert is_blank("") and is_blank(" \u00a0\u200b\u200d\ufeff\t\n\u3164\ufe0f\u2065")
    assert not is_blank("\u200f.\u200f")


def test_controls_and_damage_are_noticed() -> None:
    assert (
        has_forbidden("Am\u0007ina")
        and has_forbidden("\ue000")
        and not has_forbidden("مهدی\u200cزاده")
    )
    assert is_garbled("SÃ©nÃ©gal") and is_garbled("N\ufffd") and is_garbled("Nâ€™Diaye")
    assert not any(is_garbled(name) for name in ("Þóra", "Ýmir", "Ñusta", "João", "Ãngela"))


@pytest.mark.parametrize("form", ["NFC", "NFKC", "NFKD"])
def test_normalised_text_keeps_thirty_marks_in_a_row(form: Any) -> None:
    marks = "\u0315\u0300" * 15
    assert normalized(form, f"a{marks}b") == unicodedata.normalize(form, f"a{marks}b")
    assert normalized(form, f"a{marks}\u0300b") == unicodedata.normalize(form, f"a{marks}b")


def test_whatever_becomes_a_mark_counts_as_one() -> None:
    for code in range(sys.maxunicode + 1):
        parts = unicodedata.normalize("NFKD", chr(code))
        if all(map(unicodedata.combining, parts)):
            assert len(normalized("NFKD", "a" + chr(code) * 1000)) <= 30 * len(parts) + 1, hex(code)


@pytest.mark.parametrize(
    "mark",
    [
        "\u0315\u0300",
        "\u0344\u0316",
        "\uff9e\u0300",
        "\U0001d165\u0300",
        "\u0f73\u0f71",
        "\u200d",
        " ",
        "\u2028",
    ],
)
@pytest.mark.parametrize("read", [one_line, in_lines, names.fold, names.number_key, names.sought])
def test_hostile_text_takes_no_quadratic_time(read: Callable[..., Any], mark: str) -> None:
    """Which would be minutes here: then the suite's own limit ends the test."""
    with few_marks_sorted():
        read("a" + mark * 300_000)
