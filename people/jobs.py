"""Background work: comparing people."""

from __future__ import annotations

from core import jobs
from core.database import transaction
from people.services import compare_record


def compare(progress: jobs.Progress, person_id: int) -> None:
    """Job: compares a record with everyone known. Those who created it learn nothing of it."""
    with transaction():
        compare_record(person_id)
        progress.finish()
