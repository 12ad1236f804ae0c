"""Courses and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from core import clock
from core.codes import key, spelling
from core.database import db
from core.errors import Conflict, DomainError, Invalid, collect
from core.events import publish
from core.policy import Actor, require
from courses import definitions
from courses.definitions import CourseDefinition, GrantDefinition
from courses.events import CourseChanged, CourseCreated
from courses.models import (
    Course,
    CourseVersion,
    Delivery,
    Skill,
    SkillGrant,
    SkillLevel,
    TimetableBlock,
    plain,
)
from courses.queries import get_course, in_force
from courses.services.renewing import renewed_calendars
from courses.services.skills import put_skill
from courses.states import COURSE
from people.models import Organization
from people.permissions import Permission
from people.queries import centre_for


def make_course(
    actor: Actor, code: str, definition: CourseDefinition, *, centre: str | None = None
) -> Course:
    """`put_course` for a new course only: Conflict if the code is taken."""
    require(actor, Permission.COURSE_WRITE)
    if find_course_to_change(code):
        raise Conflict("course_exists", _l("There is a course with this code already."), "code")
    return put_course(actor, code, definition, centre=centre)[0]


def put_course(
    actor: Actor,
    code: str,
    definition: CourseDefinition,
    *,
    version: int | None = None,
    centre: str | None = None,
) -> tuple[Course, bool]:
    """Creates the course `code`, or changes it to `definition`; the second value says whether it is
    new.

    A difference in what is taught or granted creates a new version; other texts change in place;
    without any difference nothing happens. `version` is the one the definition was based on;
    Conflict if the course has a newer one. `centre` is the code of a new course's centre (see
    people.queries.centre_for); a course stays with its centre.
    """
    require(actor, Permission.COURSE_WRITE)
    course = find_course_to_change(code)
    owner = _centre(actor, course, centre)
    require(actor, Permission.COURSE_WRITE, course or Course(centre_id=owner.id))
    is_new = course is None
    code = course.code if course else code
    definition = _with_kept_codes(definitions.tidied(definition))
    collect(
        [
            *definitions.faults(code, definition),
            *_unknown_prerequisites(code, definition.prerequisites),
        ]
    )
    if course is None:
        course = _make(code, definition, owner)
    elif version is not None and course.current.number != version:
        raise Conflict(
            "course_changed_meanwhile",
            _l(
                "Someone changed this course in the meantime. What you see below is yours; "
                "compare before you save again."
            ),
            "version",
        )
    has_new_words = not is_new and _reword(course, definition)
    has_new_version = is_new or definitions.taught(definition) != definitions.taught_by(
        course.current
    )
    if has_new_version:
        _add_version(actor, course, definition)
    if is_new:
        publish(CourseCreated(course.id, code), actor)
    elif has_new_words or has_new_version:
        publish(CourseChanged(course.id, code, course.current.number), actor)
    return course, is_new


def find_course_to_change(code: str) -> Course | None:
    """The course, locked between reading and writing."""
    statement = sa.select(Course).where(Course.code == code).options(selectinload(Course.versions))
    return db.session.scalar(statement.with_for_update(of=Course))


def retire(actor: Actor, code: str) -> Course:
    """Removes the course from the lists: no new delivery can be scheduled; existing ones
    continue."""
    return _fire(actor, code, "retire")


def bring_back(actor: Actor, code: str) -> Course:
    """Restores a retired course."""
    return _fire(actor, code, "bring_back")


def _fire(actor: Actor, code: str, step: str) -> Course:
    course = get_course(code)
    require(actor, Permission.COURSE_RETIRE, course)
    db.session.execute(sa.select(Course.id).where(Course.id == course.id).with_for_update())
    db.session.refresh(course, ["is_retired"])
    COURSE.fire(course, step, actor)
    return course


def _with_kept_codes(definition: CourseDefinition) -> CourseDefinition:
    """The definition with courses and skills named by their stored codes: writing "gti" for "GTI"
    is no change."""
    codes = definition.prerequisites, [grant.skill for grant in definition.grants]
    courses = (
        db.session.scalars(sa.select(Course.code).where(Course.code.in_(codes[0]))).all()
        if codes[0]
        else []
    )
    skills = (
        db.session.scalars(sa.select(Skill.code).where(Skill.code.in_(codes[1]))).all()
        if codes[1]
        else []
    )
    return replace(
        definition,
        prerequisites=tuple(
            dict.fromkeys(
                spelling(prerequisite, courses) for prerequisite in definition.prerequisites
            )
        ),
        grants=tuple(
            replace(grant, skill=spelling(grant.skill, skills)) for grant in definition.grants
        ),
    )


def _centre(actor: Actor, course: Course | None, code: str | None) -> Organization:
    if course is None:
        return centre_for(actor, code)
    if code is not None and key(code) != key(course.centre.code):
        sentence = _l(
            "This course belongs to the centre %(code)s and stays there.", code=course.centre.code
        )
        raise Conflict("centre_differs", sentence, "centre")
    return course.centre


def _make(code: str, definition: CourseDefinition, centre: Organization) -> Course:
    course = Course(code=code, centre=centre, created_at=clock.now(), versions=[])
    _reword(course, definition)
    db.session.add(course)
    try:
        db.session.flush()
    except IntegrityError:  # a parallel transaction created it
        raise Conflict(
            "course_exists", _l("There is a course with this code already."), "code"
        ) from None
    return course


def _reword(course: Course, definition: CourseDefinition) -> bool:
    """Updates the descriptive texts; returns whether any differed."""
    words = {
        "title": dict(definition.title),
        "summary": dict(definition.summary) if definition.summary else None,
        "audience": list(definition.audience),
        "default_places": definition.default_places,
        "day_starts": definition.day_starts,
        "day_ends": definition.day_ends,
        "layout": definition.layout,
    }
    changed = {name: value for name, value in words.items() if getattr(course, name) != value}
    with renewed_calendars(_deliveries_of(course) if "title" in changed and course.id else ()):
        for name, value in changed.items():
            setattr(course, name, value)
    return bool(changed)


def _deliveries_of(course: Course) -> Sequence[Delivery]:
    """The deliveries whose calendars show the course's title."""
    own = (
        sa.select(Delivery)
        .where(Delivery.course_id == course.id)
        .options(selectinload(Delivery.sessions))
    )
    return db.session.scalars(own).all()


