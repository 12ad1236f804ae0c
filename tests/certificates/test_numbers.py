"""Numbers and tokens: every mistyped character is noticed, every harmless spelling is
understood."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.numbers import (
    ALPHABET,
    format_number,
    group_token,
    new_token,
    normalise_number,
    normalise_token,
)

years = st.integers(1000, 9999)
sequences = st.integers(1, 999_999)
tokens = st.builds(new_token)


def test_a_number_reads_as_described() -> None:
    number = format_number(2026, 42)
    assert number[:-1] == "RST-2026-000042-"
    assert number[-1] in ALPHABET


@pytest.mark.parametrize(
    ("year", "sequence"), [(999, 1), (10_000, 1), (2026, 0), (2026, 1_000_000), (2026, -1)]
)
def test_no_number_outside_its_range(year: int, sequence: int) -> None:
    with pytest.raises(ValueError):
        format_number(year, sequence)


@given(years, sequences)
def test_numbers_round_trip_in_every_harmless_spelling(year: Any, sequence: Any) -> None:
    number = format_number(year, sequence)
    assert normalise_number(number) == number
    bare = number.replace("-", "")
    for spelling in (
        number.lower(),
        bare,
        f"  {bare[:7]} {bare[7:]} ",
        number.replace("-", " – "),
        "RST" + number[3:].replace("0", "O").replace("1", "l"),
        number.replace("1", "I"),
    ):
        assert normalise_number(spelling) == number


@given(years, sequences, st.data())
def test_every_single_substitution_in_a_number_is_noticed(
    year: Any, sequence: Any, data: Any
) -> None:
    number = format_number(year, sequence)
    place = data.draw(st.sampled_from([i for i, c in enumerate(number) if c != "-"]))
    other = data.draw(st.sampled_from([c for c in ALPHABET if c != number[place]]))
    assert normalise_number(number[:place] + other + number[place + 1 :]) is None


@given(years, sequences, st.integers(0, 8))
def test_swapped_neighbouring_digits_are_noticed(year: Any, sequence: Any, place: Any) -> None:
    number = format_number(year, sequence)
    digits = list(number[4:8] + number[9:15])
    if digits[place] != digits[place + 1]:
        digits[place], digits[place + 1] = digits[place + 1], digits[place]
        assert normalise_number(f"RST{''.join(digits)}{number[-1]}") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "RST",
        "RST-2026-000042",
        "ABC-2026-000042-K",
        "RST-2026-000042-KK",
        "x" * 10_000,
        "RST-２０２６",
        "' OR 1=1 --",
        "RST-0000-000000-0",
        "\x00",
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert normalise_number(text) is None


@given(tokens)
def test_tokens_round_trip_in_every_harmless_spelling(token: Any) -> None:
    assert len(token) == 26 and set(token) <= set(ALPHABET)
    assert normalise_token(token) == token
    for spelling in (
        token.lower(),
        group_token(token),
        group_token(token).replace("-", " "),
        f" {token}\n",
        token.replace("0", "o").replace("1", "L"),
        group_token(token).replace("-", "\u2011"),
    ):
        assert normalise_token(spelling) == token


@given(tokens, st.integers(0, 25), st.data())
def test_every_single_substitution_in_a_token_is_noticed(token: Any, place: Any, data: Any) -> None:
    other = data.draw(st.sampled_from([c for c in ALPHABET if c != token[place]]))
    assert normalise_token(token[:place] + other + token[place + 1 :]) is None


def test_tokens_do_not_repeat_and_use_every_character() -> None:
    drawn = [new_token() for _ in range(2000)]
    assert len(set(drawn)) == 2000
    for place in range(25):
        assert {token[place] for token in drawn} == set(ALPHABET)


@given(st.text())
def test_any_text_gets_an_answer(text: Any) -> None:
    assert normalise_number(text) is None or normalise_number(text).startswith("RST-")
    assert normalise_token(text) is None or len(normalise_token(text)) == 26


def test_a_token_prints_in_groups() -> None:
    assert [len(group) for group in group_token(new_token()).split("-")] == [5, 5, 5, 5, 6]
