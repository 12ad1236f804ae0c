"""Makers of people, organizations and actors for tests. Whatever a rule guards is made through
the services."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import has_app_context

from accounts.models import Account, RoleAssignment, UserSession
from accounts.roles import WITHIN, Role
from accounts.sessions import actor_of, digest
from core import audit, clock
from core.database import current_unit, db, transaction
from core.locks import NEW
from core.policy import SYSTEM, Actor, Reach
from courses.queries import span_of
from people.models import BodyKind, ConsentPurpose, ConsentWay, Organization, Person
from people.queries import first_body
from people.services import give_consent
from tests.browsing import Browser

_count = itertools.count(1)


def person(given: str = "Amina", family: str = "Diallo", **values: Any) -> Person:
    """A person with an account, in a transaction of its own (inside an app context)."""
    n = next(_count)
    values.setdefault("email", f"person{n}@example.org")
    values.setdefault("country", "SN")
    with transaction():
        person = Person(
            given_name=given,
            family_name=family,
            name_on_certificate=f"{given} {family}",
            created_at=clock.now(),
            **values,
        )
        db.session.add(person)
        db.session.flush()
        db.session.add(Account(person_id=person.id, created_at=clock.now()))
        audit.record(SYSTEM, "test.person", f"person:{person.id}", {})
    return person


def consent(person: Person | int, is_given: bool = True, purpose: str = "roster") -> None:
    """The person's own answer, given on the page."""
    with transaction():
        own = db.session.get_one(Person, person if isinstance(person, int) else person.id)
        give_consent(
            Actor(person_id=own.id), own, ConsentPurpose(purpose), is_given, how=ConsentWay.PAGE
        )


def organization(
    code: str = "CA-MFA",
    name: str = "Ministry of Foreign Affairs",
    country: str | None = "CA",
    kinds: Sequence[str] = ("nominator",),
) -> Organization:
    """The body with this code, made unless it is there."""
    existing = db.session.scalar(sa.select(Organization).where(Organization.code == code))
    if existing:
        return existing
    with transaction():
        organization = Organization(code=code, name=name, country=country, kinds=list(kinds))
        db.session.add(organization)
        audit.record(SYSTEM, "test.organization", "organization", {})
    return organization


def centre(code: str = "KAC", name: str = "Second Training Centre", **values: Any) -> Organization:
    """Another centre than the first."""
    return organization(code, name, values.pop("country", "GH"), ("centre",))


def office(code: str = "RO2", name: str = "Second Roster Office") -> Organization:
    """Another roster office than the first."""
    return organization(code, name, "NO", ("roster_office",))


def actor(
    *roles: Role | str,
    organization_id: int | None = None,
    delivery_id: int | None = None,
    centre_id: int | None = None,
    office_id: int | None = None,
    **values: Any,
) -> Actor:
    """A signed-in person with these roles: a nominator within `organization_id`, trainers (also
    of `delivery_id`) and coordinators within the first centre or `centre_id`, roster staff
    within the first roster office or `office_id`."""
    person_ = person(**values)
    bodies = {
        Reach.ORGANIZATION: organization_id,
        Reach.CENTRE: centre_id or first_body(BodyKind.CENTRE).id,
        Reach.OFFICE: office_id or first_body(BodyKind.ROSTER_OFFICE).id,
    }
    with transaction():
        for role in map(Role, roles):
            scope = WITHIN[role][1] if role in WITHIN else Reach.EVERYWHERE
            db.session.add(
                RoleAssignment(
                    person_id=person_.id, role=role, scope=scope, scope_id=bodies.get(scope) or 0
                )
            )
            if role is Role.TRAINER and delivery_id:
                db.session.add(
                    RoleAssignment(
                        person_id=person_.id, role=role, scope=Reach.DELIVERY, scope_id=delivery_id
                    )
                )
        audit.record(SYSTEM, "test.roles", f"person:{person_.id}", {})
    return actor_of(person_)


def refreshed(of: Actor) -> Actor:
    """The same actor with the roles it has now (scheduling a delivery makes its trainer one)."""
    person = db.session.get_one(Person, of.person_id)
    return actor_of(person)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Lives at `moment`, and comes back (inside an app context)."""
    with clock.moved(moment):
        yield


def end_of(delivery_id: int) -> datetime:
    """A minute after the last session that is held."""
    last = span_of(delivery_id)[1]
    assert last is not None
    return last + timedelta(minutes=1)


def after(delivery_id: int) -> AbstractContextManager[None]:
    """Lives after the delivery's last session, unless that is past: what may be recorded only
    then."""
    return at(max(end_of(delivery_id), clock.now()))


def plant(statement: sa.Executable, rows: Sequence[dict[str, Any]] | None = None) -> None:
    """Changes rows past the services, as a bug would, and as if their delivery were locked."""
    current_unit().touched.add(NEW)
    db.session.connection().execute(statement, rows)


def sign_in(browser: Browser, of: Actor) -> None:
    """Puts a session's cookie into the browser without passing the sign-in page."""
    visit_id = f"s{next(_count):043d}"
    with browser.app.app_context(), transaction():
        now = clock.now()
        db.session.add(
            UserSession(
                digest=digest(visit_id),
                person_id=of.person_id,
                method="test",
                created_at=now,
                seen_at=now,
            )
        )
    if has_app_context():  # of the test itself: what it reads next has to see the session
        db.session.rollback()
    browser.client.set_cookie(browser.app.session_interface.cookie, visit_id)  # type: ignore[attr-defined]  # the application's own
