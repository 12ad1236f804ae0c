"""Limits of requests, counted before parsing: parsing is what makes many small parts expensive.

A body of 4 MB can hold a million form fields or a quarter of a million JSON keys. Forms are counted
by their separators, JSON by its punctuation, and neither is parsed if it has more than anyone
needs.
"""

from __future__ import annotations

import io
import json
import math
from typing import IO, Any

from flask import Request, request
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import RequestEntityTooLarge, RequestURITooLarge
from werkzeug.formparser import FormDataParser

from core.errors import Invalid
from core.settings import settings_of

LONGEST_QUERY = 4096  # characters
MOST_QUERY_FIELDS = 200
#: How deep JSON may nest: none of our schemas needs more than eight levels.
DEEPEST = 32
#: Digits of a whole number: with more, even a fraction would be infinite.
MOST_DIGITS = 300


class FormReader(FormDataParser):
    """Werkzeug counts the parts of a multipart form, but not the fields of a plain one."""

    def _parse_urlencoded(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str]
    ) -> Any:
        sent = stream.read()
        if self.max_form_parts is not None and sent.count(b"&") >= self.max_form_parts:
            raise RequestEntityTooLarge
        return super()._parse_urlencoded(io.BytesIO(sent), mimetype, content_length, options)


class CountedRequest(Request):
    """Flask's request, with its form counted before it is parsed."""

    form_data_parser_class = FormReader


def check_query() -> None:
    """Refuses a query string longer than any page or call needs: 414."""
    query = request.query_string
    if len(query) > LONGEST_QUERY or query.count(b"&") >= MOST_QUERY_FIELDS:
        raise RequestURITooLarge


def read_json(sent: bytes | str, *, most_values: int | None = None) -> Any:
    """JSON from outside, of at most JSON_VALUES values or `most_values`. Raises Invalid if it is
    malformed, and for what no client of ours would send: too many values, too deep nesting,
    infinite or endless numbers, duplicate names in an object, the character NUL."""
    try:
        text = sent.decode("utf-8-sig") if isinstance(sent, bytes) else sent
        if _count(text) > (most_values or settings_of().json_values):
            raise _malformed(_l("The body holds too many values. Send it in several parts."))
        value = _DECODER.decode(text)
    except RecursionError:
        raise _malformed(_TOO_DEEP) from None
    except ValueError as error:
        raise _malformed(_REASONS.get(str(error), _l("The body is not JSON in UTF-8."))) from None
    if _is_deep(value):
        raise _malformed(_TOO_DEEP)
    if "\\u0000" in text:
        raise _malformed(_l("The body holds the character NUL, which no text can have."))
    return value


_TOO_DEEP = _l("The values lie too deep in each other.")
_NUMBER, _TWICE = "number", "twice"
_REASONS = {
    _NUMBER: _l("The body holds a number that is infinite or too long."),
    _TWICE: _l("The body holds an object with one name twice."),
}


def _malformed(sentence: Any) -> Invalid:
    return Invalid("malformed_json", sentence)


def _count(text: str) -> int:
    """At least the number of values: counts separators, including those inside texts."""
    return text.count(",") + text.count("[") + text.count("{") + 1


def _is_deep(value: Any) -> bool:
    level = [value]
    for _depth in range(DEEPEST):
        level = [part for container in level for part in _parts(container)]
        if not level:
            return False
    return True


def _parts(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(_TWICE)
    return members


def _whole_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(_NUMBER)
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(_NUMBER)
    return number


def _no_number(word: str) -> Any:
    raise ValueError(_NUMBER)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_whole_number,
    parse_float=_fraction,
    parse_constant=_no_number,
)
