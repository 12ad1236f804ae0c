"""Deliveries with people in them, made through the services, each act in a transaction of its
own (inside an app context)."""

from __future__ import annotations

import itertools
from typing import Any

import sqlalchemy as sa

import classroom.services
from accounts.roles import Role
from accounts.services import create_token
from classroom.queries import attendance_grid
from classroom.services import MarkGiven, ScoreGiven
from core import clock
from core.database import db, transaction
from core.policy import SYSTEM, Actor
from courses.models import Delivery
from enrollment import services
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.services import Nominee, Wish
from people.models import Person
from people.personnel import PersonnelCategory
from tests import factories
from tests.courses.makers import course, delivery

_count = itertools.count(1)

__all__ = ["course", "delivery"]


def enrolled(
    into: Delivery, category: str = "civilian", person: Person | None = None, **wish: Any
) -> Enrollment:
    """A person (a new one, unless given) who has applied for `into`."""
    who = person or factories.person(email=f"applicant{next(_count)}@example.org")
    with transaction():
        return services.enroll(
            SYSTEM, into.id, db.session.get_one(Person, who.id), Wish(category, **wish)
        )


def crowd(into: Delivery, number: int, status: str = "confirmed", **values: Any) -> list[int]:
    """The ids of `number` new enrollments, by name, written as rows: through the services hundreds
    of them would take a minute."""
    first = (db.session.scalar(sa.select(sa.func.max(Person.id))) or 0) + 1
    since = (db.session.scalar(sa.select(sa.func.max(Enrollment.id))) or 0) + 1
    names = [("Awa", f"Crowd {first + n:07d}") for n in range(number)]
    people = [
        {
            "id": first + n,
            "given_name": given_name,
            "family_name": family,
            "name_on_certificate": f"{given_name} {family}",
            "country": "SN",
            "created_at": clock.now(),
        }
        for n, (given_name, family) in enumerate(names)
    ]
    rows = [
        {
            "id": since + n,
            "delivery_id": into.id,
            "centre_id": into.centre_id,
            "person_id": first + n,
            "status": EnrollmentStatus(status),
            "line": since + n,
            "category": PersonnelCategory.POLICE,
            "name_on_certificate": person["name_on_certificate"],
            "created_at": clock.now(),
            **values,
        }
        for n, person in enumerate(people)
    ]
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(sa.insert(Person.__table__), people)
        connection.execute(sa.insert(Enrollment.__table__), rows)
    return [row["id"] for row in rows]


def nominee(category: str = "civilian", **values: Any) -> Nominee:
    n = next(_count)
    facts = {
        "given_name": "Nominee",
        "family_name": f"Number {n}",
        "email": f"nominee{n}@example.org",
        "country": "CA",
    }
    return Nominee(category=category, **(facts | values))


def attend(
    into: Delivery, enrollment: Enrollment, minutes: int | None = None, score: float | None = None
) -> None:
    """Marks the person present in every session from the first on, up to `minutes` in all (None:
    all of it), after the last one."""
    minutes_left, marks = minutes, []
    for session in attendance_grid(into).held:
        now = session.minutes if minutes_left is None else min(minutes_left, session.minutes)
        minutes_left = None if minutes_left is None else minutes_left - now
        mark = (
            MarkGiven(enrollment.id, session.number, "present", now)
            if now
            else MarkGiven(enrollment.id, session.number, "absent")
        )
        marks.append(mark)
    with factories.after(into.id), transaction():
        classroom.services.record_attendance(SYSTEM, into.id, marks)
        if score is not None:
            classroom.services.record_scores(
                SYSTEM, into.id, [ScoreGiven(enrollment.id, "post", score)]
            )


def finished(into: Delivery) -> Delivery:
    """Finished after its last session."""
    with factories.after(into.id), transaction():
        return classroom.services.finish(SYSTEM, into.id)


def again(enrollment: Enrollment) -> Enrollment:
    """The enrollment as it stands now."""
    db.session.rollback()
    return db.session.get_one(
        Enrollment, sa.inspect(enrollment).identity[0], populate_existing=True
    )


def token_of(actor: Actor) -> str:
    """An API token of this actor."""
    with transaction():
        token = create_token(actor, db.session.get_one(Person, actor.person_id), name="test")
    return token[1] if isinstance(token, tuple) else token


def coordinator() -> Actor:
    return factories.actor(Role.COORDINATOR, family="Coordinator")
