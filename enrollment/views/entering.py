"""How far the job is that enters a long list of nominations."""

from __future__ import annotations

from typing import Any

from flask import render_template

from core import i18n
from core.api import job_answer
from core.jobs import Job, JobState
from core.refusals import wants_json
from core.web import current_actor, signed_in
from enrollment import nomination_files, queries, services
from enrollment.nomination_files import COLUMNS
from enrollment.views.blueprint import pages


@pages.get("/nominations/<int:job_id>")
@signed_in
def entering(job_id: int) -> Any:
    """Its progress, then what became of the list; the same address answers JSON to the script that
    asks again and again."""
    actor = current_actor()
    job, delivery = queries.get_list_job(actor, job_id)
    if wants_json():
        return job_answer(job).model_dump(mode="json")
    return render_template(
        "enrollment/entering.html",
        job=job,
        delivery=delivery,
        is_over=job.state in (JobState.DONE, JobState.DEAD),
        is_dead=job.state is JobState.DEAD,
        is_undone=job.state is JobState.DEAD or bool(job.errors),
        reasons=[error["message"] for error in job.errors if error["row"] is None],
        refused_rows=_refused_rows(job),
        drafts=services.list_drafts(actor, delivery),
    )


def _refused_rows(job: Job) -> list[tuple[int, str, str]]:
    """(row, column, why)."""
    return [
        (error["row"], _heading(error["field"] or ""), error["message"])
        for error in job.errors
        if error["row"] is not None
    ]


def _heading(field: str) -> str:
    column = field.removeprefix("person.")
    return nomination_files.heading(column, i18n.locale()) if column in COLUMNS else ""
