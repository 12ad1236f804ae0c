"""Text as people mean it: without the invisible characters that spreadsheets and e-mail programs add."""

from __future__ import annotations

import re
import unicodedata

LONGEST_WORD = 300

# Soft hyphen, zero-width space, word joiner, byte order mark, and the marks of writing direction. None
# changes a text, and the directional ones can make a name show in another order than it is written.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
# The joiners belong to the spelling inside Persian and Indic names, so they go at the ends only.
_EDGES = " \u200c\u200d"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_VISIBLE = re.compile("[^\\s\u00ad\u200b-\u200f\u2060\ufeff\u061c\u202a-\u202e\u2066-\u2069]")
# UTF-8 that was once opened as Windows-1252 ("SÃ©nÃ©gal", "Nâ€™Diaye"), and what is left of bytes nobody
# could read.
_GARBLED = re.compile("[\u00c3\u00c2][\u00a1-\u00bf]|\u00e2\u20ac|\ufffd")
# Punctuation that people add or leave out without meaning anything by it. A question mark is not among it:
# "F?" is a doubt.
_QUIET = re.compile(r"[\s\-_'’‘ʼ´`.,()\u2010-\u2015]+")


def storable(text: str) -> str:
    """The text with a replacement character for what no database stores. JSON can hold it."""
    return _NOT_STORABLE.sub("\ufffd", text)


def is_blank(text: str) -> bool:
    """Whether nothing can be seen in the text."""
    return _VISIBLE.search(text) is None


def clean(text: str) -> str:
    """The text in NFC, trimmed (also of no-break and zero-width spaces), with single spaces inside."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return re.sub(r"\s+", " ", text).strip(_EDGES)


def has_control_characters(text: str) -> bool:
    """Whether the text holds control characters. Tabs and line ends are spaces, not faults."""
    return _CONTROL.search(text) is not None


def is_garbled(text: str) -> bool:
    """Whether the text was damaged by reading it in a wrong encoding before it came here."""
    return _GARBLED.search(text) is not None


def without_accents(text: str) -> str:
    """The text for comparing: without accents, upper case and compatibility forms."""
    text = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in text if not unicodedata.combining(c))


def fold(text: str) -> str:
    """The text for looking a word up: `without_accents`, and without spaces, hyphens, apostrophes and so on.

    What is longer than any word folds to nothing; normalising long runs of accents would take quadratic time.

    >>> fold(" Côte d’Ivoire ")
    'cotedivoire'
    """
    if len(text) > LONGEST_WORD:
        return ""
    return _QUIET.sub("", without_accents(clean(text))).replace("&", "and")
