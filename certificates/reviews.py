"""Certificates under review: not ended, although the result behind them was corrected to something else than completed. Nothing
is stored: a review is open for as long as the two disagree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from accounts.roles import Permission
from certificates.models import NOT_ENDED, Certificate
from core.database import db, in_thousands
from core.policy import Actor, can, visible
from courses.models import Delivery
from enrollment.models import Enrollment, EnrollmentStatus

#: Results that no certificate can rest on.
FELL_SHORT = (EnrollmentStatus.NOT_COMPLETED, EnrollmentStatus.NO_SHOW)


def under_review() -> sa.Select[Certificate]:
    """Every certificate whose review is open, by number."""
    disagrees = Certificate.status.in_(NOT_ENDED), Enrollment.status.in_(FELL_SHORT)
    joined = sa.select(Certificate).join(Enrollment, Enrollment.id == Certificate.enrollment_id)
    return joined.where(*disagrees).order_by(Certificate.id)


def reviews_to_decide(actor: Actor, *, limit: int) -> Sequence[Certificate]:
    """The first so many reviews that the actor decides."""
    return db.session.scalars(under_review().where(visible(Certificate, actor, Permission.CERTIFICATE_ISSUE)).limit(limit)).all()


def reviews_of(delivery: Delivery) -> Sequence[Certificate]:
    """Those of one delivery."""
    return db.session.scalars(under_review().where(Certificate.delivery_id == delivery.id)).all()


def reviewed_by(actor: Actor, certificates: Iterable[Certificate]) -> set[int]:
    """The ids of those of these certificates that are under review and that the actor decides about."""
    decides = [one.id for one in certificates if can(actor, Permission.CERTIFICATE_ISSUE, one)]
    wanted = under_review().with_only_columns(Certificate.id)
    return {found for some in in_thousands(decides) for found in db.session.scalars(wanted.where(Certificate.id.in_(some)))}
