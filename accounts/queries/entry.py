"""Reading links, sessions, tokens, and the people of a demonstration."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts.demonstration import is_demonstration_here
from accounts.models import Account, ApiToken, SignInLink, UserSession
from accounts.queries.people import RoleHeld, find_account, roles_of
from accounts.secrets import digest
from accounts.services.address import PREFIX
from accounts.services.entry import link_ends_at
from accounts.services.mailboxes import signs_in_as
from core import clock
from core.database import db
from core.errors import NotFound
from core.policy import Actor
from people.models import Person
from people.services.identity import records_of

#: For this long after signing in, people need not confirm who they are.
RECENTLY = timedelta(minutes=15)


class LinkState(enum.StrEnum):
    GOOD = "good"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class DemonstrationPerson:
    """A person to sign in as, in a demonstration."""

    person: Person
    roles: list[RoleHeld]


def link_state(token: str) -> tuple[LinkState, Person | None, str]:
    """The state of the link, whose it is, and its target. Looking does not use it up."""
    row = db.session.execute(
        sa.select(SignInLink, Person, Account)
        .join(Person, Person.id == SignInLink.person_id)
        .outerjoin(Account, Account.person_id == Person.id)
        .where(SignInLink.digest == digest(token))
    ).first()
    if row is None or row[0].target.startswith(PREFIX):
        return LinkState.UNKNOWN, None, ""
    link, record, account = row
    person = signs_in_as(record)
    if person is None:
        return LinkState.UNKNOWN, None, ""
    if link.used_at is not None:
        return LinkState.USED, person, link.target
    if link_ends_at(link) <= clock.now():
        return LinkState.EXPIRED, person, link.target
    is_out = account is not None and (
        not account.is_active or (account.is_demonstration and not is_demonstration_here())
    )
    return (LinkState.UNKNOWN, None, "") if is_out else (LinkState.GOOD, person, link.target)


def sessions_of(person_id: int) -> list[UserSession]:
    """The person's sessions, latest first."""
    statement = (
        sa.select(UserSession)
        .where(UserSession.person_id.in_(records_of(person_id)))
        .order_by(UserSession.seen_at.desc())
    )
    return list(db.session.scalars(statement.limit(50)))


def session_started(session_id: int) -> tuple[str, datetime] | None:
    """How and when this session began."""
    row = db.session.get(UserSession, session_id)
    return (row.method, row.created_at) if row is not None else None


def signed_in_recently(actor: Actor, *, only: str | None = None) -> bool:
    """Whether the actor signed in a moment ago, by any method or `only` this one."""
    method, since = session_started(actor.session_id or 0) or ("", None)
    return since is not None and since > clock.now() - RECENTLY and only in (None, method)


def asks_password(actor: Actor) -> bool:
    """Whether the actor must enter their password before changing how they sign in: they have one
    and did not just sign in by link."""
    account = find_account(actor.person_id or 0)
    return bool(account and account.password_hash) and not signed_in_recently(actor, only="link")


def came_by_link(actor: Actor) -> bool:
    """Whether the actor signed in by an emailed link."""
    started = session_started(actor.session_id or 0)
    return started is not None and started[0] == "link"


def tokens_of(person_id: int) -> list[ApiToken]:
    """The person's valid tokens."""
    living = ApiToken.revoked_at.is_(None), ApiToken.expires_at > clock.now()
    statement = sa.select(ApiToken).where(ApiToken.person_id.in_(records_of(person_id)), *living)
    return list(db.session.scalars(statement.order_by(ApiToken.id)))


def get_token(person_id: int, token_id: int) -> ApiToken:
    """One of the person's valid tokens; NotFound."""
    token = next(
        (api_token for api_token in tokens_of(person_id) if api_token.id == token_id), None
    )
    if token is None:
        raise NotFound("unknown_token", _l("This token is not known here."))
    return token


def demonstration_people() -> list[DemonstrationPerson]:
    """The people one may sign in as in a demonstration; otherwise empty."""
    if not is_demonstration_here():
        return []
    statement = sa.select(Person).join(Account, Account.person_id == Person.id)
    people = list(
        db.session.scalars(
            statement.where(Account.is_demonstration, Account.is_active).order_by(Person.id)
        )
    )
    roles = roles_of(person.id for person in people)
    return [DemonstrationPerson(person, roles.get(person.id, [])) for person in people]
