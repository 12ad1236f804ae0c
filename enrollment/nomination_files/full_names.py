"""Names that stand in one column: "DIALLO Amina" tells its parts by itself, "Amina Diallo" by the
heading or by the other rows.

What is a guess is shown to be checked, and no one is nominated by a guess. Which part comes first
is asked once for the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from enrollment.nomination_files.columns import FULL_NAMES
from enrollment.nomination_files.results import Problem, shown
from enrollment.nomination_files.text import clean
from people.values import PARTICLES, split_name

_LONGEST = 300


@dataclass(frozen=True)
class Parts:
    """A name in two parts. `is_sure`: the writing itself tells them apart. `family_first`: the
    order that it proves."""

    given: str
    family: str
    is_sure: bool
    family_first: bool | None = None


def order(people: Iterable[Mapping[str, str]], answer: bool | None) -> tuple[bool | None, bool]:
    """(whether the family name comes first, whether to ask): the answer, else what the names of
    the file prove together."""
    proved, is_open = set(), False
    for values in people:
        text, told = _text(values)
        if not text:
            continue
        parts = _parts(text)
        if parts.family_first is not None:
            proved.add(parts.family_first)
        is_open = is_open or (not parts.is_sure and told is None and " " in text)
    if answer is not None:
        return answer, False
    if len(proved) == 1:
        return proved.pop(), False
    return None, is_open


def example(people: Iterable[Mapping[str, str]]) -> tuple[str, Parts, Parts] | None:
    """A name of the file that can be read in both orders: with the given name first, and with
    the family name first."""
    for values in people:
        text, told = _text(values)
        if text and told is None and " " in text and not _parts(text).is_sure:
            return text, _ordered(text, False), _ordered(text, True)
    return None


def with_parts(
    row: int, values: Mapping[str, str], family_first: bool | None
) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """The values with given and family name filled from the column for both, and what has to be
    checked about them."""
    text, told = _text(values)
    if not text:
        return dict(values), ()
    parts = _parts(text)
    first = told if told is not None else family_first
    problems: tuple[Problem, ...] = ()
    if not parts.is_sure:
        if " " not in text:
            problems = (
                _to_check(
                    row,
                    text,
                    _l(
                        "“%(value)s” has one part. Say whether it is the person's only name.",
                        value=text,
                    ),
                ),
            )
        elif first is None:
            problems = (
                Problem(
                    row,
                    "given_name",
                    shown(text),
                    "name_order",
                    _l("Say which name comes first in this file."),
                ),
            )
        else:
            parts = _ordered(text, first)
            if text.count(" ") > 1:
                remedy = _l(
                    "Check how “%(value)s” was divided into given name and family name.",
                    value=shown(text),
                )
                problems = (_to_check(row, text, remedy),)
    return {**values, "given_name": parts.given, "family_name": parts.family}, problems


def _to_check(row: int, text: str, remedy: Any) -> Problem:
    return Problem(row, "given_name", shown(text), "check_name", remedy)


def _text(values: Mapping[str, str]) -> tuple[str, bool | None]:
    """The name in one piece and the order that its heading tells; nothing where the parts are
    known already."""
    if "given_name" in values or "family_name" in values:
        return "", None
    for column, told in FULL_NAMES.items():
        if text := clean(values.get(column, "")[:_LONGEST]):
            return text, told
    return "", None


def _parts(text: str) -> Parts:
    """By the writing alone: a comma, or a family name in capitals at the beginning or the end."""
    if "," in text:
        given, family = split_name(text)
        return Parts(
            given, family, is_sure=bool(given and family and "," not in given), family_first=None
        )
    words = text.split(" ")
    loud = [_is_loud(word) for word in words]
    if any(loud) and not all(loud) and len(words) > 1:
        count = sum(loud)
        if all(loud[:count]):
            return Parts(
                " ".join(words[count:]), " ".join(words[:count]), is_sure=True, family_first=True
            )
        if all(loud[-count:]):
            start = len(words) - count
            while start > 1 and words[start - 1].casefold() in PARTICLES:
                start -= 1
            return Parts(
                " ".join(words[:start]), " ".join(words[start:]), is_sure=True, family_first=False
            )
    given, family = split_name(text)
    return Parts(given, family, is_sure=False)


def _is_loud(word: str) -> bool:
    """In capitals, and more than an initial."""
    letters = [c for c in word if c.isalpha()]
    return (
        len(letters) > 1
        and all(c.isupper() or c.lower() == c.upper() for c in letters)
        and any(map(str.isupper, letters))
    )


def _ordered(text: str, family_first: bool) -> Parts:
    words = text.split(" ")
    if not family_first:
        start = len(words) - 1
        while start > 1 and words[start - 1].casefold() in PARTICLES:
            start -= 1
        return Parts(" ".join(words[:start]), " ".join(words[start:]), is_sure=False)
    end = 1
    while end < len(words) - 1 and words[end - 1].casefold() in PARTICLES:
        end += 1
    return Parts(" ".join(words[end:]), " ".join(words[:end]), is_sure=False)
