"""Alembic's environment: the application's own engine, so a migration runs on whatever DATABASE_URL names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context
from flask import current_app

from core import checkpoints
from core.database import UtcDateTime, db
from core.schema import compare_type, include_object


def render_item(kind, thing, autogen_context):
    """A migration names plain types: it must still run when the application's own type has moved."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    engine: sa.Engine = current_app.extensions["sqlalchemy"].engine
    steps: list[bool] = []
    with engine.connect().execution_options(writes=True) as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        driver = connection.connection.driver_connection
        if is_sqlite:
            # A table that is made anew is dropped for a moment, and others refer to it (sqlite.org/lang_altertable.html §7).
            driver.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=is_sqlite,
            include_object=include_object,
            compare_type=compare_type,
            render_item=render_item,
            transaction_per_migration=True,
            on_version_apply=lambda step, **_: steps.append(step.is_upgrade),
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        if is_sqlite:
            if broken := driver.execute("PRAGMA foreign_key_check").fetchall():
                raise RuntimeError(f"the migration left rows that refer to nothing: {broken[:5]}")
            driver.execute("PRAGMA foreign_keys=ON")
    if steps and all(steps) and "staged" not in current_app.extensions:
        checkpoints.begin()  # from the first day on, so that a file which is missing later was taken away
        db.session.remove()


run()
