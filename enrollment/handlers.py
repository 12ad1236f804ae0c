"""Reactions to changes of deliveries, in the same transaction."""

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
    """A cancelled delivery: all enrollments end for its reason, and everyone is notified."""
    delivery = db.session.get_one(Delivery, event.delivery_id)
    db.session.flush()
    for enrollment in _going_on(delivery):
        end_with(actor, delivery, enrollment)
        tell(enrollment, "delivery_cancelled")


def tell_of_move(event: DeliveryMoved, actor: Actor) -> None:
    """Notifies people with a place or a request of the old and the new date and place."""
    for enrollment in _going_on(db.session.get_one(Delivery, event.delivery_id)):
        tell(enrollment, "delivery_moved", was=event)


def tell_of_cut(event: DeliveryCutShort, actor: Actor) -> None:
    """Notifies people with a place of sessions that are cancelled. If none remain, the cancellation
    of the delivery notifies them."""
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
    """Changed places or pools: refused if people would lose a place; otherwise people who now fit
    are seated, also if moving up became possible because the delivery or its cut-off is later."""
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
    """Someone's name changed: coordinators are asked about any new difference."""
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
    """The delivery's enrollments that have not ended, in waiting order."""
    statement = (
        sa.select(Enrollment)
        .where(Enrollment.delivery_id == delivery.id, Enrollment.status.in_(GOING_ON))
        .options(joinedload(Enrollment.person))
        .order_by(Enrollment.line)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(statement).all()
