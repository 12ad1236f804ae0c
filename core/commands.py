"""Groups of commands that need the tables: one sentence instead of a traceback if the database is
not migrated."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask.cli import AppGroup

from core.database import db
from core.migrations import migration_fault
from core.outages import find_outage


def on_migrated(command: Callable) -> Callable:
    """The command, refused with exit status 1 if the database is not migrated, is locked by others,
    or cannot be written."""

    @wraps(command)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if fault := migration_fault():
            raise click.ClickException(f"Run flask db upgrade first: {fault}.")
        db.session.rollback()
        try:
            return command(*args, **kwargs)
        except Exception as error:
            if (outage := find_outage(error)) is None:
                raise
            raise click.ClickException(str(outage.message)) from error

    return checked


class Commands(AppGroup):
    """`flask <name> …`: each command finds the database migrated."""

    def command(self, *args: Any, **kwargs: Any) -> Callable:  # type: ignore[override]  # passes everything on
        decorator = super().command(*args, **kwargs)
        return lambda command: decorator(on_migrated(command))
