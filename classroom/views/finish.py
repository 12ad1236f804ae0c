"""Finishing a delivery: who completes it, who does not and why, and who still waits for a place."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from classroom import queries, services
from classroom.forms import ReopenForm
from classroom.participation import has_letter, may_read_letter
from classroom.ports import certificate_reviews
from classroom.views.blueprint import pages
from core.database import transaction
from core.errors import Conflict
from core.forms import is_shown_again, refusals_on
from core.i18n import number
from core.paging import numbered
from core.policy import Actor
from core.refusals import tells_all
from core.web import current_actor, requires, see_other
from courses.models import Delivery, DeliveryStatus
from courses.queries import SESSIONS, VERSION, get_delivery_for, has_ended, span_of
from courses.timetable import cut_reason, local_day
from enrollment.models import OPEN, EnrollmentStatus
from enrollment.queries import list_waiting, waiting_ids
from people.permissions import Permission as P


@pages.get("/deliveries/<code>/finish")
@requires(P.DELIVERY_FINISH)
def finish(code: str) -> Any:
    """Shows what finishing would do or, for a finished delivery, its results."""
    return _page(_delivery(code))


@pages.post("/deliveries/<code>/finish")
@requires(P.DELIVERY_FINISH)
@tells_all
def finish_delivery(code: str) -> Any:
    """Finishes the delivery. Before the last session has ended, the page is shown again with the
    time when it ends."""
    delivery = _delivery(code)
    if is_shown_again():
        return _page(delivery)
    try:
        with transaction():
            services.finish(current_actor(), delivery.id)
            flash(_("The delivery is finished and its results are fixed."), "ok")
    except Conflict as refusal:
        if refusal.code == "not_over":
            return _page(_delivery(code), 409)
        if refusal.code != "delivery_finished":
            raise  # a second press of the button is no mistake: it leads to the same results
    return see_other(url_for("classroom.finish", code=code))


@pages.get("/deliveries/<code>/reopen")
@requires(P.DELIVERY_FINISH)
def reopen(code: str) -> Any:
    """Asks which results have to be corrected, and for the reason."""
    return _reopening(_delivery(code), ReopenForm())


@pages.post("/deliveries/<code>/reopen")
@requires(P.DELIVERY_FINISH)
@tells_all
def reopen_results(code: str) -> Any:
    delivery, form = _delivery(code), ReopenForm()
    if form.validate():
        with refusals_on(form):
            chosen = [
                enrollment_id
                for enrollment_id in form.enrollments.data or []
                if enrollment_id is not None
            ]
            with transaction():
                services.reopen(current_actor(), delivery.id, chosen, reason=form.reason.data or "")
                flash(
                    ngettext(
                        "%(num)s result is open again.",
                        "%(num)s results are open again.",
                        len(set(chosen)),
                    ),
                    "ok",
                )
            return see_other(url_for("classroom.finish", code=code))
    return _reopening(_delivery(code), form)


def _reopening(delivery: Delivery, form: ReopenForm) -> Any:
    ids = queries.fixed_ids(delivery)
    sheet = numbered({"results": ids}, request.args.get("page", 1, type=int))
    return render_template(
        "classroom/reopen.html",
        form=form,
        delivery=delivery,
        sheet=sheet,
        results=queries.completion(delivery, sheet.rows) if ids else [],
    ), form.status


def _page(delivery: Delivery, status: int = 200) -> Any:
    actor = current_actor()
    people = [
        standing
        for standing in queries.standings(delivery)
        if standing.status is not EnrollmentStatus.OFFERED
    ]
    sheet = numbered(
        {
            "eligible": [standing.id for standing in people if standing.is_complete],
            "lacking": [standing.id for standing in people if not standing.is_complete],
            "waiting": waiting_ids(actor, delivery),
        },
        request.args.get("page", 1, type=int),
    )
    seated = [*sheet.lists["eligible"], *sheet.lists["lacking"]]
    results = queries.completion(delivery, seated)
    is_over, is_held = delivery.status is DeliveryStatus.FINISHED, has_ended(delivery.id)
    page = render_template(
        "classroom/finish.html",
        delivery=delivery,
        rule=delivery.version,
        sheet=sheet,
        eligible=[result for result in results if result.is_complete],
        lacking=[result for result in results if not result.is_complete],
        reopened=sum(standing.status in OPEN for standing in people) if is_over else 0,
        waiting=list_waiting(actor, delivery, sheet.lists["waiting"]),
        unmarked=_unmarked(delivery),
        ends_at=None if is_held else span_of(delivery.id)[1],
        may_finish=is_held
        and services.has_results_to_fix(delivery, [standing.status for standing in people]),
        cut=_cut(delivery),
        reviews=certificate_reviews(actor, delivery),
        issue=_issue_address(delivery),
        letters=_letters(actor, results),
    )
    return page, status


def _delivery(code: str) -> Delivery:
    return get_delivery_for(current_actor(), code, P.DELIVERY_FINISH, load=(*SESSIONS, *VERSION))


def _cut(delivery: Delivery) -> tuple[int, int, str] | None:
    """(sessions held, sessions in all, reason) if the delivery was cut short, else None."""
    reason = cut_reason(delivery)
    return None if reason is None else (len(delivery.held), len(delivery.sessions), reason)


def _unmarked(delivery: Delivery) -> list[tuple[Any, Any, str]]:
    """(session, date, "24 of 25 marked") of the sessions in which someone has no mark yet."""
    return [
        (
            session,
            local_day(delivery, session),
            _("%(marked)s of %(total)s marked", marked=number(marked), total=number(people)),
        )
        for session, marked, people in queries.unmarked_sessions(delivery)
    ]


def _letters(actor: Actor, results: list[queries.Completion]) -> set[int]:
    """The enrollments whose letter of participation the actor may open."""
    enrollments = [result.enrollment for result in results if has_letter(result.enrollment, result)]
    return {enrollment.id for enrollment in enrollments if may_read_letter(actor, enrollment)}


def _issue_address(delivery: Delivery) -> str | None:
    """The page that issues certificates, if the actor may issue any. None as well in an application
    without certificates."""
    if "certificates.issue_page" not in current_app.view_functions or not current_actor().can(
        P.CERTIFICATE_ISSUE, delivery
    ):
        return None
    return url_for("certificates.issue_page", code=delivery.code)
