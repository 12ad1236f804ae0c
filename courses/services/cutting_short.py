"""Cutting a course short: cancels the sessions that are not held, with the reason."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from core import clock, events
from core.database import db
from core.errors import Conflict, DomainError, Invalid, collect
from core.policy import Actor, can, require
from courses.events import DeliveryCutShort
from courses.models import Delivery, DeliverySession, DeliveryStatus
from courses.queries import has_begun
from courses.services.renewing import renewed_calendars
from courses.services.timing import last_day_held
from courses.services.touching import touch
from people.permissions import Permission
from people.values import clean_lines

LONGEST_REASON = 500
#: In place of a session's number: before the first one.
NONE_HELD = 0


def may_cut_short(actor: Actor, delivery: Delivery, *, held: int, has_begun: bool) -> bool:
    """Whether the actor may end the delivery early: several sessions are `held`, or it began by the
    clock and possibly none was."""
    has_rest = held > 1 or has_begun
    return (
        delivery.status is DeliveryStatus.PUBLISHED
        and has_rest
        and can(actor, Permission.DELIVERY_FINISH, delivery)
    )


def cut_short(actor: Actor, delivery: Delivery, *, after_session: int, reason: str) -> Delivery:
    """Cancels every session after the one with this number. They count as not taught, and the
    delivery ends on the day of the last one held; the completion rule stays. A subscriber refuses
    if one of them was held after all.

    0 means that none was held although the course began by the clock; the delivery can then be
    cancelled like one that never began.

    Marks, not the clock, tell whether a session was held: a course broken off is often recorded
    days later.
    """
    delivery = touch(delivery.id)
    require(actor, Permission.DELIVERY_FINISH, delivery)
    _require_running(delivery)
    chosen, faults = _chosen(delivery, after_session)
    try:
        reason = clean_lines(reason or "", "reason", longest=LONGEST_REASON)
        if not reason:
            raise Invalid(
                "required",
                _l("Enter a reason. People who have a place are notified of it."),
                "reason",
            )
    except Invalid as fault:
        faults.append(fault)
    collect(faults)
    now = clock.now()
    with renewed_calendars([delivery]):
        for session in chosen:
            session.cancelled_at, session.cancel_reason = now, reason
        delivery.ends_on = last_day_held(delivery)
        db.session.flush()
    events.publish(
        DeliveryCutShort(
            delivery.id, tuple(session.number for session in chosen), delivery.ends_on
        ),
        actor,
    )
    return delivery


def _require_running(delivery: Delivery) -> None:
    if delivery.status is DeliveryStatus.DRAFT:
        raise Conflict("not_published", _l("This delivery is still a draft. Publish it first."))
    if delivery.status is not DeliveryStatus.PUBLISHED:
        raise Conflict(
            "state_does_not_allow", _l("This delivery is over, so it can no longer be changed.")
        )


def _chosen(
    delivery: Delivery, after_session: int
) -> tuple[list[DeliverySession], list[DomainError]]:
    """The sessions to cancel; if there are none, a refusal with the reason."""
    held = delivery.held
    if after_session != NONE_HELD and after_session not in {session.number for session in held}:
        return [], [
            Invalid("unknown_session", _l("There is no session with this number."), "after_session")
        ]
    chosen = [session for session in held if session.number > after_session]
    if not chosen:
        sentence = _l("No session follows this one, so there is nothing to cancel.")
        return [], [Invalid("nothing_to_cancel", sentence, "after_session")]
    if after_session == NONE_HELD and not has_begun(delivery.id):
        sentence = _l("The course has not begun yet. Cancel the delivery instead.")
        return [], [Conflict("session_not_begun", sentence, "after_session")]
    return chosen, []
