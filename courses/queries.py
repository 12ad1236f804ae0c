"""Reading skills, courses and deliveries."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import aliased, joinedload, load_only, selectinload
from sqlalchemy.sql.base import ExecutableOption

from accounts.models import RoleAssignment
from accounts.roles import Role
from core import clock, counting, i18n, texts
from core.database import db
from core.errors import Invalid, NotFound
from core.paging import Page, page
from core.policy import Actor, Reach, can, require, visible
from courses.models import (
    Course,
    CourseVersion,
    Delivery,
    DeliverySession,
    DeliveryStatus,
    Skill,
    SkillGrant,
    TimetableBlock,
    objectives_said,
)
from courses.plans import PLAIN, DeliveryPlan, PoolPlan
from courses.timetable import today_in
from people.models import Person
from people.permissions import Permission
from people.values import email_key


def list_skills(*, after: str | None = None, limit: int = 200) -> Page[Skill]:
    return page(sa.select(Skill), [Skill.code], after=after, limit=limit)


def skills_to_choose() -> list[Skill]:
    """All skills, by the name shown."""
    return sorted(
        db.session.scalars(sa.select(Skill)),
        key=lambda skill: i18n.without_accents(i18n.text(skill.title)),
    )


def in_force() -> sa.ColumnElement[bool]:
    """Selects each course's newest version."""
    later = aliased(CourseVersion)
    return ~sa.exists().where(
        later.course_id == CourseVersion.course_id, later.number > CourseVersion.number
    )


def granting_courses() -> dict[int, list[Course]]:
    """The courses whose current version grants a skill, by the skill's id."""
    rows = db.session.execute(
        sa.select(SkillGrant.skill_id, Course)
        .join(CourseVersion, CourseVersion.id == SkillGrant.version_id)
        .join(Course, Course.id == CourseVersion.course_id)
        .where(in_force(), ~Course.is_retired)
        .order_by(Course.code)
    )
    granted: dict[int, list[Course]] = {}
    for skill_id, course in rows:
        granted.setdefault(skill_id, []).append(course)
    return granted


def _with_versions(statement: sa.Select) -> sa.Select:
    versions = selectinload(Course.versions)
    options = (
        versions.selectinload(CourseVersion.blocks),
        versions.selectinload(CourseVersion.grants),
    )
    return statement.options(joinedload(Course.centre, innerjoin=True), *options)


def get_course(code: str) -> Course:
    """The course with all its versions; NotFound."""
    course = db.session.scalar(_with_versions(sa.select(Course).where(Course.code == code)))
    if course is None:
        raise NotFound("unknown_course", _l("There is no such course."))
    return course


def list_courses(
    *, is_retired: bool = False, after: str | None = None, limit: int = 50
) -> Page[Course]:
    """Current courses, or retired ones."""
    statement = sa.select(Course).where(Course.is_retired if is_retired else ~Course.is_retired)
    return page(_with_versions(statement), [Course.code], after=after, limit=limit)


def titles_of(codes: Iterable[str]) -> dict[str, dict[str, str]]:
    """The titles of courses, by code."""
    rows = db.session.execute(
        sa.select(Course.code, Course.title).where(Course.code.in_(list(codes)))
    )
    return {row[0]: row[1] for row in rows}


def deliveries_visible(actor: Actor) -> sa.Select[Delivery]:
    """Deliveries that `actor` may see: published ones for everyone, drafts for those who work on
    them."""
    may_see = sa.or_(
        Delivery.published_at.is_not(None), visible(Delivery, actor, Permission.DELIVERY_READ)
    )
    return sa.select(Delivery).where(may_see)


def _may_see(actor: Actor, delivery: Delivery) -> bool:
    """The same for one delivery."""
    return delivery.published_at is not None or can(actor, Permission.DELIVERY_READ, delivery)


def deliveries_of_work(actor: Actor) -> sa.Select[Delivery]:
    """Deliveries that `actor` works on: a trainer's own, and those of a coordinator's centres."""
    return sa.select(Delivery).where(visible(Delivery, actor, Permission.DELIVERY_READ))


