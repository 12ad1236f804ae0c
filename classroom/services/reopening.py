"""When a mistake is found after the end, the results concerned are reopened, corrected, and fixed
again by `finish`."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from classroom.models import Reopening
from core import clock
from core.database import db
from core.errors import Conflict, DomainError, Invalid, collect
from core.policy import Actor, require
from courses.models import Delivery, DeliveryStatus
from courses.services import touch
from enrollment.models import RESULTS, Enrollment
from enrollment.queries import at_seats
from enrollment.states import ENROLLMENT
from people.permissions import Permission
from people.values import clean_lines

LONGEST_REASON = 500


def reopen(
    actor: Actor, delivery_id: int, enrollment_ids: Sequence[int], *, reason: str
) -> Delivery:
    """Reopens the fixed results of these enrollments of a finished delivery, and keeps the reason
    and the earlier results.

    Their marks and scores can be corrected until the delivery is finished again; everyone else's
    result stays. Certificates stay as they are: one that is no longer justified is shown for
    review. Refusals name the enrollment ("enrollments.2").
    """
    delivery = touch(delivery_id)
    require(actor, Permission.DELIVERY_FINISH, delivery)
    if delivery.status is not DeliveryStatus.FINISHED:
        raise Conflict(
            "not_finished", _l("This delivery is not finished: its results are still open.")
        )
    enrollment_ids = at_seats(enrollment_ids)
    chosen = {e.id: e for e in _of_delivery(delivery, enrollment_ids)}
    faults = _choice_faults(enrollment_ids, chosen)
    try:
        reason = clean_lines(reason, "reason", longest=LONGEST_REASON)
        if not reason:
            raise Invalid("reason_needed", _l("Say in a few words what is corrected."), "reason")
    except Invalid as fault:
        faults.insert(0, fault)
    collect(faults)
    for enrollment in chosen.values():
        former_status, lacking = enrollment.status, enrollment.lacking
        ENROLLMENT.fire(enrollment, "reopen", actor)
        enrollment.lacking = enrollment.finished_at = None
        db.session.add(
            Reopening(
                enrollment_id=enrollment.id,
                reason=reason,
                result=former_status,
                lacking=lacking,
                reopened_by_id=actor.person_id,
                reopened_at=clock.now(),
            )
        )
    return delivery


def _of_delivery(delivery: Delivery, ids: Sequence[int]) -> Sequence[Enrollment]:
    statement = sa.select(Enrollment).where(
        Enrollment.delivery_id == delivery.id, Enrollment.id.in_(set(ids))
    )
    return db.session.scalars(
        statement.order_by(Enrollment.id).execution_options(populate_existing=True)
    ).all()


def _choice_faults(ids: Sequence[int], chosen: dict[int, Enrollment]) -> list[DomainError]:
    if not ids:
        return [Invalid("nothing_chosen", _l("Choose at least one person."), "enrollments")]
    unknown = _l("This person is not enrolled in this delivery.")
    unfixed = _l("This person has no fixed result.")
    faults: list[DomainError] = []
    for number, enrollment_id in enumerate(ids):
        if enrollment_id not in chosen:
            faults.append(Invalid("unknown_enrollment", unknown, f"enrollments.{number}"))
        elif chosen[enrollment_id].status not in RESULTS:
            faults.append(Invalid("no_result", unfixed, f"enrollments.{number}"))
    return faults
