"""The time that properties may take (tests/properties.py)."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.properties import EFFORTS, limited_time


def a_property(check: Callable[[int], None]) -> Callable[[], None]:
    """One that draws its numbers itself: then Hypothesis notices when it draws none."""

    @settings(max_examples=50, database=None, phases=[Phase.generate, Phase.shrink])
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        check(data.draw(st.integers(0, 1000)))

    return holds


def ticks() -> Callable[[], float]:
    """A clock on which each look takes a third of what a property may take."""
    seconds = EFFORTS[settings.get_current_profile_name()].seconds
    return (n * seconds / 3 for n in itertools.count()).__next__


def test_no_other_example_is_tried_when_time_is_up() -> None:
    tried: list[int] = []
    holds = a_property(tried.append)
    with limited_time(holds, ticks()):
        holds()
    assert len(tried) == 3
    holds()
    assert len(tried) > 3, "only while it is limited"


def test_a_failure_is_made_small_though_the_time_is_up() -> None:
    failures: list[int] = []

    def check(number: int) -> None:
        if number >= 17:
            failures.append(number)
            raise ValueError(number)

    holds = a_property(check)
    with (
        limited_time(holds, lambda: 1000.0 * len(failures)),
        pytest.raises(ValueError, match="17"),
    ):
        holds()
