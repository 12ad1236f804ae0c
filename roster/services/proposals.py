"""Profiles of people who have not consented: the person is asked, and what roster staff wrote waits
for the answer.

Roster staff learn nothing from it: the answer, the statements and the letter are the same for
someone known, someone who refused, and a stranger. (A letter that must not be sent is written and
undone.)
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects import postgresql, sqlite

from core import clock, mail
from core.database import db, is_sqlite, tried
from core.errors import Invalid, NotFound
from core.events import publish
from core.names import is_same_name, number_key, words_of
from core.policy import ANONYMOUS, Actor
from core.settings import settings_of
from people.models import ConsentPurpose, ConsentWay, IdentifierKind, Person
from people.services import (
    clean_person,
    compare,
    compared,
    consent_text,
    current_record,
    give_consent,
    latest_answers,
    record_person,
    records_of,
)
from people.values import email_key
from roster.events import ExpertProposed, ProposalAnswered, ProposalsForgotten
from roster.models import ExpertProposal
from roster.services.values import Profile

ASKED_FOR = timedelta(days=30)  # validity of the link in the letter
KEPT_FOR = timedelta(days=90)  # without an answer
NOT_ASKED_AGAIN_FOR = timedelta(days=730)  # after a refusal
_NOBODY = "nobody@example.org"  # of letters that are undone


@dataclass(frozen=True)
class Near:
    """A person with the number or the address; `is_meant`: no one else can be meant
    (people.services.compare). `answer`: their latest one that counts."""

    person: Person
    answer: bool | None
    is_meant: bool


def people_near(identifier: str | None, facts: Mapping[str, Any]) -> list[Near]:
    """The people whom number or address may mean, the one who is meant first. Checks `facts` before
    looking anyone up."""
    cleaned = clean_person(**{**facts, "identifier": identifier}, is_new=False)
    near = [comparison for comparison in compared(cleaned, is_change=True) if comparison.is_near]
    answers = latest_answers([comparison.person.id for comparison in near], ConsentPurpose.ROSTER)
    is_clear = sum(comparison.is_match for comparison in near) == 1
    candidates = [
        Near(comparison.person, answers.get(comparison.person.id), is_clear and comparison.is_match)
        for comparison in near
    ]
    return sorted(candidates, key=lambda candidate: not candidate.is_meant)


def propose(actor: Actor, identifier: str | None, profile: Profile, near: Sequence[Near]) -> None:
    """Stores the values until the person answers, and asks once. The caller learns nothing."""
    facts = clean_person(**{**profile.person, "identifier": identifier}, is_new=True)
    if not facts.get("identifier") and not facts.get("email"):
        sentence = _l(
            "Give a service or staff number or an email address, so that the person is recognised."
        )
        raise Invalid("identity_needed", sentence, "person.identifier")
    if profile.category is None:
        raise Invalid("required", _l("Choose a personnel category."), "category")
    person = next((candidate.person for candidate in near if candidate.is_meant), None)
    agrees = any(
        candidate.is_meant and candidate.answer for candidate in near
    )  # already on another office's roster: there is nothing to ask
    with tried(
        keep=not (
            _was_refused(facts) or agrees or any(candidate.answer is False for candidate in near)
        )
    ):
        row, is_new = _find_or_add(actor, facts, profile, person)
        publish(ExpertProposed(row.id), actor)
        address = person.email if person else facts.get("email")
        token = secrets.token_urlsafe(32)
        was_asked = _was_asked(row)  # looked up in every case, so that the work is equal
        with tried(keep=is_new and address is not None and not was_asked):
            row.token_digest = _digest(token)
            _ask(address or _NOBODY, person, facts, token)


def _find_or_add(
    actor: Actor, submitted: dict[str, Any], profile: Profile, person: Person | None
) -> tuple[ExpertProposal, bool]:
    """The one row about the person with this name, number and address; True if it is new. The
    person it is about never changes, since they may be reading the letter; the values do."""
    number, address = (
        number_key(submitted.get("identifier") or ""),
        email_key(submitted.get("email")),
    )
    identity = {
        name: value.isoformat() if name == "birth_date" else value
        for name, value in submitted.items()
    }
    identity["identifier_issuer"] = profile.person.get("identifier_issuer")
    facts = {
        "person_id": person.id if person else None,
        "identifier_key": number or None,
        "email_key": address,
        "identity": identity,
        "values": profile.packed(),
        "proposed_by_id": actor.person_id,
    }
    key = _seal(f"{_number(submitted)} address:{address or ''} {_name(submitted)}")
    insert = (
        (sqlite if is_sqlite() else postgresql)
        .insert(ExpertProposal)
        .values(digest=key, at=clock.now(), **facts)
    )
    is_new = (
        db.session.scalar(insert.on_conflict_do_nothing().returning(ExpertProposal.id)) is not None
    )
    row = db.session.scalars(
        sa.select(ExpertProposal).where(ExpertProposal.digest == key).with_for_update()
    ).one()
    if not is_new:
        row.values, row.proposed_by_id = profile.packed(), actor.person_id
    return row, is_new


def _number(facts: Mapping[str, Any], *, issuer: str = "issuer_id") -> str:
    """A number belongs to its issuer: an officer of another body or country with the same one is
    someone else."""
    kind = facts.get("identifier_kind") or IdentifierKind.SERVICE
    whose = facts.get(issuer) or facts.get("issuer_country")
    return f"number:{kind}:{whose or ''}:{number_key(facts.get('identifier') or '')}"


def _name(facts: Mapping[str, Any]) -> str:
    return "name:" + " ".join(
        sorted(words_of(f"{facts.get('given_name', '')} {facts.get('family_name', '')}"))
    )


def _seals(facts: Mapping[str, Any]) -> list[str]:
    """What is stored of the number and the address after a refusal. A body and its country are one
    issuer for the same name."""
    number, address = facts.get("identifier"), email_key(facts.get("email"))
    of_number = (
        [_number(facts), f"{_number(facts, issuer='issuer_country')} {_name(facts)}"]
        if number
        else []
    )
    return [_seal(text) for text in (*of_number, *([f"address:{address}"] if address else []))]


def _was_refused(facts: Mapping[str, Any]) -> bool:
    """Whether someone with this number or this address refused."""
    refused = ExpertProposal.digest.in_(_seals(facts)), ExpertProposal.refused_at.is_not(None)
    return db.session.scalar(sa.select(ExpertProposal.id).where(*refused).limit(1)) is not None


def _was_asked(row: ExpertProposal) -> bool:
    """Whether another letter already asks the same person, for example under another number."""
    same = sa.or_(
        ExpertProposal.person_id == (row.person_id or 0),
        ExpertProposal.email_key == (row.email_key or ""),
    )
    others = sa.select(ExpertProposal).where(
        same, ExpertProposal.id != row.id, ExpertProposal.token_digest.is_not(None)
    )
    return any(
        other.person_id == row.person_id is not None or _is_same_name(other, row.identity)
        for other in db.session.scalars(others)
    )


def _is_same_name(row: ExpertProposal, other: Mapping[str, Any]) -> bool:
    own_name, two = (
        (facts.get("given_name") or "", facts.get("family_name") or "")
        for facts in (row.identity, other)
    )
    return is_same_name(own_name, two)


def _ask(address: str, person: Person | None, facts: dict[str, Any], token: str) -> None:
    language = person.language if person else facts.get("language") or "en"
    name = (
        person.full_name
        if person
        else f"{facts.get('given_name', '')} {facts.get('family_name', '')}".strip()
    )
    mail.send(
        "roster_asked",
        address,
        person_id=person.id if person else None,
        language=language,
        secret=True,
        expires_at=clock.now() + ASKED_FOR,
        name=name,
        link=f"{settings_of().public_url}/roster/asked/{token}",
        consent_text=consent_text(ConsentPurpose.ROSTER, language),
        days=ASKED_FOR.days,
    )


# Answers


def find_proposal(token: str) -> ExpertProposal:
    """The proposal behind the link in a letter; NotFound after it is answered or has expired."""
    row = db.session.scalar(
        sa.select(ExpertProposal)
        .where(
            ExpertProposal.token_digest == _digest(token),
            ExpertProposal.at > clock.now() - ASKED_FOR,
        )
        .with_for_update()
    )
    if row is None or row.refused_at is not None:
        raise NotFound(
            "old_address", _l("This question has been answered, or the link is too old.")
        )
    return row


def answer_proposal(token: str, is_accepted: bool) -> bool:
    """Records the answer of anyone who reads the mailbox. A yes records the person and the consent,
    and the values become the profile. False if the yes is stored but does not count yet (others
    read the mailbox too)."""
    row = find_proposal(token)
    known = db.session.get(Person, row.person_id) if row.person_id else None
    person = current_record(known) if known else None
    publish(ProposalAnswered(row.id, is_accepted), Actor(person_id=person.id if person else None))
    if not is_accepted:
        if person is not None:
            give_consent(
                Actor(person_id=person.id),
                person,
                ConsentPurpose.ROSTER,
                False,
                how=ConsentWay.LINK,
            )
        else:
            _refuse(row)
        drop([row])
        return True
    row.token_digest = None
    person = person or _new_person(row)
    row.person_id = person.id
    db.session.flush()
    answer = give_consent(
        Actor(person_id=person.id), person, ConsentPurpose.ROSTER, True, how=ConsentWay.LINK
    )
    return answer.counts


def _new_person(row: ExpertProposal) -> Person:
    """A new person with this address; matched with no one, because only the mailbox has
    answered."""
    facts = {name: value for name, value in row.identity.items() if name != "birth_date"}
    person = record_person(ANONYMOUS, **facts, names_confirmed=True)
    if row.email_key != person.email_key:
        raise NotFound(
            "old_address", _l("This question has been answered, or the link is too old.")
        )
    return person


def _refuse(row: ExpertProposal) -> None:
    """A stranger refused: stores only that no one is to be asked by this number or address."""
    values = {"identity": {}, "values": {}, "at": row.at, "refused_at": clock.now()}
    insert = (sqlite if is_sqlite() else postgresql).insert(ExpertProposal).on_conflict_do_nothing()
    db.session.execute(insert, [{"digest": seal, **values} for seal in _seals(row.identity)])


def drop(rows: Iterable[ExpertProposal]) -> None:
    """The question is settled. (A known person's refusal is stored as a consent.)"""
    gone = sa.delete(ExpertProposal).where(ExpertProposal.id.in_([row.id for row in rows]))
    db.session.execute(gone, execution_options={"synchronize_session": "fetch"})


def waiting_for(person: Person) -> list[ExpertProposal]:
    """Proposals that await this person's answer: addressed to the person, or to a stranger who can
    be no one else."""
    records = records_of(person.id)
    same: list[sa.ColumnElement[bool]] = [ExpertProposal.person_id.in_(records)]
    if person.identifier_key:
        same.append(ExpertProposal.identifier_key == person.identifier_key)
    if person.email_key:
        same.append(ExpertProposal.email_key == person.email_key)
    proposals = db.session.scalars(
        sa.select(ExpertProposal)
        .where(sa.or_(*same), ExpertProposal.refused_at.is_(None))
        .order_by(ExpertProposal.id)
    )
    return [row for row in proposals if row.person_id in records or _means(row, person)]


def _means(row: ExpertProposal, person: Person) -> bool:
    born = row.identity.get("birth_date")
    facts = {**row.identity, "birth_date": date.fromisoformat(born) if born else None}
    return row.person_id is None and compare(facts, person).is_match


def forget_proposals(actor: Actor) -> int:
    """Deletes unanswered proposals, and old refusals."""
    now = clock.now()
    old = sa.or_(
        sa.and_(ExpertProposal.refused_at.is_(None), ExpertProposal.at < now - KEPT_FOR),
        ExpertProposal.refused_at < now - NOT_ASKED_AGAIN_FOR,
    )
    count = (
        db.session.scalar(sa.select(sa.func.count()).select_from(ExpertProposal).where(old)) or 0
    )
    if count:
        db.session.execute(
            sa.delete(ExpertProposal).where(old), execution_options={"synchronize_session": False}
        )
        publish(ProposalsForgotten("proposals", count), actor)
    return count


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _seal(text: str) -> str:
    """A digest that recognises a number in later questions without revealing it."""
    message = f"proposal:{text}".encode("utf-8", "surrogatepass")
    return hmac.new(settings_of().secret_key.encode(), message, hashlib.sha256).hexdigest()
