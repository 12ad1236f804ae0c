"""Reads the marks of an OpenDocument spreadsheet, which the reader of values does not return: what
is hidden or merged, errors, and numbers shown with zeros in front."""

from __future__ import annotations

import re
from collections.abc import Mapping

from enrollment.nomination_files.workbook_parts import (
    MAX_COLUMN,
    MAX_ROW,
    Marks,
    encrypted,
    read_xml,
)

_ERROR = re.compile(r"#[A-Z0-9/]+[!?]?|Err:\d+")
_HIDDEN = ("collapse", "filter")


def marks(parts: Mapping[str, bytes]) -> list[Marks]:
    """The marks of each sheet, in the order of the workbook. Raises UnreadableFile."""
    if b"encryption-data" in parts.get("META-INF/manifest.xml", b""):
        raise encrypted()
    reader = _Content()
    read_xml(parts["content.xml"], reader.start, reader.end, reader.text)
    return reader.sheets


class _Content:
    def __init__(self) -> None:
        self.sheets: list[Marks] = []
        self.hidden_styles: set[str] = set()
        self.style = ""
        self.is_from_1904 = False
        self.row = self.column = self.columns = 0
        self.rows = self.repeated = 1
        self.cell: dict[str, str] = {}
        self.shown, self.paragraphs, self.is_text = "", 0, False
        self.groups: list[bool] = []

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if element == "style":
            self.style = attributes.get("name", "")
        elif element == "table-properties" and attributes.get("display") == "false":
            self.hidden_styles.add(self.style)
        elif element == "null-date":
            self.is_from_1904 = attributes.get("date-value") == "1904-01-01"
        elif element == "table":
            is_hidden = attributes.get("style-name") in self.hidden_styles
            self.sheets.append(
                Marks(
                    name=attributes.get("name", ""),
                    is_hidden=is_hidden,
                    is_from_1904=self.is_from_1904,
                )
            )
            self.row = self.columns = 0
        elif not self.sheets:
            return
        elif element == "table-column":
            count = _times(attributes, "number-columns-repeated")
            if attributes.get("visibility") in _HIDDEN:
                self.sheets[-1].hidden_columns.update(
                    range(self.columns, min(self.columns + count, MAX_COLUMN))
                )
            self.columns += count
        elif element == "table-row":
            self.column, self.rows = 0, _times(attributes, "number-rows-repeated")
            if attributes.get("visibility") in _HIDDEN:
                self.sheets[-1].hidden_rows.update(
                    range(self.row, min(self.row + self.rows, MAX_ROW))
                )
        elif element in ("table-cell", "covered-table-cell"):
            self.cell, self.shown, self.paragraphs = attributes, "", 0
            self.repeated = _times(attributes, "number-columns-repeated")
        elif element == "p":
            self.paragraphs += 1
            self.is_text = True

    def text(self, text: str) -> None:
        if self.is_text and len(self.shown) < 100:
            self.shown += text

    def end(self, element: str) -> None:
        if element == "p":
            self.is_text = False
        elif element in ("table-cell", "covered-table-cell") and self.sheets:
            self._close_cell()
        elif element == "table-row":
            self.row += self.rows

    def _close_cell(self) -> None:
        sheet, row, column = self.sheets[-1], self.row, self.column
        if self.paragraphs or "value-type" in self.cell:
            sheet.count(row + self.rows - 1, column + self.repeated - 1, self.rows * self.repeated)
            self._keep_text(sheet)
        down = _times(self.cell, "number-rows-spanned")
        right = _times(self.cell, "number-columns-spanned")
        if down > 1 or right > 1:
            sheet.merged.append(((row, column), (row + down - 1, column + right - 1)))
        self.column += self.repeated

    def _keep_text(self, sheet: Marks) -> None:
        kind = self.cell.get("value-type")
        is_error = "formula" in self.cell and _ERROR.fullmatch(self.shown)
        is_filled = (
            kind == "float"
            and self.shown.isdigit()
            and self.shown.startswith("0")
            and len(self.shown) > 1
        )
        if is_error or is_filled:
            for row in range(self.row, self.row + self.rows):
                for column in range(self.column, self.column + self.repeated):
                    sheet.texts[row, column] = self.shown


def _times(attributes: Mapping[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return max(1, int(text)) if text.isdigit() and len(text) < 10 else 1