def count_by_status(actor: Actor) -> dict[DeliveryStatus, int]:
    """How many deliveries of each status the actor works on (see `core.counting`)."""
    own = deliveries_of_work(actor).with_only_columns(Delivery.id)
    counts = counting.counts([own.where(Delivery.status == status) for status in DeliveryStatus])
    return dict(zip(DeliveryStatus, counts, strict=True))


#: What to load with a delivery besides its course: only sessions; only the course's version; its
#: owner; or everything.
SESSIONS = (selectinload(Delivery.sessions),)
VERSION = (joinedload(Delivery.version).joinedload(CourseVersion.grants),)
BODIES = (joinedload(Delivery.centre), joinedload(Delivery.funder))
EVERYTHING = (
    *SESSIONS,
    *BODIES,
    joinedload(Delivery.version).options(
        selectinload(CourseVersion.blocks), joinedload(CourseVersion.grants)
    ),
    selectinload(Delivery.pools),
)


def get_delivery(
    actor: Actor, code: str, *, load: tuple[ExecutableOption, ...] = EVERYTHING
) -> Delivery:
    """The delivery with its course and, unless `load` narrows it, version, sessions and pools;
    NotFound, also for a draft that the actor may not see."""
    statement = sa.select(Delivery).where(Delivery.code == code).options(*load)
    delivery = db.session.scalars(statement).unique().one_or_none()
    if delivery is None or not _may_see(actor, delivery):
        raise NotFound("unknown_delivery", _l("There is no such delivery."))
    return delivery


def get_delivery_for(
    actor: Actor,
    code: str,
    permission: Permission,
    *,
    load: tuple[ExecutableOption, ...] = EVERYTHING,
) -> Delivery:
    """The delivery, for actors with this permission on it; NotAllowed for others who may see it."""
    delivery = get_delivery(actor, code, load=load)
    require(actor, permission, delivery)
    return delivery


def timetable_of(
    delivery_id: int,
) -> Sequence[sa.Row[int, datetime, datetime, int, dict[str, str], bool]]:
    """The sessions of a delivery, in order, for display: rows of day, starts_at, ends_at, minutes,
    title and is_cancelled."""
    sessions = sa.select(
        DeliverySession.day,
        DeliverySession.starts_at,
        DeliverySession.ends_at,
        DeliverySession.minutes,
        DeliverySession.title,
        DeliverySession.cancelled_at.is_not(None).label("is_cancelled"),
    ).where(DeliverySession.delivery_id == delivery_id)
    return db.session.execute(sessions.order_by(DeliverySession.number)).all()


def cut_reason_of(delivery_id: int) -> str | None:
    """Why sessions of the delivery are cancelled."""
    conditions = (
        DeliverySession.delivery_id == delivery_id,
        DeliverySession.cancelled_at.is_not(None),
    )
    return db.session.scalar(
        sa.select(DeliverySession.cancel_reason)
        .where(*conditions)
        .order_by(DeliverySession.number)
        .limit(1)
    )


def stated_objectives(version: CourseVersion) -> list[dict[str, str]]:
    """`CourseVersion.stated_objectives`, without loading whole sessions."""
    of_sessions = sa.select(TimetableBlock.objective).where(TimetableBlock.version_id == version.id)
    return version.objectives or objectives_said(
        db.session.scalars(of_sessions.order_by(TimetableBlock.number))
    )


#: The columns from which a person's name is written.
NAMED = (
    Person.given_name,
    Person.family_name,
    Person.family_first,
    Person.country,
    Person.nationalities,
    Person.language,
)


