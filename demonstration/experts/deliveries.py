"""The experts' courses: deliveries, and results in which everyone completed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from classroom.models import Mark, MarkKind, Score, ScoreKind
from core import clock
from core.database import current_unit, db
from core.policy import SYSTEM
from courses.definitions import CourseDefinition, GrantDefinition, SessionDefinition
from courses.models import Admission, CourseVersion, Delivery, DeliverySession, DeliveryStatus
from courses.queries import get_course
from courses.services import put_course
from courses.timetable import instants, last_day
from demonstration.experts.rows import insert, insert_ids
from demonstration.experts.tables import COURSES, SKILLS, VENUES
from enrollment.models import Enrollment, EnrollmentStatus

COURSES_EACH = 2  # two skills each
PLACES = 25


@dataclass
class Run:
    """One past delivery with its people."""

    version: CourseVersion
    row: dict[str, Any]
    taken: int = 0
    delivery_id: int = 0
    sessions: Sequence[tuple[int, int]] = ()  # id, minutes


@dataclass
class Holder:
    """One completed enrollment with its post-test score."""

    person: dict[str, Any]
    enrollment: dict[str, Any]
    run: Run
    score: int


def put_courses() -> None:
    for code, (title, grants) in COURSES.items():
        put_course(SYSTEM, code, _definition(title, grants))


def _definition(title: dict[str, str], grants: tuple) -> CourseDefinition:
    blocks = (
        (1, "09:00", "Foundations", "Fondements"),
        (1, "11:00", "Law and conduct", "Droit et conduite"),
        (2, "09:00", "Exercise", "Exercice"),
        (2, "11:00", "Review and test", "Bilan et test"),
    )
    return CourseDefinition(
        title=title,
        sessions=tuple(
            SessionDefinition(day, start, 90, {"en": en, "fr": fr}) for day, start, en, fr in blocks
        ),
        default_places=PLACES,
        min_attendance_percent=75,
        min_score_percent=60,
        grants=tuple(
            GrantDefinition(skill, level, None if months == "-" else int(months), SKILLS[skill])
            for skill, level, months in grants
        ),
    )


def add_deliveries(
    random: Random, people: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], Run]]:
    """(person, delivery): everyone in COURSES_EACH courses, in as many finished deliveries over
    four years as needed."""
    versions = [get_course(code).current for code in COURSES]
    number = db.session.scalar(sa.select(sa.func.count()).select_from(Delivery)) or 0
    runs: list[Run] = []
    latest: dict[int, Run] = {}
    seats: list[tuple[dict[str, Any], Run]] = []
    for person in people:
        for course in random.sample(range(len(versions)), COURSES_EACH):
            if course not in latest or latest[course].taken == PLACES:
                latest[course] = _run(random, versions[course], number + len(runs))
                runs.append(latest[course])
            latest[course].taken += 1
            seats.append((person, latest[course]))
    _insert_deliveries(runs)
    return seats


def _insert_deliveries(runs: list[Run]) -> None:
    for run, delivery_id in zip(runs, insert_ids(Delivery, [run.row for run in runs]), strict=True):
        run.delivery_id = delivery_id
        current_unit().touched.add(delivery_id)  # no one else sees it yet, so it needs no lock
    rows = [
        {"delivery_id": run.delivery_id, **vars(block)}
        for run in runs
        for block in instants(run.version.blocks, run.row["starts_on"], run.row["time_zone"])
    ]
    by_delivery = defaultdict(list)
    for row, session_id in zip(rows, insert_ids(DeliverySession, rows), strict=True):
        by_delivery[row["delivery_id"]].append((session_id, row["minutes"]))
    for run in runs:
        run.sessions = by_delivery[run.delivery_id]


def _run(random: Random, version: CourseVersion, number: int) -> Run:
    starts_on = clock.today() - timedelta(days=random.randint(20, 1450))
    starts_on -= timedelta(
        days=max(0, starts_on.weekday() - 3)
    )  # Monday to Thursday, so that no clock change falls into a session
    venue, country, zone = random.choice(VENUES)
    planned = datetime.combine(starts_on - timedelta(days=60), time(9), UTC)
    row = {
        "code": f"{version.course.code}-{starts_on.year}-R{number:04d}",
        "course_id": version.course_id,
        "version_id": version.id,
        "centre_id": version.course.centre_id,
        "rev": PLACES,
        "status": DeliveryStatus.FINISHED,
        "starts_on": starts_on,
        "ends_on": last_day(version.blocks, starts_on),
        "time_zone": zone,
        "venue": venue,
        "country": country,
        "language": "en",
        "places": PLACES,
        "admission": Admission.AUTOMATIC,
        "closes_on": starts_on - timedelta(days=21),
        "created_at": planned,
        "published_at": planned,
    }
    return Run(version, row)


def add_enrollments(random: Random, seats: list[tuple[dict[str, Any], Run]]) -> list[Holder]:
    """Marks and scores with which everyone completes."""
    line: dict[int, int] = defaultdict(int)
    placed = []
    for person, run in seats:
        line[run.delivery_id] += 1
        placed.append(
            Holder(
                person,
                _enrollment(person, run, line[run.delivery_id]),
                run,
                random.randint(60, 100),
            )
        )
    for holder, enrollment_id in zip(
        placed, insert_ids(Enrollment, [holder.enrollment for holder in placed]), strict=True
    ):
        holder.enrollment["id"] = enrollment_id
    _add_results(random, placed)
    return placed


def _enrollment(person: dict[str, Any], run: Run, line: int) -> dict[str, Any]:
    asked_at = datetime.combine(run.row["starts_on"] - timedelta(days=40), time(10), UTC)
    return {
        "delivery_id": run.delivery_id,
        "centre_id": run.row["centre_id"],
        "person_id": person["id"],
        "status": EnrollmentStatus.COMPLETED,
        "line": line,
        "category": person["category"],
        "name_on_certificate": person["name_on_certificate"],
        "rank": person["rank"],
        "rank_code": person["rank_code"],
        "organization": None,
        "roster_consent": None,
        "lacking": [],
        "created_at": asked_at,
        "finished_at": after(run, 1),
    }


def after(run: Run, days: int) -> datetime:
    return datetime.combine(run.row["ends_on"] + timedelta(days=days), time(12), UTC)


def _add_results(random: Random, placed: list[Holder]) -> None:
    """Everyone was present, one in eight late once; even then the minutes reach the required
    share."""
    marks, scores = [], []
    for holder in placed:
        common = {"enrollment_id": holder.enrollment["id"], "recorded_at": after(holder.run, 1)}
        late = random.randrange(8 * len(holder.run.sessions))
        for place, (session_id, minutes) in enumerate(holder.run.sessions):
            kind, lost = (MarkKind.LATE, 30) if place == late else (MarkKind.PRESENT, 0)
            marks.append(
                {**common, "session_id": session_id, "mark": kind, "minutes": minutes - lost}
            )
        scores.append({**common, "kind": ScoreKind.POST, "percent": holder.score})
    insert(Mark, marks)
    insert(Score, scores)
