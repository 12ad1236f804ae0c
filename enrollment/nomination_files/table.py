"""From text to numbered rows: the delimiter, the header and the cells."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from core import i18n
from enrollment.nomination_files.columns import REQUIRED, column_of, heading
from enrollment.nomination_files.results import MAX_COLUMNS, MAX_ROWS, UnreadableFile, shown
from enrollment.nomination_files.text import clean, is_blank

DELIMITERS = (",", ";", "\t", "|")
# Excel's own way of saying its delimiter; Excel does not count this line as a row.
_SEP_LINE = re.compile(r'"?sep=([,;\t|])"?(?:\r\n|\r|\n)', re.IGNORECASE)

Record = tuple[int, list[str]]


@dataclass(frozen=True)
class Header:
    """The canonical column of each cell of the header (None: unknown or blank), and its words."""

    columns: tuple[str | None, ...]
    words: tuple[str, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        pairs = zip(self.columns, self.words, strict=True)
        return tuple(word for column, word in pairs if word and column is None)

    @property
    def headings(self) -> dict[str, str]:
        return {column: word for column, word in zip(self.columns, self.words, strict=True) if column}


@dataclass(frozen=True)
class Table:
    delimiter: str
    header: Header
    rows: list[Record]


def read_table(text: str) -> Table:
    """The rows below a header that is understood. Raises UnreadableFile."""
    delimiter = None
    if match := _SEP_LINE.match(text):
        delimiter, text = match[1], text[match.end() :]
    if delimiter is None:
        delimiter = _detect_delimiter(text)
    records = _filled(_records(text, delimiter))
    header = _header(next(records, (1, []))[1])
    rows: list[Record] = []
    for record in records:
        if len(rows) == MAX_ROWS:
            raise UnreadableFile(
                "too_many_rows",
                _l("The file has more than %(limit)s nominations. Split it.", limit=MAX_ROWS),
            )
        rows.append(record)
    if not rows:
        raise UnreadableFile(
            "no_rows",
            _l("The file has headings but no nominations below them. Add one row for each person."),
        )
    return Table(delimiter, header, rows)


def _records(text: str, delimiter: str) -> Iterator[Record]:
    """(number, cells) of each row, numbered as a spreadsheet does.

    Blank rows count, and a row whose cells contain line ends is still one row.
    """
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
                    _l("A cell in row %(row)s holds more text than any nomination needs. Shorten it.", row=number),
                ) from None
            # Strict, because a lenient reader swallows all people between two stray quotes into one cell.
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
    """The delimiter that makes most sense of the header: most columns understood, then most cells."""
    best, best_score = DELIMITERS[0], (0, 0)
    text = text.lstrip("\r\n")
    for delimiter in DELIMITERS:
        try:
            _, cells = next(_filled(_records(text, delimiter)), (1, []))
        except UnreadableFile:
            # When no delimiter does better, reading the file raises this again, with the right row.
            continue
        score = sum(column_of(cell) is not None for cell in cells[:MAX_COLUMNS]), len(cells)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _header(cells: list[str]) -> Header:
    """The header, when every needed column is there once. Raises UnreadableFile."""
    if len(cells) > MAX_COLUMNS:
        raise UnreadableFile(
            "too_many_columns",
            _l("The file has more than %(limit)s columns. Keep those of the template.", limit=MAX_COLUMNS),
        )
    words = tuple(clean(cell[:100]) for cell in cells)
    header = Header(tuple(map(column_of, words)), words)
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


def _refuse_repeated_columns(header: Header) -> None:
    seen: dict[str, str] = {}
    for column, word in zip(header.columns, header.words, strict=True):
        if column in seen:
            raise UnreadableFile(
                "duplicate_columns",
                _l(
                    "The columns “%(first)s” and “%(second)s” mean the same: %(column)s. Remove one.",
                    first=shown(seen[column]),
                    second=shown(word),
                    column=_list_columns((column,)),
                ),
            )
        if column:
            seen[column] = word


def _refuse_missing_columns(header: Header) -> None:
    missing = tuple(column for column in REQUIRED if column not in header.columns)
    if "nationalities" in header.columns:
        missing = tuple(column for column in missing if column != "country")
    if missing and header.unknown:
        raise UnreadableFile(
            "missing_columns",
            _l(
                "The file lacks these columns: %(columns)s. These headings are not understood: %(unknown)s.",
                columns=_list_columns(missing),
                unknown=", ".join(_("“%(words)s”", words=shown(word)) for word in header.unknown[:10]),
            ),
        )
    if missing:
        raise UnreadableFile(
            "missing_columns",
            _l("The file lacks these columns: %(columns)s. Add them.", columns=_list_columns(missing)),
        )


def _list_columns(columns: tuple[str, ...]) -> Any:
    """The columns by name, in the language of whoever reads the message."""
    return LazyString(lambda: ", ".join(heading(column, i18n.locale()) for column in columns))
