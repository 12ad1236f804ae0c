"""Normalises text: NFC, one line, without the invisible characters that spreadsheets, chats and
programs add."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

#: In these scripts joiners between letters are part of the spelling: Arabic to Sinhala, Tibetan,
#: Burmese, Khmer, Mongolian.
_JOINED = "\u0600-\u0dff\u0f00-\u109f\u1780-\u18af"
#: A variation selector chooses the variant of an ideograph, a symbol, or a letter of Burmese or
#: Phags-pa.
_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_VARIED = (
    _IDEOGRAPHS
    + "\u1000-\u109f\u2010-\u2bff\u3001\u3002\ua840-\ua877\uaa60-\uaa7f\uff01-\uff1f"
    + "\U0001f000-\U0001faff"
)
#: Joiners and variation selectors where no spelling uses them.
_STRAY = re.compile(
    f"(?<![{_JOINED}])[\u200c\u200d]+|[\u200c\u200d]+(?![{_JOINED}])"
    f"|(?<![{_VARIED}])[\ufe00-\ufe0f]+|(?<![{_IDEOGRAPHS}])[\U000e0100-\U000e01ef]+"
)
#: Format characters (category Cf without the two joiners), then other invisible ones: grapheme
#: joiner, fillers, blanks.
_INVISIBLE = (
    "ad 600-605 61c 6dd 70f 890-891 8e2 180e 200b 200e-200f 202a-202e 2060-206f feff fff0-fffb "
    "110bd 110cd 13430-1343f 1bca0-1bca3 1d173-1d17a e0001 e0020-e007f 34f 115f-1160 17b4-17b5 "
    "180b-180d 180f 2800 3164 ffa0"
)
_SPACES = "9-a d a0 1680 2000-200a 2028-2029 202f 205f 3000"


def _codes(ranges: str) -> Iterator[int]:
    for code_range in ranges.split():
        first, _, last = code_range.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


_UNSEEN: dict[int, str | None] = dict.fromkeys(_codes(_INVISIBLE))
_TIDY: dict[int, str | None] = _UNSEEN | dict.fromkeys(_codes(_SPACES), " ")
#: How many consecutive combining marks normalised text keeps: more than any language uses (UAX #15,
#: section 13).
_MOST_MARKS = 30
#: Not combining marks themselves, but they decompose into some.
_BECOME_MARKS = "\u0f73\u0f75\u0f81\uff9e\uff9f"
_MAYBE_MARKS = re.compile(rf"(?:[^\w\x00-\x7f]|[{_BECOME_MARKS}]){{{_MOST_MARKS + 1}}}")
# UTF-8 that was once opened as Windows-1252 ("SÃ©nÃ©gal", "Nâ€™Diaye"), and replacements for
# unreadable bytes.
_GARBLED = re.compile("[\u00c3\u00c2][\u00a1-\u00bf]|\u00e2\u20ac|\ufffd")


def normalized(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    """The text in a normalisation form, in linear time. Sorting many consecutive combining marks
    would take quadratic time and block the whole process, so only the first 30 are kept."""
    if _MAYBE_MARKS.search(text):
        text = _with_few_marks(text)
    return unicodedata.normalize(form, text)


def _with_few_marks(text: str) -> str:
    characters, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) or character in _BECOME_MARKS else 0
        if run <= _MOST_MARKS:
            characters.append(character)
    return "".join(characters)


def has_endless_marks(text: str) -> bool:
    """Whether the text has more consecutive combining marks than `normalized` keeps. Such text is
    refused, not silently cut."""
    return _MAYBE_MARKS.search(text) is not None and _with_few_marks(text) != text


def one_line(text: str) -> str:
    """The text in NFC with single spaces (also for tabs and line ends) and without invisible marks:
    soft hyphen, zero-width space, byte order mark, direction marks. Joiners stay in scripts that
    are spelled with them."""
    if not (text.isascii() and text.isprintable()):
        text = normalized("NFC", _STRAY.sub("", text.translate(_TIDY)))
    return re.sub(" {2,}", " ", text).strip(" ")


def without_marks(text: str) -> str:
    """The text without invisible marks, with its spaces and line ends: French uses non-breaking
    spaces."""
    return text if text.isascii() else normalized("NFC", _STRAY.sub("", text.translate(_UNSEEN)))


def in_lines(text: str) -> str:
    """A text of several lines without invisible marks, with plain line ends and no trailing
    spaces."""
    return "\n".join(line.rstrip() for line in without_marks(text).strip().splitlines())


def is_blank(text: str) -> bool:
    """Whether nothing in the text is visible."""
    return not text or not _STRAY.sub("", text.translate(_TIDY)).strip(" \u200c\u200d")


def has_forbidden(text: str) -> bool:
    """Whether the text, on one line, still has what is not a character of any writing: controls,
    surrogates, private use."""
    return any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in text)


def is_garbled(text: str) -> bool:
    """Whether the text was damaged earlier by a wrong encoding."""
    return _GARBLED.search(text) is not None
