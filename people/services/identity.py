"""Who is meant: a person is known by a number or an address only together with the name or the
date of birth. No identity is guessed: where what is said agrees with a record in one respect and
not in another, someone who knows has to decide."""

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

#: Among whom only someone new is found.
NO_ONE = sa.false()


@dataclass(frozen=True)
class Comparison:
    """What is said of someone against the `record` of a `person`, which may be one that was merged.
    `agrees`, `differs`: of number, address, name, birth_date.

    `is_match`: both are one person. `is_near`: they have a number or an address in common.
    """

    record: Person
    person: Person
    agrees: tuple[str, ...]
    differs: tuple[str, ...]
    is_match: bool
    is_near: bool


@dataclass(frozen=True)
class Known:
    """Who is meant: the person by `record`, None for someone new; and what is near but not the
    same. `is_decided`: the actor was asked about `doubts` and said who is meant."""

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
    """The person whom clean values mean. `among`: only these people are looked at, for those who
    may know of no others; with NO_ONE it is always someone new. `register`: what was read of them
    for many at once.

    Those who may decide, and a body about its own people, do so by `identity`, NEW or the person's
    id; without it they get Conflict("identity_in_doubt"); for everyone else, anyone in doubt is
    someone new. With `is_change` a number without a name tells who is meant.
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
    """The only one who can be meant; None where no one is, or where it is in doubt. Someone
    else's mailbox is no doubt once it is clear who is meant; someone else's number, or a
    namesake's mailbox, is."""
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
    """Who enters oneself does so under the own name: another one would stand on the certificate.
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
    """The issuer of a number as it is kept: what is said, an organization's code or a country,
    else the person's country."""
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
    """Holds the numbers and addresses until the transaction ends: of two who record one person
    at once, the second sees what the first did. (SQLite has one writer anyway.)"""
    if is_sqlite():
        return
    for key in sorted({key for facts in stated for key in filter(None, _keys(facts))}):
        db.session.execute(
            sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0)))
        )


def _keys(facts: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """What a number and an address are found by."""
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
        """Those that have the number or the address, in the order in which they were made."""
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
    # Read along, so that looking for a record that was merged takes as many statements as for
    # another one.
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
    """The records with the number or the address, each against what is given; a record that was
    merged counts as the one it leads to. `but`: ids that are left out."""
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
    """Of several records of one person, the comparison that agrees best."""
    by_person: dict[int, Comparison] = {}
    for comparison in comparisons:
        known = by_person.setdefault(comparison.person.id, comparison)
        if (comparison.is_match, len(comparison.agrees)) > (known.is_match, len(known.agrees)):
            by_person[comparison.person.id] = comparison
    return list(by_person.values())


def compare(stated: dict[str, Any], record: Person, *, is_change: bool = False) -> Comparison:
    """What is given against one record. A number is one issuer's; an organization and its
    country are one issuer where the name or the date of birth agrees, and a value that two
    issuers of one country have is in doubt."""
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
    """Whether the two numbers are one; None where they say nothing about each other, as those of
    two countries do."""
    number = names.number_key(facts.get("identifier") or "")
    kind = facts.get("identifier_kind") or IdentifierKind.SERVICE
    if not number or not record.identifier_key or kind != record.identifier_kind:
        return None
    if number == record.identifier_key:
        return True if _may_be_one_issuer(facts, record) else None
    return False if _is_one_issuer(facts, record) else None


def _may_be_one_issuer(facts: dict[str, Any], record: Person) -> bool:
    """Also where no one said whose number it is, which is in doubt then."""
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
    """Two addresses never speak against each other: people have several."""
    address = values.email_key(facts.get("email"))
    return True if address and address == record.email_key else None


def _both(value: Any, other: Any) -> bool | None:
    return value == other if value and other else None


def current_record(record: Person) -> Person:
    """The record that is used now of the person whose record this is."""
    while record.merged_into_id is not None:
        record = db.session.get_one(Person, record.merged_into_id)
    return record


def records_of(person_id: int) -> set[int]:
    """The ids of all records that lead to this one, and its own."""
    ids, ahead = {person_id}, {person_id}
    while ahead:
        ahead = (
            set(db.session.scalars(sa.select(Person.id).where(Person.merged_into_id.in_(ahead))))
            - ids
        )
        ids |= ahead
    return ids


def is_self(actor: Actor, person_id: int | None) -> bool:
    """Whether this is the actor, by whichever of the records that were merged."""
    return (
        actor.person_id is not None
        and person_id is not None
        and person_id in records_of(actor.person_id)
    )
