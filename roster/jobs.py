"""Background work of the package."""

from __future__ import annotations

from core import jobs
from core.database import transaction
from core.policy import SYSTEM
from roster import services


def forget_old_proposals(progress: jobs.Progress) -> None:
    """Job: deletes proposals about people who did not answer."""
    with transaction():
        services.forget_proposals(SYSTEM)
        progress.finish()
