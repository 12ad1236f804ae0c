"""The API's frame, by subject: `shapes` of what is sent and answered, `routes` that run one writing
transaction per call, their `operations` for the description, `parsing`, `answers`, and `replays` of
calls with an idempotency key; `work` that a job does.

A capability's `api.py` makes `routes = Routes("courses")` and decorates functions; each gets parsed
values and returns plain data. Rules stay in services; what they refuse becomes problem+json in
core.refusals.
"""

from core.api.operations import Operation, described
from core.api.parsing import validate
from core.api.routes import BASE, Routes
from core.api.shapes import (
    Answer,
    Country,
    Day,
    Id,
    Instant,
    Language,
    ListQuery,
    PageLanguage,
    PersonCountry,
    PersonName,
    Schema,
    Texts,
    at_most,
    id_in,
    one_of,
    with_fields,
)
from core.api.work import JobAnswer, JobStarted, job_answer, job_path, job_started

__all__ = [
    "Answer",
    "BASE",
    "Country",
    "Day",
    "Id",
    "Instant",
    "JobAnswer",
    "JobStarted",
    "Language",
    "ListQuery",
    "Operation",
    "PageLanguage",
    "PersonCountry",
    "PersonName",
    "Routes",
    "Schema",
    "Texts",
    "at_most",
    "described",
    "id_in",
    "job_answer",
    "job_path",
    "job_started",
    "one_of",
    "validate",
    "with_fields",
]
