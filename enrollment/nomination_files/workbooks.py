"""Reads nominations from a workbook (XLSX, XLS, ODS): from the first visible sheet that has the
headings, by the same rules as a CSV file."""

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

#: How many filled rows are searched for the headings, because titles may be above them.
_LOOKED_AT = 20
_ENOUGH_HEADINGS = 3
_LISTED = 20


def is_workbook(data: bytes) -> bool:
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", xls_marks.SIGNATURE))


def read_workbook(data: bytes) -> tuple[Table, tuple[int, ...], tuple[tuple[str, str], ...]]:
    """The table, the numbers of its hidden rows, and notes for people: (code, words). Raises
    UnreadableFile."""
    marks, data = _marks(data)
    sheets = _values(data, marks)
    if not sheets:
        raise UnreadableFile(
            "empty", _l("The workbook is empty. Fill in a sheet, save it, and choose it again.")
        )
    number, start = _with_headings(sheets, marks)
    sheet_marks = marks[number]
    records = sheets[number][start:]
    table = table_of(iter(records), TEXT)
    if sheet_marks.is_from_1904 and "birth_date" in table.header.columns:
        _count_days_from_1900(table)
    rows = {row for row, _cells in table.rows}
    hidden = tuple(sorted(row + 1 for row in sheet_marks.hidden_rows if row + 1 in rows))
    return table, hidden, tuple(_notes(marks, number, table, records[0][0]))


def _marks(data: bytes) -> tuple[list[Marks], bytes]:
    """The marks of the sheets, and the workbook for the reader of values."""
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
        filled = {}
        for number, sheet_marks in enumerate(marks):
            if not sheet_marks.is_hidden and sheet_marks.cells:
                rows = book.get_sheet_by_index(number).to_python(skip_empty_area=False)
                records = list(_records(rows, sheet_marks))
                if records:
                    filled[number] = records
        return filled
    except CalamineError as error:
        raise damaged() from error
    except BaseException as error:
        # A panic in the reader of values, which is written in Rust, is no subclass of Exception.
        if type(error).__name__ == "PanicException":
            raise damaged() from None
        raise


def _records(rows: Sequence[Sequence[Any]], marks: Marks) -> Iterator[Record]:
    for number, cells in enumerate(rows):
        texts = [
            marks.texts.get((number, column)) or _text(value) for column, value in enumerate(cells)
        ]
        while texts and is_blank(texts[-1]):
            texts.pop()
        if texts:
            yield number + 1, texts


def _text(value: Any) -> str:
    """The value of a cell as text: whole numbers without a point, dates as year-month-day."""
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
    """(number of the sheet, index of its filled row) of the first headings; without any, of the row
    that is most like headings, so that the refusal names what it lacks."""
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
    sheet_marks = marks[number]
    visible = [sheet for sheet in marks if not sheet.is_hidden]
    if len(visible) > 1:
        yield "sheet", sheet_marks.name
    if hidden := [sheet.name for sheet in marks if sheet.is_hidden and sheet.cells]:
        yield "hidden_sheets", ", ".join(hidden[:_LISTED])
    columns = [
        word
        for index, word in enumerate(table.header.words)
        if index in sheet_marks.hidden_columns and word
    ]
    if columns:
        yield "hidden_columns", ", ".join(columns[:_LISTED])
    if merged := [
        _range(area)
        for area in sheet_marks.merged
        if area[1][0] + 1 >= header_row and _is_read(area, table.header)
    ]:
        yield "merged", ", ".join(merged[:_LISTED]) + (" …" if len(merged) > _LISTED else "")


def _is_read(area: tuple[tuple[int, int], tuple[int, int]], header: Header) -> bool:
    (_top, first), (_bottom, last) = area
    return any(header.columns[first : last + 1])


def _range(area: tuple[tuple[int, int], tuple[int, int]]) -> str:
    return ":".join(f"{letter(column)}{row + 1}" for row, column in area)


def letter(index: int) -> str:
    """The letter a spreadsheet shows above a column: A to Z, AA and on."""
    letters = ""
    index += 1
    while index:
        index, remainder = divmod(index - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters
