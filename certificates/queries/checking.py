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
from certificates.numbers import PREFIX, SERIES, format_number, sequence_of
from certificates.reviews import FAULTS, KIND, ReviewKind, under_review
from certificates.services.requesting import JOB_KIND, OPEN
from certificates.snapshot import is_intact
from core import numbering, storage
from core.checking import Note
from core.database import db, id_ranges, in_thousands, streamed
from core.jobs import Job
from courses.models import Course, Delivery, DeliverySession
from enrollment.models import Enrollment


def filed_ids() -> Iterator[int]:
    """Every certificate that has a file. Nothing stays open between two of them."""
    filed = sa.select(Certificate.id).where(Certificate.file_key.is_not(None))
    for first, last in id_ranges(Certificate.id):
        some = filed.where(Certificate.id.between(first, last)).order_by(Certificate.id)
        yield from db.session.scalars(some).all()


def breaches() -> Iterator[str]:
    """Certificates that differ from what was issued, files that differ from what was stored, and
    gaps in the numbers."""
    yield from _gaps()
    yield from _orphans()
    yield from _strays()
    yield from _beside()
    yield from _contradictions()
    yield from _under_review()
    yield from _issued_early()
    yield from _altered()


def _under_review() -> Iterator[str]:
    disagreeing = under_review().with_only_columns(Certificate.number, Certificate.status, KIND)
    for number, status, kind in streamed(disagreeing):
        yield f"certificates: {number} is {status.value}, but {FAULTS[ReviewKind(kind)]}"


def _altered() -> Iterator[str]:
    """What is not as it was issued, and files that are not as they were filed."""
    under_way = _being_made()
    for (certificate,) in streamed(sa.select(Certificate).order_by(Certificate.id)):
        if not is_intact(certificate):
            yield f"certificates: {certificate.number} was altered"
        if certificate.file_key is not None:
            if fault := files.fault_of(certificate):
                yield f"certificates: the file of {certificate.number} {fault}"
        elif not certificate.has_ended and certificate.enrollment_id not in under_way:
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
        for (row_id,) in streamed(astray.order_by(table.id)):
            yield (
                f"bodies: {table.__tablename__} {row_id} belongs to another centre than its "
                f"{owner.__tablename__}"
            )


def _beside() -> Iterator[str]:
    """An enrollment has at most one certificate that has not ended; a suspended one counts."""
    standing = sa.select(Certificate.enrollment_id).where(Certificate.status.in_(NOT_ENDED))
    for (enrollment_id,) in streamed(
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
    for number, status in streamed(sa.select(Certificate.number, Certificate.status).where(wrong)):
        yield f"certificates: {number} is {status.value}, but its suspensions say otherwise"
    proposed = sa.exists().where(
        RevocationProposal.certificate_id == Certificate.id, RevocationProposal.decided_at.is_(None)
    )
    for (number,) in streamed(
        sa.select(Certificate.number).where(Certificate.status.not_in(NOT_ENDED), proposed)
    ):
        yield (
            f"certificates: {number} has ended, but its revocation still waits for a second person"
        )


def _issued_early() -> Iterator[str]:
    """Certificates from before the end of the last session that is held."""
    ended = (
        sa.select(DeliverySession.delivery_id, sa.func.max(DeliverySession.ends_at).label("at"))
        .where(DeliverySession.cancelled_at.is_(None))
        .group_by(DeliverySession.delivery_id)
        .subquery()
    )
    early = (
        sa.select(Certificate.number)
        .join(ended, ended.c.delivery_id == Certificate.delivery_id)
        .where(Certificate.issued_at < ended.c.at)
        .order_by(Certificate.id)
    )
    for (number,) in streamed(early):
        yield (
            f"certificates: {number} was issued before the last session of its delivery had ended"
        )


def _being_made() -> set[int]:
    """Enrollments for which an open job will make a certificate."""
    kinds = (JOB_KIND, "certificates.render")
    jobs = sa.select(Job.args).where(Job.kind.in_(kinds), Job.state.in_(OPEN))
    under_way: set[int] = set()
    for some in in_thousands(streamed(jobs).scalars()):
        under_way.update(*(args.get("enrollment_ids", ()) for args in some))
        ids = [args["certificate_id"] for args in some if "certificate_id" in args]
        filed = sa.select(Certificate.enrollment_id).where(Certificate.id.in_(ids))
        under_way.update(db.session.scalars(filed))
    return under_way


#: What a number of a series was used for: a byte for each, so that a series of any length needs
#: little memory.
FREE, GIVEN, VOID = range(3)


def _gaps() -> Iterator[str]:
    for name, last in numbering.counters().items():
        year, uses = int(name.partition(":")[2]), bytearray(last + 1)
        for void in numbering.voids(name):
            uses[void.first : void.last + 1] = bytes([VOID]) * (void.last + 1 - void.first)
        numbers = sa.select(Certificate.number).where(
            Certificate.number.startswith(f"{PREFIX}-{year}-")
        )
        for (number,) in streamed(numbers):
            sequence = sequence_of(number)
            if sequence is None or sequence > last or uses[sequence] != FREE:
                yield f"certificates: the number {number} was never counted"
            else:
                uses[sequence] = GIVEN
        for sequence in range(1, last + 1):
            if uses[sequence] == FREE:
                number = format_number(year, sequence)
                yield f"certificates: the number {number} was given to no one"


def _orphans() -> Iterator[str]:
    """Files whose number no row has: of certificates that a lost database issued. A void number
    is accounted for."""
    for keys in in_thousands(storage.keys("certificates")):
        places = {key: SERIES.in_file(key) for key in keys}
        numbers = {place: SERIES.show(*place) for place in places.values() if place}
        stated = sa.select(Certificate.number).where(Certificate.number.in_(numbers.values()))
        known = set(db.session.scalars(stated))
        for key, place in places.items():
            if place is None:
                yield f"certificates: the file {key} is no certificate"
            elif (number := numbers[place]) not in known:
                sentence = f"certificates: no row has the number of the file {key} ({number})"
                yield (
                    Note(f"{sentence}; it is in the register of void numbers")
                    if numbering.is_void(*place)
                    else sentence
                )
