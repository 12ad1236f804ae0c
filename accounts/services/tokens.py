"""Keys for programs that act for a person."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts import values
from accounts.events import TokenCreated, TokenRevoked
from accounts.models import ApiToken, Person
from accounts.roles import Permission
from accounts.secrets import digest
from accounts.services.account import ensure_account
from core import clock
from core.database import db
from core.errors import Conflict, NotFound
from core.events import publish
from core.policy import Actor, require

MOST = 20


def create_token(actor: Actor, person: Person, *, name: str) -> str:
    """A new key with the person's rights, for oneself or by an administrator. It is returned once; a digest is kept."""
    if actor.person_id != person.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    name = values.needed_text(name, "name")
    if not ensure_account(actor, person).is_active:
        raise Conflict("account_closed", _l("This account is closed. Reopen it first."))
    living = sa.select(sa.func.count()).where(ApiToken.person_id == person.id, ApiToken.revoked_at.is_(None))
    if (db.session.scalar(living) or 0) >= MOST:
        raise Conflict("too_many_tokens", _l("There are %(count)s tokens already. Revoke one first.", count=MOST), "name")
    token = "rst_" + secrets.token_urlsafe(32)
    made = ApiToken(digest=digest(token), person_id=person.id, name=name, created_at=clock.now())
    db.session.add(made)
    db.session.flush()
    publish(TokenCreated(person.id, made.id), actor)
    return token


def revoke_token(actor: Actor, token_id: int) -> None:
    """Ends a key at once: one's own, or anybody's by an administrator. NotFound for somebody else's."""
    token = db.session.get(ApiToken, token_id)
    if token is None or (token.person_id != actor.person_id and not actor.can(Permission.ACCOUNT_MANAGE)):
        raise NotFound("unknown_token", _l("This token is not known here."))
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        publish(TokenRevoked(token.person_id, token.id), actor)
