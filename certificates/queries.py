"""What is known of certificates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from accounts.roles import Permission
from certificates import files
from certificates.models import Certificate, CertificateStatus
from certificates.numbers import SERIES, format_number, normalise_number
from certificates.reviews import FELL_SHORT, reviewed_ids
from certificates.services.names import fault_of
from certificates.services.requesting import JOB_KIND, OPEN, latest_certificates, reasons_of
from certificates.snapshot import is_intact
from core import clock, names, numbering, storage
from core.checking import Note
from core.database import db, in_thousands
from core.errors import NotFound
from core.jobs import Job, find_job
from core.paging import Page, newest, page
from core.policy import Actor, can, visible
from courses.models import Delivery, DeliverySession
from enrollment.models import SEATED, Enrollment, EnrollmentStatus

P = Permission
ALL_STATUSES = ("valid", "expired", "superseded", "revoked")


def get_certificate(actor: Actor, number: str) -> Certificate:
    """The certificate of a number, however it was typed; NotFound, also for one that is not the actor's to see."""
    stored = normalise_number(number)
    found = stored and db.session.scalar(certificates_visible(actor).where(Certificate.number == stored))
    if not found:
        raise NotFound("unknown_certificate", _l("There is no such certificate."))
    return found


def certificates_visible(actor: Actor) -> sa.Select[Certificate]:
    return sa.select(Certificate).where(visible(Certificate, actor, P.CERTIFICATE_READ))


def find_by_token(token: str) -> Certificate | None:
    """The certificate behind a verification address; `token` as `numbers.normalise_token` gives it."""
    return db.session.scalar(sa.select(Certificate).where(Certificate.token == token))


def find_successor(certificate: Certificate) -> Certificate | None:
    return db.session.scalar(sa.select(Certificate).where(Certificate.replaces_id == certificate.id))


def find_predecessor(certificate: Certificate) -> Certificate | None:
    return db.session.get(Certificate, certificate.replaces_id) if certificate.replaces_id else None


def certificates_of_person(actor: Actor, person_id: int) -> list[Certificate]:
    """A person's certificates that `actor` may see, the newest first."""
    own = certificates_visible(actor).where(Certificate.person_id == person_id)
    return list(db.session.scalars(own.order_by(Certificate.id.desc())))


def certificates_of_enrollment(actor: Actor, enrollment_id: int) -> list[Certificate]:
    """Those that rest on one enrollment and that `actor` may see, the newest first."""
    those = certificates_visible(actor).where(Certificate.enrollment_id == enrollment_id)
    return list(db.session.scalars(those.order_by(Certificate.id.desc())))


def certificates_of_delivery(actor: Actor, delivery: Delivery) -> list[Certificate]:
    """A delivery's certificates that `actor` may see, by number."""
    those = certificates_visible(actor).where(Certificate.delivery_id == delivery.id)
    return list(db.session.scalars(those.order_by(Certificate.id)))


def page_of_delivery(actor: Actor, delivery: Delivery, *, after: str | None, limit: int) -> Page[Certificate]:
    those = certificates_visible(actor).where(Certificate.delivery_id == delivery.id)
    return page(those, [Certificate.id], after=after, limit=limit)


def search(actor: Actor, q: str = "", status: str = "") -> sa.Select[Certificate]:
    """The register: by number (however typed), part of a number or of the holder's name, or the delivery's code."""
    found = certificates_visible(actor)
    if words := q.strip():
        number = normalise_number(words)
        by_delivery = sa.select(Delivery.id).where(Delivery.code == words)
        like = sa.or_(
            names.finds(Certificate.holder_words, words),
            Certificate.number.icontains(words, autoescape=True),
            Certificate.delivery_id.in_(by_delivery),
        )
        found = found.where(Certificate.number == number if number else like)
    return found.where(_has_status(status, clock.today())) if status in ALL_STATUSES else found


def _has_status(status: str, today: date) -> sa.ColumnElement[bool]:
    is_valid = Certificate.status == CertificateStatus.VALID
    has_expired = sa.and_(Certificate.valid_until.is_not(None), Certificate.valid_until < today)
    if status == "valid":
        return sa.and_(is_valid, sa.not_(has_expired))
    if status == "expired":
        return sa.and_(is_valid, has_expired)
    return Certificate.status == CertificateStatus(status)


def list_register(actor: Actor, q: str, status: str, *, after: str | None, limit: int) -> Page[Certificate]:
    """The newest first."""
    return newest(search(actor, q, status), Certificate.id, after=after, limit=limit)


def delivery_codes(certificates: Sequence[Certificate]) -> dict[int, str]:
    ids = {certificate.delivery_id for certificate in certificates}
    return dict(db.session.execute(sa.select(Delivery.id, Delivery.code).where(Delivery.id.in_(ids))).all())


def get_job(actor: Actor, job_id: int) -> Job:
    """A job, for whoever asked for it and for those who may read all; NotFound for others."""
    job = find_job(job_id)
    is_own = job is not None and actor.person_id is not None and job.created_by_id == actor.person_id
    if job is None or not (is_own or can(actor, P.JOB_READ, job)):
        raise NotFound("unknown_job", _l("There is no such job."))
    return job


