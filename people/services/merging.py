"""Merges two records of one person, and separates them again if that was wrong.

Nothing is deleted or rewritten: the merged record points to the surviving one, and each package
moves its own rows (`MergeConfirmed`) or moves them back to where they came from (`MergeUndone`).
"""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core import clock
from core.database import db
from core.errors import Conflict, Invalid, NotFound
from core.events import publish
from core.policy import SYSTEM, Actor, require
from people.events import MergeProposed
from people.models import Merge, MergeStatus, Person
from people.permissions import Permission
from people.ports import holds_roles
from people.services.identity import compared, is_self
from people.states import MERGE
from people.values import clean_lines

LONGEST_REASON = 500
#: The reason of a merge found by comparing records.
FOUND = "the same number or address"


def propose_merge(actor: Actor, keep_id: int, merged_id: int, *, reason: str) -> Merge:
    """Asks a second reviewer to merge `merged_id` into `keep_id`."""
    require(actor, Permission.IDENTITY_DECIDE)
    reason = clean_lines(reason or "", "reason", longest=LONGEST_REASON)
    if not reason:
        raise Invalid(
            "reason_needed", _l("Enter a reason. It is kept with both records."), "reason"
        )
    keep, merged = _pair(keep_id, merged_id)
    if db.session.scalar(
        sa.select(Merge.id).where(
            Merge.status == MergeStatus.PROPOSED, Merge.merged_id == merged.id
        )
    ):
        raise Conflict(
            "already_proposed",
            _l("A merge of this record is already waiting for confirmation."),
            "merge",
        )
    return _begin(actor, keep, merged, reason, is_reviewed=True)


def compare_record(person_id: int) -> None:
    """Asks coordinators whether a record belongs to someone else with the same number or address,
    as a merge that no one has proposed yet. For records created by users who may not know of other
    people."""
    record = db.session.get(Person, person_id)
    if record is None or record.merged_into_id is not None:
        return
    facts = (
        "identifier",
        "identifier_kind",
        "issuer_id",
        "issuer_country",
        "given_name",
        "family_name",
        "email",
        "birth_date",
    )
    for comparison in compared({name: getattr(record, name) for name in facts}, but=[record.id]):
        if comparison.is_near and not _is_compared(comparison.person.id, record.id):
            merge = Merge(
                keep_id=comparison.person.id,
                merged_id=record.id,
                reason="",
                proposed_at=clock.now(),
            )
            MERGE.begin(merge, MergeStatus.PROPOSED, SYSTEM)


def _is_compared(one_id: int, other_id: int) -> bool:
    both = (one_id, other_id)
    known = sa.select(Merge.id).where(Merge.keep_id.in_(both), Merge.merged_id.in_(both))
    return db.session.scalar(known.limit(1)) is not None


def confirm_merge(actor: Actor, merge: Merge) -> Merge:
    """A second person agrees, and the two become one. Conflict("second_person_needed") for the
    proposer. The first who agrees to a merge without a proposer (`compare_record`) becomes its
    proposer."""
    require(actor, Permission.IDENTITY_DECIDE)
    merge = _locked(merge)
    if merge.status is MergeStatus.PROPOSED and merge.is_found:
        _pair(merge.keep_id, merge.merged_id)
        merge.proposed_by_id, merge.proposed_at, merge.reason = actor.person_id, clock.now(), FOUND
        publish(MergeProposed(merge.id, merge.keep_id, merge.merged_id), actor)
        return merge
    if is_self(actor, merge.proposed_by_id):
        sentence = _l(
            "You proposed this merge. Another coordinator or an administrator must confirm it."
        )
        raise Conflict("second_person_needed", sentence)
    _pair(merge.keep_id, merge.merged_id)
    return _apply(actor, merge, "confirm")


def decline_merge(actor: Actor, merge: Merge) -> Merge:
    """The two stay separate."""
    merge = _locked(merge)
    merge.decided_by_id, merge.decided_at = actor.person_id, clock.now()
    MERGE.fire(merge, "decline", actor)
    return merge


