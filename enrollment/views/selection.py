"""Selecting: places, requests to decide on, people with a place, the waiting list; the list as a
file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from core import countries, exports, i18n
from core.database import transaction
from core.errors import Conflict, DomainError, Invalid
from core.forms import is_shown_again, parse_int
from core.paging import numbered
from core.policy import Actor, require
from core.refusals import tells_all
from core.web import current_actor, requires, see_other
from core.words import word
from courses.models import Delivery, DeliveryStatus
from courses.queries import get_delivery_for
from enrollment import queries, services
from enrollment.models import SEATED, Enrollment, EnrollmentStatus
from enrollment.prerequisites import Prerequisite, Verdict, prerequisites_of
from enrollment.queries import PersonShown
from enrollment.references import reference
from enrollment.views.blueprint import pages
from people.permissions import Permission as P
from people.queries import refused_mail

S = EnrollmentStatus
#: How the names of the lists of those who wait begin; the category that a line is for follows.
WAITING = "waiting-"


@dataclass(frozen=True)
class Entry:
    """One person as the selection shows it."""

    enrollment: Enrollment
    person: PersonShown
    position: int | None
    why: str | None
    is_unreached: bool
    prerequisites: list[Prerequisite] = field(default_factory=list)
    order: tuple[int, int] | None = (
        None  # the how manieth of how many that the same organization put forward
    )
    steps: frozenset[str] = field(default_factory=frozenset)


@pages.get("/deliveries/<code>/selection")
@requires(P.ENROLLMENT_READ)
def selection(code: str) -> Any:
    delivery = _delivery(code)
    return _page(delivery)


@pages.post("/deliveries/<code>/selection")
@requires(P.ENROLLMENT_DECIDE)
@tells_all
def decide(code: str) -> Any:
    """Approves the one whose button was pressed, or all that were ticked, in the order of their
    requests."""
    actor, delivery = current_actor(), _delivery(code)
    require(actor, P.ENROLLMENT_DECIDE, delivery)
    if is_shown_again():
        return _page(delivery, chosen=_numbers("chosen"))
    ids = _numbers("approve") or _numbers("chosen")
    try:
        if not ids:
            raise Invalid("nobody_chosen", _l("Select the people you approve."))
        with transaction():
            made = [services.approve(actor, one) for one in _requests(delivery, ids)]
            flash(_said(made), "ok")
    except (Invalid, Conflict) as refusal:
        return _page(_delivery(code), refusal, chosen=_numbers("chosen"))
    return see_other(url_for("enrollment.selection", code=code, page=request.args.get("page")))


def _numbers(name: str) -> list[int]:
    return [number for one in request.form.getlist(name) if (number := parse_int(one)) is not None]


def _delivery(code: str) -> Delivery:
    """For those who may read all of the delivery's enrollments, not only their own."""
    return get_delivery_for(current_actor(), code, P.ENROLLMENT_READ)


def _requests(delivery: Delivery, ids: list[int]) -> list[Enrollment]:
    """The chosen ones of this delivery; foreign ids are no one."""
    found = queries.list_chosen(current_actor(), delivery, ids)
    if not found:
        raise Invalid("unknown_enrollment", _l("There is no such enrollment."))
    return found


def _said(made: list[Enrollment]) -> str:
    seated = sum(one.status in SEATED for one in made)
    sentence = ngettext("%(num)s request approved.", "%(num)s requests approved.", len(made))
    if waiting := len(made) - seated:
        sentence += " " + ngettext(
            "%(num)s person waits for a place.", "%(num)s people wait for a place.", waiting
        )
    return sentence


def _entries(
    actor: Actor,
    delivery: Delivery,
    found: Sequence[Enrollment],
    orders: dict[int, tuple[int, int]],
    positions: dict[int, int],
) -> list[Entry]:
    """These people of the delivery, in a number of queries that is the same for any number of
    people."""
    refused = refused_mail(one.person_id for one in found)
    asked = prerequisites_of(delivery, [one.person_id for one in found])
    return [
        Entry(
            one,
            queries.person_shown(actor, one),
            positions.get(one.id),
            queries.explain(actor, one, positions.get(one.id)),
            one.person_id in refused,
            asked.get(one.person_id, []),
            orders.get(one.id),
            frozenset(services.steps_now(actor, one)),
        )
        for one in found
    ]


