"""Lists as files: safe and readable in spreadsheets, complete, and each recorded in the audit
trail.

CSV: what looks like a formula stays text; in languages with decimal commas the separator is a
semicolon, so that they survive and Excel recognises columns. XLSX: real dates and numbers, a filter
over each column, texts never read as formulas.

Every export is recorded in the audit trail (`note`). An export is something that people take away:
a list as a file, an archive, a list to print, the file of another person's certificate. A page of
the site or of a list of the API is not: people work with pages all day, and an entry for each would
bury the others. Reading profiles is recorded where profiles are read.
"""

from __future__ import annotations

import csv
import enum
import io
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import IO, Any

from flask import Response, current_app, request
from werkzeug.http import dump_options_header
from werkzeug.wsgi import FileWrapper

from core import audit, i18n, readings
from core.database import db
from core.policy import Actor

#: Characters that begin a formula in spreadsheets, with the fullwidth forms that some of them fold.
FORMULA = frozenset("=+-@|%＝＋－＠｜％")
BREAKS = ("\t", "\r", "\n")
#: XLSX's limits: rows per sheet, and characters per cell.
LONGEST_SHEET, LONGEST_CELL = 1_048_576, 32_767
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Rows = Iterable[Sequence[Any]]


def note(actor: Actor, what: str, subject: str, facts: dict[str, Any]) -> None:
    """Records `<what>.exported`, in a transaction of its own: how much `actor` takes away, never
    whose data. Build the answer first: objects read before the call cannot be used after it."""
    readings.record(lambda: audit.record(actor, f"{what}.exported", subject, facts))


def download(
    actor: Actor,
    what: str,
    name: str,
    header: Sequence[Any],
    rows: Rows,
    *,
    trace: Callable[[int], None] | None = None,
) -> Response:
    """`rows` as a file named `name`: CSV, or XLSX if the address has `format=xlsx`. Rows are read
    while they are written, so a generator of any length needs no memory.

    The export is recorded as `<what>.exported` (how many rows, never whose), or by `trace`, which
    gets their number.
    """
    kind = "xlsx" if request.args.get("format") == "xlsx" else "csv"
    file = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the response
    count = (_write_xlsx if kind == "xlsx" else write_csv)(file, header, rows)
    db.session.rollback()
    if trace:
        readings.record(lambda: trace(count))
    else:
        note(actor, what, f"person:{actor.person_id}", {"rows": count, "format": kind})
    size = file.tell()
    file.seek(0)
    response = current_app.response_class(
        FileWrapper(file, 65_536), content_type=FORMATS[kind], direct_passthrough=True
    )
    response.content_length = size
    response.call_on_close(file.close)
    response.headers["Content-Language"] = i18n.locale()
    response.headers["Content-Disposition"] = dump_options_header(
        "attachment", {"filename": f"{_plain_name(name)}.{kind}"}
    )
    return response


def write_csv(file: IO[bytes], header: Sequence[Any], rows: Rows) -> int:
    """Writes the rows in the current language and returns their number. Excel needs the byte order
    mark."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    text.write("\ufeff")
    writer = csv.writer(text, lineterminator="\r\n", delimiter=i18n.delimiter(i18n.locale()))
    writer.writerow([cell(value) for value in header])
    count = 0
    for row in rows:
        writer.writerow(
            [_number(value) if isinstance(value, float) else cell(value) for value in row]
        )
        count += 1
    text.flush()
    text.detach()  # keeps the file open
    return count


def _write_xlsx(file: IO[bytes], header: Sequence[Any], rows: Rows) -> int:
    """Writes the rows and returns their number; more than one sheet can hold continue on the
    next."""
    from xlsxwriter import Workbook  # slow to import, and only workbooks need it

    book = Workbook(
        file,
        {"constant_memory": True, "default_date_format": "yyyy-mm-dd", "remove_timezone": True},
    )
    instants = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    count, line, sheet = 0, 0, None
    for row in rows:
        if sheet is None or line == LONGEST_SHEET:
            _close_sheet(sheet, line, header)
            sheet, line = _new_sheet(book, header), 1
        for column, value in enumerate(row):
            _write_cell(sheet, line, column, value, instants)
        count, line = count + 1, line + 1
    _close_sheet(sheet or _new_sheet(book, header), max(line, 1), header)
    book.close()
    file.seek(0, io.SEEK_END)
    return count


def _new_sheet(book: Any, header: Sequence[Any]) -> Any:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(header) - 1, 18)
    for column, value in enumerate(header):
        sheet.write_string(0, column, str(value), book.add_format({"bold": True}))
    return sheet


def _close_sheet(sheet: Any, lines: int, header: Sequence[Any]) -> None:
    if sheet is not None:
        sheet.autofilter(0, 0, lines - 1, len(header) - 1)


def _write_cell(sheet: Any, line: int, column: int, value: Any, instants: Any) -> None:
    if value is None:
        return
    if isinstance(value, int | float) and not isinstance(value, bool | enum.Enum):
        sheet.write_number(line, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(line, column, value, instants)
    elif isinstance(value, date):
        sheet.write_datetime(line, column, value)
    else:
        text = value.value if isinstance(value, enum.StrEnum) else str(value)
        sheet.write_string(
            line, column, text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"
        )


def cell(value: Any) -> str:
    """`value` as a CSV cell. Numbers stay numbers; a text that could be read as a formula gets an
    apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float) and not isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    text = value.value if isinstance(value, enum.StrEnum) else str(value)
    return "'" + text if _looks_like_formula(text) else text


def _number(value: float) -> str:
    return str(value).replace(".", i18n.decimal_sign(i18n.locale()))


def _looks_like_formula(text: str) -> bool:
    visible = next((c for c in text if not _is_invisible(c)), "")
    return text.startswith(BREAKS) or visible in FORMULA


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp")


def _plain_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "export"
