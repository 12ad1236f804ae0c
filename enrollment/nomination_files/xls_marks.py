"""Reads the marks of an XLS workbook (BIFF8 in an OLE file), which the reader of values does not
return: what is hidden or merged, errors, numbers shown with zeros in front, and how far the cells
reach."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from enrollment.nomination_files.workbook_parts import Marks, damaged, encrypted, with_macros

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFFA  # from here on, numbers mark the end of a chain, free and special sectors
_ERRORS = {
    0: "#NULL!",
    7: "#DIV/0!",
    15: "#VALUE!",
    23: "#REF!",
    29: "#NAME?",
    36: "#NUM!",
    42: "#N/A",
}
_SMALL, _PIECE = 4096, 64
_BOF = 0x809
_EOF = 0x0A
_BOUNDSHEET = 0x85
_FILEPASS = 0x2F
_FORMAT = 0x41E
_XF = 0xE0
_DATEMODE = 0x22
_ROW = 0x208
_COLINFO = 0x7D
_MERGED = 0xE5
_FORMULA = 0x06
_BOOLERR = 0x205
_NUMBER = 0x203
_RK = 0x27E
_MULRK = 0xBD
_CELLS = {_FORMULA, _BOOLERR, _NUMBER, _RK, 0x204, 0xFD, 0xD6}  # with LABEL, LABELSST and RSTRING


def marks(data: bytes) -> list[Marks]:
    """The marks of each sheet, in the order of the workbook. Raises UnreadableFile."""
    try:
        streams = _streams(data)
        if "EncryptedPackage" in streams:
            raise encrypted()
        if "_VBA_PROJECT_CUR" in streams or "_VBA_PROJECT" in streams:
            raise with_macros()
        book = streams.get("Workbook") or streams.get("Book")
        if book is None:
            raise damaged()
        return _sheets(_stream(data, *book, root=streams["Root Entry"]))
    except (struct.error, KeyError, IndexError, UnicodeDecodeError, OverflowError) as error:
        raise damaged() from error


def _streams(data: bytes) -> dict[str, tuple[int, int]]:
    """Name → (first sector, size) of each stream in the OLE file."""
    (directory,) = struct.unpack_from("<I", data, 48)
    size = 1 << struct.unpack_from("<H", data, 30)[0]
    entries = b"".join(_sectors(data, directory, size, _table(data, size)))
    streams: dict[str, tuple[int, int]] = {}
    for at in range(0, len(entries) - 127, 128):
        (length,) = struct.unpack_from("<H", entries, at + 64)
        name = entries[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        first, bytes_ = struct.unpack_from("<II", entries, at + 116)
        if name:
            streams.setdefault(name, (first, bytes_))
    return streams


def _table(data: bytes, size: int) -> list[int]:
    """For each sector, the number of the one that follows it."""
    numbers = list(struct.unpack_from("<109I", data, 76))
    more, count = struct.unpack_from("<II", data, 68)
    for _again in range(min(count, len(data) // size)):
        if more >= _END:
            break
        block = struct.unpack_from(f"<{size // 4}I", data, (more + 1) * size)
        numbers += block[:-1]
        more = block[-1]
    table: list[int] = []
    for number in numbers:
        if number < _END and (number + 2) * size <= len(data) + size:
            chunk = data[(number + 1) * size : (number + 2) * size]
            table += struct.unpack(f"<{len(chunk) // 4}I", chunk[: len(chunk) // 4 * 4])
    return table


def _sectors(data: bytes, first: int, size: int, table: list[int]) -> Iterator[bytes]:
    seen = 0
    while first < _END:
        yield data[(first + 1) * size : (first + 2) * size]
        seen += 1
        if seen > len(table):
            raise damaged()
        first = table[first]


def _stream(data: bytes, first: int, length: int, root: tuple[int, int]) -> bytes:
    """The content of a stream. Small streams are stored in pieces within the root's stream."""
    size = 1 << struct.unpack_from("<H", data, 30)[0]
    table = _table(data, size)
    if length >= _SMALL:
        return b"".join(_sectors(data, first, size, table))[:length]
    pieces = b"".join(_sectors(data, root[0], size, table))
    (at,) = struct.unpack_from("<I", data, 60)
    small = b"".join(_sectors(data, at, size, table))
    small_table = list(struct.unpack(f"<{len(small) // 4}I", small[: len(small) // 4 * 4]))
    # There is no header before the pieces, as there is before the sectors.
    return b"".join(_sectors(bytes(_PIECE) + pieces, first, _PIECE, small_table))[:length]


def _records(book: bytes, at: int = 0) -> Iterator[tuple[int, bytes, int]]:
    """(kind, content, where) of each record."""
    while at + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, at)
        yield kind, book[at + 4 : at + 4 + length], at
        at += 4 + length


def _sheets(book: bytes) -> list[Marks]:
    sheets: list[tuple[int, Marks]] = []
    formats: dict[int, int] = {}
    widths: list[int] = []
    is_from_1904 = False
    for kind, content, _at in _records(book):
        if kind == _FILEPASS:
            raise encrypted()
        if kind == _BOUNDSHEET:
            where, state = struct.unpack_from("<IB", content)
            sheets.append((where, Marks(name=_name(content), is_hidden=bool(state & 3))))
        elif kind == _DATEMODE:
            is_from_1904 = content[0] == 1
        elif kind == _FORMAT:
            code = _text(content, 2)
            formats[struct.unpack_from("<H", content)[0]] = (
                len(code) if re.fullmatch("0{2,}", code) else 0
            )
        elif kind == _XF:
            widths.append(formats.get(struct.unpack_from("<H", content, 2)[0], 0))
        elif kind == _EOF:
            break
    for where, sheet in sheets:
        sheet.is_from_1904 = is_from_1904
        _read_sheet(book, where, sheet, widths)
    return [sheet for _where, sheet in sheets]


def _name(content: bytes) -> str:
    length, is_wide = content[6], content[7] & 1
    return content[8 : 8 + length * (1 + is_wide)].decode("utf-16-le" if is_wide else "latin-1")


def _text(content: bytes, at: int) -> str:
    (length,) = struct.unpack_from("<H", content, at)
    is_wide = content[at + 2] & 1
    return content[at + 3 : at + 3 + length * (1 + is_wide)].decode(
        "utf-16-le" if is_wide else "latin-1", "replace"
    )


def _read_sheet(book: bytes, where: int, sheet: Marks, widths: list[int]) -> None:
    depth = 0
    for kind, content, _at in _records(book, where):
        if kind == _BOF:
            depth += 1  # a chart in the sheet has records of its own
        elif kind == _EOF:
            depth -= 1
            if depth == 0:
                return
        elif depth == 1:
            _read_record(kind, content, sheet, widths)


def _read_record(kind: int, content: bytes, sheet: Marks, widths: list[int]) -> None:
    if kind == _ROW:
        if content[12] & 0x20:
            sheet.hidden_rows.add(struct.unpack_from("<H", content)[0])
    elif kind == _COLINFO:
        first, last, _width, _format, flags = struct.unpack_from("<5H", content)
        if flags & 1:
            sheet.hidden_columns.update(range(first, min(last, 255) + 1))
    elif kind == _MERGED:
        for at in range(2, len(content) - 7, 8):
            top, bottom, first, last = struct.unpack_from("<4H", content, at)
            sheet.merged.append(((top, first), (bottom, last)))
    elif kind == _MULRK:
        row, first = struct.unpack_from("<HH", content)
        for column in range(first, first + (len(content) - 6) // 6):
            sheet.count(row, column)
    elif kind in _CELLS:
        row, column, style = struct.unpack_from("<3H", content)
        sheet.count(row, column)
        _keep_text(kind, content, sheet, row, column, widths[style] if style < len(widths) else 0)


def _keep_text(kind: int, content: bytes, sheet: Marks, row: int, column: int, width: int) -> None:
    if kind == _BOOLERR and content[7]:
        sheet.texts[row, column] = _ERRORS.get(content[6], "#N/A")
    elif kind == _FORMULA and content[12:14] == b"\xff\xff" and content[6] == 2:
        sheet.texts[row, column] = _ERRORS.get(content[8], "#N/A")
    elif width and kind in (_NUMBER, _RK) and (number := _number(kind, content)) is not None:
        sheet.texts[row, column] = str(number).zfill(width)


def _number(kind: int, content: bytes) -> int | None:
    """The value if it is a whole number and not negative, else None."""
    if kind == _NUMBER:
        (value,) = struct.unpack_from("<d", content, 6)
    else:
        (packed,) = struct.unpack_from("<I", content, 6)
        value = float(struct.unpack("<i", struct.pack("<I", packed))[0] >> 2)
        if not packed & 2:
            (value,) = struct.unpack("<d", struct.pack("<II", 0, packed & 0xFFFFFFFC))
        if packed & 1:
            value /= 100
    return int(value) if 0 <= value < 1e15 and value == int(value) else None
