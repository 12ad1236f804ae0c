"""Recording and changing people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from accounts import values
from accounts.events import PersonChanged, PersonMatched, PersonRecorded
from accounts.models import Account, Gender, Person
from accounts.roles import Permission
from accounts.services.account import end_sessions_and_links
from accounts.services.identity import find_known
from core import clock, mail, names
from core.database import db
from core.errors import Conflict, DomainError, Invalid, collect
from core.events import publish
from core.policy import Actor, can, require


def record_person(
    actor: Actor,
    *,
    identifier: str | None = None,
    given_name: str | None = None,
    family_name: str | None = None,
    email: str | None = None,
    country: str | None = None,
    nationalities: Sequence[str] | str | None = None,
    gender: Gender | str | None = None,
    birth_date: date | None = None,
    name_on_certificate: str | None = None,
    language: str | None = None,
    names_confirmed: bool | None = None,
    identity: str | int | None = None,
    update: bool = False,
) -> Person:
    """The person meant: matched by identifier or e-mail address where the name agrees (see `identity.find_known`), else new.

    `update` overwrites the given values of a matched person (with PERSON_WRITE); without it only gaps are filled, by those
    who may read the person. What a person is recognised by is only added, never replaced: whoever could change an address
    could sign in as its owner. One name is enough. Refused values are all named at once, with fields such as "person.email";
    names in doubt (accounts.name_rules) unless they are confirmed.
    """
    given = _clean(
        {
            "identifier": identifier, "given_name": given_name, "family_name": family_name, "email": email, "country": country,
            "nationalities": nationalities, "gender": gender, "birth_date": birth_date,
            "name_on_certificate": name_on_certificate, "language": language,
        },
        "person.",
        known=None if update else {},
        is_confirmed=bool(names_confirmed),
    )  # fmt: skip
    found = find_known(actor, given, "person.", identity=identity, is_change=update)
    if update and (found is None or any(name in given for name in _NAMES)):
        _check_names(_names_of(found) | given, "person.", is_confirmed=bool(names_confirmed))
    if found is None:
        found, is_new = _add(actor, given, "person.")
        publish(PersonRecorded(found.id) if is_new else PersonMatched(found.id), actor)
        if is_new:
            return found
    elif actor.is_anonymous and not actor.is_system:  # a stranger's application costs the same for an address that is known
        _insert(given | {"id": found.id}, "person.")
        publish(PersonMatched(found.id), actor)
    for name in _KEYS:
        if given.get(name) and _key(name, given[name]) == _key(name, getattr(found, name)):
            del given[name]  # another spelling of what is known: the one that its owner gave stays
    if update:
        require(actor, Permission.PERSON_WRITE, found)
        _refuse_replaced_keys(actor, found, given, "person.")
        _refuse_renaming(actor, found, given, "person.")
        _overwrite(actor, found, given, "person.")
    elif can(actor, Permission.PERSON_READ, found):
        _fill_gaps(actor, found, given)
    return found


def change_person(actor: Actor, person: Person, *, names_confirmed: bool | None = None, **changes: Any) -> Person:
    """Overwrites the named values of `person` (None or "" empties what may be empty): by the person or an administrator.
    Names in doubt are asked about when they are new, unless confirmed."""
    if actor.person_id != person.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    emptied: dict[str, Any] = {
        name: None for name in ("identifier", "email", "country", "birth_date") if name in changes and not changes[name]
    }
    if "family_first" in changes and changes["family_first"] is None:
        emptied["family_first"] = None
    if "nationalities" in changes and not changes["nationalities"]:
        emptied["nationalities"] = []
    kept = {name: value for name, value in changes.items() if name not in emptied}
    missing = [name for name in ("name_on_certificate", "language") if name in kept and not kept[name]]
    collect([Invalid("required", _l("Fill in this field."), name) for name in missing])
    cleaned = _clean(kept, "", known=_names_of(person), is_confirmed=bool(names_confirmed))
    _overwrite(actor, person, cleaned | emptied, "")
    return person


def clean_person(*, is_new: bool, names_confirmed: bool | None = None, **given: Any) -> dict[str, Any]:
    """The values as `record_person` would keep them, without keeping them; raises the same refusals. `is_new`: of somebody new,
    whose name must be given and be in no doubt."""
    cleaned = _clean(given, "person.", known={} if is_new else None, is_confirmed=bool(names_confirmed))
    if is_new:
        _printed(cleaned, "person.")
    return cleaned


def _clean(given: dict[str, Any], prefix: str, *, known: dict[str, Any] | None, is_confirmed: bool) -> dict[str, Any]:
    """The given values as they are kept, without those that are None. Raises all refusals together, also of what the names
    say as a whole when they are not those that are `known` ({}: none are; None: that is looked at elsewhere)."""
    cleaned: dict[str, Any] = {}
    errors: list[DomainError] = []
    for name, value in given.items():
        if value is None or value == "" and name not in ("given_name", "family_name"):
            continue
        try:
            cleaned[name] = _CLEANING[name](value, prefix + name)
        except DomainError as error:
            errors.append(error)
    is_told = any((error.field or "").removeprefix(prefix) in _NAMES for error in errors)
    if known is not None and not is_told and any(cleaned.get(name, known.get(name)) != known.get(name, ...) for name in _NAMES):
        try:
            _check_names(known | cleaned, prefix, is_confirmed=is_confirmed)
        except Invalid as error:
            errors.append(error)
    collect(errors)
    return cleaned


_NAMES = ("given_name", "family_name", "name_on_certificate")


def _names_of(person: Person | None) -> dict[str, Any]:
    return {name: getattr(person, name) for name in _NAMES} if person is not None else {}


def _check_names(said: dict[str, Any], prefix: str, *, is_confirmed: bool) -> None:
    if not said.get("given_name") and not said.get("family_name"):
        raise Invalid("required", _l("Write the name. One is enough for a person with a single name."), prefix + "given_name")
    values.check_names({name: said.get(name) or "" for name in _NAMES}, is_confirmed=is_confirmed, prefix=prefix)


_CLEANING: dict[str, Any] = {
    "identifier": values.clean_identifier,
    "given_name": values.clean_name,
    "family_name": values.clean_name,
    "name_on_certificate": values.clean_name,
    "email": values.clean_email,
    "country": values.clean_country,
    "nationalities": values.clean_nationalities,
    "language": values.clean_language,
    "birth_date": values.clean_birth_date,
    "family_first": lambda value, field: bool(value),
    "gender": lambda value, field: values.clean_member(Gender, value, field),
}


def _add(actor: Actor, given: dict[str, Any], prefix: str) -> tuple[Person, bool]:
    """The new person, or the one that somebody else added at the same moment."""
    made = _insert(given, prefix)
    if made is not None:
        return made, True
    found = find_known(actor, given, prefix, identity=None, is_change=False)
    if found is None:  # another person with the same address came in between
        found = _insert(given, prefix)
        assert found is not None, "whatever belongs to others was left to them"
        return found, True
    return found, False


def _insert(given: dict[str, Any], prefix: str) -> Person | None:
    """The new person; None when there is one with this identifier or address."""
    called = {"given_name": given.get("given_name", ""), "family_name": given.get("family_name", "")}
    kept = given | called | {"name_on_certificate": _printed(given, prefix), "created_at": clock.now()}
    kept["email_key"] = values.email_key(given.get("email"))
    return db.session.scalar(_INSERT[db.engine.dialect.name], kept)


def _printed(given: dict[str, Any], prefix: str) -> str:
    """The name for certificates: the one given, else the whole name, or Invalid when that is too long."""
    origin = names.Origin(given.get("country"), given.get("nationalities") or (), given.get("language"))
    whole = names.full_name(given.get("given_name", ""), given.get("family_name", ""), origin)
    return given.get("name_on_certificate") or values.whole_name(whole, prefix + "name_on_certificate")


_INSERT = {
    dialect.dialect.name: dialect.insert(Person).on_conflict_do_nothing().returning(Person) for dialect in (sqlite, postgresql)
}


def _overwrite(actor: Actor, person: Person, given: dict[str, Any], prefix: str) -> None:
    _refuse_taken(person, given, prefix)
    # A printed name that was never chosen follows, also where a form sends it along untouched.
    follows = given.get("name_on_certificate", person.full_name) == person.name_on_certificate == person.full_name
    changed = tuple(sorted(name for name, value in given.items() if getattr(person, name) != value))
    if not changed:
        return
    left = person.email if "email" in changed else None
    for name in changed:
        setattr(person, name, given[name])
    if follows:
        person.name_on_certificate = values.whole_name(person.full_name, prefix + "name_on_certificate")
    try:
        db.session.flush()
    except IntegrityError:  # somebody was given the same this very moment
        sentence = _l("Another person was just given the same. Look again.")
        raise Conflict("person_conflict", sentence, prefix + changed[0]) from None
    publish(PersonChanged(person.id, changed), actor)
    if left:
        _leave_address(actor, person, left)


def _fill_gaps(actor: Actor, person: Person, given: dict[str, Any]) -> None:
    """What was not known yet: never a name, what the person is recognised by, or a gender, of which "undisclosed" is one."""
    said: dict[str, Any] = {}
    for name in ("country", "nationalities", "birth_date"):
        if given.get(name) and not getattr(person, name):
            said[name] = given[name]
    _overwrite(actor, person, said, "person.")


def _leave_address(actor: Actor, person: Person, address: str) -> None:
    """What was sent to the old address opens nothing any more, whoever signed in through it is out, and it is told."""
    end_sessions_and_links(person.id, but=actor.session_id if actor.person_id == person.id else None)
    mail.send("address_changed", address, person_id=person.id, language=person.language, person=person)


def _refuse_replaced_keys(actor: Actor, person: Person, given: dict[str, Any], prefix: str) -> None:
    """An address is added only where there is no account yet, which it would open."""
    if can(actor, Permission.ACCOUNT_MANAGE):
        return
    for name, sentence in _KEYS.items():
        kept, value = getattr(person, name), given.get(name)
        is_open = name == "email" and db.session.get(Account, person.id) is not None
        if value and value != kept and (kept or is_open):
            raise Conflict(f"{name}_differs", sentence, prefix + name)


def _refuse_renaming(actor: Actor, person: Person, given: dict[str, Any], prefix: str) -> None:
    """Who holds an account answers to a name: others than the person need PERSON_RENAME to give another one. Another spelling
    of the same name is no refusal, and the person's own spelling stays."""
    if can(actor, Permission.PERSON_RENAME, person) or db.session.get(Account, person.id) is None:
        return
    known = _names_of(person)
    said = known | given
    for field, parts in (("given_name", ("given_name", "family_name")), ("name_on_certificate", ("name_on_certificate",))):
        if names.words_of(" ".join(said[name] for name in parts)) != names.words_of(" ".join(known[name] for name in parts)):
            sentence = _l("This person has an account. Only the person or an administrator can change the name.")
            raise Conflict("name_differs", sentence, prefix + field)
    for name in _NAMES:
        given.pop(name, None)


_KEYS = {
    "identifier": _l("This person is known with another identifier. An administrator can change it."),
    "email": _l("This person is known with another e-mail address. The person or an administrator can change it."),
}


def _key(name: str, value: str | None) -> str | None:
    """What an address or an identifier is compared by."""
    return values.email_key(value) if name == "email" else names.number_key(value or "")


def _refuse_taken(person: Person, given: dict[str, Any], prefix: str) -> None:
    for name, sentence in _TAKEN.items():
        value = given.get(name)
        if not value or value == getattr(person, name):
            continue
        same = getattr(Person, f"{name}_key") == _key(name, value)
        if db.session.scalar(sa.select(Person.id).where(same, Person.id != person.id)):
            raise Conflict(f"{name}_taken", sentence, prefix + name)


_TAKEN = {
    "identifier": _l("Another person has this identifier."),
    "email": _l("Another person has this e-mail address."),
}
