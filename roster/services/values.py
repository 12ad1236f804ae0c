"""A profile as submitted, before it is an expert's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from people.personnel import PersonnelCategory
from roster.fields import EXPERT
from roster.models import LanguageFramework


@dataclass(frozen=True)
class SpokenLanguage:
    language: str
    level: str
    framework: LanguageFramework = LanguageFramework.CEFR


@dataclass(frozen=True)
class Window:
    """Both days included."""

    first: date
    last: date


@dataclass(frozen=True)
class Profile:
    """Facts about an expert. None leaves a value as it is; an empty text or list clears it.

    `person`: keyword arguments of people.services.record_person.
    """

    person: Mapping[str, Any] = field(default_factory=dict)
    category: PersonnelCategory | None = None
    subcategory: str | None = None
    rank: str | None = None
    rank_code: str | None = None
    organization: str | None = None
    languages: Sequence[SpokenLanguage] | None = None
    expertise: Sequence[str] | None = None
    availability: Sequence[Window] | None = None
    #: Plain fields (roster.fields.EXPERT) by name.
    plain: Mapping[str, Any] = field(default_factory=dict)

    def packed(self) -> dict[str, Any]:
        """The values (without `person`) as JSON."""
        plain = ("category", "subcategory", "rank", "rank_code", "organization", "expertise")
        data: dict[str, Any] = {
            name: getattr(self, name) for name in plain if getattr(self, name) is not None
        }
        if self.languages is not None:
            data["languages"] = [
                [language.language, language.level, language.framework]
                for language in self.languages
            ]
        if self.availability is not None:
            data["availability"] = [
                [window.first.isoformat(), window.last.isoformat()] for window in self.availability
            ]
        if plain_given := {name: value for name, value in self.plain.items() if value is not None}:
            data["plain"] = {
                name: value.isoformat() if isinstance(value, date) else value
                for name, value in plain_given.items()
            }
        return data

    @classmethod
    def unpacked(cls, data: Mapping[str, Any]) -> Profile:
        values = dict(data)
        if "category" in values:
            values["category"] = PersonnelCategory(values["category"])
        if "languages" in values:
            values["languages"] = [
                SpokenLanguage(code, level, LanguageFramework(kind))
                for code, level, kind in data["languages"]
            ]
        if "availability" in values:
            days = [
                (date.fromisoformat(first), date.fromisoformat(last))
                for first, last in data["availability"]
            ]
            values["availability"] = [Window(*bounds) for bounds in days]
        if "plain" in values:
            dates = {field.name for field in EXPERT if field.kind is date}
            values["plain"] = {
                name: date.fromisoformat(value) if value and name in dates else value
                for name, value in data["plain"].items()
            }
        return cls(**values)
