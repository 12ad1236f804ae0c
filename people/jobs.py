"""Background work: comparing people."""

from __future__ import annotations

from core import jobs
from core.database import transaction
from people.services import compare_record


def compare(progress: jobs.Progress, person_id: int) -> None:
    """Job: compares a record with all known ones. Its creator learns nothing of the result."""
    with transaction():
        compare_record(person_id)
        progress.finish()
