"""The certificate payload: the immutable snapshot of everything a certificate states.

It holds plain values only. It is stored as JSON, rendered to PDF, and later signed; therefore it has one
canonical form in bytes, and equal payloads have equal bytes.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Self

from core.text import normalized
from people.models import PersonnelCategory

_SHA256 = re.compile(r"[0-9a-f]{64}")
LARGEST_INTEGER = 2**53 - 1  # beyond this, RFC 8785 (JSON numbers as doubles) is no longer exact


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text in English and French. Either may be empty, not both."""

    en: str = ""
    fr: str = ""

    def __post_init__(self) -> None:
        _set(self, "en", nfc(self.en))
        _set(self, "fr", nfc(self.fr))
        if not (self.en or self.fr):
            raise ValueError("A text needs English or French.")

    def text(self, lang: str) -> tuple[str, str]:
        """The text for a reader of ``lang`` and the language it is really in (the other one if missing)."""
        other = "fr" if lang == "en" else "en"
        return (getattr(self, lang), lang) if getattr(self, lang) else (getattr(self, other), other)

    @classmethod
    def from_dict(cls, value: Mapping[str, str | None]) -> Self:
        return cls(value.get("en") or "", value.get("fr") or "")


@dataclass(frozen=True, slots=True)
class GrantedSkill:
    """A skill the certificate grants; ``valid_months`` is None when it does not expire."""

    code: str
    title: Bilingual
    level: int | str
    valid_months: int | None = None

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        title = Bilingual.from_dict(value["title"])
        return cls(value["code"], title, value["level"], value.get("valid_months"))


@dataclass(frozen=True, slots=True)
class Signatory:
    """A person whose name stands under the certificate, with the office held."""

    name: str
    role: Bilingual

    def __post_init__(self) -> None:
        _set(self, "name", nfc(self.name))

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["name"], Bilingual.from_dict(value["role"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatePayload:
    """Everything one certificate states. Dates are ISO dates; ``minutes`` is the time taught in total."""

    number: str
    token: str
    verify_url: str
    holder_name: str
    holder_script_lang: str = ""
    category: str
    course_code: str
    course_version: int
    course_title: Bilingual
    delivery_code: str
    starts_on: str
    ends_on: str
    issued_on: str
    valid_until: str | None = None
    venue: str
    country: str
    teaching_language: str
    minutes: int
    objectives: tuple[Bilingual, ...] = ()
    skills: tuple[GrantedSkill, ...] = ()
    issuer: Bilingual
    signatories: tuple[Signatory, ...] = ()
    score_percent: int | None = None
    emblem_sha256: str | None = None  # of the centre's picture; None: the emblem of the application, and not in the byte form

    def __post_init__(self) -> None:
        _set(self, "holder_name", nfc(self.holder_name))
        _set(self, "venue", nfc(self.venue))
        if not self.holder_name:
            raise ValueError("A certificate needs a holder's name.")
        if self.category not in set(PersonnelCategory):
            raise ValueError(f"Unknown personnel category: {self.category}")
        for day in (self.starts_on, self.ends_on, self.issued_on, self.valid_until):
            if day is not None and date.fromisoformat(day).isoformat() != day:
                raise ValueError(f"Not written as YYYY-MM-DD: {day}")
        for number in (self.course_version, self.minutes, self.score_percent or 0):
            if type(number) is not int or abs(number) > LARGEST_INTEGER:
                raise ValueError(f"Not a whole number that JSON keeps exactly: {number!r}")
        if self.emblem_sha256 is not None and not _SHA256.fullmatch(self.emblem_sha256):
            raise ValueError("Not a SHA-256 in lower-case hexadecimal digits.")

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """The payload of ``to_dict()``. Raises ValueError when a field is missing, unknown or malformed."""
        unknown = set(value) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"Unknown fields in a certificate payload: {', '.join(sorted(unknown))}")
        try:
            parts = {
                **value,
                "course_title": Bilingual.from_dict(value["course_title"]),
                "issuer": Bilingual.from_dict(value["issuer"]),
                "objectives": tuple(Bilingual.from_dict(item) for item in value.get("objectives", ())),
                "skills": tuple(GrantedSkill.from_dict(item) for item in value.get("skills", ())),
                "signatories": tuple(Signatory.from_dict(item) for item in value.get("signatories", ())),
            }
            return cls(**parts)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"Malformed certificate payload: {error!r}") from error

    @property
    def emblem_file(self) -> str:
        """What the picture is called where the press finds it; empty without one."""
        return f"{self.emblem_sha256}.png" if self.emblem_sha256 else ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``from_dict`` gives an equal payload back."""
        return json.loads(self.canonical_bytes())

    def canonical_bytes(self) -> bytes:
        """The one byte form of this payload (RFC 8785: sorted keys, no spaces, UTF-8, whole numbers only)."""
        values = asdict(self)
        if self.emblem_sha256 is None:
            del values["emblem_sha256"]  # what was issued before centres had emblems keeps its bytes and their digest
        text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8")


def nfc(text: str) -> str:
    """The text composed (é is one character) and without outer spaces."""
    return normalized("NFC", text).strip()


def _set(instance: object, name: str, value: object) -> None:
    object.__setattr__(instance, name, value)
