"""Levels of languages: kept as tested, compared by policy."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from roster import languages
from roster.models import LanguageFramework as F


@pytest.mark.parametrize(
    ("level", "worth"),
    [
        ("0000", None),
        ("1111", "A2"),
        ("2222", "B2"),
        ("3321", "A2"),
        ("3322", "B2"),
        ("3+3+33", "C1"),
        ("4444", "C2"),
        ("5555", "C2"),
    ],
)
def test_an_slp_counts_as_its_weakest_skill(level: str, worth: str | None) -> None:
    assert languages.cefr_of(languages.step(F.SLP, languages.normal_level(F.SLP, level))) == worth


def test_cefr_levels_count_as_they_are() -> None:
    assert [
        languages.step(F.CEFR, languages.normal_level(F.CEFR, level))
        for level in ("a1", " b2 ", "C2")
    ] == [1, 4, 6]


@pytest.mark.parametrize(
    ("framework", "level"),
    [
        (F.CEFR, "B3"),
        (F.CEFR, "3322"),
        (F.CEFR, ""),
        (F.SLP, "B2"),
        (F.SLP, "332"),
        (F.SLP, "33226"),
        (F.SLP, "9999"),
        (F.SLP, "5+555"),
    ],
)
def test_a_level_that_does_not_exist_is_refused_at_its_field(framework: F, level: str) -> None:
    with pytest.raises(Invalid) as refusal:
        languages.normal_level(framework, level, field="languages.0.level")
    assert (refusal.value.code, refusal.value.field) == ("unknown_level", "languages.0.level")


def test_a_search_for_b2_also_takes_slp_2() -> None:
    assert [languages.least_slp(step) for step in range(1, 7)] == [1, 1, 2, 2, 3, 4]
