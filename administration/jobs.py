"""Background work: deletes old data after the periods named on the privacy page."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from accounts.models import SignInLink, UserSession
from accounts.sessions import ABSOLUTE
from core import clock, jobs
from core.database import db, transaction
from core.limits import TryCount
from core.mail import Mail, MailState, expire_ended

LINKS_KEPT = timedelta(days=30)
MAIL_KEPT = timedelta(days=90)
JOBS_KEPT = timedelta(days=90)
TRIES_KEPT = timedelta(days=1)
#: Waiting jobs and messages are never deleted, however old: in a restored copy everything is old.
OVER = (jobs.JobState.DONE, jobs.JobState.DEAD)


def forget_ended(progress: jobs.Progress) -> None:
    """Job: deletes ended sessions, old links and counters, and messages and jobs, after the periods
    named on the privacy page."""
    now = clock.now()
    with transaction():
        for statement in (
            sa.delete(UserSession).where(UserSession.created_at < now - ABSOLUTE),
            sa.delete(SignInLink).where(SignInLink.expires_at < now - LINKS_KEPT),
            sa.delete(TryCount).where(TryCount.since < now - TRIES_KEPT),
            sa.delete(Mail).where(
                Mail.created_at < now - MAIL_KEPT, Mail.state != MailState.QUEUED
            ),
            sa.delete(jobs.Job).where(
                jobs.Job.created_at < now - JOBS_KEPT, jobs.Job.state.in_(OVER)
            ),
        ):
            db.session.execute(statement, execution_options={"synchronize_session": False})
        expire_ended()
        progress.finish()
