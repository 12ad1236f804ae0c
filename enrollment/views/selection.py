"""The selection of a delivery: places, requests to decide on, people with a place and the waiting
list, as a page and as a file."""

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
    #: (number, of how many) among the people whom the same organization put forward
    order: tuple[int, int] | None = None
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
    """Approves the request whose button was pressed, or else all requests that were ticked, in the
    order in which they came."""
    actor, delivery = current_actor(), _delivery(code)
    require(actor, P.ENROLLMENT_DECIDE, delivery)
    if is_shown_again():
        return _page(delivery, chosen=_numbers("chosen"))
    ids = _numbers("approve") or _numbers("chosen")
    try:
        if not ids:
            raise Invalid("nobody_chosen", _l("Select the people you approve."))
        with transaction():
            approved = [
                services.approve(actor, enrollment) for enrollment in _requests(delivery, ids)
            ]
            flash(_approved_words(approved), "ok")
    except (Invalid, Conflict) as refusal:
        return _page(_delivery(code), refusal, chosen=_numbers("chosen"))
    return see_other(url_for("enrollment.selection", code=code, page=request.args.get("page")))


def _numbers(name: str) -> list[int]:
    return [
        number for text in request.form.getlist(name) if (number := parse_int(text)) is not None
    ]


def _delivery(code: str) -> Delivery:
    """The delivery, for actors who may read all of its enrollments and not only their own."""
    return get_delivery_for(current_actor(), code, P.ENROLLMENT_READ)


def _requests(delivery: Delivery, ids: list[int]) -> list[Enrollment]:
    """The chosen enrollments of this delivery. Ids of other deliveries are ignored."""
    enrollments = queries.list_chosen(current_actor(), delivery, ids)
    if not enrollments:
        raise Invalid("unknown_enrollment", _l("There is no such enrollment."))
    return enrollments


def _approved_words(approved: list[Enrollment]) -> str:
    seated = sum(enrollment.status in SEATED for enrollment in approved)
    sentence = ngettext("%(num)s request approved.", "%(num)s requests approved.", len(approved))
    if waiting := len(approved) - seated:
        sentence += " " + ngettext(
            "%(num)s person waits for a place.", "%(num)s people wait for a place.", waiting
        )
    return sentence


def _entries(
    actor: Actor,
    delivery: Delivery,
    enrollments: Sequence[Enrollment],
    orders: dict[int, tuple[int, int]],
    positions: dict[int, int],
) -> list[Entry]:
    """The entries of these enrollments. The number of queries does not depend on how many there
    are."""
    refused = refused_mail(enrollment.person_id for enrollment in enrollments)
    prerequisites = prerequisites_of(delivery, [enrollment.person_id for enrollment in enrollments])
    return [
        Entry(
            enrollment,
            queries.person_shown(actor, enrollment),
            positions.get(enrollment.id),
            queries.explain(actor, enrollment, positions.get(enrollment.id)),
            enrollment.person_id in refused,
            prerequisites.get(enrollment.person_id, []),
            orders.get(enrollment.id),
            frozenset(services.steps_now(actor, enrollment)),
        )
        for enrollment in enrollments
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
        {name: [standing.id for standing in rows] for name, rows in lists.items()},
        request.args.get("page", 1, type=int),
    )
    enrollments = queries.list_counting(actor, delivery, sheet.rows)
    orders = queries.orders_of_bodies(standings)
    entries = {
        entry.enrollment.id: entry
        for entry in _entries(actor, delivery, enrollments, orders, positions)
    }
    shown = {
        name: [entries[enrollment_id] for enrollment_id in ids] for name, ids in sheet.lists.items()
    }
    categories = {
        name: rows[0].category if rows[0].category in with_pool else None
        for name, rows in lists.items()
        if name.startswith(WAITING)
    }
    page = render_template(
        "enrollment/selection.html",
        delivery=delivery,
        pools=pools,
        prerequisite_words=prerequisite_words,
        asks=any(entry.prerequisites for entry in entries.values()),
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


def prerequisite_words(prerequisite: Prerequisite) -> str:
    """Whether a prerequisite is met, and until when: "met until 3 May 2027"."""
    if prerequisite.verdict is Verdict.MISSING:
        return _("missing")
    if prerequisite.verdict is Verdict.ENDED:
        return _("ended on %(day)s", day=i18n.date_words(prerequisite.until, form="short"))
    return (
        _("met until %(day)s", day=i18n.date_words(prerequisite.until, form="short"))
        if prerequisite.until
        else _("met")
    )


def _lists(
    standings: Sequence[Any], positions: dict[int, int], with_pool: set[Any]
) -> dict[str, list[Any]]:
    """The lists of the page in their order: requests in the order in which they came, people with a
    place by name, each waiting line that is not empty, and enrollments that have ended."""

    def with_status(*statuses: EnrollmentStatus) -> list[Any]:
        return [standing for standing in standings if standing.status in statuses]

    lines = _lines(with_status(S.WAITLISTED), positions, with_pool)
    return {
        "requested": sorted(with_status(S.REQUESTED), key=lambda standing: standing.id),
        "seated": with_status(*SEATED),
        **{f"{WAITING}{category or ''}": people for category, people in lines},
        "ended": with_status(S.DECLINED, S.WITHDRAWN, S.SUBSTITUTED, S.DELIVERY_CANCELLED),
    }


def _lines(
    waiting: list[Any], positions: dict[int, int], with_pool: set[Any]
) -> list[tuple[Any, list[Any]]]:
    """(category or None, people in their order) for each waiting line that is not empty."""
    lines: dict[Any, list[Any]] = {}
    for standing in sorted(waiting, key=lambda standing: positions.get(standing.id, 0)):
        lines.setdefault(standing.category if standing.category in with_pool else None, []).append(
            standing
        )
    return sorted(lines.items(), key=lambda line: (line[0] is None, line[0] or ""))


@pages.get("/deliveries/<code>/participants.csv")
@requires(P.ENROLLMENT_READ)
def participants_file(code: str) -> Response:
    """All enrollments with their status, as far as the actor may see them."""
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
    enrollments = queries.list_counting(actor, delivery)
    orders, positions = queries.orders_of_bodies(enrollments), queries.positions(delivery.id)
    entries = _entries(actor, delivery, enrollments, orders, positions)
    rows = [_line(delivery, entry) for entry in entries]
    return exports.download(actor, "participants", f"participants-{delivery.code}", header, rows)


def _line(delivery: Delivery, entry: Entry) -> list[Any]:
    enrollment, person = entry.enrollment, entry.person
    return [
        reference(delivery.id, enrollment.origin_id),
        person.family_name,
        person.given_name,
        person.name_on_certificate,
        person.email,
        person.country or (_("none") if enrollment.organization else ""),
        countries.written(person.nationalities, i18n.locale()),
        word(person.gender) if person.gender else "",
        word(enrollment.category),
        enrollment.subcategory and word(enrollment.subcategory),
        enrollment.rank,
        enrollment.rank_code,
        enrollment.organization,
        enrollment.nominated_by.name if enrollment.nominated_by else "",
        entry.order[0] if entry.order else None,
        "; ".join(
            f"{prerequisite.course}: {prerequisite_words(prerequisite)}"
            for prerequisite in entry.prerequisites
        ),
        word(enrollment.status),
        entry.position,
        entry.why,
    ]
