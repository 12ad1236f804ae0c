"""The API's frame: routes with declared shapes, one writing transaction per call, idempotency keys.

A capability's `api.py` makes `routes = Routes("courses")` and decorates functions; each gets parsed
values and returns plain data. Rules stay in services; what they refuse becomes problem+json in
core.web.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import wraps
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic_core import PydanticCustomError
from sqlalchemy.exc import IntegrityError

from core import countries, languages, limits, once, texts
from core.caching import revalidated
from core.database import LARGEST_ID, db, settings_of, transaction
from core.errors import Conflict, DomainError, Invalid, TooManyTries
from core.intake import read_json
from core.paging import Page
from core.personal import Field as PlainField
from core.refusals import MOST_ERRORS, problem
from core.web import Access, csrf, current_actor

BASE = "/api/v1"


# Shapes

#: Nothing that happens to be installed beside us has a say in what the API takes; and looking for
#: it takes a tenth of the start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


MOST_TEXT = 5000


class Schema(BaseModel):
    """A body or a query. Unknown fields are refused; text is trimmed."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, str_max_length=MOST_TEXT, defer_build=True
    )


class Nothing(Schema):
    """What a call takes that declares no body or no query: every field is unknown."""


class Answer(BaseModel):
    """An answer's shape."""

    model_config = ConfigDict(from_attributes=True, defer_build=True)


class ListQuery(Schema):
    """What every list takes."""

    limit: int = Field(50, ge=1, le=200)
    after: str | None = Field(None, description="cursor from `next`")


def _some_text(value: dict[str, str]) -> dict[str, str]:
    kept = texts.filled(value)
    if not kept:
        raise ValueError("give the text in at least one language")
    if unknown := kept.keys() - texts.LANGUAGES.keys():
        raise ValueError(f"unknown language {min(unknown)}")
    return kept


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
    """The code, also of a country given by its name: what a file and a page understand, a
    program may send."""
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
    """The code, likewise."""
    if code := languages.parse(text):
        return code
    raise PydanticCustomError(
        "unknown_language", "neither an ISO 639-1 nor an ISO 639-3 code, nor the name of a language"
    )


def _written_day(value: Any) -> Any:
    """Pydantic would also take numbers and instants for a day."""
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


# Routes


@dataclass(frozen=True)
class Operation:
    """What OpenAPI says of one method of one address."""

    summary: str
    access: Access
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    answers: Mapping[int, Any] = field(default_factory=dict)
    is_list: bool = False
    media_type: str = "application/json"
    body_is_optional: bool = False
    location: Callable[[Any], str | None] | None = None
    is_catalogue: bool = False
    is_page_too: bool = False
    is_outside: bool = False  # outside /api/, so no budget counts it
    shown_again: Callable[..., Any] | None = None


def described(
    summary: str,
    answers: Mapping[int, Any],
    media_type: str = "application/json",
    *,
    is_page_too: bool = False,
) -> Callable[[Callable], Callable]:
    """Puts a public address that programs use too into the API's description. `is_page_too`: who
    asks for HTML gets a page."""

    def mark(view: Callable) -> Callable:
        operation = Operation(
            summary,
            Access(),
            answers=answers,
            media_type=media_type,
            is_page_too=is_page_too,
            is_outside=True,
        )
        view.operation = operation  # type: ignore[attr-defined]  # read by OpenAPI
        return view

    return mark


