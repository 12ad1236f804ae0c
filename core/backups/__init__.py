"""Whole copies while Rostrum is in use, and the way back: `flask backup`, `flask restore`.

A copy is a folder: the database's snapshot, the files, the signed checkpoints, SHA256SUMS (which
`sha256sum -c` reads) and, written last, a signed manifest. The snapshot is taken before the files
are copied: a row never names a file that was stored after it.
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
    """The table whose rows name stored files, with its columns of the key and the SHA-256."""

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
    """Another application like this one with these settings changed: a restore uses it to
    prepare its database before that replaces the one in use."""


def mark_staged(app: Flask) -> None:
    app.extensions["staged"] = True


def is_staged() -> bool:
    """Whether this application only prepares the database of a restore, and so must start
    nothing of its own in it."""
    return "staged" in current_app.extensions


class BackupError(Exception):
    """Why no copy was made or put back, in one sentence for whoever runs the command."""


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """Whatever a disk or a database refuses becomes a BackupError: whoever restores at night
    reads no traceback."""
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
