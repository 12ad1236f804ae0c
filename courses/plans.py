"""Plans for scheduling or changing a delivery, and their rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import lazy_gettext as _l

from core.countries import is_country
from core.errors import DomainError, Invalid
from core.languages import is_language
from courses.definitions import MOST_PLACES, category_faults, places_fault, text_faults
from courses.models import PROMOTION_DAYS, Admission, Delivery
from courses.timetable import zone_names

CLOSES_BEFORE = timedelta(days=21)
LONGEST_VENUE = 200
MOST_PROMOTION_DAYS = 365
FURTHEST = timedelta(days=3653)  # ten years: a later date is a typing error


#: Fields with the same name in a plan and a delivery.
PLAIN = (
    "starts_on",
    "time_zone",
    "venue",
    "country",
    "language",
    "places",
    "closes_on",
    "funder_id",
    "promotion_days",
)


@dataclass(frozen=True)
class PoolPlan:
    """Places reserved for one category of personnel."""

    category: str
    places: int


@dataclass(frozen=True)
class DeliveryPlan:
    """A delivery as requested. The closing date defaults to the usual one; `trainers` None leaves
    them unchanged."""

    starts_on: date
    time_zone: str
    venue: str
    country: str
    language: str
    places: int
    pools: tuple[PoolPlan, ...] = ()
    admission: str = Admission.AUTOMATIC
    closes_on: date | None = None
    trainers: tuple[int, ...] | None = None
    code: str | None = None
    funder_id: int | None = None
    promotion_days: int = PROMOTION_DAYS


def usual_closing(starts_on: date, today: date) -> date:
    """Three weeks before the start; once that has passed, the day before the start; then the start
    itself."""
    for day in (starts_on - CLOSES_BEFORE, starts_on - timedelta(days=1)):
        if day >= today:
            return day
    return starts_on


def plan_faults(
    plan: DeliveryPlan, today: date, current: Delivery | None = None
) -> list[DomainError]:
    """All faults of a plan. Values that the delivery already has are not questioned: a running
    delivery started in the past."""
    return [
        *_date_faults(plan, today, current),
        *_place_faults(plan),
        *_where_faults(plan),
    ]


def _date_faults(plan: DeliveryPlan, today: date, current: Delivery | None) -> list[DomainError]:
    faults: list[DomainError] = []
    is_new_start = current is None or current.starts_on != plan.starts_on
    is_new_closing = current is None or current.closes_on != plan.closes_on
    if is_new_start and plan.starts_on < today:
        faults.append(
            Invalid("past_date", _l("This date is past. Choose a day from today on."), "starts_on")
        )
    if is_new_start and plan.starts_on > today + FURTHEST:
        faults.append(
            Invalid(
                "too_far", _l("This date is more than ten years away. Check the year."), "starts_on"
            )
        )
    if plan.closes_on and plan.closes_on > plan.starts_on:
        sentence = _l("Applications must close on the first day of the course at the latest.")
        faults.append(Invalid("closing_after_start", sentence, "closes_on"))
    elif plan.closes_on and is_new_closing and current is None and plan.closes_on < today:
        sentence = _l(
            "This closing date is past, so no one could apply. Choose a day from today on."
        )
        faults.append(Invalid("past_closing", sentence, "closes_on"))
    return faults


def _place_faults(plan: DeliveryPlan) -> list[DomainError]:
    faults: list[DomainError] = []
    if not 1 <= plan.places <= MOST_PLACES:
        faults.append(places_fault("places"))
    seen: set[str] = set()
    for number, pool in enumerate(plan.pools):
        faults += category_faults(pool.category, f"pools.{number}.category")
        if pool.category in seen:
            sentence = _l("There are two pools for this category. Put their places together.")
            faults.append(Invalid("duplicate_pool", sentence, f"pools.{number}.category"))
        seen.add(pool.category)
        if not 0 <= pool.places <= MOST_PLACES:
            faults.append(
                Invalid(
                    "bad_places",
                    _l("Give a number of places, 0 or more."),
                    f"pools.{number}.places",
                )
            )
    total = sum(max(pool.places, 0) for pool in plan.pools)
    if not faults and total > plan.places:
        sentence = _l(
            "The pools add up to %(total)s places, but the delivery has %(places)s. Make the "
            "pools smaller or add places.",
            total=total,
            places=plan.places,
        )
        faults.append(Invalid("pools_exceed_places", sentence, "pools"))
    if not 0 <= plan.promotion_days <= MOST_PROMOTION_DAYS:
        sentence = _l("Enter a number of days from 0 to %(most)s.", most=MOST_PROMOTION_DAYS)
        faults.append(Invalid("bad_promotion_days", sentence, "promotion_days"))
    if plan.admission not in set(Admission):
        faults.append(
            Invalid(
                "unknown_admission",
                _l("Choose automatic admission or admission by approval."),
                "admission",
            )
        )
    return faults


def _where_faults(plan: DeliveryPlan) -> list[DomainError]:
    faults: list[DomainError] = []
    if plan.time_zone not in zone_names():
        sentence = _l("This time zone is not known. Use a name such as Africa/Dakar.")
        faults.append(Invalid("unknown_time_zone", sentence, "time_zone"))
    if not plan.venue.strip():
        faults.append(Invalid("required", _l("Say where the course takes place."), "venue"))
    faults += text_faults([plan.venue], "venue", LONGEST_VENUE)
    if not is_country(plan.country):
        sentence = _l("This country is not known. Use its two-letter code, such as SN or XK.")
        faults.append(Invalid("unknown_country", sentence, "country"))
    if not is_language(plan.language):
        sentence = _l("This language is not known. Use its code, such as fr or din.")
        faults.append(Invalid("unknown_language", sentence, "language"))
    return faults
