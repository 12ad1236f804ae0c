"""How the API tells of background work: what began it answers 202 with the job, whose address says
how far it is."""

from __future__ import annotations

from typing import Literal, cast

from pydantic import Field

from core.api.routes import BASE
from core.api.shapes import Answer
from core.jobs import Job
from core.settings import settings_of

JobStatus = Literal["queued", "running", "succeeded", "failed"]


class JobLink(Answer):
    id: int
    url: str


class JobStarted(Answer):
    job: JobLink


class JobError(Answer):
    enrollment: int | None = None
    row: int | None = Field(None, description="of the list or file")
    field: str | None = None
    code: str
    message: str


class JobAnswer(Answer):
    id: int
    status: JobStatus
    done: int
    total: int
    errors: list[JobError]


def job_path(job_id: int) -> str:
    return f"{BASE}/jobs/{job_id}"


def job_started(job: Job) -> JobStarted:
    return JobStarted(job=JobLink(id=job.id, url=settings_of().public_url + job_path(job.id)))


def job_answer(job: Job) -> JobAnswer:
    return JobAnswer(
        id=job.id,
        status=cast(JobStatus, job.public_status),
        done=job.done,
        total=job.total,
        errors=[JobError.model_validate(error) for error in job.errors],
    )
