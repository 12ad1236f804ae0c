"""Loads the actor for Flask-Login: from the visit's cookie on pages, from the token in the API. One
query each, plain columns."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Request, g, session
from flask_babel import lazy_gettext as _l
from flask_login import login_user, logout_user

from accounts.events import SignedIn, SignedOut
from accounts.models import ALL, READ, Account, ApiToken, RoleAssignment, UserSession
from accounts.roles import ROLES, Role
from accounts.secrets import digest
from accounts.services.mailboxes import signs_in_as
from core import clock
from core.database import db, transaction, write
from core.errors import NotAllowed, NotSignedIn
from core.events import publish
from core.origin import is_forwarded
from core.outages import Unavailable
from core.policy import Actor, Grant, Reach
from core.refusals import is_api
from core.settings import settings_of
from people.models import Person

IDLE = timedelta(hours=12)  # OWASP ASVS 5.0 7.3.1
ABSOLUTE = timedelta(days=7)  # 7.3.2
SEEN_EVERY = timedelta(minutes=10)


def load_by_token(request: Request) -> Actor | None:
    """The owner of the token in the request, for Flask-Login. Pages ignore tokens."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not token or not is_api():
        return None
    now = clock.now()
    actor = (
        _load(ApiToken, digest=digest(token.strip()), now=now)
        if scheme.lower() == "bearer"
        else None
    )
    if actor is None:
        raise NotSignedIn("bad_token", _l("The token is unknown, was revoked or has expired."))
    if g.token_scope == READ and request.method not in ("GET", "HEAD", "OPTIONS"):
        raise NotAllowed("token_only_reads", _l("This token may only read."))
    if g.seen_at is None or g.seen_at < now - SEEN_EVERY:
        with suppress(Unavailable), transaction(patience=0):
            write(sa.update(ApiToken).where(ApiToken.id == actor.token_id).values(used_at=now))
    return actor


def load_by_visit(visit_id: str) -> Actor | None:
    """Who signed in during this visit, for Flask-Login. The API ignores cookies."""
    if is_api():
        return None
    now = clock.now()
    actor = _load(
        UserSession, digest=digest(visit_id), seen_after=now - IDLE, made_after=now - ABSOLUTE
    )
    if actor is None:
        return None
    if g.seen_at < now - SEEN_EVERY:
        with (
            suppress(Unavailable),
            transaction(patience=0),
        ):  # no page waits for it; the next one will note it
            db.session.execute(
                sa.update(UserSession).where(UserSession.id == actor.session_id).values(seen_at=now)
            )
    return actor


def _held(
    key: type[UserSession | ApiToken], *conditions: sa.ColumnElement[bool]
) -> sa.Select[Any, Person, bool, Role, Reach, int]:
    """Selects one row per role of the active account behind a session or token."""
    return (
        sa.select(
            key,
            Person,
            Account.is_demonstration,
            RoleAssignment.role,
            RoleAssignment.scope,
            RoleAssignment.scope_id,
        )
        .join(Account, Account.person_id == key.person_id)
        .join(Person, Person.id == key.person_id)
        .outerjoin(RoleAssignment, RoleAssignment.person_id == key.person_id)
        .where(key.digest == sa.bindparam("digest"), Account.is_active, *conditions)
    )


#: Built once: every request of a signed-in user begins with it.
_HELD = {
    UserSession: _held(
        UserSession,
        UserSession.seen_at > sa.bindparam("seen_after"),
        UserSession.created_at > sa.bindparam("made_after"),
    ),
    ApiToken: _held(
        ApiToken, ApiToken.revoked_at.is_(None), ApiToken.expires_at > sa.bindparam("now")
    ),
}


def _load(key: type[UserSession | ApiToken], **parameters: Any) -> Actor | None:
    """The actor behind a session or token; None without an active account."""
    rows = db.session.execute(_HELD[key], parameters).all()
    if not rows:
        return None
    credential, record, is_demonstration = rows[0][:3]
    person, roles = record, [row for row in rows if row.role is not None]
    if (
        record.merged_into_id is not None
    ):  # a session or token of a merged record gets the rights of the surviving one
        entered = signs_in_as(record)
        account = db.session.get(Account, entered.id) if entered is not None else None
        if entered is None or (account is not None and not account.is_active):
            return None
        person = entered
        roles = list(
            db.session.scalars(
                sa.select(RoleAssignment).where(RoleAssignment.person_id == person.id)
            )
        )
    if is_demonstration and (not settings_of().is_local or is_forwarded()):
        return None  # its password is public
    is_session = isinstance(credential, UserSession)
    g.profile_language = person.language
    g.seen_at = credential.seen_at if is_session else credential.used_at
    if not is_session:
        g.token_scope = credential.scope
        if credential.scope not in (ALL, READ):
            roles = [row for row in roles if row.role in credential.scope.split()]
    return make_actor(
        person,
        roles,
        is_demonstration=is_demonstration,
        session_id=credential.id if is_session else None,
        token_id=None if is_session else credential.id,
    )


