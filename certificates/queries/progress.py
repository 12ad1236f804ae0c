"""The progress of jobs that make certificates."""

from __future__ import annotations

import sqlalchemy as sa

from certificates.models import Certificate
from certificates.services.requesting import JOB_KIND, OPEN, unknown_job
from core.database import db
from core.jobs import Job, find_job
from core.policy import Actor, can
from courses.models import Delivery
from people.permissions import Permission

P = Permission


def get_job(actor: Actor, job_id: int) -> Job:
    """A job, for its requester, for those who may issue in its delivery and those who read all
    jobs; NotFound for others."""
    job = find_job(job_id)
    is_own = (
        job is not None and actor.person_id is not None and job.created_by_id == actor.person_id
    )
    if job is None or not (is_own or can(actor, P.JOB_READ, job) or _issues_in(actor, job)):
        raise unknown_job()
    return job


def delivery_of(job: Job) -> Delivery:
    """The delivery in which the job issues certificates; NotFound for other jobs."""
    delivery = db.session.get(Delivery, job.args["delivery_id"]) if job.kind == JOB_KIND else None
    if delivery is None:
        raise unknown_job()
    return delivery


def _issues_in(actor: Actor, job: Job) -> bool:
    """Whether the job makes certificates of a delivery in which the actor may issue."""
    about = _ABOUT.get(job.kind)
    subject = db.session.get(about[0], job.args.get(about[1], 0)) if about else None
    return subject is not None and can(actor, P.CERTIFICATE_ISSUE, subject)


#: Kind of job → the table and the argument that identify its subject.
_ABOUT = {
    JOB_KIND: (Delivery, "delivery_id"),
    "certificates.render": (Certificate, "certificate_id"),
}


def open_job(delivery: Delivery) -> Job | None:
    """The job that is now issuing for this delivery."""
    return db.session.scalars(
        sa.select(Job)
        .where(
            Job.kind == JOB_KIND,
            Job.state.in_(OPEN),
            Job.args["delivery_id"].as_integer() == delivery.id,
        )
        .order_by(Job.id.desc())
    ).first()
