"""Migrations through Flask-Migrate, imported only when needed: Alembic takes a fifth of a second to
import, and serving an up-to-date database does not need it."""

from __future__ import annotations

from pathlib import Path

import click
import sqlalchemy as sa
from flask import Flask, current_app, g
from flask.cli import ScriptInfo, with_appcontext

from core.database import db
from core.settings import ROOT


def newest_revision() -> str:
    """The head, from a file beside the migrations (a guard keeps it correct), because Alembic is
    slow to import."""
    return Path(current_app.root_path, "migrations", "HEAD").read_text(encoding="ascii").strip()


def migration_fault() -> str | None:
    """Why the database cannot serve, or None."""
    try:
        revision = db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    except sa.exc.SQLAlchemyError as error:
        return f"the database does not answer or was never migrated ({type(error).__name__})"
    newest = newest_revision()
    return (
        None
        if revision == newest
        else f"the database is at revision {revision}, not {newest}: run flask db upgrade"
    )


def _ready(app: Flask) -> None:
    if "migrate" not in app.extensions:
        from flask_migrate import Migrate

        Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)


def upgrade(revision: str = "head") -> None:
    """Brings the database up to `revision`."""
    _ready(current_app)
    from flask_migrate import upgrade as run

    run(revision=revision)


def downgrade(revision: str) -> None:
    """Takes the database down to `revision`."""
    _ready(current_app)
    from flask_migrate import downgrade as run

    run(revision=revision)


@with_appcontext
def _options() -> None:
    g.directory, g.x_arg = None, ()  # set by Flask-Migrate's own group from its options


class MigrationCommands(click.Group):
    """`flask db …`: Flask-Migrate's own commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return self._commands(ctx).list_commands(ctx)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return self._commands(ctx).get_command(ctx, name)

    def _commands(self, ctx: click.Context) -> click.Group:
        from flask_migrate.cli import db as commands

        _ready(ctx.ensure_object(ScriptInfo).load_app())
        return commands


db_cli = MigrationCommands("db", callback=_options, help="Database migrations.")
