"""Who is meant. A number or an address identifies a person only together with the name or the date
of birth. Nothing is guessed: if facts agree with a record in one respect and differ in another,
someone who knows must decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from core import countries, names
from core.database import db, in_thousands, is_sqlite
from core.errors import Conflict, Invalid
from core.policy import Actor, can
from people import values
from people.models import IdentifierKind, Organization, Person
from people.permissions import Permission

#: Search among no one: the person is always new.
NO_ONE = sa.false()


@dataclass(frozen=True)
class Comparison:
    """Facts about someone compared with the `record` of a `person`; the record may be a merged one.
    `agrees` and `differs` list which of number, address, name and birth_date do.

    `is_match`: both are one person. `is_near`: they share a number or an address.
    """

    record: Person
    person: Person
    agrees: tuple[str, ...]
    differs: tuple[str, ...]
    is_match: bool
    is_near: bool


@dataclass(frozen=True)
class Known:
    """The result of a search: `record` of the person, or None for someone new, and `doubts`,
    records that are near but not the same. `is_decided`: the actor was asked about the doubts and
    answered."""

    record: Person | None
    doubts: tuple[Comparison, ...] = ()
    is_decided: bool = False


def find_known(
    actor: Actor,
    facts: dict[str, Any],
    prefix: str,
    *,
    identity: str | int | None = None,
    among: sa.ColumnElement[bool] | None = None,
    is_change: bool = False,
    register: Register | None = None,
) -> Known:
    """The person whom clean facts describe. `among` restricts the search for actors who may not
    know of other people (NO_ONE: always someone new). `register` holds records read in advance.

    Actors who may decide, and a body about its own people, answer by `identity`, NEW or a person's
    id; without it a doubt raises Conflict("identity_in_doubt"). For everyone else a person in doubt
    is new. With `is_change` a number alone identifies the person.
    """
    if among is None and register is None:
        hold(facts)
    comparisons = compared(facts, among=among, is_change=is_change, register=register)
    near = [comparison for comparison in comparisons if comparison.is_near]
    decides = among is None and can(actor, Permission.IDENTITY_DECIDE)
    if identity is not None and (decides or among is not None):
        return _as_decided(identity, near)
    if match := clearly_meant(near):
        return Known(match.record)
    if not near:
        return Known(None)
    if decides or is_change:
        raise _in_doubt(near, prefix)
    return Known(None, tuple(near))


def clearly_meant(near: Sequence[Comparison]) -> Comparison | None:
    """The only possible match, or None if there is none or a doubt. Someone else's mailbox raises
    no doubt once the person is clear; someone else's number, or a namesake's mailbox, does."""
    matches = [comparison for comparison in near if comparison.is_match]
    others = [
        comparison
        for comparison in near
        if not comparison.is_match and {"number", "name"} & set(comparison.agrees)
    ]
    return matches[0] if len(matches) == 1 and not others else None


def _as_decided(identity: str | int, near: Sequence[Comparison]) -> Known:
    if identity == names.NEW:
        return Known(None, tuple(near), is_decided=True)
    chosen = next((comparison for comparison in near if comparison.person.id == identity), None)
    if chosen is None:
        sentence = _l(
            "No one with this id has this address or number. Send “new” for another person."
        )
        raise Invalid("unknown_identity", sentence, "identity")
    return Known(chosen.record, tuple(near), is_decided=True)


def _in_doubt(near: Sequence[Comparison], prefix: str) -> Conflict:
    sentence = _l(
        "This email address or number is known here, but not everything matches. Decide whether "
        "it is the same person or another one."
    )
    is_number = any("number" in comparison.agrees for comparison in near)
    refusal = Conflict(
        "identity_in_doubt", sentence, prefix + ("identifier" if is_number else "email")
    )
    refusal.details = {"candidates": [_shown(comparison) for comparison in near]}
    return refusal


def _shown(comparison: Comparison) -> dict[str, Any]:
    facts = {
        "id": comparison.person.id,
        "name": comparison.person.full_name,
        "country": comparison.person.country,
    }
    return facts | {"agrees": list(comparison.agrees), "differs": list(comparison.differs)}


def require_own_name(
    person: Person, given_name: str | None, family_name: str | None, field: str
) -> None:
    """People must apply under their own name: another name would end up on the certificate.
    Conflict at `field`."""
    stated_name = given_name or "", family_name or ""
    if any(stated_name) and not names.is_same_name(
        stated_name, (person.given_name, person.family_name)
    ):
        sentence = _l(
            "This is not the name on your account. Change it on your own page first, or have the "
            "other person enrolled by a coordinator."
        )
        raise Conflict("identity_in_doubt", sentence, field)


# The issuer of a number


def clean_issuer(issuer: str | None, country: str | None, field: str) -> dict[str, Any]:
    """The issuer of a number as stored: an organization's code or a country, else the person's
    country."""
    if not (issuer or "").strip():
        return {"issuer_id": None, "issuer_country": country}
    text = (issuer or "").strip()
    if body := db.session.scalar(sa.select(Organization).where(Organization.code == text)):
        return {"issuer_id": body.id, "issuer_country": body.country}
    if code := countries.parse(text):
        return {"issuer_id": None, "issuer_country": code}
    sentence = _l("Enter the code of the organization that issued the number, or a country.")
    raise Invalid("unknown_issuer", sentence, field)


# Comparing


def hold(*stated: Mapping[str, Any]) -> None:
    """Locks the numbers and addresses until the transaction ends, so that of two who record one
    person at once, the second sees the first's record. (SQLite has one writer anyway.)"""
    if is_sqlite():
        return
    for key in sorted({key for facts in stated for key in filter(None, _keys(facts))}):
        db.session.execute(
            sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0)))
        )


