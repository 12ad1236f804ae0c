"""The public catalogue: published deliveries that have not begun, with their free places, in
words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import groupby, islice
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import lazyload

import enrollment.queries
from core import clock, i18n
from core.database import db
from core.paging import page
from core.words import word
from courses.models import Course, Delivery, DeliveryStatus
from courses.queries import is_open_for_enrollment, is_upcoming, may_be_upcoming
from courses.timetable import today_in
from enrollment.queries import PoolPlaces
from people.personnel import PersonnelCategory

ROWS = 200  # one page: it stays light because rows are plain text
MOST_BATCHES = 10  # how far one request searches for deliveries with places for a category


@dataclass(frozen=True)
class CatalogueFilter:
    """A visitor's filters. Impossible values are not refused: the page shows that nothing
    matches."""

    course: str = ""
    language: str = ""
    country: str = ""
    category: str = ""
    first: str = ""  # months, "2027-03"
    last: str = ""

    @property
    def is_reversed(self) -> bool:
        return bool(self.first and self.last and self.first > self.last)

    @property
    def is_anything(self) -> bool:
        return self != CatalogueFilter()


@dataclass(frozen=True)
class Row:
    """A delivery in words."""

    code: str
    title: str
    days: str
    where: str
    language: str
    places: str
    closing: str


@dataclass(frozen=True)
class Month:
    """A month's deliveries. `key` is the month as in `CatalogueFilter`."""

    key: str
    words: str
    rows: list[Row]


@dataclass(frozen=True)
class CataloguePage:
    months: list[Month]
    count: int
    next: str | None


@dataclass(frozen=True)
class Choices:
    """The values offered in the filters: only those that occur, as pairs of value and words."""

    courses: list[tuple[str, str]]
    languages: list[tuple[str, str]]
    countries: list[tuple[str, str]]
    months: list[tuple[str, str]]


def upcoming(criteria: CatalogueFilter, *, after: str | None) -> CataloguePage:
    """The next page of matching deliveries, by date."""
    statement = (
        sa.select(Delivery)
        .where(may_be_upcoming(), *_conditions(criteria))
        .options(lazyload(Delivery.course))
    )
    offered: list[tuple[Delivery, list[PoolPlaces]]] = []
    for _batch in range(MOST_BATCHES):
        batch = page(statement, [Delivery.starts_on, Delivery.id], after=after, limit=ROWS)
        places = enrollment.queries.places([delivery.id for delivery in batch.items])
        offered = [
            (delivery, places[delivery.id])
            for delivery in batch.items
            if is_upcoming(delivery) and has_places(places[delivery.id], criteria.category)
        ]
        after = batch.next
        if offered or after is None:
            break
    titles = _titles({delivery.course_id for delivery, _places in offered})
    rows = [
        (delivery.starts_on, _row(delivery, titles[delivery.course_id], pools))
        for delivery, pools in offered
    ]
    months = [
        Month(key, month_words(key), [row for _starts, row in month_rows])
        for key, month_rows in groupby(rows, key=lambda pair: f"{pair[0]:%Y-%m}")
    ]
    return CataloguePage(months, len(rows), after)


def open_rows(limit: int = 20) -> tuple[list[Row], bool]:
    """Deliveries open for nominations today, earliest first; and whether there are more."""
    yesterday = clock.today() - timedelta(days=1)  # somewhere it still is
    may_be_open = sa.select(Delivery).where(
        Delivery.status == DeliveryStatus.PUBLISHED, Delivery.closes_on >= yesterday
    )
    may_be_open = may_be_open.order_by(Delivery.starts_on, Delivery.id).options(
        lazyload(Delivery.course)
    )
    with contextlib.closing(
        db.session.scalars(may_be_open, execution_options={"yield_per": limit + 1})
    ) as read:
        open_deliveries = list(
            islice((delivery for delivery in read if is_open_for_enrollment(delivery)), limit + 1)
        )
    shown_deliveries = open_deliveries[:limit]
    places = enrollment.queries.places([delivery.id for delivery in shown_deliveries])
    titles = _titles({delivery.course_id for delivery in shown_deliveries})
    return [
        _row(delivery, titles[delivery.course_id], places[delivery.id])
        for delivery in shown_deliveries
    ], len(open_deliveries) > limit


