"""The rows of a file as JSON. The page that checks them holds them in a hidden field, so that the
server stores nothing about people who are not nominated yet."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

from enrollment.nomination_files.choosing import BYTES, TEXT
from enrollment.nomination_files.columns import COLUMNS, SOURCES
from enrollment.nomination_files.encodings import of_bytes, of_unicode
from enrollment.nomination_files.results import MAX_ROWS, Answers, Sheet, SheetRow
from enrollment.nomination_files.rows import CONFIRMED, IDENTITY

# Characters that HTML forbids. Raw text of a file of single bytes has them for bytes 80 to 9F.
_NO_HTML = re.compile("[\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_LONGEST_NOTE, _MOST_NOTES = 2000, 10


def to_text(sheet: Sheet) -> str:
    """The sheet without its answers, as JSON."""
    rows = [[row.row, row.raw, row.typed, row.stray] for row in sheet.rows]
    content: dict[str, object] = {
        "kind": sheet.kind,
        "readings": sheet.readings,
        "hidden": sheet.hidden,
        "notes": sheet.notes,
        "rows": rows,
    }
    content["serials"] = sheet.serials
    text = _QUOTED.sub(
        _without_signs, json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    )
    return _NO_HTML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _without_signs(quoted: re.Match[str]) -> str:
    """A text without the punctuation of JSON. The size of a JSON body is limited by counting its
    punctuation before it is parsed, and the punctuation of texts should not count."""
    return quoted[0].replace(",", "\\u002c").replace("[", "\\u005b").replace("{", "\\u007b")


def to_kept(sheet: Sheet) -> str:
    """The sheet with its answers, as JSON in ASCII, to be stored with a draft or a job."""
    return json.dumps({"sheet": json.loads(to_text(sheet)), "answers": asdict(sheet.answers)})


def of_kept(text: str) -> Sheet:
    """Reads what `to_kept` wrote."""
    content = json.loads(text)
    return of_value(content["sheet"], Answers(**content["answers"]))


def of_value(content: Any, answers: Answers) -> Sheet:
    """The sheet with these answers. `content`: what `to_text` wrote, parsed as JSON. Raises
    ValueError for any other content, because the browser sends it back."""
    try:
        kind = content["kind"]
        if kind not in (BYTES, TEXT):
            raise ValueError("unknown kind")
        known = of_bytes() if kind == BYTES else of_unicode()
        return Sheet(
            kind=kind,
            rows=tuple(_row(*row) for row in content["rows"][:MAX_ROWS]),
            readings=tuple(reading for reading in known if reading in content["readings"]),
            answers=answers,
            hidden=tuple(_number(number) for number in content["hidden"][:MAX_ROWS]),
            notes=tuple(
                (_text(code), _text(words)[:_LONGEST_NOTE])
                for code, words in content["notes"][:_MOST_NOTES]
            ),
            serials=content["serials"] is True,
        )
    except (TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ValueError("no sheet") from error


def _row(number: Any, raw: dict[str, Any], typed: dict[str, Any], stray: list[Any]) -> SheetRow:
    return SheetRow(
        row=_number(number),
        raw={column: _text(raw[column]) for column in SOURCES if column in raw},
        typed={
            column: _text(typed[column])
            for column in (*COLUMNS, CONFIRMED, IDENTITY)
            if column in typed
        },
        stray=tuple(
            (_text(column)[:4], _text(text)[:200], _text(code)[:40]) for column, text, code in stray
        ),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not 0 < value < 10_000_000:
        raise ValueError("no row")
    return value
