"""Who may open what: every route declares it; one that declares nothing aborts the start (default
deny)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, g

from core.policy import ANONYMOUS, Actor


class UndeclaredAccess(RuntimeError):
    """A route that declares neither @public nor @requires: the application does not start."""


@dataclass(frozen=True)
class Access:
    """What a route requires: `permission` None and `signed_in` False means public."""

    permission: str | None = None
    signed_in: bool = False


def public(view: Callable) -> Callable:
    """Open to everyone."""
    view.access = Access()  # type: ignore[attr-defined]  # read by the gate
    return view


def signed_in(view: Callable) -> Callable:
    """Open to anyone signed in; the view shows people their own data."""
    view.access = Access(signed_in=True)  # type: ignore[attr-defined]  # read by the gate
    return view


def requires(permission: str) -> Callable[[Callable], Callable]:
    """Open only to actors with `permission` on something; services and queries check which
    objects."""

    def mark(view: Callable) -> Callable:
        view.access = Access(permission, True)  # type: ignore[attr-defined]  # read by the gate
        return view

    return mark


def access_of(app: Flask, endpoint: str) -> Access | None:
    return getattr(app.view_functions[endpoint], "access", None)


def current_actor() -> Actor:
    """The actor Flask-Login found, once the gate has accepted the request; ANONYMOUS before."""
    return g.get("actor", ANONYMOUS)


def check_access_declared(app: Flask) -> None:
    """Default deny: raises UndeclaredAccess if a route declares no access."""
    for rule in app.url_map.iter_rules():
        if access_of(app, rule.endpoint) is None:
            raise UndeclaredAccess(
                f"{rule.rule} ({rule.endpoint}) declares neither @public nor @requires"
            )
