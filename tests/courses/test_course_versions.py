"""A change to what is taught or granted makes a new version; words change in place; no change
does nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core.audit import AuditEntry
from core.database import db, transaction
from core.errors import Conflict, DomainError
from core.policy import SYSTEM
from courses import services
from courses.models import CourseVersion, Skill
from courses.queries import get_course, get_delivery
from courses.schemas import CourseAnswer, CourseBody
from tests.courses import makers


def put(code: str = "GTI", **changes: Any) -> None:
    makers.course(SYSTEM, code, **changes)


def refusal(code: str = "GTI", **changes: Any) -> list[tuple[str | None, str]]:
    """(field, code) of every fault that the service finds."""
    with pytest.raises(DomainError) as caught:
        put(code, **changes)
    return [(error.field, error.code) for error in caught.value.errors or [caught.value]]


def entries() -> list[str]:
    return list(db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.number)))


def sessions(**first: Any) -> list[dict[str, Any]]:
    """The sessions of the Gender Training Initiative, the first one changed."""
    changed = copy.deepcopy(makers.gti()["sessions"])
    changed[0].update(first)
    return changed


def test_the_gender_training_initiative_is_taken_whole(context: Flask) -> None:
    course = makers.course()
    version = course.current
    assert (version.number, len(version.blocks), version.days, version.minutes) == (1, 12, 3, 1080)
    assert (version.min_attendance_percent, version.min_score_percent, version.prerequisites) == (
        100,
        70,
        [],
    )
    grant = version.grants[0]
    assert (grant.skill.code, grant.level, grant.valid_months) == (
        "gender-peace-operations",
        "practitioner",
        36,
    )
    assert grant.skill.title["fr"] == "Le genre dans les opérations de paix"
    assert (
        version.stated_objectives[0]["en"] == "State expectations and establish a baseline score."
    )


def test_the_same_course_again_makes_no_version_and_no_noise(context: Flask) -> None:
    put()
    before = entries()
    put()
    put(sessions=list(reversed(makers.gti()["sessions"])))  # the order in the file means nothing
    assert entries() == before
    assert len(get_course("GTI").versions) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"sessions": sessions(minutes=60)},
        {"sessions": sessions(title={"en": "Opening"})},
        {"sessions": makers.gti()["sessions"][:-1]},
        {"objectives": [{"en": "Tell sex from gender."}]},
        {"completion": {"min_attendance_percent": 80, "min_score_percent": 70}},
        {"completion": {"min_attendance_percent": 100, "min_score_percent": None}},
        {"grants": []},
        {
            "grants": [
                {"skill": "gender-peace-operations", "level": "practitioner", "valid_months": 24}
            ]
        },
        {"grants": [{"skill": "gender-peace-operations", "level": "advanced", "valid_months": 36}]},
    ],
)
def test_a_change_to_what_is_taught_or_granted_makes_a_version(
    context: Flask, change: dict[str, Any]
) -> None:
    put()
    put(**change)
    course = get_course("GTI")
    assert [version.number for version in course.versions] == [1, 2]
    assert len(course.versions[0].blocks) == 12 and course.versions[0].min_attendance_percent == 100
    assert entries()[-1] == "course.changed"


@pytest.mark.parametrize(
    "change",
    [
        {"title": {"en": "Gender in peace operations"}},
        {"summary": None},
        {"audience": ["police"]},
        {"default_places": 30},
        {"time_of_day": {"start": "08:00", "end": "18:00"}},
    ],
)
def test_words_change_in_place(context: Flask, change: dict[str, Any]) -> None:
    put()
    put(**change)
    assert len(get_course("GTI").versions) == 1
    assert entries()[-1] == "course.changed"


def test_running_deliveries_keep_their_version(context: Flask) -> None:
    delivery = makers.delivery()
    put(sessions=makers.gti()["sessions"][:4])
    unchanged = get_delivery(SYSTEM, delivery.code)
    assert unchanged.version.number == 1 and len(unchanged.sessions) == 12
    later = makers.delivery(SYSTEM, get_course("GTI"))
    assert (
        later.version.number == 2 and len(later.sessions) == 4 and later.ends_on == later.starts_on
    )


def test_what_is_answered_may_be_sent_back(context: Flask) -> None:
    course = makers.course()
    body = CourseBody.model_validate(CourseAnswer.of(course).model_dump(mode="json"))
    before = entries()
    with transaction():
        services.put_course(SYSTEM, "GTI", body.definition(), version=body.version)
    assert entries() == before


def test_who_started_from_an_old_version_is_told(context: Flask) -> None:
    put()
    put(grants=[])
    definition = CourseBody.model_validate(makers.gti()).definition()
    with pytest.raises(Conflict, match="course_changed_meanwhile"), transaction():
        services.put_course(SYSTEM, "GTI", definition, version=1)
    assert len(get_course("GTI").versions) == 2


def grant(**changes: Any) -> dict[str, Any]:
    return makers.gti()["grants"][0] | changes


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"title": {}}, ("title", "required")),
        ({"title": {"en": "x" * 201}}, ("title", "too_long")),
        ({"audience": []}, ("audience", "required")),
        ({"audience": ["police", "navy"]}, ("audience.1", "unknown_category")),
        ({"default_places": 0}, ("default_places", "bad_places")),
        ({"sessions": []}, ("sessions", "required")),
        ({"sessions": sessions(day=0)}, ("sessions.0.day", "bad_day")),
        ({"sessions": sessions(start="9:00")}, ("sessions.0.start", "bad_time")),
        ({"sessions": sessions(start="24:00")}, ("sessions.0.start", "bad_time")),
        ({"sessions": sessions(minutes=0)}, ("sessions.0.minutes", "bad_minutes")),
        ({"sessions": sessions(minutes=121)}, ("sessions.1.start", "sessions_overlap")),
        ({"sessions": sessions(start="08:30")}, ("sessions.0.start", "outside_the_day")),
        ({"sessions": sessions(start="16:30", day=4)}, ("sessions.0.start", "outside_the_day")),
        (
            {"time_of_day": {"start": "17:00", "end": "09:00"}},
            ("time_of_day.end", "day_ends_before_start"),
        ),
        ({"time_of_day": {"start": "soon", "end": "17:00"}}, ("time_of_day.start", "bad_time")),
        (
            {"completion": {"min_attendance_percent": 101}},
            ("completion.min_attendance_percent", "bad_percent"),
        ),
        (
            {"completion": {"min_score_percent": -1}},
            ("completion.min_score_percent", "bad_percent"),
        ),
        (
            {"completion": {"prerequisites": ["GTI"]}},
            ("completion.prerequisites", "own_prerequisite"),
        ),
        (
            {"completion": {"prerequisites": ["NONE"]}},
            ("completion.prerequisites", "unknown_prerequisite"),
        ),
        ({"grants": [grant(), grant()]}, ("grants.1.skill", "duplicate_skill")),
        ({"grants": [grant(valid_months=0)]}, ("grants.0.valid_months", "bad_months")),
        ({"grants": [grant(valid_months=241)]}, ("grants.0.valid_months", "bad_months")),
        ({"grants": [grant(level="guru")]}, ("grants.0.level", "unknown_level")),
        ({"grants": [grant(skill="no spaces please")]}, ("grants.0.skill", "bad_code")),
        ({"grants": [grant(title=None)]}, ("grants.0.skill", "unknown_skill")),
    ],
)
def test_wrong_values_are_refused_where_they_stand(
    context: Flask, change: dict[str, Any], fault: tuple[str, str]
) -> None:
    assert refusal_of_parts(change) == [fault]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CourseVersion)) == 0


def refusal_of_parts(change: dict[str, Any]) -> list[tuple[str | None, str]]:
    """As `refusal`, for values whose shape the API would already refuse (an empty title) put
    past it."""
    body = CourseBody.model_validate(
        makers.gti() | {k: v for k, v in change.items() if k != "title"}
    )
    body = body.model_copy(update={k: v for k, v in change.items() if k == "title"})
    with pytest.raises(DomainError) as caught, transaction():
        services.put_course(SYSTEM, "GTI", body.definition())
    return [(error.field, error.code) for error in caught.value.errors or [caught.value]]


@pytest.mark.parametrize("code", ["", "new", "New", "é", "a b", "-x", "x" * 41, "GTI.ics", "a/b"])
def test_a_code_that_no_address_can_carry_is_refused(context: Flask, code: str) -> None:
    assert {field for field, _ in refusal(code)} == {"code"}


def test_every_fault_is_named_at_once(context: Flask) -> None:
    assert (
        len(
            refusal(
                default_places=0,
                grants=[grant(valid_months=0)],
                completion={"min_attendance_percent": 900},
            )
        )
        == 3
    )


def test_prerequisites_in_a_circle_are_refused(context: Flask) -> None:
    put("A", grants=[])
    put("B", grants=[], completion={"prerequisites": ["A"]})
    put("C", grants=[], completion={"prerequisites": ["B"]})
    assert refusal("A", grants=[], completion={"prerequisites": ["C"]}) == [
        ("completion.prerequisites", "prerequisite_circle")
    ]


def test_a_known_skill_keeps_its_title(context: Flask) -> None:
    put()
    put("GTI-2", grants=[grant(title={"en": "Something else"})])
    assert [skill.title["en"] for skill in db.session.scalars(sa.select(Skill))] == [
        "Gender in peace operations"
    ]
