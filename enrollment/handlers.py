"""How enrollments react to what happens to their delivery, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from accounts.events import AddressConfirmed
from core.database import db
from core.errors import Conflict
from core.policy import Actor
from courses.events import DeliveryCancelled, DeliveryChanged, DeliveryCutShort, DeliveryMoved
from courses.models import Delivery
from enrollment.models import GOING_ON, OPEN, Enrollment
from enrollment.services.asking import note_change, note_parting
from enrollment.services.closing import settle_decided, settle_merged
from enrollment.services.confirming import confirm_applications
from enrollment.services.ending import end_with
from enrollment.services.filling import fill, seating
from enrollment.services.letters import tell
from enrollment.services.sharing import follow_person, part_again
from people.events import MergeConfirmed, MergeUndone, PersonChanged


def end_enrollments(event: DeliveryCancelled, actor: Actor) -> None:
    """A cancelled delivery: everyone's place or wish ends with its reason, and everyone is told."""
    delivery = db.session.get_one(Delivery, event.delivery_id)
    db.session.flush()
    for enrollment in _going_on(delivery):
        end_with(actor, delivery, enrollment)
        tell(enrollment, "delivery_cancelled")


def tell_of_move(event: DeliveryMoved, actor: Actor) -> None:
    """Whoever has or wants a place is told what it was and what it is now."""
    for enrollment in _going_on(db.session.get_one(Delivery, event.delivery_id)):
        tell(enrollment, "delivery_moved", was=event)


def tell_of_cut(event: DeliveryCutShort, actor: Actor) -> None:
    """Sessions that are not held after all: everyone who has a place is told. Where no session
    is left, the cancellation of the delivery tells them."""
    delivery = db.session.get_one(Delivery, event.delivery_id)
    if not delivery.held:
        return
    reason = next(
        session.cancel_reason for session in delivery.sessions if session.number in event.sessions
    )
    for enrollment in _going_on(delivery):
        if enrollment.status in OPEN:
            tell(enrollment, "course_cut_short", reason=reason, sessions=len(event.sessions))


def fit_places(event: DeliveryChanged, actor: Actor) -> None:
    """Changed places or pools: refused when people would lose theirs, else whoever fits now is
    seated. So is whoever may move up now, because the delivery begins later or its cut-off does."""
    if not {"places", "pools", "promotion_days", "starts_on", "time_zone"} & set(event.changed):
        return
    delivery = db.session.get_one(Delivery, event.delivery_id)
    now = seating(delivery)
    if now.is_oversold:
        raise Conflict(
            "fewer_places_than_taken",
            _l(
                "People already have these places: at least %(count)s more are needed for them.",
                count=-now.open_left,
            ),
            "places",
        )
    fill(actor, delivery)


def count_applications(event: AddressConfirmed, actor: Actor) -> None:
    """An applicant opened the emailed link."""
    confirm_applications(actor, event.person_id)


def ask_about_change(event: PersonChanged, actor: Actor) -> None:
    """Someone is called otherwise since: nothing differs unnoticed."""
    if {"given_name", "family_name", "birth_date"} & set(event.changed):
        note_change(event.person_id)


def move_enrollments(event: MergeConfirmed, actor: Actor) -> None:
    """Two records became one person."""
    settle_merged(event.keep_id, event.merged_id)
    follow_person(actor, event.keep_id, event.merged_id)
    settle_decided(event.keep_id)


def move_enrollments_back(event: MergeUndone, actor: Actor) -> None:
    """One person became two again."""
    part_again(actor, event.merged_id)
    note_parting(event.keep_id, event.merged_id)


def _going_on(delivery: Delivery) -> Sequence[Enrollment]:
    """The delivery's enrollments that have no end yet, in the order of the line."""
    statement = (
        sa.select(Enrollment)
        .where(Enrollment.delivery_id == delivery.id, Enrollment.status.in_(GOING_ON))
        .options(joinedload(Enrollment.person))
        .order_by(Enrollment.line)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(statement).all()
