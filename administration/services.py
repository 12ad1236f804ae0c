"""Mail and background jobs: retries failed ones by hand, and records who read a message."""

from __future__ import annotations

from administration import queries
from core import audit, jobs
from core.jobs import JobState
from core.mail import resume, retry_all
from core.policy import Actor, require
from people.permissions import Permission


def retry_mail(actor: Actor) -> None:
    """Retries all refused and abandoned messages, and contacts the server at once."""
    require(actor, Permission.JOB_MANAGE)
    resume()
    audit.record(actor, "mail.retried", "mail", {"messages": retry_all()})


def retry_job(actor: Actor, job_id: int) -> bool:
    """Restarts an abandoned job; returns False, and does nothing, for any other."""
    require(actor, Permission.JOB_MANAGE)
    job = queries.get_job(actor, job_id)
    if job.state is not JobState.DEAD:
        return False
    jobs.retry(job)
    audit.record(actor, "job.retried", f"job:{job.id}", {})
    return True


def note_mail_read(actor: Actor, mail_id: int) -> None:
    """Records who read a message that signs someone in."""
    audit.record(actor, "mail.read", f"mail:{mail_id}", {})
