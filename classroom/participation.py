"""A person's participation: minutes, result, and the letter of participation for people who
attended but did not complete the course. The letter confirms attendance only: it has no number,
no one can verify it, and no skill rests on it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from classroom.queries import Completion, find_completion
from core.errors import Conflict, NotAllowed
from core.policy import Actor, can
from courses.models import Delivery, DeliveryStatus
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.ports import ResultShown
from people.permissions import Permission


@dataclass(frozen=True)
class Letter:
    """What the letter says."""

    enrollment: Enrollment
    delivery: Delivery
    minutes: int
    minutes_taught: int
    minutes_of_course: int


def has_letter(enrollment: Enrollment, result: Completion | None) -> bool:
    """Whether there is anything to confirm: the result is fixed, it is not "completed", and the
    person was there."""
    return (
        enrollment.status is EnrollmentStatus.NOT_COMPLETED
        and result is not None
        and result.minutes > 0
    )


def may_read_letter(actor: Actor, enrollment: Enrollment) -> bool:
    """The person, and anyone who issues the certificates of the delivery."""
    is_own = actor.person_id is not None and actor.person_id == enrollment.person_id
    return is_own or can(actor, Permission.CERTIFICATE_ISSUE, enrollment.delivery)


def get_letter(actor: Actor, enrollment: Enrollment) -> Letter:
    """The letter of an enrollment that `actor` may see, or of its seat. NotAllowed, or
    Conflict("no_letter")."""
    enrollment = enrollment.standing
    if not may_read_letter(actor, enrollment):
        raise NotAllowed(
            "not_allowed", _l("Only the person and the training centre can open this letter.")
        )
    delivery = enrollment.delivery
    result = find_completion(enrollment, delivery)
    if result is None or not has_letter(enrollment, result):
        sentence = _l(
            "A letter of participation is for people who attended but did not complete the course."
        )
        raise Conflict("no_letter", sentence)
    return Letter(
        enrollment, delivery, result.minutes, result.minutes_taught, result.minutes_of_course
    )


def result_shown(actor: Actor, enrollment: Enrollment, delivery: Delivery) -> ResultShown | None:
    """For the page of the enrollment: minutes, score and what is lacking; None while there is
    nothing to show."""
    result = find_completion(enrollment, delivery)
    if result is None:
        return None
    if (
        delivery.status is not DeliveryStatus.FINISHED
        and not result.minutes
        and result.score is None
    ):
        return None
    is_open = has_letter(enrollment, result) and may_read_letter(actor, enrollment)
    return ResultShown(result.minutes, result.minutes_taught, result.score, result.lacking, is_open)
