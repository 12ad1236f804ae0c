"""Mail and background jobs: starts again by hand what was given up, and notes who read a
message."""

from __future__ import annotations

from administration import queries
from core import audit, jobs
from core.jobs import JobState
from core.mail import resume, retry_all
from core.policy import Actor, require
from people.permissions import Permission


def retry_mail(actor: Actor) -> None:
    """Takes up all that was refused or given up, and asks the server at once."""
    require(actor, Permission.JOB_MANAGE)
    resume()
    audit.record(actor, "mail.retried", "mail", {"messages": retry_all()})


def retry_job(actor: Actor, job_id: int) -> bool:
    """Starts a job again that was given up; does nothing and returns False for any other."""
    require(actor, Permission.JOB_MANAGE)
    job = queries.get_job(actor, job_id)
    if job.state is not JobState.DEAD:
        return False
    jobs.retry(job)
    audit.record(actor, "job.retried", f"job:{job.id}", {})
    return True


def note_mail_read(actor: Actor, mail_id: int) -> None:
    """Leaves a trace of who read a message that signs someone in."""
    audit.record(actor, "mail.read", f"mail:{mail_id}", {})
