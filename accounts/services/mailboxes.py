"""Which mailbox signs in as which person."""

from __future__ import annotations

import sqlalchemy as sa

from accounts.services.assignments import holds_roles
from core.database import db
from people.models import Merge, MergeStatus, Person


def signs_in_as(record: Person) -> Person | None:
    """The person as whom a reader of this record's mailbox signs in; None for no one.

    A merge establishes who someone is, not who owns a mailbox. The mailbox of a merged record signs
    in as the surviving one only if both have the same address, or if two people reviewed the merge
    and the surviving record holds no roles. Otherwise a body could enter an address of its own for
    a person whose name and number it knows, and sign in as that person.
    """
    person = record
    while person.merged_into_id is not None:
        surviving = db.session.get_one(Person, person.merged_into_id)
        if (
            surviving.email_key is None or surviving.email_key != person.email_key
        ) and not _is_reviewed(person, surviving):
            return None
        person = surviving
    return person if person.email_key == record.email_key or not holds_roles(person) else None


def _is_reviewed(merged: Person, keep: Person) -> bool:
    reviewed = sa.select(Merge.id).where(
        Merge.merged_id == merged.id,
        Merge.keep_id == keep.id,
        Merge.status == MergeStatus.CONFIRMED,
        Merge.is_reviewed,
    )
    return db.session.scalar(reviewed.limit(1)) is not None
