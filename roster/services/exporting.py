"""Records exports, and who read whose profile."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from core.database import db
from core.events import publish
from core.policy import Actor, require
from people.permissions import Permission
from roster.events import ExpertRead, RosterExported
from roster.filters import Filters
from roster.models import Expert


def record_export(actor: Actor, filters: Filters, rows: int) -> None:
    """Records that rows of the roster were exported: how many and by which filters, never whose."""
    require(actor, Permission.ROSTER_SEARCH)
    assert actor.person_id is not None
    publish(RosterExported(actor.person_id, tuple(sorted(set(filters.used_names))), rows), actor)


def record_reading(actor: Actor, expert_ids: Sequence[int]) -> None:
    """Records that staff read these profiles, except their own."""
    of_others = sa.select(Expert.id).where(
        Expert.id.in_(expert_ids), Expert.person_id != actor.person_id
    )
    for expert_id in db.session.scalars(of_others.order_by(Expert.id)).all():
        publish(ExpertRead(expert_id), actor)
