"""Consent is an act of the person, stored as a row of its own. Only the person gives and withdraws
it; a consent signed on paper is recorded by a coordinator or the roster office, and the person is
notified."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import aliased

from core import audit, clock
from core.database import db
from core.errors import DomainError, Invalid, NotAllowed, collect
from core.events import publish
from core.policy import SYSTEM, Actor, require
from people.consent_texts import SINCE, UNKNOWN_VERSION, consent_text
from people.events import ConsentAsked, ConsentGiven, ConsentWithdrawn
from people.models import Consent, ConsentPurpose, ConsentWay, Organization, Person
from people.permissions import Permission
from people.ports import write_to
from people.services.identity import current_record, records_of
from people.services.people import record_person
from people.values import clean_text, email_key

CONSENTS_PATH = "/me/consents"


def consent_is_personal(field: str | None = None) -> NotAllowed:
    """The refusal for anyone who answers for someone else."""
    sentence = _l(
        "Only the person can give or withdraw this consent. Leave it out; we ask the person."
    )
    return NotAllowed("consent_is_personal", sentence, field)


# How things stand


def has_consent(
    person_id: sa.SQLColumnExpression[int], purpose: ConsentPurpose
) -> sa.ColumnElement[bool]:
    """The condition that the person's latest answer that counts is a yes. A merged record has no
    consent of its own. One index serves it."""
    answer, later = aliased(Consent), aliased(Consent)
    newer = sa.exists(sa.literal_column("1")).where(
        later.person_id == answer.person_id,
        later.purpose == answer.purpose,
        later.counts,
        later.id > answer.id,
    )
    merged = aliased(Person)
    leads_on = sa.exists(sa.literal_column("1")).where(
        merged.id == answer.person_id, merged.merged_into_id.is_not(None)
    )
    return sa.exists(sa.literal_column("1")).where(
        answer.person_id == person_id,
        answer.purpose == purpose,
        answer.counts,
        answer.given,
        ~newer,
        ~leads_on,
    )


def find_consent(person_id: int, purpose: ConsentPurpose) -> Consent | None:
    """The person's latest answer that counts."""
    latest = sa.select(Consent).where(
        Consent.person_id == person_id, Consent.purpose == purpose, Consent.counts
    )
    return db.session.scalar(latest.order_by(Consent.id.desc()).limit(1))


def latest_answers(person_ids: Sequence[int], purpose: ConsentPurpose) -> dict[int, bool]:
    """The latest answer that counts, for each of these people who answered."""
    of_these = Consent.person_id.in_(person_ids), Consent.purpose == purpose, Consent.counts
    statement = sa.select(Consent.person_id, Consent.given).where(*of_these).order_by(Consent.id)
    return {row.person_id: row.given for row in db.session.execute(statement)}


def current_consent(person_id: int, purpose: ConsentPurpose) -> bool:
    """Whether the person currently consents to this."""
    return db.session.scalar(sa.select(has_consent(sa.literal(person_id), purpose))) or False


def shares_mailbox(person: Person) -> bool:
    """Whether others may read this person's mail: someone else has the same address, or it is that
    of an account of the body that nominated the person. Anyone with access to the mailbox could
    answer."""
    own = _keys_of(person)
    others = sa.select(Person).where(
        Person.id != person.id, Person.email_key.in_(own), ~Person.is_provisional
    )
    return any(current_record(record).id != person.id for record in db.session.scalars(others))


def answers_alone(person: Person) -> bool:
    """Whether only the person can answer through the mailbox: it is not shared and not where a body
    receives letters."""
    if shares_mailbox(person):
        return False
    contacts = db.session.scalars(
        sa.select(Organization.contact_email).where(Organization.contact_email.is_not(None))
    )
    return not {email_key(contact) for contact in contacts} & set(
        db.session.scalars(_keys_of(person))
    )


def _keys_of(person: Person) -> sa.Select[Any]:
    return sa.select(Person.email_key).where(
        Person.id.in_(records_of(person.id)), Person.email_key.is_not(None)
    )


# Answers


def give_consent(
    actor: Actor,
    person: Person,
    purpose: ConsentPurpose,
    is_given: bool,
    *,
    how: ConsentWay,
    language: str | None = None,
) -> Consent:
    """Records the person's own answer; NotAllowed("consent_is_personal") for everyone else.
    Repeating an answer adds no row.

    A yes through a mailbox that others read is stored but does not count; a no always counts.
    """
    if actor.person_id is None or actor.person_id != person.id:
        raise consent_is_personal("person")
    counts = not is_given or answers_alone(person)
    last = _last(person.id, purpose)
    text = consent_text(purpose, language)
    is_own = (
        last is not None and last.merge_id is None
    )  # undoing the merge would remove one that it carried over
    if (
        last is not None
        and is_own
        and (last.given, last.counts, last.text_version) == (is_given, counts, text.version)
    ):
        return last
    row = Consent(
        person_id=person.id,
        purpose=purpose,
        given=is_given,
        counts=counts,
        text_version=text.version,
        language=text.language,
        how=how,
        at=clock.now(),
    )
    return _keep(actor, row)


