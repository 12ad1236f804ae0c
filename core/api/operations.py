"""What the API's description says of one method of one address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from core.api.shapes import Schema
from core.web import Access


@dataclass(frozen=True)
class Operation:
    """What OpenAPI says of one method of one address."""

    summary: str
    access: Access
    body: type[Schema] | None = None
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
