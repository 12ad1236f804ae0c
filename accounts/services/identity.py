"""Who is meant: a person is known by a number or an address only together with the name. No identity is guessed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts.models import Person
from accounts.roles import Permission
from accounts.values import email_key
from core import names
from core.database import db
from core.errors import Conflict, Invalid
from core.policy import Actor, can_beyond_oneself

NEW = "new"


def find_known(actor: Actor, given: dict[str, Any], prefix: str, *, identity: str | int | None, is_change: bool) -> Person | None:
    """The person whom clean values mean; None for somebody new.

    Where number or address belong to another name, those who may read that person are told (Conflict identity_in_doubt) and
    decide by `identity`: NEW, or the person's id. Everybody else gets somebody new and learns nothing: `given` then keeps
    the address as shared and the number without its key, because both stay with whom they are known of. With `is_change`
    the number alone tells who is meant, and its bearer may be renamed.
    """
    number, address = names.number_key(given.get("identifier") or ""), email_key(given.get("email"))
    near = _with_any(number or None, address)
    numbered = next((one for one in near if number and one.identifier_key == number), None)
    reads_people = can_beyond_oneself(actor, Permission.PERSON_READ)
    if identity is not None and reads_people:
        return _as_decided(identity, near, given, numbered, address, prefix)
    if numbered is not None and (is_change or _is_same(given, numbered) or given.get("birth_date", ...) == numbered.birth_date):
        _leave_address(given, near, numbered, address, prefix, is_told=reads_people)
        return numbered
    addressed = [one for one in near if address and address in (one.email_key, one.shared_email_key)]
    namesakes = [one for one in addressed if _is_same(given, one) or (is_change and one.id == actor.person_id)]
    if namesakes:
        found = min(namesakes, key=lambda one: (one.email_key is None, one.id))
        if number and found.identifier_key not in (None, number) and reads_people:
            raise _conflict(prefix)
        return found
    if near and (reads_people or is_change):
        sentence = _l(
            "This e-mail address or number is known here with another name. If it is the same person, write the name as it is "
            "known; if not, give an address or a number of the person’s own."
        )
        raise Conflict("identity_in_doubt", sentence, prefix + ("identifier" if numbered is not None else "email"))
    _stand_aside(given, near, numbered, address)
    return None


def require_own_name(person: Person, given_name: str | None, family_name: str | None, field: str) -> None:
    """Who enters oneself does so under the own name: another one would stand on the certificate. Conflict at `field`."""
    if not _is_same({"given_name": given_name, "family_name": family_name}, person):
        sentence = _l(
            "This is not the name on your account. Change it on your own page first, or have the other person enrolled by a "
            "coordinator."
        )
        raise Conflict("identity_in_doubt", sentence, field)


def _as_decided(
    identity: str | int, near: list[Person], given: dict[str, Any], numbered: Person | None, address: str | None, prefix: str
) -> Person | None:
    if identity == NEW:
        _stand_aside(given, near, numbered, address)
        return None
    found = next((one for one in near if one.id == identity), None)
    if found is None:
        sentence = _l("Nobody with this id has this address or number. Say “new” for another person.")
        raise Invalid("unknown_identity", sentence, "identity")
    return found


def _is_same(given: dict[str, Any], person: Person) -> bool:
    said = given.get("given_name") or "", given.get("family_name") or ""
    return not any(said) or names.is_same_name(said, (person.given_name, person.family_name))


def _leave_address(
    given: dict[str, Any], near: list[Person], found: Person, address: str | None, prefix: str, *, is_told: bool
) -> None:
    """The address given beside a known number may be somebody else's: it stays with that person."""
    owner = next((one for one in near if address and one.email_key == address and one is not found), None)
    if owner is None:
        return
    if is_told:
        raise _conflict(prefix)
    del given["email"]


def _conflict(prefix: str) -> Conflict:
    sentence = _l("This e-mail address belongs to another person than this identifier. Correct one of them.")
    return Conflict("person_conflict", sentence, prefix + "email")


def _stand_aside(given: dict[str, Any], near: list[Person], numbered: Person | None, address: str | None) -> None:
    if numbered is not None:
        given["identifier_key"] = None
    if address and any(one.email_key == address for one in near):
        given |= {"shared_email": given.pop("email"), "shared_email_key": address}


def _with_any(number: str | None, address: str | None) -> list[Person]:
    wanted = {name: value for name, value in (("number", number), ("address", address)) if value}
    return list(db.session.scalars(_having(tuple(wanted)), wanted)) if wanted else []


@lru_cache(maxsize=4)
def _having(keys: tuple[str, ...]) -> sa.Select[Person]:
    """The people who have this number or this address. Made once: whoever is entered or applies is looked for."""
    columns = {"number": (Person.identifier_key,), "address": (Person.email_key, Person.shared_email_key)}
    conditions = (column == sa.bindparam(key) for key in keys for column in columns[key])
    return sa.select(Person).where(sa.or_(*conditions)).order_by(Person.id)
