"""Languages: the language of a page, texts in several languages, dates and numbers in words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.support import NullTranslations, Translations
from flask import (
    Flask,
    appcontext_popped,
    appcontext_pushed,
    g,
    has_app_context,
    has_request_context,
    request,
)
from flask_babel import Babel, Domain, force_locale, get_locale
from flask_babel.speaklater import LazyString
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup
from wtforms.i18n import DefaultTranslations, messages_path

from core import countries, languages, texts
from core.text import normalized

# A lazy text is plain text, including its parameters. Flask-Babel's claims to be markup, which
# would put a file's cell or a person's name unescaped into the page that refuses it. Now every
# message is escaped where it is shown, like any other text.
if hasattr(LazyString, "__html__"):
    del LazyString.__html__

COOKIE = "lang"


def init_app(app: Flask) -> None:
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(app.root_path) + "/translations"
    _Babel(app, locale_selector=choose_locale, default_locale=texts.SOURCE, default_timezone="UTC")
    app.jinja_env.install_gettext_callables(
        lambda text: _translations().ugettext(text),
        lambda singular, many, count: _translations().ungettext(singular, many, count),
        newstyle=True,
        pgettext=lambda context, text: _translations().upgettext(context, text),
        npgettext=lambda context, singular, many, count: _translations().unpgettext(
            context, singular, many, count
        ),
    )
    appcontext_pushed.connect(_forget, app)
    appcontext_popped.connect(_forget, app)
    # Jinja's own `_` looks into the template's context three times for each of a page's fifty
    # texts: a tenth of its time.
    app.jinja_env.globals.update(_=_template_text, gettext=_template_text)
    app.jinja_env.filters.update(
        text=text,
        marked=marked,
        date_words=date_words,
        instant_words=instant_words,
        machine_time=machine_time,
        number=number,
        country_name=country_name,
        nationality_names=nationality_names,
        language_name=language_name,
        time_words=time_words,
        weekday_words=weekday_words,
    )


_loaded: dict[str, NullTranslations] = {}


def _translations() -> NullTranslations:
    """The catalogue of the current language. A page needs it some fifty times, and Flask-Babel
    would look it up each time."""
    code = locale()
    if code not in _loaded:
        _loaded[code] = Domain().get_translations()
    return _loaded[code]


class _Domain(Domain):
    """Where Flask-Babel's own functions, such as `_l`, find the catalogue."""

    def get_translations(self) -> NullTranslations:
        return _translations()


class _Babel(Babel):
    @cached_property
    def domain_instance(self) -> Domain:
        return _Domain(domain=self.domain)


@pass_eval_context
def _template_text(context: EvalContext, text: str, /, **facts: Any) -> str:
    words = _template_words(locale(), text, context.autoescape)
    return words % facts


@lru_cache(maxsize=8192)
def _template_words(code: str, text: str, is_page: bool) -> str:
    words = _translations().ugettext(text)
    return Markup(words) if is_page else words  # noqa: S704 -- our own text; the facts are escaped


@lru_cache(maxsize=8)
def form_texts(code: str) -> DefaultTranslations:
    """WTForms' own sentences in a language. Cached: Flask-WTF would read the file for every
    form."""
    return DefaultTranslations(Translations.load(messages_path(), [code], domain="wtforms"))


def choose_locale() -> str:
    """From `?lang=`, else the cookie, else the profile, else what the browser asks for, else
    English."""
    if not has_request_context():
        return texts.SOURCE
    candidates = (
        request.args.get("lang"),
        request.cookies.get(COOKIE),
        getattr(g, "profile_language", None),
    )
    for code in candidates:
        if code in texts.offered():
            return code
    return looked_up(list(request.accept_languages))


def looked_up(ranges: list[tuple[str, float]]) -> str:
    """The page's language for the weighted ranges that a browser sends, by the lookup of RFC 4647.
    "fr-CA" means French even if English has a lower weight; "*" decides nothing; a weight of 0
    refuses a language, unless no other is left."""
    refused = {_normal(tag) for tag, weight in ranges if not weight}
    offered = [code for code in texts.offered() if code not in refused] or list(texts.offered())
    for tag, weight in ranges:
        subtags = _normal(tag).split("-") if weight else []
        while subtags:
            if (code := "-".join(subtags)) in offered:
                return code
            subtags.pop()
    return offered[0]


def _normal(tag: str) -> str:
    return tag.strip().replace("_", "-").lower()


#: The current language, once known. A page needs it a hundred times, and `flask.g` takes ten times
#: as long.
_in_force: ContextVar[str | None] = ContextVar("language", default=None)


