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
    """A person, recognised by `record` or newly recorded, with the records that resembled it
    without being the same (`identity.Known`)."""

    record: Person
    person: Person
    is_new: bool
    doubts: tuple[Comparison, ...] = ()
    is_decided: bool = False


def record_person(
    actor: Actor, *, identity: str | int | None = None, update: bool = False, **facts: Any
) -> Person:
    """`identify_person` for callers that need only the person. If the actor may not see other
    people, a job always compares someone new with everyone."""
    identified = identify_person(actor, facts, identity=identity, update=update)
    if identified.is_new and not can(actor, Permission.IDENTITY_DECIDE):
        jobs.enqueue(COMPARE, person_id=identified.person.id)
    return identified.person


#: The job that compares a record with everyone. The name predates this package; queued jobs use it.
COMPARE = "accounts.compare"
#: The facts of a person that callers may pass, in the forms that `people.values` accepts.
FACTS = (
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
    facts: Mapping[str, Any],
    *,
    identity: str | int | None = None,
    among: sa.ColumnElement[bool] | None = None,
    unless: Callable[[Person], bool] = lambda person: False,
    update: bool = False,
    register: Register | None = None,
    is_provisional: bool = False,
) -> Identified:
    """The person described by `facts` (FACTS, `identifier_issuer`, `names_confirmed`): a match (see
    `identity.find_known`) `among` these people, passing over those for whom `unless` is true, or a
    new one. `register` holds people read in advance for a bulk operation; `is_provisional`: no one
    is recognised by a new record yet.

    `update` overwrites the stored values of a match (needs PERSON_WRITE); without it only gaps are
    filled, by the person and by those who may read people. A number or address is only added,
    never replaced: changing an address would let someone sign in as its owner. One name is
    enough. All refused values are reported together, with fields such as "person.email"; so are
    doubtful names (people.name_rules) that are not confirmed.
    """
    cleaned, known = recognised(actor, facts, identity, among, unless, register, update=update)
    person = current_record(known.record) if known.record is not None else None
    if update and (person is None or any(name in cleaned for name in _NAMES)):
        is_confirmed = bool(facts.get("names_confirmed"))
        _check_names(_chosen_names(person) | cleaned, "person.", is_confirmed=is_confirmed)
    if person is None:
        person = _insert(cleaned | {"is_provisional": is_provisional}, "person.")
        if register is not None:
            register.add(person)
        publish(PersonRecorded(person.id), actor)
        return Identified(person, person, True, known.doubts, known.is_decided)
    _apply(actor, person, cleaned, update=update)
    return Identified(known.record or person, person, False, known.doubts, known.is_decided)


def _apply(actor: Actor, person: Person, cleaned: dict[str, Any], *, update: bool) -> None:
    """Stores the facts about a person who was recognised."""
    for name in _KEYS:
        if cleaned.get(name) and _key(name, cleaned[name]) == _key(name, getattr(person, name)):
            del cleaned[name]  # only another spelling: keep the owner's own
    if "identifier" not in cleaned:
        cleaned = {name: value for name, value in cleaned.items() if name not in _OF_THE_NUMBER}
    if update:
        require(actor, Permission.PERSON_WRITE, person)
        _refuse_replaced_keys(actor, person, cleaned, "person.")
        _refuse_renaming(actor, person, cleaned, "person.")
        _overwrite(actor, person, cleaned, "person.")
    elif can(actor, Permission.PERSON_READ, person) or can_beyond_oneself(
        actor, Permission.PERSON_READ
    ):
        _fill_gaps(actor, person, cleaned)


def recognised(
    actor: Actor,
    facts: Mapping[str, Any],
    identity: str | int | None,
    among: sa.ColumnElement[bool] | None,
    unless: Callable[[Person], bool],
    register: Register | None,
    *,
    update: bool = False,
) -> tuple[dict[str, Any], Known]:
    """What is facts as it is kept, and who is meant by it; see `identify_person`."""
    cleaned, is_confirmed = (
        {name: facts.get(name) for name in FACTS},
        bool(facts.get("names_confirmed")),
    )
    cleaned = _clean(cleaned, "person.", known=None if update else {}, is_confirmed=is_confirmed)
    if cleaned.get("identifier"):
        cleaned |= clean_issuer(
            facts.get("identifier_issuer"), cleaned.get("country"), "person.identifier_issuer"
        )
    known = find_known(
        actor,
        cleaned,
        "person.",
        identity=identity,
        among=among,
        is_change=update,
        register=register,
    )
    if known.record is not None and unless(current_record(known.record)):
        known = Known(None)
    return cleaned, known


def record_applicant(actor: Actor, *, names_confirmed: bool | None = None, **facts: Any) -> Person:
    """Someone who applied with this address and has not shown to be its owner: a record of its
    own, which no one is recognised by. Whoever the address belongs to, the work is the same."""
    cleaned = _clean(facts, "person.", known={}, is_confirmed=bool(names_confirmed))
    person = _insert(cleaned | {"is_provisional": True}, "person.")
    publish(PersonRecorded(person.id), actor)
    return person


