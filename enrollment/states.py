"""The lifecycle of an enrollment. Steps without a permission follow from a rule inside another act."""

from __future__ import annotations

from accounts.roles import Permission
from core.lifecycles import Machine, Transition
from enrollment import events
from enrollment.models import RESULTS, Enrollment
from enrollment.models import EnrollmentStatus as S


def _announce(kind: type[events.EnrollmentStep]):
    def make(enrollment: Enrollment, before: S | None) -> events.EnrollmentStep:
        was = before.value if before is not None else ""
        return kind(enrollment.id, enrollment.delivery_id, enrollment.person_id, was, enrollment.status.value)

    return make


_WAITING = frozenset({S.REQUESTED, S.WAITLISTED, S.OFFERED})
_SEATED = frozenset({S.CONFIRMED, S.ATTENDED})
_result = _announce(events.EnrollmentResult)

ENROLLMENT = Machine(
    S.REQUESTED,
    [
        Transition(
            "approve", frozenset({S.REQUESTED}), S.CONFIRMED, Permission.ENROLLMENT_DECIDE, _announce(events.EnrollmentApproved)
        ),
        Transition(
            "approve_to_wait",
            frozenset({S.REQUESTED}),
            S.WAITLISTED,
            Permission.ENROLLMENT_DECIDE,
            _announce(events.EnrollmentApproved),
        ),
        Transition("promote", frozenset({S.WAITLISTED}), S.CONFIRMED, None, _announce(events.EnrollmentPromoted)),
        Transition(
            "seat", frozenset({S.WAITLISTED}), S.CONFIRMED, Permission.ENROLLMENT_DECIDE, _announce(events.EnrollmentPromoted)
        ),  # by hand, once nobody moves up by themselves
        Transition(
            "decline",
            frozenset({S.REQUESTED, S.WAITLISTED}),
            S.DECLINED,
            Permission.ENROLLMENT_DECIDE,
            _announce(events.EnrollmentDeclined),
        ),
        Transition(
            "withdraw",
            _WAITING | {S.CONFIRMED},
            S.WITHDRAWN,
            Permission.ENROLLMENT_WITHDRAW,
            _announce(events.EnrollmentWithdrawn),
        ),
        Transition("end", _WAITING | _SEATED, S.DELIVERY_CANCELLED, None, _announce(events.EnrollmentDeliveryCancelled)),
        Transition("complete", _SEATED, S.COMPLETED, None, _result),
        Transition("fall_short", _SEATED, S.NOT_COMPLETED, None, _result),
        Transition("miss", _SEATED, S.NO_SHOW, None, _result),
        Transition("reopen", frozenset(RESULTS), S.CONFIRMED, Permission.DELIVERY_FINISH, _announce(events.EnrollmentReopened)),
        Transition("lapse", _WAITING, S.DECLINED, None, _result),  # the delivery ended without a place for the person
    ],
    firsts=[S.REQUESTED, S.WAITLISTED, S.CONFIRMED],
    begins=_announce(events.Enrolled),
)
