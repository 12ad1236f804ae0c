"""Two nominations of one person in one delivery share a seat, and each body sees it as its own."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core.database import db
from core.errors import Conflict
from core.names import is_spelling
from core.policy import Actor
from courses.models import Admission, Delivery, DeliveryStatus
from courses.services import touch
from enrollment.models import LIVE, RESULTS, SEATED, Enrollment, EnrollmentStatus
from enrollment.ports import is_recorded, was_reopened
from enrollment.queries import find_enrollment
from enrollment.services.ending import end_with, lapse
from enrollment.services.filling import fill, first_status, seating
from enrollment.services.letters import tell_all
from enrollment.states import ENROLLMENT
from people.models import Person
from people.services import records_of

S = EnrollmentStatus
PROVEN = frozenset(RESULTS) - {S.NO_SHOW}
_RETURNS = {S.CONFIRMED: "return", S.WAITLISTED: "return_to_wait", S.REQUESTED: "return_to_ask"}


def follow_person(actor: Actor, keep_id: int, merged_id: int) -> None:
    """Moves what was recorded for a merged record to the surviving person, with one seat in each
    delivery."""
    for enrollment in _enrollments(Enrollment.person_id == merged_id):
        delivery = touch(enrollment.delivery_id)
        db.session.refresh(enrollment)
        other = (
            find_enrollment(delivery.id, keep_id)
            if enrollment.status in (*LIVE, S.UNCONFIRMED)
            else None
        )
        if other is not None:
            share_seat(actor, other, enrollment)
        enrollment.person = db.session.get_one(Person, keep_id)
        if enrollment.status not in RESULTS:
            follow_printed_name(enrollment, db.session.get_one(Person, merged_id))
        db.session.flush()
        if other is not None:
            fill(actor, delivery)


def follow_printed_name(enrollment: Enrollment, former_person: Person) -> None:
    """The enrollment was `former_person`'s: a printed name that no one chose for it, or that is not
    a spelling of the new person's name, is replaced by the one that this person uses."""
    printed, person = enrollment.name_on_certificate, enrollment.person
    if printed == former_person.name_on_certificate or not is_spelling(
        printed, person.given_name, person.family_name
    ):
        enrollment.name_on_certificate = person.name_on_certificate


def share_seat(actor: Actor, enrollment: Enrollment, other: Enrollment) -> None:
    """Keeps the better seat of the two; the other enrollment stands aside and shows the seat's
    status."""
    if enrollment.status in PROVEN and other.status in PROVEN:
        sentence = _l(
            "Both records have a result in %(delivery)s. First decide which one is correct.",
            delivery=enrollment.delivery.code,
        )
        raise Conflict("two_results", sentence)
    if is_recorded(enrollment.id) and is_recorded(other.id):
        sentence = _l(
            "Both records were present or have scores in %(delivery)s. First mark one of them "
            "absent and remove its scores.",
            delivery=enrollment.delivery.code,
        )
        raise Conflict("two_records_of_attendance", sentence)
    seat, aside = sorted((enrollment, other), key=_rank)
    aside.stood_as = aside.status.value
    ENROLLMENT.fire(aside, "stand_aside", actor)
    aside.seat_id = seat.id
    for third in _enrollments(Enrollment.seat_id == aside.id):
        third.seat_id = seat.id
    db.session.flush()
    if seat.status is S.UNCONFIRMED:  # its link was opened, or it could not share a seat
        ENROLLMENT.fire(seat, "confirm_to_wait", actor)


def _rank(enrollment: Enrollment) -> tuple[bool, bool, bool, bool, bool, int]:
    """Best first: a fixed result, then recorded attendance, then a place (a reopened result before
    an absence), then the earlier one. An unconfirmed application has had its waiting position since
    it was sent; where requests need approval, unapproved ones come last."""
    by_approval = enrollment.delivery.admission is Admission.APPROVAL
    is_undecided = by_approval and enrollment.status in (S.UNCONFIRMED, S.REQUESTED)
    has_no_place, was_absent = enrollment.status not in SEATED, enrollment.status is S.NO_SHOW
    return (
        enrollment.status not in PROVEN,
        not is_recorded(enrollment.id),
        has_no_place,
        was_absent,
        is_undecided,
        enrollment.line,
    )


