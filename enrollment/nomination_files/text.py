"""Cleans text of the invisible characters that spreadsheets and email programs add."""

from __future__ import annotations

import re
import unicodedata

from core.text import is_blank, normalized, one_line

__all__ = ["clean", "fold", "is_blank", "storable", "without_accents"]

LONGEST_WORD = 300

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
# Punctuation without meaning, which people add or leave out. The question mark is not included,
# because "F?" expresses a doubt.
_QUIET = re.compile(r"[\s\-_'’‘ʼ´`.,()\u2010-\u2015]+")


def storable(text: str) -> str:
    """The text with replacement characters for those that JSON can hold but no database stores."""
    return _NOT_STORABLE.sub("\ufffd", text)


def clean(text: str) -> str:
    """The text in one line, by the application's rule for all texts."""
    return one_line(text)


def without_accents(text: str) -> str:
    """The text for comparing: without accents, upper case and compatibility forms."""
    text = normalized("NFKD", text).casefold()
    return "".join(c for c in text if not unicodedata.combining(c))


def fold(text: str) -> str:
    """The text as a key for lookups: `without_accents`, and without spaces, hyphens, apostrophes
    and so on. Text longer than any word becomes empty.

    >>> fold(" Côte d’Ivoire ") 'cotedivoire'
    """
    if len(text) > LONGEST_WORD:
        return ""
    return _QUIET.sub("", without_accents(clean(text))).replace("&", "and")
