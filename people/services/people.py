"""Recording and changing people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core import audit, clock, jobs, mail, names, readings
from core.database import db
from core.errors import Conflict, DomainError, Invalid, collect
from core.events import publish
from core.policy import Actor, can, can_beyond_oneself, require
from people import values
from people.events import PersonChanged, PersonRecorded
from people.fields import PERSON
from people.models import Gender, IdentifierKind, Person
from people.permissions import Permission
from people.ports import end_sessions_and_links, has_account, holds_roles
from people.services.identity import (
    Comparison,
    Known,
    Register,
    clean_issuer,
    compared,
    current_record,
    find_known,
    hold,
)


@dataclass(frozen=True)
class Identified:
    """A person who was recognised, by `record`, or recorded; and what was near without being the
    same (`identity.Known`)."""

    record: Person
    person: Person
    is_new: bool
    doubts: tuple[Comparison, ...] = ()
    is_decided: bool = False


def record_person(
    actor: Actor, *, identity: str | int | None = None, update: bool = False, **said: Any
) -> Person:
    """`identify_person` for those who need only the person. A job compares someone new with
    everyone, always, where the actor may not know of others."""
    found = identify_person(actor, said, identity=identity, update=update)
    if found.is_new and not can(actor, Permission.IDENTITY_DECIDE):
        jobs.enqueue(COMPARE, person_id=found.person.id)
    return found.person


#: The job that compares a record with everyone; its name is older than this package, and jobs that
#: wait bear it.
COMPARE = "accounts.compare"
#: What may be said of a person, by name; values as `people.values` takes them.
SAID = (
    "identifier",
    "identifier_kind",
    "given_name",
    "family_name",
    "email",
    "country",
    "nationalities",
    "gender",
    "birth_date",
    "name_on_certificate",
    "language",
)


def identify_person(
    actor: Actor,
    said: Mapping[str, Any],
    *,
    identity: str | int | None = None,
    among: sa.ColumnElement[bool] | None = None,
    unless: Callable[[Person], bool] = lambda person: False,
    update: bool = False,
    register: Register | None = None,
    is_provisional: bool = False,
) -> Identified:
    """The person meant by what is `said` (SAID, `identifier_issuer`, `names_confirmed`): matched as
    `identity.find_known` says, looking only `among` these people if given, and not at one of whom
    `unless` is true; else new. `register`: what was read of these people for many at once.
    `is_provisional`: no one is recognised by a new record yet.

    `update` overwrites the given values of a matched person (with PERSON_WRITE); without it only
    gaps are filled, by the person and those who read people. What a person is recognised by is only
    added, never replaced: whoever could change an address could sign in as its owner. One name is
    enough. Refused values are all named at once, with fields such as "person.email"; names in doubt
    (people.name_rules) unless they are confirmed.
    """
    given, known = recognised(actor, said, identity, among, unless, register, update=update)
    found = current_record(known.record) if known.record is not None else None
    if update and (found is None or any(name in given for name in _NAMES)):
        _check_names(
            _chosen_names(found) | given,
            "person.",
            is_confirmed=bool(said.get("names_confirmed")),
        )
    if found is None:
        found = _insert(given | {"is_provisional": is_provisional}, "person.")
        if register is not None:
            register.add(found)
        publish(PersonRecorded(found.id), actor)
        return Identified(found, found, True, known.doubts, known.is_decided)
    for name in _KEYS:
        if given.get(name) and _key(name, given[name]) == _key(name, getattr(found, name)):
            del given[name]  # another spelling of what is known: the one that its owner gave stays
    if "identifier" not in given:
        given = {name: value for name, value in given.items() if name not in _OF_THE_NUMBER}
    if update:
        require(actor, Permission.PERSON_WRITE, found)
        _refuse_replaced_keys(actor, found, given, "person.")
        _refuse_renaming(actor, found, given, "person.")
        _overwrite(actor, found, given, "person.")
    elif can(actor, Permission.PERSON_READ, found) or can_beyond_oneself(
        actor, Permission.PERSON_READ
    ):
        _fill_gaps(actor, found, given)
    return Identified(known.record or found, found, False, known.doubts, known.is_decided)


def recognised(
    actor: Actor,
    said: Mapping[str, Any],
    identity: str | int | None,
    among: sa.ColumnElement[bool] | None,
    unless: Callable[[Person], bool],
    register: Register | None,
    *,
    update: bool = False,
) -> tuple[dict[str, Any], Known]:
    """What is said as it is kept, and who is meant by it; see `identify_person`."""
    given, is_confirmed = {name: said.get(name) for name in SAID}, bool(said.get("names_confirmed"))
    given = _clean(given, "person.", known=None if update else {}, is_confirmed=is_confirmed)
    if given.get("identifier"):
        given |= clean_issuer(
            said.get("identifier_issuer"), given.get("country"), "person.identifier_issuer"
        )
    known = find_known(
        actor,
        given,
        "person.",
        identity=identity,
        among=among,
        is_change=update,
        register=register,
    )
    if known.record is not None and unless(current_record(known.record)):
        known = Known(None)
    return given, known


def record_applicant(actor: Actor, *, names_confirmed: bool | None = None, **said: Any) -> Person:
    """Someone who applied with this address and has not shown to be its owner: a record of its
    own, which no one is recognised by. Whoever the address belongs to, the work is the same."""
    given = _clean(said, "person.", known={}, is_confirmed=bool(names_confirmed))
    made = _insert(given | {"is_provisional": True}, "person.")
    publish(PersonRecorded(made.id), actor)
    return made


def change_person(
    actor: Actor, person: Person, *, names_confirmed: bool | None = None, **changes: Any
) -> Person:
    """Overwrites the named values of `person` (None or "" empties what may be empty): by the
    person or an administrator. Names in doubt are asked about when they are new, unless
    confirmed."""
    if actor.person_id != person.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    emptied: dict[str, Any] = {
        name: None for name in _MAY_BE_EMPTY if name in changes and not changes[name]
    }
    if "family_first" in changes and changes["family_first"] is None:
        emptied["family_first"] = None
    if "nationalities" in changes and not changes["nationalities"]:
        emptied["nationalities"] = []
    issuer = changes.pop("identifier_issuer", None)
    kept = {name: value for name, value in changes.items() if name not in emptied}
    if kept.get("name_on_certificate") == person.name_on_certificate == person.full_name:
        del kept[
            "name_on_certificate"
        ]  # sent along untouched: no one chose it, and it follows the name
    missing = [
        name for name in ("name_on_certificate", "language") if name in kept and not kept[name]
    ]
    collect([Invalid("required", _l("Fill in this field."), name) for name in missing])
    cleaned = _clean(kept, "", known=_chosen_names(person), is_confirmed=bool(names_confirmed))
    if issuer is not None or cleaned.get("identifier", person.identifier) != person.identifier:
        cleaned |= clean_issuer(issuer, cleaned.get("country", person.country), "identifier_issuer")
    _overwrite(actor, person, cleaned | emptied, "")
    return person


def note_reading(actor: Actor, person_id: int) -> None:
    """That someone else read a person’s data leaves a trace."""
    if actor.person_id != person_id:
        readings.record(lambda: audit.record(actor, "person.read", f"person:{person_id}", {}))


def clean_person(
    *,
    is_new: bool,
    names_confirmed: bool | None = None,
    identifier_issuer: str | None = None,
    **given: Any,
) -> dict[str, Any]:
    """The values as `record_person` would keep them, without keeping them; raises the same
    refusals. `is_new`: of someone new, whose name must be given and be in no doubt."""
    cleaned = _clean(
        given, "person.", known={} if is_new else None, is_confirmed=bool(names_confirmed)
    )
    if cleaned.get("identifier"):
        cleaned |= clean_issuer(
            identifier_issuer, cleaned.get("country"), "person.identifier_issuer"
        )
    if is_new:
        _printed(cleaned, "person.")
    return cleaned


def _clean(
    given: dict[str, Any], prefix: str, *, known: dict[str, Any] | None, is_confirmed: bool
) -> dict[str, Any]:
    """The given values as they are kept, without those that are None. Raises all refusals
    together, also of what the names say as a whole when they are not those that are `known` ({}:
    none are; None: that is looked at elsewhere)."""
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
    if (
        known is not None
        and not is_told
        and any(cleaned.get(name, known.get(name)) != known.get(name, ...) for name in _NAMES)
    ):
        try:
            _check_names(known | cleaned, prefix, is_confirmed=is_confirmed)
        except Invalid as error:
            errors.append(error)
    collect(errors)
    return cleaned


_NAMES = ("given_name", "family_name", "name_on_certificate")
_OF_THE_NUMBER = ("identifier_kind", "issuer_id", "issuer_country")


def _names_of(person: Person | None) -> dict[str, Any]:
    return {name: getattr(person, name) for name in _NAMES} if person is not None else {}


def _chosen_names(person: Person | None) -> dict[str, Any]:
    """The names that the person has; a printed one that no one chose follows the others and is
    none."""
    chosen = _names_of(person)
    if person is not None and person.name_on_certificate == person.full_name:
        chosen["name_on_certificate"] = ""
    return chosen


def _check_names(said: dict[str, Any], prefix: str, *, is_confirmed: bool) -> None:
    if not said.get("given_name") and not said.get("family_name"):
        raise Invalid(
            "required",
            _l("Write the name. One is enough for a person with a single name."),
            prefix + "given_name",
        )
    values.check_names(
        {name: said.get(name) or "" for name in _NAMES}, is_confirmed=is_confirmed, prefix=prefix
    )


_CLEANING: dict[str, Any] = {
    "identifier": values.clean_identifier,
    "identifier_kind": lambda value, field: values.clean_member(IdentifierKind, value, field),
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
    **{field.name: field.clean for field in PERSON},
}
_MAY_BE_EMPTY = ("identifier", "email", "country", "birth_date", *(field.name for field in PERSON))


def _insert(given: dict[str, Any], prefix: str) -> Person:
    return db.session.scalars(sa.insert(Person).returning(Person), new_values(given, prefix)).one()


def new_values(given: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Of a new record."""
    called = {
        "given_name": given.get("given_name", ""),
        "family_name": given.get("family_name", ""),
    }
    kept = (
        given | called | {"name_on_certificate": _printed(given, prefix), "created_at": clock.now()}
    )
    kept["email_key"] = values.email_key(given.get("email"))
    return kept


