"""Routes with declared schemas: parse the call, run it, answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel

from core.api.answers import respond
from core.api.operations import Operation
from core.api.parsing import parse_body, parse_query
from core.api.replays import write_once
from core.api.shapes import Nothing, Schema
from core.caching import revalidated
from core.database import transaction
from core.web import Access, csrf

BASE = "/api/v1"


class Routes(Blueprint):
    """A package's part of the API, under /api/v1."""

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
        body: type[Schema] | None = None,
        query: type[BaseModel] | None = None,
        answers: Mapping[int, Any] | None = None,
        is_list: bool = False,
        media_type: str = "application/json",
        body_is_optional: bool = False,
        location: Callable[[Any], str | None] | None = None,
        is_catalogue: bool = False,
        shown_again: Callable[..., Any] | None = None,
    ) -> Callable[[Callable], Callable]:
        """Declares one operation. Without `requires` any token may call it (`is_public`: also
        without a token).

        The function gets the parts of the address, and `body` and `query` if declared. It returns
        an Answer, a dict, a `Page` of them (lists), a Response, or a tuple of one of these and a
        status. Everything but GET runs in one transaction. `location` makes the address of a new
        resource from the answer. `is_catalogue` marks answers that are the same for all callers,
        so that clients may cache and revalidate them. With `shown_again` no copy of the answer is
        stored under an idempotency key, because the person may withdraw what it shows: a replay
        calls this function with the parts of the address, and it raises if the caller may no longer
        see the answer.
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
        def read_arguments() -> dict[str, Any]:
            return parts | _read_arguments(method, operation)

        if method == "GET":
            response = respond(function(**read_arguments()), operation)
            return revalidated(response) if operation.is_catalogue else response
        key = request.headers.get("Idempotency-Key") if method == "POST" else None
        return (
            write_once(function, read_arguments, key, operation)
            if key
            else _write(function, read_arguments(), operation)
        )

    view.access = operation.access  # type: ignore[attr-defined]  # read by the gate
    view.operation = operation  # type: ignore[attr-defined]  # read by OpenAPI
    return view


def _read_arguments(method: str, operation: Operation) -> dict[str, Any]:
    """The body and query that the function declared; those it did not declare must be empty."""
    arguments: dict[str, Any] = {}
    if method != "GET":
        is_optional = operation.body_is_optional or operation.body is None
        arguments["body"] = parse_body(operation.body or Nothing, is_optional=is_optional)
    arguments["query"] = parse_query(operation.query or Nothing)
    return {name: value for name, value in arguments.items() if not isinstance(value, Nothing)}


def _write(function: Callable, parts: dict[str, Any], operation: Operation) -> Response:
    with transaction():
        return respond(function(**parts), operation)
