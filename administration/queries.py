"""Reading mail, the audit trail and background jobs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core import jobs
from core.audit import AuditEntry
from core.database import db
from core.errors import NotFound
from core.jobs import Job, JobState
from core.jobs.ledger import database_now
from core.mail import Mail, MailState
from core.paging import Page, newest
from core.policy import Actor, require
from people.permissions import Permission

PAGE = 50
#: How many entries an export reads at once.
PER_READ = 1000


def list_mail(
    actor: Actor,
    *,
    kept_only: bool = False,
    state: str = "",
    after: str | None = None,
    limit: int = PAGE,
) -> Page[Mail]:
    """Mail, newest first; `kept_only` for the people of a demonstration, whom the page has let
    in."""
    if not kept_only:
        require(actor, Permission.MAIL_READ)
    statement = (
        sa.select(Mail).where(Mail.state == MailState.KEPT) if kept_only else sa.select(Mail)
    )
    if state in set(MailState):
        statement = statement.where(Mail.state == MailState(state))
    return newest(statement, Mail.id.expression, after=after, limit=limit)


def count_mail(actor: Actor) -> dict[MailState, int]:
    """The number of messages in each state."""
    require(actor, Permission.MAIL_READ)
    rows = db.session.execute(sa.select(Mail.state, sa.func.count()).group_by(Mail.state))
    return {row[0]: row[1] for row in rows}


def get_mail(actor: Actor, mail_id: int, *, kept_only: bool = False) -> Mail:
    """NotFound if unknown, or if only stored messages may be read and this one was sent."""
    if not kept_only:
        require(actor, Permission.MAIL_READ)
    message = db.session.get(Mail, mail_id)
    if message is None or (kept_only and message.state is not MailState.KEPT):
        raise NotFound("unknown_mail", _l("This message is not known here."))
    return message


@dataclass(frozen=True)
class AuditFilter:
    """Selects entries by action, by subject such as "delivery:7", or by person."""

    action: str = ""
    subject: str = ""
    actor_id: int | None = None

    @property
    def condition(self) -> sa.ColumnElement[bool]:
        conditions: list[sa.ColumnElement[bool]] = [sa.true()]
        if self.action:
            conditions.append(AuditEntry.action == self.action)
        if self.subject:
            conditions.append(AuditEntry.subject == self.subject)
        if self.actor_id is not None:
            conditions.append(AuditEntry.actor_id == self.actor_id)
        return sa.and_(*conditions)


def audit_entries(
    actor: Actor, criteria: AuditFilter, *, after: str | None = None, limit: int = PAGE
) -> Page[AuditEntry]:
    """Entries of the trail, newest first."""
    require(actor, Permission.AUDIT_READ)
    return newest(
        sa.select(AuditEntry).where(criteria.condition),
        AuditEntry.number.expression,
        after=after,
        limit=limit,
    )


def audit_facts(entry: AuditEntry) -> dict[str, Any]:
    """The facts of an entry, without the id that its subject already shows."""
    facts = json.loads(entry.body).get("facts") or {}
    own = entry.subject.partition(":")[0] + "_id"
    return {
        key: value for key, value in facts.items() if key != own and value not in (None, "", [], {})
    }


@dataclass(frozen=True)
class JobOverview:
    """The state of background work. `oldest_due_seconds` is None if nothing is due."""

    queued: int
    running: int
    dead: int
    oldest_due_seconds: int | None


def job_overview(actor: Actor) -> JobOverview:
    """How many jobs wait, run and failed for good, and how long the oldest has been due."""
    require(actor, Permission.JOB_READ)
    living = (JobState.QUEUED, JobState.RUNNING, JobState.DEAD)
    rows = db.session.execute(
        sa.select(Job.state, sa.func.count()).where(Job.state.in_(living)).group_by(Job.state)
    )
    counts: dict[JobState, int] = {row[0]: row[1] for row in rows}
    due = sa.select(sa.func.max(database_now() - Job.run_after)).where(
        Job.state.in_((JobState.QUEUED, JobState.RUNNING)), Job.run_after <= database_now()
    )
    age = db.session.scalar(due)
    return JobOverview(
        queued=counts.get(JobState.QUEUED, 0),
        running=counts.get(JobState.RUNNING, 0),
        dead=counts.get(JobState.DEAD, 0),
        oldest_due_seconds=int(age) if age is not None else None,
    )


def list_jobs(actor: Actor, *, after: str | None = None, limit: int = PAGE) -> Page[Job]:
    """Jobs that are not done, newest first."""
    require(actor, Permission.JOB_READ)
    statement = sa.select(Job).where(Job.state != JobState.DONE)
    return newest(statement, Job.id.expression, after=after, limit=limit)


def get_job(actor: Actor, job_id: int) -> Job:
    require(actor, Permission.JOB_READ)
    job = jobs.find_job(job_id)
    if job is None:
        raise NotFound("unknown_job", _l("This job is not known here."))
    return job
