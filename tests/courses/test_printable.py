"""What is written down for a course, a skill or a delivery can be printed later: no one learns
it after the last day."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from core.database import db, transaction
from core.errors import DomainError
from core.policy import SYSTEM
from courses import definitions, services
from courses.models import Skill
from tests.courses import makers

GRANT = {"skill": "first-aid", "level": "basic", "title": {"en": "First aid"}}
SESSION = {"day": 1, "start": "09:00", "minutes": 60, "title": {"en": "All"}}


def refusals(**changes: Any) -> set[tuple[str | None, str]]:
    """(field, code) of each fault of the course."""
    with pytest.raises(DomainError) as caught:
        makers.course(SYSTEM, "GTI", **changes)
    return {(error.field, error.code) for error in caught.value.errors or [caught.value]}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x" * 161, "too_long"),
        ("A bell \x07", "forbidden_character"),
        ("A smile 😀", "not_printable"),
        ("𓀀 in stone", "not_printable"),
    ],
)
def test_a_title_that_could_not_be_printed_is_refused_at_once(
    context: Flask, text: str, code: str
) -> None:
    bad = {"en": "Good", "fr": text}
    faults = refusals(
        title=bad, sessions=[SESSION | {"title": bad}], grants=[GRANT | {"title": bad}]
    )
    assert faults == {("title", code), ("sessions.0.title", code), ("grants.0.title", code)}
    with pytest.raises(DomainError) as caught:
        services.put_skill(SYSTEM, "first-aid", title=bad)
    assert (caught.value.field, caught.value.code) == ("title", code)


def test_an_objective_that_could_not_be_printed_is_refused_at_once(context: Flask) -> None:
    bad = {"en": "Breathe 😀"}
    faults = refusals(objectives=[{"en": "Good"}, bad], sessions=[SESSION | {"objective": bad}])
    assert faults == {("objectives.1", "not_printable"), ("sessions.0.objective", "not_printable")}


def test_line_ends_and_tabs_in_a_title_become_spaces(context: Flask) -> None:
    broken = {"en": "First\n aid,\tagain"}
    course = makers.course(
        SYSTEM,
        "FA",
        title=broken,
        objectives=[broken],
        sessions=[SESSION | {"title": broken}],
        grants=[GRANT | {"title": broken}],
    )
    version, title = course.current, {"en": "First aid, again"}
    assert [
        course.title,
        version.objectives[0],
        version.blocks[0].title,
        version.grants[0].skill.title,
    ] == [title] * 4
    with transaction():
        services.put_skill(
            SYSTEM, "first-aid", title={"en": "First\r\naid", "fr": "Secours\u00a0: tous"}
        )
    assert db.session.query(Skill).filter_by(code="first-aid").one().title == {
        "en": "First aid",
        "fr": "Secours\u00a0: tous",
    }


def test_names_in_any_script_that_the_fonts_have_are_taken(context: Flask) -> None:
    words = {"en": "Premiers secours – الإسعافات الأولية", "fr": "急救 · первая помощь · ፈጣን ዕርዳታ"}
    assert makers.course(SYSTEM, "FA", title=words).title == words


def test_a_course_grants_no_more_skills_and_lists_no_more_objectives_than_fit(
    context: Flask,
) -> None:
    grants = [GRANT | {"skill": f"skill-{number}"} for number in range(7)]
    objectives = [{"en": f"Objective {number}"} for number in range(15)]
    assert refusals(grants=grants, objectives=objectives) == {
        ("grants", "too_many"),
        ("objectives", "too_many"),
    }
    course = makers.course(SYSTEM, "GTI", grants=grants[:6], objectives=objectives[:14])
    assert (len(course.current.grants), len(course.current.objectives)) == (6, 14)


@pytest.mark.parametrize(
    ("venue", "code"), [("Camp 😀", "not_printable"), ("Camp \x07", "forbidden_character")]
)
def test_a_venue_that_could_not_be_printed_is_refused_at_once(
    context: Flask, venue: str, code: str
) -> None:
    with pytest.raises(DomainError) as caught:
        makers.delivery(venue=venue)
    assert (caught.value.field, caught.value.code) == ("venue", code)


def test_a_venue_is_one_line(context: Flask) -> None:
    assert makers.delivery(venue="Camp\nOne").venue == "Camp One"


def test_what_is_accepted_is_what_is_printed(context: Flask) -> None:
    from certificates import layouts

    sheet = layouts.get(definitions.USUAL_LAYOUT).limits
    assert sheet.title == definitions.LONGEST_TITLE
    assert sheet.objectives == definitions.MOST_OBJECTIVES
    assert sheet.skills == definitions.MOST_GRANTS


def test_invisible_marks_are_taken_off_a_title(context: Flask) -> None:
    assert makers.course(SYSTEM, "FA", title={"en": "First\u202e \u200baid"}).title == {
        "en": "First aid"
    }
