"""Organizations."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects import postgresql, sqlite

from accounts import values
from accounts.events import OrganizationChanged, OrganizationRecorded
from accounts.models import Organization
from accounts.roles import Permission
from core.database import db, is_sqlite
from core.errors import Conflict, Invalid
from core.events import publish
from core.policy import Actor, can, require


def organization_by_code(actor: Actor, code: str, *, field: str = "nominated_by") -> Organization:
    """The organization with this code; for those who manage organizations an unknown one is made, named by its code."""
    found = db.session.scalar(sa.select(Organization).where(Organization.code == code.strip()))
    if found is not None:
        return found
    if not can(actor, Permission.ORGANIZATION_MANAGE):
        raise Invalid("unknown_organization", _l("No organization has this code."), field)
    return _add(actor, values.clean_code(code, field), values.clean_code(code, field), None)


def create_organization(actor: Actor, *, code: str, name: str, country: str | None = None) -> Organization:
    """A new organization. Conflict when the code is taken."""
    require(actor, Permission.ORGANIZATION_MANAGE)
    code = values.clean_code(code, "code")
    name = values.needed_text(name, "name", longest=200)
    country = values.clean_country(country, "country") if country else None
    if db.session.scalar(sa.select(Organization.id).where(Organization.code == code)):
        raise Conflict("organization_exists", _l("An organization with this code exists already."), "code")
    return _add(actor, code, name, country)


def change_organization(actor: Actor, organization: Organization, *, name: str, country: str | None = None) -> Organization:
    """Another name or country; the code stays, programs rely on it."""
    require(actor, Permission.ORGANIZATION_MANAGE, organization)
    given = {
        "name": values.needed_text(name, "name", longest=200),
        "country": values.clean_country(country, "country") if country else None,
    }
    if changed := tuple(key for key, value in given.items() if getattr(organization, key) != value):
        organization.name, organization.country = given["name"] or "", given["country"]
        publish(OrganizationChanged(organization.id, changed), actor)
    return organization


def _add(actor: Actor, code: str, name: str, country: str | None) -> Organization:
    """The new organization, or the one that somebody else made with this code at the same moment."""
    insert = (sqlite if is_sqlite() else postgresql).insert(Organization).values(code=code, name=name, country=country)
    made = db.session.scalar(insert.on_conflict_do_nothing().returning(Organization))
    if made is None:
        return db.session.scalars(sa.select(Organization).where(Organization.code == code)).one()
    publish(OrganizationRecorded(made.id, made.code), actor)
    return made
