"""API tokens, which let programs act for a person."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts.events import TokenCreated, TokenRevoked
from accounts.models import ALL, READ, ApiToken
from accounts.roles import Role
from accounts.secrets import digest
from accounts.services.account import ensure_account
from core import clock
from core.database import db
from core.errors import Conflict, Invalid, NotFound
from core.events import publish
from core.policy import Actor, require
from people import values
from people.models import Person
from people.permissions import Permission
from people.services.identity import is_self, records_of

MOST = 20
LONGEST_DAYS = 365


def create_token(
    actor: Actor,
    person: Person,
    *,
    name: str,
    days: int | None = LONGEST_DAYS,
    scope: Sequence[str] = (ALL,),
) -> str:
    """A new token with the person's rights, created by the person or an administrator. It is
    returned once; only a digest is stored.

    It expires after `days` (1 to 365). `scope`: all, read, or the names of the roles it may use.
    """
    if actor.person_id != person.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    name = values.needed_text(name, "name")
    days = _checked_days(days)
    scope_kept = _checked_scope(scope)
    if not ensure_account(actor, person).is_active:
        raise Conflict("account_closed", _l("This account is closed. Reopen it first."))
    now = clock.now()
    living = sa.select(sa.func.count()).where(
        ApiToken.person_id.in_(records_of(person.id)),
        ApiToken.revoked_at.is_(None),
        ApiToken.expires_at > now,
    )
    if (db.session.scalar(living) or 0) >= MOST:
        raise Conflict(
            "too_many_tokens",
            _l("There are %(count)s tokens already. Revoke one first.", count=MOST),
            "name",
        )
    token = "rst_" + secrets.token_urlsafe(32)
    ends = now + timedelta(days=days)
    api_token = ApiToken(
        digest=digest(token),
        person_id=person.id,
        name=name,
        scope=scope_kept,
        created_at=now,
        expires_at=ends,
    )
    db.session.add(api_token)
    db.session.flush()
    publish(TokenCreated(person.id, api_token.id), actor)
    return token


def _checked_days(days: int | None) -> int:
    if days is None or not 1 <= days <= LONGEST_DAYS:
        raise Invalid(
            "bad_days", _l("Enter a number of days from 1 to %(most)s.", most=LONGEST_DAYS), "days"
        )
    return days


def _checked_scope(scope: Sequence[str]) -> str:
    chosen = tuple(dict.fromkeys(scope))
    if chosen in ((ALL,), (READ,)) or (chosen and set(chosen) <= set(Role)):
        return " ".join(chosen)
    raise Invalid("unknown_scope", _l("Choose what the token may do from the list."), "scope")


def revoke_token(actor: Actor, token_id: int) -> None:
    """Revokes a token at once: one's own, or anyone's for an administrator. NotFound for someone
    else's."""
    token = db.session.get(ApiToken, token_id)
    if token is None or not (
        is_self(actor, token.person_id) or actor.can(Permission.ACCOUNT_MANAGE)
    ):
        raise NotFound("unknown_token", _l("This token is not known here."))
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        publish(TokenRevoked(token.person_id, token.id), actor)
