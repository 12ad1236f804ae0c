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
from core.paging import Page, page
from core.policy import Actor, require, visible
from courses.models import Delivery
from enrollment.models import Enrollment, EnrollmentStatus, ListStage, NominationList
from enrollment.queries.enrollments import IS_SEEN, enrollments_visible, stands_at
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
    return page(_filter(actor, criteria), [-Enrollment.id], after=after, limit=limit)


def every_nomination(actor: Actor, criteria: NominationFilter) -> Sequence[Enrollment]:
    """The same, all of them."""
    return db.session.scalars(_filter(actor, criteria).order_by(-Enrollment.id)).all()


def deliveries_nominated_for(actor: Actor) -> Sequence[Delivery]:
    """Deliveries in which there are nominations, the latest first."""
    nominated = sa.select(Enrollment.delivery_id).where(_own(actor))
    return db.session.scalars(
        sa.select(Delivery)
        .where(Delivery.id.in_(nominated))
        .order_by(Delivery.starts_on.desc())
        .limit(200)
    ).all()


def find_list(delivery: Delivery, organization_id: int) -> NominationList | None:
    """The organization's long list that is being entered, or whose letters are being written."""
    return db.session.scalar(
        sa.select(NominationList).where(
            NominationList.delivery_id == delivery.id,
            NominationList.organization_id == organization_id,
        )
    )


def get_list_job(actor: Actor, job_id: int) -> tuple[Job, Delivery]:
    """The job that enters, or entered, a long list, and for which delivery: for whoever gave the
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


def _own(actor: Actor) -> sa.ColumnElement[bool]:
    """Nominations, not applications, that the actor may see; of the own organizations, or those
    of all organizations for whoever coordinates a centre."""
    reachable = sa.and_(visible(Enrollment, actor, Permission.ENROLLMENT_READ), IS_SEEN)
    if reads_everybodys(actor):
        return sa.and_(Enrollment.nominated_by_id.is_not(None), reachable)
    require(actor, Permission.ENROLLMENT_NOMINATE)
    return sa.and_(
        Enrollment.nominated_by_id.in_(actor.grants[Permission.ENROLLMENT_NOMINATE].organization),
        reachable,
    )


def _filter(actor: Actor, criteria: NominationFilter) -> sa.Select[Enrollment]:
    statement = enrollments_visible(actor).where(_own(actor))
    if criteria.delivery:
        of_delivery = (
            sa.select(Delivery.id).where(Delivery.code == criteria.delivery).scalar_subquery()
        )
        statement = statement.where(Enrollment.delivery_id == of_delivery)
    if criteria.status:
        statement = statement.where(stands_at(criteria.status))
    return statement
