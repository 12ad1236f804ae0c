"""What reading a nomination file gives: rows with their problems, or why the file cannot be
read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from enrollment.nomination_files.choosing import Choice

MAX_BYTES = 2 * 1024 * 1024
#: So many bytes all that is read may have together: the rows travel in the page, and a request has
#: a limit.
MAX_CARRIED = 3 * 1024 * 1024
MAX_ROWS = 5000
#: So many values all rows may have together: a row has some twenty.
MAX_VALUES = 30 * MAX_ROWS
#: Far more columns than a nomination has; beyond it the file is something else.
MAX_COLUMNS = 100
#: How much of a value is shown back in a problem.
SHOWN = 80


class UnreadableFile(Invalid):
    """The file as a whole cannot be read. `code` is stable; `message` says what to do about it."""

    def __init__(self, code: str, message: Any):
        super().__init__(code, message, field="file")


@dataclass(frozen=True)
class Problem:
    """One value that cannot be accepted, and its remedy.

    `row` is the number people see beside the row in their spreadsheet: the header is row 1 and
    blank rows count. `column` is a canonical column, or a spreadsheet letter where the cell stands
    under no heading.
    """

    row: int
    column: str
    value: str
    code: str
    remedy: Any


@dataclass(frozen=True)
class NominationRow:
    """One person as nominated.

    `values` is the raw text of every canonical column, to show it again. `fields` is what it means;
    a field with a problem is empty there, never a default.
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
    """A row as it came. `raw`: its text by canonical column; `typed`: what people wrote over it
    since; `stray`: cells that stand under no heading (spreadsheet letter, text, code), until
    people have looked at the row."""

    row: int
    raw: Mapping[str, str]
    typed: Mapping[str, str]
    stray: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Answers:
    """What people said of the whole file; None: not yet. `reading`: the encoding (see choosing)."""

    reading: str | None = None
    day_first: bool | None = None
    family_first: bool | None = None
    with_hidden: bool | None = None


@dataclass(frozen=True)
class Sheet:
    """The rows of a file as they came, with all that people have answered: what travels in the page
    that checks them.

    `kind` says what the raw text is (see choosing), `readings` which encodings the headings leave
    possible; `hidden` are the rows that a workbook hides; `notes` is what else is to be told of the
    file: (code, words). `serials`: numbers among its dates are days as spreadsheets count them.
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
    """The rows of a sheet with what they mean, and what is still to be asked about all of them.

    `choice`: how the letters were read. `name_example`: a name that can be read in two orders, and
    its parts in each.
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
    """A file that could be read. `headings` gives the file's own word for each of its canonical
    `columns`.

    `date_order_question` is true when nothing tells whether the day or the month comes first (or
    rows contradict each other): ask once, then read the file again with `day_first`. Until then the
    dates in question are problems of their rows.
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
    """The value as a problem shows it: not longer than people can take in."""
    return value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
