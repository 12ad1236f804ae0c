"""The rule of completion, and what it says is lacking."""

from __future__ import annotations

import pytest
from flask import Flask

from classroom.completion import Rule, judge
from core.i18n import in_language
from enrollment.lacks import Lack, read_lacks


@pytest.mark.parametrize(
    ("percent", "minutes", "taught", "complete"),
    [
        (100, 1080, 1080, True),
        (100, 1079, 1080, False),
        (90, 972, 1080, True),
        (90, 971, 1080, False),
        (70, 7, 10, True),  # 0.7 * 10 is 7.000000000000001 to a computer's fractions
        (29, 29, 100, True),  # 0.29 * 100 is 28.999999999999996
        (58, 58, 100, True),
        (1, 10, 1000, True),
        (1, 9, 1000, False),
        (0, 0, 1080, True),
        (100, 0, 0, True),  # nothing taught, nothing missed
    ],
)
def test_the_share_of_minutes_is_exact(
    percent: int, minutes: int, taught: int, complete: bool
) -> None:
    lacking = judge(
        Rule(percent), minutes=minutes, minutes_of_course=taught, score=None, completed=()
    )
    assert (not lacking) is complete


@pytest.mark.parametrize(
    ("score", "code"),
    [(70, None), (69.99, "score_below_minimum"), (None, "score_missing"), (100, None)],
)
def test_the_score(score: float | None, code: str | None) -> None:
    lacking = judge(Rule(0, 70), minutes=0, minutes_of_course=0, score=score, completed=())
    assert [lack.code for lack in lacking] == ([code] if code else [])


def test_without_a_minimum_no_score_is_needed() -> None:
    assert judge(Rule(0), minutes=0, minutes_of_course=0, score=None, completed=()) == []
    assert judge(Rule(0), minutes=0, minutes_of_course=0, score=1.0, completed=()) == []


def test_everything_that_lacks_is_said_in_words(context: Flask) -> None:
    rule = Rule(100, 70, ("GTI-BASIC", "HEAT"))
    lacking = judge(rule, minutes=720, minutes_of_course=1080, score=64.0, completed={"HEAT"})
    assert [(lack.code, lack.detail) for lack in lacking] == [
        ("attendance_below_minimum", "attended 720 of 1,080 minutes"),
        ("score_below_minimum", "score 64, needs 70"),
        ("prerequisite_missing", "GTI-BASIC not completed"),
    ]
    missing = judge(
        rule, minutes=1080, minutes_of_course=1080, score=None, completed={"HEAT", "GTI-BASIC"}
    )
    assert [(lack.code, lack.detail) for lack in missing] == [
        ("score_missing", "no post-test score, needs 70")
    ]
    assert (
        Lack("score_below_minimum", {"score": 64.5, "needed": 70}).detail == "score 64.5, needs 70"
    )


def test_what_is_kept_can_be_said_in_another_language_later(context: Flask) -> None:
    remaining = [
        Lack("attendance_below_minimum", {"minutes": 720, "taught": 1080}).stored(),
        Lack("no_place").stored(),
    ]
    assert [lack.detail for lack in read_lacks(remaining)] == [
        "attended 720 of 1,080 minutes",
        "no place became free",
    ]
    with in_language("fr"):
        assert "1\u202f080" in read_lacks(remaining)[0].detail
    assert read_lacks(None) == []