def trainers_of(delivery_ids: Iterable[int]) -> dict[int, list[Person]]:
    """The trainers of each delivery, by name; an empty list for a delivery without any."""
    by_delivery: dict[int, list[Person]] = {delivery_id: [] for delivery_id in delivery_ids}
    trainers = (
        sa.select(RoleAssignment.scope_id, Person)
        .join(Person, Person.id == RoleAssignment.person_id)
        .where(
            RoleAssignment.role == Role.TRAINER,
            RoleAssignment.scope == Reach.DELIVERY,
            RoleAssignment.scope_id.in_(by_delivery),
        )
        .options(load_only(*NAMED))
        .order_by(Person.sort_name, Person.id)
    )
    for delivery_id, person in db.session.execute(trainers):
        by_delivery[delivery_id].append(person)
    return by_delivery


def signatories_of(delivery: Delivery) -> list[tuple[str, dict[str, str]]]:
    """The signatories of a delivery, with the office by language: those of its centre, else the
    trainers."""
    if own := delivery.centre.signatories:
        return [(signatory["name"], signatory["office"]) for signatory in own]
    return [
        (trainer.full_name, _trainer_by_language())
        for trainer in trainers_of([delivery.id])[delivery.id]
    ]


def _trainer_by_language() -> dict[str, str]:
    return {
        code: str(texts.catalogue(code).pgettext("certificate", "Trainer"))
        for code in texts.printed()
    }


def list_trainers(centre_id: int, delivery_id: int | None = None) -> list[Person]:
    """The people who may be chosen as trainers, by name: the centre's trainers, and the delivery's
    current ones."""
    trainers = sa.select(RoleAssignment.person_id).where(
        RoleAssignment.role == Role.TRAINER, _may_teach(centre_id, delivery_id)
    )
    people = sa.select(Person).where(Person.id.in_(trainers))
    return list(db.session.scalars(people.order_by(Person.sort_name, Person.id)))


def _may_teach(centre_id: int, delivery_id: int | None) -> sa.ColumnElement[bool]:
    of_centre = sa.and_(RoleAssignment.scope == Reach.CENTRE, RoleAssignment.scope_id == centre_id)
    chosen = sa.and_(RoleAssignment.scope == Reach.DELIVERY, RoleAssignment.scope_id == delivery_id)
    return of_centre if delivery_id is None else sa.or_(of_centre, chosen)


def trainers_among(
    person_ids: Iterable[int], centre_id: int, delivery_id: int | None = None
) -> set[int]:
    """Those of these people whom `list_trainers` lists."""
    conditions = RoleAssignment.role == Role.TRAINER, RoleAssignment.person_id.in_(list(person_ids))
    return set(
        db.session.scalars(
            sa.select(RoleAssignment.person_id).where(
                *conditions, _may_teach(centre_id, delivery_id)
            )
        )
    )


def find_last_delivery(actor: Actor, course: Course) -> Delivery | None:
    """The latest delivery of the course that `actor` may see, else the latest that `actor`
    scheduled: the next one is probably similar."""
    latest = deliveries_visible(actor).options(selectinload(Delivery.pools))
    latest = latest.order_by(Delivery.id.desc()).limit(1)
    likely = Delivery.course_id == course.id, Delivery.created_by_id == actor.person_id
    deliveries = (db.session.scalar(latest.where(condition)) for condition in likely)
    return next(filter(None, deliveries), None)


def may_be_upcoming() -> sa.ColumnElement[bool]:
    """Selects all published deliveries for which `is_upcoming` holds, and few others: somewhere on
    earth it is still yesterday, and no database knows where."""
    return sa.and_(
        Delivery.status == DeliveryStatus.PUBLISHED,
        Delivery.starts_on >= clock.today() - timedelta(days=1),
    )


def is_upcoming(delivery: Delivery) -> bool:
    """Whether a published delivery begins today or later, in its time zone."""
    return delivery.status is DeliveryStatus.PUBLISHED and delivery.starts_on >= today_of(delivery)


