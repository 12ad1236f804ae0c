"""Filters of a roster search: read from an address or the API, checked once, and written back as an
address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

from flask_babel import lazy_gettext as _l

from core import clock, countries, languages
from core.codes import key
from core.errors import DomainError, Invalid, collect
from courses.models import Skill, SkillLevel
from people.models import Gender
from people.personnel import PersonnelCategory
from roster.languages import CEFR, cefr_of

LONGEST_QUERY = 100
MOST_WANTED = 5


@dataclass(frozen=True)
class WantedSkill:
    skill: Skill
    level: SkillLevel | None = None

    def __str__(self) -> str:
        return f"{self.skill.code}:{self.level.value}" if self.level else self.skill.code


@dataclass(frozen=True)
class WantedLanguage:
    language: str
    step: int = 1

    def __str__(self) -> str:
        return f"{self.language}:{cefr_of(self.step)}" if self.step > 1 else self.language


@dataclass(frozen=True)
class Filters:
    """All filters that are set must match. `as_of`: the last instant whose records count.
    `offices`: only experts admitted by one of these roster offices (None: all); set by `queries`,
    never by an address.

    Without `valid_on` a skill counts if its status today is current or expiring; with it, if the
    day lies within the skill's dates.
    """

    q: str = ""
    category: PersonnelCategory | None = None
    country: str | None = None
    nationality: str | None = None
    gender: Gender | None = None
    skills: tuple[WantedSkill, ...] = ()
    languages: tuple[WantedLanguage, ...] = ()
    valid_on: date | None = None
    available_from: date | None = None
    available_to: date | None = None
    as_of: datetime | None = None
    offices: frozenset[int] | None = None

    @property
    def day(self) -> date:
        """The day for which skills are judged."""
        return self.valid_on or clock.today()

    @property
    def window(self) -> tuple[date, date] | None:
        """The days that one availability window must cover; a single date means a window of one
        day."""
        first = self.available_from or self.available_to
        last = self.available_to or self.available_from
        return (first, last) if first and last else None

    @property
    def used_names(self) -> list[str]:
        """The names of the filters in use, one per value."""
        return [
            name
            for name, value in self.as_query().items()
            for _ in (value if isinstance(value, list) else [value])
        ]

    def as_query(self) -> dict[str, Any]:
        """The filters as parameters of an address."""
        pairs = {
            "q": self.q,
            "category": self.category and self.category.value,
            "country": self.country,
            "nationality": self.nationality,
            "gender": self.gender and self.gender.value,
            "skill": [str(skill) for skill in self.skills],
            "language": [str(language) for language in self.languages],
            "valid_on": self.valid_on and self.valid_on.isoformat(),
            "available_from": self.available_from and self.available_from.isoformat(),
            "available_to": self.available_to and self.available_to.isoformat(),
            "as_of": self.as_of and _instant_text(self.as_of),
        }
        return {name: value for name, value in pairs.items() if value}

    def without(self, name: str, position: int = 0) -> Filters:
        """The same search without one filter; a window is removed as a whole."""
        if name in ("skills", "languages"):
            values = getattr(self, name)
            return replace(self, **{name: values[:position] + values[position + 1 :]})
        if name == "available_from":
            return replace(self, available_from=None, available_to=None)
        return replace(self, **{name: type(self)().__dict__[name]})


def end_of(day: date) -> datetime:
    """What was known on a day is what was known at its end."""
    return datetime.combine(day, time.max, UTC)


def _instant_text(instant: datetime) -> str:
    return instant.date().isoformat() if instant == end_of(instant.date()) else instant.isoformat()


def read_filters(values: Mapping[str, Any], skills: Iterable[Skill]) -> Filters:
    """Filters from plain values: texts as in an address, dates already parsed. Raises Invalid with
    every fault at its field."""
    errors: list[DomainError] = []
    known = {key(skill.code): skill for skill in skills}

    def read_all(name: str, read: Any) -> tuple:
        parsed = []
        for text in dict.fromkeys(values.get(name) or ()):
            try:
                parsed.append(read(text))
            except Invalid as error:
                errors.append(error)
        if len(parsed) > MOST_WANTED:
            errors.append(
                Invalid(
                    "too_many",
                    _l("Ask for at most %(most)s of these at once.", most=MOST_WANTED),
                    name,
                )
            )
        return tuple(parsed)

    filters = Filters(
        q=_query(values.get("q") or "", errors),
        category=_choice(PersonnelCategory, "category", values, errors),
        country=_country("country", values, errors),
        nationality=_country("nationality", values, errors),
        gender=_choice(Gender, "gender", values, errors),
        skills=read_all("skill", lambda text: _wanted_skill(text, known)),
        languages=read_all("language", _wanted_language),
        **{name: values.get(name) for name in ("valid_on", "available_from", "available_to")},
        as_of=_instant(values.get("as_of")),
    )
    if filters.window and filters.window[0] > filters.window[1]:
        errors.append(
            Invalid(
                "reversed_dates",
                _l("The last day lies before the first. Turn them round."),
                "available_to",
            )
        )
    collect(errors)
    return filters


def _query(text: str, errors: list[DomainError]) -> str:
    text = " ".join(text.split())
    if len(text) > LONGEST_QUERY:
        message = _l("Search with at most %(most)s characters.", most=LONGEST_QUERY)
        errors.append(Invalid("too_long", message, "q"))
    return text


def _choice(kind: Any, name: str, values: Mapping[str, Any], errors: list[DomainError]) -> Any:
    value = values.get(name)
    if not value:
        return None
    try:
        return kind(value)
    except ValueError:
        errors.append(
            Invalid("unknown_value", _l("This choice is not known. Choose from the list."), name)
        )
        return None


def _country(name: str, values: Mapping[str, Any], errors: list[DomainError]) -> str | None:
    text = values.get(name) or ""
    code = countries.parse(text)
    if text and code is None:
        errors.append(
            Invalid(
                "unknown_country", _l("This is not a country code. Choose from the list."), name
            )
        )
    return code


def _wanted_skill(text: str, known: Mapping[str, Skill]) -> WantedSkill:
    code, _, level = text.partition(":")
    if key(code) not in known:
        raise Invalid("unknown_skill", _l("There is no skill “%(code)s”.", code=code), "skill")
    if level and level not in {member.value for member in SkillLevel}:
        raise Invalid(
            "unknown_level", _l("There is no level “%(level)s” of a skill.", level=level), "skill"
        )
    return WantedSkill(known[key(code)], SkillLevel(level) if level else None)


def _wanted_language(text: str) -> WantedLanguage:
    tag, _, level = text.partition(":")
    language = languages.kept_code(tag)
    if language is None:
        raise Invalid(
            "unknown_language", _l("There is no language “%(code)s”.", code=tag), "language"
        )
    if level and level.upper() not in CEFR:
        raise Invalid("unknown_level", _l("Choose a level from A1 to C2."), "language")
    return WantedLanguage(language, CEFR[level.upper()] if level else 1)


def _instant(value: date | datetime | None) -> datetime | None:
    return end_of(value) if isinstance(value, date) and not isinstance(value, datetime) else value


def paired(codes: Sequence[str], levels: Sequence[str]) -> list[str]:
    """Two lists of a form, things and their levels, combined as in an address."""
    filled = [*levels, *[""] * len(codes)]
    return [
        f"{code}:{level}" if level and ":" not in code else code
        for code, level in zip(codes, filled, strict=False)
        if code
    ]