@dataclass(frozen=True)
class Candidate:
    """A person of a finished delivery, as the page of issuing shows them."""

    enrollment: Enrollment
    certificate: Certificate | None
    name_fault: tuple[str, object] | None
    reasons: str  # why there is no certificate, for who did not complete

    @property
    def waits(self) -> bool:
        """Completed, and nothing was issued yet (or the file is still missing)."""
        if self.enrollment.status is not EnrollmentStatus.COMPLETED:
            return False
        return self.certificate is None or (self.certificate.status is CertificateStatus.VALID and not self.certificate.file_key)

    @property
    def is_printed(self) -> bool:
        """Issued, so that the name is what it is; only the file is missing."""
        return self.certificate is not None and self.certificate.status is CertificateStatus.VALID

    @property
    def is_unjustified(self) -> bool:
        """A valid certificate whose result was corrected since: a coordinator decides what becomes of it."""
        return self.is_printed and self.enrollment.status in FELL_SHORT

    @property
    def was_revoked(self) -> bool:
        return self.certificate is not None and self.certificate.status is CertificateStatus.REVOKED


def candidates(delivery: Delivery) -> list[Candidate]:
    """Everybody who had a place, by name: who can get a certificate, who has one, and who cannot and why. Two queries."""
    latest = latest_certificates(delivery.id)
    seated = sa.select(Enrollment).where(Enrollment.delivery_id == delivery.id, Enrollment.status.in_(SEATED))
    rows = db.session.scalars(seated.options(joinedload(Enrollment.person)))
    found = [
        Candidate(
            row,
            latest.get(row.id),
            fault_of(row.name_on_certificate, row.person) if row.id not in latest or not _is_valid(latest[row.id]) else None,
            "" if row.status is EnrollmentStatus.COMPLETED else reasons_of(row),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.enrollment.person.sort_name, one.enrollment.id))


def _is_valid(certificate: Certificate) -> bool:
    return certificate.status is CertificateStatus.VALID


def open_job(delivery: Delivery) -> Job | None:
    """The job that is issuing for this delivery now."""
    return db.session.scalars(
        sa.select(Job)
        .where(Job.kind == JOB_KIND, Job.state.in_(OPEN), Job.args["delivery_id"].as_integer() == delivery.id)
        .order_by(Job.id.desc())
    ).first()


def names_of(enrollment_ids: Sequence[int]) -> dict[int, str]:
    """The printed names of enrollments, by id."""
    rows = db.session.execute(sa.select(Enrollment.id, Enrollment.name_on_certificate).where(Enrollment.id.in_(enrollment_ids)))
    return dict(rows.all())


def filed_ids() -> list[int]:
    """Every certificate that has a file."""
    return list(db.session.scalars(sa.select(Certificate.id).where(Certificate.file_key.is_not(None)).order_by(Certificate.id)))


def breaches() -> Iterator[str]:
    """Every certificate that is not as it was issued, every file that is not as it was filed, every gap in the numbers."""
    yield from _gaps()
    yield from _orphans()
    busy, unjustified, early = _being_made(), reviewed_ids(), _issued_early()
    for certificate in db.session.scalars(sa.select(Certificate).order_by(Certificate.id)).yield_per(200):
        if certificate.id in unjustified:
            yield f"certificates: {certificate.number} is valid, but its holder did not complete the course"
        if certificate.id in early:
            yield f"certificates: {certificate.number} was issued before the last session of its delivery had ended"
        if not is_intact(certificate):
            yield f"certificates: {certificate.number} was altered"
        if certificate.file_key is not None:
            if fault := files.fault_of(certificate):
                yield f"certificates: the file of {certificate.number} {fault}"
        elif _is_valid(certificate) and certificate.enrollment_id not in busy:
            yield f"certificates: {certificate.number} has no file and no job is making it"


def _issued_early() -> set[int]:
    """Ids of certificates that were issued before the last session that is held had ended."""
    ended = (
        sa.select(DeliverySession.delivery_id, sa.func.max(DeliverySession.ends_at).label("at"))
        .where(DeliverySession.cancelled_at.is_(None))
        .group_by(DeliverySession.delivery_id)
        .subquery()
    )
    those = sa.select(Certificate.id).join(ended, ended.c.delivery_id == Certificate.delivery_id)
    return set(db.session.scalars(those.where(Certificate.issued_at < ended.c.at)))


def _being_made() -> set[int]:
    """Enrollments whose certificate an open job will file."""
    kinds = (JOB_KIND, "certificates.render")
    jobs = list(db.session.scalars(sa.select(Job).where(Job.kind.in_(kinds), Job.state.in_(OPEN))))
    found = {enrollment for job in jobs for enrollment in job.args.get("enrollment_ids", ())}
    ids = [job.args["certificate_id"] for job in jobs if "certificate_id" in job.args]
    for some in in_thousands(ids):
        found |= set(db.session.scalars(sa.select(Certificate.enrollment_id).where(Certificate.id.in_(some))))
    return found


def _gaps() -> Iterator[str]:
    for name, value in numbering.counters().items():
        year = int(name.partition(":")[2])
        numbers = set(db.session.scalars(sa.select(Certificate.number).where(Certificate.number.startswith(f"RST-{year}-"))))
        void = {number for one in numbering.voids(name) for number in range(one.first, one.last + 1)}
        expected = {format_number(year, sequence) for sequence in range(1, value + 1) if sequence not in void}
        yield from (f"certificates: the number {number} was given to nobody" for number in sorted(expected - numbers))
        yield from (f"certificates: the number {number} was never counted" for number in sorted(numbers - expected))


def _orphans() -> Iterator[str]:
    """Files whose number no row has: of certificates that a lost database issued. A void number is accounted for."""
    void = {(one.series, number) for one in numbering.voids() for number in range(one.first, one.last + 1)}
    known = set(db.session.scalars(sa.select(Certificate.number)))
    for key in storage.keys("certificates"):
        if (place := SERIES.in_file(key)) is None:
            yield f"certificates: the file {key} is no certificate"
        elif (number := SERIES.show(*place)) not in known:
            sentence = f"certificates: no row has the number of the file {key} ({number})"
            yield Note(f"{sentence}; it is in the register of void numbers") if place in void else sentence
