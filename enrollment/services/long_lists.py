"""More people than one transaction takes, put forward in one list: places and positions are theirs
from the first moment, they are entered some at a time, and seen when the last one is in. A list
that turns out to be refused leaves no one behind.

The job that does it (enrollment.jobs) opens the transactions; each function here fits into one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload

from core import audit, clock, jobs
from core.database import db
from core.errors import collect
from core.events import publish
from core.jobs import Job, JobState
from core.policy import SYSTEM, Actor
from courses.models import Admission, Delivery
from courses.services import touch
from enrollment.events import ListEntered, ListTaken, ListUndone
from enrollment.models import (
    GOING_ON,
    LIVE,
    Enrollment,
    EnrollmentStatus,
    ListStage,
    Nomination,
    NominationList,
    PromisedPlaces,
)
from enrollment.nomination_files.carrying import of_kept
from enrollment.queries import ENTER
from enrollment.services.asking import note_identity, said_by
from enrollment.services.drafting import put_draft
from enrollment.services.enrolling import category_faults
from enrollment.services.filling import fill, first_statuses
from enrollment.services.letters import tell_all
from enrollment.services.nominating import (
    Nominee,
    at_row,
    compare_later,
    entries_of,
    require_may_nominate,
    said_of,
)
from enrollment.services.recognising import Recognition, Trial
from enrollment.services.sharing import share_seat
from enrollment.services.stages import require_running
from enrollment.states import ENROLLMENT
from people.models import Organization, Person
from people.personnel import PersonnelCategory
from people.services import Identified, compare

S = EnrollmentStatus
#: The job that writes the letters of a list.
TELL = "enrollment.tell"
#: So many people one transaction takes.
MOST_AT_ONCE = 100
#: So many of a longer list are entered in one transaction, so that others can write between.
PART = 25


def nominate_list(
    actor: Actor,
    delivery_id: int,
    organization: Organization,
    nominees: Sequence[Nominee],
    *,
    sheet: str | None = None,
) -> Job:
    """Takes a long list for `organization`: promises its people what places there are and their
    positions, and leaves the rest to a job. `sheet`: see NominationList. Needs what `nominate`
    needs."""
    delivery = touch(delivery_id, positions=len(nominees))
    require_may_nominate(actor, delivery, organization, nominees)
    first = delivery.rev - len(nominees) + 1
    promised = _promised(delivery, _categories(delivery, nominees), first)
    job_id = jobs.enqueue(ENTER, actor=actor, total=len(nominees), delivery_id=delivery.id)
    assert job_id is not None
    listed = NominationList(
        id=job_id,
        delivery_id=delivery.id,
        organization_id=organization.id,
        nominated_by_id=actor.person_id,
        stage=ListStage.ENTERING,
        line=first,
        size=len(nominees),
        nominees=_to_json(nominees),
        sheet=sheet,
        created_at=clock.now(),
    )
    db.session.add(listed)
    db.session.flush()
    for places in promised:
        places.list_id = job_id
    db.session.add_all(promised)
    publish(
        ListTaken(delivery.id, job_id, first, len(nominees)), actor, on_behalf_of=organization.id
    )
    return db.session.get_one(Job, job_id)


def _categories(delivery: Delivery, nominees: Sequence[Nominee]) -> list[PersonnelCategory]:
    """Without them no place can be promised: all else is looked at before anyone is entered."""
    collect(
        [
            at_row(fault, nominee.row)
            for nominee in nominees
            for fault in category_faults(delivery, nominee.category)
        ]
    )
    return [PersonnelCategory(nominee.category) for nominee in nominees]


def _promised(
    delivery: Delivery, categories: Sequence[PersonnelCategory], first: int
) -> list[PromisedPlaces]:
    statuses = first_statuses(delivery, categories)
    counts = Counter(zip(categories, statuses, strict=True))
    seated_to = {
        category: line
        for line, (category, status) in enumerate(zip(categories, statuses, strict=True), first)
        if status is S.CONFIRMED
    }
    return [
        PromisedPlaces(
            delivery_id=delivery.id,
            category=category,
            line=first,
            seated=counts[category, S.CONFIRMED],
            seated_to=seated_to.get(category, 0),
            waiting=counts[category, S.WAITLISTED],
        )
        for category in dict.fromkeys(categories)
    ]


def _to_json(nominees: Sequence[Nominee]) -> str:
    return json.dumps([vars(nominee) for nominee in nominees], default=date.isoformat)


def nominees_of(listed: NominationList) -> list[Nominee]:
    """What was said of each, in the order of the list."""
    return [
        Nominee(
            **values
            | {
                "birth_date": date.fromisoformat(values["birth_date"])
                if values["birth_date"]
                else None
            }
        )
        for values in json.loads(listed.nominees)
    ]


def find_listed(list_id: int) -> NominationList | None:
    return db.session.get(NominationList, list_id)


def try_list(actor: Actor, listed: NominationList, nominees: Sequence[Nominee]) -> None:
    """Raises the refusals of all of them. Writes nothing and locks nothing."""
    delivery = db.session.get_one(Delivery, listed.delivery_id)
    stated = [said_of(nominee) for nominee in nominees]
    entries_of(Trial(actor, delivery, listed.organization, stated), nominees, listed.line)


def enter_part(actor: Actor, list_id: int, nominees: Sequence[Nominee], start: int) -> None:
    """Enters those that stand in the list from `start` on, for no one to see yet. Conflict when
    the delivery is over or cancelled meanwhile."""
    listed, delivery = _touched(list_id)
    require_running(delivery)
    stated = [said_of(nominee) for nominee in nominees]
    recognition = Recognition(actor, delivery, listed.organization, stated, is_provisional=True)
    entries = entries_of(recognition, nominees, listed.line + start)
    for entry in entries:
        assert entry.enrollment.nomination is not None
        entry.enrollment.nomination.doubts = [
            doubt.record.id for doubt in entry.identified.doubts
        ] or None
    ENROLLMENT.save_all([(entry.enrollment, S.UNCONFIRMED) for entry in entries])
    _record(actor, listed, "nomination_list.part_entered", {"from": start, "people": len(entries)})


def complete_list(actor: Actor, list_id: int) -> None:
    """Everyone is in: from now on they are seen, with the places and positions promised to
    them."""
    listed, delivery = _touched(list_id)
    require_running(delivery)
    _share_seats(actor, listed)
    ids = _ids(listed)
    promises = db.session.scalars(
        sa.select(PromisedPlaces).where(PromisedPlaces.list_id == list_id)
    ).all()
    for places in promises:
        ENROLLMENT.take_all(
            "confirm",
            Enrollment,
            *_hidden(listed),
            Enrollment.category == places.category,
            Enrollment.line <= places.seated_to,
        )
    is_asked = delivery.admission is Admission.APPROVAL
    ENROLLMENT.take_all(
        "confirm_to_ask" if is_asked else "confirm_to_wait", Enrollment, *_hidden(listed)
    )
    _forget_promises(list_id)
    listed.stage, listed.nominees, listed.sheet = ListStage.IN, "", None
    db.session.flush()
    fill(actor, delivery)
    jobs.enqueue(TELL, list_id=list_id, enrollment_ids=ids, total=len(ids))
    publish(
        ListEntered(delivery.id, list_id, listed.line, listed.size),
        actor,
        on_behalf_of=listed.organization_id,
    )


def tell_part(actor: Actor, list_id: int, enrollment_ids: Sequence[int]) -> None:
    """What becomes of people once they are seen: they are someone to be recognised, it is
    announced, coordinators are asked about those in doubt, and they get their letters. Whoever
    has withdrawn by now has got one already."""
    _touched(list_id)
    of_these = Enrollment.id.in_(enrollment_ids)
    _make_known(of_these)
    enrollments = db.session.scalars(
        sa.select(Enrollment)
        .where(of_these)
        .order_by(Enrollment.id)
        .options(
            joinedload(Enrollment.person),
            joinedload(Enrollment.origin),
            joinedload(Enrollment.nomination),
        )
        .execution_options(populate_existing=True)
    ).all()
    ENROLLMENT.announce_all(enrollments, actor)
    for enrollment in enrollments:
        _note_identity(actor, enrollment)
    if going_on := [enrollment for enrollment in enrollments if enrollment.status in GOING_ON]:
        tell_all(going_on)
    compare_later([enrollment.id for enrollment in enrollments])


def forget_list(list_id: int) -> None:
    """After the last letter."""
    db.session.delete(db.session.get_one(NominationList, list_id))
    audit.record(SYSTEM, "nomination_list.forgotten", f"nomination_list:{list_id}", {})


def refuse_list(list_id: int) -> None:
    """From now on what is in is deleted."""
    listed, _delivery = _touched(list_id)
    listed.stage, listed.nominees = ListStage.UNDOING, ""
    _record(SYSTEM, listed, "nomination_list.refused", {})


def undo_part(list_id: int) -> bool:
    """Deletes some of those that are in, with the records that were made of them; False when
    there are none. What became known of others' records stays."""
    listed, _delivery = _touched(list_id)
    rows = db.session.execute(
        sa.select(Enrollment.id, Enrollment.origin_id).where(*_hidden(listed)).limit(PART)
    ).all()
    if not rows:
        return False
    ids, origins = [row.id for row in rows], [row.origin_id for row in rows]
    for deletion in (
        sa.delete(Nomination).where(Nomination.enrollment_id.in_(ids)),
        sa.delete(Enrollment).where(Enrollment.id.in_(ids)),
        sa.delete(Person).where(Person.id.in_(origins), Person.is_provisional),
    ):
        db.session.execute(deletion, execution_options={"synchronize_session": False})
    _record(SYSTEM, listed, "nomination_list.part_undone", {"people": len(ids)})
    return True


