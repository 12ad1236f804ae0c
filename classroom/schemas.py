"""The shapes of attendance, scores and completion in the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from classroom.models import MarkKind, ScoreKind
from classroom.queries import Completion, Grid, GridRow
from classroom.services import MarkGiven, MarkSeen, ScoreGiven
from core.api import Answer, Id, Schema, at_most
from courses.models import DeliverySession
from enrollment.models import EnrollmentStatus
from enrollment.schemas import GridPersonAnswer
from people.personnel import PersonnelCategory

Minutes = Annotated[int, Field(strict=True, ge=0, le=1440)]
Percent = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]


# Attendance and scores


class ExpectedBody(Schema):
    """The mark that was kept when you read the attendance. `mark` null: there was none."""

    mark: MarkKind | None
    minutes: Minutes | None = Field(None, description="if left out: not compared")


class MarkBody(Schema):
    enrollment: Id
    session: Id
    mark: MarkKind
    minutes: Minutes | None = Field(
        None, description="if left out: all of the session for present and late, else none"
    )
    expected: ExpectedBody | None = Field(
        None,
        description=(
            "what this mark replaces: with it, a mark that someone else gave meanwhile is not "
            "replaced, and the answer is 409 `marked_meanwhile`; if left out, whatever is kept is "
            "replaced"
        ),
    )

    def parsed(self) -> MarkGiven:
        expected = MarkSeen(self.expected.mark, self.expected.minutes) if self.expected else None
        return MarkGiven(self.enrollment, self.session, self.mark, self.minutes, expected)


class AttendanceBody(Schema):
    marks: list[MarkBody] = Field(max_length=20000)


class ScoreBody(Schema):
    enrollment: Id
    kind: ScoreKind
    percent: Percent

    def parsed(self) -> ScoreGiven:
        return ScoreGiven(self.enrollment, self.kind, self.percent)


class ScoresBody(Schema):
    scores: list[ScoreBody] = Field(max_length=5000)


class RecordedAnswer(Answer):
    recorded: int


class GridSessionAnswer(Answer):
    number: int
    day: int
    starts_at: datetime
    ends_at: datetime
    minutes: int
    title: dict[str, str]
    cancelled: bool = Field(description="the session is not held: the course was cut short")

    @classmethod
    def of(cls, session: DeliverySession) -> GridSessionAnswer:
        return cls(
            number=session.number,
            day=session.day,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            minutes=session.minutes,
            title=session.title,
            cancelled=session.is_cancelled,
        )


class GridMarkAnswer(Answer):
    session: int
    mark: MarkKind
    minutes: int


class GridRowAnswer(Answer):
    enrollment: int
    person: GridPersonAnswer
    category: PersonnelCategory
    status: EnrollmentStatus
    marks: list[GridMarkAnswer]
    minutes: int
    scores: dict[ScoreKind, float]

    @classmethod
    def of(cls, row: GridRow) -> GridRowAnswer:
        return cls(
            enrollment=row.enrollment.id,
            person=GridPersonAnswer.of(row.enrollment.person),
            category=row.enrollment.category,
            status=row.enrollment.status,
            marks=[
                GridMarkAnswer(session=number, mark=mark.mark, minutes=mark.minutes)
                for number, mark in sorted(row.marks.items())
            ],
            minutes=row.minutes,
            scores=row.scores,
        )


class GridAnswer(Answer):
    sessions: list[GridSessionAnswer]
    rows: list[GridRowAnswer]

    @classmethod
    def of(cls, grid: Grid) -> GridAnswer:
        return cls(
            sessions=[GridSessionAnswer.of(session) for session in grid.sessions],
            rows=[GridRowAnswer.of(row) for row in grid.rows],
        )


# Completion


class LackAnswer(Answer):
    code: str
    detail: str


class ResultAnswer(Answer):
    enrollment: int
    person: GridPersonAnswer
    status: EnrollmentStatus
    complete: bool
    lacking: list[LackAnswer]
    minutes: int
    minutes_taught: int
    minutes_of_course: int = Field(
        description=(
            "of the whole course, of which completion needs a share; more than `minutes_taught` "
            "if it was cut short"
        )
    )
    score: float | None

    @classmethod
    def of(cls, result: Completion) -> ResultAnswer:
        return cls(
            enrollment=result.enrollment.id,
            person=GridPersonAnswer.of(result.enrollment.person),
            status=result.enrollment.status,
            complete=result.is_complete,
            lacking=[LackAnswer(code=lack.code, detail=lack.detail) for lack in result.lacking],
            minutes=result.minutes,
            minutes_taught=result.minutes_taught,
            minutes_of_course=result.minutes_of_course,
            score=result.score,
        )


class LetterAnswer(Answer):
    """What a letter of participation says. It is not a certificate: it has no number, cannot be
    verified and grants no skill."""

    enrollment: int
    issuer: dict[str, str] = Field(description="the centre of the delivery, by language")
    name: str
    course: str
    title: dict[str, str]
    delivery: str
    starts_on: date
    ends_on: date
    venue: str
    country: str
    minutes: int = Field(description="attended")
    minutes_taught: int
    minutes_of_course: int
    page_url: str = Field(description="the letter to print, for people who are signed in")


class FinishedAnswer(Answer):
    code: str
    status: str
    completed: int
    not_completed: int
    no_show: int


class ReopenBody(Schema):
    enrollments: list[Id] = Field(
        min_length=1, max_length=1000, description="ids of enrollments whose result is fixed"
    )
    reason: Annotated[str, StringConstraints(min_length=1), at_most(500)]


class ReopenedAnswer(Answer):
    code: str
    status: str
    reopened: int