def part_again(actor: Actor, merged_id: int) -> None:
    """Undoes `follow_person`: rows return to the record they were made for."""
    records = records_of(merged_id)
    enrollments = _enrollments(Enrollment.origin_id.in_(records))
    for enrollment in enrollments:
        touch(enrollment.delivery_id)
        db.session.refresh(enrollment)
        former_person, enrollment.person = enrollment.person, db.session.get_one(Person, merged_id)
        follow_printed_name(enrollment, former_person)
    # release the record's present seat before another one returns to it
    db.session.flush()
    for enrollment in enrollments:
        _part_seats(actor, enrollment.delivery, enrollment, records)
        fill(actor, enrollment.delivery)


def leave_shared_seat(actor: Actor, enrollment: Enrollment) -> None:
    """The enrollment turned out to be someone else's than those it shares a seat with: separates
    the two sides."""
    delivery = touch(enrollment.delivery_id)
    _part_seats(actor, delivery, enrollment, {enrollment.origin_id})
    fill(actor, delivery)


def _part_seats(
    actor: Actor, delivery: Delivery, enrollment: Enrollment, records: set[int]
) -> None:
    seat = enrollment.seat
    if seat is not None and seat.origin_id not in records:
        _return(actor, delivery, enrollment)
    for other in _enrollments(Enrollment.seat_id == enrollment.id):
        if other.origin_id not in records:
            _return(actor, delivery, other)


def _return(actor: Actor, delivery: Delivery, enrollment: Enrollment) -> None:
    """Restores the enrollment's former status: a place only if one is free, and ended if the
    delivery is, unless its result was reopened. If there is a third enrollment of the same person,
    it stands aside for that one."""
    other_enrollment = find_enrollment(delivery.id, enrollment.person_id)
    enrollment.seat_id = other_enrollment.id if other_enrollment is not None else None
    if other_enrollment is not None:
        return
    if delivery.status is DeliveryStatus.CANCELLED:
        end_with(actor, delivery, enrollment)
    elif delivery.status is DeliveryStatus.FINISHED and enrollment.stood_as == S.NO_SHOW:
        ENROLLMENT.fire(enrollment, "return_absent", actor)
    elif delivery.status is DeliveryStatus.FINISHED and was_reopened(enrollment.id):
        ENROLLMENT.fire(enrollment, "return", actor)
    elif delivery.status is DeliveryStatus.FINISHED:
        lapse(actor, enrollment)
    else:
        before = EnrollmentStatus(enrollment.stood_as) if enrollment.stood_as else None
        _take_up(actor, delivery, enrollment, before or first_status(delivery, enrollment.category))
    enrollment.stood_as = None
    db.session.flush()


def _take_up(
    actor: Actor, delivery: Delivery, enrollment: Enrollment, status: EnrollmentStatus
) -> None:
    """Moves from standing aside to this status, or to the waiting list if there is no such place
    for this category."""
    if status is S.UNCONFIRMED:  # its link has been opened since
        status = first_status(delivery, enrollment.category)
    if status in SEATED and not seating(delivery).fits(enrollment.category):
        status = S.WAITLISTED
    ENROLLMENT.fire(enrollment, _RETURNS.get(status, "return"), actor)


def hand_over(actor: Actor, delivery: Delivery, seat: Enrollment) -> bool:
    """A body withdraws the nomination that has the seat: the next nomination of the same person
    keeps it, and the person is notified if its status is worse. False if there is none."""
    heirs = _enrollments(Enrollment.seat_id == seat.id)
    if not heirs or seat.status not in _RETURNS:
        return False
    heir, *others = heirs
    status, line, heir.seat_id = seat.status, seat.line, None
    ENROLLMENT.fire(seat, "withdraw", actor)
    db.session.flush()
    _take_up(actor, delivery, heir, status)
    heir.line, heir.stood_as = line, None
    for other in others:
        other.seat_id = heir.id
    db.session.flush()
    if heir.status is not status:
        tell_all([heir])
    return True


def _enrollments(condition: sa.ColumnElement[bool]) -> list[Enrollment]:
    return list(
        db.session.scalars(
            sa.select(Enrollment).where(condition).order_by(Enrollment.delivery_id, Enrollment.id)
        )
    )
