"""The result of reading a nomination file: rows with their problems, or the reason why it cannot be
read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from enrollment.nomination_files.choosing import Choice

MAX_BYTES = 2 * 1024 * 1024
#: The most bytes of all rows together: the page holds them in its form, and the size of requests is
#: limited.
MAX_CARRIED = 3 * 1024 * 1024
MAX_ROWS = 5000
#: The most values of all rows together; a row has about twenty.
MAX_VALUES = 30 * MAX_ROWS
#: The most columns; a file with more is something else than nominations.
MAX_COLUMNS = 100
#: The most characters of a value that a problem shows.
SHOWN = 80


class UnreadableFile(Invalid):
    """The file as a whole cannot be read. `code` is stable; `message` tells what to do."""

    def __init__(self, code: str, message: Any):
        super().__init__(code, message, field="file")


@dataclass(frozen=True)
class Problem:
    """One value that cannot be accepted, and its remedy.

    `row` is the number that a spreadsheet shows beside the row: the header is row 1, and blank rows
    count. `column` is a canonical column, or the letter of a column without a heading.
    """

    row: int
    column: str
    value: str
    code: str
    remedy: Any


@dataclass(frozen=True)
class NominationRow:
    """One person as nominated.

    `values` is the raw text of every canonical column, to show it again. `fields` has the parsed
    values; a field with a problem is empty and never a default, which no one would notice.
    """

    row: int
    values: Mapping[str, str]
    fields: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class SheetRow:
    """A row of the file. `raw`: its text by canonical column. `typed`: the corrections. `stray`:
    cells without a heading (letter of the column, text, code), until people have corrected the
    row."""

    row: int
    raw: Mapping[str, str]
    typed: Mapping[str, str]
    stray: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Answers:
    """The answers about the whole file; None if there is none yet. `reading`: the encoding (see
    choosing)."""

    reading: str | None = None
    day_first: bool | None = None
    family_first: bool | None = None
    with_hidden: bool | None = None


@dataclass(frozen=True)
class Sheet:
    """The rows of a file with the answers so far: what the page that checks them holds.

    `kind`: what the raw text is (see choosing). `readings`: the encodings that the headings leave
    possible. `hidden`: the rows that a workbook hides. `notes`: notes about the file for people
    (code, words). `serials`: numbers among the dates are days as spreadsheets count them.
    """

    kind: str
    rows: tuple[SheetRow, ...]
    readings: tuple[str, ...] = ()
    answers: Answers = Answers()
    hidden: tuple[int, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    serials: bool = False


@dataclass(frozen=True)
class Checked:
    """The rows of a sheet with their meaning, and the open questions about all of them.

    `choice`: the encoding. `name_example`: a name that can be read in two orders, and its parts in
    each.
    """

    rows: tuple[NominationRow, ...]
    choice: Choice
    day_first: bool | None
    asks_date_order: bool
    family_first: bool | None
    asks_name_order: bool
    name_example: Any = None
    asks_hidden: bool = False


@dataclass(frozen=True)
class NominationFile:
    """A file that could be read. `headings`: the file's own heading of each canonical column.

    `date_order_question`: nothing shows whether the day or the month comes first, or rows
    contradict each other. Ask once, then read the file again with `day_first`; until then the dates
    in question are problems of their rows.
    """

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    headings: Mapping[str, str]
    unknown_columns: tuple[str, ...]
    rows: tuple[NominationRow, ...]
    date_order_question: bool
    sheet: Sheet
    checked: Checked


def shown(value: str) -> str:
    """The value as a problem shows it, cut if it is too long to read."""
    return value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
