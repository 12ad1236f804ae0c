"""Text as people mean it: without the invisible characters that spreadsheets and email programs
add."""

from __future__ import annotations

import re
import unicodedata

from core.text import is_blank, normalized, one_line

__all__ = ["clean", "fold", "is_blank", "storable", "without_accents"]

LONGEST_WORD = 300

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
# Punctuation that people add or leave out without meaning anything by it. A question mark is not
# among it: "F?" is a doubt.
_QUIET = re.compile(r"[\s\-_'’‘ʼ´`.,()\u2010-\u2015]+")


def storable(text: str) -> str:
    """The text with a replacement character for what no database stores. JSON can hold it."""
    return _NOT_STORABLE.sub("\ufffd", text)


def clean(text: str) -> str:
    """The text in one line, by the rule for every text of the application."""
    return one_line(text)


def without_accents(text: str) -> str:
    """The text for comparing: without accents, upper case and compatibility forms."""
    text = normalized("NFKD", text).casefold()
    return "".join(c for c in text if not unicodedata.combining(c))


def fold(text: str) -> str:
    """The text for looking a word up: `without_accents`, and without spaces, hyphens, apostrophes
    and so on.

    What is longer than any word folds to nothing.

    >>> fold(" Côte d’Ivoire ") 'cotedivoire'
    """
    if len(text) > LONGEST_WORD:
        return ""
    return _QUIET.sub("", without_accents(clean(text))).replace("&", "and")
