"""Who the people are whom an organization puts forward: what is known of all of them is read at
once, and each is then looked for in it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from core.database import db
from core.policy import SYSTEM, Actor, can
from courses.models import Delivery
from enrollment.models import LIVE, Enrollment
from enrollment.queries import people_here_by_others, people_of
from people.models import Organization, Person
from people.permissions import Permission
from people.services import (
    NO_ONE,
    Identified,
    Register,
    add_address,
    current_record,
    identify_person,
    join_records,
    presume_person,
    records_of,
)


class Recognition:
    """Finds the people among everyone for those who may decide who is meant, else among the
    body's own people. One of these who has a place here by someone else's doing is someone new,
    too: the body would learn of it. (Whom it put forward here itself is known.)

    The delivery was touched: who has a place in it is read once. `is_provisional`: new records
    are no one's to recognise yet.
    """

    def __init__(
        self,
        actor: Actor,
        delivery: Delivery,
        organization: Organization,
        stated: Sequence[Mapping[str, Any]],
        *,
        is_provisional: bool = False,
    ):
        self.actor, self.delivery, self.organization = actor, delivery, organization
        self.is_provisional = is_provisional
        self.decides = can(actor, Permission.IDENTITY_DECIDE, delivery)
        self.among = None if self.decides else Person.id.in_(self._own_people(delivery))
        self.register = self._registered(stated)

    def _registered(self, stated: Sequence[Mapping[str, Any]]) -> Register:
        return Register(stated, self.among)

    def identify(self, facts: dict[str, Any], identity: str | int | None) -> Identified:
        if self.decides:
            identified = self._identify(facts, identity=identity, register=self.register)
            return self._as_of_body(identified, facts)
        if identity is not None:
            return self._as_said(facts, identity)
        return self._identify(
            facts, among=self.among, unless=self._is_here_by_others, register=self.register
        )

    def _identify(self, facts: dict[str, Any], **options: Any) -> Identified:
        return identify_person(self.actor, facts, is_provisional=self.is_provisional, **options)

    def add_address(self, identified: Identified, email: str | None) -> None:
        """An address for someone known who has none, where the body may give one."""
        person = identified.person
        if identified.is_new or not email or person.email:
            return
        if self.decides or self._is_of_body_alone(person):
            add_address(self.actor, person, email)
            self.register.add(person)

    def is_here(self, person: Person) -> bool:
        """Whether the person has a place or a request in the delivery."""
        return person.id in self._people_here

    def note_here(self, person: Person) -> None:
        self._people_here.add(person.id)

    @cached_property
    def _people_here(self) -> set[int]:
        here = Enrollment.delivery_id == self.delivery.id, Enrollment.status.in_(LIVE)
        return set(db.session.scalars(sa.select(Enrollment.person_id).where(*here)))

    @cached_property
    def _people_by_others(self) -> set[int]:
        return set(db.session.scalars(people_here_by_others(self.delivery, self.organization)))

    @cached_property
    def _own_records(self) -> set[int]:
        return set(db.session.scalars(self._own_people()))

    def _own_people(self, not_by_others_in: Delivery | None = None) -> sa.Select[int]:
        return people_of(self.organization, not_by_others_in=not_by_others_in)

    def _is_here_by_others(self, person: Person) -> bool:
        return person.id in self._people_by_others

    def _as_said(self, facts: dict[str, Any], identity: str | int) -> Identified:
        """A body says which of its own records it means, not which one that was merged into: for
        it, others do not exist."""
        own = Person.id.in_(self._own_people())
        if isinstance(identity, int):
            record = db.session.scalar(sa.select(Person).where(Person.id == identity, own))
            identity = current_record(record).id if record else 0
        return self._identify(facts, identity=identity, among=own, unless=self._is_here_by_others)

    def _as_of_body(self, identified: Identified, facts: dict[str, Any]) -> Identified:
        """A person recognised for a body by someone who knows everyone: the body gets a record of
        its own, as if it had nominated. It is recognised by that the next time, and reads in it no
        more than was said in its name."""
        if identified.is_new or identified.record.id in self._own_records:
            return identified
        before = sa.select(Person).where(
            Person.id.in_(records_of(identified.person.id)), Person.id.in_(self._own_people())
        )
        record = db.session.scalar(before.order_by(Person.id).limit(1))
        if record is not None:
            return replace(identified, record=record)
        record = identify_person(SYSTEM, facts, among=NO_ONE).record
        join_records(
            SYSTEM, identified.person, record, reason="nominated in an organization's name"
        )
        self.register.add(record)
        return replace(identified, record=record)

    def _is_of_body_alone(self, person: Person) -> bool:
        """Whether the person is known by nothing but what this organization put forward."""
        others = sa.select(Enrollment.id).where(
            Enrollment.person_id == person.id,
            Enrollment.nominated_by_id.is_distinct_from(self.organization.id),
        )
        return db.session.scalar(others.limit(1)) is None


class Trial(Recognition):
    """Finds the same people and refuses the same, and writes nothing: who is new is a record that
    no one saves."""

    def _registered(self, stated: Sequence[Mapping[str, Any]]) -> Register:
        self.numbers = itertools.count(-1, -1)
        return Register(stated, self.among, is_held=False)

    def _identify(self, facts: dict[str, Any], **options: Any) -> Identified:
        return presume_person(self.actor, facts, number=next(self.numbers), **options)

    def _as_of_body(self, identified: Identified, facts: dict[str, Any]) -> Identified:
        return identified

    def add_address(self, identified: Identified, email: str | None) -> None:
        pass
