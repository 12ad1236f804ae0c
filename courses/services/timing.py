"""What a delivery's own calendar allows; refusals say when."""

from __future__ import annotations

from datetime import date, timedelta

from flask_babel import lazy_gettext as _l

from core import clock
from core.errors import Conflict
from core.i18n import instant_words
from courses.models import Delivery
from courses.queries import span_of


def last_day_held(delivery: Delivery) -> date:
    """The day of the last session held; the first day if none is."""
    return delivery.starts_on + timedelta(
        days=max((session.day for session in delivery.held), default=1) - 1
    )


def require_over(delivery: Delivery) -> None:
    """Raises Conflict("not_over") until the last session held has ended, and
    Conflict("nothing_held") if none is: no one can miss a course that did not take place."""
    last = span_of(delivery.id)[1]
    if last is None and delivery.sessions:
        raise Conflict(
            "nothing_held",
            _l(
                "All sessions were cancelled, so there are no results. Cancel the delivery instead."
            ),
        )
    if last is not None and last > clock.now():
        raise Conflict(
            "not_over",
            _l(
                "The last session ends on %(moment)s. Come back after that. If the course ended "
                "early, cut it short first.",
                moment=instant_words(last, delivery.time_zone),
            ),
        )


def require_begun(delivery: Delivery) -> None:
    """Raises Conflict("session_not_begun") until the first session held has begun."""
    first = span_of(delivery.id)[0]
    if first is not None and first > clock.now():
        raise Conflict(
            "session_not_begun",
            _l(
                "The course begins on %(moment)s. You can enter this from then on.",
                moment=instant_words(first, delivery.time_zone),
            ),
        )