def drop_list(list_id: int) -> None:
    """No one of it is in any more: its places are free again, and its giver has the rows as a
    draft."""
    listed, delivery = _touched(list_id)
    if listed.sheet is not None and listed.nominated_by_id is not None:
        rows = len(of_kept(listed.sheet).rows)
        put_draft(listed.nominated_by_id, delivery, listed.organization, listed.sheet, rows)
    _forget_promises(list_id)
    publish(
        ListUndone(delivery.id, list_id, listed.line, listed.size),
        SYSTEM,
        on_behalf_of=listed.organization_id,
    )
    db.session.delete(listed)
    db.session.flush()
    fill(SYSTEM, delivery)


def lists_given_up() -> list[int]:
    """Lists that no job enters any more."""
    lost = (
        sa.select(NominationList.id)
        .outerjoin(Job, Job.id == NominationList.id)
        .where(
            NominationList.stage != ListStage.IN,
            sa.or_(Job.id.is_(None), Job.state.in_((JobState.DEAD, JobState.DONE))),
        )
    )
    return list(db.session.scalars(lost.order_by(NominationList.id)))


def _touched(list_id: int) -> tuple[NominationList, Delivery]:
    listed = db.session.get_one(NominationList, list_id)
    return listed, touch(listed.delivery_id)