def change_person(
    actor: Actor, person: Person, *, names_confirmed: bool | None = None, **changes: Any
) -> Person:
    """Overwrites the named values of `person` (None or "" clears those that may be empty), for the
    person or an administrator. New names that look doubtful must be confirmed."""
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
    filled = {name: value for name, value in changes.items() if name not in emptied}
    if filled.get("name_on_certificate") == person.name_on_certificate == person.full_name:
        # Sent unchanged by the form: it was never chosen, so it follows the name.
        del filled["name_on_certificate"]
    missing = [
        name for name in ("name_on_certificate", "language") if name in filled and not filled[name]
    ]
    collect([Invalid("required", _l("Fill in this field."), name) for name in missing])
    cleaned = _clean(filled, "", known=_chosen_names(person), is_confirmed=bool(names_confirmed))
    if issuer is not None or cleaned.get("identifier", person.identifier) != person.identifier:
        cleaned |= clean_issuer(issuer, cleaned.get("country", person.country), "identifier_issuer")
    _overwrite(actor, person, cleaned | emptied, "")
    return person


def note_reading(actor: Actor, person_id: int) -> None:
    """Records in the audit trail that someone else read a person’s data."""
    if actor.person_id != person_id:
        readings.record(lambda: audit.record(actor, "person.read", f"person:{person_id}", {}))


