"""Requests for certificates: everything that can be refused is refused here, before the first is
issued."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload, load_only

from certificates.events import IssueRequested
from certificates.models import Certificate, CertificateStatus
from certificates.services.issuing import specimen
from certificates.services.names import check_names
from core import jobs
from core.database import db
from core.errors import Conflict, Invalid, NotFound
from core.events import publish
from core.jobs import Job, JobState
from core.policy import SYSTEM, Actor, require
from core.words import word
from courses.models import Delivery, DeliveryStatus
from courses.services import require_over, touch
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.queries import at_seats, explain
from people.permissions import Permission

JOB_KIND = "certificates.issue"
OPEN = (JobState.QUEUED, JobState.RUNNING)


def request_issue(
    actor: Actor, delivery_id: int, enrollment_ids: Sequence[int] | None = None
) -> Job:
    """One job that issues to these enrollments; without ids, to everyone who completed and has no
    certificate.

    A repeated request returns the running job. One name that cannot be printed refuses the whole
    request.
    """
    delivery = touch(delivery_id)
    require(actor, Permission.CERTIFICATE_ISSUE, delivery)
    if delivery.status is not DeliveryStatus.FINISHED:
        raise Conflict(
            "delivery_not_finished",
            _l("Finish the delivery first: only then is it certain who completed it."),
        )
    latest = latest_certificates(delivery.id)
    enrollments = (
        _completed(delivery)
        if enrollment_ids is None
        else _chosen(delivery, enrollment_ids, latest)
    )
    require_over(delivery)
    to_issue = [
        e for e in enrollments if _lacks(latest.get(e.id), is_chosen=enrollment_ids is not None)
    ]
    ids = [enrollment.id for enrollment in to_issue]
    if job := _job_for(
        delivery.id, ids or [enrollment.id for enrollment in enrollments], is_over=not ids
    ):
        return job
    if not ids:
        raise Conflict(
            "nothing_to_issue", _l("No one in this delivery is waiting for a certificate.")
        )
    unissued = [e for e in to_issue if e.id not in latest or latest[e.id].has_ended]
    check_names(unissued)
    if unissued:
        specimen(unissued[0])  # title, venue and objectives are the same for all: check them once
    return _enqueue(
        actor, delivery, ids, max((certificate.id for certificate in latest.values()), default=0)
    )


def request_again(actor: Actor, job: Job) -> Job:
    """Requests the certificates that failed in this job again, or all if it was abandoned. No one
    gets a second one."""
    if job.kind != JOB_KIND:
        raise unknown_job()
    failed = [error["enrollment"] for error in job.errors]
    ids = job.args["enrollment_ids"] if job.state is JobState.DEAD else failed
    return request_issue(actor, job.args["delivery_id"], ids)


def unknown_job() -> NotFound:
    return NotFound("unknown_job", _l("There is no such job."))


def latest_certificates(
    delivery_id: int, ids: Collection[int] | None = None, *, columns: Sequence[Any] = ()
) -> dict[int, Certificate]:
    """The last certificate of each enrollment (with `ids`: of these), whatever its status; with
    `columns` only those columns."""
    certificates = sa.select(Certificate).where(Certificate.delivery_id == delivery_id)
    if ids is not None:
        certificates = certificates.where(Certificate.enrollment_id.in_(ids))
    if columns:
        certificates = certificates.options(load_only(*columns))
    rows = db.session.scalars(certificates.order_by(Certificate.id))
    return {certificate.enrollment_id: certificate for certificate in rows}


def _lacks(certificate: Certificate | None, *, is_chosen: bool) -> bool:
    """Whether there is something to do. A revoked certificate is issued again only to people chosen
    individually."""
    if certificate is None:
        return True
    if not certificate.has_ended:
        return certificate.file_key is None
    return is_chosen


def _enrollments(delivery: Delivery) -> sa.Select[Enrollment]:
    options = joinedload(Enrollment.person), joinedload(Enrollment.delivery)
    return (
        sa.select(Enrollment)
        .where(Enrollment.delivery_id == delivery.id)
        .options(*options)
        .order_by(Enrollment.id)
    )


def _completed(delivery: Delivery) -> list[Enrollment]:
    return list(
        db.session.scalars(
            _enrollments(delivery).where(Enrollment.status == EnrollmentStatus.COMPLETED)
        )
    )


def _chosen(
    delivery: Delivery, ids: Sequence[int], latest: Mapping[int, Certificate]
) -> list[Enrollment]:
    """The enrollments with these ids, or Invalid with the reason for each that is unknown or not
    eligible. `latest`: the last certificate of each enrollment."""
    if not ids:
        raise Invalid("nothing_chosen", _l("Choose at least one person."), "enrollments")
    ids = at_seats(ids)
    known = {
        e.id: e
        for e in db.session.scalars(_enrollments(delivery).where(Enrollment.id.in_(set(ids))))
    }
    errors = [
        _unknown(enrollment_id, ids.index(enrollment_id))
        for enrollment_id in dict.fromkeys(ids)
        if enrollment_id not in known
    ]
    errors += [
        _not_eligible(e, ids.index(e.id))
        for e in known.values()
        if e.status is not EnrollmentStatus.COMPLETED
    ]
    errors += [
        _suspended(e, ids.index(e.id))
        for e in known.values()
        if e.id in latest and _is_kept_back(latest[e.id])
    ]
    if errors:
        sentence = _l("Not all of these people can get a certificate. Nothing was issued.")
        raise Invalid(errors[0].code, sentence, errors=list(errors))
    return list(known.values())


def _unknown(enrollment_id: int, number: int) -> Invalid:
    sentence = _l("There is no enrollment %(id)s in this delivery.", id=enrollment_id)
    return Invalid("unknown_enrollment", sentence, f"enrollments.{number}")


def _not_eligible(enrollment: Enrollment, number: int) -> Invalid:
    sentence = _l(
        "Enrollment %(id)s did not complete the course: %(why)s.",
        id=enrollment.id,
        why=reasons_of(enrollment),
    )
    return Invalid("not_eligible", sentence, f"enrollments.{number}")


def _is_kept_back(certificate: Certificate) -> bool:
    """Suspended and with a file; the file of a suspended certificate may still be made."""
    return certificate.status is CertificateStatus.SUSPENDED and certificate.file_key is not None


def _suspended(enrollment: Enrollment, number: int) -> Invalid:
    sentence = _l(
        "The certificate of enrollment %(id)s is suspended. Lift the suspension or revoke it "
        "before another is issued.",
        id=enrollment.id,
    )
    return Invalid("certificate_suspended", sentence, f"enrollments.{number}")


def reasons_of(enrollment: Enrollment) -> str:
    """What an enrollment lacks, in words: as fixed when the delivery was finished, else its
    status."""
    return explain(SYSTEM, enrollment, None) or word(enrollment.status)


def _job_for(delivery_id: int, ids: list[int], *, is_over: bool) -> Job | None:
    """The newest job that issues to all these enrollments: an open one, or (`is_over`) any."""
    statement = sa.select(Job).where(
        Job.kind == JOB_KIND, Job.args["delivery_id"].as_integer() == delivery_id
    )
    newest = statement.order_by(Job.id.desc())
    if not is_over:
        newest = newest.where(Job.state.in_(OPEN))
    return next(
        (
            job
            for job in db.session.scalars(newest)
            if set(ids) and set(ids) <= set(job.args["enrollment_ids"])
        ),
        None,
    )


def _enqueue(actor: Actor, delivery: Delivery, ids: list[int], after_certificate_id: int) -> Job:
    job_id = jobs.enqueue(
        JOB_KIND,
        actor=actor,
        total=len(ids),
        delivery_id=delivery.id,
        enrollment_ids=ids,
        actor_id=actor.person_id,
        after_certificate_id=after_certificate_id,
    )
    assert job_id is not None
    publish(IssueRequested(delivery.id, tuple(ids), job_id), actor)
    return db.session.get_one(Job, job_id)
