"""Attendance and completion, worked out anew at each reading."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from classroom import completion as rule
from classroom.models import Mark, Reopening, Score, ScoreKind
from core import clock
from core.database import db
from courses.models import CourseVersion, Delivery, DeliverySession, DeliveryStatus
from enrollment.lacks import Lack, read_lacks
from enrollment.models import OPEN, RESULTS, SEATED, Enrollment, EnrollmentStatus
from enrollment.queries import PEOPLE, completed_courses
from people.models import Person

S = EnrollmentStatus


@dataclass(frozen=True)
class GridRow:
    """One person's marks by session number and scores by kind."""

    enrollment: Enrollment
    marks: dict[int, Mark] = field(default_factory=dict)
    scores: dict[ScoreKind, float] = field(default_factory=dict)

    @property
    def minutes(self) -> int:
        return sum(mark.minutes for mark in self.marks.values())


@dataclass(frozen=True)
class Grid:
    """The sessions of a delivery, cancelled ones included, and a row for everyone who has a
    place."""

    sessions: list[DeliverySession]
    rows: list[GridRow]

    @property
    def held(self) -> list[DeliverySession]:
        return [session for session in self.sessions if not session.is_cancelled]

    def count_marked(self, session: DeliverySession) -> int:
        """How many people have a mark in the session."""
        return sum(session.number in row.marks for row in self.rows)

    @property
    def minutes_taught(self) -> int:
        return sum(session.minutes for session in self.held)


def attendance_grid(delivery: Delivery, ids: Collection[int] | None = None) -> Grid:
    """Marks and scores of everyone seated, or of those of them with these ids, by name; four
    queries at most, whatever the number of people."""
    rows = _rows_of_seated(delivery, ids)
    numbers = {session.id: session.number for session in delivery.sessions}
    of_delivery: Any = sa.select(Enrollment.id).where(Enrollment.delivery_id == delivery.id)
    if ids is not None:
        of_delivery = list(rows)
    for mark in db.session.scalars(sa.select(Mark).where(Mark.enrollment_id.in_(of_delivery))):
        if mark.enrollment_id in rows and mark.session_id in numbers:
            rows[mark.enrollment_id].marks[numbers[mark.session_id]] = mark
    for score in db.session.scalars(sa.select(Score).where(Score.enrollment_id.in_(of_delivery))):
        if score.enrollment_id in rows:
            rows[score.enrollment_id].scores[score.kind] = score.percent
    return Grid(list(delivery.sessions), list(rows.values()))


def session_rows(delivery: Delivery, session: DeliverySession) -> list[GridRow]:
    """Everyone seated, by name, with the marks of this one session only."""
    rows = _rows_of_seated(delivery)
    for mark in db.session.scalars(sa.select(Mark).where(Mark.session_id == session.id)):
        if mark.enrollment_id in rows:
            rows[mark.enrollment_id].marks[session.number] = mark
    return list(rows.values())


def count_marked(delivery: Delivery) -> dict[int, int]:
    """How many of those seated are marked, by session number."""
    marks = (
        sa.select(DeliverySession.number, sa.func.count(Mark.id))
        .join(Mark, Mark.session_id == DeliverySession.id)
        .join(Enrollment, Enrollment.id == Mark.enrollment_id)
        .where(DeliverySession.delivery_id == delivery.id, Enrollment.status.in_(SEATED))
        .group_by(DeliverySession.number)
    )
    counts: dict[int, int] = dict(iter(db.session.execute(marks)))
    return {one.number: counts.get(one.number, 0) for one in delivery.sessions}


def _rows_of_seated(delivery: Delivery, ids: Collection[int] | None = None) -> dict[int, GridRow]:
    """A row without marks for everyone who has a place, or for those with these ids, by name."""
    rows = (
        sa.select(Enrollment)
        .where(Enrollment.delivery_id == delivery.id, Enrollment.status.in_(SEATED))
        .options(
            *PEOPLE
        )  # not the delivery, which is known: reading it anew would drop its sessions
        .execution_options(populate_existing=True)
    )
    if ids is not None:
        rows = rows.where(Enrollment.id.in_(ids))
    people = sorted(db.session.scalars(rows), key=lambda e: (e.person.sort_name, e.id))
    return {enrollment.id: GridRow(enrollment) for enrollment in people}


@dataclass(frozen=True)
class Completion:
    """One person's result: by the rule so far or, once the delivery is finished, as fixed.
    `missed`: the sessions that the person did not attend in full. `minutes_of_course`: the whole
    of which the attended share is taken; more than was taught if the course was cut short."""

    enrollment: Enrollment
    is_complete: bool
    lacking: list[Lack]
    minutes: int
    minutes_taught: int
    minutes_of_course: int
    score: float | None
    missed: list[DeliverySession]


def seated(delivery: Delivery) -> Sequence[Any]:
    """(id, person_id, status, lacking) of everyone who has a place, by name: enough to count them
    and to find whom a page shows."""
    columns = Enrollment.id, Enrollment.person_id, Enrollment.status, Enrollment.lacking
    return db.session.execute(
        sa.select(*columns)
        .join(Enrollment.person)
        .where(Enrollment.delivery_id == delivery.id, Enrollment.status.in_(SEATED))
        .order_by(Person.sort_name, Enrollment.id)
    ).all()


@dataclass(frozen=True)
class Standing:
    """One person's result as far as it is counted."""

    id: int
    status: EnrollmentStatus
    is_complete: bool