def _page(
    delivery: Delivery, refusal: DomainError | None = None, *, chosen: Collection[int] = ()
) -> Any:
    actor = current_actor()
    standings, positions = queries.standings(actor, delivery), queries.positions(delivery.id)
    seating = queries.seatings([delivery.id])[delivery.id]
    pools = queries.pool_places(seating)
    with_pool = {pool.category for pool in pools if pool.category}
    lists = _lists(standings, positions, with_pool)
    sheet = numbered(
        {name: [one.id for one in rows] for name, rows in lists.items()},
        request.args.get("page", 1, type=int),
    )
    found = queries.list_counting(actor, delivery, sheet.rows)
    orders = queries.orders_of_bodies(standings)
    entries = {
        one.enrollment.id: one for one in _entries(actor, delivery, found, orders, positions)
    }
    shown = {name: [entries[one] for one in ids] for name, ids in sheet.lists.items()}
    categories = {
        name: rows[0].category if rows[0].category in with_pool else None
        for name, rows in lists.items()
        if name.startswith(WAITING)
    }
    page = render_template(
        "enrollment/selection.html",
        delivery=delivery,
        pools=pools,
        said=said,
        asks=any(one.prerequisites for one in entries.values()),
        sheet=sheet,
        chosen=chosen,
        waits=(seating.left_for_line, seating.all_waiting)
        if delivery.status is DeliveryStatus.PUBLISHED
        else (0, 0),
        free={category for category in seating.waiting if seating.fits(category)},
        requested=shown["requested"],
        seated=shown["seated"],
        lines=[(name, category, shown[name]) for name, category in categories.items()],
        categories=categories,
        ended=shown["ended"],
        may_decide=services.may_decide(actor, delivery),
        may_add=services.may_enter(actor, delivery),
        refusal=refusal,
    )
    return page, refusal.status if refusal else 200


def said(asked: Prerequisite) -> str:
    """Whether a course that is asked for was completed, and until when what it granted holds."""
    if asked.verdict is Verdict.MISSING:
        return _("missing")
    if asked.verdict is Verdict.ENDED:
        return _("ended on %(day)s", day=i18n.date_words(asked.until, form="short"))
    return (
        _("met until %(day)s", day=i18n.date_words(asked.until, form="short"))
        if asked.until
        else _("met")
    )


def _lists(
    standings: Sequence[Any], positions: dict[int, int], with_pool: set[Any]
) -> dict[str, list[Any]]:
    """The lists of the page in their order: requests as they came, people with a place by name,
    each waiting line that has someone in it, and who is no longer wanted."""

    def those(*statuses: EnrollmentStatus) -> list[Any]:
        return [one for one in standings if one.status in statuses]

    lines = _lines(those(S.WAITLISTED), positions, with_pool)
    return {
        "requested": sorted(those(S.REQUESTED), key=lambda one: one.id),
        "seated": those(*SEATED),
        **{f"{WAITING}{category or ''}": people for category, people in lines},
        "ended": those(S.DECLINED, S.WITHDRAWN, S.SUBSTITUTED, S.DELIVERY_CANCELLED),
    }


def _lines(
    waiting: list[Any], positions: dict[int, int], with_pool: set[Any]
) -> list[tuple[Any, list[Any]]]:
    """(category or None, people in their order) for each waiting line that has someone in it."""
    lines: dict[Any, list[Any]] = {}
    for one in sorted(waiting, key=lambda one: positions.get(one.id, 0)):
        lines.setdefault(one.category if one.category in with_pool else None, []).append(one)
    return sorted(lines.items(), key=lambda line: (line[0] is None, line[0] or ""))


@pages.get("/deliveries/<code>/participants.csv")
@requires(P.ENROLLMENT_READ)
def participants_file(code: str) -> Response:
    """Everyone with status, as the actor may see them."""
    actor, delivery = current_actor(), _delivery(code)
    header = [
        _("Reference"),
        _("Family name"),
        _("Given name"),
        _("Name on certificate"),
        _("Email"),
        _("Country"),
        _("Nationality"),
        _("Gender"),
        _("Category"),
        _("Sub-category"),
        _("Rank"),
        _("Rank code"),
        _("Employer"),
        _("Nominated by"),
        _("Order of nomination"),
        _("Prerequisites"),
        _("Status"),
        _("Position"),
        _("Why"),
    ]
    found = queries.list_counting(actor, delivery)
    orders, positions = queries.orders_of_bodies(found), queries.positions(delivery.id)
    entries = _entries(actor, delivery, found, orders, positions)
    rows = [_line(delivery, entry) for entry in entries]
    return exports.download(actor, "participants", f"participants-{delivery.code}", header, rows)


def _line(delivery: Delivery, entry: Entry) -> list[Any]:
    one, person = entry.enrollment, entry.person
    return [
        reference(delivery.id, one.origin_id),
        person.family_name,
        person.given_name,
        person.name_on_certificate,
        person.email,
        person.country or (_("none") if one.organization else ""),
        countries.written(person.nationalities, i18n.locale()),
        word(person.gender) if person.gender else "",
        word(one.category),
        one.subcategory and word(one.subcategory),
        one.rank,
        one.rank_code,
        one.organization,
        one.nominated_by.name if one.nominated_by else "",
        entry.order[0] if entry.order else None,
        "; ".join(f"{asked.course}: {said(asked)}" for asked in entry.prerequisites),
        word(one.status),
        entry.position,
        entry.why,
    ]
