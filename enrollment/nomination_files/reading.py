"""A whole nomination file: how it is meant to be read, then its rows one by one, then against
each other."""

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

# What our own exports put before a text that a spreadsheet would take for a formula.
_HARMLESS = ("'=", "'+", "'-", "'@", "'|", "'%")


def read(
    data: bytes, *, answers: Answers | None = None, today: date | None = None
) -> NominationFile:
    """The nominations in a file, each with its problems. Raises UnreadableFile and nothing else.

    `answers`: to the questions that `checked` asks; without them the file's own rows decide.
    `today` is the application's date unless given.
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
    serials = birth_dates.are_serials(one.raw.get("birth_date", "") for one in rows)
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
    """What the rows of a sheet mean by its answers, each with its problems, and what is still to
    be asked."""
    answers = sheet.answers
    # What people typed themselves is not in doubt; a country helps to tell how the others are
    # meant.
    rows_in = [
        one for one in sheet.rows if answers.with_hidden is not False or one.row not in sheet.hidden
    ]
    raw = [
        {k: v for k, v in one.raw.items() if k not in one.typed} | _country(one) for one in rows_in
    ]
    choice = choose(raw, sheet.kind, allowed=sheet.readings, answer=answers.reading)
    people = [(one, _values(one, choice)) for one in rows_in]
    texts = [values for _one, values in people]
    day_first, asks_date_order = _date_order(texts, answers.day_first)
    family_first, asks_name_order = full_names.order(texts, answers.family_first)
    rows = []
    for one, values in people:
        parted, doubts = full_names.with_parts(one.row, values, family_first)
        row = check_row(one.row, parted, day_first=day_first, serials=sheet.serials, today=today)
        rows.append(
            replace(
                row,
                problems=(
                    *map(_stray, [one.row] * len(one.stray), one.stray),
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


def _country(one: SheetRow) -> dict[str, str]:
    """The country that was typed, for telling the letters of the others; only what is ASCII is
    the same in every reading."""
    typed = one.typed.get("country", "")
    return {"country": typed} if typed and typed.isascii() else {}


def _values(one: SheetRow, choice: Choice) -> dict[str, str]:
    """The row's text as meant, with what was typed over it."""
    read = {
        column: encodings.meant(text, choice.reading) or ""
        for column, text in one.raw.items()
        if column not in one.typed
    }
    return _with_country({**read, **one.typed})


def _with_country(values: dict[str, str]) -> dict[str, str]:
    """In a file that has no other country, a nationality stands for it: people see both before
    anything is saved."""
    if "country" in values:
        return values
    codes = countries.nationalities(clean(values.get("nationalities", "")))
    return values | {"country": codes[0] or ""} if len(codes) == 1 else values


def _date_order(
    people: Iterable[Mapping[str, str]], day_first: bool | None
) -> tuple[bool | None, bool]:
    """Whether the day comes first, and whether that has to be asked: the answer, else what the
    dates themselves tell."""
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
    """The row's text by canonical column. Cells missing at the end are blank: spreadsheets leave
    them out."""
    found = {
        column: cell for column, cell in zip(header.columns, cells, strict=False) if column and cell
    }
    if (
        "country" in header.columns
    ):  # a nationality stands for it only where there is no such column
        found.setdefault("country", "")
    return {
        column: cell[1:] if cell.startswith(_HARMLESS) else cell for column, cell in found.items()
    }


def _misplaced(header: Header, cells: list[str]) -> Iterable[tuple[str, str, str]]:
    """Cells that stand under no heading.

    One cell too many is a problem even if it is blank: an unquoted comma has moved the values
    before it.
    """
    width = len(header.words)
    if len(cells) > width:
        value = next((cell for cell in cells[width:] if not is_blank(cell)), "")
        yield letter(width), shown(value), "extra_cells"
    for index, (word, cell) in enumerate(zip(header.words, cells, strict=False)):
        if not word and not is_blank(cell):
            yield letter(index), shown(cell), "no_heading"


def _stray(row: int, found: tuple[str, str, str]) -> Problem:
    column, value, code = found
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
    """The rows; one that repeats a number of the same issuer, or address and name, of a row
    above gets a problem naming that row. Two countries may use one number, and two people one
    mailbox."""
    first: dict[tuple[Any, ...], int] = {}
    for row in rows:
        found = None
        for column in ("email", "identifier"):
            value = row.fields[column]
            if not value:
                continue
            above = first.setdefault((column, *_same(column, value, row.fields)), row.row)
            if above != row.row and found is None:
                remedy = _duplicate_remedy(column, above)
                found = _problem(row.row, column, row.values[column], "duplicate", remedy)
        yield replace(row, problems=(*row.problems, found)) if found else row


def _same(column: str, value: str, fields: Mapping[str, Any]) -> tuple[Any, ...]:
    """What is equal in two rows that give one person by this column."""
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