def standings(delivery: Delivery) -> list[Standing]:
    """How everyone seated stands, by name, with the minutes added up by the database."""
    people = seated(delivery)
    of_delivery = Enrollment.delivery_id == delivery.id
    minutes = dict(
        db.session.execute(
            sa.select(Mark.enrollment_id, sa.func.sum(Mark.minutes))
            .join(Enrollment, Enrollment.id == Mark.enrollment_id)
            .where(of_delivery)
            .group_by(Mark.enrollment_id)
        ).all()
    )
    scores = dict(
        db.session.execute(
            sa.select(Score.enrollment_id, Score.percent)
            .join(Enrollment, Enrollment.id == Score.enrollment_id)
            .where(of_delivery, Score.kind == ScoreKind.POST)
        ).all()
    )
    asked, whole = _rule_of(delivery)
    completed = completed_courses(
        [one.person_id for one in people], asked.prerequisites, delivery.starts_on
    )
    return [
        Standing(
            one.id,
            one.status,
            _judged(
                asked,
                whole,
                one,
                minutes.get(one.id, 0),
                scores.get(one.id),
                completed.get(one.person_id, set()),
            )[1],
        )
        for one in people
    ]


def _rule_of(delivery: Delivery) -> tuple[rule.Rule, int]:
    """What completing the delivery asks for, and the minutes of the whole course."""
    version = db.session.get_one(CourseVersion, delivery.version_id)
    asked = rule.Rule(
        version.min_attendance_percent, version.min_score_percent, tuple(version.prerequisites)
    )
    return asked, version.minutes


def _judged(
    asked: rule.Rule,
    whole: int,
    enrollment: Any,
    minutes: int,
    score: float | None,
    completed: set[str],
) -> tuple[list[Lack], bool]:
    """(what is lacking, whether it is complete): by the rule while the result is open, else as it
    was fixed."""
    if enrollment.status not in OPEN:
        return read_lacks(enrollment.lacking), enrollment.status is S.COMPLETED
    lacking = rule.judge(
        asked, minutes=minutes, minutes_of_course=whole, score=score, completed=completed
    )
    return lacking, not lacking


def completion(delivery: Delivery, ids: Collection[int] | None = None) -> list[Completion]:
    """The result of everyone seated, or of those of them with these ids, by name; nine queries at
    most whatever the number of people."""
    grid = attendance_grid(delivery, ids)
    asked, whole = _rule_of(delivery)
    people = [row.enrollment.person_id for row in grid.rows]
    completed = completed_courses(people, asked.prerequisites, delivery.starts_on)
    return [
        _result(asked, whole, grid, row, completed.get(row.enrollment.person_id, set()))
        for row in grid.rows
    ]


def fixed_results(delivery: Delivery) -> list[Completion]:
    """The results that could be reopened, by name; those that are open are not worked out."""
    fixed = [person.id for person in seated(delivery) if person.status in RESULTS]
    return completion(delivery, fixed) if fixed else []


def _result(
    asked: rule.Rule, whole: int, grid: Grid, row: GridRow, completed: set[str]
) -> Completion:
    enrollment, score = row.enrollment, row.scores.get(ScoreKind.POST)
    lacking, is_complete = _judged(asked, whole, enrollment, row.minutes, score, completed)
    there = {number: mark.minutes for number, mark in row.marks.items()}
    missed = [session for session in grid.held if there.get(session.number, 0) < session.minutes]
    return Completion(
        enrollment, is_complete, lacking, row.minutes, grid.minutes_taught, whole, score, missed
    )


def find_completion(enrollment: Enrollment, delivery: Delivery) -> Completion | None:
    """The result of one enrollment of the delivery; None without a place."""
    if enrollment.status not in SEATED:
        return None
    return next(iter(completion(delivery, [enrollment.id])), None)


def session_now(delivery: Delivery) -> DeliverySession | None:
    """The current session, else the next one, else the last; None without sessions."""
    sessions = delivery.held or delivery.sessions
    now = clock.now()
    return next((one for one in sessions if one.ends_at > now), sessions[-1] if sessions else None)


def sessions_to_come(delivery: Delivery) -> list[DeliverySession]:
    """The sessions that have not begun: no one missed them yet."""
    now = clock.now()
    return [one for one in delivery.held if one.starts_at > now]


def unmarked_sessions(delivery: Delivery) -> list[tuple[DeliverySession, int, int]]:
    """(session, marked, people) of the sessions that have begun and in which someone has no mark;
    none once results are fixed."""
    if delivery.status is not DeliveryStatus.PUBLISHED:
        return []
    marked, people, now = count_marked(delivery), len(seated(delivery)), clock.now()
    counted = [(one, marked[one.number], people) for one in delivery.held if one.starts_at <= now]
    return [(one, number, people) for one, number, people in counted if number < people]


def is_recorded(enrollment_id: int) -> bool:
    """Whether the enrollment has minutes or scores."""
    was_present = sa.exists().where(Mark.enrollment_id == enrollment_id, Mark.minutes > 0)
    was_tested = sa.exists().where(Score.enrollment_id == enrollment_id)
    return bool(db.session.scalar(sa.select(sa.or_(was_present, was_tested))))


def has_marks(person_id: int) -> bool:
    """Whether any enrollment of the person has a mark, even "absent", or a score."""
    stands = (
        sa.exists().where(kind.enrollment_id == Enrollment.id, Enrollment.person_id == person_id)
        for kind in (Mark, Score)
    )
    return bool(db.session.scalar(sa.select(sa.or_(*stands))))


def was_reopened(enrollment_id: int) -> bool:
    """Whether the result was ever reopened."""
    return (
        db.session.scalar(
            sa.select(Reopening.id).where(Reopening.enrollment_id == enrollment_id).limit(1)
        )
        is not None
    )
