"""Checks of certificates, their files and their numbers for `flask check`."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from certificates import files
from certificates.models import (
    NOT_ENDED,
    Certificate,
    CertificateStatus,
    RevocationProposal,
    Suspension,
)
from certificates.numbers import SERIES, format_number
from certificates.reviews import FAULTS, ReviewKind, kinds
from certificates.services.requesting import JOB_KIND, OPEN
from certificates.snapshot import is_intact
from core import numbering, storage
from core.checking import Note
from core.database import db, in_thousands
from core.jobs import Job
from courses.models import Course, Delivery, DeliverySession
from enrollment.models import Enrollment


def filed_ids() -> list[int]:
    """Ids of all certificates with a file."""
    return list(
        db.session.scalars(
            sa.select(Certificate.id)
            .where(Certificate.file_key.is_not(None))
            .order_by(Certificate.id)
        )
    )


def breaches() -> Iterator[str]:
    """Certificates that differ from what was issued, files that differ from what was stored, and
    gaps in the numbers."""
    yield from _gaps()
    yield from _orphans()
    yield from _strays()
    yield from _beside()
    yield from _contradictions()
    busy, early = _being_made(), _issued_early()
    reviews = kinds(sa.true())
    issued = sa.select(Certificate).order_by(Certificate.id).execution_options(yield_per=200)
    for certificate in db.session.scalars(issued):
        if kind := reviews.get(certificate.id):
            yield (
                f"certificates: {certificate.number} is {certificate.status.value}, but "
                f"{FAULTS[ReviewKind(kind)]}"
            )
        if certificate.id in early:
            yield (
                f"certificates: {certificate.number} was issued before the last session of its "
                "delivery had ended"
            )
        if not is_intact(certificate):
            yield f"certificates: {certificate.number} was altered"
        if certificate.file_key is not None:
            if fault := files.fault_of(certificate):
                yield f"certificates: the file of {certificate.number} {fault}"
        elif not certificate.has_ended and certificate.enrollment_id not in busy:
            yield f"certificates: {certificate.number} has no file and no job is making it"


def _strays() -> Iterator[str]:
    """Rows that belong to another centre than their course, so that the wrong people would see
    them."""
    for owner, table, foreign in (
        (Course, Delivery, Delivery.course_id),
        (Delivery, Enrollment, Enrollment.delivery_id),
        (Delivery, Certificate, Certificate.delivery_id),
    ):
        astray = (
            sa.select(table.id)
            .join(owner, owner.id == foreign)
            .where(table.centre_id != owner.centre_id)
        )
        for row_id in db.session.scalars(astray.order_by(table.id)):
            yield (
                f"bodies: {table.__tablename__} {row_id} belongs to another centre than its "
                f"{owner.__tablename__}"
            )


def _beside() -> Iterator[str]:
    """An enrollment has at most one certificate that has not ended; a suspended one counts."""
    standing = sa.select(Certificate.enrollment_id).where(Certificate.status.in_(NOT_ENDED))
    for enrollment_id in db.session.scalars(
        standing.group_by(Certificate.enrollment_id).having(sa.func.count() > 1)
    ):
        yield f"certificates: enrollment {enrollment_id} has several that have not ended"


def _contradictions() -> Iterator[str]:
    """A suspended certificate has an open suspension and no other has, unless it ended while
    suspended; revocations are proposed only for certificates that have not ended."""
    suspended = sa.exists().where(
        Suspension.certificate_id == Certificate.id, Suspension.lifted_at.is_(None)
    )
    wrong = sa.or_(
        sa.and_(Certificate.status == CertificateStatus.SUSPENDED, sa.not_(suspended)),
        sa.and_(Certificate.status == CertificateStatus.VALID, suspended),
    )
    for number, status in db.session.execute(
        sa.select(Certificate.number, Certificate.status).where(wrong)
    ):
        yield f"certificates: {number} is {status.value}, but its suspensions say otherwise"
    proposed = sa.exists().where(
        RevocationProposal.certificate_id == Certificate.id, RevocationProposal.decided_at.is_(None)
    )
    for number in db.session.scalars(
        sa.select(Certificate.number).where(Certificate.status.not_in(NOT_ENDED), proposed)
    ):
        yield (
            f"certificates: {number} has ended, but its revocation still waits for a second person"
        )


def _issued_early() -> set[int]:
    """Ids of certificates issued before the last session held had ended."""
    ended = (
        sa.select(DeliverySession.delivery_id, sa.func.max(DeliverySession.ends_at).label("at"))
        .where(DeliverySession.cancelled_at.is_(None))
        .group_by(DeliverySession.delivery_id)
        .subquery()
    )
    certificates = sa.select(Certificate.id).join(
        ended, ended.c.delivery_id == Certificate.delivery_id
    )
    return set(db.session.scalars(certificates.where(Certificate.issued_at < ended.c.at)))


def _being_made() -> set[int]:
    """Enrollments for which an open job will make a certificate."""
    kinds = (JOB_KIND, "certificates.render")
    jobs = list(db.session.scalars(sa.select(Job).where(Job.kind.in_(kinds), Job.state.in_(OPEN))))
    enrollment_ids = {
        enrollment for job in jobs for enrollment in job.args.get("enrollment_ids", ())
    }
    ids = [job.args["certificate_id"] for job in jobs if "certificate_id" in job.args]
    for some in in_thousands(ids):
        enrollment_ids |= set(
            db.session.scalars(sa.select(Certificate.enrollment_id).where(Certificate.id.in_(some)))
        )
    return enrollment_ids


def _gaps() -> Iterator[str]:
    for name, value in numbering.counters().items():
        year = int(name.partition(":")[2])
        numbers = set(
            db.session.scalars(
                sa.select(Certificate.number).where(Certificate.number.startswith(f"RST-{year}-"))
            )
        )
        void = {
            number for gap in numbering.voids(name) for number in range(gap.first, gap.last + 1)
        }
        expected = {
            format_number(year, sequence)
            for sequence in range(1, value + 1)
            if sequence not in void
        }
        yield from (
            f"certificates: the number {number} was given to no one"
            for number in sorted(expected - numbers)
        )
        yield from (
            f"certificates: the number {number} was never counted"
            for number in sorted(numbers - expected)
        )


def _orphans() -> Iterator[str]:
    """Files whose number is in no row: issued by a database that was lost. Void numbers are
    accounted for."""
    void = {
        (gap.series, number)
        for gap in numbering.voids()
        for number in range(gap.first, gap.last + 1)
    }
    known = set(db.session.scalars(sa.select(Certificate.number)))
    for key in storage.keys("certificates"):
        if (place := SERIES.in_file(key)) is None:
            yield f"certificates: the file {key} is no certificate"
        elif (number := SERIES.show(*place)) not in known:
            sentence = f"certificates: no row has the number of the file {key} ({number})"
            yield (
                Note(f"{sentence}; it is in the register of void numbers")
                if place in void
                else sentence
            )