def _keys(facts: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The keys by which a number and an address are looked up."""
    number = names.number_key(facts.get("identifier") or "") or None
    return number, values.email_key(facts.get("email"))


class Register:
    """The records that have the number or the address of someone in a list, read at once instead
    of for each; whoever is recorded meanwhile is added. `is_held` False: for those who only
    look."""

    def __init__(
        self,
        stated: Iterable[Mapping[str, Any]],
        among: sa.ColumnElement[bool] | None = None,
        *,
        is_held: bool = True,
    ):
        listed = list(stated)
        if among is None and is_held:
            hold(*listed)
        self.among = among
        self._records: dict[tuple[str, str], dict[int, Person]] = defaultdict(dict)
        self._looked_up: set[tuple[str, str]] = set()
        self._look_up({way for facts in listed for way in _ways(facts)})

    def records(self, facts: Mapping[str, Any]) -> list[Person]:
        """Records with the number or the address, oldest first."""
        ways = _ways(facts)
        self._look_up(set(ways) - self._looked_up)
        matches = {key: record for way in ways for key, record in self._records[way].items()}
        return [matches[key] for key in sorted(matches)]

    def add(self, record: Person) -> None:
        for way in _ways({"identifier": record.identifier, "email": record.email}):
            self._records[way][record.id] = record

    def _look_up(self, ways: set[tuple[str, str]]) -> None:
        for some in in_thousands(sorted(ways)):
            numbers = [key for kind, key in some if kind == _NUMBER]
            addresses = [key for kind, key in some if kind == _ADDRESS]
            near = sa.or_(Person.identifier_key.in_(numbers), Person.email_key.in_(addresses))
            self._looked_up |= set(some)
            for record in db.session.scalars(_records(near, self.among)):
                self.add(record)


_NUMBER, _ADDRESS = "number", "address"


def _ways(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    number, address = _keys(facts)
    return [(kind, key) for kind, key in ((_NUMBER, number), (_ADDRESS, address)) if key]


def _records(
    condition: sa.ColumnElement[bool], among: sa.ColumnElement[bool] | None
) -> sa.Select[Person]:
    statement = sa.select(Person).where(condition, ~Person.is_provisional).order_by(Person.id)
    # Load merge targets along, so that finding a merged record takes no more statements than
    # another.
    statement = statement.options(joinedload(Person.merged_into).joinedload(Person.merged_into))
    return statement if among is None else statement.where(among)


def compared(
    facts: dict[str, Any],
    *,
    among: sa.ColumnElement[bool] | None = None,
    is_change: bool = False,
    but: Iterable[int] = (),
    register: Register | None = None,
) -> list[Comparison]:
    """The records with the number or the address, each compared with the facts; a merged record
    counts as its target. `but`: ids to leave out."""
    columns = zip((Person.identifier_key, Person.email_key), _keys(facts), strict=True)
    conditions = [column == key for column, key in columns if key]
    if not conditions:
        return []
    records = (
        register.records(facts)
        if register is not None
        else db.session.scalars(_records(sa.or_(*conditions), among))
    )
    comparisons = one_a_person(compare(facts, record, is_change=is_change) for record in records)
    return [comparison for comparison in comparisons if comparison.person.id not in but]


def one_a_person(comparisons: Iterable[Comparison]) -> list[Comparison]:
    """For each person, the comparison that agrees best."""
    by_person: dict[int, Comparison] = {}
    for comparison in comparisons:
        known = by_person.setdefault(comparison.person.id, comparison)
        if (comparison.is_match, len(comparison.agrees)) > (known.is_match, len(known.agrees)):
            by_person[comparison.person.id] = comparison
    return list(by_person.values())


def compare(stated: dict[str, Any], record: Person, *, is_change: bool = False) -> Comparison:
    """Compares facts with one record. A number belongs to one issuer. An organization and its
    country count as one issuer if the name or the date of birth agrees; equal numbers under two
    issuers of one country are in doubt."""
    stated_name = stated.get("given_name") or "", stated.get("family_name") or ""
    same_name = (
        names.is_same_name(stated_name, (record.given_name, record.family_name))
        if any(stated_name)
        else None
    )
    facts: dict[str, bool | None] = {
        "number": _number(stated, record),
        "address": _address(stated, record),
        "name": same_name,
        "birth_date": _both(stated.get("birth_date"), record.birth_date),
    }
    is_named = same_name or (same_name is None and is_change)
    is_someone = bool(is_named or facts["birth_date"])
    is_one_number = facts["number"] and (
        _is_one_issuer(stated, record) or _is_body_and_country(stated, record) or is_change
    )
    by_number = is_one_number and is_someone
    by_address = facts["address"] and is_named and facts["number"] is not False
    is_match = bool((by_number or by_address) and not (is_named and facts["birth_date"] is False))
    agrees = tuple(name for name, fact in facts.items() if fact)
    differs = tuple(name for name, fact in facts.items() if fact is False)
    return Comparison(
        record,
        current_record(record),
        agrees,
        differs,
        is_match,
        bool(facts["number"] or facts["address"]),
    )


def _number(facts: dict[str, Any], record: Person) -> bool | None:
    """Whether the two numbers are one; None if they say nothing about each other, as those of two
    countries."""
    number = names.number_key(facts.get("identifier") or "")
    kind = facts.get("identifier_kind") or IdentifierKind.SERVICE
    if not number or not record.identifier_key or kind != record.identifier_kind:
        return None
    if number == record.identifier_key:
        return True if _may_be_one_issuer(facts, record) else None
    return False if _is_one_issuer(facts, record) else None


def _may_be_one_issuer(facts: dict[str, Any], record: Person) -> bool:
    """Whether the issuers could be one; also if either is unknown, which leaves a doubt."""
    is_known = any(_issuer(facts)) and any(_issuer_of(record))
    return not is_known or _is_one_issuer(facts, record) or _is_one_country(facts, record)


def _is_one_issuer(facts: dict[str, Any], record: Person) -> bool:
    if not any(_issuer(facts)) or not any(_issuer_of(record)):
        return not any(_issuer(facts)) and not any(_issuer_of(record))
    if facts.get("issuer_id") or record.issuer_id:
        return facts.get("issuer_id") == record.issuer_id
    return facts.get("issuer_country") == record.issuer_country


def _issuer(facts: dict[str, Any]) -> tuple[Any, Any]:
    return facts.get("issuer_id"), facts.get("issuer_country")


def _issuer_of(record: Person) -> tuple[Any, Any]:
    return record.issuer_id, record.issuer_country


def _is_one_country(facts: dict[str, Any], record: Person) -> bool:
    return (
        record.issuer_country is not None and facts.get("issuer_country") == record.issuer_country
    )


def _is_body_and_country(facts: dict[str, Any], record: Person) -> bool:
    return _is_one_country(facts, record) and (facts.get("issuer_id") is None) != (
        record.issuer_id is None
    )


def _address(facts: dict[str, Any], record: Person) -> bool | None:
    """Different addresses never count against a match: people have several."""
    address = values.email_key(facts.get("email"))
    return True if address and address == record.email_key else None


def _both(value: Any, other: Any) -> bool | None:
    return value == other if value and other else None


def current_record(record: Person) -> Person:
    """The record now in use for the person whose record this is."""
    while record.merged_into_id is not None:
        record = db.session.get_one(Person, record.merged_into_id)
    return record


def records_of(person_id: int) -> set[int]:
    """Ids of this record and all records merged into it."""
    ids, ahead = {person_id}, {person_id}
    while ahead:
        ahead = (
            set(db.session.scalars(sa.select(Person.id).where(Person.merged_into_id.in_(ahead))))
            - ids
        )
        ids |= ahead
    return ids


def is_self(actor: Actor, person_id: int | None) -> bool:
    """Whether this is the actor, under any of their merged records."""
    return (
        actor.person_id is not None
        and person_id is not None
        and person_id in records_of(actor.person_id)
    )
