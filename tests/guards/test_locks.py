"""No service changes a seat, a mark, a score, a pool or a session while its delivery is not
locked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

import classroom.services
from certificates.services.names import correct_names
from classroom.models import Mark, MarkKind, Score
from classroom.services import MarkGiven, ScoreGiven
from core import audit, clock, database
from core.database import db, transaction
from core.locks import UntouchedWrite
from core.policy import SYSTEM
from courses import services as courses
from courses.models import Delivery, DeliverySession, Pool
from enrollment import services
from enrollment.models import Enrollment
from enrollment.services import Wish
from enrollment.services.arranging import erase_needs
from people.models import Organization, Person
from people.services import join_records
from tests import factories
from tests.enrollment import makers

#: Rows that change only under the lock of their delivery.
LOCKED = (Enrollment, Mark, Score, Pool, DeliverySession)


class DeafSet(set[int]):
    """Notes no lock. So a service looks to the check that forgot to take one."""

    def add(self, item: int) -> None:
        pass


@dataclass
class Scene:
    delivery: Delivery
    enrollment: Enrollment
    other: Person
    body: Organization


Act = Callable[[Scene], Any]
#: What services do while a delivery goes on, and when it is over.
BEFORE: dict[str, Act] = {
    "enroll": lambda s: services.enroll(SYSTEM, s.delivery.id, s.other, Wish("civilian")),
    "nominate": lambda s: services.nominate(SYSTEM, s.delivery.id, s.body, [makers.nominee()]),
    "enter": lambda s: services.enter(SYSTEM, s.delivery.id, makers.nominee()),
    "withdraw": lambda s: services.withdraw(SYSTEM, s.enrollment),
    "cancel": lambda s: courses.cancel(SYSTEM, s.delivery, reason="Flood"),
    "correct names": lambda s: correct_names(
        SYSTEM, s.delivery.id, {s.enrollment.id: "Applicant A. Diallo"}
    ),
    "merge": lambda s: join_records(SYSTEM, s.other, s.enrollment.person, reason="one person"),
}
AFTER: dict[str, Act] = {
    "attendance": lambda s: classroom.services.record_attendance(
        SYSTEM, s.delivery.id, [MarkGiven(s.enrollment.id, 1, "present")]
    ),
    "scores": lambda s: classroom.services.record_scores(
        SYSTEM, s.delivery.id, [ScoreGiven(s.enrollment.id, "post", 80)]
    ),
    "cut short": lambda s: courses.cut_short(SYSTEM, s.delivery, after_session=1, reason="Flood"),
    "finish": lambda s: classroom.services.finish(SYSTEM, s.delivery.id),
    "erase needs": lambda s: erase_needs(s.delivery.id),
}


@pytest.fixture
def scene(app: Flask) -> Iterator[Scene]:
    with app.app_context():
        delivery = makers.delivery()
        enrollment = makers.enrolled(delivery)
        other = factories.person("Noa", "Levi", email="noa@example.org")
        yield Scene(delivery, enrollment, other, factories.organization())


@pytest.mark.parametrize("name", [*BEFORE, *AFTER])
def test_a_service_that_takes_no_lock_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    begin = database.Unit.__init__

    def begin_deaf(unit: database.Unit) -> None:
        begin(unit)
        unit.touched = DeafSet()

    def act() -> None:
        with transaction():
            (BEFORE | AFTER)[name](scene)

    with factories.after(scene.delivery.id) if name in AFTER else nullcontext():
        with monkeypatch.context() as forgetting:
            forgetting.setattr(database.Unit, "__init__", begin_deaf)
            with pytest.raises(UntouchedWrite):
                act()
        act()  # with its lock it is done


@pytest.mark.parametrize("model", LOCKED)
def test_a_row_that_is_changed_without_the_lock_is_refused(scene: Scene, model: type[Any]) -> None:
    new: dict[type[Any], Callable[[], Any]] = {
        Enrollment: lambda: None,
        Mark: lambda: Mark(
            enrollment_id=scene.enrollment.id,
            session_id=scene.delivery.sessions[0].id,
            mark=MarkKind.PRESENT,
            minutes=1,
            recorded_at=clock.now(),
        ),
        Score: lambda: Score(
            enrollment_id=scene.enrollment.id, kind="post", percent=80, recorded_at=clock.now()
        ),
        Pool: lambda: Pool(delivery_id=scene.delivery.id, category="police", places=3),
        DeliverySession: lambda: None,
    }
    with pytest.raises(UntouchedWrite), transaction():
        audit.record(SYSTEM, "test.planted", "test:1", {})
        if (row := new[model]()) is not None:
            db.session.add(row)
        elif model is Enrollment:
            db.session.get_one(Enrollment, scene.enrollment.id).needs = "None"
        else:
            db.session.get_one(Delivery, scene.delivery.id).sessions[0].minutes += 1
        db.session.flush()


#: Ways to change rows that pass the flush.
STATEMENTS: dict[str, Callable[[Scene], Any]] = {
    "of the session": lambda s: db.session.execute(sa.update(Enrollment).values(needs=None)),
    "as text": lambda s: db.session.execute(sa.text("UPDATE enrollment SET needs = NULL")),
    "straight to the database": lambda s: database.write(sa.delete(Mark)),
    "in bulk": lambda s: db.session.bulk_update_mappings(
        sa.inspect(Enrollment), [{"id": s.enrollment.id, "needs": None}]
    ),
}


@pytest.mark.both_databases
@pytest.mark.parametrize("way", STATEMENTS)
def test_a_statement_over_such_rows_is_refused_where_nothing_is_locked(
    scene: Scene, way: str
) -> None:
    with pytest.raises(UntouchedWrite), transaction():
        STATEMENTS[way](scene)


def test_a_row_leaves_only_a_locked_delivery(scene: Scene) -> None:
    elsewhere = makers.delivery().id
    with pytest.raises(UntouchedWrite), transaction():
        audit.record(SYSTEM, "test.planted", "test:1", {})
        courses.touch(elsewhere)
        db.session.get_one(Enrollment, scene.enrollment.id).delivery_id = elsewhere
        db.session.flush()
