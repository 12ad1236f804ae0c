"""How marks and scores react to changes of their delivery, in the same transaction."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from classroom.models import Mark
from core.database import db
from core.errors import Conflict
from core.policy import Actor
from courses.events import DeliveryCutShort
from courses.models import DeliverySession


def require_unheld(event: DeliveryCutShort, actor: Actor) -> None:
    """Refuses to cancel a session in which someone was present."""
    marked = (
        sa.select(DeliverySession.number)
        .join(Mark, Mark.session_id == DeliverySession.id)
        .where(
            DeliverySession.delivery_id == event.delivery_id,
            DeliverySession.number.in_(event.sessions),
            Mark.minutes > 0,
        )
        .order_by(DeliverySession.number)
    )
    if (number := db.session.scalar(marked.limit(1))) is not None:
        sentence = _l(
            "People are marked present in session %(number)s, so it was held. If that is wrong, "
            "correct the marks first.",
            number=number,
        )
        raise Conflict("session_held", sentence, "after_session")
