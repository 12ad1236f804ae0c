"""Whose act it is: the person who acts, and the organization in whose name."""

from __future__ import annotations

from core.database import db
from core.policy import Actor
from people.models import Organization, Person


def find_own_person(actor: Actor) -> Person | None:
    """The record of who acts; None for someone who is not signed in."""
    return db.session.get(Person, actor.person_id) if actor.person_id else None


def get_own_person(actor: Actor) -> Person:
    """The same of someone who is signed in."""
    return db.session.get_one(Person, actor.person_id)


def get_organization(organization_id: int) -> Organization:
    """One that was chosen from a list."""
    return db.session.get_one(Organization, organization_id)
