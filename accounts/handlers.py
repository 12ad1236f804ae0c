"""Keeps roles and the kinds of bodies consistent, in the same transaction."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts.models import RoleAssignment
from accounts.roles import WITHIN
from core.database import db
from core.errors import Conflict
from core.policy import Actor
from people.events import OrganizationChanged
from people.models import Organization


def keep_kinds(event: OrganizationChanged, actor: Actor) -> None:
    """Refuses to drop a kind of a body on which its people’s roles depend."""
    if "kinds" not in event.changed:
        return
    body = db.session.get_one(Organization, event.organization_id)
    scopes = {scope for kind, scope in WITHIN.values() if not body.is_a(kind)}
    assignments = sa.select(RoleAssignment.id).where(
        RoleAssignment.scope.in_(scopes), RoleAssignment.scope_id == body.id
    )
    if scopes and db.session.scalar(assignments.limit(1)) is not None:
        raise Conflict(
            "kind_in_use", _l("People still have roles in it. Withdraw these roles first."), "kinds"
        )