def _printed(given: dict[str, Any], prefix: str) -> str:
    """The name for certificates: the one given, else the whole name, or Invalid when that is too
    long."""
    origin = names.Origin(
        given.get("country"), given.get("nationalities") or (), given.get("language")
    )
    whole = names.full_name(given.get("given_name", ""), given.get("family_name", ""), origin)
    return given.get("name_on_certificate") or values.whole_name(
        whole, prefix + "name_on_certificate"
    )


def _overwrite(actor: Actor, person: Person, given: dict[str, Any], prefix: str) -> None:
    _refuse_taken(actor, person, given, prefix)
    # A printed name that was never chosen follows, also where a form sends it along untouched.
    follows = (
        given.get("name_on_certificate", person.full_name)
        == person.name_on_certificate
        == person.full_name
    )
    changed = tuple(sorted(name for name, value in given.items() if getattr(person, name) != value))
    if not changed:
        return
    left = person.email if "email" in changed else None
    for name in changed:
        setattr(person, name, given[name])
    if follows:
        person.name_on_certificate = values.whole_name(
            person.full_name, prefix + "name_on_certificate"
        )
    db.session.flush()
    publish(PersonChanged(person.id, changed), actor)
    if left:
        _leave_address(actor, person, left)


def _fill_gaps(actor: Actor, person: Person, given: dict[str, Any]) -> None:
    """What was not known yet: never a name, what the person is recognised by, or a gender, of
    which "undisclosed" is one."""
    said: dict[str, Any] = {}
    for name in ("country", "nationalities", "birth_date"):
        if given.get(name) and not getattr(person, name):
            said[name] = given[name]
    _overwrite(actor, person, said, "person.")


