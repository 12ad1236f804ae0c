"""The parts of a zipped workbook (XLSX, ODS), unpacked within limits, and the marks of its sheets:
what the reader of values does not return.

The parts are unpacked here once. Their real sizes count, not the declared ones, because a harmful
file may declare less. They are packed again for the reader of values, which therefore never gets
unchecked data. XML that declares entities is refused.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from flask_babel import lazy_gettext as _l

from enrollment.nomination_files.results import UnreadableFile

MAX_UNPACKED = 24 * 1024 * 1024
MAX_PARTS = 1000
#: The most filled cells, how far from the first cell they may be, and the largest area that they
#: may span.
MAX_CELLS, MAX_ROW, MAX_COLUMN, MAX_AREA = 200_000, 20_000, 500, 1_000_000


@dataclass
class Marks:
    """The properties of a sheet other than values. Numbers begin at 0; cells are (row, column).

    `texts`: the text of cells whose value would lose something: errors such as #N/A, and numbers
    shown with zeros in front. `is_from_1904`: the workbook counts its days from 1904.
    """

    name: str = ""
    is_hidden: bool = False
    is_from_1904: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    cells: int = 0
    bottom: int = 0
    right: int = 0

    def count(self, row: int, column: int, times: int = 1) -> None:
        """Counts a filled cell; if it is repeated, the position is that of the last one. Raises
        UnreadableFile beyond the limits."""
        self.cells += times
        self.bottom, self.right = max(self.bottom, row), max(self.right, column)
        area = (self.bottom + 1) * (self.right + 1)
        if row >= MAX_ROW or column >= MAX_COLUMN or area > MAX_AREA or self.cells > MAX_CELLS:
            raise too_large(self.name)


def too_large(sheet: str = "") -> UnreadableFile:
    if sheet:
        sentence = _l(
            "The sheet “%(sheet)s” is larger than nominations need. Copy the nominations to a new "
            "workbook, and choose that.",
            sheet=sheet,
        )
    else:
        sentence = _l(
            "The workbook is larger than nominations need. Copy the nominations to a new "
            "workbook, and choose that."
        )
    return UnreadableFile("workbook_too_large", sentence)


def damaged() -> UnreadableFile:
    sentence = _l(
        "The workbook is damaged and cannot be read. Open it, save it again, and choose the new "
        "file."
    )
    return UnreadableFile("damaged_workbook", sentence)


def encrypted() -> UnreadableFile:
    sentence = _l(
        "The workbook is protected by a password. Save it without the password, and choose it "
        "again."
    )
    return UnreadableFile("encrypted_workbook", sentence)


def with_macros() -> UnreadableFile:
    sentence = _l(
        "The workbook contains macros. Save it as XLSX, without macros, and choose that file."
    )
    return UnreadableFile("workbook_with_macros", sentence)


def unpack(data: bytes) -> dict[str, bytes]:
    """The XML parts of a zip file by name. Raises UnreadableFile."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
        if len(members) > MAX_PARTS or sum(member.file_size for member in members) > MAX_UNPACKED:
            raise too_large()
        if any(member.flag_bits & 1 for member in members):
            raise encrypted()
        names = {member.filename for member in members}
        _refuse_other_archives(names)
        parts: dict[str, bytes] = {}
        remaining = MAX_UNPACKED
        for member in members:
            if member.filename.endswith((".xml", ".rels")) or member.filename == "mimetype":
                with archive.open(member) as stream:
                    parts[member.filename] = stream.read(remaining + 1)
                remaining -= len(parts[member.filename])
                if remaining < 0:
                    raise too_large()
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        IndexError,
    ) as error:
        raise damaged() from error
    except _zlib_error() as error:
        raise damaged() from error
    return parts


def _zlib_error() -> type[Exception]:
    import zlib

    return zlib.error


def _refuse_other_archives(names: set[str]) -> None:
    if any(name.casefold().endswith("vbaproject.bin") for name in names) or any(
        name.startswith("Basic/") for name in names
    ):
        raise with_macros()
    if "xl/workbook.bin" in names:
        sentence = _l(
            "This is an Excel workbook of the binary kind (XLSB). Save it as XLSX, and choose "
            "that file."
        )
        raise UnreadableFile("unknown_workbook", sentence)
    if (
        any(name.startswith("Index/") and name.endswith(".iwa") for name in names)
        or "Index.zip" in names
    ):
        sentence = _l("This is a file of Numbers. Export it as Excel or CSV, and choose that file.")
        raise UnreadableFile("unknown_workbook", sentence)
    if "content.xml" not in names and not any(name.startswith("xl/") for name in names):
        sentence = _l("This is a compressed archive: take the spreadsheet out of it first.")
        raise UnreadableFile("not_text", sentence)


def pack(parts: Mapping[str, bytes]) -> bytes:
    """The parts as an uncompressed zip file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(parts, key=lambda name: name != "mimetype"):
            archive.writestr(name, parts[name])
    return packed.getvalue()


def read_xml(
    data: bytes,
    start: Callable[[str, dict[str, str]], Any],
    end: Callable[[str], Any] = lambda name: None,
    text: Callable[[str], Any] = lambda text: None,
) -> None:
    """Calls `start`, `end` and `text` for the elements of a part, names without their prefix.
    Raises UnreadableFile."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_declared: Any) -> None:
        raise damaged()

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = lambda name, attributes: start(
        name.rpartition(":")[2],
        {key.rpartition(":")[2]: value for key, value in attributes.items()},
    )
    parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = text
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise damaged() from error


def position(reference: str) -> tuple[int, int]:
    """(row, column) of a cell such as B3, counted from 0. Raises ValueError."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z":
            raise ValueError(reference)
        column = column * 26 + ord(letter) - ord("A") + 1
        if column > 100_000:
            raise ValueError(reference)
    return int(reference[len(letters) :]) - 1, column - 1
