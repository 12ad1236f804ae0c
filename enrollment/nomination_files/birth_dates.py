"""Dates of birth as people write them.

03/04/1987 is two dates: a file whose other dates prove the order is believed, otherwise the order is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from enrollment.nomination_files.text import clean

MIN_AGE = 16
MAX_AGE = 100
#: No date is longer; what is longer is not looked at.
LONGEST = 40

# A spreadsheet adds midnight when a cell is formatted as date and time.
_MIDNIGHT = r"(?:[ T]0?0:00(?::00(?:\.0+)?)?)?"
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _MIDNIGHT)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})" + _MIDNIGHT)
_EITHER_ORDER = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4})" + _MIDNIGHT)


class NotADate(Exception):
    """The text is no date. `code` says in which way: bad_date, ambiguous_date or date_order."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def parse(text: str, day_first: bool | None) -> date:
    """The date, or NotADate. With `day_first` None, a date that depends on the order is ambiguous."""
    if match := _YEAR_FIRST.fullmatch(text):
        return _date(match[1], match[3], match[4])
    if match := _DOTTED.fullmatch(text):  # Nobody writes the month first with dots.
        return _date(match[3], match[2], match[1])
    match = _EITHER_ORDER.fullmatch(text)
    if match is None:
        raise NotADate("bad_date")
    first, second, year = match[1], match[3], match[4]
    if int(first) == int(second):
        return _date(year, first, second)
    if not (_could_be(year, first, second) or _could_be(year, second, first)):
        raise NotADate("bad_date")
    if day_first is None:
        raise NotADate("ambiguous_date")
    day, month = (first, second) if day_first else (second, first)
    if not _could_be(year, month, day):
        raise NotADate("date_order")
    return _date(year, month, day)


def order(texts: Iterable[str]) -> tuple[bool | None, bool]:
    """(whether the day comes first, whether to ask): what the dates of a file together say about their order.

    One date that is possible in one order only proves it, also when the day does not exist (31/02). Dates
    that prove both orders contradict each other; which of them are wrong, only people can tell.
    """
    day = month = open_ = 0
    for text in texts:
        match = _EITHER_ORDER.fullmatch(clean(text[:LONGEST]))
        if match is None:
            continue
        first, second = int(match[1]), int(match[3])
        day += 12 < first <= 31 and 1 <= second <= 12
        month += 12 < second <= 31 and 1 <= first <= 12
        open_ += 1 <= first <= 12 and 1 <= second <= 12 and first != second
    if bool(day) != bool(month):
        return bool(day), False
    return None, bool(day or open_)


def age_on(born: date, today: date) -> int:
    """Completed years of age."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _date(year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise NotADate("bad_date") from None


def _could_be(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