def join_records(actor: Actor, keep: Person, merged: Person, *, reason: str) -> Merge:
    """Merges a record whose only content is one application or nomination, without a second review.
    Such a merge opens no other mailbox to the surviving record (`identity.signs_in_as`)."""
    keep, merged = _pair(keep.id, merged.id)
    return _apply(actor, _begin(actor, keep, merged, reason, is_reviewed=False), "join")


def undo_merge(actor: Actor, merge: Merge) -> Merge:
    """Separates the two people again. Certificates stay with the enrollment they came from."""
    require(actor, Permission.IDENTITY_DECIDE)
    merge = _locked(merge)
    merged = db.session.get_one(Person, merge.merged_id)
    if merge.status is MergeStatus.CONFIRMED:
        merged.merged_into_id = None
        _take_back_address(merge, merged)
    merge.undone_by_id, merge.undone_at = actor.person_id, clock.now()
    MERGE.fire(merge, "undo", actor)
    return merge


def _take_back_address(merge: Merge | None, merged: Person) -> None:
    """Removes the address that the merge gave to the surviving record, also from records to which a
    later merge passed it on. An address the person gave since then stays."""
    while merge is not None and merge.moves_address:
        keep = db.session.get_one(Person, merge.keep_id)
        if keep.email_key == merged.email_key:
            keep.email = None
        onwards = sa.select(Merge).where(
            Merge.merged_id == keep.id, Merge.status == MergeStatus.CONFIRMED
        )
        merge = db.session.scalar(onwards)


def get_merge(actor: Actor, merge_id: int) -> Merge:
    require(actor, Permission.IDENTITY_DECIDE)
    merge = db.session.get(Merge, merge_id)
    if merge is None:
        raise NotFound("unknown_merge", _l("This merge is not known here."))
    return merge


def _begin(actor: Actor, keep: Person, merged: Person, reason: str, *, is_reviewed: bool) -> Merge:
    merge = Merge(
        keep_id=keep.id,
        merged_id=merged.id,
        reason=reason,
        is_reviewed=is_reviewed,
        proposed_by_id=actor.person_id,
        proposed_at=clock.now(),
    )
    MERGE.begin(merge, MergeStatus.PROPOSED, actor)
    return merge


def _apply(actor: Actor, merge: Merge, step: str) -> Merge:
    keep, merged = (
        db.session.get_one(Person, person_id) for person_id in (merge.keep_id, merge.merged_id)
    )
    if keep.email is None and merged.email is not None and not holds_roles(keep):
        keep.email, merge.moves_address = (
            merged.email,
            True,
        )  # else no message would reach the person
    merged.merged_into_id = keep.id
    merge.decided_by_id, merge.decided_at = actor.person_id, clock.now()
    db.session.flush()
    MERGE.fire(merge, step, actor)
    return merge


def _pair(keep_id: int, merged_id: int) -> tuple[Person, Person]:
    """Both records, locked in the order of their ids; Invalid or Conflict if they cannot be
    merged."""
    if keep_id == merged_id:
        raise Invalid("same_record", _l("Choose two different records."), "merge")
    locked = (
        sa.select(Person)
        .where(Person.id.in_((keep_id, merged_id)))
        .order_by(Person.id)
        .with_for_update(key_share=True)
    )
    records = {
        person.id: person
        for person in db.session.scalars(locked.execution_options(populate_existing=True))
    }
    for field, record_id in (("keep", keep_id), ("merge", merged_id)):
        if record_id not in records or records[record_id].is_provisional:
            raise Invalid("unknown_person", _l("This person is not known here."), field)
        if records[record_id].merged_into_id is not None:
            raise Conflict(
                "already_merged", _l("This record has already been merged into another one."), field
            )
    if holds_roles(records[merged_id]):
        sentence = _l(
            "This record holds roles, which would pass to the other one. Withdraw them first, or "
            "keep this record."
        )
        raise Conflict("holds_roles", sentence, "merge")
    return records[keep_id], records[merged_id]


def _locked(merge: Merge) -> Merge:
    """The merge, read again under its lock: of two who decide at once, the second sees what the
    first did."""
    statement = sa.select(Merge).where(Merge.id == merge.id).with_for_update(of=Merge)
    return db.session.scalars(statement.execution_options(populate_existing=True)).one()
