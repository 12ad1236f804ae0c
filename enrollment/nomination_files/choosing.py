"""Chooses the encoding of a file: by its own rows where they leave no doubt, otherwise by asking.

Each reading is judged by the words it makes of the rows: by their shape, and by the letters used in
the countries of the rows. A reading is chosen without a question if it alone makes sense. With few
words only the usual encoding is chosen, and only if no other one is possible.
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
#: The fewest words that can prove an unusual encoding without a question.
_ENOUGH = 5
#: The most cells that are judged, names first, and the most characters of each.
_SAMPLE, _SAMPLE_OF_UNICODE, _LONGEST = 300, 100, 120
_OFFERED = 5
#: Countries where Windows uses this encoding although the usual one has all their letters.
_CODE_PAGES = {"EE": "Windows-1257"}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SHOWN_ROWS = 3

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Reading:
    """One way to read the file: its code, its label, and some rows of the file in this reading."""

    code: str
    label: Any
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """`reading` is the likeliest one, or the answer. `asks`: people have to choose one of
    `offered`, which has the likeliest first. `makes_sense`: false if no reading makes words of the
    file. `is_clean`: the likeliest reading leaves no word in doubt."""

    reading: str
    asks: bool
    offered: tuple[Reading, ...] = ()
    makes_sense: bool = True
    is_clean: bool = True

    @property
    def label(self) -> Any:
        return encodings.label(self.reading)


@dataclass(frozen=True)
class _Candidate:
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
    """How to read the raw values of these rows. `allowed`: the only readings that the headings
    leave possible; empty for all. `answer`: the reading that people chose."""
    readings = [
        r
        for r in (encodings.of_bytes() if kind == BYTES else encodings.of_unicode())
        if not allowed or r in allowed
    ]
    cells = _cells(rows, _SAMPLE if kind == BYTES else _SAMPLE_OF_UNICODE)
    usual = encodings.USUAL if kind == BYTES else encodings.UNICODE
    if not cells:
        return Choice(usual, False)
    verdict = _of_bytes(rows, cells, readings) if kind == BYTES else _of_unicode(cells, readings)
    if answer in readings:
        return Choice(answer, False, _offered(rows, cells, verdict.offered, answer))
    return Choice(
        verdict.reading,
        verdict.asks,
        _offered(rows, cells, verdict.offered),
        verdict.makes_sense,
        verdict.is_clean,
    )


@dataclass(frozen=True)
class _Verdict:
    reading: str
    asks: bool
    offered: tuple[str, ...]
    makes_sense: bool = True
    is_clean: bool = True


def _of_bytes(rows: Rows, cells: Sequence[_Cell], readings: Iterable[str]) -> _Verdict:
    judged = _distinct(_judge_all(cells, [r for r in readings if _is_possible(rows, r)]))
    if not judged:
        return _Verdict(encodings.USUAL, False, (), makes_sense=False)
    ranked = sorted(judged, key=lambda candidate: candidate.score.rank)
    best = ranked[0]
    offered = _with_usual(ranked)
    clean_ones = [candidate for candidate in ranked if candidate.score.is_clean]
    sensible = [candidate for candidate in ranked if not candidate.score.malformed]
    if len(clean_ones) == 1:
        is_sure = best.score.words >= _ENOUGH or (
            best.code == encodings.USUAL and not _has_rival(cells, best, ranked[1:])
        )
    else:
        is_sure = sensible == [best] and best.code == encodings.USUAL and _is_common(best.texts)
    makes_sense = best.score.malformed * 3 <= best.score.words
    return _Verdict(best.code, not is_sure, offered, makes_sense, best.score.is_clean)


def _with_usual(ranked: Sequence[_Candidate]) -> tuple[str, ...]:
    """The readings to offer, the likeliest first. If only the first makes sense, the usual one
    comes second, because that is how people saw the file elsewhere."""
    codes = [candidate.code for candidate in ranked]
    if (
        not ranked[0].score.malformed
        and all(candidate.score.malformed for candidate in ranked[1:])
        and encodings.USUAL in codes[1:]
    ):
        codes.remove(encodings.USUAL)
        codes.insert(1, encodings.USUAL)
    # A person's name need not come from the country that sends the person, so all usual encodings
    # are offered.
    return tuple(
        code for place, code in enumerate(codes) if place < _OFFERED or code in encodings.LISTED
    )


def _of_unicode(cells: Sequence[_Cell], readings: Sequence[str]) -> _Verdict:
    """Unicode is read as it is, unless undoing an earlier wrong reading makes better words."""
    as_it_is = _judge_all(cells, [encodings.UNICODE])[0]
    twice = [r for r in readings if encodings.is_twice(r)]
    is_twice = any(all(_changed(cell, r) for cell in cells) for r in twice)
    if as_it_is.score.is_clean and not is_twice:
        return _Verdict(encodings.UNICODE, False, (encodings.UNICODE,))
    possible = [
        r
        for r in readings
        if r != encodings.UNICODE and (encodings.is_twice(r) or _is_misread(cells, r))
    ]
    if (
        not as_it_is.score.malformed
    ):  # words of another language: real, unless the country writes in another encoding itself
        possible = [r for r in possible if encodings.is_twice(r) or _is_usual_there(cells, r)]
    others = [
        candidate
        for candidate in _distinct(_judge_all(cells, possible))
        if candidate.texts != as_it_is.texts
        and (_is_better(candidate, as_it_is) or (is_twice and not candidate.score.malformed))
    ]
    if not others:
        return _Verdict(encodings.UNICODE, False, (encodings.UNICODE,))
    ranked = sorted(
        others, key=lambda candidate: (candidate.score.rank, not encodings.is_twice(candidate.code))
    )
    offered = (*(candidate.code for candidate in ranked[: _OFFERED - 1]), encodings.UNICODE)
    return _Verdict(ranked[0].code, True, offered)


def _is_better(candidate: _Candidate, as_it_is: _Candidate) -> bool:
    return (candidate.score.malformed, candidate.score.foreign) < (
        as_it_is.score.malformed,
        as_it_is.score.foreign,
    )


def _changed(cell: _Cell, reading: str) -> bool:
    return encodings.read_as(cell.raw, reading) != encodings.read_as(cell.raw, encodings.UNICODE)


def _is_misread(cells: Sequence[_Cell], reading: str) -> bool:
    """Whether all cells can result from this wrong reading: then they have no letter that the wrong
    encoding lacks."""
    return all(encodings.could_come_from(cell.raw, reading) for cell in cells)


def _is_usual_there(cells: Sequence[_Cell], reading: str) -> bool:
    """Whether the encoding has more letters than the usual one for a language of one of the
    countries."""
    codes = {_code(cell.country) for cell in cells}
    if any(reading.startswith(page) for code in codes if (page := _CODE_PAGES.get(code or ""))):
        return True
    alphabets = {letters for code in codes for letters in alphabet(code).languages}
    return any(
        encodings.writable(letters, reading) > encodings.writable(letters, encodings.USUAL)
        for letters in alphabets
    )


def _is_possible(rows: Rows, reading: str) -> bool:
    return all(encodings.read_as(raw, reading) is not None for row in rows for raw in row.values())


def _has_rival(cells: Sequence[_Cell], best: _Candidate, others: Iterable[_Candidate]) -> bool:
    """Whether another common encoding is possible for these few words. One special letter that the
    country uses excludes the others: Ñusta from Peru is accepted, though it could be Ńusta."""
    if len(_special("".join(best.texts))) == 1 and _is_at_home(cells, best):
        return False
    return any(_could_be_meant(cells, candidate) for candidate in others)


def _is_at_home(cells: Sequence[_Cell], candidate: _Candidate) -> bool:
    """Whether each text has special letters, all from one language of its country. English does not
    count, because it borrows its special letters."""
    return all(
        special
        and any(
            special <= language
            for language in alphabet(_code(cell.country)).languages
            if language != ENGLISH
        )
        for cell, special in zip(cells, map(_special, candidate.texts), strict=True)
    )


def _could_be_meant(cells: Sequence[_Cell], candidate: _Candidate) -> bool:
    """Whether this is a common encoding that makes well-formed words of the cells. The names of
    each person must be in one language, of any country; other cells, such as the country, may only
    have common letters."""
    if candidate.code not in encodings.LISTED or candidate.score.malformed:
        return False
    people: dict[int, str] = {}
    for cell, text in zip(cells, candidate.texts, strict=True):
        if cell.column in NAMES:
            people[cell.row] = f"{people.get(cell.row, '')} {text}"
        elif not _special(text) <= COMMON:
            return False
    languages = _written_in(candidate.code)
    return all(
        is_pronounceable(text) and any(_special(text) <= letters for letters in languages)
        for text in people.values()
    )


@cache
def _written_in(reading: str) -> tuple[frozenset[str], ...]:
    """The special letters of each language, if the encoding has at least half of them. Windows-1258
    passes for all, because it writes letters and marks separately."""
    known = [letters for letters in alphabet(None).languages if letters != ENGLISH]
    return tuple(
        letters
        for letters in known
        if reading == "Windows-1258" or encodings.writable(letters, reading) * 2 >= len(letters)
    )


def _special(text: str) -> frozenset[str]:
    return frozenset(c.lower() for c in text if c.isalpha() and not c.isascii())


def _is_common(texts: Iterable[str]) -> bool:
    return all(
        c.isascii() or not c.isalpha() or c.lower() in COMMON for text in texts for c in text
    )


def _cells(rows: Rows, limit: int) -> list[_Cell]:
    """The cells with characters beyond ASCII, names first, each text once per country."""
    cells: dict[tuple[str, str, str], _Cell] = {}
    for columns in (NAMES, tuple(_VOCABULARY), _SENTENCES):
        for number, row in enumerate(rows):
            for column in columns:
                raw = row.get(column, "")
                if not raw.isascii() and len(cells) < limit:
                    cut = (
                        raw
                        if len(raw) <= _LONGEST
                        else raw[:_LONGEST].rpartition(" ")[0] or raw[:_LONGEST]
                    )
                    country = (row.get("country") or row.get("nationalities") or "")[:_LONGEST]
                    cells.setdefault((column, cut, country), _Cell(column, cut, country, number))
    return list(cells.values())


def _judge_all(cells: Sequence[_Cell], readings: Sequence[str]) -> list[_Candidate]:
    read = {
        reading: tuple(encodings.read_as(cell.raw, reading) or "" for cell in cells)
        for reading in readings
    }
    for reading, texts in read.items():
        read[reading] = tuple(clean(text) for text in texts)
    # A cell of a fixed vocabulary is evidence only if some reading makes one of its words.
    known = {
        number
        for number, cell in enumerate(cells)
        if cell.column in _VOCABULARY
        and any(_VOCABULARY[cell.column](texts[number]) for texts in read.values())
    }
    return [
        _Candidate(reading, texts, _score(cells, texts, reading, known))
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
    letters = alphabet(_code(encodings.read_as(cell.country, reading) or ""))
    return letters if is_name else _wider(letters)


@lru_cache(maxsize=4096)
def _code(text: str) -> str | None:
    return next(iter(countries.nationalities(text)), None)


@cache
def _wider(letters: Alphabet) -> Alphabet:
    """The alphabet for cells other than names, which may be in the language of the form."""
    return letters | COMMON


def _distinct(judged: Iterable[_Candidate]) -> list[_Candidate]:
    """The candidates without those that give the same texts as one before them."""
    by_texts: dict[tuple[str, ...], _Candidate] = {}
    for candidate in judged:
        by_texts.setdefault(candidate.texts, candidate)
    return list(by_texts.values())


def _offered(
    rows: Rows, cells: Sequence[_Cell], codes: Sequence[str], answer: str | None = None
) -> tuple[Reading, ...]:
    """The readings to offer, each with samples from rows in which the readings differ."""
    if answer and answer not in codes:
        codes = (answer, *codes)
    differing = [
        cell for cell in cells if len({encodings.read_as(cell.raw, code) for code in codes}) > 1
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
    """The person's name in this reading, and the value in question if it is not a name."""
    shown = [column] if column not in NAMES else []
    names = [name for name in ("full_name", "given_name", "family_name") if row.get(name)]
    texts = (encodings.read_as(row[name], code) or "" for name in (*names, *shown))
    return _CONTROL.sub("\ufffd", clean(" ".join(texts))[:_LONGEST])