class Routes(Blueprint):
    """A capability's part of the API, under /api/v1."""

    def __init__(self, capability: str):
        super().__init__(f"{capability}_api", __name__, url_prefix=BASE)
        csrf.exempt(self)

    def call(
        self,
        method: str,
        address: str,
        summary: str,
        *,
        requires: str | None = None,
        is_public: bool = False,
        body: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        answers: Mapping[int, Any] | None = None,
        is_list: bool = False,
        media_type: str = "application/json",
        body_is_optional: bool = False,
        location: Callable[[Any], str | None] | None = None,
        is_catalogue: bool = False,
        shown_again: Callable[..., Any] | None = None,
    ) -> Callable[[Callable], Callable]:
        """Declares one operation. Without `requires` any token may call it (`is_public`: no one
        needs one).

        The function gets the address's parts, and `body` / `query` when declared; it returns an
        Answer, a dict, a `Page` of them (lists), a Response, or (any of these, status). Everything
        but GET runs in one transaction. `location` gives the address of what a call created, from
        its answer. `is_catalogue`: the same for everyone who may ask, so that clients may keep it
        and ask whether it still holds. `shown_again`: no copy of the answer is kept under an
        idempotency key, because the person may withdraw what it shows. A replay calls this with the
        parts of the address; it raises if the caller may no longer see the answer.
        """
        access = Access(requires, not is_public)
        operation = Operation(
            summary,
            access,
            body,
            query,
            answers or {200: dict},
            is_list,
            media_type,
            body_is_optional,
            location,
            is_catalogue,
            shown_again=shown_again,
        )

        def declare(function: Callable) -> Callable:
            view = _edge(function, method, operation)
            self.add_url_rule(address, endpoint=function.__name__, view_func=view, methods=[method])
            return function

        return declare


def _edge(function: Callable, method: str, operation: Operation) -> Callable:
    @wraps(function)
    def view(**parts: Any) -> Response:
        def given() -> dict[str, Any]:
            return parts | _given(method, operation)

        if method == "GET":
            response = _respond(function(**given()), operation)
            return revalidated(response) if operation.is_catalogue else response
        key = request.headers.get("Idempotency-Key") if method == "POST" else None
        return (
            _write_once(function, given, key, operation)
            if key
            else _write(function, given(), operation)
        )

    view.access = operation.access  # type: ignore[attr-defined]  # read by the gate
    view.operation = operation  # type: ignore[attr-defined]  # read by OpenAPI
    return view


def _given(method: str, operation: Operation) -> dict[str, Any]:
    """The body and the query that the function asked for; what it did not ask for has to be
    empty."""
    given: dict[str, Any] = {}
    if method != "GET":
        is_optional = operation.body_is_optional or operation.body is None
        given["body"] = _parse_body(operation.body or Nothing, is_optional=is_optional)
    given["query"] = _parse_query(operation.query or Nothing)
    return {name: value for name, value in given.items() if not isinstance(value, Nothing)}


def id_in(text: str) -> int:
    """The id in a part of an address that takes any text: 0, which no row has, for what cannot
    be one."""
    number = int(text) if re.fullmatch("[0-9]{1,10}", text) else 0
    return number if number <= LARGEST_ID else 0


def _write(function: Callable, parts: dict[str, Any], operation: Operation) -> Response:
    with transaction():
        return _respond(function(**parts), operation)


def _write_once(
    function: Callable, given: Callable[[], dict[str, Any]], key: str, operation: Operation
) -> Response:
    """The first answer to this key, be it that the act was done or that it was refused."""
    if len(key) > 200:
        raise Invalid("bad_idempotency_key", _l("An idempotency key has at most 200 characters."))
    actor = current_actor()
    kept_key = once.digest("api", actor.person_id, key)
    fingerprint = once.digest(request.method, request.full_path, request.get_data(cache=True).hex())
    if kept := once.find(kept_key, fingerprint):
        return _replay(kept, operation)

    def keep(response: Response) -> Response:
        kilobytes = 1 + (response.content_length or 0) // 1024
        limits.spend(
            "answers", str(actor.token_id), limit=KEPT_KILOBYTES, seconds=86_400, amount=kilobytes
        )
        is_read_again = operation.shown_again is not None and response.status_code < 400
        answer: dict[str, Any] = {
            "status": response.status_code,
            "body": "" if is_read_again else response.get_data(as_text=True),
        }
        once.keep(
            kept_key,
            request_digest=fingerprint,
            location=response.headers.get("Location", ""),
            **answer,
        )
        return response

    try:
        values = given()
        with transaction():
            return keep(_respond(function(**values), operation))
    except (IntegrityError, DomainError) as error:
        db.session.rollback()
        if kept := once.find(kept_key, fingerprint):  # a twin with the same key was faster
            return _replay(kept, operation)
        if not isinstance(error, DomainError) or error.status not in KEPT_REFUSALS:
            raise
        with suppress(Conflict, TooManyTries), transaction():  # a twin was refused just as well
            keep(problem(error))
        return problem(error)


