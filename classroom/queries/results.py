"""Attendance and completion, computed on each read: nothing is stored that could become stale."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.base import ExecutableOption

from classroom import completion as rule
from classroom.models import Mark, MarkKind, Reopening, Score, ScoreKind
from core import clock
from core.database import db
from courses.models import CourseVersion, Delivery, DeliverySession, DeliveryStatus
from enrollment.lacks import Lack, read_lacks
from enrollment.models import OPEN, RESULTS, SEATED, Enrollment, EnrollmentStatus
from enrollment.queries import PEOPLE, completed_courses
from people.models import NAME_COLUMNS, Person, full_name_of

S = EnrollmentStatus


class Marked(NamedTuple):
    """A mark as it is saved."""

    mark: MarkKind
    minutes: int


@dataclass(frozen=True)
class SessionRow:
    """One person and the mark in one session, if there is one."""

    enrollment_id: int
    name: str
    marked: Marked | None


@dataclass(frozen=True)
class GridRow:
    """One person's marks by session number and scores by kind."""

    enrollment: Enrollment
    marks: dict[int, Marked] = field(default_factory=dict)
    scores: dict[ScoreKind, float] = field(default_factory=dict)

    @property
    def minutes(self) -> int:
        return sum(mark.minutes for mark in self.marks.values())

    def missed(self, sessions: Mapping[int, int]) -> list[int]:
        """The numbers of the sessions that the person did not attend in full; `sessions` maps
        numbers to minutes."""
        there = {number: mark.minutes for number, mark in self.marks.items()}
        return [number for number, minutes in sessions.items() if there.get(number, 0) < minutes]


@dataclass(frozen=True)
class Grid:
    """The sessions of a delivery, cancelled ones included, and a row for everyone who has a
    place."""

    sessions: list[DeliverySession]
    rows: list[GridRow]

    @property
    def held(self) -> list[DeliverySession]:
        return [session for session in self.sessions if not session.is_cancelled]

    @property
    def minutes_taught(self) -> int:
        return sum(session.minutes for session in self.held)


def attendance_grid(delivery: Delivery, ids: Collection[int] | None = None) -> Grid:
    """Marks and scores of everyone who has a place, or only of these ids, ordered by name. At most
    four queries for any number of people."""
    rows = _rows_of_seated(delivery, ids, (joinedload(Enrollment.person),))
    numbers = {session.id: session.number for session in delivery.sessions}
    marks = sa.select(Mark.enrollment_id, Mark.session_id, Mark.mark, Mark.minutes)
    for enrollment_id, session_id, mark, minutes in db.session.execute(
        marks.where(_is_of(Mark, delivery, rows, ids))
    ):
        if enrollment_id in rows and session_id in numbers:
            rows[enrollment_id].marks[numbers[session_id]] = Marked(mark, minutes)
    _add_scores(rows, _is_of(Score, delivery, rows, ids))
    return Grid(list(delivery.sessions), list(rows.values()))


def score_rows(delivery: Delivery, ids: Collection[int]) -> list[GridRow]:
    """The scores of these people, with the organizations that nominated them and without marks."""
    rows = _rows_of_seated(delivery, ids, PEOPLE)
    _add_scores(rows, _is_of(Score, delivery, rows, ids))
    return list(rows.values())


def _is_of(
    kind: type[Mark | Score],
    delivery: Delivery,
    rows: Collection[int],
    ids: Collection[int] | None,
) -> sa.ColumnElement[bool]:
    """Selects the marks or scores of these rows. Without `ids` it selects by delivery, because the
    ids of everyone could exceed the limit of parameters."""
    if ids is not None:
        return kind.enrollment_id.in_(rows)
    of_delivery = sa.select(Enrollment.id).where(Enrollment.delivery_id == delivery.id)
    return kind.enrollment_id.in_(of_delivery)


def _add_scores(rows: dict[int, GridRow], condition: sa.ColumnElement[bool]) -> None:
    scores = sa.select(Score.enrollment_id, Score.kind, Score.percent).where(condition)
    for enrollment_id, kind, percent in db.session.execute(scores):
        if enrollment_id in rows:
            rows[enrollment_id].scores[kind] = percent


