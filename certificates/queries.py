"""What is known of certificates."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from certificates import files
from certificates.models import (
    NOT_ENDED,
    Certificate,
    CertificateStatus,
    PublicStatus,
    RevocationProposal,
    Suspension,
)
from certificates.numbers import SERIES, format_number, normalise_number
from certificates.reviews import FAULTS, ReviewKind, kinds
from certificates.services.names import fault_of
from certificates.services.requesting import (
    JOB_KIND,
    OPEN,
    latest_certificates,
    reasons_of,
    unknown_job,
)
from certificates.services.standing import is_proposer
from certificates.snapshot import is_intact
from classroom.queries import seated
from core import clock, names, numbering, storage
from core.checking import Note
from core.database import db, in_thousands
from core.errors import NotFound
from core.jobs import Job, find_job
from core.paging import Page, newest, page
from core.policy import Actor, can, visible
from courses.models import Course, Delivery, DeliverySession
from courses.timetable import today_in
from enrollment.models import SEATED, Enrollment, EnrollmentStatus
from people.models import Person
from people.permissions import Permission

P = Permission


def get_certificate(actor: Actor, number: str) -> Certificate:
    """The certificate of a number, however it was typed; NotFound, also for one that is not the
    actor's to see."""
    stored = normalise_number(number)
    found = stored and db.session.scalar(
        certificates_visible(actor).where(Certificate.number == stored)
    )
    if not found:
        raise NotFound("unknown_certificate", _l("There is no such certificate."))
    return found


def certificates_visible(actor: Actor) -> sa.Select[Certificate]:
    """Also those of a seat that several nominations share, for those who may read the
    certificate of one of these."""
    shared = sa.select(Enrollment.seat_id).where(visible(Enrollment, actor, P.CERTIFICATE_READ))
    return sa.select(Certificate).where(
        sa.or_(
            visible(Certificate, actor, P.CERTIFICATE_READ), Certificate.enrollment_id.in_(shared)
        )
    )


def own_enrollments(actor: Actor, certificates: Sequence[Certificate]) -> dict[int, int]:
    """Of certificates of a seat that is another's: the seat's id → that of the enrollment by
    which `actor` knows it."""
    others = [one.enrollment_id for one in certificates if not can(actor, P.CERTIFICATE_READ, one)]
    sharing = sa.select(Enrollment.seat_id, Enrollment.id).where(Enrollment.seat_id.in_(others))
    return dict(
        db.session.execute(sharing.where(visible(Enrollment, actor, P.CERTIFICATE_READ))).all()
    )


def find_by_token(token: str) -> Certificate | None:
    """The certificate behind a verification address; `token` as `numbers.normalise_token` gives
    it."""
    return db.session.scalar(sa.select(Certificate).where(Certificate.token == token))


def find_successor(certificate: Certificate) -> Certificate | None:
    return db.session.scalar(
        sa.select(Certificate).where(Certificate.replaces_id == certificate.id)
    )


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


def certificates_to_archive(actor: Actor, delivery: Delivery) -> list[Certificate]:
    """The delivery's certificates that count today; NotFound while none has a file. They are
    detached, because no database connection stays open while their files are sent."""
    own = certificates_of_delivery(actor, delivery)
    counting = [one for one in own if one.current_status in ("valid", "expired")]
    if not any(one.file_key for one in counting):
        raise NotFound("no_certificates", _l("There are no certificates to download yet."))
    for one in counting:
        db.session.expunge(one)
    return counting


def page_of_delivery(
    actor: Actor, delivery: Delivery, *, after: str | None, limit: int
) -> Page[Certificate]:
    those = certificates_visible(actor).where(Certificate.delivery_id == delivery.id)
    return page(those, [Certificate.id], after=after, limit=limit)


def search(actor: Actor, q: str = "", status: str = "") -> sa.Select[Certificate]:
    """The register: by number (however typed), part of a number or of the holder's name, or the
    delivery's code."""
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
    return found.where(_has_status(status)) if status in set(PublicStatus) else found


def _has_status(status: str) -> sa.ColumnElement[bool]:
    """As `Certificate.current_status` says it of a row: by the calendar of the place where the
    course was held."""
    is_valid = Certificate.status == CertificateStatus.VALID
    zones = {"UTC", *db.session.scalars(sa.select(Delivery.time_zone).distinct())}
    today = sa.case(
        {zone: today_in(zone, clock.now()) for zone in zones}, value=Certificate.time_zone
    )
    has_expired = sa.and_(Certificate.valid_until.is_not(None), Certificate.valid_until < today)
    if status == "valid":
        return sa.and_(is_valid, sa.not_(has_expired))
    if status == "expired":
        return sa.and_(is_valid, has_expired)
    return Certificate.status == CertificateStatus(status)


