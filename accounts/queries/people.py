"""People and organizations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts import values
from accounts.models import Account, Organization, Person, RoleAssignment
from accounts.queries.bodies import bodies_of, body_name
from accounts.roles import WITHIN, BodyKind, Permission, Role
from accounts.services.identity import current_record
from core import i18n, names
from core.database import db
from core.errors import NotFound
from core.paging import Page, page
from core.policy import Actor, Reach, visible

PAGE = 50


@dataclass(frozen=True)
class RoleHeld:
    """A role and what it is for: a body (what it is called), a delivery's id, or everything."""

    role: Role
    scope: Reach
    scope_id: int
    organization: str | None = None


@dataclass(frozen=True)
class PersonRow:
    """A line of the list of people."""

    person: Person
    account: Account | None
    roles: list[RoleHeld]


def get_person(actor: Actor, person_id: int) -> Person:
    """The person, also by the id of a record that was merged. NotFound when unknown or not the actor's to see."""
    seen = visible(Person, actor, Permission.PERSON_READ)
    person = db.session.scalar(sa.select(Person).where(Person.id == person_id, seen))
    if person is None:
        raise NotFound("unknown_person", _l("This person is not known here."))
    return current_record(person)


def issuer_of(person: Person) -> tuple[str, str]:
    """Who issued the person's number, as it is typed and as it is called; empty when no one is known."""
    if person.issuer_id is not None:
        body = db.session.get_one(Organization, person.issuer_id)
        return body.code, body.name
    return person.issuer_country or "", i18n.country_name(person.issuer_country)


def find_person_by_email(email: str) -> Person | None:
    """The person with this address, in whatever case it is typed; of several, one with an account."""
    key = values.email_key(email)
    holders = sa.select(Person).outerjoin(Account, Account.person_id == Person.id)
    holders = holders.where(Person.email_key == key, ~Person.is_provisional, Person.merged_into_id.is_(None))
    by_account = sa.case((Account.person_id.is_(None), 1), else_=0), Person.id
    return db.session.scalar(holders.order_by(*by_account).limit(1)) if key else None


def find_account(person_id: int) -> Account | None:
    return db.session.get(Account, person_id)


def list_people(
    actor: Actor, *, words: str = "", role: Role | None = None, after: str | None = None, limit: int = PAGE
) -> Page[PersonRow]:
    """People by name: those whose name has words that begin so (core.names), or in whose address or identifier every word
    occurs; with this role."""
    used = ~Person.is_provisional, Person.merged_into_id.is_(None)
    statement = sa.select(Person).where(visible(Person, actor, Permission.PERSON_READ), *used)
    if words.strip():
        others = sa.and_(*(_occurs(one) for one in words.split()[:6]))
        statement = statement.where(sa.or_(names.finds(Person.search_names, words), others))
    if role is not None:
        statement = statement.where(Person.id.in_(sa.select(RoleAssignment.person_id).where(RoleAssignment.role == role)))
    keys = (Person.sort_name.expression, Person.id.expression)
    found = page(statement, keys, after=after, limit=limit)
    ids = [person.id for person in found.items]
    accounts = {one.person_id: one for one in db.session.scalars(sa.select(Account).where(Account.person_id.in_(ids)))}
    roles = roles_of(ids)
    return Page([PersonRow(one, accounts.get(one.id), roles.get(one.id, [])) for one in found.items], found.next)


def _occurs(word: str) -> sa.ColumnElement[bool]:
    """In the name, the address or the number; a number is compared without case, spaces and hyphens."""
    found = names.finds(Person.search_names, word) | Person.email.icontains(word, autoescape=True)
    key = names.number_key(word)
    return found | Person.identifier_key.contains(key, autoescape=True) if key else found


def roles_of(person_ids: Iterable[int]) -> dict[int, list[RoleHeld]]:
    """The roles of each person, in the order of the matrix."""
    rows = db.session.execute(
        sa.select(RoleAssignment, Organization)
        .outerjoin(Organization, sa.and_(RoleAssignment.scope.in_(_BODIES), Organization.id == RoleAssignment.scope_id))
        .where(RoleAssignment.person_id.in_(list(person_ids)))
    ).all()
    order = list(Role)
    found: dict[int, list[RoleHeld]] = {}
    for held, body in sorted(rows, key=lambda row: (order.index(row[0].role), row[0].scope_id)):
        name = body_name(body) if body is not None else None
        found.setdefault(held.person_id, []).append(RoleHeld(held.role, held.scope, held.scope_id, name))
    return found


_BODIES = tuple(scope for _kind, scope in WITHIN.values())


def get_organization(actor: Actor, key: int | str) -> Organization:
    """The organization with this id or code; NotFound when unknown or not the actor's to manage."""
    seen = visible(Organization, actor, Permission.ORGANIZATION_MANAGE)
    same = Organization.code == key if isinstance(key, str) else Organization.id == key
    found = db.session.scalar(sa.select(Organization).where(same, seen))
    if found is None:
        raise NotFound("unknown_organization", _l("This organization is not known here."))
    return found


def list_organizations(
    actor: Actor, *, words: str = "", kind: BodyKind | None = None, after: str | None = None, limit: int = PAGE
) -> Page[Organization]:
    """Organizations by name."""
    statement = sa.select(Organization).where(visible(Organization, actor, Permission.ORGANIZATION_MANAGE))
    if kind is not None:
        statement = statement.where(Organization.of_kind(kind))
    for one in words.split()[:6]:
        fits = (column.icontains(one, autoescape=True) for column in (Organization.name, Organization.code))
        statement = statement.where(sa.or_(*fits))
    return page(statement, (Organization.name.expression, Organization.id.expression), after=after, limit=limit)


def organization_choices(kind: BodyKind = BodyKind.NOMINATOR) -> list[tuple[int, str]]:
    """(id, name and code) of every body of this kind, for a list to choose from."""
    return [(one.id, _with_code(one)) for one in bodies_of(kind)]


def _with_code(body: Organization) -> str:
    name = body_name(body)
    return name if name == body.code else f"{name} ({body.code})"
