"""Alembic's environment: the application's own engine, so a migration runs on whatever DATABASE_URL names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context
from flask import current_app

from core.database import UtcDateTime, db

#: Made by SQLite's FTS5 or by hand in a migration; no model describes them.
UNMODELLED = ("expert_fts", "ix_expert_search_gin", "ix_expert_search_trgm")


def include_object(thing, name, kind, reflected, compare_to) -> bool:
    return not (name or "").startswith(UNMODELLED)


def render_item(kind, thing, autogen_context):
    """A migration names plain types: it must still run when the application's own type has moved."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def compare_type(ctx, inspected_column, metadata_column, inspected_type, metadata_type):
    return False if isinstance(metadata_type, UtcDateTime) else None


def run() -> None:
    engine: sa.Engine = current_app.extensions["sqlalchemy"].engine
    with engine.connect().execution_options(writes=True) as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=engine.dialect.name == "sqlite",
            include_object=include_object,
            compare_type=compare_type,
            render_item=render_item,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