def _add_version(actor: Actor, course: Course, definition: CourseDefinition) -> None:
    version = CourseVersion(
        number=len(course.versions) + 1,
        objectives=[plain(objective) for objective in definition.objectives],
        min_attendance_percent=definition.min_attendance_percent,
        min_score_percent=definition.min_score_percent,
        prerequisites=list(definition.prerequisites),
        created_at=clock.now(),
        blocks=[
            TimetableBlock(
                number=number,
                day=session.day,
                start=session.start,
                minutes=session.minutes,
                title=dict(session.title),
                objective=dict(session.objective) if session.objective else None,
            )
            for number, session in enumerate(definition.timetable, 1)
        ],
        grants=_grants(actor, definition.grants),
    )
    course.versions.append(version)
    db.session.flush()


def _grants(actor: Actor, grants: tuple[GrantDefinition, ...]) -> list[SkillGrant]:
    """The grants with their skills; creates unknown ones that come with a title."""
    codes = [grant.skill for grant in grants]
    known = {
        key(skill.code): skill
        for skill in db.session.scalars(sa.select(Skill).where(Skill.code.in_(codes)))
    }
    unknown: list[DomainError] = []
    for number, grant in enumerate(grants):
        if key(grant.skill) in known:
            continue
        if grant.title:
            known[key(grant.skill)] = put_skill(actor, grant.skill, title=grant.title)[0]
        else:
            sentence = _l(
                "The skill “%(code)s” is not known. Give its title to make it.", code=grant.skill
            )
            unknown.append(Invalid("unknown_skill", sentence, f"grants.{number}.skill"))
    collect(unknown)
    return [
        SkillGrant(
            skill=known[key(grant.skill)],
            level=SkillLevel(grant.level),
            valid_months=grant.valid_months,
        )
        for grant in grants
    ]


def _unknown_prerequisites(code: str, prerequisites: tuple[str, ...]) -> list[DomainError]:
    """Prerequisites that do not exist, or could never be met because they require this course in
    turn."""
    field = "completion.prerequisites"
    known = _prerequisites_of(prerequisites)
    for prerequisite in prerequisites:
        if prerequisite not in known and prerequisite != code:
            sentence = _l("There is no course with the code “%(code)s”.", code=prerequisite)
            return [Invalid("unknown_prerequisite", sentence, field)]
    seen, ahead = set(known), {further for codes in known.values() for further in codes}
    while code not in ahead and (unseen := ahead - seen):
        further = _prerequisites_of(tuple(unseen))
        seen |= unseen
        ahead = {prerequisite for codes in further.values() for prerequisite in codes}
    if code in ahead and code not in prerequisites:
        sentence = _l("One of these courses asks for this one in turn, so no one could ever begin.")
        return [Invalid("prerequisite_circle", sentence, field)]
    return []


def _prerequisites_of(codes: tuple[str, ...]) -> dict[str, list[str]]:
    """The current prerequisites of each of these courses."""
    if not codes:
        return {}
    rows = db.session.execute(
        sa.select(Course.code, CourseVersion.prerequisites)
        .join(CourseVersion, CourseVersion.course_id == Course.id)
        .where(Course.code.in_(codes), in_force())
    )
    return {row[0]: row[1] for row in rows}
