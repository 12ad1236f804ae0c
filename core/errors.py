"""Refusals. A rule that says no raises one of these; the page shows it at its field and the API
as problem+json."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class DomainError(Exception):
    """A refusal with a stable `code` (programs and tests match it) and a sentence that tells people
    what to do.

    `field` names the input it is about. `errors` holds several refusals of one act, each with its
    own field; `details` what a program needs to answer the refusal.
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
    """The state of things does not allow the act."""

    status = 409


class NotAllowed(DomainError):
    """The actor may not do this."""

    status = 403


class NotSignedIn(DomainError):
    """No one is signed in, or the token is missing, wrong or ended."""

    status = 401


class NotFound(DomainError):
    """Unknown, or not the actor's to see: the same answer for both."""

    status = 404


class TooManyTries(DomainError):
    """Too many tries; `retry_after` is in seconds."""

    status = 429

    def __init__(self, code: str, message: Any, retry_after: int):
        super().__init__(code, message)
        self.retry_after = retry_after


@contextmanager
def renamed(name_of: Callable[[str], str]) -> Iterator[None]:
    """`with renamed(name_of):` tells refusals at the fields that the caller knows, where the
    rule has names of its own."""
    try:
        yield
    except DomainError as error:
        for refusal in (error, *error.errors):
            refusal.field = name_of(refusal.field) if refusal.field else refusal.field
        raise


def collect(errors: list[DomainError]) -> None:
    """Raises the refusals gathered in `errors`, all at once, so that a form shows every fault it
    has."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        first = errors[0]
        several = type(first)(first.code, first.message, first.field, errors=list(errors))
        several.details = first.details
        raise several


def trace(error: BaseException | None) -> str:
    """Where an error arose and of what kind it and its causes are, for the log; never its words,
    which may hold the data of people (a database names the address that is taken, a mail server
    the one it refuses)."""
    lines: list[str] = []
    while error is not None:
        lines += [*traceback.format_tb(error.__traceback__), f"{type(error).__name__}\n"]
        error = error.__cause__ or error.__context__
    return "".join(lines)
