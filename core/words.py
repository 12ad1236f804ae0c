"""Stored values carry their words, so that screen, mail and file agree."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Self

from flask import Flask

from core.i18n import locale


class Worded(enum.StrEnum):
    """Each member has a value and words: `EXPIRED = "expired", _p("skill", "Expired")`.

    A member without words is refused where it is defined. The context of `lazy_pgettext` names what
    the word describes, because in most languages adjectives agree with it.
    """

    _value_: str
    words: Any

    def __new__(cls, value: str, words: Any = None) -> Self:
        if words is None:
            raise TypeError(f"No words for {cls.__name__} {value!r}.")
        member = str.__new__(cls, value)
        member._value_, member.words = value, words
        return member

    @classmethod
    def choices(cls) -> list[tuple[str, Any]]:
        """Value and words of each member, as choices of a field."""
        return [(member.value, member.words) for member in cls]


def word(value: Worded | str | None, kind: type[Worded] | None = None) -> str:
    """The words of a value in the page's language. `kind`: its enum, if the value is plain text
    (JSON, a form)."""
    if kind is not None:
        return _words(kind(value), locale()) if value in set(kind) else str(value)
    if isinstance(value, Worded):
        return _words(value, locale())
    raise TypeError(f"No one knows what {value!r} is said of: it needs its kind.")


@lru_cache(maxsize=4096, typed=True)  # members of two enums with the same value are equal
def _words(value: Worded, _code: str) -> str:
    return str(value.words)


def init_app(app: Flask, kinds: Iterable[type[Worded]] = ()) -> None:
    """`kinds`: enums that templates name."""
    app.jinja_env.globals.update({kind.__name__: kind for kind in kinds}, word=word)
    app.jinja_env.filters["word"] = word