def list_register(
    actor: Actor, q: str, status: str, *, after: str | None, limit: int
) -> Page[Certificate]:
    """The newest first."""
    return newest(search(actor, q, status), Certificate.id, after=after, limit=limit)


def disproved(enrollment_ids: Collection[int]) -> set[int]:
    """Of these enrollments those whose last certificate is revoked or suspended (see
    core.proofs)."""
    last = sa.select(sa.func.max(Certificate.id)).where(
        Certificate.enrollment_id.in_(enrollment_ids)
    )
    taken_back = Certificate.status.in_((CertificateStatus.REVOKED, CertificateStatus.SUSPENDED))
    ids = sa.select(Certificate.enrollment_id).where(
        taken_back, Certificate.id.in_(last.group_by(Certificate.enrollment_id))
    )
    return set(db.session.scalars(ids)) if enrollment_ids else set()


def suspensions_of(certificate: Certificate) -> list[Suspension]:
    """The first one first."""
    own = sa.select(Suspension).where(Suspension.certificate_id == certificate.id)
    return list(db.session.scalars(own.order_by(Suspension.id)))


def suspended_on(certificate: Certificate) -> date | None:
    """Since which day it is suspended; None when it is not."""
    if certificate.status is not CertificateStatus.SUSPENDED:
        return None
    return next(
        (
            certificate.date_of(one.suspended_at)
            for one in suspensions_of(certificate)
            if one.lifted_at is None
        ),
        None,
    )


@dataclass(frozen=True)
class Proposed:
    """A revocation that waits for a second person, as those who may revoke see it."""

    certificate: Certificate
    proposal: RevocationProposal
    proposed_by: str | None

    def is_by(self, actor: Actor) -> bool:
        return is_proposer(actor, self.proposal)


def get_proposal(actor: Actor, number: str) -> Proposed:
    """The proposed revocation of a certificate; NotFound when there is none, also for anyone who
    may not revoke it."""
    certificate = get_certificate(actor, number)
    found = find_proposal_shown(actor, certificate)
    if found is None:
        raise NotFound(
            "nothing_proposed", _l("No revocation of this certificate is waiting for confirmation.")
        )
    return found


def find_proposal_shown(actor: Actor, certificate: Certificate) -> Proposed | None:
    return next(iter(_proposed(actor, Certificate.id == certificate.id)), None)


def proposals_waiting(actor: Actor) -> list[Proposed]:
    """All that wait for a second person among what the actor may revoke, the oldest first."""
    return _proposed(actor)


def _proposed(actor: Actor, *conditions: sa.ColumnElement[bool]) -> list[Proposed]:
    waiting = (
        sa.select(Certificate, RevocationProposal, Person)
        .join(RevocationProposal, RevocationProposal.certificate_id == Certificate.id)
        .outerjoin(Person, Person.id == RevocationProposal.proposed_by_id)
        .where(
            RevocationProposal.decided_at.is_(None),
            visible(Certificate, actor, P.CERTIFICATE_REVOKE),
            *conditions,
        )
        .order_by(RevocationProposal.id)
        .limit(200)
    )
    rows = db.session.execute(waiting).all()
    return [
        Proposed(certificate, proposal, person.full_name if person else None)
        for certificate, proposal, person in rows
    ]


def delivery_codes(certificates: Sequence[Certificate]) -> dict[int, str]:
    ids = {certificate.delivery_id for certificate in certificates}
    return dict(
        db.session.execute(sa.select(Delivery.id, Delivery.code).where(Delivery.id.in_(ids))).all()
    )


def get_job(actor: Actor, job_id: int) -> Job:
    """A job, for anyone who asked for it, for those who may issue in its delivery and those who
    read all; NotFound for others."""
    job = find_job(job_id)
    is_own = (
        job is not None and actor.person_id is not None and job.created_by_id == actor.person_id
    )
    if job is None or not (is_own or can(actor, P.JOB_READ, job) or _issues_in(actor, job)):
        raise unknown_job()
    return job


def delivery_of(job: Job) -> Delivery:
    """The delivery in which the job issues certificates; NotFound of a job that does something
    else."""
    delivery = db.session.get(Delivery, job.args["delivery_id"]) if job.kind == JOB_KIND else None
    if delivery is None:
        raise unknown_job()
    return delivery


