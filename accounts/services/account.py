"""Accounts: making, closing and reopening a person's way in."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts import passwords
from accounts.events import AccountClosed, AccountCreated, AccountReopened, PasswordChanged, SessionsEnded, TokenRevoked
from accounts.models import Account, ApiToken, Person, RoleAssignment, SignInLink, UserSession
from accounts.roles import Permission, Role
from core import clock
from core.database import db
from core.errors import Conflict
from core.events import publish
from core.policy import Actor, require


def ensure_account(actor: Actor, person: Person) -> Account:
    """The person's account, made on first use."""
    account = db.session.get(Account, person.id)
    if account is None:
        account = Account(person_id=person.id, created_at=clock.now())
        db.session.add(account)
        db.session.flush()
        publish(AccountCreated(person.id), actor)
    return account


def set_password(actor: Actor, person: Person, password: str) -> None:
    """Gives oneself another password; the page has made sure that it is oneself. Every session and unused link ends."""
    if actor.person_id != person.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    account = ensure_account(actor, person)
    if account.is_demonstration:
        raise Conflict("demonstration_account", _l("The password of a demonstration account cannot be changed."))
    keep_password(actor, person, account, password)
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


def keep_password(actor: Actor, person: Person, account: Account, password: str) -> None:
    """Sets the password, refusing one that is easy to guess."""
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
        refuse_without_administrator(person.id)
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


def refuse_without_administrator(person_id: int) -> None:
    """Conflict when nobody else could administer."""
    others = sa.select(Account.person_id).join(RoleAssignment, RoleAssignment.person_id == Account.person_id)
    others = others.where(RoleAssignment.role == Role.ADMINISTRATOR, Account.is_active, Account.person_id != person_id)
    if db.session.scalar(others.limit(1)) is None:
        sentence = _l("This is the last administrator. Make somebody else administrator first.")
        raise Conflict("last_administrator", sentence, "role")


def _is_administrator(person_id: int) -> bool:
    wanted = sa.select(RoleAssignment.id).where(RoleAssignment.person_id == person_id, RoleAssignment.role == Role.ADMINISTRATOR)
    return db.session.scalar(wanted.limit(1)) is not None
