"""Reading people."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core import i18n
from core.database import db, in_thousands
from core.errors import NotFound
from core.mail import Mail, MailState
from core.policy import Actor, visible
from people.models import Organization, Person
from people.permissions import Permission
from people.services.identity import current_record


def get_person(actor: Actor, person_id: int) -> Person:
    """The person, also by the id of a merged record. NotFound if unknown or not visible to the
    actor."""
    seen = visible(Person, actor, Permission.PERSON_READ)
    person = db.session.scalar(sa.select(Person).where(Person.id == person_id, seen))
    if person is None:
        raise NotFound("unknown_person", _l("This person is not known here."))
    return current_record(person)


def find_own_person(actor: Actor) -> Person | None:
    """The actor's own record; None if not signed in."""
    return db.session.get(Person, actor.person_id) if actor.person_id else None


def get_own_person(actor: Actor) -> Person:
    """The same for an actor who is signed in."""
    return db.session.get_one(Person, actor.person_id)


def issuer_of(person: Person) -> tuple[str, str]:
    """The issuer of the person's number, as (code, name); both empty if unknown."""
    if person.issuer_id is not None:
        body = db.session.get_one(Organization, person.issuer_id)
        return body.code, body.name
    return person.issuer_country or "", i18n.country_name(person.issuer_country)


def refused_mail(person_ids: Iterable[int]) -> dict[int, Mail]:
    """The people mail does not reach, by id: the newest message handed to the mail server was
    refused, and the person still has the address it went to."""
    ended = (MailState.SENT, MailState.REFUSED)
    of_them = Mail.person_id.in_(list(person_ids)), Mail.state.in_(ended)
    newest_of_each = sa.select(sa.func.max(Mail.id)).where(*of_them).group_by(Mail.person_id)
    refused = (
        sa.select(Mail)
        .join(Person, Person.id == Mail.person_id)
        .where(
            Mail.id.in_(newest_of_each),
            Mail.state == MailState.REFUSED,
            Mail.address == Person.email,
        )
    )
    return {
        message.person_id: message
        for message in db.session.scalars(refused)
        if message.person_id is not None
    }


def names_of(person_ids: Iterable[int | None]) -> dict[int, str]:
    """Names by id, with one query per thousand."""
    ids = sorted({person_id for person_id in person_ids if person_id is not None})
    names: dict[int, str] = {}
    for chunk in in_thousands(ids):
        for person in db.session.scalars(sa.select(Person).where(Person.id.in_(chunk))):
            names[person.id] = person.full_name
    return names
