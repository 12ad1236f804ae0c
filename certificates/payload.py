"""The payload: the immutable snapshot of everything a certificate states.

It holds plain values only. It is stored as JSON, rendered to PDF, and later signed; so it has one
canonical form in bytes, and equal payloads have equal bytes.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Self

from core.text import normalized
from core.texts import Text, choose
from people.personnel import PersonnelCategory

_LAYOUT = re.compile(r"[a-z][a-z0-9-]{0,39}")
_CODE = re.compile(r"[a-z]{2,3}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: The version of new payloads. Those of version 1 have no version, layout or languages.
SCHEMA_VERSION = 2
FIRST_LANGUAGES = ("en", "fr")
FIRST_LAYOUT = "sheet"
LARGEST_INTEGER = 2**53 - 1  # beyond this, RFC 8785 (JSON numbers as doubles) is no longer exact


class Texts(dict[str, str]):
    """A text by language, in at least one."""

    def __init__(
        self, texts: Mapping[str, str | None] | Iterable[tuple[str, str | None]] = ()
    ) -> None:
        super().__init__({code: nfc(text or "") for code, text in dict(texts).items()})
        if not any(self.values()):
            raise ValueError("A text needs at least one language.")

    def text(self, lang: str) -> Text:
        """The text for a reader of `lang`, and its actual language."""
        return choose(self, lang)

    @classmethod
    def pair(cls, value: Mapping[str, str | None]) -> Self:
        """As in version 1 of the payload: English and French, of which one may be empty."""
        return cls({code: value.get(code) for code in FIRST_LANGUAGES})


Reader = Callable[[Mapping[str, str | None]], Texts]


@dataclass(frozen=True, slots=True)
class GrantedSkill:
    """A skill that the certificate grants; ``valid_months`` is None if it does not expire."""

    code: str
    title: Texts
    level: int | str
    valid_months: int | None = None

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], read: Reader) -> Self:
        return cls(value["code"], read(value["title"]), value["level"], value.get("valid_months"))


@dataclass(frozen=True, slots=True)
class Signatory:
    """A person whose name is printed under the certificate, with the office held."""

    name: str
    role: Texts

    def __post_init__(self) -> None:
        _set(self, "name", nfc(self.name))

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], read: Reader) -> Self:
        return cls(value["name"], read(value["role"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatePayload:
    """Everything that one certificate states. Dates are ISO dates; ``minutes`` is the total time
    taught."""

    number: str
    token: str
    verify_url: str
    holder_name: str
    holder_script_lang: str = ""
    category: str
    course_code: str
    course_version: int
    course_title: Texts
    delivery_code: str
    starts_on: str
    ends_on: str
    issued_on: str
    valid_until: str | None = None
    venue: str
    country: str
    teaching_language: str
    minutes: int
    objectives: tuple[Texts, ...] = ()
    skills: tuple[GrantedSkill, ...] = ()
    issuer: Texts
    signatories: tuple[Signatory, ...] = ()
    score_percent: int | None = None
    schema_version: int = 1
    layout: str = FIRST_LAYOUT
    languages: tuple[str, ...] = FIRST_LANGUAGES  # as printed, in this order
    emblem_sha256: str | None = (
        # of the centre's emblem; None: the application's, omitted from the byte form
        None
    )

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
        self._check_version()
        if self.emblem_sha256 is not None and not _SHA256.fullmatch(self.emblem_sha256):
            raise ValueError("Not a SHA-256 in lower-case hexadecimal digits.")

    def _check_version(self) -> None:
        if self.schema_version not in range(1, SCHEMA_VERSION + 1):
            raise ValueError(f"Unknown version of a certificate payload: {self.schema_version}")
        if not _LAYOUT.fullmatch(self.layout):
            raise ValueError(f"Not the name of a layout: {self.layout}")
        if not self.languages or not all(map(_CODE.fullmatch, self.languages)):
            raise ValueError("A certificate is printed in at least one language.")
        if self.schema_version == 1 and (self.layout, self.languages) != (
            FIRST_LAYOUT,
            FIRST_LANGUAGES,
        ):
            raise ValueError("The first version of payloads had one layout in two languages.")

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """The payload of ``to_dict()``. ValueError if a field is missing, unknown or malformed."""
        unknown = set(value) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(
                f"Unknown fields in a certificate payload: {', '.join(sorted(unknown))}"
            )
        read: Reader = Texts.pair if value.get("schema_version", 1) == 1 else Texts
        try:
            parts = {
                **value,
                "course_title": read(value["course_title"]),
                "issuer": read(value["issuer"]),
                "objectives": tuple(read(item) for item in value.get("objectives", ())),
                "skills": tuple(
                    GrantedSkill.from_dict(item, read) for item in value.get("skills", ())
                ),
                "signatories": tuple(
                    Signatory.from_dict(item, read) for item in value.get("signatories", ())
                ),
                "languages": tuple(value.get("languages", FIRST_LANGUAGES)),
            }
            return cls(**parts)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"Malformed certificate payload: {error!r}") from error

    @property
    def emblem_file(self) -> str:
        """The name of the emblem's file for the press; empty without one."""
        return f"{self.emblem_sha256}.png" if self.emblem_sha256 else ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``from_dict`` restores an equal payload."""
        return json.loads(self.canonical_bytes())

    def canonical_bytes(self) -> bytes:
        """The one byte form of this payload (RFC 8785: sorted keys, no spaces, UTF-8, whole
        numbers only)."""
        values = _values(self)
        if self.emblem_sha256 is None:
            del values[
                "emblem_sha256"
            ]  # payloads from before centres had emblems keep their bytes and digest
        if self.schema_version == 1:  # the same for payloads of version 1
            for name in ("schema_version", "layout", "languages"):
                del values[name]
        text = json.dumps(
            values, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_values
        )
        return text.encode("utf-8")


def nfc(text: str) -> str:
    """The text composed (é is one character), without outer spaces."""
    return normalized("NFC", text).strip()


def _values(part: Any) -> dict[str, Any]:
    """The fields of a dataclass as they are. `asdict` copies all that is in them, which took half
    the time of checking a certificate."""
    return {field.name: getattr(part, field.name) for field in fields(part)}


def _set(instance: object, name: str, value: object) -> None:
    object.__setattr__(instance, name, value)
