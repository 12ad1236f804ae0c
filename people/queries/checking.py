"""Checks of people for `flask check`."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from core.database import streamed
from people.models import Person
from people.values import email_key


def breaches() -> Iterator[str]:
    """People whose stored comparison key does not fit their address: they are not recognised and
    cannot sign in."""
    suspects = sa.select(Person.id, Person.email, Person.email_key).where(
        sa.or_(
            Person.email_key.is_distinct_from(sa.func.lower(Person.email)), Person.email.is_(None)
        ),
        sa.or_(Person.email.is_not(None), Person.email_key.is_not(None)),
    )
    for person_id, email, key in streamed(suspects):
        if key != email_key(email):
            yield f"person {person_id}: the key of the email address is not the address's own"
