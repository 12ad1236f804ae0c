"""Looks up what people write, ignoring case, accents, punctuation, articles and word order."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from core.text import normalized

#: No name is longer, and normalising long runs of accents would take quadratic time.
LONGEST = 300

# Little words that people add, omit or move: "Gambia (the)", "la Gambie", "Korea, Rep.", "Trinidad
# & Tobago".
_LITTLE = frozenset(["and", "d", "de", "des", "du", "et", "l", "la", "le", "les", "of", "the"])
_SAME = {
    "dem": "democratic",
    "democratique": "democratic",
    "rep": "republic",
    "republique": "republic",
    "st": "saint",
    "ste": "saint",
    "sainte": "saint",
    "ile": "island",
    "iles": "island",
    "isl": "island",
    "islands": "island",
    "fed": "federal",
    "utd": "united",
}


#: Punctuation that people add or omit without meaning. The question mark is not included: "F?"
#: expresses a doubt.
_QUIET = re.compile(r"[\s\-_*/,()&'’‘`´ʼʻʹʽˈ′＇\u2010-\u2015]+")


def words_of(text: str) -> list[str]:
    """The words of a text in lower case without accents, full stops and invisible characters."""
    separated = _QUIET.sub(
        " ", text[:LONGEST].replace(".", "")
    )  # before a lone accent becomes a space with an accent
    plain = normalized("NFKD", separated).casefold()
    return "".join(
        c for c in plain if not unicodedata.combining(c) and unicodedata.category(c) != "Cf"
    ).split()


def keys(text: str) -> list[str]:
    """The keys to look up a name by, most exact first: all its words; then the significant ones,
    also in their usual order ("Tanzania (United Republic of)", "Bahamas, The")."""
    if len(text) > LONGEST:
        return []
    candidates = []
    for order in (text, _turned(text)):
        words = words_of(order)
        candidates += [
            "".join(words),
            "".join(_SAME.get(word, word) for word in words if word not in _LITTLE),
        ]
    return [key for key in dict.fromkeys(candidates) if key]


def _turned(text: str) -> str:
    """ "Tanzania, United Republic of" and "Tanzania (United Republic of)" in their usual order."""
    match = re.fullmatch(r"\s*([^,(]+)(?:,\s*(.+)|\((.+)\))\s*", text, re.DOTALL)
    return f"{match[2] or match[3]} {match[1]}" if match else text


class Names:
    """Names and their meanings. A name with several meanings, or listed as `ambiguous`, has
    none."""

    def __init__(self, named: Iterable[tuple[str, str]], ambiguous: Collection[str] = ()):
        meanings: dict[str, set[str]] = defaultdict(set)
        for name, meaning in named:
            for key in keys(name):
                meanings[key].add(meaning)
        doubtful = {key for name in ambiguous for key in keys(name)}
        self._ambiguous = doubtful | {key for key, codes in meanings.items() if len(codes) > 1}
        self._meanings = {
            key: min(codes) for key, codes in meanings.items() if key not in self._ambiguous
        }

    def find(self, text: str) -> str | None:
        """The meaning of the text; None if there is none, or more than one."""
        text_keys = keys(text)
        if self._ambiguous.intersection(text_keys):
            return None
        return next((self._meanings[key] for key in text_keys if key in self._meanings), None)

    def is_ambiguous(self, text: str) -> bool:
        """Whether the text has several meanings."""
        return not self._ambiguous.isdisjoint(keys(text))


def rows_of(name: str) -> Iterator[dict[str, str]]:
    """The rows of a file in core/data. Lines that begin with # give its sources."""
    lines = (Path(__file__).parent / "data" / name).read_text(encoding="utf-8").splitlines()
    yield from csv.DictReader(line for line in lines if not line.startswith("#"))


def several(cell: str) -> list[str]:
    """The names in one cell."""
    return [name.strip() for name in cell.split(";") if name.strip()]