def upcoming_of(course: Course, *, limit: int = 6) -> list[Delivery]:
    """The next published deliveries of a course that have not begun."""
    statement = sa.select(Delivery).where(Delivery.course_id == course.id, may_be_upcoming())
    deliveries = db.session.scalars(
        statement.order_by(Delivery.starts_on, Delivery.id).limit(limit + _MOST_OF_YESTERDAY)
    )
    return [delivery for delivery in deliveries if is_upcoming(delivery)][:limit]


#: More deliveries of one course never begin on two consecutive days.
_MOST_OF_YESTERDAY = 50


def today_of(delivery: Delivery) -> date:
    """Today, in the delivery's time zone."""
    return today_in(delivery.time_zone, clock.now())


def is_open_for_enrollment(delivery: Delivery) -> bool:
    """Whether people may apply or be nominated today, in the delivery's time zone."""
    return delivery.status is DeliveryStatus.PUBLISHED and today_of(delivery) <= delivery.closes_on


def span_of(delivery_id: int) -> tuple[datetime | None, datetime | None]:
    """The start of the first session and the end of the last, of those not cancelled; None without
    sessions."""
    span = sa.select(sa.func.min(DeliverySession.starts_at), sa.func.max(DeliverySession.ends_at))
    held = DeliverySession.delivery_id == delivery_id, DeliverySession.cancelled_at.is_(None)
    first, last = db.session.execute(span.where(*held)).one()
    return first, last


def has_begun(delivery_id: int) -> bool:
    """Whether the first session (not cancelled) has begun."""
    first = span_of(delivery_id)[0]
    return first is not None and first <= clock.now()


def has_ended(delivery_id: int) -> bool:
    """Whether the last session (not cancelled) has ended."""
    last = span_of(delivery_id)[1]
    return last is None or last <= clock.now()


def moves_up(delivery: Delivery) -> bool:
    """Whether free places go to the waiting list automatically, as long as the course is far enough
    away for everyone to come. Later a coordinator assigns them to people who still can."""
    return moves_up_still(delivery.time_zone, delivery.promotion_days, span_of(delivery.id)[0])


def moves_up_still(time_zone: str, promotion_days: int, begins_at: datetime | None) -> bool:
    """The same for a delivery whose first session begins then, in days of its own time zone. None:
    no session is held."""
    now = clock.now()
    if begins_at is None or begins_at <= now:
        return False
    return today_in(time_zone, begins_at) - today_in(time_zone, now) >= timedelta(
        days=promotion_days
    )


def trainer_ids(emails: Iterable[str], centre_id: int) -> tuple[int, ...]:
    """The centre's trainers with these email addresses; Invalid("unknown_trainer") for any
    other."""
    email_keys = [email_key(email) or "" for email in emails]
    by_email = {
        person.email_key: person.id for person in list_trainers(centre_id) if person.email_key
    }
    for number, email in enumerate(email_keys):
        if email not in by_email:
            sentence = _l("There is no trainer with this email address.")
            raise Invalid("unknown_trainer", sentence, f"trainers.{number}")
    return tuple(dict.fromkeys(by_email[email] for email in email_keys))


def fingerprint(delivery: Delivery) -> str:
    """A digest of what a plan can change: equal fingerprints mean an unchanged delivery, whoever
    enrolled in between."""
    facts = json.dumps(facts_of(delivery), default=str, sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def plan_of(delivery: Delivery) -> DeliveryPlan:
    """The delivery's current plan."""
    return DeliveryPlan(
        **{name: getattr(delivery, name) for name in PLAIN},
        pools=tuple(PoolPlan(pool.category.value, pool.places) for pool in delivery.pools),
        admission=delivery.admission.value,
        trainers=tuple(person.id for person in trainers_of([delivery.id])[delivery.id]),
        code=delivery.code,
    )


def facts_of(delivery: Delivery) -> dict[str, Any]:
    """The facts that a new plan can change, by name."""
    facts = dataclasses.asdict(plan_of(delivery)) | {
        "ends_on": delivery.ends_on,
        "status": delivery.status.value,
    }
    return facts | {"pools": sorted((pool["category"], pool["places"]) for pool in facts["pools"])}
