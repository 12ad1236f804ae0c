"""The rows of a file on their way through the page that checks them: nothing is kept on the
server meanwhile."""

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

# What no page may hold: in a file of single bytes, bytes from 80 to 9F come as these.
_NO_HTML = re.compile("[\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_LONGEST_NOTE, _MOST_NOTES = 2000, 10


def to_text(sheet: Sheet) -> str:
    """The sheet without its answers, as JSON."""
    rows = [[one.row, one.raw, one.typed, one.stray] for one in sheet.rows]
    kept: dict[str, object] = {
        "kind": sheet.kind,
        "readings": sheet.readings,
        "hidden": sheet.hidden,
        "notes": sheet.notes,
        "rows": rows,
    }
    kept["serials"] = sheet.serials
    text = _QUOTED.sub(_without_signs, json.dumps(kept, ensure_ascii=False, separators=(",", ":")))
    return _NO_HTML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _without_signs(quoted: re.Match[str]) -> str:
    """What a JSON body holds is counted by its punctuation before it is read: that of the texts
    shall not count."""
    return quoted[0].replace(",", "\\u002c").replace("[", "\\u005b").replace("{", "\\u007b")


def to_kept(sheet: Sheet) -> str:
    """The sheet with its answers, as JSON in ASCII."""
    return json.dumps({"sheet": json.loads(to_text(sheet)), "answers": asdict(sheet.answers)})


def of_kept(text: str) -> Sheet:
    """What `to_kept` has written."""
    kept = json.loads(text)
    return of_value(kept["sheet"], Answers(**kept["answers"]))


def of_value(kept: Any, answers: Answers) -> Sheet:
    """The sheet with these answers, from what `to_text` has written, read as JSON. Raises
    ValueError for anything else."""
    try:
        kind = kept["kind"]
        if kind not in (BYTES, TEXT):
            raise ValueError("unknown kind")
        known = of_bytes() if kind == BYTES else of_unicode()
        return Sheet(
            kind=kind,
            rows=tuple(_row(*one) for one in kept["rows"][:MAX_ROWS]),
            readings=tuple(one for one in known if one in kept["readings"]),
            answers=answers,
            hidden=tuple(_number(one) for one in kept["hidden"][:MAX_ROWS]),
            notes=tuple(
                (_text(code), _text(words)[:_LONGEST_NOTE])
                for code, words in kept["notes"][:_MOST_NOTES]
            ),
            serials=kept["serials"] is True,
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
