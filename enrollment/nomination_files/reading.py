"""Reads a whole nomination file: first how its text, dates and names are to be understood, then its
rows one by one, then rows that repeat each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any

from flask_babel import lazy_gettext as _l

from core import countries
from core.names import number_key, words_of
from enrollment.nomination_files import birth_dates, encodings, full_names
from enrollment.nomination_files.carrying import to_text
from enrollment.nomination_files.choosing import BYTES, TEXT, Choice, choose
from enrollment.nomination_files.decoding import decode, refuse_other_files, undecided
from enrollment.nomination_files.results import (
    MAX_CARRIED,
    Answers,
    Checked,
    NominationFile,
    NominationRow,
    Problem,
    Sheet,
    SheetRow,
    UnreadableFile,
    shown,
)
from enrollment.nomination_files.rows import check_row
from enrollment.nomination_files.table import Header, Table, read_table
from enrollment.nomination_files.text import clean, is_blank
from enrollment.nomination_files.workbooks import is_workbook, letter, read_workbook
from people.values import email_key

# Our own exports put an apostrophe before text that a spreadsheet would take for a formula.
_HARMLESS = ("'=", "'+", "'-", "'@", "'|", "'%")


def read(
    data: bytes, *, answers: Answers | None = None, today: date | None = None
) -> NominationFile:
    """The nominations in a file, each with its problems. Raises UnreadableFile and nothing else.

    `answers`: answers to the questions in `checked`; without them the rows of the file decide.
    `today`: the date to judge dates of birth by, instead of the application's.
    """
    refuse_other_files(data)
    is_mixed, encoding = False, ""
    hidden: tuple[int, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    if is_workbook(data):
        table, hidden, notes = read_workbook(data)
        kind, encoding = TEXT, "workbook"
    else:
        raw = decode(data)
        table = read_table(raw.text, raw.kind)
        kind, is_mixed, encoding = raw.kind, raw.is_mixed, raw.encoding
    if table.header.unknown:
        notes = (*notes, ("unknown_columns", ", ".join(map(shown, table.header.unknown))))
    rows = _sheet_rows(table)
    serials = birth_dates.are_serials(row.raw.get("birth_date", "") for row in rows)
    sheet = Sheet(kind, rows, table.readings, answers or Answers(), hidden, notes, serials)
    if len(to_text(sheet).encode()) > MAX_CARRIED:
        raise UnreadableFile(
            "too_much_text",
            _l(
                "The file holds more text than nominations need. Split it, or remove what is not "
                "one."
            ),
        )
    checked = check_sheet(sheet, today=today)
    choice = checked.choice
    if kind == BYTES and (
        not choice.makes_sense or (is_mixed and choice.asks and not choice.is_clean)
    ):
        raise undecided(is_mixed)
    return NominationFile(
        encoding=encoding or choice.reading,
        delimiter=table.delimiter,
        columns=tuple(table.header.headings),
        headings=table.header.headings,
        unknown_columns=table.header.unknown,
        rows=checked.rows,
        date_order_question=checked.asks_date_order,
        sheet=sheet,
        checked=checked,
    )


def check_sheet(sheet: Sheet, *, today: date | None = None) -> Checked:
    """The rows of a sheet as its answers have them understood, each with its problems, and the
    questions that are still open."""
    answers = sheet.answers
    # Corrections that people typed have no encoding to choose, but a typed country helps to choose
    # that of the other cells.
    sheet_rows = [
        row for row in sheet.rows if answers.with_hidden is not False or row.row not in sheet.hidden
    ]
    raw = [_not_typed(row) | _country(row) for row in sheet_rows]
    choice = choose(raw, sheet.kind, allowed=sheet.readings, answer=answers.reading)
    people = [(sheet_row, _values(sheet_row, choice)) for sheet_row in sheet_rows]
    texts = [values for _row, values in people]
    day_first, asks_date_order = _date_order(texts, answers.day_first)
    family_first, asks_name_order = full_names.order(texts, answers.family_first)
    rows = []
    for sheet_row, values in people:
        parted, doubts = full_names.with_parts(sheet_row.row, values, family_first)
        row = check_row(
            sheet_row.row, parted, day_first=day_first, serials=sheet.serials, today=today
        )
        rows.append(
            replace(
                row,
                problems=(
                    *map(_stray, [sheet_row.row] * len(sheet_row.stray), sheet_row.stray),
                    *doubts,
                    *row.problems,
                ),
            )
        )
    return Checked(
        rows=tuple(_with_duplicates(rows)),
        choice=choice,
        day_first=day_first,
        asks_date_order=asks_date_order,
        family_first=family_first,
        asks_name_order=asks_name_order,
        name_example=full_names.example(texts) if asks_name_order else None,
        asks_hidden=bool(sheet.hidden) and answers.with_hidden is None,
    )


def _not_typed(row: SheetRow) -> dict[str, str]:
    """The raw cells of the row that no one has typed over."""
    return {column: text for column, text in row.raw.items() if column not in row.typed}


def _country(row: SheetRow) -> dict[str, str]:
    """The typed country, as evidence for the encoding of the other cells. It must be ASCII, which
    is the same in every reading."""
    typed = row.typed.get("country", "")
    return {"country": typed} if typed and typed.isascii() else {}


def _values(row: SheetRow, choice: Choice) -> dict[str, str]:
    """The text of the row in the chosen reading, with the corrections that were typed."""
    read = {
        column: encodings.read_as(text, choice.reading) or ""
        for column, text in _not_typed(row).items()
    }
    return _with_country({**read, **row.typed})


def _with_country(values: dict[str, str]) -> dict[str, str]:
    """The values with a single nationality as the country if the file has no column for the
    country. People see both before anything is saved."""
    if "country" in values:
        return values
    codes = countries.nationalities(clean(values.get("nationalities", "")))
    return values | {"country": codes[0] or ""} if len(codes) == 1 else values


def _date_order(
    people: Iterable[Mapping[str, str]], day_first: bool | None
) -> tuple[bool | None, bool]:
    """(whether the day comes first, whether to ask): by the answer, or else by the dates of the
    file."""
    if day_first is not None:
        return day_first, False
    return birth_dates.order(values.get("birth_date", "") for values in people)


def _sheet_rows(table: Table) -> tuple[SheetRow, ...]:
    return tuple(
        SheetRow(
            number,
            _by_column(table.header, cells),
            {},
            tuple(islice(_misplaced(table.header, cells), 3)),
        )
        for number, cells in table.rows
    )


def _by_column(header: Header, cells: list[str]) -> dict[str, str]:
    """The text of the row by canonical column. Cells may be missing at the end, because
    spreadsheets leave blank ones out there."""
    by_column = {
        column: cell for column, cell in zip(header.columns, cells, strict=False) if column and cell
    }
    if "country" in header.columns:  # blank, so that no nationality takes its place
        by_column.setdefault("country", "")
    return {
        column: cell.removeprefix("'") if cell.startswith(_HARMLESS) else cell
        for column, cell in by_column.items()
    }


def _misplaced(header: Header, cells: list[str]) -> Iterable[tuple[str, str, str]]:
    """The cells that have no heading above them.

    A row with too many cells is a problem even if the last ones are blank, because an unquoted
    comma may have moved the values before them.
    """
    width = len(header.words)
    if len(cells) > width:
        value = next((cell for cell in cells[width:] if not is_blank(cell)), "")
        yield letter(width), shown(value), "extra_cells"
    for index, (word, cell) in enumerate(zip(header.words, cells, strict=False)):
        if not word and not is_blank(cell):
            yield letter(index), shown(cell), "no_heading"


def _stray(row: int, cell: tuple[str, str, str]) -> Problem:
    column, value, code = cell
    if code == "extra_cells":
        remedy = _l(
            "This row has more cells than there are headings: values may stand in wrong columns. "
            "Put quotation marks round a value that contains a comma or semicolon, or remove the "
            "extra cell."
        )
    else:
        remedy = _l("This cell has no heading above it. Name its column, or empty the cell.")
    return _problem(row, column, value, code, remedy)


def _with_duplicates(rows: list[NominationRow]) -> Iterable[NominationRow]:
    """The rows. A row that repeats the number and issuer, or the address and name, of a row above
    gets a problem that names that row. The number or the address alone is no duplicate: two
    countries may use the same number, and two people may share a mailbox."""
    first: dict[tuple[Any, ...], int] = {}
    for row in rows:
        duplicate = None
        for column in ("email", "identifier"):
            value = row.fields[column]
            if not value:
                continue
            above = first.setdefault((column, *_same(column, value, row.fields)), row.row)
            if above != row.row and duplicate is None:
                remedy = _duplicate_remedy(column, above)
                duplicate = _problem(row.row, column, row.values[column], "duplicate", remedy)
        yield replace(row, problems=(*row.problems, duplicate)) if duplicate else row


def _same(column: str, value: str, fields: Mapping[str, Any]) -> tuple[Any, ...]:
    """The key that is equal in two rows about the same person, judged by this column."""
    if column == "email":
        name = f"{fields['given_name'] or ''} {fields['family_name'] or ''}"
        return email_key(value) or value, *sorted(words_of(name))
    issuer = fields["identifier_issuer"]
    return number_key(value), (countries.parse(issuer) or issuer) if issuer else fields["country"]


def _duplicate_remedy(column: str, above: int) -> Any:
    if column == "email":
        return _l(
            "Row %(row)s has the same name and email address. Remove one of the two rows, or "
            "correct the address.",
            row=above,
        )
    return _l(
        "Row %(row)s has the same service or staff number. Remove one of the two rows, or correct "
        "the number.",
        row=above,
    )


def _problem(row: int, column: str, value: str, code: str, remedy: Any) -> Problem:
    return Problem(row, column, shown(value), code, remedy)
