"""An application counts once its emailed link is opened; one whose link was not opened in time is forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from accounts.models import Person, SignInLink
from accounts.services import compared, join_records, link_ends_at
from core import clock
from core.database import db
from core.events import publish
from core.policy import SYSTEM, Actor
from courses.models import Delivery, DeliveryStatus
from courses.services import touch
from enrollment.completion import Lack
from enrollment.events import ApplicationLapsed
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.queries import find_enrollment
from enrollment.services.enrolling import first_status
from enrollment.services.letters import tell_all
from enrollment.services.questions import ask_about
from enrollment.services.sharing import share_seat
from enrollment.states import ENROLLMENT

S = EnrollmentStatus
_STEPS = {S.CONFIRMED: "confirm", S.WAITLISTED: "confirm_to_wait", S.REQUESTED: "confirm_to_ask"}


def confirm_applications(actor: Actor, person_id: int) -> None:
    """The person has shown to be the owner of the address: what was applied for with it counts, in the position it has had
    since, and the person is recognised."""
    waiting = sa.select(Enrollment).where(Enrollment.origin_id == person_id, Enrollment.status == S.UNCONFIRMED)
    for enrollment in db.session.scalars(waiting.order_by(Enrollment.id)).all():
        delivery = touch(enrollment.delivery_id)
        db.session.refresh(enrollment)
        if enrollment.status is S.UNCONFIRMED:
            _recognise(enrollment)
            _confirm(actor, delivery, enrollment)


def _recognise(enrollment: Enrollment) -> None:
    """Whoever uses the mailbox and has the name is the person known; what agrees only in part is asked."""
    applicant = db.session.get_one(Person, enrollment.origin_id)
    near = [one for one in compared(_said(applicant), but=[applicant.id]) if one.is_near]
    matches = [one for one in near if one.is_match]
    if len(matches) == 1 and matches[0].person.email_key == applicant.email_key:  # that mailbox was shown to be theirs, no other
        join_records(SYSTEM, matches[0].person, applicant, reason="address and name")
        return
    ask_about(enrollment, near)


def _said(person: Person) -> dict[str, object]:
    return {name: getattr(person, name) for name in ("given_name", "family_name", "email", "birth_date")}


def _confirm(actor: Actor, delivery: Delivery, enrollment: Enrollment) -> None:
    db.session.refresh(enrollment)
    if enrollment.status is not S.UNCONFIRMED:
        return  # the person has a place or a request here already
    if delivery.status is not DeliveryStatus.PUBLISHED:
        ENROLLMENT.fire(enrollment, "come_too_late", actor)
        enrollment.reason, enrollment.lacking = delivery.cancel_reason, [Lack("no_place").stored()]
        return
    other = find_enrollment(delivery.id, enrollment.person_id)
    if other is not None:
        share_seat(actor, other, enrollment)
        return
    ENROLLMENT.fire(enrollment, _STEPS[first_status(delivery, enrollment.category)], actor)
    tell_all([enrollment])


# Lapsing


def lapse_applications() -> int:
    """Forgets every application whose link opens nothing any more, with the record that it made. Returns how many."""
    count = 0
    for enrollment in list(_lapsed()):
        touch(enrollment.delivery_id)
        db.session.refresh(enrollment)
        if enrollment.status is S.UNCONFIRMED:
            _forget(enrollment)
            count += 1
    return count


def _lapsed() -> Iterator[Enrollment]:
    now = clock.now()
    waiting = sa.select(Enrollment).where(Enrollment.status == S.UNCONFIRMED).order_by(Enrollment.delivery_id, Enrollment.id)
    for enrollment in db.session.scalars(waiting).all():
        links = db.session.scalars(sa.select(SignInLink).where(SignInLink.person_id == enrollment.origin_id)).all()
        if all(link_ends_at(link) <= now for link in links):
            yield enrollment


def _forget(enrollment: Enrollment) -> None:
    publish(ApplicationLapsed(enrollment.id, enrollment.delivery_id), SYSTEM)
    applicant = db.session.get_one(Person, enrollment.origin_id)
    db.session.execute(sa.delete(SignInLink).where(SignInLink.person_id == applicant.id))
    db.session.delete(enrollment)
    db.session.flush()
    db.session.delete(applicant)
    db.session.flush()