def session_rows(session_id: int, ids: Collection[int]) -> list[SessionRow]:
    """These people, by name, with their marks in this one session."""
    marked = sa.and_(Mark.enrollment_id == Enrollment.id, Mark.session_id == session_id)
    rows = (
        sa.select(Enrollment.id, *NAME_COLUMNS, Mark.mark, Mark.minutes)
        .join(Enrollment.person)
        .outerjoin(Mark, marked)
        .where(Enrollment.id.in_(ids))
        .order_by(Person.sort_name, Enrollment.id)
    )
    return [
        SessionRow(
            row.id,
            full_name_of(row),
            None if row.mark is None else Marked(row.mark, row.minutes),
        )
        for row in db.session.execute(rows)
    ]


def count_marked(delivery: Delivery) -> dict[int, int]:
    """How many people are marked in each session, by session number."""
    marks = (
        sa.select(Mark.session_id, sa.func.count())
        .where(Mark.enrollment_id.in_(sa.select(Enrollment.id).where(_is_seated(delivery))))
        .group_by(Mark.session_id)
    )
    counts = dict(db.session.execute(marks).all())
    return {session.number: counts.get(session.id, 0) for session in delivery.sessions}


def _is_seated(delivery: Delivery) -> sa.ColumnElement[bool]:
    return sa.and_(Enrollment.delivery_id == delivery.id, Enrollment.status.in_(SEATED))


def _rows_of_seated(
    delivery: Delivery, ids: Collection[int] | None, load: Sequence[ExecutableOption]
) -> dict[int, GridRow]:
    """A row without marks for everyone who has a place, or only for these ids, ordered by name.
    `load`: options for what is loaded with the enrollments."""
    rows = sa.select(Enrollment).where(_is_seated(delivery)).options(*load)
    if ids is not None:
        rows = rows.where(Enrollment.id.in_(ids))
    people = sorted(db.session.scalars(rows), key=lambda e: (e.person.sort_name, e.id))
    return {enrollment.id: GridRow(enrollment) for enrollment in people}


@dataclass(frozen=True)
class Completion:
    """One person's result: by the rule so far or, once the delivery is finished, as fixed.
    `missed`: the numbers of the sessions held so far that the person did not attend in full.
    `minutes_of_course`: what the attended share is measured against; more than `minutes_taught` if
    the course was cut short."""

    enrollment: Enrollment
    is_complete: bool
    lacking: list[Lack]
    minutes: int
    minutes_taught: int
    minutes_of_course: int
    score: float | None
    missed: list[int]


def seated(delivery: Delivery) -> Sequence[Any]:
    """(id, person_id, status) of everyone who has a place, ordered by name: enough to count them
    and to choose the people of a page without loading the others."""
    return _of_everyone(delivery, Enrollment.id, Enrollment.person_id, Enrollment.status)


def _of_everyone(delivery: Delivery, *columns: Any) -> Sequence[Any]:
    return db.session.execute(
        sa.select(*columns)
        .join(Enrollment.person)
        .where(_is_seated(delivery))
        .order_by(Person.sort_name, Enrollment.id)
    ).all()


@dataclass(frozen=True)
class Standing:
    """As much of one person's result as the counts need."""

    id: int
    status: EnrollmentStatus
    is_complete: bool


def standings(delivery: Delivery) -> list[Standing]:
    """The standing of everyone who has a place, ordered by name. The database adds up the minutes,
    so that no marks are loaded."""
    minutes = sa.select(sa.func.coalesce(sa.func.sum(Mark.minutes), 0))
    score = sa.select(Score.percent).where(Score.kind == ScoreKind.POST)
    people = _of_everyone(
        delivery,
        Enrollment.id,
        Enrollment.person_id,
        Enrollment.status,
        Enrollment.lacking,
        minutes.where(Mark.enrollment_id == Enrollment.id).scalar_subquery().label("minutes"),
        score.where(Score.enrollment_id == Enrollment.id).scalar_subquery().label("score"),
    )
    requirement, minutes_of_course = _rule_of(delivery)
    ids = [person.person_id for person in people]
    completed = completed_courses(ids, requirement.prerequisites, delivery.starts_on)
    standings = []
    for person in people:
        earlier = completed.get(person.person_id, set())
        _lacks, is_complete = _judged(
            requirement, minutes_of_course, person, person.minutes, person.score, earlier
        )
        standings.append(Standing(person.id, person.status, is_complete))
    return standings