#: Of answers that are kept for a token within a day, each of them at least one: 64 MB.
KEPT_KILOBYTES = 65_536
#: Refusals that are first answers too: the others are about who asks, or how often.
KEPT_REFUSALS = (404, 409, 422)


def _replay(kept: sa.Row[Any], operation: Operation) -> Response:
    if operation.shown_again is not None and kept.status < 400:
        response = _respond(
            (operation.shown_again(**request.view_args or {}), kept.status), operation
        )
    else:
        kind = "application/json" if kept.status < 400 else "application/problem+json"
        response = current_app.response_class(kept.body, kept.status, content_type=kind)
    response.headers["Idempotency-Replayed"] = "true"
    if kept.location:
        response.headers["Location"] = kept.location
    return response


def _respond(result: Any, operation: Operation) -> Response:
    status = 200
    if isinstance(result, tuple):
        result, status = result
    if isinstance(result, Response):
        return result
    if isinstance(result, Page):
        following = None
        if result.next:
            query: dict[str, Any] = request.args.to_dict(flat=False) | {"after": [result.next]}
            assert request.endpoint
            following = settings_of().public_url + url_for(
                request.endpoint, **(request.view_args or {}), **query
            )
        result = {"items": [_plain(item) for item in result.items], "next": following}
    response = current_app.response_class(
        _json(_plain(result)), status, content_type="application/json"
    )
    if operation.location and status in (201, 202) and (place := operation.location(result)):
        response.headers["Location"] = settings_of().public_url + place
    return response


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _parse_body(model: type[BaseModel], *, is_optional: bool) -> BaseModel:
    raw = request.get_data(cache=True)
    if not raw and is_optional:
        raw = b"{}"
    values = read_json(raw)
    if not isinstance(values, dict):
        raise Invalid("malformed_json", _l("The body must be a JSON object."))
    return validate(model, values)


def _parse_query(model: type[BaseModel]) -> BaseModel:
    given = request.args.to_dict(flat=False)
    given.pop("lang", None)
    several = {
        known.alias or name
        for name, known in model.model_fields.items()
        if "list" in str(known.annotation)
    }
    if repeated := [name for name in given if name not in several and len(given[name]) > 1]:
        raise Invalid("repeated", _l("Give this value only once."), repeated[0])
    return validate(
        model, {name: texts if name in several else texts[0] for name, texts in given.items()}
    )


def validate(model: type[BaseModel], values: dict[str, Any]) -> BaseModel:
    """`values` as `model`, or Invalid with the bad fields named, at most MOST_ERRORS of them."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        faults = [
            Invalid(_fault_code(one["type"]), _fault_text(one), _place(one["loc"]))
            for one in found[:MOST_ERRORS]
        ]
        raise Invalid(
            "invalid_values", _l("Some values cannot be accepted."), errors=list(faults)
        ) from None


def _place(location: tuple[int | str, ...]) -> str | None:
    """The path in the body or query. Of a value that may be of several types pydantic also names
    the type, with brackets."""
    return ".".join(str(part) for part in location if "[" not in str(part)) or None


def _fault_code(kind: str) -> str:
    return {
        "missing": "required",
        "extra_forbidden": "unknown_field",
        "string_too_long": "too_long",
    }.get(kind, kind)


def _fault_text(fault: Any) -> str:
    kind = fault["type"]
    if kind == "missing":
        return _("This value is needed.")
    if kind == "extra_forbidden":
        return _("This field is not known here.")
    return fault["msg"].removeprefix("Value error, ")
