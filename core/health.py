"""Whether the process is alive and can serve, for monitoring; no token needed."""

from __future__ import annotations

import errno
import tempfile
import threading
import time
from pathlib import Path

import sqlalchemy as sa
from flask import Blueprint, Response, current_app

from core import mail, storage
from core.api import described
from core.database import database_path, db, is_sqlite, transaction
from core.migrations import migration_fault
from core.outages import Unavailable
from core.settings import settings_of
from core.web import public

health = Blueprint("health", __name__)


@health.get("/healthz")
@public
@described("Whether the process is alive", {200: str}, "text/plain")
def alive() -> Response:
    return Response("ok\n", mimetype="text/plain")


@health.get("/readyz")
@public
@described("Whether it can serve, and write", {200: str, 503: str}, "text/plain")
def ready() -> Response:
    """503 unless the database answers, is migrated to the newest revision, and can be written."""
    fault = migration_fault() or write_fault()
    sentences = [fault] if fault else ["ready", *(_mail_fault())]
    return Response("\n".join([*sentences, ""]), 503 if fault else 200, mimetype="text/plain")


def _mail_fault() -> list[str]:
    """A mail fault is reported, but makes no page unavailable."""
    fault = mail.standing()
    return [f"mail: {'stopped' if fault.is_stopped else 'waiting'} ({fault.step})"] if fault else []


#: Seconds for which a probe's result is reused: monitoring asks often, and so may anyone else.
PROBE_SECONDS = 2.0
#: Seconds that a probe waits for other writers, and bytes that it writes beside the database and
#: the files.
PROBE_PATIENCE, PROBE_BYTES = 1.0, 65_536
_probing = threading.Lock()


def write_fault() -> str | None:
    """Why nothing can be written, or None. Tried on the disks and in the database, leaving nothing
    behind."""
    last_fault = current_app.extensions.get("write_fault")
    is_old = last_fault is None or last_fault[0] < time.monotonic() - PROBE_SECONDS
    if is_old and _probing.acquire(
        blocking=last_fault is None
    ):  # one thread probes; the others need not wait for it
        try:
            last_fault = current_app.extensions["write_fault"] = (time.monotonic(), _probe())
        finally:
            _probing.release()
    return last_fault[1] if last_fault else None


class _Undone(Exception):
    """Ends a probe's transaction."""


def _probe() -> str | None:
    try:
        storage.storage_of().probe(bytes(PROBE_BYTES))
        for folder in {settings_of().instance_path, (database_path() or Path()).parent}:
            if folder.is_dir():
                with tempfile.TemporaryFile(dir=folder) as file:
                    file.write(bytes(PROBE_BYTES))
                    file.flush()
        with transaction(PROBE_PATIENCE):
            if not is_sqlite() and db.session.scalar(sa.text("SHOW transaction_read_only")) == "on":
                return "the database takes nothing: it is read-only"
            raise _Undone
    except _Undone:
        return None
    except Unavailable as outage:
        return f"nothing can be written to the database ({outage.code})"
    except OSError as error:
        return (
            "nothing can be written to the disk "
            f"({errno.errorcode.get(error.errno or 0, type(error).__name__)})"
        )
