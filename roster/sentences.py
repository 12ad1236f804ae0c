"""Roster searches and facts of experts, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask_babel import gettext as _

from core.i18n import country_name, date_words, instant_words, language_name, text
from core.words import word
from roster.filters import Filters, WantedLanguage, WantedSkill, end_of
from roster.languages import cefr_of, least_slp
from roster.models import Availability, ExpertLanguage, LanguageFramework


def filter_words(filters: Filters, name: str, position: int = 0) -> str:
    """One filter in words."""
    match name:
        case "q":
            return _("“%(words)s”", words=filters.q)
        case "category" | "gender":
            return word(getattr(filters, name))
        case "country":
            return country_name(filters.country)
        case "nationality":
            return _("nationality: %(country)s", country=country_name(filters.nationality))
        case "languages" | "level":
            return _wanted_language(filters.languages[position])
        case "skills":
            return _wanted_skill(filters.skills[position])
        case "valid_on":
            return _("skills valid on %(day)s", day=date_words(filters.valid_on))
        case "available_from":
            return _window(filters)
    assert name == "as_of" and filters.as_of
    if filters.as_of == end_of(filters.as_of.date()):
        return _("as known on %(day)s", day=date_words(filters.as_of.date()))
    return _("as known on %(day)s", day=instant_words(filters.as_of))


def _wanted_language(wanted_language: WantedLanguage) -> str:
    language = language_name(wanted_language.language)
    if wanted_language.step == 1:
        return language
    return _(
        "%(language)s at least %(level)s or SLP %(slp)s",
        language=language,
        level=cefr_of(wanted_language.step),
        slp=least_slp(wanted_language.step),
    )


def _wanted_skill(skill: WantedSkill) -> str:
    title = text(skill.skill.title)
    return (
        _("%(skill)s, at least %(level)s", skill=title, level=word(skill.level))
        if skill.level
        else title
    )


def _window(filters: Filters) -> str:
    assert filters.window
    first, last = filters.window
    if first == last:
        return _("available on %(day)s", day=date_words(first))
    return _("available from %(first)s to %(last)s", first=date_words(first), last=date_words(last))


def level_words(spoken: ExpertLanguage) -> str:
    """A level as tested, with its framework unless it is the usual one."""
    return spoken.level if spoken.framework is LanguageFramework.CEFR else f"SLP {spoken.level}"


def languages_words(spoken: Iterable[ExpertLanguage]) -> str:
    """ "French C1, English SLP 3322"."""
    return ", ".join(
        f"{language_name(language.language)} {level_words(language)}" for language in spoken
    )


def fitting_window(windows: Sequence[Availability], filters: Filters) -> Availability | None:
    """The window to show: the one that matches the search, else the current or next one."""
    first, last = filters.window or (filters.day, filters.day)
    fitting = (window for window in windows if window.starts_on <= first and window.ends_on >= last)
    coming = (window for window in windows if window.ends_on >= first)
    return next(fitting, None) or next(coming, None)
