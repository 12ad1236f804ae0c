"""Who may do what, to which objects. Only the mechanism: accounts/roles.py has the matrix of roles.

An `Actor` carries plain values (no rows), loaded once per request. A protected model declares in
`__scope__` which of its columns says to whom an object belongs. `can()` for one object and
`visible()` for a list use the same declaration, so a list and its detail pages cannot disagree.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core.errors import NotAllowed, NotSignedIn


class Reach(enum.StrEnum):
    """How far a permission goes."""

    EVERYWHERE = "everywhere"
    ORGANIZATION = "organization"  # what belongs to the organizations that the actor nominates for
    CENTRE = "centre"  # what belongs to the actor's centres
    OFFICE = "office"  # what belongs to the actor's roster offices
    DELIVERY = "delivery"  # what belongs to deliveries assigned to the actor
    SELF = "self"  # what is about the actor


@dataclass(frozen=True)
class Grant:
    """One permission's reach for one actor: everywhere, or the ids it is limited to."""

    everywhere: bool = False
    organization: frozenset[int] = frozenset()
    centre: frozenset[int] = frozenset()
    office: frozenset[int] = frozenset()
    delivery: frozenset[int] = frozenset()
    self: frozenset[int] = frozenset()

    def __or__(self, other: Grant) -> Grant:
        return Grant(
            self.everywhere or other.everywhere,
            self.organization | other.organization,
            self.centre | other.centre,
            self.office | other.office,
            self.delivery | other.delivery,
            self.self | other.self,
        )

    def ids(self, reach: Reach) -> frozenset[int]:
        return getattr(self, reach.value)


@dataclass(frozen=True)
class Actor:
    """Who acts: a signed-in person, a token's user, no one (`ANONYMOUS`) or the application itself
    (`SYSTEM`).

    `organization_ids` are the bodies for which the actor nominates, without centres and roster
    offices in which the actor works.
    """

    person_id: int | None = None
    name: str = ""
    email: str | None = None
    roles: frozenset[str] = frozenset()
    grants: Mapping[str, Grant] = field(default_factory=dict)
    organization_ids: frozenset[int] = frozenset()
    centre_ids: frozenset[int] = frozenset()
    office_ids: frozenset[int] = frozenset()
    session_id: int | None = None
    token_id: int | None = None
    is_system: bool = False
    is_demonstration: bool = False

    # For Flask-Login.
    @property
    def is_authenticated(self) -> bool:
        return self.person_id is not None

    is_active = is_authenticated

    @property
    def is_anonymous(self) -> bool:
        return not self.is_authenticated

    def get_id(self) -> str | None:
        return str(self.person_id) if self.person_id else None

    def can(self, permission: str, obj: Any = None) -> bool:
        return can(self, permission, obj)


ANONYMOUS = Actor()
SYSTEM = Actor(name="system", is_system=True)


def can(actor: Actor, permission: str, obj: Any = None) -> bool:
    """Whether `actor` has `permission` on `obj`; without an object, or on one that belongs to no
    one, on anything at all."""
    if actor.is_system:
        return True
    grant = actor.grants.get(permission)
    if grant is None:
        return False
    if grant.everywhere or obj is None or not type(obj).__scope__:
        return True
    return any(
        getattr(obj, column) in grant.ids(reach) for reach, column in type(obj).__scope__.items()
    )


def can_beyond_oneself(actor: Actor, permission: str) -> bool:
    """Whether `actor` has `permission` on anything beyond their own records."""
    grant = actor.grants.get(permission)
    return actor.is_system or (grant is not None and grant != Grant(self=grant.self))


def require(actor: Actor, permission: str, obj: Any = None) -> None:
    """Raises NotSignedIn or NotAllowed unless `can`."""
    if can(actor, permission, obj):
        return
    if actor.is_anonymous:
        raise NotSignedIn("not_signed_in", _l("Sign in to continue."))
    raise NotAllowed("not_allowed", _l("You do not have the right to do this."))


def visible(model: type, actor: Actor, permission: str) -> sa.ColumnElement[bool]:
    """Selects the rows of `model` on which `can(actor, permission, row)` holds."""
    return sa.or_(sa.false(), *reaches(model, actor, permission).values())


def reaches(model: type, actor: Actor, permission: str) -> dict[Reach, sa.ColumnElement[bool]]:
    """The same, a condition for each reach: an index serves each of them, none serves all."""
    if actor.is_system:
        return {Reach.EVERYWHERE: sa.true()}
    grant = actor.grants.get(permission)
    if grant is None:
        return {}
    if grant.everywhere:
        return {Reach.EVERYWHERE: sa.true()}
    return {
        reach: getattr(model, column).in_(grant.ids(reach))
        for reach, column in model.__scope__.items()  # type: ignore[attr-defined]  # protected models declare it
        if grant.ids(reach)
    }
