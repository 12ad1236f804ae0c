"""Text as people mean it: in NFC, in one line, without the invisible characters that spreadsheets, chats and programs add."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

#: Between letters of these scripts the joiners are part of the spelling: Arabic to Sinhala, Tibetan, Burmese, Khmer, Mongolian.
_JOINED = "\u0600-\u0dff\u0f00-\u109f\u1780-\u18af"
_STRAY_JOINER = re.compile(f"(?<![{_JOINED}])[\u200c\u200d]+|[\u200c\u200d]+(?![{_JOINED}])")
#: Format characters (category Cf without the two joiners), then what shows nothing and is called something else: grapheme
#: joiner, fillers, blanks.
_INVISIBLE = (
    "ad 600-605 61c 6dd 70f 890-891 8e2 180e 200b 200e-200f 202a-202e 2060-2064 2066-206f feff fff9-fffb 110bd 110cd 13430-1343f "
    "1bca0-1bca3 1d173-1d17a e0001 e0020-e007f 34f 115f-1160 17b4-17b5 180b-180d 180f 2800 3164 ffa0"
)
_SPACES = "9-a d a0 1680 2000-200a 2028-2029 202f 205f 3000"


def _codes(ranges: str) -> Iterator[int]:
    for one in ranges.split():
        first, _, last = one.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


_UNSEEN: dict[int, str | None] = dict.fromkeys(_codes(_INVISIBLE))
_TIDY: dict[int, str | None] = _UNSEEN | dict.fromkeys(_codes(_SPACES), " ")
# UTF-8 that was once opened as Windows-1252 ("SÃ©nÃ©gal", "Nâ€™Diaye"), and what is left of bytes nobody could read.
_GARBLED = re.compile("[\u00c3\u00c2][\u00a1-\u00bf]|\u00e2\u20ac|\ufffd")


def one_line(text: str) -> str:
    """The text in NFC with single spaces (tabs and line ends are spaces too) and without invisible marks: soft hyphen,
    zero-width space, byte order mark, the marks of writing direction. Joiners stay inside scripts that are spelled with them."""
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", _STRAY_JOINER.sub("", text.translate(_TIDY)))
    return re.sub(" {2,}", " ", text).strip(" ")


def without_marks(text: str) -> str:
    """The text without invisible marks, its spaces and line ends as they are: unbroken spaces belong to French."""
    return text if text.isascii() else unicodedata.normalize("NFC", _STRAY_JOINER.sub("", text.translate(_UNSEEN)))


def in_lines(text: str) -> str:
    """A text of several lines without invisible marks, with plain line ends, and without blanks at its ends."""
    return "\n".join(without_marks(text).strip().splitlines())


def is_blank(text: str) -> bool:
    """Whether nothing can be seen in the text."""
    return not text or not text.translate(_TIDY).strip(" \u200c\u200d")


def has_forbidden(text: str) -> bool:
    """Whether the text, in one line, still holds what is no character of any writing: controls, surrogates, private use."""
    return any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in text)


def is_garbled(text: str) -> bool:
    """Whether the text was damaged by reading it in a wrong encoding before it came here."""
    return _GARBLED.search(text) is not None
