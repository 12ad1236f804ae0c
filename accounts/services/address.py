"""Changing one's email address: it counts once its owner has opened a link sent to it."""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts.models import SignInLink
from accounts.secrets import digest
from core import clock, mail
from core.database import db
from core.errors import Conflict, Invalid, NotAllowed
from core.policy import Actor
from core.settings import settings_of
from people import values
from people.models import Person
from people.services.people import change_person

#: A link with such a target confirms an address and signs no one in: the address is still unproven.
PREFIX = "email:"
LIFETIME = timedelta(hours=2)


def ask_for_address(actor: Actor, person: Person, email: str) -> None:
    """Sends a link to the new address. Anyone who can open it may use the mailbox, also a shared
    one."""
    if actor.person_id != person.id:
        raise NotAllowed("not_allowed", _l("You do not have the right to do this."))
    address = values.clean_email(email, "email")
    if address == person.email:
        raise Conflict("same_email", _l("This is your address already."), "email")
    token, now = secrets.token_urlsafe(32), clock.now()
    target = PREFIX + address
    ends = now + LIFETIME
    db.session.add(
        SignInLink(
            digest=digest(token),
            person_id=person.id,
            target=target,
            created_at=now,
            expires_at=ends,
        )
    )
    mail.send(
        "new_address",
        address,
        person_id=person.id,
        language=person.language,
        secret=True,
        expires_at=ends,
        link=f"{settings_of().public_url}/me/email/{token}",
        person=person,
    )


def find_asked_address(actor: Actor, token: str) -> str | None:
    """The address that this link confirms for the actor; None if it cannot be used."""
    row = db.session.scalar(sa.select(SignInLink).where(*_usable(actor, token)))
    return row.target.removeprefix(PREFIX) if row is not None else None


def confirm_address(actor: Actor, person: Person, token: str) -> None:
    """Makes the new address count, once, and notifies the old one."""
    row = db.session.scalar(sa.select(SignInLink).where(*_usable(actor, token)))
    if row is None or row.person_id != person.id:
        raise Invalid("bad_link", _l("This link cannot be used."))
    row.used_at = clock.now()
    change_person(actor, person, email=row.target.removeprefix(PREFIX))


def _usable(actor: Actor, token: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        SignInLink.digest == digest(token),
        SignInLink.person_id == (actor.person_id or 0),
        SignInLink.target.startswith(PREFIX, autoescape=True),
        SignInLink.used_at.is_(None),
        SignInLink.expires_at > clock.now(),
    )
