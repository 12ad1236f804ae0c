"""From bytes to text: which encoding a file is in, told by its bytes and never by its name."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import lazy_gettext as _l

from enrollment.nomination_files.results import MAX_BYTES, UnreadableFile
from enrollment.nomination_files.text import is_blank

# A multi-byte UTF-8 character, or a single byte that belongs to none.
_HIGH_BYTES = re.compile(
    rb"([\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})"
    rb"|[\x80-\xff]"
)


def decode(data: bytes) -> tuple[str, str]:
    """The encoding's name and the text, without its byte order mark. Raises UnreadableFile."""
    _refuse_other_files(data)
    if len(data) > MAX_BYTES:
        raise UnreadableFile(
            "too_large",
            _l(
                "The file is larger than %(limit)s MB. Split it, or remove what is not a nomination.",
                limit=MAX_BYTES // (1024 * 1024),
            ),
        )
    encoding, text = _decode(data)
    if "\0" in text:
        raise _not_text()
    if is_blank(text):
        raise _empty()
    return encoding, text


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig", _strictly(data, "utf-8-sig")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = "utf-16-le" if data.startswith(b"\xff\xfe") else "utf-16-be"
        return name, _strictly(data[2:], name)
    if guess := _utf16_without_mark(data):
        return guess, _strictly(data, guess)
    try:
        return "utf-8", data.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252", _windows_1252(data)


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise _damaged() from None


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 without a byte order mark: headings are in Latin letters, so every second byte is NUL."""
    sample = data[:64]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    enough = len(sample) * 0.4
    if odd >= enough and not even:
        return "utf-16-le"
    if even >= enough and not odd:
        return "utf-16-be"
    return None


def _windows_1252(data: bytes) -> str:
    """The text of a file that is not UTF-8: what Excel writes in Western Europe, Africa and the Americas.

    A file that is UTF-8 but for a few bytes (pasted together, or cut off) would come out as "SÃ©nÃ©gal" and
    end up like that on certificates, so it is refused. Real Windows-1252 next to never holds the bytes of a
    UTF-8 character.
    """
    if b"\0" in data:
        raise _not_text()
    utf8 = single = 0
    for match in _HIGH_BYTES.finditer(data):
        if match[1]:
            utf8 += 1
        else:
            single += 1
    if utf8 and utf8 * 4 >= single:
        raise UnreadableFile(
            "ambiguous_encoding",
            _l(
                "Parts of the file are in different encodings, so its accents cannot be read for certain. "
                "Save it again as “CSV UTF-8”."
            ),
        )
    try:
        return data.decode("windows-1252")
    except UnicodeDecodeError:
        raise UnreadableFile(
            "unknown_encoding",
            _l("The letters of this file cannot be read. Save it again as “CSV UTF-8”."),
        ) from None


def _refuse_other_files(data: bytes) -> None:
    """Refuses by their first bytes the files that people take for a CSV, and says what to do with each."""
    if not data:
        raise _empty()
    if data.startswith(b"PK\x03\x04") and b"application/vnd.oasis.opendocument" in data[:200]:
        raise _not_text(_l("This is an OpenDocument file: open it and save the sheet as CSV (“CSV UTF-8”)."))
    if data.startswith(b"PK\x03\x04") and b"xl/" not in data:
        raise _not_text(_l("This is a compressed archive: take the CSV file out of it first."))
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
        raise _not_text(_l("This is an Excel workbook: save it as CSV (“CSV UTF-8”)."))
    if data.startswith(b"%PDF-"):
        raise _not_text(_l("This is a PDF: nominations are read from a CSV file."))


def _empty() -> UnreadableFile:
    return UnreadableFile("empty", _l("The file is empty. Save the spreadsheet as CSV and choose it again."))


def _not_text(message: Any = None) -> UnreadableFile:
    return UnreadableFile("not_text", message or _l("This is not a text file. Save the spreadsheet as CSV."))


def _damaged() -> UnreadableFile:
    return UnreadableFile(
        "damaged_text",
        _l("The file is damaged or was cut off: some of its characters cannot be read. Save it again."),
    )