def clean_person(
    *,
    is_new: bool,
    names_confirmed: bool | None = None,
    identifier_issuer: str | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """The values as `record_person` would store them, without storing them; raises the same
    refusals. A new person (`is_new`) needs a name that is free of doubt."""
    cleaned = _clean(
        facts, "person.", known={} if is_new else None, is_confirmed=bool(names_confirmed)
    )
    if cleaned.get("identifier"):
        cleaned |= clean_issuer(
            identifier_issuer, cleaned.get("country"), "person.identifier_issuer"
        )
    if is_new:
        _printed(cleaned, "person.")
    return cleaned


def _clean(
    facts: dict[str, Any], prefix: str, *, known: dict[str, Any] | None, is_confirmed: bool
) -> dict[str, Any]:
    """The values as they are stored, without those that are None. Raises all refusals together.
    Names that differ from the `known` ones are also checked as a whole ({}: none are known; None:
    the caller checks them)."""
    cleaned: dict[str, Any] = {}
    errors: list[DomainError] = []
    for name, value in facts.items():
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
    """The person's names. A name on certificates that was never chosen follows the others, so it
    is left empty."""
    chosen = _names_of(person)
    if person is not None and person.name_on_certificate == person.full_name:
        chosen["name_on_certificate"] = ""
    return chosen


def _check_names(facts: dict[str, Any], prefix: str, *, is_confirmed: bool) -> None:
    if not facts.get("given_name") and not facts.get("family_name"):
        raise Invalid(
            "required",
            _l("Write the name. One is enough for a person with a single name."),
            prefix + "given_name",
        )
    values.check_names(
        {name: facts.get(name) or "" for name in _NAMES}, is_confirmed=is_confirmed, prefix=prefix
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


def _insert(facts: dict[str, Any], prefix: str) -> Person:
    return db.session.scalars(sa.insert(Person).returning(Person), new_values(facts, prefix)).one()


def new_values(facts: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The columns of a new record."""
    called = {
        "given_name": facts.get("given_name", ""),
        "family_name": facts.get("family_name", ""),
    }
    columns = (
        facts | called | {"name_on_certificate": _printed(facts, prefix), "created_at": clock.now()}
    )
    columns["email_key"] = values.email_key(facts.get("email"))
    return columns


def _printed(facts: dict[str, Any], prefix: str) -> str:
    """The name on certificates: the chosen one, else the full name; Invalid if that is too
    long."""
    origin = names.Origin(
        facts.get("country"), facts.get("nationalities") or (), facts.get("language")
    )
    full_name = names.full_name(facts.get("given_name", ""), facts.get("family_name", ""), origin)
    return facts.get("name_on_certificate") or values.whole_name(
        full_name, prefix + "name_on_certificate"
    )


def _overwrite(actor: Actor, person: Person, facts: dict[str, Any], prefix: str) -> None:
    _refuse_taken(actor, person, facts, prefix)
    # A name on certificates that was never chosen follows the name, also when a form sends it back.
    follows = (
        facts.get("name_on_certificate", person.full_name)
        == person.name_on_certificate
        == person.full_name
    )
    changed = tuple(sorted(name for name, value in facts.items() if getattr(person, name) != value))
    if not changed:
        return
    former_email = person.email if "email" in changed else None
    for name in changed:
        setattr(person, name, facts[name])
    if follows:
        person.name_on_certificate = values.whole_name(
            person.full_name, prefix + "name_on_certificate"
        )
    db.session.flush()
    publish(PersonChanged(person.id, changed), actor)
    if former_email:
        _leave_address(actor, person, former_email)


def _fill_gaps(actor: Actor, person: Person, facts: dict[str, Any]) -> None:
    """Fills in unknown values, but never a name, a number, an address, or the gender, which always
    has a value ("undisclosed")."""
    gaps: dict[str, Any] = {}
    for name in ("country", "nationalities", "birth_date"):
        if facts.get(name) and not getattr(person, name):
            gaps[name] = facts[name]
    _overwrite(actor, person, gaps, "person.")


def add_address(actor: Actor, person: Person, email: str | None) -> None:
    """Adds an address to a person without one, and without the roles or account that it would
    open. Someone else's address is silently left out: the actor may not know of that person."""
    address = values.find_email(email)
    if not address or person.email or holds_roles(person) or has_account(person):
        return
    hold({"email": address})
    if not any(
        "address" in other.agrees for other in compared({"email": address}, but=[person.id])
    ):
        _overwrite(actor, person, {"email": address}, "person.")


def _leave_address(actor: Actor, person: Person, address: str) -> None:
    """Links sent to the old address stop working, its sessions end, and it is notified."""
    end_sessions_and_links(
        person.id, but=actor.session_id if actor.person_id == person.id else None
    )
    mail.send(
        "address_changed", address, person_id=person.id, language=person.language, person=person
    )


def _refuse_replaced_keys(actor: Actor, person: Person, facts: dict[str, Any], prefix: str) -> None:
    """Refuses to replace a number or address. An address is added only if the person has no
    account, which it would open."""
    if can(actor, Permission.ACCOUNT_MANAGE):
        return
    for name, sentence in _KEYS.items():
        current, value = getattr(person, name), facts.get(name)
        is_open = name == "email" and has_account(person)
        if value and value != current and (current or is_open):
            raise Conflict(f"{name}_differs", sentence, prefix + name)


def _refuse_renaming(actor: Actor, person: Person, facts: dict[str, Any], prefix: str) -> None:
    """Anyone but the person needs PERSON_RENAME to change the name, however certain the match.
    For a person with an account, adding or dropping a part of the name is a change too. A different
    spelling is not refused, but the person's own stays, as does the gender."""
    if can(actor, Permission.PERSON_RENAME, person):
        return
    known = _names_of(person)
    claimed = known | facts
    if not names.is_same_name(
        (claimed["given_name"], claimed["family_name"]), (person.given_name, person.family_name)
    ):
        raise _name_differs(prefix + "given_name")
    if not has_account(person):
        if not _covers(claimed, known):  # else initials would let a name be changed in steps
            for name in ("given_name", "family_name"):
                facts.pop(name, None)
        return
    facts.pop("gender", None)  # people who can sign in state it themselves
    for field, parts in (
        ("given_name", ("given_name", "family_name")),
        ("name_on_certificate", ("name_on_certificate",)),
    ):
        if names.words_of(" ".join(claimed[name] for name in parts)) != names.words_of(
            " ".join(known[name] for name in parts)
        ):
            raise _name_differs(prefix + field)
    for name in _NAMES:
        facts.pop(name, None)


def _covers(claimed: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether the claimed name has every word of the known one."""
    words, others = (
        names.words_of(f"{names_of['given_name']} {names_of['family_name']}")
        for names_of in (claimed, known)
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
    """The form in which an address or identifier is compared."""
    return values.email_key(value) if name == "email" else names.number_key(value or "")


def _refuse_taken(actor: Actor, person: Person, facts: dict[str, Any], prefix: str) -> None:
    """Refuses another person's number or address. Only the owner of a mailbox may share it, by
    opening a link there. An actor who may not know of the other person gets no refusal: the value
    is silently left out."""
    hold(facts)
    may_know = actor.person_id == person.id or any(
        can(actor, permission)
        for permission in (Permission.IDENTITY_DECIDE, Permission.ACCOUNT_MANAGE)
    )
    for name, sentence in _TAKEN.items():
        value = facts.get(name)
        if (
            not value
            or value == getattr(person, name)
            or (name == "email" and actor.person_id == person.id)
        ):
            continue
        issuer = {"issuer_country": person.issuer_country, "issuer_id": person.issuer_id}
        others = compared(issuer | facts | {name: value}, but=[person.id])
        if any(_TAKEN_BY[name] in other.agrees for other in others):
            if may_know:
                raise Conflict(f"{name}_taken", sentence, prefix + name)
            for key in (name, *(_OF_THE_NUMBER if name == "identifier" else ())):
                facts.pop(key, None)


_TAKEN = {
    "identifier": _l("Another person has this service or staff number."),
    "email": _l("Another person has this email address."),
}
_TAKEN_BY = {"identifier": "number", "email": "address"}
