"""The first start on an empty database."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from accounts.models import Account
from accounts.passwords import DEMONSTRATION_PASSWORD
from accounts.services import first_administrator_link
from core.database import db, transaction
from core.settings import settings_of
from demonstration import loading
from demonstration.people import SIGN_INS
from people.models import Person


def prepare() -> Iterator[str]:
    """Loads the demonstration, or creates the first administrator's link; yields the lines to
    print."""
    is_empty = db.session.scalar(sa.select(Person.id).limit(1)) is None
    db.session.rollback()
    if not settings_of().demo:
        yield from _administrator()
        return
    if is_empty:
        yield "First start: loading the demonstration data, which takes a few seconds."
        loading.load()
    if settings_of().is_local and db.session.scalar(
        sa.select(Account.person_id).where(Account.is_demonstration).limit(1)
    ):
        yield f"Demonstration sign-ins (password {DEMONSTRATION_PASSWORD}):"
        yield from (f"  {sign_in.role:<14} {sign_in.email}" for sign_in in SIGN_INS)
    db.session.rollback()


def _administrator() -> Iterator[str]:
    with transaction():
        link = first_administrator_link()
    if link:
        yield f"First administrator: open this link, it works once: {link}"
