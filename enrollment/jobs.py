"""Background work of the room."""

from __future__ import annotations

from core import jobs
from core.database import transaction
from enrollment.services.drafting import forget_drafts


def forget_old_drafts(progress: jobs.Progress) -> None:
    """Job: drops rows of nomination files that were kept for a month without being nominated."""
    with transaction():
        forget_drafts()
        progress.finish()
