"""The organizations for which people act."""

from __future__ import annotations

from core.database import db
from people.models import Organization


def get_organization(organization_id: int) -> Organization:
    """An organization chosen from a list."""
    return db.session.get_one(Organization, organization_id)
