"""Reactions to changes of bodies that courses and deliveries belong to, in the same transaction."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core.database import db
from core.errors import Conflict
from core.policy import Actor
from courses.models import Course, Delivery
from people.events import OrganizationChanged
from people.models import BodyKind, Organization


def keep_kinds(event: OrganizationChanged, actor: Actor) -> None:
    """A body with courses must stay a centre, and one named on deliveries a funder."""
    if "kinds" not in event.changed:
        return
    body = db.session.get_one(Organization, event.organization_id)
    for kind, needed, sentence in (
        (
            BodyKind.CENTRE,
            Course.centre_id == body.id,
            _l("It has courses, so it must stay a training centre."),
        ),
        (
            BodyKind.FUNDER,
            Delivery.funder_id == body.id,
            _l("It is named on deliveries, so it must stay a funder."),
        ),
    ):
        if (
            not body.is_a(kind)
            and db.session.scalar(sa.select(sa.literal(1)).where(needed).limit(1)) is not None
        ):
            raise Conflict("kind_in_use", sentence, "kinds")
