"""Is the process alive, and can it serve? For those who run it; no token needed."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from flask import Blueprint, Response, current_app

from core.database import db
from core.web import public

health = Blueprint("health", __name__)


@health.get("/healthz")
@public
def alive() -> Response:
    return Response("ok\n", mimetype="text/plain")


@health.get("/readyz")
@public
def ready() -> Response:
    """503 unless the database answers and is migrated to the newest revision."""
    fault = migration_fault()
    return Response(f"{fault or 'ready'}\n", 503 if fault else 200, mimetype="text/plain")


def newest_revision() -> str:
    """The head, as the file beside the migrations says (a guard keeps it true); Alembic is slow to import."""
    return Path(current_app.root_path, "migrations", "HEAD").read_text(encoding="ascii").strip()


def migration_fault() -> str | None:
    """Why the database cannot serve, or None."""
    try:
        revision = db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    except sa.exc.SQLAlchemyError as error:
        return f"the database does not answer or was never migrated ({type(error).__name__})"
    newest = newest_revision()
    return None if revision == newest else f"the database is at revision {revision}, not {newest}: run flask db upgrade"
