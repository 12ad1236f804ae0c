"""Certificates under review: not ended, although the result behind them was corrected to something else than completed. Nothing
is stored: a review is open for as long as the two disagree."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from certificates.models import NOT_ENDED, Certificate
from core.database import db, in_thousands
from courses.models import Delivery
from enrollment.models import Enrollment, EnrollmentStatus

#: Results that no certificate can rest on.
FELL_SHORT = (EnrollmentStatus.NOT_COMPLETED, EnrollmentStatus.NO_SHOW)


def under_review() -> sa.Select[Certificate]:
    """Every certificate whose review is open, by number."""
    disagrees = Certificate.status.in_(NOT_ENDED), Enrollment.status.in_(FELL_SHORT)
    joined = sa.select(Certificate).join(Enrollment, Enrollment.id == Certificate.enrollment_id)
    return joined.where(*disagrees).order_by(Certificate.id)


def reviews_of(delivery: Delivery) -> list[Certificate]:
    """Those of one delivery."""
    return list(db.session.scalars(under_review().where(Certificate.delivery_id == delivery.id)))


def reviewed_ids(ids: Iterable[int] | None = None) -> set[int]:
    """The ids of certificates under review: of these, or of all."""
    if ids is None:
        return {certificate.id for certificate in db.session.scalars(under_review())}
    wanted = under_review().with_only_columns(Certificate.id)
    return {found for some in in_thousands(list(ids)) for found in db.session.scalars(wanted.where(Certificate.id.in_(some)))}
