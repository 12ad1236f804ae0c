"""In which encoding a file was meant: told where its own rows leave no doubt, asked otherwise.

Every reading is judged by the shape of the words that it makes of the file's own rows, and by the
letters of the countries in them. One is believed when it alone makes sense. For few words, only the
usual one is believed, if no other one is possible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from core import countries, languages
from enrollment.nomination_files import encodings
from enrollment.nomination_files.judging import Score, is_pronounceable, judge, mostly_capitalized
from enrollment.nomination_files.letters import COMMON, ENGLISH, Alphabet, alphabet
from enrollment.nomination_files.text import clean
from enrollment.nomination_files.words import parse_category, parse_gender

BYTES, TEXT = "bytes", "text"
NAMES = ("full_name", "given_name", "family_name", "name_on_certificate")
_SENTENCES = ("organization", "rank", "needs", "email")
_VOCABULARY: dict[str, Callable[[str], Any]] = {
    "country": countries.parse,
    "nationalities": lambda text: all(countries.nationalities(text)),
    "gender": parse_gender,
    "category": parse_category,
    "language": languages.parse,
}
#: So many words must say so before an unusual encoding is believed without asking.
_ENOUGH = 5
#: So many cells are looked at, each up to so many characters: names first.
_SAMPLE, _SAMPLE_OF_UNICODE, _LONGEST = 300, 100, 120
_OFFERED = 5
#: Where Windows uses another encoding than the usual one although that would do.
_CODE_PAGES = {"EE": "Windows-1257"}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SHOWN_ROWS = 3

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Reading:
    """One way to read the file: its code, its name in words, and how it reads some of the file's
    rows."""

    code: str
    label: Any
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """`reading` is the likeliest, or the answer. `asks`: people have to say which of `offered`
    is right, the likeliest first. `makes_sense`: false when no reading makes words of the file;
    `is_clean`: the likeliest leaves no word in doubt."""

    reading: str
    asks: bool
    offered: tuple[Reading, ...] = ()
    makes_sense: bool = True
    is_clean: bool = True

    @property
    def label(self) -> Any:
        return encodings.label(self.reading)


@dataclass(frozen=True)
class _Judged:
    code: str
    texts: tuple[str, ...]
    score: Score


@dataclass(frozen=True)
class _Cell:
    column: str
    raw: str
    country: str
    row: int


def choose(
    rows: Rows, kind: str, *, allowed: Sequence[str] = (), answer: str | None = None
) -> Choice:
    """How to read the raw values of these rows. `allowed`: what else the file has shown, such as
    its headings, leaves these; `answer`: what people said."""
    readings = [
        r
        for r in (encodings.of_bytes() if kind == BYTES else encodings.of_unicode())
        if not allowed or r in allowed
    ]
    cells = _cells(rows, _SAMPLE if kind == BYTES else _SAMPLE_OF_UNICODE)
    usual = encodings.USUAL if kind == BYTES else encodings.UNICODE
    if not cells:
        return Choice(usual, False)
    found = _of_bytes(rows, cells, readings) if kind == BYTES else _of_unicode(cells, readings)
    if answer in readings:
        return Choice(answer, False, _offered(rows, cells, found.offered, answer))
    return Choice(
        found.reading,
        found.asks,
        _offered(rows, cells, found.offered),
        found.makes_sense,
        found.is_clean,
    )


@dataclass(frozen=True)
class _Found:
    reading: str
    asks: bool
    offered: tuple[str, ...]
    makes_sense: bool = True
    is_clean: bool = True


def _of_bytes(rows: Rows, cells: Sequence[_Cell], readings: Iterable[str]) -> _Found:
    judged = _distinct(_judge_all(cells, [r for r in readings if _is_possible(rows, r)]))
    if not judged:
        return _Found(encodings.USUAL, False, (), makes_sense=False)
    ranked = sorted(judged, key=lambda one: one.score.rank)
    best = ranked[0]
    offered = _with_usual(ranked)
    clean_ones = [one for one in ranked if one.score.is_clean]
    sensible = [one for one in ranked if not one.score.malformed]
    if len(clean_ones) == 1:
        is_sure = best.score.words >= _ENOUGH or (
            best.code == encodings.USUAL and not _has_rival(cells, best, ranked[1:])
        )
    else:
        is_sure = sensible == [best] and best.code == encodings.USUAL and _is_common(best.texts)
    makes_sense = best.score.malformed * 3 <= best.score.words
    return _Found(best.code, not is_sure, offered, makes_sense, best.score.is_clean)


def _with_usual(ranked: Sequence[_Judged]) -> tuple[str, ...]:
    """The likeliest; where only the first makes sense, the usual one comes next: that is what
    people have seen before."""
    codes = [one.code for one in ranked]
    if (
        not ranked[0].score.malformed
        and all(one.score.malformed for one in ranked[1:])
        and encodings.USUAL in codes[1:]
    ):
        codes.remove(encodings.USUAL)
        codes.insert(1, encodings.USUAL)
    # A person's name need not come from the country that sends the person, so all usual encodings
    # are offered.
    return tuple(
        code for place, code in enumerate(codes) if place < _OFFERED or code in encodings.LISTED
    )


def _of_unicode(cells: Sequence[_Cell], readings: Sequence[str]) -> _Found:
    """What is Unicode is believed, unless undoing an old mistake makes more sense of it."""
    as_it_is = _judge_all(cells, [encodings.UNICODE])[0]
    twice = [r for r in readings if encodings.is_twice(r)]
    is_twice = any(all(_changed(cell, r) for cell in cells) for r in twice)
    if as_it_is.score.is_clean and not is_twice:
        return _Found(encodings.UNICODE, False, (encodings.UNICODE,))
    possible = [
        r
        for r in readings
        if r != encodings.UNICODE and (encodings.is_twice(r) or _is_misread(cells, r))
    ]
    if (
        not as_it_is.score.malformed
    ):  # words of another language: real, unless the country writes in another encoding itself
        possible = [r for r in possible if encodings.is_twice(r) or _is_usual_there(cells, r)]
    others = [one for one in _distinct(_judge_all(cells, possible)) if one.texts != as_it_is.texts]
    others = [
        one for one in others if _is_better(one, as_it_is) or is_twice and not one.score.malformed
    ]
    if not others:
        return _Found(encodings.UNICODE, False, (encodings.UNICODE,))
    ranked = sorted(others, key=lambda one: (one.score.rank, not encodings.is_twice(one.code)))
    offered = (*(one.code for one in ranked[: _OFFERED - 1]), encodings.UNICODE)
    return _Found(ranked[0].code, True, offered)


def _is_better(one: _Judged, as_it_is: _Judged) -> bool:
    return (one.score.malformed, one.score.foreign) < (
        as_it_is.score.malformed,
        as_it_is.score.foreign,
    )


def _changed(cell: _Cell, reading: str) -> bool:
    return encodings.meant(cell.raw, reading) != encodings.meant(cell.raw, encodings.UNICODE)


def _is_misread(cells: Sequence[_Cell], reading: str) -> bool:
    """A file that was read wrongly as a whole holds no letter that the wrong encoding lacks."""
    return all(encodings.could_come_from(cell.raw, reading) for cell in cells)


def _is_usual_there(cells: Sequence[_Cell], reading: str) -> bool:
    """Whether a language of one of the countries has more of its letters in the encoding than in
    the usual one."""
    codes = {_code(cell.country) for cell in cells}
    if any(reading.startswith(page) for code in codes if (page := _CODE_PAGES.get(code or ""))):
        return True
    alphabets = {one for code in codes for one in alphabet(code).languages}
    return any(
        encodings.writable(one, reading) > encodings.writable(one, encodings.USUAL)
        for one in alphabets
    )


def _is_possible(rows: Rows, reading: str) -> bool:
    return all(encodings.meant(raw, reading) is not None for row in rows for raw in row.values())


def _has_rival(cells: Sequence[_Cell], best: _Judged, others: Iterable[_Judged]) -> bool:
    """Whether another usual encoding is possible for these few words. A single special letter
    that the country uses is enough to exclude the others: Ñusta from Peru is believed, though
    she could be Ńusta."""
    if len(_special("".join(best.texts))) == 1 and _is_at_home(cells, best):
        return False
    return any(_could_be_meant(cells, one) for one in others)


def _is_at_home(cells: Sequence[_Cell], one: _Judged) -> bool:
    """Whether each text has special letters of one language of its country. English proves
    nothing: it borrows its letters."""
    return all(
        special
        and any(
            special <= language
            for language in alphabet(_code(cell.country)).languages
            if language != ENGLISH
        )
        for cell, special in zip(cells, map(_special, one.texts), strict=True)
    )


def _could_be_meant(cells: Sequence[_Cell], one: _Judged) -> bool:
    """Whether a usual encoding makes well-formed words of the cells. Each person's names must be
    in one language, of any country; other cells, such as the country, must have the common
    letters (COMMON)."""
    if one.code not in encodings.LISTED or one.score.malformed:
        return False
    people: dict[int, str] = {}
    for cell, text in zip(cells, one.texts, strict=True):
        if cell.column in NAMES:
            people[cell.row] = f"{people.get(cell.row, '')} {text}"
        elif not _special(text) <= COMMON:
            return False
    languages = _written_in(one.code)
    return all(
        is_pronounceable(text) and any(_special(text) <= letters for letters in languages)
        for text in people.values()
    )


@cache
def _written_in(reading: str) -> tuple[frozenset[str], ...]:
    """The languages of which the encoding has at least half of the letters. Windows-1258 writes
    letters and marks separately."""
    known = [letters for letters in alphabet(None).languages if letters != ENGLISH]
    return tuple(
        one
        for one in known
        if reading == "Windows-1258" or encodings.writable(one, reading) * 2 >= len(one)
    )


def _special(text: str) -> frozenset[str]:
    return frozenset(c.lower() for c in text if c.isalpha() and not c.isascii())


def _is_common(texts: Iterable[str]) -> bool:
    return all(
        c.isascii() or not c.isalpha() or c.lower() in COMMON for text in texts for c in text
    )


def _cells(rows: Rows, limit: int) -> list[_Cell]:
    """Cells beyond ASCII, each text once for a country, those of names first."""
    found: dict[tuple[str, str, str], _Cell] = {}
    for columns in (NAMES, tuple(_VOCABULARY), _SENTENCES):
        for number, row in enumerate(rows):
            for column in columns:
                raw = row.get(column, "")
                if not raw.isascii() and len(found) < limit:
                    cut = (
                        raw
                        if len(raw) <= _LONGEST
                        else raw[:_LONGEST].rpartition(" ")[0] or raw[:_LONGEST]
                    )
                    country = (row.get("country") or row.get("nationalities") or "")[:_LONGEST]
                    found.setdefault((column, cut, country), _Cell(column, cut, country, number))
    return list(found.values())


def _judge_all(cells: Sequence[_Cell], readings: Sequence[str]) -> list[_Judged]:
    read = {
        reading: tuple(encodings.meant(cell.raw, reading) or "" for cell in cells)
        for reading in readings
    }
    for reading, texts in read.items():
        read[reading] = tuple(clean(text) for text in texts)
    # A word of the vocabulary tells something only when some reading finds it there.
    known = {
        number
        for number, cell in enumerate(cells)
        if cell.column in _VOCABULARY
        and any(_VOCABULARY[cell.column](texts[number]) for texts in read.values())
    }
    return [
        _Judged(reading, texts, _score(cells, texts, reading, known))
        for reading, texts in read.items()
    ]


def _score(cells: Sequence[_Cell], texts: tuple[str, ...], reading: str, known: set[int]) -> Score:
    score = Score()
    capitalized = mostly_capitalized(cell.raw for cell in cells if cell.column in NAMES)
    for number, (cell, text) in enumerate(zip(cells, texts, strict=True)):
        if cell.column in _VOCABULARY:
            if number in known:
                score.words += 1
                score.foreign += not _VOCABULARY[cell.column](text)
            continue
        is_name = cell.column in NAMES
        judge(text, _letters(cell, reading, is_name), score, is_name=is_name and capitalized)
    return score


def _letters(cell: _Cell, reading: str, is_name: bool) -> Alphabet:
    letters = alphabet(_code(encodings.meant(cell.country, reading) or ""))
    return letters if is_name else _wider(letters)


@lru_cache(maxsize=4096)
def _code(text: str) -> str | None:
    return next(iter(countries.nationalities(text)), None)


@cache
def _wider(letters: Alphabet) -> Alphabet:
    """What is no name may be in the language of the form as well."""
    return letters | COMMON


def _distinct(judged: Iterable[_Judged]) -> list[_Judged]:
    """One of those that read the file alike: the first."""
    found: dict[tuple[str, ...], _Judged] = {}
    for one in judged:
        found.setdefault(one.texts, one)
    return list(found.values())


def _offered(
    rows: Rows, cells: Sequence[_Cell], codes: Sequence[str], answer: str | None = None
) -> tuple[Reading, ...]:
    """The readings with what they make of those rows in which they differ."""
    if answer and answer not in codes:
        codes = (answer, *codes)
    differing = [
        cell for cell in cells if len({encodings.meant(cell.raw, code) for code in codes}) > 1
    ] or cells
    numbers = list(dict.fromkeys(cell.row for cell in differing))[:_SHOWN_ROWS]
    columns = {cell.row: cell.column for cell in reversed(differing)}
    return tuple(
        Reading(
            code, encodings.label(code), tuple(_sample(rows[n], columns[n], code) for n in numbers)
        )
        for code in codes
    )


def _sample(row: Mapping[str, str], column: str, code: str) -> str:
    """The person's name as read, and the value in question where that is another."""
    shown = [column] if column not in NAMES else []
    names = [name for name in ("full_name", "given_name", "family_name") if row.get(name)]
    texts = (encodings.meant(row[name], code) or "" for name in (*names, *shown))
    return _CONTROL.sub("\ufffd", clean(" ".join(texts))[:_LONGEST])