def make_actor(person: Person, assignments: Iterable[Any], **facts: Any) -> Actor:
    """The actor for `person` with these roles; everyone is a participant for their own records.
    `assignments` are rows with `role`, `scope` and `scope_id`."""
    grants: dict[str, Grant] = {}
    roles: set[str] = {Role.PARTICIPANT}
    for permission in ROLES[Role.PARTICIPANT]:
        grants[permission] = Grant(self=frozenset({person.id}))
    ids_by_role: dict[
        tuple[Role, Reach], set[int]
    ] = {}  # combined: a trainer may have hundreds of deliveries
    for assignment in assignments:
        ids_by_role.setdefault((assignment.role, assignment.scope), set()).add(assignment.scope_id)
    for (role, scope), ids in ids_by_role.items():
        roles.add(role)
        for permission, reach in ROLES[role].items():
            if grant := _granted(reach, scope, ids):
                grants[permission] = grants.get(permission, Grant()) | grant
    return Actor(
        person_id=person.id,
        name=person.full_name,
        email=person.email,
        roles=frozenset(roles),
        grants=grants,
        organization_ids=frozenset(ids_by_role.get((Role.NOMINATOR, Reach.ORGANIZATION), ())),
        centre_ids=frozenset(
            id_ for (_, scope), ids in ids_by_role.items() if scope is Reach.CENTRE for id_ in ids
        ),
        office_ids=frozenset(
            id_ for (_, scope), ids in ids_by_role.items() if scope is Reach.OFFICE for id_ in ids
        ),
        **facts,
    )


def _granted(reach: Reach, scope: Reach, ids: set[int]) -> Grant | None:
    """The reach of a permission, limited by the assignment's scope. What belongs to no body is open
    to everyone who has the role in one, but a trainer of single deliveries has only these."""
    if reach is Reach.EVERYWHERE and scope in (Reach.EVERYWHERE, Reach.CENTRE, Reach.OFFICE):
        return Grant(everywhere=True)
    within: dict[str, Any] = {scope.value: frozenset(ids)}
    return Grant(**within) if reach is scope else None


def actor_for(person_id: int) -> Actor:
    """Who asked for work that a job does, with the rights of this moment. NotAllowed once the
    account is closed."""
    account = db.session.get(Account, person_id)
    if account is None or not account.is_active:
        raise NotAllowed(
            "not_allowed", _l("The person who asked for this no longer has an account.")
        )
    return actor_of(db.session.get_one(Person, person_id))


def actor_of(person: Person) -> Actor:
    """The actor for a person, outside of requests (commands, tests)."""
    return make_actor(
        person,
        db.session.scalars(sa.select(RoleAssignment).where(RoleAssignment.person_id == person.id)),
    )


def start_session(person_id: int, method: str) -> None:
    """Signs in, inside the open transaction, with a new visit id: an id known before sign-in must
    be worthless."""
    visit = session._get_current_object()  # type: ignore[attr-defined]  # Flask's proxy for the Visit
    now = clock.now()
    visit_digest = digest(visit.renew(signed_in=True))
    db.session.add(
        UserSession(
            digest=visit_digest, person_id=person_id, method=method, created_at=now, seen_at=now
        )
    )
    g.pop("csrf_token", None)
    login_user(Actor(person_id=person_id))
    publish(SignedIn(person_id, method), Actor(person_id=person_id))


def forget_session(actor: Actor) -> None:
    """Deletes the row of the actor's session in the open transaction."""
    if actor.session_id is not None:
        db.session.execute(sa.delete(UserSession).where(UserSession.id == actor.session_id))


def end_session(actor: Actor) -> None:
    """Signs out, inside the open transaction: without the row a copied cookie is worthless."""
    forget_session(actor)
    assert actor.person_id is not None
    publish(SignedOut(actor.person_id), actor)
    logout_user()
    session.renew()  # type: ignore[attr-defined]  # it is a Visit
