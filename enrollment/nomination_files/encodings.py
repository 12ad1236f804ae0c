"""Ways to read the bytes of a file that does not name its encoding, and to undo a wrong reading
that happened before the file was sent.

A reading turns the raw text of a cell into the text that was written. The raw text of a file of
single bytes has one character for each byte (Latin-1); that of a file in Unicode is its own text.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from flask_babel import lazy_gettext as _l

from core.text import normalized

#: Name as people know it → (Python's name, whose letters).
ENCODINGS: dict[str, tuple[str, Any]] = {
    "Windows-1252": ("cp1252", _l("Western Europe, Africa, the Americas")),
    "Windows-1250": ("cp1250", _l("Central Europe")),
    "Windows-1251": ("cp1251", _l("Cyrillic")),
    "Windows-1253": ("cp1253", _l("Greek")),
    "Windows-1254": ("cp1254", _l("Turkish")),
    "Windows-1255": ("cp1255", _l("Hebrew")),
    "Windows-1256": ("cp1256", _l("Arabic")),
    "Windows-1257": ("cp1257", _l("Baltic")),
    "Windows-1258": ("cp1258", _l("Vietnamese")),
    "MacRoman": ("mac_roman", _l("Macintosh, Western Europe")),
    "ISO 8859-2": ("iso8859_2", _l("Central Europe")),
    "ISO 8859-5": ("iso8859_5", _l("Cyrillic")),
    "ISO 8859-6": ("iso8859_6", _l("Arabic")),
    "ISO 8859-7": ("iso8859_7", _l("Greek")),
    "ISO 8859-8": ("iso8859_8", _l("Hebrew")),
    "ISO 8859-9": ("iso8859_9", _l("Turkish")),
    "ISO 8859-13": ("iso8859_13", _l("Baltic")),
    "ISO 8859-16": ("iso8859_16", _l("Central Europe")),
    "DOS 850": ("cp850", _l("Western Europe")),
    "DOS 852": ("cp852", _l("Central Europe")),
    "DOS 866": ("cp866", _l("Cyrillic")),
    "KOI8-U": ("koi8_u", _l("Cyrillic")),
    "MacCentralEurope": ("mac_latin2", _l("Macintosh, Central Europe")),
    "MacCyrillic": ("mac_cyrillic", _l("Macintosh, Cyrillic")),
    "MacGreek": ("mac_greek", _l("Macintosh, Greek")),
    "MacTurkish": ("mac_turkish", _l("Macintosh, Turkish")),
    "TIS-620": ("tis_620", _l("Thai")),
    "GB 18030": ("gb18030", _l("Chinese")),
    "Big5": ("big5", _l("Chinese")),
    "Shift JIS": ("cp932", _l("Japanese")),
    "Windows-949": ("cp949", _l("Korean")),
}
#: Encodings that a question always offers.
LISTED = frozenset(
    f"Windows-{page}" for page in (1250, 1251, 1252, 1253, 1254, 1256, 1257, 1258)
) | {
    "ISO 8859-2",
    "ISO 8859-5",
    "ISO 8859-7",
    "ISO 8859-9",
    "MacRoman",
}
# Control characters: Python returns them for bytes without a letter.
_CONTROL = re.compile("[\x80-\x9f]")
#: The default of Excel and LibreOffice where most nominators work.
USUAL = "Windows-1252"
UNICODE = "Unicode"
#: A wrong reading that was saved as Unicode: really the first encoding, read as the second.
_MISREAD = "{} / {}"
_MISREAD_AS = ("Windows-1252", "Windows-1251", "Windows-1250", "MacRoman", "Windows-1254")


def of_bytes() -> tuple[str, ...]:
    """Every reading of a file of single bytes; the usual one first."""
    return tuple(ENCODINGS)


def of_unicode() -> tuple[str, ...]:
    """Every reading of a file in Unicode: as it is, encoded twice, or read wrongly before it was
    saved as Unicode."""
    twice = [_MISREAD.format("UTF-8", wrong) for wrong in _MISREAD_AS]
    others = [
        _MISREAD.format(right, wrong)
        for wrong in _MISREAD_AS
        for right in ENCODINGS
        if right != wrong
    ]
    return UNICODE, *twice, *others


def is_twice(reading: str) -> bool:
    return reading.startswith("UTF-8 / ")


def label(reading: str) -> Any:
    """The label of the reading, in the language of the page."""
    if reading == UNICODE:
        return _l("as the file says (Unicode)")
    right, _slash, wrong = reading.partition(" / ")
    if wrong:
        return _l("really %(right)s, once read wrongly as %(wrong)s", right=right, wrong=wrong)
    return _l("%(encoding)s (%(letters)s)", encoding=right, letters=ENCODINGS[right][1])


def read_as(raw: str, reading: str) -> str | None:
    """The text of a raw cell in a reading; None if the encoding has no text for its bytes."""
    if raw.isascii() or reading == UNICODE:
        return raw
    right, _slash, wrong = reading.partition(" / ")
    if wrong:
        return _undone(raw, right, wrong)
    try:
        text = raw.encode("latin-1").decode(ENCODINGS[right][0])
    except UnicodeError:
        return None
    return None if _CONTROL.search(text) else normalized("NFC", text)


def could_come_from(raw: str, reading: str) -> bool:
    """Whether raw text in Unicode can result from the mistake that the reading undoes."""
    right, _slash, wrong = reading.partition(" / ")
    try:
        _bytes_of(raw, ENCODINGS[wrong][0]).decode(ENCODINGS[right][0])
    except UnicodeError:
        return False
    return True


@cache
def writable(letters: frozenset[str], reading: str) -> int:
    """How many of the letters exist in the encoding that the reading takes for the right one; 0 for
    unusual misreadings."""
    right, _slash, wrong = reading.partition(" / ")
    if wrong not in ("", USUAL):
        return 0
    return sum(len(letter.encode(ENCODINGS[right][0], "ignore")) > 0 for letter in letters)


def _undone(raw: str, right: str, wrong: str) -> str:
    """The text before it was read as `wrong`; unchanged if it cannot result from that."""
    codec = "utf-8" if right == "UTF-8" else ENCODINGS[right][0]
    text = raw
    for _again in range(3 if right == "UTF-8" else 1):
        try:
            text = _bytes_of(text, ENCODINGS[wrong][0]).decode(codec)
        except UnicodeError:
            break
        if text.isascii():
            break
    return normalized("NFC", text)


def _bytes_of(text: str, codec: str) -> bytes:
    """The bytes that were read as `text`. Control characters stand for bytes that the encoding does
    not define: programs keep them that way."""
    data = bytearray()
    for character in text:
        try:
            data += character.encode(codec)
        except UnicodeEncodeError:
            if not 0x80 <= ord(character) <= 0x9F:
                raise
            data.append(ord(character))
    return bytes(data)
