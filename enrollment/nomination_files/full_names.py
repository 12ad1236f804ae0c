"""Names in one column: in "DIALLO Amina" the capitals show the family name, for "Amina Diallo" the
heading or the other rows have to show which part comes first.

If nothing shows it, the order is asked once for the file. A name that was divided by a guess is a
problem until someone has checked it, so that no one is nominated under a wrong name.
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
    """A name in two parts. `is_sure`: its writing shows where they divide. `family_first`: the
    order that the writing proves, if any."""

    given_name: str
    family_name: str
    is_sure: bool
    family_first: bool | None = None


def order(people: Iterable[Mapping[str, str]], answer: bool | None) -> tuple[bool | None, bool]:
    """(whether the family name comes first, whether to ask): by the answer, or else by what the
    names of the file prove together."""
    proved, is_open = set(), False
    for values in people:
        text, heading_order = _text(values)
        if not text:
            continue
        parts = _parts(text)
        if parts.family_first is not None:
            proved.add(parts.family_first)
        is_open = is_open or (not parts.is_sure and heading_order is None and " " in text)
    if answer is not None:
        return answer, False
    if len(proved) == 1:
        return proved.pop(), False
    return None, is_open


def example(people: Iterable[Mapping[str, str]]) -> tuple[str, Parts, Parts] | None:
    """A name of the file that can be read in both orders, with its parts if the given name comes
    first, and if the family name does."""
    for values in people:
        text, heading_order = _text(values)
        if text and heading_order is None and " " in text and not _parts(text).is_sure:
            return text, _ordered(text, False), _ordered(text, True)
    return None


def with_parts(
    row: int, values: Mapping[str, str], family_first: bool | None
) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """The values with given and family name taken from the column for both, and the problems of
    dividing them."""
    text, heading_order = _text(values)
    if not text:
        return dict(values), ()
    parts = _parts(text)
    first = heading_order if heading_order is not None else family_first
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
    return {**values, "given_name": parts.given_name, "family_name": parts.family_name}, problems


def _to_check(row: int, text: str, remedy: Any) -> Problem:
    return Problem(row, "given_name", shown(text), "check_name", remedy)


def _text(values: Mapping[str, str]) -> tuple[str, bool | None]:
    """The full name, and the order that its heading names. Empty if the file has the parts in
    columns of their own."""
    if "given_name" in values or "family_name" in values:
        return "", None
    for column, heading_order in FULL_NAMES.items():
        if text := clean(values.get(column, "")[:_LONGEST]):
            return text, heading_order
    return "", None


def _parts(text: str) -> Parts:
    """The parts by the writing alone: a comma, or a family name in capitals at one end."""
    if "," in text:
        given_name, family_name = split_name(text)
        is_sure = bool(given_name and family_name and "," not in given_name)
        return Parts(given_name, family_name, is_sure=is_sure)
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
    given_name, family_name = split_name(text)
    return Parts(given_name, family_name, is_sure=False)


def _is_loud(word: str) -> bool:
    """Whether the word is in capitals and more than an initial."""
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
