"""Real workbooks of each kind, made by the libraries that write them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import xlsxwriter
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.style import Style, TableProperties
from odf.table import CoveredTableCell, Table, TableCell, TableColumn, TableRow
from odf.text import P

HEADINGS = (
    "Identifier",
    "Given name",
    "Family name",
    "Email",
    "Country",
    "Category",
    "Date of birth",
)
PEOPLE = (
    ("A-1", "Łukasz", "Wiśniewski", "a@example.org", "PL", "police", date(1988, 3, 14)),
    ("A-2", "Zoë", "Lefèvre-Nguyễn", "b@example.org", "CA", "military", date(1990, 12, 31)),
    ("A-3", "Сергій", "Ковальчук", "c@example.org", "UA", "police", date(1979, 1, 2)),
)
Rows = Sequence[Sequence[Any]]
Cells = tuple[int, int, int, int]


class Zeros(int):
    """A number that its cell shows with zeros in front, five digits long."""


class Error(str):
    """An error of the spreadsheet."""


def xlsx(
    rows: Rows,
    *,
    hidden: Sequence[int] = (),
    hidden_columns: Sequence[int] = (),
    merged: Sequence[Cells] = (),
    before: Mapping[str, Rows] | None = None,
    hidden_sheets: Mapping[str, Rows] | None = None,
) -> bytes:
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    formats = {
        date: book.add_format({"num_format": "dd/mm/yyyy"}),
        Zeros: book.add_format({"num_format": "00000"}),
    }
    for name, cells in (hidden_sheets or {}).items():
        sheet = book.add_worksheet(name)
        _fill_xlsx(sheet, cells, formats)
        sheet.hide()
    for name, cells in (before or {}).items():
        _fill_xlsx(book.add_worksheet(name), cells, formats)
    sheet = book.add_worksheet("People")
    sheet.set_first_sheet()
    sheet.activate()
    _fill_xlsx(sheet, rows, formats)
    for row in hidden:
        sheet.set_row(row, None, None, {"hidden": True})
    for column in hidden_columns:
        sheet.set_column(column, column, None, None, {"hidden": True})
    for top, first, bottom, right in merged:
        sheet.merge_range(top, first, bottom, right, rows[top][first])
    book.close()
    return content.getvalue()


def _fill_xlsx(sheet: Any, rows: Rows, formats: Mapping[type, Any]) -> None:
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, Error):
                sheet.write_formula(number, column, "=NA()", None, str(value))
            elif isinstance(value, str):
                sheet.write_string(number, column, value)
            elif isinstance(value, date):
                sheet.write_datetime(number, column, value, formats[date])
            elif value is not None:
                sheet.write(number, column, value, formats.get(type(value)))


def xls(
    rows: Rows,
    *,
    hidden: Sequence[int] = (),
    hidden_columns: Sequence[int] = (),
    merged: Sequence[Cells] = (),
) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("People")
    styles = {
        date: xlwt.easyxf(num_format_str="DD/MM/YYYY"),
        Zeros: xlwt.easyxf(num_format_str="00000"),
    }
    covered = {
        (row, column)
        for top, first, bottom, right in merged
        for row in range(top, bottom + 1)
        for column in range(first, right + 1)
    }
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if value is not None and (number, column) not in covered:
                plain = int(value) if isinstance(value, Zeros) else value
                if isinstance(value, Error):
                    sheet.row(number).set_cell_error(column, 42)  # #N/A
                else:
                    sheet.write(
                        number, column, plain, styles.get(type(value), xlwt.Style.default_style)
                    )
    for hidden_row in hidden:
        sheet.row(hidden_row).hidden = True
    for column in hidden_columns:
        sheet.col(column).hidden = True
    for top, first, bottom, right in merged:
        sheet.write_merge(top, bottom, first, right, rows[top][first])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def ods(
    rows: Rows,
    *,
    hidden: Sequence[int] = (),
    hidden_columns: Sequence[int] = (),
    merged: Sequence[Cells] = (),
    hidden_sheets: Mapping[str, Rows] | None = None,
) -> bytes:
    document = OpenDocumentSpreadsheet()
    away = Style(name="away", family="table")
    away.addElement(TableProperties(display="false"))
    document.automaticstyles.addElement(away)
    for name, cells in (hidden_sheets or {}).items():
        document.spreadsheet.addElement(_table(name, cells, stylename=away))
    document.spreadsheet.addElement(_table("People", rows, hidden, hidden_columns, merged))
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def _table(
    name: str,
    rows: Rows,
    hidden: Sequence[int] = (),
    hidden_columns: Sequence[int] = (),
    merged: Sequence[Cells] = (),
    **style: Any,
) -> Any:
    table = Table(name=name, **style)
    for column in range(max(map(len, rows))):
        table.addElement(
            TableColumn(visibility="collapse" if column in hidden_columns else "visible")
        )
    spans = {
        (top, first): (bottom - top + 1, right - first + 1) for top, first, bottom, right in merged
    }
    covered = {
        (row, column)
        for top, first, bottom, right in merged
        for row in range(top, bottom + 1)
        for column in range(first, right + 1)
    } - set(spans)
    for number, row in enumerate(rows):
        line = TableRow(visibility="filter" if number in hidden else "visible")
        for column, value in enumerate(row):
            down, right = spans.get((number, column), (1, 1))
            span = (
                {"numberrowsspanned": down, "numbercolumnsspanned": right}
                if (down, right) != (1, 1)
                else {}
            )
            line.addElement(
                CoveredTableCell() if (number, column) in covered else _cell(value, span)
            )
        table.addElement(line)
    return table


def _cell(value: Any, span: Mapping[str, int]) -> Any:
    if value is None:
        return TableCell(**span)
    if isinstance(value, Error):
        cell = TableCell(valuetype="string", stringvalue="", formula="of:=NA()", **span)
    elif isinstance(value, date):
        cell = TableCell(valuetype="date", datevalue=value.isoformat(), **span)
    elif isinstance(value, int | float):
        cell = TableCell(valuetype="float", value=int(value), **span)
    else:
        cell = TableCell(valuetype="string", **span)
    cell.addElement(P(text=f"{value:05d}" if isinstance(value, Zeros) else str(value)))
    return cell


def changed(workbook: bytes, changes: Mapping[str, bytes]) -> bytes:
    """A zipped workbook with some parts replaced or added."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, content in changes.items():
            new.writestr(name, content)
    return stream.getvalue()


def part(workbook: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return archive.read(name)
