"""A delivery’s certificates, and who can get one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from certificates.models import Certificate, CertificateStatus
from certificates.queries.certificates import certificates_visible
from certificates.services.names import fault_of
from certificates.services.requesting import latest_certificates, reasons_of
from classroom.queries import seated
from core.database import db
from core.errors import NotFound
from core.paging import Page, page
from core.policy import Actor
from courses.models import Delivery
from enrollment.models import SEATED, Enrollment, EnrollmentStatus


def certificates_of_delivery(actor: Actor, delivery: Delivery) -> list[Certificate]:
    """A delivery's certificates that `actor` may see, by number."""
    certificates = certificates_visible(actor).where(Certificate.delivery_id == delivery.id)
    return list(db.session.scalars(certificates.order_by(Certificate.id)))


def certificates_to_archive(actor: Actor, delivery: Delivery) -> list[Certificate]:
    """The delivery's certificates that count today; NotFound while none has a file. They are
    detached, because no database connection stays open while their files are sent."""
    own = certificates_of_delivery(actor, delivery)
    counting = [
        certificate for certificate in own if certificate.current_status in ("valid", "expired")
    ]
    if not any(certificate.file_key for certificate in counting):
        raise NotFound("no_certificates", _l("There are no certificates to download yet."))
    for certificate in counting:
        db.session.expunge(certificate)
    return counting


def page_of_delivery(
    actor: Actor, delivery: Delivery, *, after: str | None, limit: int
) -> Page[Certificate]:
    certificates = certificates_visible(actor).where(Certificate.delivery_id == delivery.id)
    return page(certificates, [Certificate.id], after=after, limit=limit)


@dataclass(frozen=True)
class Candidate:
    """A person of a finished delivery, as the page of issuing shows them."""

    enrollment: Any  # an Enrollment, or as much of it as tells in which list the person is
    certificate: Certificate | None
    name_fault: tuple[str, object] | None = None
    reasons: str = ""  # why there is no certificate, for who did not complete

    @property
    def waits(self) -> bool:
        """Completed, and nothing was issued yet (or the file is still missing)."""
        if self.enrollment.status is not EnrollmentStatus.COMPLETED:
            return False
        return self.certificate is None or (self.is_printed and not self.certificate.file_key)

    @property
    def is_printed(self) -> bool:
        """Issued, so that the name is what it is; only the file is missing."""
        return self.certificate is not None and not self.certificate.has_ended

    @property
    def is_issued(self) -> bool:
        """Whether it has a certificate that needs nothing more."""
        return self.certificate is not None and not self.waits and not self.was_revoked

    @property
    def was_revoked(self) -> bool:
        return self.certificate is not None and self.certificate.status is CertificateStatus.REVOKED


def candidate_lists(delivery: Delivery) -> dict[str, list[int]]:
    """The enrollments of the delivery by what the page of issuing shows of them, each list by
    name."""
    columns = Certificate.enrollment_id, Certificate.status, Certificate.file_key
    latest = latest_certificates(delivery.id, columns=columns)
    people = [Candidate(row, latest.get(row.id)) for row in seated(delivery)]
    completed = EnrollmentStatus.COMPLETED
    return {
        "waiting": [person.enrollment.id for person in people if person.waits],
        "revoked": [person.enrollment.id for person in people if person.was_revoked],
        "issued": [person.enrollment.id for person in people if person.is_issued],
        "others": [
            person.enrollment.id for person in people if person.enrollment.status is not completed
        ],
    }


def candidates(delivery: Delivery, ids: Collection[int] | None = None) -> list[Candidate]:
    """Everyone who had a place, or those of them with these ids, by name: who can get a
    certificate, who has one, and who cannot and why. Two queries."""
    latest = latest_certificates(delivery.id, ids)
    rows = sa.select(Enrollment).where(
        Enrollment.delivery_id == delivery.id, Enrollment.status.in_(SEATED)
    )
    if ids is not None:
        rows = rows.where(Enrollment.id.in_(ids))
    candidates = [
        Candidate(
            row,
            latest.get(row.id),
            fault_of(row, row.name_on_certificate)
            if row.id not in latest or latest[row.id].has_ended
            else None,
            "" if row.status is EnrollmentStatus.COMPLETED else reasons_of(row),
        )
        for row in db.session.scalars(rows.options(joinedload(Enrollment.person)))
    ]
    return sorted(
        candidates,
        key=lambda candidate: (candidate.enrollment.person.sort_name, candidate.enrollment.id),
    )


def get_enrollment_in(delivery: Delivery, enrollment_id: int) -> Enrollment:
    """The enrollment, if it is one of this delivery; NotFound."""
    enrollment = db.session.get(Enrollment, enrollment_id)
    if enrollment is None or enrollment.delivery_id != delivery.id:
        raise NotFound("unknown_enrollment", _l("There is no such person in this delivery."))
    return enrollment


def names_of(enrollment_ids: Sequence[int]) -> dict[int, str]:
    """The printed names of enrollments, by id."""
    rows = db.session.execute(
        sa.select(Enrollment.id, Enrollment.name_on_certificate).where(
            Enrollment.id.in_(enrollment_ids)
        )
    )
    return dict(rows.all())
