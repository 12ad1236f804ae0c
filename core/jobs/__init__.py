"""Background work: a ledger in the application's own database is the truth, Huey only carries
wake-ups.

`enqueue()` inserts in the business transaction; after its commit a message with only the id wakes a
worker, and a sweep wakes what was lost. A job takes ids, reads again, may run twice and may be
killed at any point (docs/architecture.md).
"""

from core.jobs.ledger import Job, JobState, Kind, Lease, Retry, enqueue, find_job, retry
from core.jobs.running import Lane, LeaseLost, Progress, drain, run, sweep

__all__ = [
    "Job",
    "JobState",
    "Kind",
    "Lane",
    "Lease",
    "LeaseLost",
    "Progress",
    "Retry",
    "drain",
    "enqueue",
    "find_job",
    "retry",
    "run",
    "sweep",
]
