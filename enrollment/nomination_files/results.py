"""What reading a nomination file gives: rows with their problems, or why the file cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 1000
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

    `row` is the number people see beside the row in their spreadsheet: the header is row 1 and blank rows
    count. `column` is a canonical column, or a spreadsheet letter where the cell stands under no heading.
    """

    row: int
    column: str
    value: str
    code: str
    remedy: Any


@dataclass(frozen=True)
class NominationRow:
    """One person as nominated.

    `values` is the raw text of every canonical column, to show it again. `fields` is what it means; a field
    with a problem is empty there, never a default.
    """

    row: int
    values: Mapping[str, str]
    fields: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class NominationFile:
    """A file that could be read. `headings` gives the file's own word for each of its canonical `columns`.

    `date_order_question` is true when nothing tells whether the day or the month comes first (or rows
    contradict each other): ask once, then read the file again with `day_first`. Until then the dates in
    question are problems of their rows.
    """

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    headings: Mapping[str, str]
    unknown_columns: tuple[str, ...]
    rows: tuple[NominationRow, ...]
    date_order_question: bool


def shown(value: str) -> str:
    """The value as a problem shows it: not longer than people can take in."""
    return value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
