"""Deliveries: schedule, change, publish, cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from core import i18n
from core.database import transaction
from core.forms import Form, parse_int, refusals_on
from core.policy import can, require
from core.web import current_actor, remember_answer, requires, see_other, submitted_once
from core.words import word
from courses import queries, services
from courses.forms.deliveries import POOLS, CancelForm, CutShortForm, DeliveryForm
from courses.models import PROMOTION_DAYS, Course, Delivery, DeliverySession
from courses.ports import people_to_tell
from courses.queries import fingerprint, plan_of
from courses.timetable import today_in
from courses.views.blueprint import pages
from people.models import BodyKind
from people.permissions import Permission as P
from people.queries import body_name, organization_choices


@pages.route("/courses/<code>/schedule", methods=["GET", "POST"])
@requires(P.DELIVERY_SCHEDULE)
@submitted_once
def schedule(code: str) -> Any:
    """A new delivery; the button decides whether it is published or saved as a draft."""
    course, actor = queries.get_course(code), current_actor()
    require(actor, P.DELIVERY_SCHEDULE, course)
    form = DeliveryForm(
        queries.list_trainers(course.centre_id),
        organization_choices(BodyKind.FUNDER),
        data=_proposed(course),
    )
    if form.validate_on_submit():
        is_published = request.form.get("button") != "draft"
        with refusals_on(form):
            with transaction():
                delivery = services.schedule(
                    actor, queries.get_course(code), form.plan(), is_published=is_published
                )
                flash(_outcome(delivery, is_published), "ok")
                answer = remember_answer(_address(delivery))
            return answer
        course = queries.get_course(code)  # the refusal rolled back what was read
    return render_template(
        "courses/schedule.html", form=form, course=course, delivery=None, now=None
    ), form.status


def _proposed(course: Course) -> dict[str, Any]:
    """The form's initial values: those of the course, and those last chosen for it or by the
    actor."""
    actor = current_actor()
    values: dict[str, Any] = {
        "places": course.default_places,
        "trainers": [actor.person_id],
        "promotion_days": PROMOTION_DAYS,
    }
    last = queries.find_last_delivery(actor, course)
    if last is None:
        return values
    chosen = DeliveryForm.values_of(plan_of(last))
    repeated = ["time_zone", "venue", "country", "language", "trainers", "promotion_days"]
    if last.course_id == course.id:
        repeated += ["places", "admission", *POOLS]
    return values | {name: chosen[name] for name in repeated if name in chosen}


def _outcome(delivery: Delivery, is_published: bool) -> str:
    facts = {
        "code": delivery.code,
        "first": i18n.weekday_words(delivery.starts_on),
        "last": i18n.weekday_words(delivery.ends_on),
        "closing": i18n.weekday_words(delivery.closes_on),
    }
    if is_published:
        return _(
            "%(code)s is published: %(first)s to %(last)s. People can apply until %(closing)s.",
            **facts,
        )
    return _(
        "%(code)s is kept as a draft: %(first)s to %(last)s. Only you and coordinators see it.",
        **facts,
    )


@pages.route("/deliveries/<code>/edit", methods=["GET", "POST"])
@requires(P.DELIVERY_WRITE)
def edit_delivery(code: str) -> Any:
    """If someone else changed the delivery meanwhile, shows both the current values and the typed
    ones."""
    delivery = _own(code)
    services.check_changeable(delivery)
    start = DeliveryForm.values_of(plan_of(delivery)) | _seen(delivery)
    trainers = queries.list_trainers(delivery.centre_id, delivery.id)
    form = DeliveryForm(trainers, organization_choices(BodyKind.FUNDER), data=start)
    if not form.validate_on_submit():
        return _edit_page(form, delivery)
    rev = parse_int(form.rev.data)
    with refusals_on(form):
        with transaction():
            services.change(
                current_actor(),
                delivery,
                form.plan(),
                rev=-1 if rev is None else rev,
                seen_fingerprint=form.seen.data,
            )
            flash(_("%(code)s was saved.", code=code), "ok")
        return see_other(_address(delivery))
    return _edit_page(form, _own(code))


def _seen(delivery: Delivery) -> dict[str, Any]:
    return {"rev": str(delivery.rev), "seen": fingerprint(delivery)}


def _edit_page(form: DeliveryForm, delivery: Delivery) -> Any:
    """The form; beside it the current values, if the typed ones were based on older ones."""
    status, now = form.status, None
    if form.is_stale:
        status, now = 409, _facts_now(delivery)
        form.rev.data, form.seen.data = _seen(delivery).values()
    page = render_template(
        "courses/schedule.html",
        form=form,
        course=delivery.course,
        delivery=delivery,
        now=now,
        to_tell=people_to_tell(delivery.id),
    )
    return page, status


def _facts_now(delivery: Delivery) -> list[tuple[str, str]]:
    """The current values in words, under the labels of the form."""
    pools = [
        _("%(category)s: %(places)s", category=word(pool.category), places=pool.places)
        for pool in delivery.pools
    ]
    trainers = queries.trainers_of([delivery.id])[delivery.id]
    return [
        (_("First day"), i18n.weekday_words(delivery.starts_on)),
        (_("Last day to apply"), i18n.weekday_words(delivery.closes_on)),
        (_("Time zone"), delivery.time_zone),
        (_("Venue"), delivery.venue),
        (_("Country"), i18n.country_name(delivery.country)),
        (_("Language of teaching"), i18n.language_name(delivery.language)),
        (_("Places"), i18n.number(delivery.places)),
        (_("Places kept"), "; ".join(pools) or _("None")),
        (
            _("Waiting list moves up automatically until"),
            ngettext(
                "%(num)s day before the start",
                "%(num)s days before the start",
                delivery.promotion_days,
            ),
        ),
        (_("Admission"), word(delivery.admission)),
        (_("Trainers"), ", ".join(person.full_name for person in trainers) or _("None")),
        *([(_("Funded by"), body_name(delivery.funder))] if delivery.funder else []),
    ]


@pages.post("/deliveries/<code>/publish")
@requires(P.DELIVERY_WRITE)
def publish_delivery(code: str) -> Any:
    delivery = _own(code)
    with transaction():
        flash(_outcome(services.publish(current_actor(), delivery), is_published=True), "ok")
    return see_other(_address(delivery))


@pages.route("/deliveries/<code>/cancel", methods=["GET", "POST"])
@requires(P.DELIVERY_WRITE)
def cancel_delivery(code: str) -> Any:
    """Asks for the reason and explains the consequences."""
    delivery, form = _own(code), CancelForm()
    services.check_changeable(delivery)
    if done := _done(
        form,
        delivery,
        _("%(code)s is cancelled.", code=code),
        lambda: services.cancel(current_actor(), delivery, reason=form.reason.data or ""),
    ):
        return done
    if form.is_submitted():
        delivery = _own(code)  # a refusal rolled back what was read
    page = render_template(
        "courses/cancel.html",
        form=form,
        delivery=delivery,
        has_begun=queries.has_begun(delivery.id),
        may_cut_short=can(current_actor(), P.DELIVERY_FINISH, delivery),
    )
    return page, form.status


@pages.route("/deliveries/<code>/cut-short", methods=["GET", "POST"])
@requires(P.DELIVERY_FINISH)
def cut_short(code: str) -> Any:
    """Asks for the last session held and the reason, and explains the consequences."""
    delivery, form = _to_cut_short(code), CutShortForm()
    services.check_changeable(delivery)

    def act() -> None:
        after = form.after_session.data
        services.cut_short(
            current_actor(),
            delivery,
            after_session=-1 if after is None else after,
            reason=form.reason.data or "",
        )

    message = _("%(code)s ends early: the remaining sessions are cancelled.", code=code)
    if form.after_session.data == services.NONE_HELD:
        message = _(
            "All sessions of %(code)s are cancelled. People are notified when the delivery is "
            "cancelled too.",
            code=code,
        )
    if done := _done(form, delivery, message, act):
        return done
    if form.is_submitted():
        delivery = _to_cut_short(code)  # a refusal rolled back what was read
    return _cut_page(form, delivery), form.status


def _done(form: Form, delivery: Delivery, message: str, act: Callable[[], object]) -> Any:
    """The redirect to the delivery after a successful submission; None if the form was not sent or
    was refused."""
    if form.validate_on_submit():
        with refusals_on(form):
            with transaction():
                act()
                flash(message, "ok")
            return see_other(_address(delivery))
    return None


def _cut_page(form: CutShortForm, delivery: Delivery) -> str:
    held, has_begun = delivery.held, queries.has_begun(delivery.id)
    none = [(str(services.NONE_HELD), _("None was held"))] if has_begun else []
    form.after_session.choices = none + [
        (str(session.number), _session_words(delivery, session)) for session in held[:-1]
    ]
    return render_template(
        "courses/cut_short.html",
        form=form,
        delivery=delivery,
        has_begun=has_begun,
        is_held=bool(held),
        share=delivery.version.min_attendance_percent,
    )


def _session_words(delivery: Delivery, session: DeliverySession) -> str:
    """ "8. Case study – Tuesday 9 March 2027, 15:00"."""
    return _(
        "%(number)s. %(title)s – %(day)s, %(time)s",
        number=session.number,
        title=i18n.text(session.title),
        day=i18n.weekday_words(today_in(delivery.time_zone, session.starts_at)),
        time=i18n.time_words(session.starts_at, delivery.time_zone),
    )


def _own(code: str) -> Delivery:
    """The delivery, for actors who may change it."""
    return queries.get_delivery_for(current_actor(), code, P.DELIVERY_WRITE)


def _to_cut_short(code: str) -> Delivery:
    return queries.get_delivery_for(current_actor(), code, P.DELIVERY_FINISH, load=queries.SESSIONS)


def _address(delivery: Delivery) -> str:
    """The delivery's page (in enrollment, because it shows places)."""
    return url_for("enrollment.delivery", code=delivery.code)
