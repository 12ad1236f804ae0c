"""Background work of the package."""

from __future__ import annotations

from core import jobs
from core.database import transaction
from enrollment.services.arranging import deliveries_to_erase, erase_needs
from enrollment.services.asking import compare_with_all
from enrollment.services.confirming import lapse_applications, lapsed_applications
from enrollment.services.drafting import forget_drafts

#: So many applications are forgotten in one transaction.
LAPSED_AT_ONCE = 50


def forget_old_drafts(progress: jobs.Progress) -> None:
    """Job: drops rows of nomination files that were kept for a month without being nominated,
    and what people needed in deliveries that ended a month ago, a transaction for each."""
    for delivery_id in progress.each(deliveries_to_erase()):
        with transaction():
            erase_needs(delivery_id)
    with transaction():
        forget_drafts()
        progress.finish()


def lapse(progress: jobs.Progress) -> None:
    """Job: forgets applications whose emailed link was not opened in time, some at a time, so
    that others can write between."""
    lapsed = lapsed_applications()
    for start in progress.each(range(0, len(lapsed), LAPSED_AT_ONCE)):
        with transaction():
            lapse_applications(lapsed[start : start + LAPSED_AT_ONCE])
    with transaction():
        progress.finish()


def compare(progress: jobs.Progress, enrollment_ids: list[int]) -> None:
    """Job: compares people whom a body put forward with everyone known; the body learns nothing
    of it."""
    with transaction():
        compare_with_all(enrollment_ids)
        progress.finish()
