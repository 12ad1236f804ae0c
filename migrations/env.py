"""Alembic's environment: the application's own engine, so a migration runs on whatever DATABASE_URL names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def _references_at_rest(connection: sa.Connection) -> Iterator[None]:
    """SQLite makes a table that is altered anew, and takes the old one away: while it watches over references, it refuses that
    for a table to which rows refer. So it does not watch meanwhile, and each migration is looked through before it is kept."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection  # straight, because inside a transaction the switch does nothing
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys=ON")


def _check_references(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
        raise RuntimeError(f"the migration leaves references to rows that are not there: {broken[:10]}")


def run() -> None:
    engine: sa.Engine = current_app.extensions["sqlalchemy"].engine
    steps: list[bool] = []
    with engine.connect().execution_options(writes=True) as connection, _references_at_rest(connection):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            include_object=include_object,
            compare_type=compare_type,
            render_item=render_item,
            transaction_per_migration=True,
            on_version_apply=lambda step, **_: (_check_references(connection), steps.append(step.is_upgrade)),
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    if steps and all(steps) and "staged" not in current_app.extensions:
        checkpoints.begin()  # from the first day on, so that a file which is missing later was taken away
        db.session.remove()


run()
