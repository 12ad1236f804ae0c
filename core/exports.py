"""Lists as CSV files that spreadsheets read rightly and are not tricked by: what looks like a formula is kept as text."""

from __future__ import annotations

import csv
import enum
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from flask import Response, current_app
from werkzeug.http import dump_options_header

#: What spreadsheets take for the beginning of a formula, with the fullwidth twins that some of them fold.
FORMULA = frozenset("=+-@|%＝＋－＠｜％")
BREAKS = ("\t", "\r", "\n")


def csv_response(filename: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Response:
    """A download of these rows: UTF-8 with a byte order mark (Excel needs it), every cell made harmless."""
    response = current_app.response_class(csv_text(header, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = dump_options_header("attachment", {"filename": _plain_name(filename)})
    return response


def csv_text(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> str:
    """The file's text, byte order mark included."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([cell(value) for value in header])
    writer.writerows([cell(value) for value in row] for row in rows)
    return "\ufeff" + buffer.getvalue()


def cell(value: Any) -> str:
    """`value` as a cell. Numbers stay numbers; a text that could be read as a formula gets an apostrophe in front."""
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


def _looks_like_formula(text: str) -> bool:
    visible = next((c for c in text if not _is_invisible(c)), "")
    return text.startswith(BREAKS) or visible in FORMULA


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp")


def _plain_name(filename: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", filename).strip("-.") or "export.csv"
