"""Files that leave the house."""

from __future__ import annotations

from accounts.roles import Permission
from core.events import publish
from core.policy import Actor, require
from roster.events import RosterExported
from roster.filters import Filters


def record_export(actor: Actor, filters: Filters, rows: int) -> None:
    """Notes that rows of the roster left the house as a file: how many and by which filters, never whose."""
    require(actor, Permission.ROSTER_SEARCH)
    assert actor.person_id is not None
    publish(RosterExported(actor.person_id, tuple(sorted(set(filters.given))), rows), actor)
