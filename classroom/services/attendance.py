"""What people did: marks per session and test scores. Saving the same again changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import aliased

from classroom.events import AttendanceRecorded, ScoresRecorded
from classroom.models import Mark, MarkKind, Score, ScoreKind
from classroom.queries import Marked
from classroom.services.stages import require_recordable
from core import clock
from core.database import db
from core.errors import Conflict, DomainError, Invalid, collect
from core.events import publish
from core.i18n import instant_words
from core.policy import Actor, require
from courses.models import Delivery, DeliverySession
from courses.services import require_begun, touch
from enrollment.models import OPEN, RESULTS, Enrollment, EnrollmentStatus
from people.permissions import Permission

#: The person was there.
THERE = (MarkKind.PRESENT, MarkKind.LATE)
#: (enrollment id, session id): what a mark belongs to.
MarkKey = tuple[int, int]
#: Enrollment id → how it stands.
Seated = dict[int, EnrollmentStatus]


@dataclass(frozen=True)
class MarkSeen:
    """The saved mark of one person in one session when someone read it. `mark` None: there was
    none. `minutes` None: they were not read."""

    mark: MarkKind | str | None
    minutes: int | None = None


@dataclass(frozen=True)
class MarkGiven:
    """One person's mark in one session. `minutes` None: the whole session for present and late,
    none for excused and absent. `expected`: the mark that the caller believes it replaces; None:
    any."""

    enrollment_id: int
    session_number: int
    mark: MarkKind | str
    minutes: int | None = None
    expected: MarkSeen | None = None


@dataclass(frozen=True)
class ScoreGiven:
    """One person's score of one kind. `percent` None removes the
    score."""

    enrollment_id: int
    kind: ScoreKind | str
    percent: float | None


Record = TypeVar("Record", MarkGiven, ScoreGiven)


def record_attendance(actor: Actor, delivery_id: int, marks: Sequence[MarkGiven]) -> int:
    """Saves new and corrected marks, all or none, and returns how many there were.

    Refusals name the mark and its field ("marks.3.minutes"). Conflict: session_not_begun,
    session_cancelled, marked_meanwhile.
    """
    delivery = _begin(actor, delivery_id)
    marks, seated = _at_seats(delivery_id, marks)
    sessions = _sessions(delivery_id, {mark.session_number for mark in marks})
    faults: list[DomainError] = []
    untimely: list[DomainError] = []
    submitted: dict[MarkKey, tuple[MarkGiven, DeliverySession]] = {}
    for index, mark in enumerate(marks):
        mark_faults = _mark_faults(f"marks.{index}", mark, sessions, seated)
        session = sessions.get(mark.session_number)
        if mark_faults or session is None:
            faults += mark_faults
        elif refusal := _out_of_time(f"marks.{index}", session):
            untimely.append(refusal)
        elif (mark.enrollment_id, session.id) in submitted:
            faults.append(
                Invalid(
                    "marked_twice",
                    _l("This person is marked twice for this session."),
                    f"marks.{index}",
                )
            )
        else:
            submitted[mark.enrollment_id, session.id] = mark, session
    collect(faults)
    collect(untimely)
    stored = _stored_marks(submitted)
    collect(
        [
            _contested(f"marks.{index}")
            for index, (key, (mark, session)) in enumerate(submitted.items())
            if is_contested(mark, stored.get(key), session)
        ]
    )
    changed = _write_marks(actor, submitted, stored)
    publish(AttendanceRecorded(delivery.id, tuple(changed)), actor)
    return len(submitted)


def is_contested(submitted: MarkGiven, stored: Marked | None, session: DeliverySession) -> bool:
    """Whether someone else has changed the mark meanwhile: the saved one is neither the expected
    one nor the new one."""
    if submitted.expected is None or stored is None:
        return False
    expected = submitted.expected
    is_as_seen = expected.mark == stored.mark and expected.minutes in (None, stored.minutes)
    return not is_as_seen and (stored.mark, stored.minutes) != _counted(submitted, session)


def _contested(at: str) -> Conflict:
    sentence = _l(
        "Someone else has marked this person meanwhile. Read the mark again before you replace it."
    )
    return Conflict("marked_meanwhile", sentence, f"{at}.expected")


def record_scores(actor: Actor, delivery_id: int, scores: Sequence[ScoreGiven]) -> int:
    """Saves new, corrected and removed scores, all or none, and returns how many there were.

    A pre-test may be scored before the course, a post-test only once it has begun:
    Conflict("session_not_begun").
    """
    delivery = _begin(actor, delivery_id)
    scores, seated = _at_seats(delivery_id, scores)
    faults: list[DomainError] = []
    submitted: dict[tuple[int, ScoreKind], float | None] = {}
    for index, score in enumerate(scores):
        score_faults = _score_faults(f"scores.{index}", score, seated)
        if score_faults:
            faults += score_faults
        elif (score.enrollment_id, ScoreKind(score.kind)) in submitted:
            faults.append(
                Invalid(
                    "scored_twice",
                    _l("This person has two scores of this kind here."),
                    f"scores.{index}",
                )
            )
        else:
            submitted[score.enrollment_id, ScoreKind(score.kind)] = score.percent
    collect(faults)
    if any(kind is ScoreKind.POST for _enrollment, kind in submitted):
        require_begun(delivery)
    changed = _keep_scores(actor, submitted)
    publish(ScoresRecorded(delivery.id, tuple(changed)), actor)
    return len(submitted)


def _begin(actor: Actor, delivery_id: int) -> Delivery:
    delivery = touch(delivery_id)
    require(actor, Permission.ATTENDANCE_RECORD, delivery)
    require_recordable(delivery)
    return delivery


def _at_seats(delivery_id: int, records: Sequence[Record]) -> tuple[list[Record], Seated]:
    """The same for the seats of those that share another one's, and how these stand; without those
    that are not of the delivery."""
    seat = aliased(Enrollment)
    seats = (
        sa.select(
            Enrollment.id,
            sa.func.coalesce(seat.id, Enrollment.id),
            sa.func.coalesce(seat.status, Enrollment.status),
        )
        .outerjoin(Enrollment.seat.of_type(seat))
        .where(Enrollment.delivery_id == delivery_id)
        .where(Enrollment.id.in_({record.enrollment_id for record in records}))
    )
    seat_of, seated = {}, {}
    for enrollment_id, seat_id, status in db.session.execute(seats):
        seat_of[enrollment_id], seated[seat_id] = seat_id, status
    at_seats = [
        replace(record, enrollment_id=seat_of.get(record.enrollment_id, record.enrollment_id))
        for record in records
    ]
    return at_seats, seated


def _sessions(delivery_id: int, numbers: Collection[int]) -> dict[int, DeliverySession]:
    """Those of the delivery with these numbers, by number."""
    sessions = sa.select(DeliverySession).where(
        DeliverySession.delivery_id == delivery_id, DeliverySession.number.in_(numbers)
    )
    return {session.number: session for session in db.session.scalars(sessions)}


def _person_faults(at: str, enrollment_id: int, seated: Seated) -> list[DomainError]:
    if enrollment_id not in seated:
        return [
            Invalid(
                "unknown_enrollment",
                _l("This person is not enrolled in this delivery."),
                f"{at}.enrollment",
            )
        ]
    if seated[enrollment_id] in RESULTS:
        sentence = _l("This person's result is fixed. A coordinator can reopen it.")
        return [Invalid("result_fixed", sentence, f"{at}.enrollment")]
    if seated[enrollment_id] not in OPEN:
        return [
            Invalid(
                "not_seated", _l("This person has no place in this delivery."), f"{at}.enrollment"
            )
        ]
    return []


def _out_of_time(at: str, session: DeliverySession) -> Conflict | None:
    """Why nothing can be marked in this session: it has not begun, or is not held."""
    if session.is_cancelled:
        return Conflict(
            "session_cancelled",
            _l("This session was cancelled, so no one can be marked in it."),
            f"{at}.session",
        )
    if session.starts_at > clock.now():
        sentence = _l(
            "This session begins on %(moment)s. You can enter marks from then on.",
            moment=instant_words(session.starts_at, session.delivery.time_zone),
        )
        return Conflict("session_not_begun", sentence, f"{at}.session")
    return None


def _mark_faults(
    at: str, mark: MarkGiven, sessions: dict[int, DeliverySession], seated: Seated
) -> list[DomainError]:
    faults = _person_faults(at, mark.enrollment_id, seated)
    session = sessions.get(mark.session_number)
    if session is None:
        faults.append(
            Invalid("unknown_session", _l("There is no session with this number."), f"{at}.session")
        )
    if mark.mark not in list(MarkKind):
        faults.append(
            Invalid(
                "unknown_mark",
                _l("The mark must be present, late, excused or absent."),
                f"{at}.mark",
            )
        )
        return faults
    if mark.minutes is None:
        return faults
    if session is not None and not 0 <= mark.minutes <= session.minutes:
        sentence = _l("Minutes go from 0 to %(most)s in this session.", most=session.minutes)
        faults.append(Invalid("minutes_out_of_range", sentence, f"{at}.minutes"))
    elif MarkKind(mark.mark) not in THERE and mark.minutes:
        sentence = _l("Someone absent or excused has no minutes. Mark the person late instead.")
        faults.append(Invalid("minutes_without_presence", sentence, f"{at}.minutes"))
    elif MarkKind(mark.mark) in THERE and not mark.minutes:
        sentence = _l("Someone present has minutes. Mark the person absent or excused instead.")
        faults.append(Invalid("presence_without_minutes", sentence, f"{at}.minutes"))
    return faults


def _score_faults(at: str, score: ScoreGiven, seated: Seated) -> list[DomainError]:
    faults = _person_faults(at, score.enrollment_id, seated)
    if score.kind not in list(ScoreKind):
        faults.append(Invalid("unknown_kind", _l("The kind must be pre or post."), f"{at}.kind"))
    if score.percent is not None and not 0 <= score.percent <= 100:
        faults.append(
            Invalid(
                "percent_out_of_range", _l("A score goes from 0 to 100 percent."), f"{at}.percent"
            )
        )
    return faults


def _counted(mark: MarkGiven, session: DeliverySession) -> tuple[MarkKind, int]:
    """The mark and its minutes, as they are saved."""
    kind = MarkKind(mark.mark)
    if kind not in THERE:
        return kind, 0
    return kind, session.minutes if mark.minutes is None else mark.minutes


def _stored_marks(keys: Collection[MarkKey]) -> dict[MarkKey, Any]:
    """The saved marks as rows of id, mark and minutes."""
    columns = Mark.id, Mark.enrollment_id, Mark.session_id, Mark.mark, Mark.minutes
    marks = sa.select(*columns).where(
        Mark.enrollment_id.in_({enrollment_id for enrollment_id, _ in keys}),
        Mark.session_id.in_({session_id for _, session_id in keys}),
    )
    return {(row.enrollment_id, row.session_id): row for row in db.session.execute(marks)}


def _write_marks(
    actor: Actor,
    submitted: dict[MarkKey, tuple[MarkGiven, DeliverySession]],
    stored: dict[MarkKey, Any],
) -> list[tuple[int, int, str, int]]:
    """Writes what differs from what is saved, and returns it. All at once: a class may be large."""
    changed, new, corrected = [], [], []
    by_whom = {"recorded_by_id": actor.person_id, "recorded_at": clock.now()}
    for key, (submitted_mark, session) in submitted.items():
        kind, minutes = _counted(submitted_mark, session)
        before = stored.get(key)
        if before is not None and (before.mark, before.minutes) == (kind, minutes):
            continue
        row = {"mark": kind, "minutes": minutes, **by_whom}
        if before is None:
            new.append({"enrollment_id": key[0], "session_id": key[1], **row})
        else:
            corrected.append({"id": before.id, **row})
        changed.append((key[0], session.number, kind.value, minutes))
    if new:
        db.session.execute(sa.insert(Mark), new)
    if corrected:
        db.session.execute(sa.update(Mark), corrected)
    return changed


def _keep_scores(
    actor: Actor, submitted: dict[tuple[int, ScoreKind], float | None]
) -> list[tuple[int, str, float | None]]:
    """Writes what differs from what is kept, and returns it."""
    statement = sa.select(Score).where(
        Score.enrollment_id.in_({enrollment_id for enrollment_id, _ in submitted})
    )
    fresh = statement.execution_options(populate_existing=True)
    stored = {(s.enrollment_id, s.kind): s for s in db.session.scalars(fresh)}
    changed = []
    for (enrollment_id, kind), percent in submitted.items():
        score = stored.get((enrollment_id, kind))
        if percent == (score.percent if score else None):
            continue
        if percent is None:
            db.session.delete(score)
        else:
            if score is None:
                score = Score(enrollment_id=enrollment_id, kind=kind)
                db.session.add(score)
            score.percent = percent
            score.recorded_by_id = actor.person_id
            score.recorded_at = clock.now()
        changed.append((enrollment_id, kind.value, percent))
    return changed
