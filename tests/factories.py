"""Makers of people, organizations and actors for tests. Whatever a rule guards is made through the services."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app

from accounts.models import Account, Organization, Person, RoleAssignment, UserSession
from accounts.roles import Role
from accounts.sessions import actor_of, digest
from core import audit, clock
from core.database import db, transaction
from core.policy import SYSTEM, Actor, Reach
from courses.queries import span_of

_count = itertools.count(1)


def person(given: str = "Amina", family: str = "Diallo", **values) -> Person:
    """A person with an account, in a transaction of its own (inside an app context)."""
    n = next(_count)
    values.setdefault("email", f"person{n}@example.org")
    values.setdefault("country", "SN")
    with transaction():
        made = Person(
            given_name=given, family_name=family, name_on_certificate=f"{given} {family}", created_at=clock.now(), **values
        )
        db.session.add(made)
        db.session.flush()
        db.session.add(Account(person_id=made.id, created_at=clock.now()))
        audit.record(SYSTEM, "test.person", f"person:{made.id}", {})
    return made


def organization(code: str = "CA-MFA", name: str = "Ministry of Foreign Affairs", country: str = "CA") -> Organization:
    found = db.session.scalar(sa.select(Organization).where(Organization.code == code))
    if found:
        return found
    with transaction():
        made = Organization(code=code, name=name, country=country)
        db.session.add(made)
        audit.record(SYSTEM, "test.organization", "organization", {})
    return made


def actor(*roles: Role | str, organization_id: int | None = None, delivery_id: int | None = None, **values) -> Actor:
    """A signed-in person with these roles (a nominator within `organization_id`; a trainer also of `delivery_id`)."""
    made = person(**values)
    with transaction():
        for role in map(Role, roles):
            scope, scope_id = (Reach.ORGANIZATION, organization_id) if role is Role.NOMINATOR else (Reach.EVERYWHERE, 0)
            db.session.add(RoleAssignment(person_id=made.id, role=role, scope=scope, scope_id=scope_id or 0))
            if role is Role.TRAINER and delivery_id:
                db.session.add(RoleAssignment(person_id=made.id, role=role, scope=Reach.DELIVERY, scope_id=delivery_id))
        audit.record(SYSTEM, "test.roles", f"person:{made.id}", {})
    return actor_of(made)


def refreshed(of: Actor) -> Actor:
    """The same actor with the roles it has now (scheduling a delivery makes its trainer one)."""
    found = db.session.get_one(Person, of.person_id)
    return actor_of(found)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Lives at `moment`, and comes back (inside an app context)."""
    extensions = current_app.extensions
    before = extensions["clock_offset"]
    clock.travel(current_app._get_current_object(), moment)  # type: ignore[attr-defined]  # the clock belongs to the app
    try:
        yield
    finally:
        extensions["clock_offset"] = before


def end_of(delivery_id: int) -> datetime:
    """A minute after the last session that is held."""
    last = span_of(delivery_id)[1]
    assert last is not None
    return last + timedelta(minutes=1)


def after(delivery_id: int):
    """Lives after the delivery's last session, unless that is past: what may be recorded only then."""
    return at(max(end_of(delivery_id), clock.now()))


def sign_in(browser, of: Actor) -> None:
    """Puts a session's cookie into the browser without passing the sign-in page."""
    visit_id = f"s{next(_count):043d}"
    with browser.app.app_context(), transaction():
        now = clock.now()
        db.session.add(UserSession(digest=digest(visit_id), person_id=of.person_id, method="test", created_at=now, seen_at=now))
    browser.client.set_cookie(browser.app.session_interface.cookie, visit_id)
