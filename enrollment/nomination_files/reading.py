"""A whole nomination file: its rows checked one by one, then against each other."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from accounts.values import email_key
from core import countries
from enrollment.nomination_files import birth_dates
from enrollment.nomination_files.decoding import decode
from enrollment.nomination_files.results import NominationFile, NominationRow, Problem, shown
from enrollment.nomination_files.rows import check_row
from enrollment.nomination_files.table import Header, read_table
from enrollment.nomination_files.text import clean, is_blank


def read(data: bytes, *, day_first: bool | None = None, today: date | None = None) -> NominationFile:
    """The nominations in a file, each with its problems. Raises UnreadableFile and nothing else.

    `day_first` is the answer to `date_order_question`; without it the file's own dates decide. `today` is the
    application's date unless given.
    """
    encoding, text = decode(data)
    table = read_table(text)
    header = table.header
    people = [(number, cells, _with_country(header, _values(header, cells))) for number, cells in table.rows]
    day_first, ask = date_order((values for _, _, values in people), day_first)
    rows = []
    for number, cells, values in people:
        row = check_row(number, values, day_first=day_first, today=today)
        rows.append(replace(row, problems=(*_misplaced(number, header, cells), *row.problems)))
    return NominationFile(
        encoding=encoding,
        delimiter=table.delimiter,
        columns=tuple(header.headings),
        headings=header.headings,
        unknown_columns=header.unknown,
        rows=tuple(_with_duplicates(rows)),
        date_order_question=ask,
    )


def check_rows(
    people: Iterable[tuple[int, Mapping[str, str]]], *, day_first: bool | None = None, today: date | None = None
) -> list[NominationRow]:
    """Rows that were read before, by number and raw text, checked again with the rules of a file."""
    return list(_with_duplicates([check_row(n, values, day_first=day_first, today=today) for n, values in people]))


def date_order(people: Iterable[Mapping[str, str]], day_first: bool | None) -> tuple[bool | None, bool]:
    """Whether the day comes first, and whether that has to be asked: the answer, else what the dates themselves tell."""
    if day_first is not None:
        return day_first, False
    return birth_dates.order(values.get("birth_date", "") for values in people)


def _values(header: Header, cells: list[str]) -> dict[str, str]:
    """The row's text by canonical column. Cells missing at the end are blank: spreadsheets leave them out."""
    return {column: cell for column, cell in zip(header.columns, cells, strict=False) if column}


def _with_country(header: Header, values: dict[str, str]) -> dict[str, str]:
    """In a file that has no other country, a nationality stands for it: people see both before anything is saved."""
    if "country" in header.columns:
        return values
    codes = countries.nationalities(clean(values.get("nationalities", "")))
    return values | {"country": codes[0] or ""} if len(codes) == 1 else values


def _misplaced(number: int, header: Header, cells: list[str]) -> Iterable[Problem]:
    """Problems of cells that stand under no heading.

    One cell too many is a problem even if it is blank: an unquoted comma has moved the values before it.
    """
    width = len(header.words)
    if len(cells) > width:
        value = next((cell for cell in cells[width:] if not is_blank(cell)), "")
        yield _problem(
            number,
            _letter(width),
            value,
            "extra_cells",
            _l(
                "This row has more cells than there are headings: values may stand in wrong columns. Put "
                "quotation marks round a value that contains a comma or semicolon, or remove the extra cell."
            ),
        )
    for index, (word, cell) in enumerate(zip(header.words, cells, strict=False)):
        if not word and not is_blank(cell):
            yield _problem(
                number,
                _letter(index),
                cell,
                "no_heading",
                _l("This cell has no heading above it. Name its column, or empty the cell."),
            )


def _with_duplicates(rows: list[NominationRow]) -> Iterable[NominationRow]:
    """The rows; one that repeats the address or identifier of a row above gets a problem naming that row."""
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        found = None
        for column in ("email", "identifier"):
            value = row.fields[column]
            if not value:
                continue
            above = first.setdefault((column, _same(column, value)), row.row)
            if above != row.row and found is None:
                remedy = _duplicate_remedy(column, above)
                found = _problem(row.row, column, row.values[column], "duplicate", remedy)
        yield replace(row, problems=(*row.problems, found)) if found else row


def _same(column: str, value: str) -> str:
    """What is equal for two spellings of one address or identifier."""
    if column == "email":
        return email_key(value) or value
    return unicodedata.normalize("NFC", value.casefold())


def _duplicate_remedy(column: str, above: int) -> Any:
    if column == "email":
        return _l(
            "Row %(row)s has the same e-mail address. Remove one of the two rows, or correct the address.",
            row=above,
        )
    return _l(
        "Row %(row)s has the same identifier. Remove one of the two rows, or correct the identifier.",
        row=above,
    )


def _problem(row: int, column: str, value: str, code: str, remedy: Any) -> Problem:
    return Problem(row, column, shown(value), code, remedy)


def _letter(index: int) -> str:
    """The letter a spreadsheet shows above a column: A to Z, AA and on."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
