"""The people an organization has put forward, over all deliveries: as a page, and as a file of what the page shows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response, render_template, request
from flask_babel import gettext as _

from core import countries, exports, i18n
from core.codes import spelling
from core.database import db
from core.paging import page
from core.policy import Actor, require, visible
from core.web import current_actor, signed_in
from core.words import word
from courses.models import Delivery
from enrollment import catalogue, queries
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.states import steps
from enrollment.views.blueprint import pages
from people.permissions import Permission as P
from people.queries import refused_mail

PAGE = 50


@pages.get("/nominations")
@signed_in
def nominations() -> Any:
    """Who was put forward and where they stand, and for what people can be put forward now."""
    actor = current_actor()
    statement = _filtered(actor)
    found = page(statement, [-Enrollment.id], after=request.args.get("after"), limit=PAGE)
    waiting = {one.delivery_id for one in found.items if one.standing.status is EnrollmentStatus.WAITLISTED}
    positions = queries.positions(*waiting) if waiting else {}
    shown = [queries.person_shown(actor, one) for one in found.items]
    refused = refused_mail(person.id for person in shown)
    rows = [
        {
            "is_refused": person.id in refused,
            "enrollment": one,
            "status": one.standing.status,
            "person": person,
            "why": queries.explain(actor, one, positions.get(one.standing.id)),
            "may_withdraw": "withdraw" in steps(one, actor) and one.delivery.status == "published",
        }
        for one, person in zip(found.items, shown, strict=True)
    ]
    deliveries = _deliveries(actor)
    return render_template(
        "enrollment/nominations.html",
        rows=rows,
        next=found.next,
        deliveries=deliveries,
        statuses=list(EnrollmentStatus),
        chosen={
            "delivery": spelling(request.args.get("delivery", ""), dict(deliveries)),
            "status": request.args.get("status", ""),
        },
        query={name: value for name in ("delivery", "status") if (value := request.args.get(name))},
        is_everybody=_is_everybody(actor),
        open_rows=catalogue.open_rows(),
    )


@pages.get("/nominations.csv")
@signed_in
def nominations_file() -> Response:
    """Everything the filters keep, with what each organization itself said of its people."""
    actor = current_actor()
    found = db.session.scalars(_filtered(actor).order_by(-Enrollment.id)).all()
    waiting = {one.delivery_id for one in found if one.standing.status is EnrollmentStatus.WAITLISTED}
    positions = queries.positions(*waiting) if waiting else {}
    header = [
        _("Service or staff number"), _("Given name"), _("Family name"), _("Email"), _("Country"), _("Nationality"),
        _("Category"), _("Rank"), _("Nominated by"), _("Course"), _("Delivery"), _("Begins"), _("Status"), _("Position"),
        _("Why"),
    ]  # fmt: skip
    rows = [_line(actor, one, positions.get(one.standing.id)) for one in found]
    return exports.download(actor, "nominations", "nominations", header, rows)


def _line(actor: Actor, one: Enrollment, position: int | None) -> list[Any]:
    person = queries.person_shown(actor, one)
    return [
        person.identifier, person.given_name, person.family_name, person.email, person.country,
        countries.written(person.nationalities, i18n.locale()), word(one.category), one.rank,
        one.nominated_by.name if one.nominated_by else "", i18n.text(one.delivery.course.title), one.delivery.code,
        one.delivery.starts_on, word(one.standing.status), position, queries.explain(actor, one, position),
    ]  # fmt: skip


def _is_everybody(actor: Actor) -> bool:
    """Whether the actor reads the nominations of all organizations, in a centre or everywhere."""
    grant = actor.grants.get(P.ENROLLMENT_READ)
    return grant is not None and (grant.everywhere or bool(grant.centre))


def _own(actor: Actor) -> sa.ColumnElement[bool]:
    """Nominations, not applications, that the actor may see; of the own organizations, or those of all organizations for whoever
    coordinates a centre."""
    seen = visible(Enrollment, actor, P.ENROLLMENT_READ)
    if _is_everybody(actor):
        return sa.and_(Enrollment.nominated_by_id.is_not(None), seen)
    require(actor, P.ENROLLMENT_NOMINATE)
    return sa.and_(Enrollment.nominated_by_id.in_(actor.grants[P.ENROLLMENT_NOMINATE].organization), seen)


def _filtered(actor: Actor) -> sa.Select[Any]:
    statement = queries.enrollments_visible(actor).where(_own(actor))
    if code := request.args.get("delivery"):
        of_delivery = sa.select(Delivery.id).where(Delivery.code == code).scalar_subquery()
        statement = statement.where(Enrollment.delivery_id == of_delivery)
    if (status := request.args.get("status")) in set(EnrollmentStatus):
        statement = statement.where(queries.stands_at(EnrollmentStatus(status)))
    return statement


def _deliveries(actor: Actor) -> list[tuple[str, str]]:
    """(code, words) of the deliveries in which there are nominations, the latest first."""
    here = sa.exists().where(Enrollment.delivery_id == Delivery.id, _own(actor))
    found = db.session.scalars(sa.select(Delivery).where(here).order_by(Delivery.starts_on.desc()).limit(200))
    return [(one.code, f"{i18n.text(one.course.title)}, {i18n.date_words(one.starts_on, form='short')}") for one in found]
