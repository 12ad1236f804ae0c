"""From bytes to raw text. Unicode is recognised by the bytes, never by the name of the file; the
encoding of other bytes is chosen later by the rows themselves (see choosing)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from enrollment.nomination_files.choosing import BYTES, TEXT
from enrollment.nomination_files.results import MAX_BYTES, UnreadableFile
from enrollment.nomination_files.text import is_blank

# A multi-byte UTF-8 character, or a single byte that belongs to none.
_HIGH_BYTES = re.compile(
    rb"([\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})"
    rb"|[\x80-\xff]"
)


@dataclass(frozen=True)
class RawText:
    """`kind`: whether `text` is the text of a Unicode file, or has one character for each byte
    (Latin-1). `encoding`: the name of the Unicode encoding. `is_mixed`: parts of the bytes are
    UTF-8."""

    text: str
    kind: str
    encoding: str = ""
    is_mixed: bool = False


def decode(data: bytes) -> RawText:
    """The file's raw text, without its byte order mark. Raises UnreadableFile."""
    refuse_other_files(data)
    raw = _decode(data)
    if "\0" in raw.text:
        raise _not_text()
    if is_blank(raw.text):
        raise empty()
    return raw


def _decode(data: bytes) -> RawText:
    if data.startswith(b"\xef\xbb\xbf"):
        return RawText(_strictly(data, "utf-8-sig"), TEXT, "utf-8-sig")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = "utf-16-le" if data.startswith(b"\xff\xfe") else "utf-16-be"
        return RawText(_strictly(data[2:], name), TEXT, name)
    if guess := _utf16_without_mark(data):
        return RawText(_strictly(data, guess), TEXT, guess)
    try:
        return RawText(data.decode("utf-8"), TEXT, "utf-8")
    except UnicodeDecodeError:
        return RawText(data.decode("latin-1"), BYTES, is_mixed=_is_mixed(data))


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise _damaged() from None


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 without a byte order mark: headings are in Latin letters, so every second byte is
    NUL."""
    sample = data[:64]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    enough = len(sample) * 0.4
    if odd >= enough and not even:
        return "utf-16-le"
    if even >= enough and not odd:
        return "utf-16-be"
    return None


def _is_mixed(data: bytes) -> bool:
    """Whether only some bytes are not UTF-8, as in a file that was pasted together or cut off. In
    text of single bytes, sequences that look like UTF-8 are very rare."""
    utf8 = single = 0
    for match in _HIGH_BYTES.finditer(data):
        if match[1]:
            utf8 += 1
        else:
            single += 1
    return bool(utf8) and utf8 * 4 >= single


def refuse_other_files(data: bytes) -> None:
    """Refuses files that people mistake for a CSV file, with a message that tells what to do."""
    if not data:
        raise empty()
    if len(data) > MAX_BYTES:
        raise too_large()
    if data.startswith(b"%PDF-"):
        raise _not_text(_l("This is a PDF: nominations are read from a spreadsheet or a CSV file."))


def empty() -> UnreadableFile:
    return UnreadableFile(
        "empty", _l("The file is empty. Save the spreadsheet and choose it again.")
    )


def _not_text(message: Any = None) -> UnreadableFile:
    return UnreadableFile(
        "not_text",
        message
        or _l("This is not a spreadsheet or text file. Save the spreadsheet as XLSX or CSV."),
    )


def _damaged() -> UnreadableFile:
    return UnreadableFile(
        "damaged_text",
        _l(
            "The file is damaged or was cut off: some of its characters cannot be read. Save it "
            "again."
        ),
    )


def too_large() -> UnreadableFile:
    sentence = _l(
        "The file is larger than %(limit)s MB. Split it, or remove what is not a nomination.",
        limit=MAX_BYTES // (1024 * 1024),
    )
    return UnreadableFile("too_large", sentence)


def undecided(is_mixed: bool) -> UnreadableFile:
    """The refusal of a file of which no reading makes words."""
    if is_mixed:
        sentence = _l(
            "Parts of the file are in different encodings, so its accents cannot be read for "
            "certain. Save it again as “CSV UTF-8”, or choose the workbook itself."
        )
        return UnreadableFile("ambiguous_encoding", sentence)
    sentence = _l(
        "The letters of this file cannot be read. Save it again as “CSV UTF-8”, or choose the "
        "workbook itself."
    )
    return UnreadableFile("unknown_encoding", sentence)
