"""Approving and declining requests; giving up places and requests."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core.database import db
from core.errors import Conflict, Invalid, NotAllowed
from core.policy import Actor, can, require
from courses.models import Delivery
from courses.services import touch
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.services.filling import fill, seating
from enrollment.services.letters import tell, tell_all
from enrollment.services.sharing import hand_over
from enrollment.services.stages import require_running
from enrollment.states import ENROLLMENT
from people.permissions import Permission
from people.values import clean_lines

LONGEST_REASON = 500


def approve(actor: Actor, enrollment: Enrollment) -> Enrollment:
    """Accepts a request: assigns a place if there is one, else a position at the end of the waiting
    list. Someone on the waiting list gets a free place, else Conflict("state_does_not_allow").

    No one decides on their own request or on a seat that their organization nominated for, except
    administrators of the whole application.
    """
    delivery = _begin(actor, enrollment, Permission.ENROLLMENT_DECIDE)
    _require_disinterest(actor, enrollment)
    now, seat = seating(delivery), enrollment.standing
    if seat.status is EnrollmentStatus.WAITLISTED:
        if not now.fits(seat.category):
            raise Conflict(
                "state_does_not_allow", _l("No place is free for this person's category.")
            )
        ENROLLMENT.fire(seat, "seat", actor)
        tell(seat, "enrollment_promoted")
        return enrollment
    if now.left_for_new(seat.category) > 0:
        ENROLLMENT.fire(seat, "approve", actor)
    else:
        ENROLLMENT.fire(seat, "approve_to_wait", actor)
        seat.line = delivery.rev
    tell_all([seat])
    return enrollment


def decline(actor: Actor, enrollment: Enrollment, *, reason: str) -> Enrollment:
    """Refuses a request, or removes someone from the waiting list; the person is told why."""
    _begin(actor, enrollment, Permission.ENROLLMENT_DECIDE)
    _require_disinterest(actor, enrollment)
    reason = _checked(reason)
    if not reason:
        raise Invalid("reason_needed", _l("Say why: the person is told."), "reason")
    seat = enrollment.standing
    ENROLLMENT.fire(seat, "decline", actor)
    seat.reason = reason
    tell(seat)
    return enrollment


def withdraw(actor: Actor, enrollment: Enrollment, *, reason: str | None = None) -> Enrollment:
    """Gives up a place or a request; the next person in line who fits gets the place in the same
    transaction.

    Allowed to the person, the nominating organization, and those with ENROLLMENT_WITHDRAW for the
    delivery. A body withdraws only its own nomination, and another body's of the same person
    continues; anyone else gives up the shared seat.
    """
    delivery = _begin(actor, enrollment, Permission.ENROLLMENT_WITHDRAW)
    reason = _checked(reason)
    is_by_body = (
        enrollment.nominated_by_id in actor.organization_ids
        and actor.person_id != enrollment.person_id
    )
    ENROLLMENT.check("withdraw", enrollment.standing.status)
    given_up = enrollment if is_by_body else enrollment.standing
    is_aside = given_up.seat_id is not None
    is_handed_over = is_by_body and not is_aside and hand_over(actor, delivery, given_up)
    if not is_handed_over:
        ENROLLMENT.fire(given_up, "withdraw", actor)
    given_up.reason, given_up.seat_id = reason or None, None
    if not (is_aside or is_handed_over):
        tell(given_up)
    if not is_aside:
        fill(actor, delivery)
    return enrollment


def _begin(actor: Actor, enrollment: Enrollment, permission: Permission) -> Delivery:
    """The touched delivery, with the enrollment read again under the lock."""
    require(actor, permission, enrollment)
    delivery = touch(enrollment.delivery_id)
    db.session.refresh(enrollment)
    if enrollment.seat is not None:
        db.session.refresh(enrollment.seat)
    require_running(delivery)
    return delivery


def _require_disinterest(actor: Actor, enrollment: Enrollment) -> None:
    is_own = actor.person_id is not None and actor.person_id == enrollment.person_id
    seat_id = enrollment.seat_id or enrollment.id
    sharing = sa.select(Enrollment.nominated_by_id).where(
        sa.or_(Enrollment.id == seat_id, Enrollment.seat_id == seat_id)
    )
    is_of_own_organization = not actor.organization_ids.isdisjoint(db.session.scalars(sharing))
    if (is_own or is_of_own_organization) and not can(actor, Permission.ACCOUNT_MANAGE):
        raise NotAllowed(
            "own_nomination",
            _l("You cannot decide on your own request or nomination. Ask another coordinator."),
        )


def _checked(reason: str | None) -> str:
    return clean_lines(reason or "", "reason", longest=LONGEST_REASON)
