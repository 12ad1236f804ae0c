"""People with ways in, and the mail they get."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from flask import Flask

from accounts import services
from accounts.models import Account, UserSession
from core import audit
from core.database import db, transaction
from core.mail import Mail
from core.policy import SYSTEM
from people.models import Person

PASSWORD = "trombone lagoon seven"


def account(
    email: str = "amina@example.org",
    name: str = "Amina",
    *,
    password: str | None = None,
    **values: Any,
) -> int:
    """The id of a person with an account (inside an app context)."""
    with transaction():
        values.setdefault("family_name", "Diallo")
        return services.create_account(
            SYSTEM, email=email, given_name=name, password=password, **values
        ).id


def close(person_id: int) -> None:
    with transaction():
        services.close_account(SYSTEM, db.session.get_one(Person, person_id))


def mails(app: Flask) -> list[tuple[str, str, str]]:
    """(address, kind, body) of every message, in order."""
    with app.app_context():
        rows = db.session.scalars(sa.select(Mail).order_by(Mail.id))
        return [(row.address, row.kind, row.body) for row in rows]


def link_in(body: str) -> str:
    """The path of the link in a message."""
    return re.search(r"https?://[^/\s]+(/\S+)", body).group(1)


def last_link(app: Flask) -> str:
    return link_in(mails(app)[-1][2])


def sessions(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(UserSession)) or 0


def actions(app: Flask) -> list[str]:
    with app.app_context():
        return list(
            db.session.scalars(sa.select(audit.AuditEntry.action).order_by(audit.AuditEntry.number))
        )


@contextmanager
def settings(app: Flask, **changes: Any) -> Iterator[None]:
    """The application with other settings."""
    before = app.extensions["settings"]
    app.extensions["settings"] = replace(before, **changes)
    try:
        yield
    finally:
        app.extensions["settings"] = before


def hash_of(app: Flask, person_id: int) -> str | None:
    with app.app_context():
        return db.session.get_one(Account, person_id).password_hash
