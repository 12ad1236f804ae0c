"""The page of a delivery, for everyone who may see it, and the list for those who work on
deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

import courses.services
import enrollment.queries
from core import i18n
from core.counting import count_words
from core.policy import Actor, can
from core.web import current_actor, public, requires
from core.words import word
from courses import queries
from courses.models import Delivery, DeliveryStatus
from courses.states import DELIVERY
from enrollment.catalogue import days_words
from enrollment.queries import PoolPlaces
from enrollment.services import may_decide
from enrollment.views.blueprint import pages
from people.permissions import Permission as P
from people.queries import body_name

WORKED_ON = (
    DeliveryStatus.PUBLISHED,
    DeliveryStatus.DRAFT,
    DeliveryStatus.FINISHED,
    DeliveryStatus.CANCELLED,
)


@dataclass(frozen=True)
class Situation:
    """The state of a delivery for the viewer: one sentence, and whether one may apply."""

    tone: str
    sentence: str
    may_apply: bool = False
    shows_others: bool = False  # other dates of the course are the next step


@pages.get("/deliveries/<code>")
@public
def delivery(code: str) -> str:
    actor = current_actor()
    delivery = queries.get_delivery(actor, code, load=queries.VERSION + queries.BODIES)
    sessions = queries.timetable_of(delivery.id)
    pools = enrollment.queries.places([delivery.id])[delivery.id]
    work, has_begun = _work(actor, delivery), queries.has_begun(delivery.id)
    situation = _situation(delivery, pools)
    others = (
        [other for other in queries.upcoming_of(delivery.course) if other.id != delivery.id]
        if situation.shows_others
        else []
    )
    is_cut = any(session.is_cancelled for session in sessions)
    length = _length(delivery, sessions)
    own = (
        enrollment.queries.find_enrollment(delivery.id, actor.person_id)
        if actor.person_id
        else None
    )
    return render_template(
        "enrollment/delivery.html",
        delivery=delivery,
        course=delivery.course,
        version=delivery.version,
        zone=delivery.time_zone,
        timetable=[
            (number, delivery.starts_on + timedelta(days=number - 1), list(of_the_day))
            for number, of_the_day in groupby(sessions, key=lambda session: session.day)
        ],
        length=length,
        cut_reason=queries.cut_reason_of(delivery.id) if is_cut else None,
        minutes_of_course=delivery.version.minutes if is_cut else None,
        objectives=queries.stated_objectives(delivery.version),
        dates=days_words(delivery.starts_on, delivery.ends_on, i18n.locale()),
        places=[(_whose(pool), _places_left(pool)) for pool in pools],
        situation=situation,
        others=others,
        own=own,
        prerequisites=queries.titles_of(delivery.version.prerequisites)
        if delivery.version.prerequisites
        else {},
        trainers=queries.trainers_of([delivery.id])[delivery.id],
        centre=body_name(delivery.centre),
        funder=body_name(delivery.funder) if delivery.funder else None,
        may_nominate=situation.may_apply and can(actor, P.ENROLLMENT_NOMINATE),
        work=work,
        waits=_waits(actor, delivery),
        steps=DELIVERY.available(delivery, actor),
        may_cancel=courses.services.is_in_time_to_cancel(delivery, has_begun=has_begun),
        may_cut_short=courses.services.may_cut_short(
            actor, delivery, held=length[1], has_begun=has_begun
        ),
        may_edit=courses.services.may_change(actor, delivery),
    )


def _length(delivery: Delivery, sessions: Any) -> tuple[int, int, int]:
    """Days, sessions and minutes, without cancelled sessions."""
    held_sessions = [session for session in sessions if not session.is_cancelled]
    return (
        (delivery.ends_on - delivery.starts_on).days + 1,
        len(held_sessions),
        sum(session.minutes for session in held_sessions),
    )


def _waits(actor: Actor, delivery: Delivery) -> tuple[int, int]:
    """How many places a coordinator can assign from the waiting list, and how many people wait."""
    if not may_decide(actor, delivery):
        return 0, 0
    seating = enrollment.queries.seatings([delivery.id])[delivery.id]
    return seating.left_for_line, seating.all_waiting


def _situation(delivery: Delivery, pools: list[PoolPlaces]) -> Situation:
    if delivery.status is DeliveryStatus.DRAFT:
        return Situation("info", _("This is a draft. No one else sees it until it is published."))
    if delivery.status is DeliveryStatus.CANCELLED:
        return Situation(
            "bad",
            _("This delivery was cancelled: %(reason)s", reason=delivery.cancel_reason or ""),
            shows_others=True,
        )
    if delivery.status is DeliveryStatus.FINISHED:
        return Situation("info", _("This delivery is finished."), shows_others=True)
    if not queries.is_open_for_enrollment(delivery):
        if queries.today_of(delivery) >= delivery.starts_on:
            return Situation(
                "info", _("This delivery has begun. Applications are closed."), shows_others=True
            )
        day = i18n.date_words(delivery.closes_on)
        return Situation("info", _("Applications closed on %(day)s.", day=day), shows_others=True)
    if not any(pool.left_for_new for pool in pools):
        sentence = _(
            "All places are taken. You can still apply: you join the waiting list and get the "
            "next place that becomes free."
        )
        if not queries.moves_up(delivery):
            sentence = _(
                "All places are taken. You can still apply and join the waiting list; if a place "
                "becomes free, a coordinator gives it to someone on the list."
            )
        return Situation("warn", sentence, may_apply=True, shows_others=True)
    return Situation(
        "ok",
        _("You can apply until %(day)s.", day=i18n.weekday_words(delivery.closes_on)),
        may_apply=True,
    )


def _whose(pool: PoolPlaces) -> str:
    return word(pool.category) if pool.category else _("Open to everyone")


def _places_left(pool: PoolPlaces) -> str:
    facts = {
        "left": i18n.number(pool.left_for_new),
        "places": i18n.number(pool.places),
        "waiting": i18n.number(pool.waiting),
    }
    if pool.left_for_new:
        return _("%(left)s of %(places)s left", **facts)
    if pool.waiting:
        return _("Full (%(places)s), %(waiting)s waiting", **facts)
    return _("Full (%(places)s)", **facts)


#: Work on a delivery: endpoint, words, permission.
_WORK = (
    ("enrollment.selection", _l("Participants and selection"), P.ENROLLMENT_READ),
    ("classroom.attendance", _l("Attendance"), P.ATTENDANCE_RECORD),
    ("classroom.scores", _l("Scores"), P.ATTENDANCE_RECORD),
    ("enrollment.needs", _l("Needs for rooms and meals"), P.NEEDS_READ),
    ("classroom.finish", _l("Finish and certify"), P.DELIVERY_FINISH),
)


def _work(actor: Actor, delivery: Delivery) -> list[tuple[Any, str]]:
    """(words, address) of the work that `actor` may do on this delivery."""
    if delivery.status in (DeliveryStatus.DRAFT, DeliveryStatus.CANCELLED):
        return []
    return [
        (words, url_for(endpoint, code=delivery.code))
        for endpoint, words, permission in _WORK
        if can(actor, permission, delivery)
    ]


@pages.get("/deliveries")
@requires(P.DELIVERY_READ)
def deliveries() -> str:
    """The deliveries that the actor works on, one status at a time."""
    actor = current_actor()
    chosen = request.args.get("status")
    status = DeliveryStatus(chosen) if chosen in set(DeliveryStatus) else DeliveryStatus.PUBLISHED
    page = enrollment.queries.list_worked_on(
        actor, status, after=request.args.get("after"), limit=50
    )
    return render_template(
        "enrollment/deliveries.html",
        page=page,
        status=status,
        counts={key: count_words(count) for key, count in queries.count_by_status(actor).items()},
        statuses=WORKED_ON,
        places=_totals([item.id for item in page.items]),
        days={
            item.id: days_words(item.starts_on, item.ends_on, i18n.locale()) for item in page.items
        },
    )


def _totals(ids: list[int]) -> dict[int, tuple[int, int, int]]:
    """Taken, total and waiting of each delivery."""
    totals = {
        key: enrollment.queries.total_of(pools)
        for key, pools in enrollment.queries.places(ids).items()
    }
    return {key: (total.taken, total.places, total.waiting) for key, total in totals.items()}
