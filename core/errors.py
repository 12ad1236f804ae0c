"""Refusals. A rule that is broken raises one of these; pages show it at its field, the API as
problem+json."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class DomainError(Exception):
    """A refusal with a stable `code`, for programs and tests, and a sentence that tells people what
    to do.

    `field` names the input concerned. `errors` holds several refusals of one act, each with its own
    field; `details` what a program needs to answer the refusal.
    """

    status = 422

    def __init__(
        self,
        code: str,
        message: Any,
        field: str | None = None,
        errors: list[DomainError] | None = None,
    ):
        super().__init__(code)
        self.code = code
        self.message = message
        self.field = field
        self.errors = errors or []
        self.details: dict[str, Any] = {}


class Invalid(DomainError):
    """A value that cannot be accepted."""


class Conflict(DomainError):
    """The current state does not allow the act."""

    status = 409


class NotAllowed(DomainError):
    """The actor may not do this."""

    status = 403


class NotSignedIn(DomainError):
    """No one is signed in, or the token is missing, wrong or expired."""

    status = 401


class NotFound(DomainError):
    """Unknown, or not visible to the actor: the same answer for both."""

    status = 404


class TooManyTries(DomainError):
    """Too many attempts; `retry_after` is in seconds."""

    status = 429

    def __init__(self, code: str, message: Any, retry_after: int):
        super().__init__(code, message)
        self.retry_after = retry_after


@contextmanager
def renamed(name_of: Callable[[str], str]) -> Iterator[None]:
    """`with renamed(name_of):` translates fields of refusals from the rule's names to the
    caller's."""
    try:
        yield
    except DomainError as error:
        for refusal in (error, *error.errors):
            refusal.field = name_of(refusal.field) if refusal.field else refusal.field
        raise


def collect(errors: list[DomainError]) -> None:
    """Raises the refusals in `errors` together, so that a form shows all its faults."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        first = errors[0]
        several = type(first)(first.code, first.message, first.field, errors=list(errors))
        several.details = first.details
        raise several


def trace(error: BaseException | None) -> str:
    """The type and location of an error and its causes, for the log; never its message, which may
    contain personal data (a database names the duplicate address, a mail server the refused
    one)."""
    lines: list[str] = []
    while error is not None:
        lines += [*traceback.format_tb(error.__traceback__), f"{type(error).__name__}\n"]
        error = error.__cause__ or error.__context__
    return "".join(lines)