def _forget(*_: Any, **__: Any) -> None:
    """Between two pieces of work in the same thread, which may differ in language."""
    _in_force.set(None)


def locale() -> str:
    """The current language: the page's, or one forced for a mail."""
    code = _in_force.get()
    if code is None:
        code = (get_locale() or Locale(texts.SOURCE)).language
        if has_app_context():
            _in_force.set(code)
    return code


@contextmanager
def in_language(code: str | None) -> Iterator[None]:
    """`with in_language(person.language):` renders texts for someone else, such as in mail."""
    before = _in_force.set(None)
    try:
        with force_locale(code if code in texts.offered() else texts.SOURCE):
            yield
    finally:
        _in_force.reset(before)


def text(value: Mapping[str, str] | None, code: str | None = None) -> str:
    """The text in the page's language, else in another in which it exists."""
    return texts.choose(value, code or locale()).value


def marked(value: Mapping[str, str] | None) -> str:
    """The same for a page, with `lang` if it is not in the page's language."""
    words, code = texts.choose(value, locale())
    if not words or code == locale():
        return words
    return Markup('<span lang="{}" dir="{}">{}</span>').format(code, texts.direction(code), words)


def in_language_name(code: str) -> LazyString:
    """A language's name as part of a label, in the page's language."""
    return LazyString(language_name, code)


def date_words(value: date | None, code: str | None = None, form: str = "long") -> str:
    """A date in words: "8 March 2027", "1er mars 2027"; short: "8 Mar 2027"."""
    if value is None:
        return ""
    return texts.date_words(value, code or locale(), "whole" if form == "long" else "short")


@lru_cache(maxsize=4096)
def _weekday_words(value: date, code: str) -> str:
    weekday = dates.format_date(value, format="EEEE", locale=code)
    return f"{weekday} {texts.date_words(value, code)}"


def weekday_words(value: date | None) -> str:
    """A date with its weekday, for checking by the person who typed it: "Monday 8 March 2027"."""
    return _weekday_words(value, locale()) if value else ""


def month_names() -> list[str]:
    """The names of the twelve months, in the form used alone."""
    names = Locale(locale()).months["stand-alone"]["wide"]
    return [str(names[number]) for number in range(1, 13)]


def instant_words(value: datetime | None, zone: str = "UTC") -> str:
    """An instant in words in the time zone of its place, with the zone's name."""
    if value is None:
        return ""
    local = value.astimezone(ZoneInfo(zone))
    clock = dates.format_time(local, "HH:mm", locale=locale())
    return (
        f"{date_words(local.date())}, {clock} "
        f"({dates.get_timezone_name(local, 'short', locale=locale())})"
    )


def machine_time(value: date | datetime) -> str:
    """A day or an instant for HTML's `<time datetime>`, in whole seconds: it allows three decimals
    at most."""
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()


def time_words(value: datetime, zone: str) -> str:
    return _time_words(value.astimezone(ZoneInfo(zone)).time(), locale())


@lru_cache(maxsize=512)
def _time_words(value: time, code: str) -> str:
    return dates.format_time(value, "HH:mm", locale=code)


def number(value: float) -> str:
    return _number(value + 0, locale())  # -0.0, which equals 0, becomes it


@lru_cache(maxsize=4096)
def _number(value: float, code: str) -> str:
    return numbers.format_decimal(value, locale=code)


def decimal_sign(code: str) -> str:
    return numbers.get_decimal_symbol(code)


def delimiter(code: str) -> str:
    """What spreadsheets in this language expect between the cells of a CSV file."""
    return ";" if decimal_sign(code) == "," else ","


def without_accents(name: str) -> str:
    """The key by which names are sorted: "Égypte" comes with E."""
    return "".join(c for c in normalized("NFKD", name.casefold()) if not unicodedata.combining(c))


def country_name(code: str | None) -> str:
    """The United Nations name of a country, in the page's language."""
    return countries.name(code, locale())


def nationality_names(codes: Iterable[str]) -> str:
    """The countries of someone's nationalities, in the page's language."""
    return ", ".join(countries.name(code, locale()) for code in codes)


def language_name(code: str | None, in_code: str | None = None) -> str:
    """The name of a language, in the page's language."""
    return languages.name(code, in_code or locale())


@lru_cache(maxsize=8)
def teaching_languages(code: str) -> tuple[tuple[str, str], ...]:
    """(code, name) of languages in which courses are usually taught, the six of the United Nations
    first, then some neighbours."""
    offered = (*languages.FIRST, "pt", "de", "it", "nl", "sw", "tr", "uk")
    return tuple((c, language_name(c, code)) for c in offered)
