"""The rules for one nomination: the same for a row of a file, a corrected row, and the form for a
single person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from core import countries, languages, names
from core.errors import Invalid
from enrollment.nomination_files import birth_dates, words
from enrollment.nomination_files.columns import COLUMNS
from enrollment.nomination_files.results import NominationRow, Problem, shown
from enrollment.nomination_files.text import is_blank, storable
from people.personnel import CATEGORY_CODES, SUBCATEGORY_CODES
from people.values import (
    check_names,
    clean_birth_date,
    clean_email,
    clean_identifier,
    clean_name,
    clean_nationalities,
    clean_subcategory,
    clean_text,
    parse_rank_code,
    require_sender,
    whole_name,
)

MAX_LENGTHS = {
    "identifier": 60,
    "identifier_issuer": 60,
    "given_name": 120,
    "family_name": 120,
    "name_on_certificate": 120,
    "email": 254,
    "country": 100,
    "nationalities": 300,
    "gender": 60,
    "birth_date": birth_dates.LONGEST,
    "category": 60,
    "subcategory": 60,
    "rank": 120,
    "rank_code": 20,
    "organization": 200,
    "language": 100,
    "needs": 1000,
}
_MISSING = {
    "email": _l("Write the email address: the person receives the invitation there."),
    "country": _l(
        "Write the country that sends the person, or “none” for people of an international "
        "organization."
    ),
    "category": _l("Write one of %(codes)s.", codes=CATEGORY_CODES),
}
NAME_NEEDED = _l(
    "Write the name. One is enough: leave the other empty for a person with a single name."
)
_NAMES = ("given_name", "family_name", "name_on_certificate")
#: The key of a row with the confirmation that its unusual names are right.
CONFIRMED = "names_confirmed"
#: The key of a row with the answer to who is meant: "new", or the id of a person.
IDENTITY = "identity"
_WHEN_BLANK: dict[str, Any] = {"gender": "undisclosed", "birth_date": None, "nationalities": ()}


_WHEN_REFUSED: dict[str, Any] = {"birth_date": None, "nationalities": ()}


class _Refused(Exception):
    """A value cannot be accepted."""

    def __init__(self, code: str, remedy: Any):
        super().__init__(code)
        self.code = code
        self.remedy = remedy


@dataclass(frozen=True)
class _Frame:
    """What a rule needs besides the value. `today`: None for the date of the application's
    clock."""

    day_first: bool | None
    today: date | None
    serials: bool = False


def check_row(
    row: int,
    values: Mapping[str, str],
    *,
    day_first: bool | None = True,
    serials: bool = False,
    today: date | None = None,
) -> NominationRow:
    """The row with the parsed values and all their problems.

    `values` is keyed by canonical column; a missing key is a blank value. With `day_first` None,
    dates that depend on the order are problems. With `serials`, numbers are days as spreadsheets
    count them.
    """
    frame = _Frame(day_first, today, serials)
    is_confirmed = bool(values.get(CONFIRMED))
    raw = {column: storable(values.get(column) or "") for column in COLUMNS}
    fields: dict[str, Any] = {}
    problems: list[Problem] = []
    for column in COLUMNS:
        try:
            fields[column] = _check(column, raw[column], frame)
        except _Refused as refusal:
            fields[column] = _WHEN_REFUSED.get(column, "")
            problems.append(Problem(row, column, shown(raw[column]), refusal.code, refusal.remedy))
    problems += _name_problems(row, raw, fields, problems, is_confirmed)
    problems.sort(key=lambda problem: COLUMNS.index(problem.column))
    if is_blank(raw["name_on_certificate"]):
        origin = names.Origin(fields["country"], fields["nationalities"], fields["language"])
        name = names.full_name(fields["given_name"], fields["family_name"], origin)
        try:
            fields["name_on_certificate"] = whole_name(name, "name_on_certificate")
        except Invalid as refusal:
            problems.append(
                Problem(row, "name_on_certificate", shown(name), refusal.code, refusal.message)
            )
    try:
        require_sender(raw["country"], raw["organization"])
    except Invalid as refusal:
        problems.append(Problem(row, "organization", "", refusal.code, refusal.message))
    try:
        clean_subcategory(fields["category"], fields["subcategory"], "subcategory")
    except Invalid as refusal:
        problems.append(
            Problem(row, "subcategory", shown(raw["subcategory"]), refusal.code, refusal.message)
        )
    if is_confirmed:
        raw[CONFIRMED], fields[CONFIRMED] = "1", True
    answer = values.get(IDENTITY)
    if answer and (identity := names.parse_identity(answer)):
        raw[IDENTITY], fields[IDENTITY] = answer, identity
    return NominationRow(row, raw, fields, tuple(problems))


def _name_problems(
    row: int,
    raw: Mapping[str, str],
    fields: Mapping[str, Any],
    problems: list[Problem],
    is_confirmed: bool,
) -> Iterator[Problem]:
    """Problems of the names together: one of the two is enough, but it must not be a filler such as
    "n/a"."""
    if any(problem.column in _NAMES for problem in problems):
        return
    if not fields["given_name"] and not fields["family_name"]:
        yield Problem(row, "given_name", "", "required", NAME_NEEDED)
        return
    try:
        check_names({column: fields[column] for column in _NAMES}, is_confirmed=is_confirmed)
    except Invalid as refusal:
        column = str(refusal.field)
        yield Problem(row, column, shown(raw[column]), refusal.code, refusal.message)


def _check(column: str, raw: str, frame: _Frame) -> Any:
    """The parsed value of one column. Raises _Refused."""
    if is_blank(raw):
        if column in _MISSING:
            raise _Refused("required", _MISSING[column])
        return _WHEN_BLANK.get(column, "")
    try:
        text = clean_text(raw, column, longest=MAX_LENGTHS[column])
        rule = _RULES.get(column)
        if column == "email":
            text = raw  # unchanged: normalizing to NFC could make another address of it
        return rule(text, frame) if rule else text
    except Invalid as refusal:
        remedy = _too_long(column) if refusal.code == "too_long" else refusal.message
        raise _Refused(refusal.code, remedy) from None


def _too_long(column: str) -> Any:
    return _l("This is longer than %(limit)s characters. Shorten it.", limit=MAX_LENGTHS[column])


def _name(text: str, frame: _Frame) -> str:
    return clean_name(text, "name")


def _identifier(text: str, frame: _Frame) -> str:
    return clean_identifier(text, "identifier")


def _email(text: str, frame: _Frame) -> str:
    try:
        return clean_email(text, "email")
    except Invalid as refusal:
        remedy = refusal.message
        if refusal.code == "bad_email":
            remedy = _l(
                "“%(value)s” is not an email address. Write one address, such as "
                "name@organization.org.",
                value=shown(text),
            )
        raise _Refused(refusal.code, remedy) from None


def _country(text: str, frame: _Frame) -> str:
    if code := countries.parse(text):
        return code
    if countries.means_none(text):
        return ""
    if countries.is_ambiguous(text):
        raise _Refused(
            "ambiguous_country",
            _l(
                "“%(value)s” can be more than one country. Write its full name or its two-letter "
                "code.",
                value=shown(text),
            ),
        )
    raise _Refused(
        "unknown_country",
        _l(
            "“%(value)s” is not a known country. Write its English or French name, or its "
            "two-letter code.",
            value=shown(text),
        ),
    )


def _nationalities(text: str, frame: _Frame) -> tuple[str, ...]:
    try:
        return tuple(clean_nationalities(text, "nationalities"))
    except Invalid as refusal:
        raise _Refused(refusal.code, refusal.message) from None


def _gender(text: str, frame: _Frame) -> str:
    if gender := words.parse_gender(text):
        return gender
    raise _Refused(
        "unknown_gender",
        _l(
            "“%(value)s” is not understood. Write female, male, another or undisclosed, or leave "
            "it empty.",
            value=shown(text),
        ),
    )


def _category(text: str, frame: _Frame) -> str:
    if category := words.parse_category(text):
        return category
    raise _Refused(
        "unknown_category",
        _l(
            "“%(value)s” is not a category. Write one of %(codes)s.",
            value=shown(text),
            codes=CATEGORY_CODES,
        ),
    )


def _subcategory(text: str, frame: _Frame) -> str:
    if subcategory := words.parse_subcategory(text):
        return subcategory
    raise _Refused(
        "unknown_subcategory",
        _l(
            "“%(value)s” is not a sub-category. Write one of %(codes)s, or leave it empty.",
            value=shown(text),
            codes=SUBCATEGORY_CODES,
        ),
    )


def _rank_code(text: str, frame: _Frame) -> str:
    if code := parse_rank_code(text):
        return code
    raise _Refused(
        "bad_rank_code",
        _l(
            "“%(value)s” is not a NATO rank code. Write OF-1 to OF-10 or OR-1 to OR-9, or leave "
            "it empty: only the military has one.",
            value=shown(text),
        ),
    )


def _language(text: str, frame: _Frame) -> str:
    if code := languages.parse(text):
        return code
    raise _Refused(
        "unknown_language",
        _l(
            "“%(value)s” is not a known language. Write one, by its English or French name or by "
            "its code.",
            value=shown(text),
        ),
    )


def _birth_date(text: str, frame: _Frame) -> date:
    try:
        born = birth_dates.parse(text, frame.day_first, serials=frame.serials)
    except birth_dates.NotADate as refusal:
        raise _Refused(refusal.code, _date_remedy(refusal.code, text, frame)) from None
    return clean_birth_date(born, "birth_date", today=frame.today, typed=shown(text))


_DATE_REMEDIES: dict[str, Callable[[str], Any]] = {
    "bad_date": lambda value: _l(
        "“%(value)s” is not a date that exists. Write it as year-month-day, such as 1988-03-14.",
        value=value,
    ),
    "unknown_date": lambda value: _l(
        "“%(value)s” is not understood as a date. Write it as year-month-day, such as 1988-03-14.",
        value=value,
    ),
    "short_year": lambda value: _l(
        "The year of “%(value)s” has two digits only. Write the date as year-month-day, such as "
        "1988-03-14.",
        value=value,
    ),
    "date_instant": lambda value: _l(
        "“%(value)s” is a time of a day, and which day it is depends on the time zone. Write the "
        "date as year-month-day, such as 1988-03-14.",
        value=value,
    ),
    "date_number": lambda value: _l(
        "“%(value)s” is a number. A spreadsheet may mean a date by it, but other dates of this "
        "column are written in figures. Write it as year-month-day, such as 1988-03-14.",
        value=value,
    ),
}


def _date_remedy(code: str, text: str, frame: _Frame) -> Any:
    value = shown(text)
    if code == "ambiguous_date":
        return _l(
            "In “%(value)s”, the day or the month may come first. Say which for the whole file, "
            "or write it as year-month-day, such as 1988-03-14.",
            value=value,
        )
    if code == "date_order" and frame.day_first:
        return _l(
            "“%(value)s” is not a date with the day first. Write it as year-month-day, such as "
            "1988-03-14.",
            value=value,
        )
    if code == "date_order":
        return _l(
            "“%(value)s” is not a date with the month first. Write it as year-month-day, such as "
            "1988-03-14.",
            value=value,
        )
    return _DATE_REMEDIES[code](value)


_RULES: dict[str, Callable[[str, _Frame], Any]] = {
    "given_name": _name,
    "family_name": _name,
    "name_on_certificate": _name,
    "identifier": _identifier,
    "email": _email,
    "country": _country,
    "nationalities": _nationalities,
    "gender": _gender,
    "birth_date": _birth_date,
    "category": _category,
    "subcategory": _subcategory,
    "rank_code": _rank_code,
    "language": _language,
}