def carry_refusal(actor: Actor, merge_id: int, keep_id: int, merged_id: int) -> None:
    """After a merge a no of either record holds for both; a yes stays with the record that gave
    it."""
    answers = {
        person_id: {row.purpose: row for row in _answers(person_id)}
        for person_id in (keep_id, merged_id)
    }
    for purpose, row in answers[merged_id].items():
        surviving = answers[keep_id].get(purpose)
        if not row.given and (surviving is None or (surviving.given and surviving.at < row.at)):
            facts = {
                name: getattr(row, name)
                for name in ("purpose", "given", "counts", "text_version", "language", "how")
            }
            _keep(actor, Consent(person_id=keep_id, at=clock.now(), merge_id=merge_id, **facts))


def take_refusal_back(merge_id: int) -> None:
    """After a merge is undone, a refusal of the other record no longer counts for this one."""
    refusals = db.session.scalars(sa.select(Consent).where(Consent.merge_id == merge_id))
    for row in refusals:
        row.counts = False
    db.session.flush()


def _answers(person_id: int) -> list[Consent]:
    """The latest answer that counts to each purpose."""
    answers = (find_consent(person_id, purpose) for purpose in ConsentPurpose)
    return [row for row in answers if row is not None]


def record_paper_consent(
    actor: Actor,
    person: Person,
    purpose: ConsentPurpose,
    *,
    reference: str,
    signed_on: date | None,
    document: str,
) -> Consent:
    """Records what this person signed on paper; someone else does so, and the person is notified if
    there is an address. It does not count if the person refused afterwards, but the recorder is not
    told."""
    require(actor, Permission.CONSENT_RECORD)
    if actor.person_id == person.id:
        raise NotAllowed(
            "own_paper",
            _l(
                "Someone else must record what you signed. On your own page you can answer "
                "yourself."
            ),
        )
    faults: list[DomainError] = []
    paper = {
        "reference": _needed(reference, "reference", 120, faults),
        "document": _needed(document, "document", 200, faults),
    }
    if signed_on is None or signed_on > clock.begun_by():
        faults.append(Invalid("bad_date", _l("Enter the date of the signature."), "signed_on"))
    collect(faults)
    last = find_consent(person.id, purpose)
    assert signed_on is not None
    counts = (
        last is None or last.given or (last.at + clock.FURTHEST_AHEAD).date() < signed_on
    )  # any later answer, wherever it was given
    text = consent_text(purpose, person.language)
    version = text.version if signed_on >= SINCE else UNKNOWN_VERSION
    row = Consent(
        person_id=person.id,
        purpose=purpose,
        given=True,
        counts=counts,
        text_version=version,
        language=text.language,
        how=ConsentWay.PAPER,
        at=clock.now(),
        signed_on=signed_on,
        recorded_by_id=actor.person_id,
        **paper,
    )
    _keep(actor, row)
    write_to(person, "consent_on_paper", CONSENTS_PATH, consent=row, consent_text=text)
    return row


def person_on_paper(actor: Actor, **facts: Any) -> Person:
    """The signatory: someone known, by number or address together with the name, or someone new.
    `facts` are the arguments of `record_person`."""
    require(actor, Permission.CONSENT_RECORD)
    if not (facts.get("identifier") or "").strip() and not (facts.get("email") or "").strip():
        sentence = _l(
            "Give a service or staff number or an email address, so that the person is recognised."
        )
        raise Invalid("identity_needed", sentence, "person.identifier")
    return record_person(actor, **facts, update=False)


def _needed(value: str, field: str, longest: int, faults: list[DomainError]) -> str:
    try:
        text = clean_text(value or "", field, longest=longest)
    except Invalid as fault:
        faults.append(fault)
        return ""
    if not text:
        faults.append(Invalid("required", _l("Fill in this field."), field))
    return text


def _last(person_id: int, purpose: ConsentPurpose) -> Consent | None:
    latest = sa.select(Consent).where(Consent.person_id == person_id, Consent.purpose == purpose)
    return db.session.scalar(latest.order_by(Consent.id.desc()).limit(1))


def _keep(actor: Actor, row: Consent) -> Consent:
    db.session.add(row)
    db.session.flush()
    purpose, how, version = row.purpose.value, row.how.value, row.text_version
    if row.given:
        publish(ConsentGiven(row.person_id, purpose, how, version, row.counts), actor)
    else:
        publish(ConsentWithdrawn(row.person_id, purpose, how, version), actor)
    return row


# Asking


def may_be_asked(purpose: ConsentPurpose = ConsentPurpose.ROSTER) -> sa.ColumnElement[bool]:
    """Selects people who were never asked, have no answer that counts, and have an address."""
    answered = sa.exists(sa.literal_column("1")).where(
        Consent.person_id == Person.id, Consent.purpose == purpose, Consent.counts
    )
    subject = sa.literal("person:") + sa.cast(Person.id, sa.String)
    was_asked = sa.exists(sa.literal_column("1")).where(
        audit.AuditEntry.subject == subject, audit.AuditEntry.action == ConsentAsked.name
    )
    return sa.and_(
        Person.email.is_not(None), Person.merged_into_id.is_(None), ~answered, ~was_asked
    )


def ask_for_consent(
    person: Person, purpose: ConsentPurpose = ConsentPurpose.ROSTER, *, actor: Actor = SYSTEM
) -> bool:
    """Asks the person once, by a letter with a link to a page where one click answers. False
    without an address."""
    if not write_to(
        person, "consent_asked", CONSENTS_PATH, consent_text=consent_text(purpose, person.language)
    ):
        return False
    publish(ConsentAsked(person.id, purpose.value), actor)
    return True