def add_address(actor: Actor, person: Person, email: str | None) -> None:
    """An address for someone who has none, no roles and no account, which it would open. One
    that someone else has is left out, and not told: the one who says it may not know of them."""
    address = values.find_email(email)
    if not address or person.email or holds_roles(person) or has_account(person):
        return
    hold({"email": address})
    if not any("address" in one.agrees for one in compared({"email": address}, but=[person.id])):
        _overwrite(actor, person, {"email": address}, "person.")


def _leave_address(actor: Actor, person: Person, address: str) -> None:
    """What was sent to the old address opens nothing any more, whoever signed in through it is
    out, and it is told."""
    end_sessions_and_links(
        person.id, but=actor.session_id if actor.person_id == person.id else None
    )
    mail.send(
        "address_changed", address, person_id=person.id, language=person.language, person=person
    )


def _refuse_replaced_keys(actor: Actor, person: Person, given: dict[str, Any], prefix: str) -> None:
    """An address is added only where there is no account yet, which it would open."""
    if can(actor, Permission.ACCOUNT_MANAGE):
        return
    for name, sentence in _KEYS.items():
        kept, value = getattr(person, name), given.get(name)
        is_open = name == "email" and has_account(person)
        if value and value != kept and (kept or is_open):
            raise Conflict(f"{name}_differs", sentence, prefix + name)


