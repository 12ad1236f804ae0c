"""An application counts once its emailed link is opened; one whose link was not opened in time
is forgotten."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import load_only

from accounts.models import SignInLink
from accounts.services import link_ends_at
from core import clock
from core.database import db
from core.events import publish
from core.mail import Mail
from core.policy import SYSTEM, Actor
from courses.models import Delivery, DeliveryStatus
from courses.queries import has_begun, has_ended
from courses.services import touch
from enrollment.events import ApplicationLapsed
from enrollment.lacks import Lack
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.queries import IS_SEEN, find_enrollment
from enrollment.services.asking import ask_about, note_printed_name
from enrollment.services.ending import end_with
from enrollment.services.filling import first_status
from enrollment.services.letters import tell_all
from enrollment.services.sharing import share_seat
from enrollment.states import ENROLLMENT
from people.models import Person
from people.services import compared, hold, join_records

S = EnrollmentStatus
_STEPS = {S.CONFIRMED: "confirm", S.WAITLISTED: "confirm_to_wait", S.REQUESTED: "confirm_to_ask"}


def confirm_applications(actor: Actor, person_id: int) -> None:
    """The person has shown to be the owner of the address: what was applied for with it counts,
    in the position it has had since, and the person is recognised."""
    waiting = sa.select(Enrollment).where(
        Enrollment.origin_id == person_id,
        Enrollment.status == S.UNCONFIRMED,
        IS_SEEN,
    )
    for enrollment in db.session.scalars(waiting.order_by(Enrollment.id)).all():
        delivery = touch(enrollment.delivery_id)
        db.session.refresh(enrollment)
        if enrollment.status is S.UNCONFIRMED:
            _recognise(enrollment)
            _confirm(actor, delivery, enrollment)


def _recognise(enrollment: Enrollment) -> None:
    """Whoever uses the mailbox and has the name is the person known; what agrees only in part is
    asked."""
    applicant = db.session.get_one(Person, enrollment.origin_id)
    facts = _facts_of(applicant)
    hold(
        facts
    )  # of two links of one applicant opened at once, the second finds whom the first made known
    near = [comparison for comparison in compared(facts, but=[applicant.id]) if comparison.is_near]
    matches = [comparison for comparison in near if comparison.is_match]
    if (
        len(matches) == 1 and matches[0].person.email_key == applicant.email_key
    ):  # that mailbox was shown to be theirs, no other
        join_records(SYSTEM, matches[0].person, applicant, reason="address and name")
        return
    ask_about(enrollment, near)


def _facts_of(person: Person) -> dict[str, object]:
    return {
        name: getattr(person, name) for name in ("given_name", "family_name", "email", "birth_date")
    }


def _confirm(actor: Actor, delivery: Delivery, enrollment: Enrollment) -> None:
    db.session.refresh(enrollment)
    if enrollment.status is not S.UNCONFIRMED:
        return  # the person has a place or a request here already
    if delivery.status is DeliveryStatus.CANCELLED:
        end_with(actor, delivery, enrollment)
        return
    if delivery.status is not DeliveryStatus.PUBLISHED or has_ended(delivery.id):
        ENROLLMENT.fire(enrollment, "come_too_late", actor)
        enrollment.lacking = [Lack("opened_too_late").stored()]
        return
    other = find_enrollment(delivery.id, enrollment.person_id)
    if other is not None:
        share_seat(actor, other, enrollment)
        return
    status = first_status(delivery, enrollment.category)
    if status is S.CONFIRMED and has_begun(delivery.id):
        status = S.WAITLISTED  # whether anyone may still join is for a coordinator to decide
    ENROLLMENT.fire(enrollment, _STEPS[status], actor)
    note_printed_name(actor, enrollment)
    tell_all([enrollment])


# Lapsing


def lapsed_applications() -> list[int]:
    """The applications whose link opens nothing any more."""
    now, lapsed = clock.now(), dict[int, bool]()
    waiting = (
        sa.select(Enrollment.id, SignInLink, Mail)
        .outerjoin(SignInLink, SignInLink.person_id == Enrollment.origin_id)
        .outerjoin(Mail, Mail.id == SignInLink.mail_id)  # read along: `link_ends_at` asks for it
        .where(Enrollment.status == S.UNCONFIRMED, IS_SEEN)
        .order_by(Enrollment.delivery_id, Enrollment.id)
        .options(load_only(Mail.state, Mail.sent_at, Mail.created_at))
    )
    for enrollment_id, link, _message in db.session.execute(
        waiting.execution_options(yield_per=500)
    ):
        lapsed[enrollment_id] = lapsed.get(enrollment_id, True) and (
            link is None or link_ends_at(link) <= now
        )
    return [enrollment_id for enrollment_id, is_over in lapsed.items() if is_over]


def lapse_applications(enrollment_ids: Iterable[int]) -> None:
    """Forgets these applications, unless they were confirmed meanwhile, with the records that
    they made."""
    for enrollment_id in enrollment_ids:
        enrollment = db.session.get(Enrollment, enrollment_id)
        if enrollment is None:
            continue
        touch(enrollment.delivery_id)
        db.session.refresh(enrollment)
        if enrollment.status is S.UNCONFIRMED:
            _forget(enrollment)


def _forget(enrollment: Enrollment) -> None:
    publish(ApplicationLapsed(enrollment.id, enrollment.delivery_id), SYSTEM)
    applicant = db.session.get_one(Person, enrollment.origin_id)
    db.session.execute(sa.delete(SignInLink).where(SignInLink.person_id == applicant.id))
    db.session.delete(enrollment)
    db.session.flush()
    db.session.delete(applicant)
    db.session.flush()
