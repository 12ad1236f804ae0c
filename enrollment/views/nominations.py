"""People nominated by organizations, over all deliveries: as a page, and as a file of the same
rows."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _

from core import countries, exports, i18n
from core.codes import spelling
from core.policy import Actor
from core.web import current_actor, signed_in
from core.words import word
from courses.models import Delivery
from enrollment import catalogue, queries, services
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.queries import NominationFilter
from enrollment.views.blueprint import pages
from people.queries import refused_mail

PAGE = 50


@pages.get("/nominations")
@signed_in
def nominations() -> Any:
    """Who was nominated and their status, and deliveries open for nominations."""
    actor = current_actor()
    page = queries.list_nominations(actor, _filter(), after=request.args.get("after"), limit=PAGE)
    waiting = {
        item.delivery_id
        for item in page.items
        if item.standing.status is EnrollmentStatus.WAITLISTED
    }
    positions = queries.positions(*waiting) if waiting else {}
    people = [queries.person_shown(actor, item) for item in page.items]
    refused = refused_mail(person.id for person in people)
    rows = [
        {
            "is_refused": person.id in refused,
            "enrollment": item,
            "status": item.standing.status,
            "person": person,
            "why": queries.explain(actor, item, positions.get(item.standing.id)),
            "may_withdraw": "withdraw" in services.steps_now(actor, item),
        }
        for item, person in zip(page.items, people, strict=True)
    ]
    deliveries = [
        (delivery.code, _title_and_day(delivery))
        for delivery in queries.deliveries_nominated_for(actor)
    ]
    open_rows, has_more_open = catalogue.open_rows()
    return render_template(
        "enrollment/nominations.html",
        rows=rows,
        next=page.next,
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
    """All filtered rows, with each organization's own statements about its people."""
    actor = current_actor()
    entries = queries.every_nomination(actor, _filter())
    waiting = {
        entry.delivery_id
        for entry in entries
        if entry.standing.status is EnrollmentStatus.WAITLISTED
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
    rows = [_line(actor, entry, positions.get(entry.standing.id)) for entry in entries]
    return exports.download(actor, "nominations", "nominations", header, rows)


def _line(actor: Actor, entry: Enrollment, position: int | None) -> list[Any]:
    person = queries.person_shown(actor, entry)
    return [
        person.identifier,
        person.given_name,
        person.family_name,
        person.email,
        person.country,
        countries.written(person.nationalities, i18n.locale()),
        word(entry.category),
        entry.subcategory and word(entry.subcategory),
        entry.rank,
        entry.nominated_by.name if entry.nominated_by else "",
        i18n.text(entry.delivery.course.title),
        entry.delivery.code,
        entry.delivery.starts_on,
        word(entry.standing.status),
        position,
        queries.explain(actor, entry, position),
    ]


def _title_and_day(delivery: Delivery) -> str:
    return (
        f"{i18n.text(delivery.course.title)}, {i18n.date_words(delivery.starts_on, form='short')}"
    )


def _filter() -> NominationFilter:
    """The filters in the address; an unknown status is ignored."""
    status = request.args.get("status")
    return NominationFilter(
        request.args.get("delivery"),
        EnrollmentStatus(status) if status in set(EnrollmentStatus) else None,
    )
