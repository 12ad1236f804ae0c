"""The value of a tested language level in a search: a policy, not a fact.

There is no official equivalence between STANAG 6001 (SLP) and the Common European Framework. Levels
are therefore stored as tested and only compared through this table; a page that uses it writes "by
policy", never "tested".
"""

from __future__ import annotations

import re

from flask_babel import lazy_gettext as _l

from core.errors import Invalid
from roster.models import LanguageFramework

#: The steps of the Common European Framework, from lowest to highest.
CEFR = {"A1": 1, "A2": 2, "B1": 3, "B2": 4, "C1": 5, "C2": 6}
#: STANAG 6001 level → CEFR step. The lowest of the four skills decides; a plus counts for nothing.
SLP = {0: 0, 1: 2, 2: 4, 3: 5, 4: 6, 5: 6}

_PROFILE = re.compile(r"(?:[0-4]\+?|5){4}")


def normal_level(framework: LanguageFramework, level: str, *, field: str | None = None) -> str:
    """`level` as stored ("B2", "3322", "2+2+1+1"). Raises Invalid if the framework has no such
    level."""
    written = level.strip().upper().replace(" ", "")
    if framework is LanguageFramework.CEFR:
        if written not in CEFR:
            raise Invalid("unknown_level", _l("Choose a level from A1 to C2."), field)
    elif not _PROFILE.fullmatch(written):
        message = _l(
            "Give four digits from 0 to 5: listening, speaking, reading, writing, such as 3322."
        )
        raise Invalid("unknown_level", message, field)
    return written


def step(framework: LanguageFramework, level: str) -> int:
    """The CEFR step (1 A1 … 6 C2; 0 below it) of a level stored by `normal_level`."""
    if framework is LanguageFramework.CEFR:
        return CEFR[level]
    return SLP[min(int(digit) for digit in level if digit != "+")]


def cefr_of(steps: int) -> str | None:
    """The name of a step."""
    return next((name for name, number in CEFR.items() if number == steps), None)


def least_slp(steps: int) -> int:
    """The lowest SLP level that counts for a CEFR step: what a search for B2 accepts besides B2."""
    return min(level for level, worth in SLP.items() if worth >= steps)
