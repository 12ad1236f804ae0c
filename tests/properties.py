"""Properties try examples until their time is up, so that no slow machine waits for them."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import SkipTest

from hypothesis import settings
from hypothesis.errors import FlakyStrategyDefinition, HypothesisException


class Effort(NamedTuple):
    examples: int
    seconds: float


#: What `make test-quick`, `make test` and `make test-all` spend on each property.
EFFORTS = {"quick": Effort(20, 1), "usual": Effort(100, 2), "all": Effort(2000, 60)}

for profile, effort in EFFORTS.items():
    settings.register_profile(profile, max_examples=effort.examples, deadline=None)


class TimeIsUp(SkipTest):
    """Hypothesis tries no other example after a test that is skipped."""


@contextmanager
def limited_time(property_: Any, now: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Once the profile's seconds have passed, no other example is tried, unless one failed: that
    one is still made small."""
    handle = property_.hypothesis
    check = handle.inner_test
    ends = now() + EFFORTS[settings.get_current_profile_name()].seconds
    is_up = has_failed = False

    @functools.wraps(check)
    def limited(*args: Any, **drawn: Any) -> None:
        nonlocal is_up, has_failed
        is_up = now() > ends and not has_failed
        if is_up:
            raise TimeIsUp(check.__name__)
        try:
            check(*args, **drawn)
        except HypothesisException:  # an example that does not fit
            raise
        except Exception:
            has_failed = True
            raise

    handle.inner_test = limited
    try:
        yield
    except (TimeIsUp, FlakyStrategyDefinition):  # the latter where a test itself draws examples
        if not is_up:
            raise
    finally:
        handle.inner_test = check
