"""Skills that courses grant and posts require."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError

from core.database import db
from core.errors import Conflict, Invalid, NotAllowed, collect
from core.events import publish
from core.policy import Actor, can, require
from courses.definitions import (
    Texts,
    code_faults,
    in_several_lines,
    lines_faults,
    one_line,
    title_faults,
)
from courses.events import SkillDefined
from courses.models import Course, CourseVersion, Skill, SkillGrant
from people.permissions import Permission
from people.values import clean_text


def put_skill(
    actor: Actor,
    code: str,
    *,
    title: Texts | None = None,
    description: Texts | None = None,
    framework: str | None = None,
) -> tuple[Skill, bool]:
    """Creates or rewords the skill `code`; the second value says whether it is new. None leaves a
    text unchanged, and repeating the same words changes nothing. A new skill needs a title.
    NotAllowed if a course that the actor may not write grants it."""
    require(actor, Permission.SKILL_WRITE)
    skill = db.session.scalar(sa.select(Skill).where(Skill.code == code).with_for_update())
    is_new = skill is None
    title = title and one_line(title)
    faults = [*code_faults(code), *(title_faults(title) if is_new or title is not None else ())]
    description = description and in_several_lines(description)
    faults += lines_faults(description, "description")
    try:
        framework = framework and clean_text(framework, "framework", longest=200)
    except Invalid as fault:
        faults.append(fault)
    collect(faults)
    values = {
        "title": title,
        "description": description and dict(description),
        "framework": framework,
    }
    words = {name: value or None for name, value in values.items() if value is not None}
    if skill is None:
        skill = Skill(code=code, **words)
        db.session.add(skill)
    elif all(getattr(skill, name) == value for name, value in words.items()):
        return skill, False
    else:
        _require_own(actor, skill)
        for name, value in words.items():
            setattr(skill, name, value)
    try:
        db.session.flush()
    except IntegrityError:  # a parallel transaction created it
        raise Conflict(
            "skill_exists", _l("There is a skill with this code already."), "code"
        ) from None
    publish(SkillDefined(skill.id, skill.code), actor)
    return skill, is_new


def _require_own(actor: Actor, skill: Skill) -> None:
    """Only the centre that grants a skill may change its words, which its certificates print."""
    granting = sa.select(Course).where(
        Course.versions.any(CourseVersion.grants.any(SkillGrant.skill_id == skill.id))
    )
    if not all(
        can(actor, Permission.COURSE_WRITE, course) for course in db.session.scalars(granting)
    ):
        raise NotAllowed(
            "not_allowed",
            _l("A course of another centre grants this skill. Ask an administrator to reword it."),
        )
