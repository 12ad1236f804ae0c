"""People with their accounts and roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from accounts.models import Account, RoleAssignment
from accounts.roles import WITHIN, Role
from core import names
from core.database import db
from core.occurrences import Occurrence, all_of, any_of, narrowed, occurs
from core.paging import Page, page
from core.policy import Actor, Reach, visible
from people import values
from people.models import Organization, Person
from people.permissions import Permission
from people.queries.bodies import body_name

PAGE = 50


@dataclass(frozen=True)
class RoleHeld:
    """A role and its scope: a body (by name), a delivery (by id), or everything."""

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


def find_person_by_email(email: str) -> Person | None:
    """The person with this address, ignoring case; if several share it, one with an account."""
    key = values.email_key(email)
    holders = sa.select(Person).outerjoin(Account, Account.person_id == Person.id)
    holders = holders.where(
        Person.email_key == key, ~Person.is_provisional, Person.merged_into_id.is_(None)
    )
    by_account = sa.case((Account.person_id.is_(None), 1), else_=0), Person.id
    return db.session.scalar(holders.order_by(*by_account).limit(1)) if key else None


def find_account(person_id: int) -> Account | None:
    return db.session.get(Account, person_id)


def list_people(
    actor: Actor,
    *,
    words: str = "",
    role: Role | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[PersonRow]:
    """People by name: those with words of the name that begin so (core.names), or with every word
    in their address or identifier; optionally only those with this role."""
    used = ~Person.is_provisional, Person.merged_into_id.is_(None)
    statement = sa.select(Person).where(visible(Person, actor, Permission.PERSON_READ), *used)
    if words.strip():
        others = all_of(_occurs(word) for word in words.split()[:6])
        by_words = any_of((names.finds(Person.search_names, words), others))
        statement = narrowed(statement, Person.id, by_words)
    if role is not None:
        statement = statement.where(
            Person.id.in_(sa.select(RoleAssignment.person_id).where(RoleAssignment.role == role))
        )
    keys = (Person.sort_name.expression, Person.id.expression)
    people = page(statement, keys, after=after, limit=limit)
    ids = [person.id for person in people.items]
    accounts = {
        account.person_id: account
        for account in db.session.scalars(sa.select(Account).where(Account.person_id.in_(ids)))
    }
    roles = roles_of(ids)
    return Page(
        [
            PersonRow(person, accounts.get(person.id), roles.get(person.id, []))
            for person in people.items
        ],
        people.next,
    )


def _occurs(word: str) -> Occurrence:
    """Matches the name, the address or the number, ignoring case, spaces and hyphens in numbers."""
    ways = [
        names.finds(Person.search_names, word),
        occurs(Person.email.icontains(word, autoescape=True), word),
    ]
    if key := names.number_key(word):
        ways.append(occurs(Person.identifier_key.contains(key, autoescape=True), key))
    return any_of(ways)


def roles_of(person_ids: Iterable[int]) -> dict[int, list[RoleHeld]]:
    """The roles of each person, in the order of the matrix."""
    rows = db.session.execute(
        sa.select(RoleAssignment, Organization)
        .outerjoin(
            Organization,
            sa.and_(RoleAssignment.scope.in_(_BODIES), Organization.id == RoleAssignment.scope_id),
        )
        .where(RoleAssignment.person_id.in_(list(person_ids)))
    ).all()
    order = list(Role)
    roles: dict[int, list[RoleHeld]] = {}
    for held, body in sorted(rows, key=lambda row: (order.index(row[0].role), row[0].scope_id)):
        name = body_name(body) if body is not None else None
        roles.setdefault(held.person_id, []).append(
            RoleHeld(held.role, held.scope, held.scope_id, name)
        )
    return roles


_BODIES = tuple(scope for _kind, scope in WITHIN.values())
