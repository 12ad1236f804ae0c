"""The rule of places, and what the counts say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from core.database import db, is_sqlite, transaction
from core.errors import Conflict
from core.policy import SYSTEM
from courses.models import Delivery
from courses.queries import plan_of
from courses.services import change
from enrollment import queries, services
from enrollment.models import Enrollment
from enrollment.places import Seating
from enrollment.queries import PoolPlaces
from people.personnel import PersonnelCategory as C
from tests.counting import queries_counted
from tests.enrollment import makers

POOLS = {C.POLICE: 2, C.MILITARY: 1}


@pytest.mark.parametrize(
    ("seated", "category", "places_left"),
    [
        ({}, C.POLICE, 4),  # two of the pool and the two open ones
        ({}, C.CIVILIAN, 2),  # no pool of their own: the open ones
        ({C.POLICE: 2}, C.POLICE, 2),
        ({C.POLICE: 3}, C.POLICE, 1),
        ({C.POLICE: 3}, C.CIVILIAN, 1),  # the third took an open place
        ({C.POLICE: 4}, C.CIVILIAN, 0),
        ({C.POLICE: 4}, C.MILITARY, 1),  # their own place is kept for them
        ({C.CIVILIAN: 2}, C.POLICE, 2),
        ({C.POLICE: 2, C.MILITARY: 1, C.CIVILIAN: 2}, C.POLICE, 0),
    ],
)
def test_a_place_of_the_own_pool_first_then_an_open_one(
    seated: dict[C, int], category: C, places_left: int
) -> None:
    seating = Seating(5, POOLS, seated)
    assert seating.left_for(category) == places_left
    assert seating.fits(category) is (places_left > 0)
    assert not seating.is_oversold


def test_more_people_than_places_for_them_is_oversold() -> None:
    assert Seating(
        5, POOLS, {C.CIVILIAN: 3}
    ).is_oversold  # although five places would be enough for three
    assert Seating(2, {}, {C.CIVILIAN: 3}).is_oversold
    assert not Seating(2, {}, {C.CIVILIAN: 2}).is_oversold


@pytest.mark.both_databases
def test_places_are_counted_per_pool_in_one_query(context: Flask) -> None:
    full = makers.delivery(places=5, pools={"police": 2, "military": 1})
    for category in ("police", "police", "police", "military", "civilian", "civilian", "police"):
        makers.enrolled(full, category)
    plain = makers.delivery(places=3)
    makers.enrolled(plain, "civilian")
    ids = [full.id, plain.id]
    with queries_counted() as count:
        places = queries.places(ids)
    assert count.selects == 1
    assert places[full.id] == [
        PoolPlaces(C.POLICE, 2, 2, 0, 1, 0),
        PoolPlaces(C.MILITARY, 1, 1, 0, 0, 0),
        PoolPlaces(None, 2, 2, 0, 1, 0),
    ]
    assert places[plain.id] == [PoolPlaces(None, 3, 1, 2, 0, 2)]


@pytest.mark.both_databases
def test_positions_count_in_each_line_by_itself(context: Flask) -> None:
    delivery = makers.delivery(places=2, pools={"police": 1})
    enrollments = [
        makers.enrolled(delivery, c)
        for c in ("police", "civilian", "police", "civilian", "military", "police")
    ]
    assert queries.positions(delivery.id) == {
        enrollments[2].id: 1,
        enrollments[3].id: 1,
        enrollments[4].id: 2,
        enrollments[5].id: 2,
    }


def test_fewer_places_than_people_have_is_refused_and_more_places_are_given_out(
    context: Flask,
) -> None:
    delivery = makers.delivery(places=2)
    enrollments = [makers.enrolled(delivery, "police") for _ in range(4)]
    with pytest.raises(Conflict) as refusal:
        resize(delivery.id, places=1)
    assert (refusal.value.code, refusal.value.field) == ("fewer_places_than_taken", "places")
    assert [makers.again(enrollment).status for enrollment in enrollments] == [
        "confirmed",
        "confirmed",
        "waitlisted",
        "waitlisted",
    ]
    resize(delivery.id, places=3)
    assert [makers.again(enrollment).status for enrollment in enrollments] == [
        "confirmed",
        "confirmed",
        "confirmed",
        "waitlisted",
    ]
    assert queries.positions(delivery.id) == {enrollments[3].id: 1}


def test_a_pool_made_smaller_opens_its_places_to_others(context: Flask) -> None:
    delivery = makers.delivery(places=2, pools={"police": 2})
    waiting = makers.enrolled(delivery, "civilian")
    assert waiting.status == "waitlisted"
    resize(delivery.id, pools=())
    assert makers.again(waiting).status == "confirmed"


def resize(delivery_id: int, **changes: Any) -> None:
    with transaction():
        delivery = db.session.get_one(Delivery, delivery_id)
        change(SYSTEM, delivery, replace(plan_of(delivery), **changes), rev=delivery.rev)


def test_the_next_in_the_own_line_gets_the_place_that_becomes_free(context: Flask) -> None:
    delivery = makers.delivery(places=2, pools={"police": 1, "military": 1})
    police, military = makers.enrolled(delivery, "police"), makers.enrolled(delivery, "military")
    civilian, second_military, second_police = (
        makers.enrolled(delivery, c) for c in ("civilian", "military", "police")
    )
    with transaction():
        services.withdraw(SYSTEM, db.session.get_one(Enrollment, police.id))
    assert makers.again(second_police).status == "confirmed"
    assert makers.again(second_military).status == makers.again(civilian).status == "waitlisted"
    assert makers.again(military).status == "confirmed"


@pytest.mark.both_databases
def test_the_places_of_more_deliveries_than_a_statement_takes_values(context: Flask) -> None:
    """`flask check` asks for all of them."""
    delivery = makers.delivery(places=3)
    seatings = queries.seatings(range(1, 300_000 if is_sqlite() else 70_000))
    assert (
        [seatings[delivery.id].places] == [seating.places for seating in seatings.values()] == [3]
    )
