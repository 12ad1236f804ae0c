"""From raw text to numbered rows: finds the delimiter, the header and the cells."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from core import i18n
from enrollment.nomination_files.choosing import BYTES
from enrollment.nomination_files.columns import (
    FULL_NAMES,
    REQUIRED,
    column_of,
    heading,
    is_exported,
    is_name_alone,
    is_rank_or_position,
)
from enrollment.nomination_files.encodings import UNICODE, of_bytes, of_unicode, read_as
from enrollment.nomination_files.results import MAX_COLUMNS, MAX_ROWS, UnreadableFile, shown
from enrollment.nomination_files.text import clean, is_blank

DELIMITERS = (",", ";", "\t", "|")
# The line with which Excel names the delimiter; Excel does not count it as a row.
_SEP_LINE = re.compile(r'"?sep=([,;\t|])"?(?:\r\n|\r|\n)', re.IGNORECASE)

Record = tuple[int, list[str]]


@dataclass(frozen=True)
class Header:
    """The canonical column of each cell of the header, and its words. The column is None for a
    blank cell, an unknown heading, or one of our own exports."""

    columns: tuple[str | None, ...]
    words: tuple[str, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        pairs = zip(self.columns, self.words, strict=True)
        return tuple(
            word
            for column, word in pairs
            if word and column is None and not is_exported(word) and not is_rank_or_position(word)
        )

    @property
    def headings(self) -> dict[str, str]:
        return {
            column: word for column, word in zip(self.columns, self.words, strict=True) if column
        }


@dataclass(frozen=True)
class Table:
    """`readings`: the encodings in which most headings are understood; empty if the headings are
    no evidence."""

    delimiter: str
    header: Header
    rows: list[Record]
    readings: tuple[str, ...] = ()


def read_table(text: str, kind: str) -> Table:
    """The header of raw text and the rows below it. Raises UnreadableFile."""
    delimiter = None
    if match := _SEP_LINE.match(text):
        delimiter, text = match[1], text[match.end() :]
    if delimiter is None:
        delimiter = _detect_delimiter(text)
    return table_of(_records(text, delimiter), kind, delimiter)


def table_of(records: Iterable[Record], kind: str, delimiter: str = "") -> Table:
    """The same for records that are divided into cells already. Blank rows are left out."""
    filled = _filled(iter(records))
    cells = next(filled, (1, []))[1]
    readings = header_readings(cells, kind)
    header = _header(cells, readings[0])
    rows: list[Record] = []
    for record in filled:
        if len(rows) == MAX_ROWS:
            raise UnreadableFile(
                "too_many_rows",
                _l(
                    "The file has more than %(limit)s nominations. Split it.",
                    limit=i18n.number(MAX_ROWS),
                ),
            )
        rows.append(record)
    if not rows:
        raise UnreadableFile(
            "no_rows",
            _l("The file has headings but no nominations below them. Add one row for each person."),
        )
    header = _with_rank_or_position(header, rows)
    says_nothing = readings[0] == UNICODE or all(cell.isascii() for cell in cells)
    return Table(delimiter, header, rows, () if says_nothing else readings)


def header_readings(cells: Sequence[str], kind: str) -> tuple[str, ...]:
    """The readings in which the most headings are understood, in their usual order."""
    readings = of_bytes() if kind == BYTES else of_unicode()
    cells = [cell[:100] for cell in cells[:MAX_COLUMNS]]
    if all(cell.isascii() for cell in cells):
        return readings
    understood = {
        reading: sum(column_of(read_as(cell, reading) or "") is not None for cell in cells)
        for reading in readings
    }
    most = max(understood.values())
    return tuple(reading for reading in readings if understood[reading] == most)


def meaning(cell: str, reading: str) -> str:
    """The words of a heading in a reading."""
    return clean(read_as(cell[:100], reading) or cell[:100])


def _with_rank_or_position(header: Header, rows: Sequence[Record]) -> Header:
    """The header with "Rang" as the rank, if no other column is the rank and the cells are not all
    numbers, which are positions."""
    for index, word in enumerate(header.words):
        if is_rank_or_position(word) and "rank" not in header.columns:
            values = [clean(cells[index][:100]) for _number, cells in rows if index < len(cells)]
            if any(value and not value.isdigit() for value in values):
                columns = (*header.columns[:index], "rank", *header.columns[index + 1 :])
                return Header(columns, header.words)
    return header


def _records(text: str, delimiter: str) -> Iterator[Record]:
    """(number, cells) of each row, numbered like a spreadsheet: blank rows count, and a row whose
    cells contain line ends is one row."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error):
                raise UnreadableFile(
                    "cell_too_long",
                    _l(
                        "A cell in row %(row)s holds more text than any nomination needs. Shorten "
                        "it.",
                        row=number,
                    ),
                ) from None
            # The reader is strict: a lenient one would put all people between two stray quotes into
            # one cell.
            raise UnreadableFile(
                "broken_quoting",
                _l(
                    "The quotation marks in row %(row)s do not match. Double those inside a value.",
                    row=number,
                ),
            ) from None
        yield number, cells