def _issues_in(actor: Actor, job: Job) -> bool:
    """Whether the job makes certificates of a delivery in which the actor may issue them."""
    about = _ABOUT.get(job.kind)
    subject = db.session.get(about[0], job.args.get(about[1], 0)) if about else None
    return subject is not None and can(actor, P.CERTIFICATE_ISSUE, subject)


#: Kind of job → what it is about, and where its arguments say so.
_ABOUT = {
    JOB_KIND: (Delivery, "delivery_id"),
    "certificates.render": (Certificate, "certificate_id"),
}


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
    people = [Candidate(one, latest.get(one.id)) for one in seated(delivery)]
    completed = EnrollmentStatus.COMPLETED
    return {
        "waiting": [one.enrollment.id for one in people if one.waits],
        "revoked": [one.enrollment.id for one in people if one.was_revoked],
        "issued": [one.enrollment.id for one in people if one.is_issued],
        "others": [one.enrollment.id for one in people if one.enrollment.status is not completed],
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
    found = [
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
    return sorted(found, key=lambda one: (one.enrollment.person.sort_name, one.enrollment.id))


def get_enrollment_in(delivery: Delivery, enrollment_id: int) -> Enrollment:
    """The enrollment, if it is one of this delivery; NotFound."""
    enrollment = db.session.get(Enrollment, enrollment_id)
    if enrollment is None or enrollment.delivery_id != delivery.id:
        raise NotFound("unknown_enrollment", _l("There is no such person in this delivery."))
    return enrollment


def open_job(delivery: Delivery) -> Job | None:
    """The job that is issuing for this delivery now."""
    return db.session.scalars(
        sa.select(Job)
        .where(
            Job.kind == JOB_KIND,
            Job.state.in_(OPEN),
            Job.args["delivery_id"].as_integer() == delivery.id,
        )
        .order_by(Job.id.desc())
    ).first()


def names_of(enrollment_ids: Sequence[int]) -> dict[int, str]:
    """The printed names of enrollments, by id."""
    rows = db.session.execute(
        sa.select(Enrollment.id, Enrollment.name_on_certificate).where(
            Enrollment.id.in_(enrollment_ids)
        )
    )
    return dict(rows.all())


def filed_ids() -> list[int]:
    """Every certificate that has a file."""
    return list(
        db.session.scalars(
            sa.select(Certificate.id)
            .where(Certificate.file_key.is_not(None))
            .order_by(Certificate.id)
        )
    )


def breaches() -> Iterator[str]:
    """Every certificate that is not as it was issued, every file that is not as it was filed,
    every gap in the numbers."""
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
    """Whatever belongs to another centre than the course it comes from: the wrong people would
    see it."""
    for owner, kept, foreign in (
        (Course, Delivery, Delivery.course_id),
        (Delivery, Enrollment, Enrollment.delivery_id),
        (Delivery, Certificate, Certificate.delivery_id),
    ):
        astray = (
            sa.select(kept.id)
            .join(owner, owner.id == foreign)
            .where(kept.centre_id != owner.centre_id)
        )
        for row_id in db.session.scalars(astray.order_by(kept.id)):
            yield (
                f"bodies: {kept.__tablename__} {row_id} belongs to another centre than its "
                f"{owner.__tablename__}"
            )


def _beside() -> Iterator[str]:
    """An enrollment has one place for a certificate, and a suspended one keeps it."""
    standing = sa.select(Certificate.enrollment_id).where(Certificate.status.in_(NOT_ENDED))
    for enrollment_id in db.session.scalars(
        standing.group_by(Certificate.enrollment_id).having(sa.func.count() > 1)
    ):
        yield f"certificates: enrollment {enrollment_id} has several that have not ended"


def _contradictions() -> Iterator[str]:
    """What is suspended has a suspension that is not lifted, and nothing else has, unless it
    ended while it was suspended; a revocation is proposed only of what has not ended."""
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
        found |= set(
            db.session.scalars(sa.select(Certificate.enrollment_id).where(Certificate.id.in_(some)))
        )
    return found


def _gaps() -> Iterator[str]:
    for name, value in numbering.counters().items():
        year = int(name.partition(":")[2])
        numbers = set(
            db.session.scalars(
                sa.select(Certificate.number).where(Certificate.number.startswith(f"RST-{year}-"))
            )
        )
        void = {
            number for one in numbering.voids(name) for number in range(one.first, one.last + 1)
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
    """Files whose number no row has: of certificates that a lost database issued. A void number
    is accounted for."""
    void = {
        (one.series, number)
        for one in numbering.voids()
        for number in range(one.first, one.last + 1)
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
