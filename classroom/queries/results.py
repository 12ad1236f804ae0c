"""Attendance and completion, worked out anew at each reading."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from classroom import completion as rule
from classroom.models import Mark, Reopening, Score, ScoreKind
from core import clock
from core.database import db
from courses.models import CourseVersion, Delivery, DeliverySession, DeliveryStatus
from enrollment.lacks import Lack, read_lacks
from enrollment.models import OPEN, RESULTS, SEATED, Enrollment, EnrollmentStatus
from enrollment.queries import PEOPLE, completed_courses

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


def attendance_grid(delivery: Delivery) -> Grid:
    """Marks and scores of everyone seated, by name; four queries at most, whatever the number of
    people."""
    rows = _rows_of_seated(delivery)
    numbers = {session.id: session.number for session in delivery.sessions}
    of_delivery = sa.select(Enrollment.id).where(Enrollment.delivery_id == delivery.id)
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
    counts: dict[int, int] = dict(iter(db.session.execute(marks)))  # type: ignore[arg-type]  # rows are pairs
    return {one.number: counts.get(one.number, 0) for one in delivery.sessions}


def _rows_of_seated(delivery: Delivery) -> dict[int, GridRow]:
    """A row without marks for everyone who has a place, by name."""
    seated = (
        sa.select(Enrollment)
        .where(Enrollment.delivery_id == delivery.id, Enrollment.status.in_(SEATED))
        .options(
            *PEOPLE
        )  # not the delivery, which is known: reading it anew would drop its sessions
        .execution_options(populate_existing=True)
    )
    people = sorted(db.session.scalars(seated), key=lambda e: (e.person.sort_name, e.id))
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

    @property
    def is_fixed(self) -> bool:
        return self.enrollment.status in RESULTS


def completion(delivery: Delivery) -> list[Completion]:
    """The result of everyone seated, by name; nine queries at most whatever the number of
    people."""
    grid = attendance_grid(delivery)
    version = db.session.get_one(CourseVersion, delivery.version_id)
    asked = rule.Rule(
        version.min_attendance_percent, version.min_score_percent, tuple(version.prerequisites)
    )
    people = [row.enrollment.person_id for row in grid.rows]
    completed = completed_courses(people, asked.prerequisites, delivery.starts_on)
    whole = version.minutes
    return [
        _result(asked, whole, grid, row, completed.get(row.enrollment.person_id, set()))
        for row in grid.rows
    ]


def _result(
    asked: rule.Rule, whole: int, grid: Grid, row: GridRow, completed: set[str]
) -> Completion:
    enrollment, score = row.enrollment, row.scores.get(ScoreKind.POST)
    there = {number: mark.minutes for number, mark in row.marks.items()}
    missed = [session for session in grid.held if there.get(session.number, 0) < session.minutes]
    if enrollment.status in OPEN:
        lacking = rule.judge(
            asked, minutes=row.minutes, minutes_of_course=whole, score=score, completed=completed
        )
        is_complete = not lacking
    else:
        lacking, is_complete = read_lacks(enrollment.lacking), enrollment.status is S.COMPLETED
    return Completion(
        enrollment, is_complete, lacking, row.minutes, grid.minutes_taught, whole, score, missed
    )


def find_completion(enrollment: Enrollment, delivery: Delivery) -> Completion | None:
    """The result of one enrollment of the delivery; None without a place."""
    if enrollment.status not in SEATED:
        return None
    return next((one for one in completion(delivery) if one.enrollment.id == enrollment.id), None)


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
    grid, now = attendance_grid(delivery), clock.now()
    people = len(grid.rows)
    counted = [(one, grid.count_marked(one), people) for one in grid.held if one.starts_at <= now]
    return [(one, marked, people) for one, marked, people in counted if marked < people]


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
