"""From a timetable template to instants, and back to days: course days are consecutive calendar
days in the delivery's time zone.

Decision: a session keeps its local time of day through clock changes. A local time that occurs
twice (clocks go back) means the first. A local time that does not exist (clocks go forward) is
refused with a sentence, as is a session that a clock change would push into the next one: asking is
better than silently moving people's sessions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo, available_timezones

from flask_babel import lazy_gettext as _l

from core.errors import Invalid
from core.i18n import date_words
from courses.models import Delivery, DeliverySession, TimetableBlock

#: Keys of the time zone database that are not places.
_NO_PLACE = {"Factory", "localtime", "leapseconds"}


@dataclass(frozen=True)
class Block:
    """A session as instants."""

    number: int
    day: int
    starts_at: datetime
    ends_at: datetime
    minutes: int
    title: dict[str, str]


@cache
def zone_names() -> frozenset[str]:
    """All names in the IANA time zone database."""
    return frozenset(available_timezones() - _NO_PLACE)


@cache
def grouped_zones() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(region, names) for a select: places by region; others ("UTC", "EST", …) last."""
    regions: dict[str, list[str]] = {}
    for name in sorted(zone_names()):
        region, _, city = name.partition("/")
        regions.setdefault(region if city and region != "Etc" else "", []).append(name)
    others = tuple(regions.pop("", ()))
    return (*((region, tuple(names)) for region, names in regions.items()), ("UTC", others))


@cache
def _zones_by_country() -> dict[str, tuple[str, ...]]:
    """The zones of each country, from the time zone database's own table."""
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    zones: dict[str, list[str]] = {"XK": ["Europe/Belgrade"]}  # it has no line of its own there
    for line in table.splitlines():
        if not line.startswith("#"):
            country, _place, name = line.split("\t")[:3]
            zones.setdefault(country, []).append(name)
    return {
        country: tuple(name for name in names if name in zone_names())
        for country, names in zones.items()
    }


def zones_of(country: str) -> tuple[str, ...]:
    """The time zones of a country, from east to west or as in its table; none for an unknown
    country."""
    return _zones_by_country().get(country, ())


def zone_of(country: str, day: date) -> str | None:
    """The time zone of the country on that day; None if its clocks differ or the country is
    unknown."""
    zones = zones_of(country)
    return zones[0] if zones and len({_offset(zone, day) for zone in zones}) == 1 else None


def is_time_of(zone: str, country: str, day: date) -> bool:
    """Whether the zone's clocks agree on that day with some clock in the country."""
    zones = zones_of(country)
    return not zones or _offset(zone, day) in {_offset(country_zone, day) for country_zone in zones}


def _offset(zone: str, day: date) -> timedelta | None:
    return datetime.combine(day, time(12), ZoneInfo(zone)).utcoffset()


def today_in(zone: str, now: datetime) -> date:
    """The calendar date at `now` in the time zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def local_day(delivery: Delivery, session: DeliverySession) -> date:
    """The date on which the session begins, in the delivery's time zone."""
    return today_in(delivery.time_zone, session.starts_at)


def by_day(delivery: Delivery) -> list[list[DeliverySession]]:
    """The sessions of each day, in order."""
    return [
        list(sessions)
        for _day, sessions in groupby(delivery.sessions, key=lambda session: session.day)
    ]


def cut_reason(delivery: Delivery) -> str | None:
    """Why the delivery ends early; None if all of its sessions are held."""
    return next(
        (session.cancel_reason for session in delivery.sessions if session.is_cancelled), None
    )


def instants(template: Iterable[TimetableBlock], starts_on: date, zone: str) -> list[Block]:
    """The sessions of a delivery that starts on that day in that time zone; Invalid("clock_change")
    if a clock change makes one impossible."""
    blocks = [_instant(block, starts_on, ZoneInfo(zone)) for block in template]
    for before, after in pairwise(blocks):
        if after.starts_at < before.ends_at:
            raise _clock_change(starts_on + timedelta(days=after.day - 1))
    return blocks


def last_day(template: Iterable[TimetableBlock], starts_on: date) -> date:
    return starts_on + timedelta(days=max((block.day for block in template), default=1) - 1)


def _instant(block: TimetableBlock, starts_on: date, zone: ZoneInfo) -> Block:
    day = starts_on + timedelta(days=block.day - 1)
    local = datetime.combine(day, time.fromisoformat(block.start), zone)  # fold=0: the first of two
    starts_at = local.astimezone(UTC)
    if starts_at.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise _clock_change(day)
    ends_at = starts_at + timedelta(minutes=block.minutes)
    return Block(block.number, block.day, starts_at, ends_at, block.minutes, dict(block.title))


def _clock_change(day: date) -> Invalid:
    sentence = _l(
        "On %(day)s the clocks change in this time zone in the middle of a session. Choose "
        "another start date.",
        day=date_words(day),
    )
    return Invalid("clock_change", sentence, "starts_on")
