"""What prevents any work: a full disk, a database that is unreachable or locked. Neither the
request's fault nor a bug."""

from __future__ import annotations

import errno
import sqlite3
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l


class Unavailable(Exception):
    """Nothing was done, for a temporary reason: 503 with `Retry-After: retry_after` (seconds). Not
    a DomainError, because it is not a rule's refusal and must not be collected as one."""

    status = 503
    field = None
    errors: tuple[()] = ()

    def __init__(self, code: str, message: Any, retry_after: int):
        super().__init__(code)
        self.code = code
        self.message = message
        self.retry_after = retry_after


def busy() -> Unavailable:
    sentence = _l(
        "Others are saving just now, and your turn did not come. Nothing was saved. Try again in "
        "a moment."
    )
    return Unavailable("busy", sentence, 5)


def cannot_save() -> Unavailable:
    sentence = _l(
        "Nothing can be saved at the moment: the disk is full or cannot be written. Nothing was "
        "saved. Tell the people who run this site, and try again later."
    )
    return Unavailable("cannot_save", sentence, 60)


def database_away() -> Unavailable:
    sentence = _l(
        "The database cannot be reached at the moment. Nothing was saved. Try again in a minute."
    )
    return Unavailable("database_unavailable", sentence, 15)


def find_outage(error: BaseException) -> Unavailable | None:
    """The outage behind an error of the database or the disk; None for any other error."""
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, sa.exc.TimeoutError):  # all connections are in use
        return busy()
    cause = error.orig or error if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause)
    if hasattr(cause, "sqlstate"):  # avoids importing the driver
        return _of_postgresql(
            cause.sqlstate, isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
        )
    if isinstance(cause, OSError) and cause.errno in (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EFBIG,
    ):
        return cannot_save()
    return None


def _of_sqlite(error: sqlite3.Error) -> Unavailable | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return busy()
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR):
        return cannot_save()
    return database_away() if code == sqlite3.SQLITE_CANTOPEN else None


#: SQLSTATEs, or their class (two characters).
_BUSY = ("55P03", "40P01", "40001", "53300")
_CANNOT_SAVE = ("53100", "25006")
_AWAY = ("57P", "08", "53", "58")


def _of_postgresql(state: str | None, is_operational: bool) -> Unavailable | None:
    if state is None:  # no answer from a server: it is unreachable, or has just gone
        return database_away() if is_operational else None
    if state in _BUSY:
        return busy()
    if state in _CANNOT_SAVE:
        return cannot_save()
    return database_away() if state.startswith(_AWAY) else None
