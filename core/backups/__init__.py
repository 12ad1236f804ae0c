"""Complete copies while Rostrum is in use, and restoring them: `flask backup`, `flask restore`.

A copy is a folder: a snapshot of the database, the files, the signed checkpoints, SHA256SUMS
(readable by `sha256sum -c`) and, written last, a signed manifest. The snapshot is taken before the
files are copied, so no row in it names a file that is missing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Flask, current_app

from core.errors import DomainError
from core.outages import Unavailable
from core.ports import port


@dataclass(frozen=True)
class FiledIn:
    """A table whose rows name stored files, with its columns for key and SHA-256."""

    table: str
    key: str
    digest: str


def init_app(app: Flask, filed_in: FiledIn) -> None:
    app.extensions["filed_in"] = filed_in


def filed_in() -> FiledIn:
    declared: FiledIn = current_app.extensions["filed_in"]
    return declared


@port
def application_on(**changes: str) -> Flask:
    """A second application with these settings changed: a restore uses it to prepare its database
    before that replaces the current one."""


def mark_staged(app: Flask) -> None:
    app.extensions["staged"] = True


def is_staged() -> bool:
    """Whether this application only prepares a restored database, and so must not start work of its
    own in it."""
    return "staged" in current_app.extensions


class BackupError(Exception):
    """Why a copy could not be made or restored, in one sentence for the person running the
    command."""


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """Turns errors of disk and database into a BackupError, so that no one has to read a traceback
    during a restore."""
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"{error.filename or 'the disk'}: {error.strerror or type(error).__name__}"
        ) from error
    except (DomainError, Unavailable) as error:
        raise BackupError(str(error.message)) from error
    except (sqlite3.Error, sa.exc.SQLAlchemyError) as error:
        raise BackupError(
            f"the database refused: {_first_line(getattr(error, 'orig', None) or error)}"
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
