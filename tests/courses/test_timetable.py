"""Sessions keep their time of day at the venue, whatever the clocks do: for all zones and dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import Invalid
from courses.models import TimetableBlock
from courses.timetable import grouped_zones, instants, last_day, today_in, zone_names

ZONES = sorted(zone_names())


def block(number: int, day: int, start: str, minutes: int) -> TimetableBlock:
    return TimetableBlock(
        number=number, day=day, start=start, minutes=minutes, title={"en": f"Session {number}"}
    )


DAYS = [
    block(4 * (day - 1) + number, day, start, 90)
    for day in (1, 2, 3)
    for number, start in enumerate(("09:00", "11:00", "13:30", "15:30"), 1)
]


def clock_changes(zone: ZoneInfo) -> list[date]:
    """The days from 2026 to 2030 on which the zone's clocks change."""
    noons = [datetime(2026, 1, 1, 12, tzinfo=zone) + timedelta(days=n) for n in range(5 * 365)]
    return [
        after.date() for before, after in pairwise(noons) if before.utcoffset() != after.utcoffset()
    ]


@st.composite
def starts(draw: st.DrawFn) -> tuple[str, date]:
    """A zone and a date, more often than not within two days before a clock change."""
    name = draw(st.sampled_from(ZONES))
    changes = clock_changes(ZoneInfo(name))
    if changes and draw(st.booleans()):  # type: ignore[arg-type]  # mypy fixes the type of `draw` at its first use
        return name, draw(st.sampled_from(changes)) - timedelta(days=draw(st.integers(0, 2)))
    return name, draw(st.dates(date(2026, 1, 1), date(2037, 12, 31)))


@given(starts())
@example(("America/Halifax", date(2027, 3, 13)))  # clocks go forward on the second day
@example(("Europe/Paris", date(2027, 10, 30)))  # and back
@example(("Australia/Lord_Howe", date(2027, 4, 3)))  # by half an hour
@example(("Africa/Casablanca", date(2027, 2, 7)))
@example(("Asia/Kathmandu", date(2027, 3, 8)))
def test_sessions_keep_their_time_of_day(start: tuple[str, date]) -> None:
    name, first = start
    zone, moments = ZoneInfo(name), instants(DAYS, first, name)
    for template, session in zip(DAYS, moments, strict=True):
        local = session.starts_at.astimezone(zone)
        assert f"{local:%H:%M}" == template.start
        assert local.date() == first + timedelta(days=template.day - 1)
        assert session.ends_at - session.starts_at == timedelta(minutes=90)
        assert session.starts_at.tzinfo is UTC
    assert all(before.ends_at <= after.starts_at for before, after in pairwise(moments))
    assert last_day(DAYS, first) == first + timedelta(days=2)


@given(starts(), st.integers(0, 23 * 60), st.integers(1, 180))
@example(("America/Halifax", date(2027, 3, 14)), 150, 60)  # 02:30 does not exist
def test_any_time_of_day_is_met_or_refused(
    start: tuple[str, date], minute: int, minutes: int
) -> None:
    name, first = start
    clock = f"{minute // 60:02d}:{minute % 60:02d}"
    try:
        moments = instants([block(1, 1, clock, minutes)], first, name)
    except Invalid as refusal:
        assert (refusal.code, refusal.field) == ("clock_change", "starts_on")
        assert first in clock_changes(ZoneInfo(name)) or first + timedelta(days=1) in clock_changes(
            ZoneInfo(name)
        )
        return
    assert f"{moments[0].starts_at.astimezone(ZoneInfo(name)):%H:%M}" == clock


def test_a_time_that_comes_twice_means_the_first() -> None:
    count = 0
    for name in (
        "America/Halifax",
        "Europe/Paris",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "America/Santiago",
    ):
        zone = ZoneInfo(name)
        for day in clock_changes(zone):
            for first in (
                day,
                day - timedelta(days=1),
            ):  # at midnight the clocks change between two days
                for clock in (
                    f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in (0, 30)
                ):
                    before, after = _offsets(first, clock, zone)
                    if before > after:
                        starts_at = instants([block(1, 1, clock, 30)], first, name)[0].starts_at
                        assert starts_at.astimezone(zone).fold == 0
                        count += 1
    assert count > 30


def _offsets(day: date, clock: str, zone: ZoneInfo) -> list[timedelta]:
    local = datetime.fromisoformat(f"{day.isoformat()}T{clock}").replace(tzinfo=zone)
    return [local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1)]


@pytest.mark.parametrize("clock", ["02:00", "02:30"])
def test_a_time_that_does_not_exist_is_refused_in_words(clock: str) -> None:
    with pytest.raises(Invalid) as caught:
        instants([block(1, 2, clock, 60)], date(2027, 3, 13), "America/Halifax")
    assert "14 March 2027" in str(caught.value.message)


def test_a_session_that_a_clock_change_pushes_into_the_next_is_refused() -> None:
    night = [block(1, 1, "01:30", 90), block(2, 1, "03:00", 60)]
    with pytest.raises(Invalid, match="clock_change"):
        instants(night, date(2027, 3, 14), "America/Halifax")
    assert len(instants(night, date(2027, 3, 15), "America/Halifax")) == 2


def test_today_is_that_of_the_place() -> None:
    instant = datetime(2026, 11, 23, 11, tzinfo=UTC)
    assert today_in("Pacific/Kiritimati", instant) == date(2026, 11, 24)
    assert today_in("Pacific/Pago_Pago", datetime(2026, 11, 23, 9, tzinfo=UTC)) == date(
        2026, 11, 22
    )


def test_every_zone_can_be_chosen_once() -> None:
    listed = [name for _, names in grouped_zones() for name in names]
    assert sorted(listed) == ZONES and "Factory" not in listed and "UTC" in listed
