"""The people an organization has put forward, over all deliveries: as a page, and as a file of
what the page shows."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _

from core import countries, exports, i18n
from core.codes import spelling
from core.policy import Actor
from core.web import current_actor, signed_in
from core.words import word
from enrollment import catalogue, queries, services
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.queries import NominationsWanted
from enrollment.views.blueprint import pages
from people.queries import refused_mail

PAGE = 50


@pages.get("/nominations")
@signed_in
def nominations() -> Any:
    """Who was put forward and where they stand, and for what people can be put forward now."""
    actor = current_actor()
    found = queries.list_nominations(actor, _wanted(), after=request.args.get("after"), limit=PAGE)
    waiting = {
        one.delivery_id for one in found.items if one.standing.status is EnrollmentStatus.WAITLISTED
    }
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
            "may_withdraw": "withdraw" in services.steps_now(actor, one),
        }
        for one, person in zip(found.items, shown, strict=True)
    ]
    deliveries = [
        (one.code, f"{i18n.text(one.course.title)}, {i18n.date_words(one.starts_on, form='short')}")
        for one in queries.deliveries_nominated_for(actor)
    ]
    open_rows, has_more_open = catalogue.open_rows()
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
        is_everybody=queries.reads_everybodys(actor),
        open_rows=open_rows,
        has_more_open=has_more_open,
    )


@pages.get("/nominations.csv")
@signed_in
def nominations_file() -> Response:
    """Everything the filters keep, with what each organization itself said of its people."""
    actor = current_actor()
    found = queries.every_nomination(actor, _wanted())
    waiting = {
        one.delivery_id for one in found if one.standing.status is EnrollmentStatus.WAITLISTED
    }
    positions = queries.positions(*waiting) if waiting else {}
    header = [
        _("Service or staff number"),
        _("Given name"),
        _("Family name"),
        _("Email"),
        _("Country"),
        _("Nationality"),
        _("Category"),
        _("Sub-category"),
        _("Rank"),
        _("Nominated by"),
        _("Course"),
        _("Delivery"),
        _("Begins"),
        _("Status"),
        _("Position"),
        _("Why"),
    ]
    rows = [_line(actor, one, positions.get(one.standing.id)) for one in found]
    return exports.download(actor, "nominations", "nominations", header, rows)


def _line(actor: Actor, one: Enrollment, position: int | None) -> list[Any]:
    person = queries.person_shown(actor, one)
    return [
        person.identifier,
        person.given_name,
        person.family_name,
        person.email,
        person.country,
        countries.written(person.nationalities, i18n.locale()),
        word(one.category),
        one.subcategory and word(one.subcategory),
        one.rank,
        one.nominated_by.name if one.nominated_by else "",
        i18n.text(one.delivery.course.title),
        one.delivery.code,
        one.delivery.starts_on,
        word(one.standing.status),
        position,
        queries.explain(actor, one, position),
    ]


def _wanted() -> NominationsWanted:
    """The filters of the address; a status that there is not is none."""
    status = request.args.get("status")
    return NominationsWanted(
        request.args.get("delivery"),
        EnrollmentStatus(status) if status in set(EnrollmentStatus) else None,
    )
