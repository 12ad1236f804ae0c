"""Dates of birth as people and spreadsheets write them.

03/04/1987 can be two dates: other dates of the file may prove the order, otherwise it is asked. A
number is read as a spreadsheet's count of days if no other date of the column has day and month in
figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

from enrollment.nomination_files.text import clean, fold

#: The longest text that is tried as a date.
LONGEST = 40

# A spreadsheet adds midnight when a cell is formatted as date and time; a program adds the zone.
_MIDNIGHT = r"(?:[ T]0?0:00(?::00(?:[.,]0+)?)?(?: ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?))?)?"
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _MIDNIGHT)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})" + _MIDNIGHT)
_EITHER_ORDER = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4})" + _MIDNIGHT)
_SHORT_YEAR = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{2}|\d{1,2}[-/. ]*[^\W\d_]+[-/. ,]*\d{2}")
_NAMED_MONTH = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|ᵉʳ)?[-/. ]*(?:de |of )?([^\W\d_]+)\.?,?[-/ ]*(\d{4})" + _MIDNIGHT
)
_MONTH_FIRST = re.compile(
    r"([^\W\d_]+)\.?[-/ ]*(\d{1,2})(?:st|nd|rd|th)?,?[-/ ]+(\d{4})" + _MIDNIGHT
)
_YEAR_NAMED = re.compile(r"(\d{4})[-/ ]([^\W\d_]+)\.?[-/ ](\d{1,2})" + _MIDNIGHT)
_INSTANT = re.compile(r"\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d\d.*")
_SERIAL = re.compile(r"\d{4,5}(?:[.,]0+)?")
# Day 1 is 1 January 1900; spreadsheets also count 29 February 1900, which did not exist.
_BEFORE_DAY_1 = date(1899, 12, 30)
_FIRST_RIGHT_SERIAL = 61
#: Numbers that look like years. As counts of days they would be dates of 1905, and no participant
#: is that old.
_YEARS = range(1900, 2101)
#: Added to the days of workbooks that count from 1904, as old programs for the Macintosh did.
_DAY_0_OF_1904 = 1462


class NotADate(Exception):
    """The text is no date. `code` is the reason: unknown_date, bad_date, short_year, date_instant,
    date_number, ambiguous_date or date_order."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def parse(text: str, day_first: bool | None, *, serials: bool = False) -> date:
    """The date, or NotADate. With `day_first` None, a date that depends on the order is ambiguous.
    `serials`: numbers are days as spreadsheets count them."""
    if match := _YEAR_FIRST.fullmatch(text):
        return _date(match[1], match[3], match[4])
    if match := _DOTTED.fullmatch(text):  # No one writes the month first with dots.
        return _date(match[3], match[2], match[1])
    if named := _with_named_month(text):
        return _date(*named)
    if _SERIAL.fullmatch(text):
        return _of_serial(text, serials)
    match = _EITHER_ORDER.fullmatch(text)
    if match is None:
        raise NotADate(_fault(text))
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
    """(whether the day comes first, whether to ask): the order that the dates of a file prove.

    A date that is possible in only one order proves it, even if the day does not exist (31/02). If
    dates prove both orders, some are wrong, and only people can tell which.
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


def are_serials(texts: Iterable[str]) -> bool:
    """Whether the numbers of a column can be read as a spreadsheet's count of days. Beside a date
    in figures, such as 14/03/1988, they cannot: the spreadsheet may have swapped their day and
    month."""
    for text in texts:
        text = clean(text[:LONGEST])
        if (
            _EITHER_ORDER.fullmatch(text)
            or _DOTTED.fullmatch(text)
            or (text.isdigit() and not _SERIAL.fullmatch(text))
        ):
            return False
    return True


def _with_named_month(text: str) -> tuple[str, str, str] | None:
    """(year, month, day) of a date that names its month in English or French."""
    for pattern, places in (
        (_NAMED_MONTH, (3, 2, 1)),
        (_MONTH_FIRST, (3, 1, 2)),
        (_YEAR_NAMED, (1, 2, 3)),
    ):
        if match := pattern.fullmatch(text):
            year, month, day = (match[place] for place in places)
            if number := _months().get(fold(month)):
                return year, str(number), day
    return None


@lru_cache(maxsize=1)
def _months() -> dict[str, int]:
    from babel.dates import get_month_names

    names = {fold("sept"): 9, fold("fev"): 2, fold("juill"): 7}
    for language in ("en", "fr"):
        for width in ("wide", "abbreviated"):
            names.update(
                {
                    fold(name): number
                    for number, name in get_month_names(width, locale=language).items()
                }
            )
    return names


def since_1900(text: str) -> str:
    """The text of a cell that counts days from 1904, with the days counted from 1900 as in other
    workbooks."""
    if not _SERIAL.fullmatch(text) or _number(text) in _YEARS:
        return text
    return str(_number(text) + _DAY_0_OF_1904)


def _number(text: str) -> int:
    return int(re.split("[.,]", text)[0])


def _of_serial(text: str, serials: bool) -> date:
    number = _number(text)
    if number in _YEARS or number < _FIRST_RIGHT_SERIAL:
        raise NotADate("unknown_date")
    if not serials:
        raise NotADate("date_number")
    return _BEFORE_DAY_1 + timedelta(days=number)


def _fault(text: str) -> str:
    if _SHORT_YEAR.fullmatch(text):
        return "short_year"
    if _INSTANT.fullmatch(text):
        return "date_instant"
    return "unknown_date"


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
