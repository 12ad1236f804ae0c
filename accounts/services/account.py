"""Accounts: creating, closing and reopening them."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects import postgresql, sqlite

from accounts import passwords
from accounts.events import (
    AccountClosed,
    AccountCreated,
    AccountReopened,
    PasswordChanged,
    SessionsEnded,
    TokenRevoked,
)
from accounts.models import Account, ApiToken, RoleAssignment, SignInLink, UserSession
from accounts.roles import Role
from core import clock
from core.database import db, is_sqlite
from core.errors import Conflict, NotFound
from core.events import publish
from core.policy import Actor, Reach, require
from people.models import Person
from people.permissions import Permission
from people.services.identity import records_of


def ensure_account(actor: Actor, person: Person) -> Account:
    """The person's account, created on first use; two parallel first uses create one."""
    account = db.session.get(Account, person.id)
    if account is not None:
        return account
    if person.is_provisional:  # applicants who have not opened their link are matched by no one
        raise NotFound("unknown_person", _l("This person is not known here."))
    insert = (
        (sqlite if is_sqlite() else postgresql)
        .insert(Account)
        .values(person_id=person.id, created_at=clock.now())
    )
    if db.session.scalar(insert.on_conflict_do_nothing().returning(Account.person_id)) is not None:
        publish(AccountCreated(person.id), actor)
    return db.session.get_one(Account, person.id)


def has_account(person: Person) -> bool:
    return db.session.get(Account, person.id) is not None


def set_password(actor: Actor, person: Person, password: str, *, ends_tokens: bool = False) -> None:
    """Sets one's own password; the page has checked who is asking. Every session and unused link
    ends, and so do API tokens if the person chooses."""
    if actor.person_id != person.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    account = ensure_account(actor, person)
    if account.is_demonstration:
        raise Conflict(
            "demonstration_account",
            _l("The password of a demonstration account cannot be changed."),
        )
    keep_password(actor, person, account, password)
    end_sessions_and_links(person.id)
    if ends_tokens:
        revoke_tokens(actor, person.id)


def remove_password(actor: Actor, person: Person) -> None:
    """Leaves the emailed link as the only way to sign in. Every session and unused link ends."""
    if actor.person_id != person.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    account = ensure_account(actor, person)
    if account.is_demonstration:
        raise Conflict(
            "demonstration_account",
            _l("The password of a demonstration account cannot be changed."),
        )
    if account.password_hash is None:
        return
    account.password_hash = None
    _drop_passwords_of_merged(person)
    publish(PasswordChanged(person.id), actor)
    end_sessions_and_links(person.id)


def keep_password(actor: Actor, person: Person, account: Account, password: str) -> None:
    """Stores the password, or refuses one that is easy to guess."""
    passwords.check_strength(
        password, personal=(person.given_name, person.family_name, person.full_name, person.email)
    )
    account.password_hash = passwords.hash_password(password)
    _drop_passwords_of_merged(person)
    publish(PasswordChanged(person.id), actor)


def _drop_passwords_of_merged(person: Person) -> None:
    """After a merge, setting a password replaces those of the merged records."""
    merged = records_of(person.id) - {person.id}
    if merged:
        db.session.execute(
            sa.update(Account).where(Account.person_id.in_(merged)).values(password_hash=None)
        )


def close_account(actor: Actor, person: Person) -> None:
    """Shuts the person out at once: sessions, unused links and tokens end. Their records stay."""
    require(actor, Permission.ACCOUNT_MANAGE)
    account = ensure_account(actor, person)
    if not account.is_active:
        return
    if person.id == actor.person_id:
        raise Conflict(
            "own_account", _l("You cannot close your own account. Ask another administrator.")
        )
    if _is_administrator(person.id):
        refuse_without_administrator(person.id)
    account.is_active = False
    publish(AccountClosed(person.id), actor)
    revoke_tokens(actor, person.id)
    end_sessions_and_links(person.id)


def reopen_account(actor: Actor, person: Person) -> None:
    """Lets the person sign in again; ended sessions and tokens stay ended."""
    require(actor, Permission.ACCOUNT_MANAGE)
    account = ensure_account(actor, person)
    if not account.is_active:
        account.is_active = True
        publish(AccountReopened(person.id), actor)


def end_sessions(actor: Actor, person: Person) -> None:
    """Signs the person out everywhere except in the current session."""
    if actor.person_id != person.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    delete_sessions(person.id, but=actor.session_id)
    publish(SessionsEnded(person.id), actor)


def delete_sessions(person_id: int, *, but: int | None = None) -> None:
    """Signs the person out everywhere (`but` one session), under all merged records."""
    others = UserSession.person_id.in_(records_of(person_id)), UserSession.id != (but or 0)
    db.session.execute(
        sa.delete(UserSession).where(*others), execution_options={"synchronize_session": False}
    )


def end_sessions_and_links(person_id: int, *, but: int | None = None) -> None:
    """Ends every session (`but` one) and every unused link of the person, under all merged
    records."""
    delete_sessions(person_id, but=but)
    db.session.execute(
        sa.delete(SignInLink).where(
            SignInLink.person_id.in_(records_of(person_id)), SignInLink.used_at.is_(None)
        ),
        execution_options={"synchronize_session": False},
    )


def revoke_tokens(actor: Actor, person_id: int) -> None:
    """Revokes all tokens of the person."""
    tokens = sa.select(ApiToken).where(
        ApiToken.person_id.in_(records_of(person_id)), ApiToken.revoked_at.is_(None)
    )
    for token in db.session.scalars(tokens):
        token.revoked_at = clock.now()
        publish(TokenRevoked(person_id, token.id), actor)


def refuse_without_administrator(person_id: int) -> None:
    """Conflict if no other administrator would be left. Locks all administrators' accounts: of two
    who leave at once, the second sees that the first is gone."""
    administrators = sa.select(Account).join(
        RoleAssignment, RoleAssignment.person_id == Account.person_id
    )
    administrators = administrators.where(
        RoleAssignment.role == Role.ADMINISTRATOR, RoleAssignment.scope == Reach.EVERYWHERE
    )
    locked = (
        administrators.order_by(Account.person_id)
        .with_for_update(of=Account)
        .execution_options(populate_existing=True)
    )
    db.session.scalars(locked).all()
    still = db.session.scalars(administrators.execution_options(populate_existing=True))
    if not any(account.is_active and account.person_id != person_id for account in still):
        sentence = _l("This is the last administrator. Make someone else administrator first.")
        raise Conflict("last_administrator", sentence, "role")


def _is_administrator(person_id: int) -> bool:
    assignment = sa.select(RoleAssignment.id).where(
        RoleAssignment.person_id == person_id, RoleAssignment.role == Role.ADMINISTRATOR
    )
    return db.session.scalar(assignment.limit(1)) is not None