def _rule_of(delivery: Delivery) -> tuple[rule.Rule, int]:
    """The rule for completing the delivery, and the minutes of the whole course."""
    version = db.session.get_one(CourseVersion, delivery.version_id)
    requirement = rule.Rule(
        version.min_attendance_percent, version.min_score_percent, tuple(version.prerequisites)
    )
    return requirement, version.minutes


def _judged(
    requirement: rule.Rule,
    minutes_of_course: int,
    enrollment: Any,
    minutes: int,
    score: float | None,
    completed: set[str],
) -> tuple[list[Lack], bool]:
    """(what is lacking, whether it is complete): by the rule while the result is open, as stored
    once it is fixed."""
    if enrollment.status not in OPEN:
        return read_lacks(enrollment.lacking), enrollment.status is S.COMPLETED
    lacking = rule.judge(
        requirement,
        minutes=minutes,
        minutes_of_course=minutes_of_course,
        score=score,
        completed=completed,
    )
    return lacking, not lacking


def completion(delivery: Delivery, ids: Collection[int] | None = None) -> list[Completion]:
    """The result of everyone who has a place, or only of these ids, ordered by name. At most nine
    queries for any number of people."""
    grid = attendance_grid(delivery, ids)
    requirement, minutes_of_course = _rule_of(delivery)
    taught, begun = grid.minutes_taught, _begun(grid)
    people = [row.enrollment.person_id for row in grid.rows]
    completed = completed_courses(people, requirement.prerequisites, delivery.starts_on)
    results = []
    for row in grid.rows:
        enrollment, minutes, score = row.enrollment, row.minutes, row.scores.get(ScoreKind.POST)
        earlier = completed.get(enrollment.person_id, set())
        lacking, is_complete = _judged(
            requirement, minutes_of_course, enrollment, minutes, score, earlier
        )
        missed = row.missed(begun)
        results.append(
            Completion(
                enrollment, is_complete, lacking, minutes, taught, minutes_of_course, score, missed
            )
        )
    return results


def _begun(grid: Grid) -> dict[int, int]:
    """The minutes of each session that has begun, by its number. Later sessions are left out: no
    one has missed them yet."""
    now = clock.now()
    return {session.number: session.minutes for session in grid.held if session.starts_at <= now}


def fixed_ids(delivery: Delivery) -> list[int]:
    """The enrollments whose results could be reopened, ordered by name."""
    return [person.id for person in seated(delivery) if person.status in RESULTS]


def find_completion(enrollment: Enrollment, delivery: Delivery) -> Completion | None:
    """The result of one enrollment of the delivery; None if it has no place."""
    if enrollment.status not in SEATED:
        return None
    return next(iter(completion(delivery, [enrollment.id])), None)


def session_now(delivery: Delivery) -> DeliverySession | None:
    """The current session, else the next one, else the last; None without sessions."""
    sessions = delivery.held or delivery.sessions
    now = clock.now()
    return next(
        (session for session in sessions if session.ends_at > now),
        sessions[-1] if sessions else None,
    )


def unmarked_sessions(delivery: Delivery) -> list[tuple[DeliverySession, int, int]]:
    """(session, marked, people) of the sessions that have begun and in which someone has no mark;
    none once results are fixed."""
    if delivery.status is not DeliveryStatus.PUBLISHED:
        return []
    count = sa.select(sa.func.count()).where(_is_seated(delivery))
    marked, people, now = count_marked(delivery), db.session.scalar(count) or 0, clock.now()
    counted = [
        (session, marked[session.number], people)
        for session in delivery.held
        if session.starts_at <= now
    ]
    return [(session, number, people) for session, number, people in counted if number < people]


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
