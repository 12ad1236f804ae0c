"""Schemas of bodies, queries and answers, and the types of value they share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
)
from pydantic_core import PydanticCustomError

from core import countries, languages, texts
from core.database import LARGEST_ID
from core.personal import Field as PlainField

#: Do not load pydantic plugins from the environment; looking for them takes a tenth of the start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


MOST_TEXT = 5000


class Schema(BaseModel):
    """A body or a query. Unknown fields are refused; text is trimmed. A body that holds more values
    than JSON_VALUES sets `most_values`."""

    most_values: ClassVar[int | None] = None

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, str_max_length=MOST_TEXT, defer_build=True
    )


class Nothing(Schema):
    """Schema of calls without a declared body or query; rejects every field."""


class Answer(BaseModel):
    """Schema of an answer."""

    model_config = ConfigDict(from_attributes=True, defer_build=True)


class ListQuery(Schema):
    """Parameters of every list."""

    limit: int = Field(50, ge=1, le=200)
    after: str | None = Field(None, description="cursor from `next`")


def _some_text(value: dict[str, str]) -> dict[str, str]:
    filled = texts.filled(value)
    if not filled:
        raise ValueError("give the text in at least one language")
    if unknown := filled.keys() - texts.LANGUAGES.keys():
        raise ValueError(f"unknown language {min(unknown)}")
    return filled


def _page_language(code: str) -> str:
    if code not in texts.offered():
        raise PydanticCustomError(
            "unknown_language",
            "pages and messages exist in: {codes}",
            {"codes": ", ".join(texts.offered())},
        )
    return code


def _no_nulls(value: Any) -> Any:
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


def _known_country(text: str) -> str:
    """The code of a country, which may also be written as a name, as in files and pages."""
    if code := countries.parse(text):
        return code
    if countries.is_ambiguous(text):
        raise PydanticCustomError(
            "ambiguous_country", "can be more than one country; give its code"
        )
    raise PydanticCustomError(
        "unknown_country", "neither an ISO 3166-1 alpha-2 code, XK, nor the name of a country"
    )


def _known_language(text: str) -> str:
    """The same for a language."""
    if code := languages.parse(text):
        return code
    raise PydanticCustomError(
        "unknown_language", "neither an ISO 639-1 nor an ISO 639-3 code, nor the name of a language"
    )


def _written_day(value: Any) -> Any:
    """Only YYYY-MM-DD: pydantic would accept numbers and instants too."""
    if (
        isinstance(value, str)
        and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)
        or type(value) is date
    ):
        return value
    raise ValueError("write the day as YYYY-MM-DD")


def _written_instant(value: Any) -> Any:
    if isinstance(value, str) and re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]", value):
        return value
    raise ValueError("write the instant as RFC 3339 does, with its zone")


Day = Annotated[date, BeforeValidator(_written_day)]
Instant = Annotated[AwareDatetime, BeforeValidator(_written_instant)]
Texts = Annotated[
    dict[str, str],
    BeforeValidator(_no_nulls),
    AfterValidator(_some_text),
    Field(examples=[{"en": "…", "fr": "…"}]),
]
Country = Annotated[
    str,
    AfterValidator(_known_country),
    WithJsonSchema(
        {
            "type": "string",
            "examples": ["SN", "XK"],
            "description": (
                "ISO 3166-1 alpha-2, and XK; a name in English or French is understood and kept "
                "as its code"
            ),
        }
    ),
]
PageLanguage = Annotated[
    str,
    AfterValidator(_page_language),
    WithJsonSchema({"type": "string", "enum": list(texts.offered())}),
]
Language = Annotated[
    str,
    AfterValidator(_known_language),
    WithJsonSchema(
        {
            "type": "string",
            "examples": ["fr", "din"],
            "description": (
                "BCP 47: ISO 639-1 where it exists, else ISO 639-3; a name in English or French "
                "is understood and kept as its code"
            ),
        }
    ),
]
#: A country or nationality of a person. The services check it: they also accept the words for “no
#: sending country”.
PersonCountry = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "examples": ["SN", "XK"],
            "description": (
                "ISO 3166-1 alpha-2, and XK; a name in English or French is understood and kept "
                "as its code"
            ),
        }
    ),
]
#: A name of a person: what it may be is for the services, which say the same to a page and a file.
PersonName = Annotated[str, WithJsonSchema({"type": "string", "maxLength": 120})]


def at_most(longest: int) -> Any:
    """Of a text: the length, for the description. The rules check it, without counting invisible
    marks, as they do for pages."""
    return Field(json_schema_extra={"maxLength": longest})


S = TypeVar("S", bound=BaseModel)


def with_fields(fields: tuple[PlainField, ...]) -> Callable[[type[S]], type[S]]:
    """A shape that also holds these plain fields; in a body each may be left out."""

    def extend(shape: type[S]) -> type[S]:
        default = None if issubclass(shape, Schema) else ...
        added: dict[str, Any] = {
            field.name: (_plain_type(field) | None, default) for field in fields
        }
        same: dict[str, Any] = {"__doc__": shape.__doc__, "__module__": shape.__module__}
        return create_model(shape.__name__, __base__=shape, **same, **added) if added else shape

    return extend


def _plain_type(field: PlainField) -> Any:
    return Day if field.kind is date else Annotated[str, at_most(field.longest or MOST_TEXT)]


def one_of(kind: Iterable[str]) -> Any:
    """Of a text: the values that the description lists. The rules compare it with them, so that
    the refusal is theirs."""
    return Field(json_schema_extra={"enum": [str(value) for value in kind]})


Id = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]


def id_in(text: str) -> int:
    """The id in a part of an address that takes any text: 0, which no row has, for what cannot
    be one."""
    number = int(text) if re.fullmatch("[0-9]{1,10}", text) else 0
    return number if number <= LARGEST_ID else 0
