"""Deliveries: scheduling, changing, publishing and cancelling a dated run of a course."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError

from accounts.roles import ROLES, Role
from accounts.services import assign_role, withdraw_role
from core import clock, events
from core.codes import key
from core.database import db
from core.errors import Conflict, DomainError, Invalid, collect
from core.policy import Actor, Grant, Reach, can, require
from courses import queries, timetable
from courses.definitions import code_faults, unbroken
from courses.events import DeliveryChanged, DeliveryMoved, DeliveryScheduled
from courses.models import Admission, Course, Delivery, DeliverySession, DeliveryStatus, Pool
from courses.plans import PLAIN, DeliveryPlan, plan_faults, usual_closing
from courses.services.renewing import renewed_calendars
from courses.services.timing import last_day_held
from courses.services.touching import touch
from courses.states import CHANGEABLE, DELIVERY
from people.models import BodyKind, Organization
from people.permissions import Permission
from people.personnel import PersonnelCategory
from people.values import clean_lines

#: Changes that affect people's travel plans.
WHEN_AND_WHERE = frozenset({"starts_on", "ends_on", "time_zone", "venue", "country"})


def may_schedule(actor: Actor, course: Course) -> bool:
    """Whether the actor may now schedule a delivery of this course."""
    return can(actor, Permission.DELIVERY_SCHEDULE, course) and not course.is_retired


def schedule(
    actor: Actor, course: Course, plan: DeliveryPlan, *, is_published: bool = False
) -> Delivery:
    """A new delivery of the course's current version, by its centre; a draft unless `is_published`.
    The chosen trainers, and the actor if a trainer, become its trainers."""
    require(actor, Permission.DELIVERY_SCHEDULE, course)
    if course.is_retired:
        raise Conflict("course_retired", _l("This course is no longer taught."))
    db.session.execute(
        sa.select(Course.id).where(Course.id == course.id).with_for_update()
    )  # one code at a time
    trainers = _chosen_trainers(actor, plan, course.centre_id)
    plan = _checked(plan, None, trainers, course.centre_id)
    version = course.current
    code = plan.code or _free_code(course, plan.starts_on)
    if db.session.scalar(sa.select(Delivery.id).where(Delivery.code == code)):
        raise _code_taken()
    delivery = Delivery(
        code=code,
        course=course,
        version=version,
        centre_id=course.centre_id,
        status=DELIVERY.initial,
        cancel_reason=None,
        ends_on=timetable.last_day(version.blocks, plan.starts_on),
        admission=Admission(plan.admission),
        created_by_id=actor.person_id,
        created_at=clock.now(),
        sessions=[
            DeliverySession(**dataclasses.asdict(block))
            for block in timetable.instants(version.blocks, plan.starts_on, plan.time_zone)
        ],
        pools=[
            Pool(category=PersonnelCategory(pool.category), places=pool.places)
            for pool in plan.pools
        ],
        **{name: getattr(plan, name) for name in PLAIN},
    )
    db.session.add(delivery)
    try:
        db.session.flush()
    except IntegrityError:  # a parallel transaction took the code
        raise _code_taken() from None
    events.publish(DeliveryScheduled(delivery.id, code), actor)
    _set_trainers(actor, delivery, trainers)
    if is_published:
        publish(_as_trainer_of(actor, delivery, trainers), delivery)
    return delivery


def change(
    actor: Actor,
    delivery: Delivery,
    plan: DeliveryPlan,
    *,
    rev: int,
    seen_fingerprint: str | None = None,
) -> Delivery:
    """Changes a draft or published delivery to `plan`; its code and course version stay.

    `rev` is the revision the plan was based on. If there is a newer one, `seen_fingerprint` (the
    `fingerprint` of what was seen) shows whether only enrollments changed, which is harmless;
    otherwise Conflict("stale_form").
    """
    delivery = touch(delivery.id)
    require(actor, Permission.DELIVERY_WRITE, delivery)
    check_changeable(delivery)
    if delivery.rev - 1 != rev and (
        seen_fingerprint is None or seen_fingerprint != queries.fingerprint(delivery)
    ):
        sentence = _l(
            "Someone changed this delivery in the meantime. Compare, and save again what should "
            "hold."
        )
        raise Conflict("stale_form", sentence, "rev")
    plan = _checked(plan, delivery, plan.trainers, delivery.centre_id)
    _require_unbegun_to_move(delivery, plan)
    before = queries.facts_of(delivery)
    with renewed_calendars([delivery]):
        _apply(delivery, plan)
    if plan.trainers is not None:
        _set_trainers(actor, delivery, plan.trainers)
    after = queries.facts_of(delivery)
    changed = tuple(name for name in before if before[name] != after[name])
    if changed:
        events.publish(DeliveryChanged(delivery.id, changed), actor)
    if not WHEN_AND_WHERE.isdisjoint(changed):
        events.publish(
            DeliveryMoved(delivery.id, **{name: before[name] for name in WHEN_AND_WHERE}), actor
        )
    return delivery


def publish(actor: Actor, delivery: Delivery) -> Delivery:
    """Opens a draft to the public."""
    delivery = touch(delivery.id)
    require(actor, Permission.DELIVERY_WRITE, delivery)
    if delivery.status is DeliveryStatus.DRAFT and delivery.starts_on < _today(delivery.time_zone):
        raise Conflict(
            "past_date", _l("The start date is past. Change it, then publish."), "starts_on"
        )
    delivery.published_at = delivery.calendar_changed_at = clock.now()
    DELIVERY.fire(delivery, "publish", actor)
    return delivery


def is_in_time_to_cancel(delivery: Delivery, *, has_begun: bool) -> bool:
    """Whether the whole delivery can still be cancelled; a draft, which no one saw, always can."""
    return not (has_begun and delivery.status is DeliveryStatus.PUBLISHED)


def cancel(actor: Actor, delivery: Delivery, *, reason: str) -> Delivery:
    """Cancels the delivery; everyone notified learns the reason. Refused once the first session has
    begun: then only the remaining sessions can be cancelled (`cut_short`, which can also record
    that none was held)."""
    delivery = touch(delivery.id)
    require(actor, Permission.DELIVERY_WRITE, delivery)
    if not is_in_time_to_cancel(delivery, has_begun=queries.has_begun(delivery.id)):
        raise Conflict(
            "already_begun",
            _l(
                "This delivery has begun, so it can no longer be cancelled. Cancel the remaining "
                "sessions instead."
            ),
        )
    reason = clean_lines(reason or "", "reason", longest=500)
    if not reason:
        raise Invalid(
            "required", _l("Give the reason: the people who enrolled are told."), "reason"
        )
    with renewed_calendars([delivery]):
        delivery.cancel_reason = reason
        DELIVERY.fire(delivery, "cancel", actor)
    return delivery


def _checked(
    plan: DeliveryPlan, current: Delivery | None, trainers: Sequence[int] | None, centre_id: int
) -> DeliveryPlan:
    """The plan with its closing date; raises all its faults together."""
    today = _today(plan.time_zone if plan.time_zone in timetable.zone_names() else "UTC")
    plan = dataclasses.replace(plan, venue=unbroken(plan.venue))
    faults = plan_faults(plan, today, current)
    if current is None and plan.code:
        faults += code_faults(plan.code)
    faults += _trainer_faults(trainers or (), centre_id, current)
    faults += _funder_faults(plan.funder_id)
    collect(faults)
    return (
        plan
        if plan.closes_on
        else dataclasses.replace(plan, closes_on=usual_closing(plan.starts_on, today))
    )


def may_change(actor: Actor, delivery: Delivery) -> bool:
    """Whether the actor may now change the delivery."""
    return can(actor, Permission.DELIVERY_WRITE, delivery) and delivery.status in CHANGEABLE


def check_changeable(delivery: Delivery) -> None:
    """Conflict if the delivery is finished or cancelled."""
    if delivery.status not in CHANGEABLE:
        raise Conflict(
            "state_does_not_allow", _l("This delivery is over, so it can no longer be changed.")
        )


def _require_unbegun_to_move(delivery: Delivery, plan: DeliveryPlan) -> None:
    """Refuses to move a delivery once it has begun, even if nothing was held."""
    is_moved = (delivery.starts_on, delivery.time_zone) != (plan.starts_on, plan.time_zone)
    has_begun = queries.has_begun(delivery.id) or not delivery.held
    if is_moved and delivery.status is DeliveryStatus.PUBLISHED and has_begun:
        field = "starts_on" if delivery.starts_on != plan.starts_on else "time_zone"
        raise Conflict(
            "already_begun",
            _l("This delivery has begun, so its dates and its time zone can no longer be changed."),
            field,
        )


def _today(zone: str) -> date:
    return timetable.today_in(zone, clock.now())


def _apply(delivery: Delivery, plan: DeliveryPlan) -> None:
    is_moved = (delivery.starts_on, delivery.time_zone) != (plan.starts_on, plan.time_zone)
    for name in PLAIN:
        setattr(delivery, name, getattr(plan, name))
    delivery.admission = Admission(plan.admission)
    if is_moved:
        blocks = delivery.version.blocks
        for session, block in zip(
            delivery.sessions,
            timetable.instants(blocks, plan.starts_on, plan.time_zone),
            strict=True,
        ):
            session.starts_at, session.ends_at = block.starts_at, block.ends_at
        delivery.ends_on = last_day_held(delivery)
    places_by_category = {PersonnelCategory(pool.category): pool.places for pool in plan.pools}
    delivery.pools = [pool for pool in delivery.pools if pool.category in places_by_category]
    for pool in delivery.pools:
        pool.places = places_by_category.pop(pool.category)
    delivery.pools += [
        Pool(category=category, places=places) for category, places in places_by_category.items()
    ]


def _free_code(course: Course, starts_on: date) -> str:
    """ "GTI-2027-03", then "GTI-2027-03-2" and so on."""
    stem = f"{course.code}-{starts_on:%Y-%m}"
    taken = set(
        map(
            key,
            db.session.scalars(
                sa.select(Delivery.code).where(Delivery.code.istartswith(stem, autoescape=True))
            ),
        )
    )
    codes = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    return next(code for code in codes if key(code) not in taken)


def _code_taken() -> Conflict:
    sentence = _l(
        "There is a delivery with this code already. Choose another one, or leave it empty."
    )
    return Conflict("code_taken", sentence, "code")


def _chosen_trainers(actor: Actor, plan: DeliveryPlan, centre_id: int) -> tuple[int, ...]:
    """The trainers. A trainer who schedules is always one of them, since trainers work only on
    their own deliveries."""
    chosen = list(plan.trainers or ())
    if (
        actor.person_id is None
        or actor.person_id in chosen
        or not queries.trainers_among([actor.person_id], centre_id)
    ):
        return tuple(chosen)
    sees_all = can(actor, Permission.DELIVERY_WRITE, Delivery(centre_id=centre_id))
    return tuple(chosen) if sees_all and plan.trainers is not None else (*chosen, actor.person_id)


def _trainer_faults(
    trainers: Sequence[int], centre_id: int, current: Delivery | None
) -> list[DomainError]:
    if not trainers or set(trainers) <= queries.trainers_among(
        trainers, centre_id, current.id if current else None
    ):
        return []
    return [
        Invalid(
            "unknown_trainer",
            _l("Choose only people who have the role of trainer in this centre."),
            "trainers",
        )
    ]


def _funder_faults(funder_id: int | None) -> list[DomainError]:
    funder = db.session.get(Organization, funder_id) if funder_id is not None else None
    if funder_id is None or (funder is not None and funder.is_a(BodyKind.FUNDER)):
        return []
    return [
        Invalid(
            "wrong_kind", _l("This organization is not a funder. Choose one that is."), "funder"
        )
    ]


def _set_trainers(actor: Actor, delivery: Delivery, trainers: Sequence[int]) -> None:
    """Makes exactly these people trainers of the delivery."""
    before = {person.id for person in queries.trainers_of([delivery.id])[delivery.id]}
    for person_id in sorted(set(trainers) - before):
        assign_role(actor, person_id, Role.TRAINER, scope=Reach.DELIVERY, scope_id=delivery.id)
    for person_id in sorted(before - set(trainers)):
        withdraw_role(actor, person_id, Role.TRAINER, scope=Reach.DELIVERY, scope_id=delivery.id)


def _as_trainer_of(actor: Actor, delivery: Delivery, trainers: Sequence[int]) -> Actor:
    """`actor` with the rights just gained as a trainer of the delivery: they were loaded at the
    start of the request."""
    if actor.person_id not in trainers:
        return actor
    grant = Grant(delivery=frozenset({delivery.id}))
    grants: dict[str, Grant] = {
        p: actor.grants.get(p, Grant()) | grant
        for p, reach in ROLES[Role.TRAINER].items()
        if reach is Reach.DELIVERY
    }
    return dataclasses.replace(actor, grants={**actor.grants, **grants})
