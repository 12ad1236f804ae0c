"""Huey as the engine: a queue that carries job ids to workers. Losing a message is harmless, the
sweep sends it again.

Embedded: Huey on a SQLite file of its own. Distributed (JOBS_URL): Huey on Redis. The job code is
the same.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import Flask, current_app

from core.settings import Settings

if TYPE_CHECKING:
    from huey import Huey

log = logging.getLogger(__name__)


def init_app(app: Flask, settings: Settings) -> None:
    """Makes the queue lazily: a process that enqueues nothing opens nothing."""
    app.extensions["huey"] = None
    app.extensions["make_huey"] = lambda: _make(app, settings)


def _make(app: Flask, settings: Settings) -> Huey:
    from huey import (
        RedisHuey,
        SqliteHuey,
    )  # brings in the Redis client; a process that wakes no one does without
    from huey.serializer import SignedSerializer

    serializer = SignedSerializer(secret=settings.secret_key, salt="jobs")
    if settings.jobs_url:
        huey: Huey = RedisHuey(
            "rostrum", url=settings.jobs_url, serializer=serializer, results=False
        )
    else:
        path = settings.instance_path / "jobs.db"
        huey = SqliteHuey(
            "rostrum", filename=str(path), serializer=serializer, results=False, fsync=False
        )

    @huey.task(name="run_job")
    def run_job(job_id: int) -> None:
        from core.jobs.running import run

        with app.app_context():
            run(job_id)

    huey.run_job = run_job
    return huey


def huey() -> Huey:
    extensions = current_app.extensions
    if extensions["huey"] is None:
        extensions["huey"] = extensions["make_huey"]()
    return extensions["huey"]


def wake(job_id: int) -> None:
    """Tells a worker that there is work. Never raises: the work is already in the ledger."""
    if current_app.config.get("JOBS_INLINE"):
        return  # tests drain the ledger themselves
    try:
        huey().run_job(job_id)
    # the ledger is the truth; whatever the queue's trouble, the sweep will send it again
    except Exception as error:
        log.warning("job %s: no wake-up sent (%s)", job_id, type(error).__name__)
