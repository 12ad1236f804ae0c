"""The supported languages, and texts in several of them.

A line in `LANGUAGES` adds a language: fields of forms, the switch on every page, `lang` and `dir`,
messages, certificates and the API follow from it; its words are in `translations/<code>`. This
module does not import Flask, because the press uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from babel import Locale
from babel.dates import format_date
from babel.support import NullTranslations, Translations

CATALOGUES = Path(__file__).resolve().parent.parent / "translations"

#: The language of the application's own source texts.
SOURCE = "en"


@dataclass(frozen=True)
class Language:
    """A language for texts.

    `conventions`: the CLDR locale for date formats. `first_of_month`: what dates write instead of
    "1", if anything. `fallbacks`: languages to try first for a missing text. `is_asked_for`: forms
    have a field for it. `is_complete`: its catalogue and consent texts are complete, so pages and
    messages are offered in it. `is_printed`: its catalogue has the words of certificates.
    """

    code: str
    name: str
    direction: Literal["ltr", "rtl"] = "ltr"
    conventions: str = ""
    first_of_month: str = ""
    fallbacks: tuple[str, ...] = ()
    is_asked_for: bool = False
    is_complete: bool = False
    is_printed: bool = False

    @property
    def locale(self) -> str:
        return self.conventions or self.code


LANGUAGES = {
    language.code: language
    for language in (
        Language(
            "en",
            "English",
            conventions="en_GB",
            is_asked_for=True,
            is_complete=True,
            is_printed=True,
        ),
        Language(
            "fr",
            "Français",
            first_of_month="1er",
            is_asked_for=True,
            is_complete=True,
            is_printed=True,
        ),
        Language("es", "Español", is_asked_for=True, is_printed=True),
        Language("ar", "العربية", direction="rtl"),
        Language("ru", "Русский"),
        Language("zh", "中文"),
        Language("pt", "Português", fallbacks=("es",)),
    )
}


def offered() -> dict[str, str]:
    """Code and own name of the languages of pages and messages."""
    return {code: language.name for code, language in LANGUAGES.items() if language.is_complete}


def asked_for() -> list[str]:
    return [code for code, language in LANGUAGES.items() if language.is_asked_for]


def printed() -> list[str]:
    """The languages in which certificates can be printed."""
    return [code for code, language in LANGUAGES.items() if language.is_printed]


def of(code: str) -> Language:
    """The language's row in the table, or a default one."""
    return LANGUAGES.get(code) or Language(code, code)


def direction(code: str) -> Literal["ltr", "rtl"]:
    return of(code).direction


@lru_cache(maxsize=16)
def catalogue(code: str) -> NullTranslations:
    """The application's words in a language, also outside of requests; English if it has none."""
    return Translations.load(CATALOGUES, [code])


class Text(NamedTuple):
    """A text and its language (`und` if unknown)."""

    value: str
    lang: str


def choose(texts: Mapping[str, str] | None, code: str) -> Text:
    """The text for a reader of `code`: in that language, else in a fallback, else in the first of
    the table that has one. Empty if there is none."""
    texts = texts or {}
    for language_code in (code, *of(code).fallbacks, *LANGUAGES, *texts):
        if text := texts.get(language_code):
            return Text(text, language_code)
    return Text("", code)


def filled(texts: Mapping[str, str | None] | None) -> dict[str, str]:
    """The non-empty texts, in the order of the table."""
    filled_texts = {
        code: text.strip() for code, text in (texts or {}).items() if text and text.strip()
    }
    return {code: filled_texts[code] for code in in_order(filled_texts)}


def in_order(codes: Iterable[str]) -> list[str]:
    """Languages in the order of the table, unknown ones last."""
    ranks = {code: rank for rank, code in enumerate(LANGUAGES)}
    return sorted(codes, key=lambda code: ranks.get(code, len(ranks)))


Span = Literal["day", "day and month", "short", "whole"]


def date_words(value: date, code: str, span: Span = "whole") -> str:
    """A date in words, or its beginning: "8 March 2027", "1er mars", "8". Never digits alone: 8/3
    could be 8 March or 3 August."""
    pattern = _pattern(code, span)
    if value.day == 1 and (first := of(code).first_of_month):
        pattern = pattern.replace("d", f"'{first}'", 1)
    return format_date(value, pattern, locale=code)


@lru_cache(maxsize=64)
def _pattern(code: str, span: Span) -> str:
    if span in ("day", "short"):
        return "d" if span == "day" else "d MMM y"
    locale = Locale.parse(of(code).locale)
    return str(
        locale.datetime_skeletons["MMMMd"]
        if span == "day and month"
        else locale.date_formats["long"].pattern
    )


def pgettext(context: str, message: str) -> str:
    """Marks a message for extraction; `catalogue(language).pgettext` translates it."""
    return message
