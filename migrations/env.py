"""Alembic's environment: the application's own engine, so a migration runs on whatever
DATABASE_URL names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, cast

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationInfo

from core import checkpoints
from core.backups import is_staged
from core.database import UtcDateTime, db
from core.schema import compare_type, include_object


def render_item(kind: str, thing: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """A migration names plain types: it must still run when the application's own type has
    moved."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


@contextmanager
def _tables_made_anew(connection: sa.Connection) -> Iterator[None]:
    """SQLite changes a constraint only by making the table anew, and does not drop one that
    others refer to while it watches over references: so it looks at them at the end of each
    migration (https://sqlite.org/lang_altertable.html#otheralter)."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = (
        connection.connection.driver_connection
    )  # straight: within a transaction the pragma does nothing
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()  # the pragma does nothing in a transaction that failed, either
        driver.execute("PRAGMA foreign_keys=ON")


def check_references(connection: sa.Connection) -> None:
    """Inside a migration's transaction: undone when a row refers to one that is not there."""
    if connection.dialect.name == "sqlite" and (
        broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    ):
        raise RuntimeError(
            f"after this migration rows refer to others that are not there: {broken}"
        )


def run() -> None:
    engine: sa.Engine = db.engine
    steps: list[bool] = []

    def applied(step: MigrationInfo, **_: Any) -> None:
        check_references(connection)
        steps.append(step.is_upgrade)

    with (
        engine.connect().execution_options(writes=True) as connection,
        _tables_made_anew(connection),
    ):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            include_object=include_object,
            compare_type=compare_type,
            render_item=render_item,
            transaction_per_migration=True,
            on_version_apply=cast("Any", applied),  # called with names alone
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    if steps and all(steps) and not is_staged():
        # from the first day on, so that a file which is missing later was taken away
        checkpoints.begin()
        db.session.remove()


run()
