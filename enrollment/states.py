"""The lifecycles of an enrollment and of an identity question. Steps without a permission follow
from a rule within another act."""

from __future__ import annotations

from collections.abc import Callable

from core.lifecycles import Machine, Transition
from core.policy import Actor
from enrollment import events
from enrollment.models import RESULTS, WAITING, Enrollment, IdentityQuestion
from enrollment.models import EnrollmentStatus as S
from enrollment.models import QuestionStatus as Q
from people.permissions import Permission


def _announce(
    kind: type[events.EnrollmentStep],
) -> Callable[[Enrollment, S | None], events.EnrollmentStep]:
    def make(enrollment: Enrollment, before: S | None) -> events.EnrollmentStep:
        former_status = before.value if before is not None else ""
        return kind(
            enrollment.id,
            enrollment.delivery_id,
            enrollment.person_id,
            former_status,
            enrollment.status.value,
        )

    return make


_WAITING = frozenset(WAITING)
_SEATED = frozenset({S.CONFIRMED})
_result = _announce(events.EnrollmentResult)

_UNCONFIRMED, _ASIDE = frozenset({S.UNCONFIRMED}), frozenset({S.SUBSTITUTED})
_TO_SHARE = _UNCONFIRMED | _WAITING | _SEATED | {S.NO_SHOW}

ENROLLMENT = Machine(
    S.REQUESTED,
    [
        # The applicant opened the emailed link.
        Transition(
            "confirm", _UNCONFIRMED, S.CONFIRMED, None, _announce(events.EnrollmentConfirmed)
        ),
        Transition(
            "confirm_to_wait",
            _UNCONFIRMED,
            S.WAITLISTED,
            None,
            _announce(events.EnrollmentConfirmed),
        ),
        Transition(
            "confirm_to_ask", _UNCONFIRMED, S.REQUESTED, None, _announce(events.EnrollmentConfirmed)
        ),
        Transition(
            "come_too_late", _UNCONFIRMED, S.DECLINED, None, _result
        ),  # the delivery was already over
        # Two nominations of one person have one seat: one has it, and the other stands aside until
        # needed.
        Transition("stand_aside", _TO_SHARE, S.SUBSTITUTED, None, _announce(events.SeatShared)),
        Transition("return", _ASIDE, S.CONFIRMED, None, _announce(events.EnrollmentReturned)),
        Transition("return_absent", _ASIDE, S.NO_SHOW, None, _announce(events.EnrollmentReturned)),
        Transition(
            "return_to_wait", _ASIDE, S.WAITLISTED, None, _announce(events.EnrollmentReturned)
        ),
        Transition(
            "return_to_ask", _ASIDE, S.REQUESTED, None, _announce(events.EnrollmentReturned)
        ),
        Transition(
            "approve",
            frozenset({S.REQUESTED}),
            S.CONFIRMED,
            Permission.ENROLLMENT_DECIDE,
            _announce(events.EnrollmentApproved),
        ),
        Transition(
            "approve_to_wait",
            frozenset({S.REQUESTED}),
            S.WAITLISTED,
            Permission.ENROLLMENT_DECIDE,
            _announce(events.EnrollmentApproved),
        ),
        Transition(
            "promote",
            frozenset({S.WAITLISTED}),
            S.CONFIRMED,
            None,
            _announce(events.EnrollmentPromoted),
        ),
        Transition(
            "seat",
            frozenset({S.WAITLISTED}),
            S.CONFIRMED,
            Permission.ENROLLMENT_DECIDE,
            _announce(events.EnrollmentPromoted),
        ),  # manually, once no one moves up automatically
        Transition(
            "decline",
            frozenset({S.REQUESTED, S.WAITLISTED}),
            S.DECLINED,
            Permission.ENROLLMENT_DECIDE,
            _announce(events.EnrollmentDeclined),
        ),
        Transition(
            "withdraw",
            _WAITING | _ASIDE | {S.CONFIRMED},
            S.WITHDRAWN,
            Permission.ENROLLMENT_WITHDRAW,
            _announce(events.EnrollmentWithdrawn),
        ),
        Transition(
            "end",
            _UNCONFIRMED | _WAITING | _SEATED | _ASIDE,
            S.DELIVERY_CANCELLED,
            None,
            _announce(events.EnrollmentDeliveryCancelled),
        ),
        Transition("complete", _SEATED, S.COMPLETED, None, _result),
        Transition("fall_short", _SEATED, S.NOT_COMPLETED, None, _result),
        Transition("miss", _SEATED, S.NO_SHOW, None, _result),
        Transition(
            "reopen",
            frozenset(RESULTS),
            S.CONFIRMED,
            Permission.DELIVERY_FINISH,
            _announce(events.EnrollmentReopened),
        ),
        Transition(
            "lapse", _WAITING | _ASIDE, S.DECLINED, None, _result
        ),  # the delivery ended without a place for the person
    ],
    firsts=[S.UNCONFIRMED, S.REQUESTED, S.WAITLISTED, S.CONFIRMED],
    begins=_announce(events.Enrolled),
)


def steps(enrollment: Enrollment, actor: Actor) -> list[str]:
    """The steps that `actor` may take. For an enrollment that shares a seat, the steps of the
    seat."""
    return ENROLLMENT.available(enrollment, actor, status=enrollment.standing.status)


def _identity_asked(question: IdentityQuestion, before: Q | None) -> events.IdentityAsked:
    return events.IdentityAsked(question.enrollment_id, question.candidate_id, question.id)


def _decided(question: IdentityQuestion, before: Q | None) -> events.IdentityDecided:
    return events.IdentityDecided(
        question.enrollment_id, question.candidate_id, question.id, question.status is Q.SAME
    )


_OPEN = frozenset({Q.OPEN})
QUESTION = Machine(
    Q.OPEN,
    [
        Transition("same", _OPEN, Q.SAME, Permission.IDENTITY_DECIDE, _decided),
        Transition("different", _OPEN, Q.DIFFERENT, Permission.IDENTITY_DECIDE, _decided),
        # Something else differs since: the earlier decision does not cover it.
        Transition("ask_again", frozenset({Q.SAME, Q.DIFFERENT}), Q.OPEN, None, _identity_asked),
    ],
    begins=_identity_asked,
)