def _filled(records: Iterator[Record]) -> Iterator[Record]:
    return (record for record in records if not all(map(is_blank, record[1])))


def _detect_delimiter(text: str) -> str:
    """The delimiter with which the most columns of the header are understood, then the one with
    the most cells."""
    best, best_score = DELIMITERS[0], (0, 0)
    text = text.lstrip("\r\n")
    for delimiter in DELIMITERS:
        try:
            _, cells = next(_filled(_records(text, delimiter)), (1, []))
        except UnreadableFile:
            # If no delimiter is better, reading the file raises this again with the right row.
            continue
        score = sum(column_of(cell) is not None for cell in cells[:MAX_COLUMNS]), len(cells)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _header(cells: list[str], reading: str) -> Header:
    """The header. Raises UnreadableFile unless each required column occurs once."""
    if len(cells) > MAX_COLUMNS:
        raise UnreadableFile(
            "too_many_columns",
            _l(
                "The file has more than %(limit)s columns. Keep those of the template.",
                limit=MAX_COLUMNS,
            ),
        )
    words = tuple(meaning(cell, reading) for cell in cells)
    header = Header(_columns(words), words)
    if not any(header.columns):
        raise UnreadableFile(
            "no_header",
            _l(
                "The first row does not name the columns. It needs at least: %(columns)s.",
                columns=_list_columns(REQUIRED),
            ),
        )
    _refuse_repeated_columns(header)
    _refuse_missing_columns(header)
    return header


def _columns(words: Sequence[str]) -> tuple[str | None, ...]:
    """The column of each heading, by the other headings too: beside a given name, "Name" is the
    family name; without other names, "Nom" is the full name."""
    columns = [column_of(word) for word in words]
    together = [column for column in columns if column in FULL_NAMES]
    if "given_name" in columns and together:
        is_family = together == ["full_name"] and "family_name" not in columns
        columns = [
            ("family_name" if is_family else None) if column in FULL_NAMES else column
            for column in columns
        ]
    elif "given_name" not in columns and not together:
        columns = [
            "full_name" if is_name_alone(word) else column
            for column, word in zip(columns, words, strict=True)
        ]
    return tuple(columns)


def _refuse_repeated_columns(header: Header) -> None:
    seen: dict[str, str] = {}
    for column, word in zip(header.columns, header.words, strict=True):
        if column in seen:
            raise UnreadableFile(
                "duplicate_columns",
                _l(
                    "The columns “%(first)s” and “%(second)s” mean the same: %(column)s. Remove "
                    "one.",
                    first=shown(seen[column]),
                    second=shown(word),
                    column=_list_columns((column,)),
                ),
            )
        if column:
            seen[column] = word


def _refuse_missing_columns(header: Header) -> None:
    has_names = any(column in FULL_NAMES for column in header.columns)
    missing = tuple(
        c for c in REQUIRED if c not in header.columns and not (c == "given_name" and has_names)
    )
    if "nationalities" in header.columns:
        missing = tuple(column for column in missing if column != "country")
    if missing and header.unknown:
        raise UnreadableFile(
            "missing_columns",
            _l(
                "The file lacks these columns: %(columns)s. These headings are not understood: "
                "%(unknown)s.",
                columns=_list_columns(missing),
                unknown=", ".join(
                    _("“%(words)s”", words=shown(word)) for word in header.unknown[:10]
                ),
            ),
        )
    if missing:
        raise UnreadableFile(
            "missing_columns",
            _l(
                "The file lacks these columns: %(columns)s. Add them.",
                columns=_list_columns(missing),
            ),
        )


def _list_columns(columns: tuple[str, ...]) -> Any:
    """The headings of the columns, in the language of the person who reads the message."""
    return LazyString(lambda: ", ".join(heading(column, i18n.locale()) for column in columns))
