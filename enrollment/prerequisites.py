"""Whether people have completed a course's prerequisites, and how long what these granted stays
valid."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from core import proofs
from core.codes import key
from core.database import db
from courses.models import Course, CourseVersion, Delivery, SkillGrant
from enrollment.models import Enrollment, EnrollmentStatus


class Verdict(enum.StrEnum):
    MET = "met"
    MISSING = "missing"
    ENDED = "ended"  # completed, but what it granted expires before the delivery begins


@dataclass(frozen=True)
class Prerequisite:
    """One prerequisite for one person. `until`: the last day on which everything it granted is
    valid."""

    course: str
    verdict: Verdict
    until: date | None = None


def prerequisites_of(
    delivery: Delivery, person_ids: Sequence[int]
) -> dict[int, list[Prerequisite]]:
    """The prerequisites of each person, in the order of the course version; empty if there are
    none. Four queries."""
    version = db.session.get_one(CourseVersion, delivery.version_id)
    if not version.prerequisites:
        return {}
    ends = _ends(person_ids, version.prerequisites, delivery.starts_on)
    return {
        person_id: [
            _judged(code, ends.get((person_id, key(code))), delivery.starts_on)
            for code in version.prerequisites
        ]
        for person_id in person_ids
    }


def _judged(code: str, end: date | None, begins_on: date) -> Prerequisite:
    if end is None:
        return Prerequisite(code, Verdict.MISSING)
    verdict = Verdict.MET if end >= begins_on else Verdict.ENDED
    return Prerequisite(code, verdict, None if end == date.max else end)


def completions(
    person_ids: Sequence[int], codes: Sequence[str], begins_on: date
) -> list[sa.Row[int, int, str, int, date]]:
    """(enrollment, person, course, version, last day) of these courses that these people completed
    before, or on, the day a delivery begins: what a course grants is valid from its last day. A
    certificate that was since revoked or suspended is no longer proof."""
    if not person_ids or not codes:
        return []
    done = (
        sa.select(
            Enrollment.id, Enrollment.person_id, Course.code, Delivery.version_id, Delivery.ends_on
        )
        .join(Delivery, Delivery.id == Enrollment.delivery_id)
        .join(Course, Course.id == Delivery.course_id)
        .where(
            Enrollment.person_id.in_(person_ids),
            Enrollment.status == EnrollmentStatus.COMPLETED,
            Course.code.in_(list(codes)),
            Delivery.ends_on <= begins_on,
        )
    )
    rows = db.session.execute(done).all()
    disproved = proofs.disproved({row.id for row in rows})
    return [row for row in rows if row.id not in disproved]


def completed_courses(
    person_ids: Sequence[int], codes: Sequence[str], begins_on: date
) -> dict[int, set[str]]:
    """Those courses that each person has completed before a delivery that begins on that day."""
    codes_by_person: dict[int, set[str]] = {}
    for row in completions(person_ids, codes, begins_on):
        codes_by_person.setdefault(row.person_id, set()).add(row.code)
    return codes_by_person


def _ends(
    person_ids: Sequence[int], codes: Sequence[str], begins_on: date
) -> dict[tuple[int, str], date]:
    """For each person and completed course, the latest day on which its grants are valid;
    `date.max` if they do not expire."""
    rows = completions(person_ids, codes, begins_on)
    months: dict[int, list[SkillGrant]] = defaultdict(list)
    granted = sa.select(SkillGrant.version_id, SkillGrant.valid_months).where(
        SkillGrant.version_id.in_({row.version_id for row in rows})
    )
    for version_id, valid_months in db.session.execute(granted) if rows else ():
        months[version_id].append(SkillGrant(valid_months=valid_months))
    latest: dict[tuple[int, str], date] = {}
    for _id, person_id, code, version_id, ends_on in rows:
        end = min(
            (grant.valid_until(ends_on) or date.max for grant in months[version_id]),
            default=date.max,
        )
        person_and_course = (person_id, key(code))
        latest[person_and_course] = max(end, latest.get(person_and_course, date.min))
    return latest
