"""Applying, nominating, deciding, withdrawing, resizing and cancelling in any order, against a
model that deals with chairs.

Promises: never over a pool or the places, no one skipped, waiting positions 1 … n in each line
without gaps.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import courses.services
from core import clock
from core.database import db, transaction
from core.errors import Conflict
from core.policy import SYSTEM
from courses.models import Delivery
from courses.plans import PoolPlan
from courses.queries import plan_of
from enrollment import queries, services
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.services import Wish
from people.models import Organization, Person
from tests import factories
from tests.enrollment import makers

S = EnrollmentStatus
categories = st.sampled_from(["police", "military", "civilian"])
#: Small enough to bind: most people meet a full pool.
sizes = st.tuples(st.integers(1, 4), st.integers(0, 2), st.integers(0, 2)).filter(
    lambda s: s[1] + s[2] <= s[0]
)
numbers = st.integers(0, 1000)
_names = itertools.count(1)


@dataclass
class Somebody:
    """A person as the model knows one. `order` is the position of those who wait."""

    id: int
    category: str
    status: EnrollmentStatus
    order: int


class Chairs:
    """The model: a chair per place, some with a category written on them. It seats people one by
    one, and knows no sums."""

    def __init__(self, places: int, police: int, military: int):
        self.pools = {"police": police, "military": military}
        self.chairs = (
            ["police"] * police
            + ["military"] * military
            + ["anybody"] * (places - police - military)
        )

    def seat(self, seated: list[str]) -> bool:
        """Whether all of these can sit at the same time."""
        free = list(self.chairs)
        for category in seated:
            for name in (category, "anybody"):
                if name in free:
                    free.remove(name)
                    break
            else:
                return False
        return True

    def line(self, category: str) -> str:
        return category if category in self.pools else "anybody"


class Places(RuleBasedStateMachine):
    app: Flask

    @initialize(size=sizes, by_approval=st.booleans())
    def schedule(self, size: tuple[int, int, int], by_approval: bool) -> None:
        places, police, military = size
        self.chairs = Chairs(*size)
        self.by_approval = by_approval
        self.people: list[Somebody] = []
        self.turns = itertools.count()
        self.is_cancelled = False
        self.code = f"RUN-{next(_names)}-END"
        self.delivery_id = makers.delivery(
            code=self.code,
            places=places,
            pools={"police": police, "military": military},
            admission="approval" if by_approval else "automatic",
        ).id

    # What people do

    @rule(category=categories)
    def apply(self, category: str) -> None:
        person = factories.person(email=f"stateful{next(_names)}@example.org")
        self._apply(person.id, category)

    @precondition(lambda self: self._with(S.WITHDRAWN, S.DECLINED, S.DELIVERY_CANCELLED))
    @rule(number=numbers, category=categories)
    def apply_again(self, number: int, category: str) -> None:
        ended = self._pick(number, S.WITHDRAWN, S.DECLINED, S.DELIVERY_CANCELLED)
        self._apply(self._person_id(ended), category)

    @precondition(lambda self: self._with(S.REQUESTED, S.WAITLISTED, S.CONFIRMED))
    @rule(number=numbers)
    def apply_twice(self, number: int) -> None:
        somebody = self._pick(number, S.REQUESTED, S.WAITLISTED, S.CONFIRMED)
        person_id = self._person_id(somebody)
        with pytest.raises(Conflict) as refusal, transaction():
            services.enroll(
                SYSTEM, self.delivery_id, db.session.get_one(Person, person_id), Wish("police")
            )
        assert refusal.value.code == "already_enrolled"

    @rule(chosen=st.lists(categories, min_size=1, max_size=4))
    def nominate(self, chosen: list[str]) -> None:
        organization_id = factories.organization().id
        nominees = [makers.nominee(category) for category in chosen]

        def act() -> list[Enrollment]:
            return services.nominate(
                SYSTEM,
                self.delivery_id,
                db.session.get_one(Organization, organization_id),
                nominees,
            )

        for enrollment, category in zip(self._unless_cancelled(act), chosen, strict=False):
            self._note(enrollment, category)

    @precondition(lambda self: self._with(S.REQUESTED, S.WAITLISTED, S.CONFIRMED))
    @rule(number=numbers)
    def withdraw(self, number: int) -> None:
        somebody = self._pick(number, S.REQUESTED, S.WAITLISTED, S.CONFIRMED)
        with transaction():
            services.withdraw(SYSTEM, db.session.get_one(Enrollment, somebody.id))
        somebody.status = S.WITHDRAWN
        self._promote()

    @precondition(lambda self: self._with(S.REQUESTED))
    @rule(chosen=st.lists(numbers, min_size=1, max_size=3))
    def approve(self, chosen: list[int]) -> None:
        for number in chosen:
            if not self._with(S.REQUESTED):
                return
            somebody = self._pick(number, S.REQUESTED)
            with transaction():
                services.approve(SYSTEM, db.session.get_one(Enrollment, somebody.id))
            somebody.order = next(self.turns)
            somebody.status = self._first(somebody.category)

    @precondition(lambda self: self._with(S.REQUESTED, S.WAITLISTED))
    @rule(number=numbers)
    def decline(self, number: int) -> None:
        somebody = self._pick(number, S.REQUESTED, S.WAITLISTED)
        with transaction():
            services.decline(SYSTEM, db.session.get_one(Enrollment, somebody.id), reason="Too late")
        somebody.status = S.DECLINED

    @precondition(lambda self: not self.is_cancelled)
    @rule(size=sizes, by_approval=st.booleans())
    def resize(self, size: tuple[int, int, int], by_approval: bool) -> None:
        after = Chairs(*size)
        fits = after.seat(self._seated())
        try:
            self._change(size, by_approval)
        except Conflict as refusal:
            assert refusal.code == "fewer_places_than_taken"
            assert not fits, "refused although everyone keeps a place"
            return
        assert fits, "someone's place was taken away"
        self.chairs, self.by_approval = after, by_approval
        self._promote()

    @precondition(lambda self: not self.is_cancelled and len(self.people) > 6)
    @rule()
    def cancel(self) -> None:
        with transaction():
            courses.services.cancel(
                SYSTEM, db.session.get_one(Delivery, self.delivery_id), reason="Flood"
            )
        self.is_cancelled = True
        for somebody in self._with(S.REQUESTED, S.WAITLISTED, S.CONFIRMED):
            somebody.status = S.DELIVERY_CANCELLED

    # What must hold after each step

    @invariant()
    def everybody_stands_where_the_model_says(self) -> None:
        rows = db.session.execute(
            sa.select(Enrollment.id, Enrollment.status).where(
                Enrollment.delivery_id == self.delivery_id
            )
        )
        expected = {somebody.id: somebody.status for somebody in self.people}
        assert {row.id: row.status for row in rows} == expected

    @invariant()
    def never_over_a_pool_or_the_places(self) -> None:
        assert self.chairs.seat(self._seated())
        assert all(
            pool.taken <= pool.places
            for pool in queries.places([self.delivery_id])[self.delivery_id]
        )

    @invariant()
    def nobody_who_waits_could_sit(self) -> None:
        for somebody in self._with(S.WAITLISTED):
            assert not self.chairs.seat([*self._seated(), somebody.category])

    @invariant()
    def positions_have_no_gaps_and_follow_the_line(self) -> None:
        expected: dict[Any, Any] = {}
        lengths: Counter[Any] = Counter()
        for somebody in sorted(self._with(S.WAITLISTED), key=lambda waiting: waiting.order):
            line = self.chairs.line(somebody.category)
            lengths[line] += 1
            expected[somebody.id] = lengths[line]
        assert queries.positions(self.delivery_id) == expected

    @invariant()
    def the_check_finds_nothing(self) -> None:
        assert [breach for breach in queries.breaches() if self.code in breach] == []
        db.session.rollback()

    # The model's own rule

    def _seated(self) -> list[str]:
        return [somebody.category for somebody in self._with(S.CONFIRMED)]

    def _first(self, category: str) -> EnrollmentStatus:
        return S.CONFIRMED if self.chairs.seat([*self._seated(), category]) else S.WAITLISTED

    def _promote(self) -> None:
        for somebody in sorted(self._with(S.WAITLISTED), key=lambda waiting: waiting.order):
            if self.chairs.seat([*self._seated(), somebody.category]):
                somebody.status = S.CONFIRMED

    def _with(self, *statuses: EnrollmentStatus) -> list[Somebody]:
        return [somebody for somebody in self.people if somebody.status in statuses]

    def _pick(self, number: int, *statuses: EnrollmentStatus) -> Somebody:
        people = self._with(*statuses)
        return people[number % len(people)]

    def _person_id(self, somebody: Somebody) -> int:
        return db.session.get_one(Enrollment, somebody.id).person_id

    def _apply(self, person_id: int, category: str) -> None:
        def act() -> list[Enrollment]:
            return [
                services.enroll(
                    SYSTEM, self.delivery_id, db.session.get_one(Person, person_id), Wish(category)
                )
            ]

        for enrollment in self._unless_cancelled(act):
            self._note(enrollment, category)

    def _unless_cancelled(self, act: Callable[..., Any]) -> list[Enrollment]:
        try:
            with transaction():
                enrollments = act()
        except Conflict as refusal:
            is_again = refusal.code == "already_enrolled"
            assert is_again or (refusal.code == "delivery_cancelled" and self.is_cancelled), (
                refusal.code
            )
            return []
        assert not self.is_cancelled
        return enrollments

    def _note(self, enrollment: Enrollment, category: str) -> None:
        first = S.REQUESTED if self.by_approval else self._first(category)
        self.people.append(Somebody(enrollment.id, category, first, next(self.turns)))

    def _change(self, size: tuple[int, int, int], by_approval: bool) -> None:
        places, police, military = size
        with transaction():
            delivery = db.session.get_one(Delivery, self.delivery_id)
            plan = dataclasses.replace(
                plan_of(delivery),
                places=places,
                pools=(PoolPlan("police", police), PoolPlan("military", military)),
                admission="approval" if by_approval else "automatic",
            )
            courses.services.change(SYSTEM, delivery, plan, rev=delivery.rev)

    def teardown(self) -> None:
        """The next example begins without the rows of this one, so that the whole check stays
        quick."""
        db.session.remove()


@pytest.mark.timeout(600)
def test_places_in_any_order(context: Flask) -> None:
    assert clock.today()  # the context's clock stands before the closing date
    run_state_machine_as_test(
        Places,
        settings=settings(
            max_examples=settings().max_examples // 10,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            phases=[
                Phase.generate
            ],  # making a failure small takes minutes with a database, and 30 steps can be read
            suppress_health_check=list(HealthCheck),
        ),
    )