def _conditions(criteria: CatalogueFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if criteria.course:
        conditions.append(
            Delivery.course_id
            == sa.select(Course.id).where(Course.code == criteria.course).scalar_subquery()
        )
    if criteria.language:
        conditions.append(Delivery.language == criteria.language)
    if criteria.country:
        conditions.append(Delivery.country == criteria.country)
    if first := _month(criteria.first):
        conditions.append(Delivery.starts_on >= first)
    if last := _month(criteria.last):
        conditions.append(Delivery.starts_on < _next_month(last))
    return conditions


def _month(key: str) -> date | None:
    try:
        return date.fromisoformat(f"{key}-01") if key else None
    except ValueError:
        return None


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _titles(course_ids: Iterable[int]) -> dict[int, str]:
    rows = db.session.execute(
        sa.select(Course.id, Course.title).where(Course.id.in_(list(course_ids)))
    )
    return {course_id: i18n.text(title) for course_id, title in rows}


def has_places(pools: list[PoolPlaces], category: str) -> bool:
    """Whether there is a place for someone of the category: in its own pool or open to everyone."""
    return not category or any(
        pool.left_for_new > 0 for pool in pools if pool.category in (None, category)
    )


# Words


def _row(delivery: Delivery, title: str, pools: list[PoolPlaces]) -> Row:
    return Row(
        code=delivery.code,
        title=title,
        days=days_words(delivery.starts_on, delivery.ends_on, i18n.locale()),
        where=f"{delivery.venue}, {_country(delivery.country, i18n.locale())}",
        language=_language(delivery.language, i18n.locale()),
        places=places_words(pools),
        closing=closing_words(delivery),
    )


@lru_cache(maxsize=4096)
def _day(value: date, code: str) -> str:
    return i18n.date_words(value, code)


@lru_cache(maxsize=4096)
def days_words(first: date, last: date, code: str) -> str:
    """ "8–10 March 2027", "30 March – 1 April 2027"."""
    if first == last:
        return _day(first, code)
    if (first.year, first.month) == (last.year, last.month):
        return f"{_day(first, code).partition(' ')[0]}–{_day(last, code)}"
    begins = _day(first, code)
    return (
        f"{begins.rpartition(' ')[0] if first.year == last.year else begins} – {_day(last, code)}"
    )


def dates_words(delivery: Delivery) -> str:
    """The same for a delivery, in the current language."""
    return days_words(delivery.starts_on, delivery.ends_on, i18n.locale())


@lru_cache(maxsize=1024)
def _country(country: str, _locale: str) -> str:
    return i18n.country_name(country)


@lru_cache(maxsize=1024)
def _language(language: str, _locale: str) -> str:
    name = i18n.language_name(language)
    return name[:1].upper() + name[1:]


def month_words(key: str) -> str:
    first = _month(key)
    name = i18n.month_names()[first.month - 1] if first else key
    return f"{name[:1].upper()}{name[1:]} {first.year}" if first else key


def places_words(pools: list[PoolPlaces]) -> str:
    """ "Police 3, Military full": the free places of each pool; a single pool shows only the
    number."""
    locale = i18n.locale()
    if len(pools) == 1 and pools[0].category is None:
        free = pools[0].left_for_new
        return _left_words(free, locale) if free else _waiting(pools[0].waiting, locale)
    return ", ".join(
        _pool(pool.category, pool.left_for_new, locale)
        for pool in pools
        if pool.places or pool.category
    )


@lru_cache(maxsize=4096)
def _pool(category: PersonnelCategory | None, free: int, _locale: str) -> str:
    category_words = word(category) if category else _("Anyone")
    return (
        _("%(who)s %(left)s", who=category_words, left=i18n.number(free))
        if free
        else _("%(who)s full", who=category_words)
    )


@lru_cache(maxsize=4096)
def _left_words(free: int, _locale: str) -> str:
    return ngettext("%(num)s place", "%(num)s places", free)


@lru_cache(maxsize=4096)
def _waiting(waiting: int, _locale: str) -> str:
    return (
        ngettext("Full, %(num)s waiting", "Full, %(num)s waiting", waiting)
        if waiting
        else _("Full")
    )


def closing_words(delivery: Delivery) -> str:
    day = _day(delivery.closes_on, i18n.locale())
    return day if is_open_for_enrollment(delivery) else _("Closed since %(day)s", day=day)


def choices() -> Choices:
    """The filters' values, in one query."""
    rows = db.session.execute(
        sa.select(
            Course.code,
            Course.title,
            Delivery.language,
            Delivery.country,
            Delivery.time_zone,
            sa.func.max(Delivery.starts_on).label("last"),
        )
        .select_from(Delivery)
        .join(Course, Course.id == Delivery.course_id)
        .where(may_be_upcoming())
        .group_by(Course.id, Delivery.language, Delivery.country, Delivery.time_zone)
    ).all()
    now, locale = clock.now(), i18n.locale()
    rows = [row for row in rows if row.last >= today_in(row.time_zone, now)]
    first = min((today_in(row.time_zone, now) for row in rows), default=clock.today())
    latest = max((row.last for row in rows), default=first)
    return Choices(
        courses=sorted(
            {row.code: i18n.text(row.title) for row in rows}.items(),
            key=lambda pair: pair[1].casefold(),
        ),
        languages=sorted(
            {row.language: _language(row.language, locale) for row in rows}.items(),
            key=lambda pair: pair[1],
        ),
        countries=sorted(
            {row.country: _country(row.country, locale) for row in rows}.items(),
            key=lambda pair: pair[1],
        ),
        months=_months(first, latest),
    )


def _months(first: date, last: date) -> list[tuple[str, str]]:
    day = first.replace(day=1)
    months: list[tuple[str, str]] = []
    while day <= last and len(months) < 36:
        months.append((f"{day:%Y-%m}", month_words(f"{day:%Y-%m}")))
        day = _next_month(day)
    return months


CATEGORIES: list[tuple[str, Any]] = PersonnelCategory.choices()[::-1]
