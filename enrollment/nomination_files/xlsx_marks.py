"""What an XLSX workbook says of its sheets besides the values: hidden, merged, errors, zeros in
front of numbers."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from enrollment.nomination_files.workbook_parts import Marks, damaged, position, read_xml

_TRUE = ("1", "true")
_ZEROS = re.compile(r"0{2,}")


def marks(parts: Mapping[str, bytes]) -> list[Marks]:
    """Of each sheet, in the order of the workbook. Raises UnreadableFile."""
    book = _target(parts, "_rels/.rels", "officeDocument", "xl/workbook.xml")
    folder, name = posixpath.split(book)
    related = _relations(parts.get(f"{folder}/_rels/{name}.rels", b""))
    sheets: list[tuple[Marks, str]] = []
    from_1904 = [False]

    def start(element: str, given: dict[str, str]) -> None:
        if element == "workbookPr":
            from_1904[:] = [given.get("date1904") in _TRUE]
        elif element == "sheet":
            is_hidden = given.get("state", "visible") != "visible"
            kept = Marks(name=given.get("name", ""), is_hidden=is_hidden, is_from_1904=from_1904[0])
            target = related.get(given.get("id", ""), ("", ""))[1]
            sheets.append(
                (
                    kept,
                    target.lstrip("/")
                    if target.startswith("/")
                    else posixpath.normpath(f"{folder}/{target}"),
                )
            )

    if book not in parts:
        raise damaged()
    read_xml(parts[book], start)
    widths = _zero_formats(parts.get(f"{folder}/styles.xml", b""))
    for kept, path in sheets:
        if path in parts and "worksheet" in path:
            _Sheet(kept, widths).read(parts[path])
    return [kept for kept, _path in sheets]


def _relations(data: bytes) -> dict[str, tuple[str, str]]:
    """Id → (kind, target)."""
    found: dict[str, tuple[str, str]] = {}

    def start(element: str, given: dict[str, str]) -> None:
        if element == "Relationship":
            found[given.get("Id", "")] = (
                given.get("Type", "").rpartition("/")[2],
                given.get("Target", ""),
            )

    if data:
        read_xml(data, start)
    return found


def _target(parts: Mapping[str, bytes], of: str, kind: str, otherwise: str) -> str:
    related = _relations(parts.get(of, b"")).values()
    return next((target.lstrip("/") for one, target in related if one == kind), otherwise)


def _zero_formats(styles: bytes) -> list[int]:
    """For each cell format: to how many digits it fills numbers up with zeros; 0 when it does
    not."""
    codes: dict[str, int] = {}
    widths: list[int] = []
    inside: list[str] = []

    def start(element: str, given: dict[str, str]) -> None:
        if element == "numFmt" and _ZEROS.fullmatch(given.get("formatCode", "").replace('"', "")):
            codes[given.get("numFmtId", "")] = len(given["formatCode"].replace('"', ""))
        elif element == "cellXfs":
            inside.append(element)
        elif element == "xf" and inside:
            widths.append(codes.get(given.get("numFmtId", ""), 0))

    def end(element: str) -> None:
        if element == "cellXfs":
            inside.clear()

    if styles:
        read_xml(styles, start, end)
    return widths


class _Sheet:
    """Reads one worksheet into its marks."""

    def __init__(self, kept: Marks, widths: list[int]):
        self.kept, self.widths = kept, widths
        self.row, self.column = -1, -1
        self.kind, self.width, self.value = "", 0, ""
        self.is_value = False

    def read(self, data: bytes) -> None:
        try:
            read_xml(data, self.start, self.end, self.text)
        except (ValueError, IndexError) as error:
            raise damaged() from error

    def start(self, element: str, given: dict[str, str]) -> None:
        if element == "c":
            self.row, self.column = (
                position(given["r"]) if "r" in given else (self.row, self.column + 1)
            )
            style = int(given.get("s", 0))
            self.kind, self.width, self.value = (
                given.get("t", "n"),
                self.widths[style] if style < len(self.widths) else 0,
                "",
            )
        elif element == "row":
            self.row, self.column = int(given.get("r", self.row + 2)) - 1, -1
            if given.get("hidden") in _TRUE:
                self.kept.hidden_rows.add(self.row)
        elif element in ("v", "is", "f"):
            self.kept.count(self.row, self.column)
            self.is_value = element == "v"
        elif element == "col" and given.get("hidden") in _TRUE:
            self.kept.hidden_columns.update(
                range(int(given["min"]) - 1, min(int(given["max"]), 16_384))
            )
        elif element == "mergeCell":
            first, _colon, last = given.get("ref", "").partition(":")
            self.kept.merged.append((position(first), position(last or first)))

    def text(self, text: str) -> None:
        if self.is_value:
            self.value += text

    def end(self, element: str) -> None:
        if element == "v":
            self.is_value = False
        elif element == "c" and self.kind == "e":
            self.kept.texts[self.row, self.column] = self.value
        elif element == "c" and self.kind == "n" and self.width and self.value.isdigit():
            self.kept.texts[self.row, self.column] = self.value.zfill(self.width)
