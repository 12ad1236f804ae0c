"""Creating accounts: by an administrator, by a command, and the very first one."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts.models import Account, RoleAssignment, SignInLink
from accounts.roles import WITHIN, Role
from accounts.services.account import ensure_account, keep_password
from accounts.services.assignments import assign_role, assign_within
from accounts.services.entry import INVITATION, issue_link
from core.database import db
from core.errors import Invalid
from core.names import is_same_name, number_key
from core.policy import SYSTEM, Actor, require
from core.settings import settings_of
from people.models import BodyKind, Organization, Person
from people.permissions import Permission
from people.queries.bodies import get_body, require_kind
from people.services.organizations import organization_by_code
from people.services.people import record_person
from people.values import email_key

FIRST_ADMINISTRATOR = "first-administrator"


def create_account(
    actor: Actor,
    *,
    email: str,
    given_name: str,
    family_name: str = "",
    roles: Iterable[Role | str] = (),
    organization: str | None = None,
    country: str | None = None,
    language: str | None = None,
    identifier: str | None = None,
    identity: str | int | None = None,
    names_confirmed: bool | None = None,
    password: str | None = None,
    is_demonstration: bool = False,
) -> Person:
    """The account of the person with this address, with `roles` added; creates person and account
    as needed.

    `organization` (a code; an unknown nominator is created) is the body in which the roles are
    held: Invalid("wrong_kind") if one cannot be held there. The default is the first centre and
    roster office. Address and name together identify an existing account, which stays as it is; for
    an address known with another name, Conflict("identity_in_doubt") unless `identity` says who is
    meant.
    """
    require(actor, Permission.ACCOUNT_MANAGE)
    chosen_roles = [Role(role) for role in roles]
    if Role.NOMINATOR in chosen_roles and not organization:
        raise Invalid(
            "organization_needed",
            _l("A nominator acts for an organization. Give its code."),
            "organization",
        )
    if not (email or "").strip():
        raise Invalid("required", _l("Fill in this field."), "email")
    person = _holder(email, given_name, family_name, identity) or record_person(
        actor,
        identifier=identifier,
        given_name=given_name,
        family_name=family_name,
        email=email,
        country=country,
        language=language,
        names_confirmed=names_confirmed,
        identity=identity,
    )
    account = ensure_account(actor, person)
    account.is_demonstration = account.is_demonstration or is_demonstration
    if password is not None:
        keep_password(actor, person, account, password)
    body = _body_for(actor, chosen_roles, organization)
    for role in chosen_roles:
        assign_within(actor, person.id, role, body if role in WITHIN else None)
    return person


def _holder(
    email: str, given_name: str, family_name: str, identity: str | int | None
) -> Person | None:
    """The holder of an account with this address and name (or the one meant by `identity`): a
    shared mailbox does not tell people apart."""
    candidates = (
        sa.select(Person)
        .join(Account)
        .where(Person.email_key == email_key(email), Person.merged_into_id.is_(None))
    )
    stated_name = given_name or "", family_name or ""
    matches = [
        person
        for person in db.session.scalars(candidates.order_by(Person.id))
        if (
            is_same_name(stated_name, (person.given_name, person.family_name))
            if identity is None
            else person.id == identity
        )
    ]
    return matches[0] if len(matches) == 1 else None


def _body_for(actor: Actor, roles: list[Role], code: str | None) -> Organization | None:
    """The body with this code; Invalid unless all roles that are held in a body can be held in
    it."""
    if not code:
        return None
    kinds = [WITHIN[role][0] for role in roles if role in WITHIN] or [BodyKind.NOMINATOR]
    if BodyKind.NOMINATOR in kinds:
        body = organization_by_code(actor, code, field="organization")
    else:
        body = get_body(code, "organization")
    for kind in kinds:
        require_kind(body, kind, "organization")
    return body


def first_administrator_link() -> str | None:
    """A one-time link for the first administrator; None if an administrator has an address and so
    can request a link.

    The link opens the form in which the account gets an address. Until then each start creates a
    new link, so that no one is locked out by closing a window or signing out.
    """
    administrators = (
        sa.select(Person.id)
        .join(Account)
        .join(RoleAssignment, RoleAssignment.person_id == Person.id)
    )
    reachable = administrators.where(
        RoleAssignment.role == Role.ADMINISTRATOR,
        Person.email.is_not(None),
        Account.is_active,
        ~Account.is_demonstration,
    )
    if db.session.scalar(reachable.limit(1)) is not None:
        return None
    person = db.session.scalar(
        sa.select(Person).where(Person.identifier_key == number_key(FIRST_ADMINISTRATOR))
    )
    if person is None:
        person = record_person(
            SYSTEM, identifier=FIRST_ADMINISTRATOR, given_name="Administrator", family_name=""
        )
        assign_role(SYSTEM, person.id, Role.ADMINISTRATOR)
    db.session.execute(
        sa.delete(SignInLink).where(SignInLink.person_id == person.id, SignInLink.used_at.is_(None))
    )
    return settings_of().public_url + issue_link(
        person, f"/administration/people/{person.id}/edit", INVITATION
    )
