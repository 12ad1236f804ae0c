"""Marks and scores are kept as given, all of them or none; the end of a delivery fixes each
result."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from classroom import queries, services
from classroom.models import Mark
from classroom.services import MarkGiven, MarkSeen, ScoreGiven, finishing
from core import audit, clock
from core.database import db, transaction
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from core.policy import SYSTEM, Actor
from courses import services as courses
from courses.models import Delivery
from enrollment.models import Enrollment
from enrollment.queries import explain
from tests import factories
from tests.counting import queries_counted
from tests.enrollment import makers


def record(delivery: Delivery, *marks: MarkGiven, actor: Actor = SYSTEM) -> int:
    with factories.after(delivery.id), transaction():
        return services.record_attendance(actor, delivery.id, marks)


def score(delivery: Delivery, *scores: ScoreGiven, actor: Actor = SYSTEM) -> int:
    with factories.after(delivery.id), transaction():
        return services.record_scores(actor, delivery.id, scores)


def refusal(act: Callable[..., Any], *args: Any, **kwargs: Any) -> DomainError:
    with pytest.raises(DomainError) as refused:
        act(*args, **kwargs)
    db.session.rollback()
    return refused.value


def saved_marks(delivery: Delivery, enrollment: Enrollment) -> dict[int, tuple[str, int]]:
    row = next(
        row for row in queries.attendance_grid(delivery).rows if row.enrollment.id == enrollment.id
    )
    return {number: (mark.mark.value, mark.minutes) for number, mark in row.marks.items()}


@pytest.mark.both_databases
def test_marks_are_kept_corrected_and_harmless_to_send_again(context: Flask) -> None:
    delivery = makers.delivery()
    first, two = makers.enrolled(delivery), makers.enrolled(delivery)
    trainer = factories.actor(Role.TRAINER, delivery_id=delivery.id)
    marks = [
        MarkGiven(first.id, 1, "present"),
        MarkGiven(first.id, 2, "late"),
        MarkGiven(first.id, 3, "late", 45),
        MarkGiven(first.id, 4, "excused"),
        MarkGiven(first.id, 5, "absent", 0),
        MarkGiven(two.id, 1, "present", 90),
    ]
    assert record(delivery, *marks, actor=trainer) == 6
    expected = {
        1: ("present", 90),
        2: ("late", 90),
        3: ("late", 45),
        4: ("excused", 0),
        5: ("absent", 0),
    }
    assert saved_marks(delivery, first) == expected
    first_at = db.session.scalar(sa.select(Mark.recorded_at).where(Mark.enrollment_id == two.id))
    assert record(delivery, *marks, actor=trainer) == 6
    assert saved_marks(delivery, first) == expected
    assert (
        db.session.scalar(sa.select(Mark.recorded_at).where(Mark.enrollment_id == two.id))
        == first_at
    )
    assert record(delivery, MarkGiven(first.id, 1, "absent"), actor=trainer) == 1
    assert saved_marks(delivery, first) == expected | {1: ("absent", 0)}
    events = db.session.scalars(
        sa.select(audit.AuditEntry.action).where(audit.AuditEntry.action == "attendance.recorded")
    )
    assert len(events.all()) == 3
    assert list(queries.breaches()) == []


def test_every_mark_that_cannot_be_is_named_and_nothing_is_kept(context: Flask) -> None:
    delivery, other = makers.delivery(places=1), makers.delivery()
    seated = makers.enrolled(delivery)
    waiting = makers.enrolled(delivery)
    elsewhere = makers.enrolled(other)
    marks = [
        MarkGiven(seated.id, 1, "present"),
        MarkGiven(elsewhere.id, 1, "present"),
        MarkGiven(waiting.id, 1, "present"),
        MarkGiven(seated.id, 13, "present"),
        MarkGiven(seated.id, 2, "here"),
        MarkGiven(seated.id, 3, "present", 91),
        MarkGiven(seated.id, 4, "late", -1),
        MarkGiven(seated.id, 5, "absent", 10),
        MarkGiven(seated.id, 6, "present", 0),
        MarkGiven(seated.id, 1, "absent"),
    ]
    refused = refusal(record, delivery, *marks)
    assert [(error.code, error.field) for error in refused.errors] == [
        ("unknown_enrollment", "marks.1.enrollment"),
        ("not_seated", "marks.2.enrollment"),
        ("unknown_session", "marks.3.session"),
        ("unknown_mark", "marks.4.mark"),
        ("minutes_out_of_range", "marks.5.minutes"),
        ("minutes_out_of_range", "marks.6.minutes"),
        ("minutes_without_presence", "marks.7.minutes"),
        ("presence_without_minutes", "marks.8.minutes"),
        ("marked_twice", "marks.9"),
    ]
    assert saved_marks(delivery, seated) == {}


def test_a_mark_given_meanwhile_is_not_replaced_by_who_did_not_know_of_it(context: Flask) -> None:
    delivery = makers.delivery()
    first, two = makers.enrolled(delivery), makers.enrolled(delivery)
    with factories.after(delivery.id):
        record(delivery, MarkGiven(first.id, 1, "late", 20))
        stale = MarkGiven(first.id, 1, "present", expected=MarkSeen(None))
        error = refusal(
            record, delivery, MarkGiven(two.id, 1, "present", expected=MarkSeen(None)), stale
        )
        assert (type(error), error.code, error.field) == (
            Conflict,
            "marked_meanwhile",
            "marks.1.expected",
        )
        assert saved_marks(delivery, two) == {}, "all or none"
        assert (
            refusal(
                record, delivery, MarkGiven(first.id, 1, "absent", expected=MarkSeen("late", 30))
            ).code
            == "marked_meanwhile"
        )
        record(
            delivery, MarkGiven(first.id, 1, "late", 20, MarkSeen(None))
        )  # just what is kept: nothing is lost
        record(delivery, MarkGiven(first.id, 1, "present", expected=MarkSeen("late")))
        assert saved_marks(delivery, first) == {1: ("present", 90)}
        record(
            delivery, MarkGiven(first.id, 1, "excused")
        )  # whoever expects nothing replaces what is kept
    assert saved_marks(delivery, first) == {1: ("excused", 0)}


def test_scores_are_kept_corrected_and_bounded(context: Flask) -> None:
    delivery = makers.delivery(places=1)
    seated, waiting = makers.enrolled(delivery), makers.enrolled(delivery)
    assert (
        score(delivery, ScoreGiven(seated.id, "pre", 40), ScoreGiven(seated.id, "post", 81.5)) == 2
    )
    assert score(delivery, ScoreGiven(seated.id, "post", 100)) == 1
    (row,) = queries.attendance_grid(delivery).rows
    assert row.scores == {"pre": 40.0, "post": 100.0}
    bad = [
        ScoreGiven(seated.id, "post", 100.1),
        ScoreGiven(seated.id, "pre", float("nan")),
        ScoreGiven(seated.id, "final", 50),
        ScoreGiven(waiting.id, "post", 50),
        ScoreGiven(seated.id, "post", -1),
    ]
    assert [(error.code, error.field) for error in refusal(score, delivery, *bad).errors] == [
        ("percent_out_of_range", "scores.0.percent"),
        ("percent_out_of_range", "scores.1.percent"),
        ("unknown_kind", "scores.2.kind"),
        ("not_seated", "scores.3.enrollment"),
        ("percent_out_of_range", "scores.4.percent"),
    ]


def test_who_may_record(context: Flask) -> None:
    delivery, other = makers.delivery(), makers.delivery()
    enrollment = makers.enrolled(delivery)
    for actor in (
        factories.actor(),
        factories.actor(Role.TRAINER, delivery_id=other.id),
        factories.actor(Role.ROSTER),
    ):
        assert isinstance(
            refusal(record, delivery, MarkGiven(enrollment.id, 1, "present"), actor=actor),
            NotAllowed,
        )
        assert isinstance(
            refusal(score, delivery, ScoreGiven(enrollment.id, "post", 1), actor=actor), NotAllowed
        )
    coordinator = makers.coordinator()
    assert record(delivery, MarkGiven(enrollment.id, 1, "present"), actor=coordinator) == 1


def test_the_grid_takes_the_same_number_of_queries_for_many(context: Flask) -> None:
    delivery = makers.delivery()
    counts = []
    for _ in range(2):
        for _ in range(4):
            makers.attend(delivery, makers.enrolled(delivery), 900)
        db.session.expire_all()
        fresh = db.session.get_one(Delivery, delivery.id)
        assert fresh.version_id
        with queries_counted() as count:
            grid = queries.attendance_grid(fresh)
            names = [row.enrollment.person.full_name for row in grid.rows]
            results = queries.completion(fresh)
        counts.append(count.selects)
    assert len(names) == len(results) == 8
    assert counts[0] == counts[1] <= 10


# Completion and the end


@pytest.mark.both_databases
def test_how_people_stand(context: Flask) -> None:
    course = makers.course(completion={"min_attendance_percent": 100, "min_score_percent": 70})
    delivery = makers.delivery(course=course)
    done, short, failed, untested = (makers.enrolled(delivery) for _ in range(4))
    makers.attend(delivery, done, score=70)
    makers.attend(delivery, short, 720, score=90)
    makers.attend(delivery, failed, score=64)
    makers.attend(delivery, untested)
    results = {result.enrollment.id: result for result in queries.completion(delivery)}
    lacks = {
        enrollment_id: [(lack.code, lack.detail) for lack in result.lacking]
        for enrollment_id, result in results.items()
    }
    assert lacks == {
        done.id: [],
        short.id: [("attendance_below_minimum", "attended 720 of 1,080 minutes")],
        failed.id: [("score_below_minimum", "score 64, needs 70")],
        untested.id: [("score_missing", "no post-test score, needs 70")],
    }
    assert [enrollment_id for enrollment_id, result in results.items() if result.is_complete] == [
        done.id
    ]
    assert (
        results[short.id].minutes,
        results[short.id].minutes_taught,
        results[short.id].score,
    ) == (720, 1080, 90.0)


def test_a_course_to_have_completed_before(context: Flask) -> None:
    makers.course(code="GTI-BASIC")
    advanced = makers.course(
        code="GTI-ADV", completion={"min_attendance_percent": 0, "prerequisites": ["GTI-BASIC"]}
    )
    basic_delivery = makers.delivery(course=makers.course(code="GTI-BASIC"))
    delivery = makers.delivery(course=advanced, starts_on=date(2027, 4, 5))
    person = factories.person()
    first = makers.enrolled(basic_delivery, person=person)
    enrollment = makers.enrolled(delivery, person=person)
    (before,) = queries.completion(delivery)
    assert [lack.detail for lack in before.lacking] == ["GTI-BASIC not completed"]
    makers.attend(basic_delivery, first, score=100)
    (before,) = queries.completion(delivery)
    assert not before.is_complete, "attended, but that delivery is not finished"
    makers.finished(basic_delivery)
    (after,) = queries.completion(delivery)
    assert after.is_complete and after.enrollment.id == enrollment.id


def test_finishing_fixes_each_result_for_good(context: Flask) -> None:
    course = makers.course(completion={"min_attendance_percent": 100, "min_score_percent": 70})
    delivery = makers.delivery(course=course, places=4)
    done, short, absent, tested = (makers.enrolled(delivery) for _ in range(4))
    waiting = makers.enrolled(delivery)
    makers.attend(delivery, done, score=95)
    makers.attend(delivery, short, 720, score=64)
    makers.attend(delivery, absent, 0)
    score(delivery, ScoreGiven(tested.id, "post", 80))
    makers.finished(delivery)
    ended = [makers.again(enrollment) for enrollment in (done, short, absent, tested, waiting)]
    assert [enrollment.status for enrollment in ended] == [
        "completed",
        "not_completed",
        "no_show",
        "not_completed",
        "declined",
    ]
    assert all(enrollment.finished_at for enrollment in ended)
    assert explain(SYSTEM, ended[1], None) == "attended 720 of 1,080 minutes; score 64, needs 70"
    assert explain(SYSTEM, ended[4], None) == "no place became free"
    assert db.session.get_one(Delivery, delivery.id).status == "finished"
    results = {result.enrollment.id: result for result in queries.completion(delivery)}
    assert results[done.id].is_complete and not results[short.id].is_complete
    assert [lack.detail for lack in results[short.id].lacking] == [
        "attended 720 of 1,080 minutes",
        "score 64, needs 70",
    ]
    assert list(queries.breaches()) == []
    for act in (
        lambda: makers.finished(delivery),
        lambda: record(delivery, MarkGiven(short.id, 9, "present")),
        lambda: score(delivery, ScoreGiven(short.id, "post", 100)),
        lambda: makers.enrolled(delivery),
    ):
        refused = refusal(act)
        assert isinstance(refused, Conflict) and refused.code == "delivery_finished"


@pytest.mark.both_databases
def test_two_who_finish_at_once_finish_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the touch lock both would judge before either writes, and fix every result twice."""
    with app.app_context():
        delivery_id = makers.enrolled(makers.delivery()).delivery_id
        clock.travel(app, factories.end_of(delivery_id))
        db.session.remove()
    meeting, refusals = threading.Barrier(2), []

    def judge_slowly(delivery: Delivery) -> list[queries.Completion]:
        with suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=0.5)
        return queries.completion(delivery)

    def finish() -> None:
        with app.app_context():
            try:
                with transaction():
                    services.finish(SYSTEM, delivery_id)
            except Conflict as refusal:
                refusals.append(refusal.code)

    monkeypatch.setattr(finishing, "completion", judge_slowly)
    threads = [threading.Thread(target=finish) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert refusals == ["delivery_finished"]
    with app.app_context():
        results = sa.select(sa.func.count()).where(audit.AuditEntry.action == "enrollment.result")
        assert db.session.scalar(results) == 1


def test_people_awaiting_a_decision_lapse(context: Flask) -> None:
    delivery = makers.delivery(admission="approval")
    enrollment = makers.enrolled(delivery)
    makers.finished(delivery)
    assert makers.again(enrollment).status == "declined"


def test_only_a_running_delivery_is_finished_and_only_by_coordinators(context: Flask) -> None:
    def finish(actor: Actor, delivery_id: int) -> None:
        with transaction():
            services.finish(actor, delivery_id)

    draft = makers.delivery(published=False)
    cancelled = makers.delivery()
    running = makers.delivery()
    with transaction():
        courses.cancel(SYSTEM, db.session.get_one(Delivery, cancelled.id), reason="Flood")
    assert refusal(finish, SYSTEM, draft.id).code == "not_published"
    assert refusal(finish, SYSTEM, cancelled.id).code == "delivery_cancelled"
    assert isinstance(refusal(finish, SYSTEM, 999), NotFound)
    trainer = factories.actor(Role.TRAINER, delivery_id=running.id)
    assert isinstance(refusal(finish, trainer, running.id), NotAllowed)
    with factories.after(running.id):
        finish(makers.coordinator(), running.id)
