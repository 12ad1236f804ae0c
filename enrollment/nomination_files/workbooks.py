"""Nominations from a workbook (XLSX, XLS, ODS): the first visible sheet that has the headings,
read like a CSV file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from enrollment.nomination_files import birth_dates, ods_marks, xls_marks, xlsx_marks
from enrollment.nomination_files.choosing import TEXT
from enrollment.nomination_files.columns import column_of
from enrollment.nomination_files.results import MAX_COLUMNS, UnreadableFile
from enrollment.nomination_files.table import (
    Header,
    Record,
    Table,
    header_readings,
    meaning,
    table_of,
)
from enrollment.nomination_files.text import is_blank
from enrollment.nomination_files.workbook_parts import Marks, damaged, pack, unpack

#: Among so many filled rows the headings are looked for: titles may stand above them.
_LOOKED_AT = 20
_ENOUGH_HEADINGS = 3
_LISTED = 20


def is_workbook(data: bytes) -> bool:
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", xls_marks.SIGNATURE))


def read_workbook(data: bytes) -> tuple[Table, tuple[int, ...], tuple[tuple[str, str], ...]]:
    """The table, which of its rows are hidden, and what else is to be told: (code, words).
    Raises UnreadableFile."""
    marks, data = _marks(data)
    sheets = _values(data, marks)
    if not sheets:
        raise UnreadableFile(
            "empty", _l("The workbook is empty. Fill in a sheet, save it, and choose it again.")
        )
    number, start = _with_headings(sheets, marks)
    kept = marks[number]
    records = sheets[number][start:]
    table = table_of(iter(records), TEXT)
    if kept.is_from_1904 and "birth_date" in table.header.columns:
        _count_days_from_1900(table)
    rows = {row for row, _cells in table.rows}
    hidden = tuple(sorted(row + 1 for row in kept.hidden_rows if row + 1 in rows))
    return table, hidden, tuple(_notes(marks, number, table, records[0][0]))


def _marks(data: bytes) -> tuple[list[Marks], bytes]:
    """What the sheets are marked with, and the workbook for the reader of values."""
    if data.startswith(xls_marks.SIGNATURE):
        return xls_marks.marks(data), data
    parts = unpack(data)
    marks = ods_marks.marks(parts) if "content.xml" in parts else xlsx_marks.marks(parts)
    return marks, pack(parts)


def _values(data: bytes, marks: Sequence[Marks]) -> dict[int, list[Record]]:
    """The filled rows of each visible sheet by its number, numbered as a spreadsheet does."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        if len(book.sheet_names) != len(marks):
            raise damaged()
        found = {}
        for number, kept in enumerate(marks):
            if not kept.is_hidden and kept.cells:
                rows = book.get_sheet_by_index(number).to_python(skip_empty_area=False)
                records = list(_records(rows, kept))
                if records:
                    found[number] = records
        return found
    except CalamineError as error:
        raise damaged() from error
    except BaseException as error:
        # A fault in the reader of values itself comes as an exception that is no Exception.
        if type(error).__name__ == "PanicException":
            raise damaged() from None
        raise


def _records(rows: Sequence[Sequence[Any]], kept: Marks) -> Iterator[Record]:
    for number, cells in enumerate(rows):
        texts = [
            kept.texts.get((number, column)) or _text(value) for column, value in enumerate(cells)
        ]
        while texts and is_blank(texts[-1]):
            texts.pop()
        if texts:
            yield number + 1, texts


def _text(value: Any) -> str:
    """A cell's value as its text: whole numbers without a point, dates as year-month-day."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, datetime):
        return (
            value.date().isoformat()
            if value.time() == time()
            else value.isoformat(sep=" ", timespec="seconds")
        )
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _count_days_from_1900(table: Table) -> None:
    column = table.header.columns.index("birth_date")
    for _row, cells in table.rows:
        if column < len(cells):
            cells[column] = birth_dates.since_1900(cells[column])


def _with_headings(sheets: dict[int, list[Record]], marks: Sequence[Marks]) -> tuple[int, int]:
    """(number of the sheet, which of its filled rows) of the first headings; where there are
    none, of the likeliest."""
    likeliest, most = (next(iter(sheets)), 0), 0
    for number, records in sheets.items():
        for index, (_row, cells) in enumerate(records[:_LOOKED_AT]):
            reading = header_readings(cells, TEXT)[0]
            understood = len(
                {
                    column
                    for cell in cells[:MAX_COLUMNS]
                    if (column := column_of(meaning(cell, reading)))
                }
            )
            if understood >= _ENOUGH_HEADINGS:
                return number, index
            if understood > most:
                likeliest, most = (number, index), understood
    return likeliest


def _notes(
    marks: Sequence[Marks], number: int, table: Table, header_row: int
) -> Iterator[tuple[str, str]]:
    kept = marks[number]
    visible = [one for one in marks if not one.is_hidden]
    if len(visible) > 1:
        yield "sheet", kept.name
    if hidden := [one.name for one in marks if one.is_hidden and one.cells]:
        yield "hidden_sheets", ", ".join(hidden[:_LISTED])
    columns = [
        word
        for index, word in enumerate(table.header.words)
        if index in kept.hidden_columns and word
    ]
    if columns:
        yield "hidden_columns", ", ".join(columns[:_LISTED])
    if merged := [
        _range(one)
        for one in kept.merged
        if one[1][0] + 1 >= header_row and _is_read(one, table.header)
    ]:
        yield "merged", ", ".join(merged[:_LISTED]) + (" …" if len(merged) > _LISTED else "")


def _is_read(merged: tuple[tuple[int, int], tuple[int, int]], header: Header) -> bool:
    (_top, left), (_bottom, right) = merged
    return any(header.columns[left : right + 1])


def _range(merged: tuple[tuple[int, int], tuple[int, int]]) -> str:
    return ":".join(f"{letter(column)}{row + 1}" for row, column in merged)


def letter(index: int) -> str:
    """The letter a spreadsheet shows above a column: A to Z, AA and on."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
