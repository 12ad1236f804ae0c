"""Whom organizations have put forward, over all deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from core.database import db
from core.errors import NotFound
from core.jobs import Job, find_job
from core.paging import Page, along, newest
from core.policy import Actor, reaches, require, visible
from courses.models import Delivery
from enrollment.models import Enrollment, EnrollmentStatus, ListStage, NominationList
from enrollment.queries.enrollments import IS_SEEN, enrollments_seen, stands_at
from people.permissions import Permission

#: The job that enters the people of a long list.
ENTER = "enrollment.enter"


@dataclass(frozen=True)
class NominationFilter:
    """Which nominations: of the delivery with this code, of those that stand so; None: all."""

    delivery: str | None = None
    status: EnrollmentStatus | None = None


def list_nominations(
    actor: Actor, criteria: NominationFilter, *, after: str | None, limit: int
) -> Page[Enrollment]:
    """The newest first."""
    ways = reaches(Enrollment, actor, Permission.ENROLLMENT_READ).values()
    nominations = _filter(actor, criteria)
    return newest(nominations, Enrollment.id, ways=ways, after=after, limit=limit)


def every_nomination(actor: Actor, criteria: NominationFilter) -> Sequence[Enrollment]:
    """The same, all of them."""
    may_see = visible(Enrollment, actor, Permission.ENROLLMENT_READ)
    nominations = _filter(actor, criteria).where(may_see)
    return db.session.scalars(nominations.order_by(Enrollment.id.desc())).all()


def deliveries_nominated_for(actor: Actor) -> Sequence[Delivery]:
    """Deliveries in which there are nominations, the latest first."""
    latest = sa.select(Delivery).order_by(Delivery.starts_on.desc()).limit(200)
    return db.session.scalars(along(latest, Delivery.id, _ways_to_deliveries(actor))).all()


def _ways_to_deliveries(actor: Actor) -> list[sa.ColumnElement[bool]]:
    """Conditions of which each delivery in which the actor may see nominations meets one. Whoever
    sees all of a delivery looks for one in each, the latest first; others look where theirs are."""
    nominated = sa.select(Enrollment.delivery_id).where(_is_nominated(actor), IS_SEEN)
    has_one = nominated.where(Enrollment.delivery_id == Delivery.id).exists()
    deliveries = reaches(Delivery, actor, Permission.ENROLLMENT_READ)
    enrollments = reaches(Enrollment, actor, Permission.ENROLLMENT_READ)
    return [
        *(sa.and_(way, has_one) for way in deliveries.values()),
        *(
            Delivery.id.in_(nominated.where(way))
            for reach, way in enrollments.items()
            if reach not in deliveries
        ),
    ]


def find_list(delivery: Delivery, organization_id: int) -> NominationList | None:
    """The organization's long list that is being entered, or whose letters are being written."""
    return db.session.scalar(
        sa.select(NominationList).where(
            NominationList.delivery_id == delivery.id,
            NominationList.organization_id == organization_id,
        )
    )


def get_list_job(actor: Actor, job_id: int) -> tuple[Job, Delivery]:
    """The job that enters, or entered, a long list, and its delivery: for the person who sent the
    list; NotFound for others."""
    job = find_job(job_id)
    if job is None or (job.kind, job.created_by_id) != (ENTER, actor.person_id):
        raise NotFound("unknown_job", _l("There is no such job."))
    return job, db.session.get_one(Delivery, job.args["delivery_id"])


def lists_given(actor: Actor, delivery: Delivery) -> Sequence[NominationList]:
    """The long lists of the actor's that are being entered."""
    return db.session.scalars(
        sa.select(NominationList)
        .where(
            NominationList.delivery_id == delivery.id,
            NominationList.nominated_by_id == actor.person_id,
            NominationList.stage == ListStage.ENTERING,
        )
        .order_by(NominationList.id)
        .options(joinedload(NominationList.organization))
    ).all()


def reads_everybodys(actor: Actor) -> bool:
    """Whether the actor reads the nominations of all organizations, in a centre or everywhere."""
    grant = actor.grants.get(Permission.ENROLLMENT_READ)
    return grant is not None and (grant.everywhere or bool(grant.centre))


def _is_nominated(actor: Actor) -> sa.ColumnElement[bool]:
    """Nominations, not applications: of the own organizations, or those of all organizations for
    the coordinators of a centre."""
    if reads_everybodys(actor):
        return Enrollment.nominated_by_id.is_not(None)
    require(actor, Permission.ENROLLMENT_NOMINATE)
    own = actor.grants[Permission.ENROLLMENT_NOMINATE].organization
    return Enrollment.nominated_by_id.in_(own)


def _filter(actor: Actor, criteria: NominationFilter) -> sa.Select[Enrollment]:
    statement = enrollments_seen().where(_is_nominated(actor))
    if criteria.delivery:
        of_delivery = (
            sa.select(Delivery.id).where(Delivery.code == criteria.delivery).scalar_subquery()
        )
        statement = statement.where(Enrollment.delivery_id == of_delivery)
    if criteria.status:
        statement = statement.where(stands_at(criteria.status))
    return statement
