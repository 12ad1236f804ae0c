"""Who may open what: every route declares it, and a route that declares nothing stops the start
(default deny)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, g

from core.policy import ANONYMOUS, Actor


class UndeclaredAccess(RuntimeError):
    """A route that declares neither @public nor @requires: the application does not start."""


@dataclass(frozen=True)
class Access:
    """What a route asks for: `permission` None and `signed_in` False is public."""

    permission: str | None = None
    signed_in: bool = False


def public(view: Callable) -> Callable:
    """Everyone may come here."""
    view.access = Access()  # type: ignore[attr-defined]  # read by the gate
    return view


def signed_in(view: Callable) -> Callable:
    """Whoever is signed in may come here; the view shows people their own."""
    view.access = Access(signed_in=True)  # type: ignore[attr-defined]  # read by the gate
    return view


def requires(permission: str) -> Callable[[Callable], Callable]:
    """Only actors who have `permission` on something; which objects is asked again by the
    services and queries."""

    def mark(view: Callable) -> Callable:
        view.access = Access(permission, True)  # type: ignore[attr-defined]  # read by the gate
        return view

    return mark


def access_of(app: Flask, endpoint: str) -> Access | None:
    return getattr(app.view_functions[endpoint], "access", None)


def current_actor() -> Actor:
    """Whom Flask-Login found, once the gate let the request pass; no one before."""
    return g.get("actor", ANONYMOUS)


def check_access_declared(app: Flask) -> None:
    """Default deny: raises UndeclaredAccess when a route declares no access."""
    for rule in app.url_map.iter_rules():
        if access_of(app, rule.endpoint) is None:
            raise UndeclaredAccess(
                f"{rule.rule} ({rule.endpoint}) declares neither @public nor @requires"
            )
