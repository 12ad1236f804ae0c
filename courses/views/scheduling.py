"""Deliveries: schedule, change, publish, cancel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _

from accounts.roles import Permission as P
from core import i18n
from core.database import transaction
from core.errors import Conflict
from core.forms import Form, refusals_on
from core.policy import require
from core.web import current_actor, remember_answer, requires, see_other, submitted_once
from courses import queries, services
from courses.forms.deliveries import CancelForm, DeliveryForm
from courses.models import Course, Delivery
from courses.services.deliveries import fingerprint, plan_of
from courses.views.blueprint import pages


@pages.route("/courses/<code>/schedule", methods=["GET", "POST"])
@requires(P.DELIVERY_SCHEDULE)
@submitted_once
def schedule(code: str) -> Any:
    """A new delivery; the button says whether it is published at once or kept as a draft."""
    course, actor = queries.get_course(code), current_actor()
    form = DeliveryForm(queries.list_trainers(), data=_proposed(course))
    if form.validate_on_submit():
        is_published = request.form.get("button") != "draft"
        with refusals_on(form):
            with transaction():
                delivery = services.schedule(actor, queries.get_course(code), form.plan(), is_published=is_published)
                flash(_outcome(delivery, is_published), "ok")
                answer = remember_answer(_address(delivery))
            return answer
    return render_template("courses/schedule.html", form=form, course=course, delivery=None, now=None), form.status


def _proposed(course: Course) -> dict[str, Any]:
    """What the form begins with: the course's own, and what the actor chose last."""
    actor = current_actor()
    values: dict[str, Any] = {"places": course.default_places, "trainers": [actor.person_id]}
    last = queries.find_last_delivery(actor)
    if last is None:
        return values
    chosen = DeliveryForm.values_of(plan_of(last))
    kept = ["time_zone", "venue", "country", "language", "trainers"]
    if last.course_id == course.id:
        kept += ["places", "admission", "pool_military", "pool_police", "pool_civilian"]
    return values | {name: chosen[name] for name in kept if name in chosen}


def _outcome(delivery: Delivery, is_published: bool) -> str:
    facts = {
        "code": delivery.code,
        "first": i18n.weekday_words(delivery.starts_on),
        "last": i18n.weekday_words(delivery.ends_on),
        "closing": i18n.weekday_words(delivery.closes_on),
    }
    if is_published:
        return _("%(code)s is published: %(first)s to %(last)s. People can apply until %(closing)s.", **facts)
    return _("%(code)s is kept as a draft: %(first)s to %(last)s. Only you and coordinators see it.", **facts)


@pages.route("/deliveries/<code>/edit", methods=["GET", "POST"])
@requires(P.DELIVERY_WRITE)
def edit_delivery(code: str) -> Any:
    delivery = _own(code)
    plan = plan_of(delivery)
    form = DeliveryForm(
        queries.list_trainers(), data=DeliveryForm.values_of(plan) | {"rev": delivery.rev, "seen": fingerprint(delivery)}
    )
    stale = None
    if form.validate_on_submit():
        rev = int(form.rev.data) if (form.rev.data or "").isdigit() else -1
        try:
            with refusals_on(form):
                with transaction():
                    services.change(current_actor(), delivery, form.plan(), rev=rev, seen=form.seen.data)
                    flash(_("%(code)s was saved.", code=code), "ok")
                return see_other(_address(delivery))
        finally:
            stale = "rev" in form.conflicts
    return _edit_page(form, code, stale)