def _of_list(listed: NominationList) -> tuple[sa.ColumnElement[bool], ...]:
    lines = Enrollment.line.between(listed.line, listed.line + listed.size - 1)
    return Enrollment.delivery_id == listed.delivery_id, lines


def _hidden(listed: NominationList) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition of those whom no one sees yet."""
    return *_of_list(listed), Enrollment.status == S.UNCONFIRMED


def _ids(listed: NominationList) -> list[int]:
    ids = sa.select(Enrollment.id).where(*_of_list(listed))
    return list(db.session.scalars(ids.order_by(Enrollment.line)))


def _forget_promises(list_id: int) -> None:
    db.session.execute(sa.delete(PromisedPlaces).where(PromisedPlaces.list_id == list_id))


def _share_seats(actor: Actor, listed: NominationList) -> None:
    """Someone who has come here otherwise while the list was entered, or has become one person
    with another of the list, has one seat."""
    other = aliased(Enrollment)
    is_here = sa.or_(
        other.status.in_(LIVE),
        sa.and_(
            other.status == S.UNCONFIRMED,
            other.line.between(listed.line, listed.line + listed.size - 1),
            other.line < Enrollment.line,
        ),
    )
    pairs = (
        sa.select(Enrollment, other)
        .join(
            other,
            sa.and_(
                other.delivery_id == Enrollment.delivery_id,
                other.person_id == Enrollment.person_id,
                other.id != Enrollment.id,
            ),
        )
        .where(*_hidden(listed), is_here)
        .order_by(Enrollment.line)
    )
    for enrollment, seat in db.session.execute(pairs).all():
        if enrollment.status is S.UNCONFIRMED:
            share_seat(actor, seat, enrollment)


def _make_known(of_these: sa.ColumnElement[bool]) -> None:
    new = sa.select(Enrollment.origin_id).where(of_these)
    db.session.execute(
        sa.update(Person)
        .where(Person.id.in_(new), Person.is_provisional)
        .values(is_provisional=False),
        execution_options={"synchronize_session": False},
    )


def _note_identity(actor: Actor, enrollment: Enrollment) -> None:
    """What was in doubt when the person was entered."""
    nomination = enrollment.nomination
    assert nomination is not None
    facts = said_by(nomination)
    near = [db.session.get_one(Person, record_id) for record_id in nomination.doubts or ()]
    nomination.doubts = None
    note_identity(
        actor,
        enrollment,
        Identified(
            enrollment.origin,
            enrollment.person,
            is_new=False,
            doubts=tuple(compare(facts, record) for record in near),
            is_decided=True,
        ),
        facts,
    )


def _record(actor: Actor, listed: NominationList, action: str, facts: dict[str, int]) -> None:
    audit.record(
        actor,
        action,
        f"delivery:{listed.delivery_id}",
        facts | {"list": listed.id},
        on_behalf_of=listed.organization_id,
    )
