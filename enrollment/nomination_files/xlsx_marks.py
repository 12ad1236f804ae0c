"""Reads the marks of an XLSX workbook, which the reader of values does not return: what is hidden
or merged, errors, and numbers shown with zeros in front."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from enrollment.nomination_files.workbook_parts import Marks, damaged, position, read_xml

_TRUE = ("1", "true")
_ZEROS = re.compile(r"0{2,}")


def marks(parts: Mapping[str, bytes]) -> list[Marks]:
    """The marks of each sheet, in the order of the workbook. Raises UnreadableFile."""
    book = _target(parts, "_rels/.rels", "officeDocument", "xl/workbook.xml")
    folder, name = posixpath.split(book)
    related = _relations(parts.get(f"{folder}/_rels/{name}.rels", b""))
    sheets: list[tuple[Marks, str]] = []
    from_1904 = [False]

    def start(element: str, attributes: dict[str, str]) -> None:
        if element == "workbookPr":
            from_1904[:] = [attributes.get("date1904") in _TRUE]
        elif element == "sheet":
            is_hidden = attributes.get("state", "visible") != "visible"
            sheet = Marks(
                name=attributes.get("name", ""), is_hidden=is_hidden, is_from_1904=from_1904[0]
            )
            target = related.get(attributes.get("id", ""), ("", ""))[1]
            sheets.append(
                (
                    sheet,
                    target.lstrip("/")
                    if target.startswith("/")
                    else posixpath.normpath(f"{folder}/{target}"),
                )
            )

    if book not in parts:
        raise damaged()
    read_xml(parts[book], start)
    widths = _zero_formats(parts.get(f"{folder}/styles.xml", b""))
    for sheet, path in sheets:
        if path in parts and "worksheet" in path:
            _Sheet(sheet, widths).read(parts[path])
    return [sheet for sheet, _path in sheets]


def _relations(data: bytes) -> dict[str, tuple[str, str]]:
    """Id → (kind, target)."""
    relations: dict[str, tuple[str, str]] = {}

    def start(element: str, attributes: dict[str, str]) -> None:
        if element == "Relationship":
            relations[attributes.get("Id", "")] = (
                attributes.get("Type", "").rpartition("/")[2],
                attributes.get("Target", ""),
            )

    if data:
        read_xml(data, start)
    return relations


def _target(parts: Mapping[str, bytes], of: str, kind: str, otherwise: str) -> str:
    related = _relations(parts.get(of, b"")).values()
    return next((target.lstrip("/") for relation, target in related if relation == kind), otherwise)


def _zero_formats(styles: bytes) -> list[int]:
    """For each cell format, the digits to which it fills numbers up with zeros; 0 if it does
    not."""
    codes: dict[str, int] = {}
    widths: list[int] = []
    inside: list[str] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        if element == "numFmt":
            digits = attributes.get("formatCode", "").replace('"', "")
            if _ZEROS.fullmatch(digits):
                codes[attributes.get("numFmtId", "")] = len(digits)
        elif element == "cellXfs":
            inside.append(element)
        elif element == "xf" and inside:
            widths.append(codes.get(attributes.get("numFmtId", ""), 0))

    def end(element: str) -> None:
        if element == "cellXfs":
            inside.clear()

    if styles:
        read_xml(styles, start, end)
    return widths


class _Sheet:
    """Reads one worksheet into its marks."""

    def __init__(self, marks: Marks, widths: list[int]):
        self.marks, self.widths = marks, widths
        self.row, self.column = -1, -1
        self.kind, self.width, self.value = "", 0, ""
        self.is_value = False

    def read(self, data: bytes) -> None:
        try:
            read_xml(data, self.start, self.end, self.text)
        except (ValueError, IndexError) as error:
            raise damaged() from error

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if element == "c":
            self.row, self.column = (
                position(attributes["r"]) if "r" in attributes else (self.row, self.column + 1)
            )
            style = int(attributes.get("s", 0))
            self.kind, self.width, self.value = (
                attributes.get("t", "n"),
                self.widths[style] if style < len(self.widths) else 0,
                "",
            )
        elif element == "row":
            self.row, self.column = int(attributes.get("r", self.row + 2)) - 1, -1
            if attributes.get("hidden") in _TRUE:
                self.marks.hidden_rows.add(self.row)
        elif element in ("v", "is", "f"):
            self.marks.count(self.row, self.column)
            self.is_value = element == "v"
        elif element == "col" and attributes.get("hidden") in _TRUE:
            self.marks.hidden_columns.update(
                range(int(attributes["min"]) - 1, min(int(attributes["max"]), 16_384))
            )
        elif element == "mergeCell":
            first, _colon, last = attributes.get("ref", "").partition(":")
            self.marks.merged.append((position(first), position(last or first)))

    def text(self, text: str) -> None:
        if self.is_value:
            self.value += text

    def end(self, element: str) -> None:
        if element == "v":
            self.is_value = False
        elif element == "c" and self.kind == "e":
            self.marks.texts[self.row, self.column] = self.value
        elif element == "c" and self.kind == "n" and self.width and self.value.isdigit():
            self.marks.texts[self.row, self.column] = self.value.zfill(self.width)