def _refuse_renaming(actor: Actor, person: Person, given: dict[str, Any], prefix: str) -> None:
    """Others than the person need PERSON_RENAME to give another name, whatever else tells who is
    meant. Who holds an account answers to a name: a part more or less is another one. A mere
    spelling is no refusal, and the person's own stays, as the gender does."""
    if can(actor, Permission.PERSON_RENAME, person):
        return
    known = _names_of(person)
    said = known | given
    if not names.is_same_name(
        (said["given_name"], said["family_name"]), (person.given_name, person.family_name)
    ):
        raise _name_differs(prefix + "given_name")
    if not has_account(person):
        if not _covers(said, known):  # else a name could be changed in steps, by way of initials
            for name in ("given_name", "family_name"):
                given.pop(name, None)
        return
    given.pop("gender", None)  # who can sign in says that for oneself
    for field, parts in (
        ("given_name", ("given_name", "family_name")),
        ("name_on_certificate", ("name_on_certificate",)),
    ):
        if names.words_of(" ".join(said[name] for name in parts)) != names.words_of(
            " ".join(known[name] for name in parts)
        ):
            raise _name_differs(prefix + field)
    for name in _NAMES:
        given.pop(name, None)


def _covers(said: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether what is said has every word of the known name."""
    words, others = (
        names.words_of(f"{one['given_name']} {one['family_name']}") for one in (said, known)
    )
    return not Counter(others) - Counter(words)


def _name_differs(field: str) -> Conflict:
    sentence = _l(
        "This person is known by another name. Only the person or an administrator can change it."
    )
    return Conflict("name_differs", sentence, field)


_KEYS = {
    "identifier": _l(
        "This person is known with another service or staff number. An administrator can change it."
    ),
    "email": _l(
        "This person is known with another email address. The person or an administrator can "
        "change it."
    ),
}


def _key(name: str, value: str | None) -> str | None:
    """What an address or an identifier is compared by."""
    return values.email_key(value) if name == "email" else names.number_key(value or "")


def _refuse_taken(actor: Actor, person: Person, given: dict[str, Any], prefix: str) -> None:
    """No one is given another person's number or address. Only the owner of a mailbox may share
    it, by opening a link there. For those who may not know of the other person, the value is
    left out and nothing is said."""
    hold(given)
    may_know = actor.person_id == person.id or any(
        can(actor, one) for one in (Permission.IDENTITY_DECIDE, Permission.ACCOUNT_MANAGE)
    )
    for name, sentence in _TAKEN.items():
        value = given.get(name)
        if (
            not value
            or value == getattr(person, name)
            or (name == "email" and actor.person_id == person.id)
        ):
            continue
        issuer = {"issuer_country": person.issuer_country, "issuer_id": person.issuer_id}
        others = compared(issuer | given | {name: value}, but=[person.id])
        if any(_TAKEN_BY[name] in one.agrees for one in others):
            if may_know:
                raise Conflict(f"{name}_taken", sentence, prefix + name)
            for one in (name, *(_OF_THE_NUMBER if name == "identifier" else ())):
                given.pop(one, None)


_TAKEN = {
    "identifier": _l("Another person has this service or staff number."),
    "email": _l("Another person has this email address."),
}
_TAKEN_BY = {"identifier": "number", "email": "address"}
