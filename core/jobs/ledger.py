"""The ledger of jobs: insert, claim, heartbeat, finish, fail. Time is the database's clock throughout, so a host whose
clock is wrong cannot steal a live lease."""

from __future__ import annotations

import enum
import random
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.database import Base, current_unit, db, enum_column, is_sqlite
from core.jobs import engine
from core.policy import Actor, Reach

LEASE_SECONDS = 30.0
MAX_ATTEMPTS = 8


class JobState(enum.StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class Job(Base):
    """One piece of background work and how far it is. `errors` lists what could not be done: {…, code, message}."""

    __tablename__ = "job"
    __audited__ = False
    __scope__ = {Reach.SELF: "created_by_id"}

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(80), index=True)
    args: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    dedupe_key: Mapped[str | None] = mapped_column(sa.String(200), unique=True)
    state: Mapped[JobState] = mapped_column(enum_column(JobState), default=JobState.QUEUED)
    run_after: Mapped[float] = mapped_column(sa.Float(53))
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[float | None] = mapped_column(sa.Float(53))
    token: Mapped[str | None] = mapped_column(sa.String(32))
    error: Mapped[str | None] = mapped_column(sa.Text)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    errors: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    created_by_id: Mapped[int | None] = mapped_column(index=True)
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index(
            "ix_job_due",
            "run_after",
            sqlite_where=sa.text("state IN ('queued', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'running')"),
        ),
    )

    @property
    def public_status(self) -> str:
        """The word the API uses: queued, running, succeeded or failed."""
        if self.state is JobState.DONE:
            return "failed" if self.errors and not self.done else "succeeded"
        return "failed" if self.state is JobState.DEAD else self.state.value


@dataclass(frozen=True)
class Lease:
    """The right to work on a job, until another takes it over because this one went silent."""

    job_id: int
    token: str
    kind: str
    args: dict[str, Any]


def database_now() -> sa.ColumnElement[float]:
    """Seconds since 1970 by the database's clock."""
    return sa.literal_column(
        "(julianday('now') - 2440587.5) * 86400.0" if is_sqlite() else "extract(epoch FROM clock_timestamp())::float8"
    )


def enqueue(
    kind: str, *, actor: Actor | None = None, dedupe_key: str | None = None, delay: float = 0.0, total: int = 0, **args: Any
) -> int | None:
    """Adds a job to the open transaction and returns its id; None when `dedupe_key` is already in the ledger."""
    unit = current_unit()
    insert = (sqlite if is_sqlite() else postgresql).insert(Job.__table__)
    statement = (
        insert.values(
            kind=kind,
            args=args,
            dedupe_key=dedupe_key,
            state=JobState.QUEUED,
            run_after=database_now() + delay,
            attempts=0,
            done=0,
            total=total,
            errors=[],
            created_at=clock.now(),
            created_by_id=actor.person_id if actor else None,
        )
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(Job.id)
    )
    job_id = db.session.execute(statement).scalar()
    if job_id is not None and delay == 0:
        unit.after_commit.append(lambda: engine.wake(job_id))
    return job_id


def find_job(job_id: int) -> Job | None:
    return db.session.get(Job, job_id)


def _write(statement):
    return db.session.execute(statement, execution_options={"synchronize_session": False})


def claim(job_id: int) -> Lease | None:
    """Takes the job if it is due and nobody holds it; one conditional statement, so two workers never both win."""
    now, token = database_now(), secrets.token_hex(16)
    row = _write(
        sa.update(Job)
        .where(
            Job.id == job_id,
            Job.run_after <= now,
            sa.or_(Job.state == JobState.QUEUED, sa.and_(Job.state == JobState.RUNNING, Job.lease_until < now)),
        )
        .values(
            state=sa.case((Job.attempts >= MAX_ATTEMPTS, JobState.DEAD.value), else_=JobState.RUNNING.value),
            attempts=Job.attempts + 1,
            lease_until=now + LEASE_SECONDS,
            run_after=now + LEASE_SECONDS,
            token=token,
        )
        .returning(Job.kind, Job.args, Job.state)
    ).first()
    if row is None or row.state != JobState.RUNNING:
        return None
    return Lease(job_id, token, row.kind, row.args)


def _mine(lease: Lease):
    return sa.update(Job).where(Job.id == lease.job_id, Job.token == lease.token, Job.state == JobState.RUNNING)


def heartbeat(lease: Lease, **progress: Any) -> bool:
    """Prolongs the lease and notes progress; False when the lease is lost and the worker must stop."""
    until = database_now() + LEASE_SECONDS
    return _write(_mine(lease).values(lease_until=until, run_after=until, **progress)).rowcount == 1


def finish(lease: Lease) -> bool:
    """Marks the job done, in the transaction of its last effects; False when the lease is lost: roll back."""
    return _write(_mine(lease).values(state=JobState.DONE, token=None, lease_until=None, error=None)).rowcount == 1


def fail(lease: Lease, error: str) -> None:
    """Queues the job again after a growing wait with jitter, or declares it dead after the last attempt."""
    attempts = db.session.scalar(sa.select(Job.attempts).where(Job.id == lease.job_id, Job.token == lease.token))
    if attempts is None:
        return
    wait = min(3600, 2**attempts) * (0.5 + random.random())
    state = JobState.DEAD if attempts >= MAX_ATTEMPTS else JobState.QUEUED
    _write(_mine(lease).values(state=state, error=error[:2000], token=None, lease_until=None, run_after=database_now() + wait))


def retry(job: Job) -> None:
    """Gives a dead job a fresh set of attempts."""
    _write(
        sa.update(Job)
        .where(Job.id == job.id, Job.state == JobState.DEAD)
        .values(state=JobState.QUEUED, attempts=0, run_after=database_now(), error=None)
    )
    current_unit().after_commit.append(lambda: engine.wake(job.id))


def due(limit: int = 500) -> list[int]:
    """Ids of the jobs that could be claimed now, oldest first."""
    statement = (
        sa.select(Job.id)
        .where(Job.run_after <= database_now(), Job.state.in_([JobState.QUEUED, JobState.RUNNING]))
        .order_by(Job.run_after, Job.id)
        .limit(limit)
    )
    return list(db.session.scalars(statement))
