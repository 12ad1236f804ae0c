"""Reads nomination files: bytes in, checked rows out. Nothing here uses the database or saves
anything.

`read` reads a whole file, `check_row` applies the same rules to one row (such as the form for a
single person), and `check_sheet` to all rows of a page, with the corrections typed there.
`template` is the file people start from. A file that cannot be read at all raises
`UnreadableFile`; every smaller fault is a `Problem` of its row. Nothing is guessed: where a text
has two possible meanings, people are asked.
"""

from enrollment.nomination_files.columns import COLUMNS, FULL_NAMES, SOURCES, heading
from enrollment.nomination_files.reading import check_sheet, read
from enrollment.nomination_files.results import (
    MAX_BYTES,
    MAX_ROWS,
    MAX_VALUES,
    Answers,
    Checked,
    NominationFile,
    NominationRow,
    Problem,
    Sheet,
    SheetRow,
    UnreadableFile,
)
from enrollment.nomination_files.rows import CONFIRMED, IDENTITY, MAX_LENGTHS, check_row
from enrollment.nomination_files.template import template, workbook_template
from enrollment.nomination_files.words import parse_category, parse_gender

__all__ = [
    "COLUMNS",
    "CONFIRMED",
    "FULL_NAMES",
    "IDENTITY",
    "MAX_BYTES",
    "MAX_LENGTHS",
    "MAX_ROWS",
    "MAX_VALUES",
    "SOURCES",
    "Answers",
    "Checked",
    "NominationFile",
    "NominationRow",
    "Problem",
    "Sheet",
    "SheetRow",
    "UnreadableFile",
    "check_row",
    "check_sheet",
    "heading",
    "parse_category",
    "parse_gender",
    "read",
    "template",
    "workbook_template",
]
