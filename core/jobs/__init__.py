"""Background work: a ledger in the application's own database is the truth, Huey only carries wake-ups.

`enqueue()` inserts in the business transaction; after its commit a message with only the id wakes a worker, and a sweep
wakes what was lost. A job takes ids, reads again, may run twice and may be killed at any point (docs/architecture.md).
"""

from core.jobs.ledger import Job, JobState, Lease, enqueue, find_job, retry
from core.jobs.running import LeaseLost, Progress, drain, run, sweep

__all__ = [
    "Job",
    "JobState",
    "Lease",
    "LeaseLost",
    "Progress",
    "drain",
    "enqueue",
    "find_job",
    "retry",
    "run",
    "sweep",
]
