"""Accounts: making, closing and reopening a person's way in."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts import passwords, services
from accounts.events import AccountClosed, AccountCreated, AccountReopened, PasswordChanged, SessionsEnded, TokenRevoked
from accounts.models import Account, ApiToken, Person, RoleAssignment, SignInLink, UserSession
from accounts.roles import Permission, Role
from core import clock
from core.database import db, settings_of
from core.errors import Conflict, Invalid
from core.events import publish
from core.policy import SYSTEM, Actor, Reach, require

FIRST_ADMINISTRATOR = "first-administrator"


def ensure_account(actor: Actor, person: Person) -> Account:
    """The person's account, made on first use."""
    account = db.session.get(Account, person.id)
    if account is None:
        account = Account(person_id=person.id, created_at=clock.now())
        db.session.add(account)
        db.session.flush()
        publish(AccountCreated(person.id), actor)
    return account


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
    password: str | None = None,
    is_demonstration: bool = False,
) -> Person:
    """The account of the person with this address, with `roles` added to those it has; both are made when new.

    `organization` (a code, made when unknown) is what a nominator acts for. A person who is known stays as known.
    """
    require(actor, Permission.ACCOUNT_MANAGE)
    wanted = [Role(role) for role in roles]
    if Role.NOMINATOR in wanted and not organization:
        raise Invalid("organization_needed", _l("A nominator acts for an organization. Give its code."), "organization")
    if not (email or "").strip():
        raise Invalid("required", _l("Fill in this field."), "email")
    person = services.record_person(
        actor, identifier=identifier, given_name=given_name, family_name=family_name, email=email, country=country, language=language
    )
    account = ensure_account(actor, person)
    account.is_demonstration = account.is_demonstration or is_demonstration
    if password is not None:
        _keep_password(actor, person, account, password)
    for role in wanted:
        if role is Role.NOMINATOR:
            found = services.organization_by_code(actor, organization or "", field="organization")
            services.assign_role(actor, person.id, role, scope=Reach.ORGANIZATION, scope_id=found.id)
        else:
            services.assign_role(actor, person.id, role)
    return person


def set_password(actor: Actor, person: Person, password: str) -> None:
    """Gives oneself another password; the page has made sure that it is oneself. Every session and unused link ends."""
    if actor.person_id != person.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    account = ensure_account(actor, person)
    if account.is_demonstration:
        raise Conflict("demonstration_account", _l("The password of a demonstration account cannot be changed."))
    _keep_password(actor, person, account, password)
    end_sessions_and_links(person.id)


def remove_password(actor: Actor, person: Person) -> None:
    """Leaves the e-mailed link as the only way in. Every session and unused link ends."""
    if actor.person_id != person.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    account = ensure_account(actor, person)
    if account.is_demonstration:
        raise Conflict("demonstration_account", _l("The password of a demonstration account cannot be changed."))
    if account.password_hash is None:
        return
    account.password_hash = None
    publish(PasswordChanged(person.id), actor)
    end_sessions_and_links(person.id)


def _keep_password(actor: Actor, person: Person, account: Account, password: str) -> None:
    passwords.check_strength(password, personal=(person.given_name, person.family_name, person.full_name, person.email))
    account.password_hash = passwords.hash_password(password)
    publish(PasswordChanged(person.id), actor)


def close_account(actor: Actor, person: Person) -> None:
    """Shuts the person out at once: sessions, unused links and tokens end. What they did stays."""
    require(actor, Permission.ACCOUNT_MANAGE)
    account = ensure_account(actor, person)
    if not account.is_active:
        return
    if person.id == actor.person_id:
        raise Conflict("own_account", _l("You cannot close your own account. Ask another administrator."))
    if _is_administrator(person.id):
        services.refuse_without_administrator(person.id)
    account.is_active = False
    publish(AccountClosed(person.id), actor)
    for token in db.session.scalars(sa.select(ApiToken).where(ApiToken.person_id == person.id, ApiToken.revoked_at.is_(None))):
        token.revoked_at = clock.now()
        publish(TokenRevoked(person.id, token.id), actor)
    end_sessions_and_links(person.id)


def reopen_account(actor: Actor, person: Person) -> None:
    """Lets the person in again; sessions and tokens that ended stay ended."""
    require(actor, Permission.ACCOUNT_MANAGE)
    account = ensure_account(actor, person)
    if not account.is_active:
        account.is_active = True
        publish(AccountReopened(person.id), actor)


def end_sessions(actor: Actor, person: Person) -> None:
    """Signs the person out everywhere but in the session that asks for it."""
    if actor.person_id != person.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    db.session.execute(
        sa.delete(UserSession).where(UserSession.person_id == person.id, UserSession.id != (actor.session_id or 0)),
        execution_options={"synchronize_session": False},
    )
    publish(SessionsEnded(person.id), actor)


def end_sessions_and_links(person_id: int) -> None:
    """Ends every session and every unused link of the person."""
    db.session.execute(sa.delete(UserSession).where(UserSession.person_id == person_id))
    db.session.execute(sa.delete(SignInLink).where(SignInLink.person_id == person_id, SignInLink.used_at.is_(None)))


def first_administrator_link() -> str | None:
    """A one-time link for the first administrator, None when there is one already.

    The account has no address yet; the link leads to the page where it gets one. While nobody has used the link, each
    start makes a new one, so that nobody is locked out by a closed window.
    """
    person = db.session.scalar(sa.select(Person).where(Person.identifier == FIRST_ADMINISTRATOR))
    if person is not None and not _was_used(person.id):
        db.session.execute(sa.delete(SignInLink).where(SignInLink.person_id == person.id))
    elif db.session.scalar(sa.select(RoleAssignment.id).where(RoleAssignment.role == Role.ADMINISTRATOR).limit(1)):
        return None
    else:
        person = services.record_person(SYSTEM, identifier=FIRST_ADMINISTRATOR, given_name="Administrator", family_name="")
        services.assign_role(SYSTEM, person.id, Role.ADMINISTRATOR)
    address = services.issue_link(person, f"/administration/people/{person.id}", services.INVITATION)
    return settings_of().public_url + address


def _was_used(person_id: int) -> bool:
    used = sa.select(SignInLink.digest).where(SignInLink.person_id == person_id, SignInLink.used_at.is_not(None))
    return db.session.scalar(used.limit(1)) is not None


def _is_administrator(person_id: int) -> bool:
    wanted = sa.select(RoleAssignment.id).where(RoleAssignment.person_id == person_id, RoleAssignment.role == Role.ADMINISTRATOR)
    return db.session.scalar(wanted.limit(1)) is not None


def public_host() -> str:
    return urlsplit(settings_of().public_url).hostname or ""
