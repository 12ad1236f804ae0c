"""Courses and skills through pages, the API and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from accounts.services import create_token
from core.audit import AuditEntry
from core.database import db, transaction
from core.policy import SYSTEM, Actor
from courses.models import Course
from courses.queries import get_course
from people.models import Person
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser, Page
from tests.courses import makers


@pytest.fixture
def trainer(app: Flask) -> Actor:
    with app.app_context():
        return factories.actor(Role.TRAINER)


@pytest.fixture
def api(app: Flask, trainer: Actor) -> ApiClient:
    return client_of(app, trainer)


def client_of(app: Flask, actor: Actor) -> ApiClient:
    with app.app_context(), transaction():
        return ApiClient(
            app, create_token(SYSTEM, db.session.get_one(Person, actor.person_id), name="test")
        )


def field_errors(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 422, response.text
    return [(error["field"], error["code"]) for error in response.json["errors"]]


# API


def test_a_course_is_put_and_got(api: ApiClient) -> None:
    body = makers.gti()
    response = api.put("/courses/GTI", body)
    assert (response.status_code, response.json["version"]) == (201, 1)
    assert api.put("/courses/GTI", body).status_code == 200
    assert api.put("/courses/GTI", body | {"code": "GTI"}).json["version"] == 1
    got = api.get("/courses/GTI").json
    assert {key: got[key] for key in body} == body
    assert (
        api.put("/courses/GTI", got | {"completion": {"min_attendance_percent": 80}}).json[
            "version"
        ]
        == 2
    )
    assert api.put("/courses/GTI", got).status_code == 409  # made from version 1
    assert [item["code"] for item in api.get("/courses").json["items"]] == ["GTI"]


def test_putting_the_same_course_leaves_no_trace(app: Flask, api: ApiClient) -> None:
    api.put("/courses/GTI", makers.gti())
    with app.app_context():
        before = db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry))
    api.put("/courses/GTI", makers.gti())
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == before


def test_wrong_courses_are_refused_by_field(api: ApiClient) -> None:
    body = makers.gti()
    assert field_errors(api.put("/courses/GTI", body | {"code": "OTHER"})) == [
        ("code", "code_differs")
    ]
    assert field_errors(api.put("/courses/new", body)) == [("code", "reserved_code")]
    assert field_errors(api.put("/courses/GTI", body | {"surprise": 1})) == [
        ("surprise", "unknown_field")
    ]
    assert field_errors(
        api.put("/courses/GTI", body | {"completion": {"min_attendance_percent": 120}})
    ) == [("completion.min_attendance_percent", "bad_percent")]
    untitled = body["grants"][0] | {"title": None}
    assert field_errors(api.put("/courses/GTI", body | {"grants": [untitled]})) == [
        ("grants.0.skill", "unknown_skill")
    ]
    del body["title"]
    assert field_errors(api.put("/courses/GTI", body)) == [("title", "required")]
    assert api.get("/courses/GTI").status_code == 404


def test_skills_are_put_and_listed(api: ApiClient) -> None:
    body = {"title": {"en": "Child protection"}, "framework": "EU crisis management"}
    assert api.put("/skills/child-protection", body).status_code == 201
    assert api.put("/skills/child-protection", body).status_code == 200
    changed = api.put("/skills/child-protection", body | {"title": {"en": "Protecting children"}})
    assert (changed.status_code, changed.json["title"]) == (200, {"en": "Protecting children"})
    assert field_errors(api.put("/skills/a b", body)) == [("code", "bad_code")]
    assert field_errors(api.put("/skills/x", {"title": {}}))[0][0] == "title"
    assert [item["code"] for item in api.get("/skills").json["items"]] == ["child-protection"]


def test_lists_are_paged(api: ApiClient) -> None:
    for number in range(5):
        api.put(f"/skills/s{number}", {"title": {"en": f"Skill {number}"}})
    first = api.get("/skills?limit=2").json
    second = api.get(first["next"]).json
    assert [item["code"] for item in first["items"] + second["items"]] == ["s0", "s1", "s2", "s3"]


def test_only_those_who_may_write_courses(app: Flask) -> None:
    with app.app_context():
        participant = factories.actor()
    client = client_of(app, participant)
    assert client.put("/courses/GTI", makers.gti()).status_code == 403
    assert client.put("/skills/x", {"title": {"en": "X"}}).status_code == 403
    assert ApiClient(app, None).put("/courses/GTI", makers.gti()).status_code == 401


# The command


def run(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(args=["courses", "import", *arguments])


def test_import_takes_one_course_or_a_list(app: Flask, tmp_path: Path) -> None:
    done = run(app, str(makers.GTI_FILE))
    assert (done.exit_code, done.output.strip()) == (0, "GTI: made, version 1")
    several = tmp_path / "courses.json"
    second = makers.gti() | {"code": "POC", "title": {"en": "Protection of civilians"}}
    several.write_text(
        "\ufeff" + json.dumps([makers.gti() | {"code": "GTI"}, second]), encoding="utf-8"
    )
    assert run(app, str(several)).output.splitlines() == [
        "GTI: up to date, version 1",
        "POC: made, version 1",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{not json", "not JSON"),
        ("[1]", "JSON object"),
        ("{}", "title"),
        (json.dumps(makers.gti()), "code: Give a code"),
        (
            json.dumps(makers.gti() | {"code": "GTI", "default_places": 0}),
            "default_places: Give a number of places",
        ),
    ],
)
def test_import_says_what_is_wrong(app: Flask, tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "course.json"
    file.write_text(content, encoding="utf-8")
    done = run(app, str(file))
    assert done.exit_code == 1 and sentence in done.output
    with app.app_context():
        assert db.session.scalar(sa.select(Course.id)) is None


def test_a_file_with_one_bad_course_imports_none(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "courses.json"
    good = makers.gti() | {"code": "GTI"}
    file.write_text(json.dumps([good, good | {"code": "bad code"}]), encoding="utf-8")
    done = run(app, str(file))
    assert done.exit_code == 1 and "course 2, code:" in done.output
    with app.app_context():
        assert db.session.scalar(sa.select(Course.id)) is None


# Pages


def filled(page: Page, rows: int = 12, **changes: Any) -> dict[str, Any]:
    """What a trainer types into the form of a new course."""
    values: dict[str, Any] = {"code": "NEW-1", "title-en": "Negotiation", "title-fr": "Négociation"}
    values |= {f"sessions-{number}-title-en": f"Session {number + 1}" for number in range(rows)}
    values |= {"grants-0-skill": "negotiation", "grants-0-title-en": "Negotiation"}
    return values | changes


def test_a_trainer_makes_a_course_in_a_form(app: Flask, sign_in: Any, trainer: Actor) -> None:
    browser = sign_in(trainer)
    page = browser.get("/courses").follow("Create a course")
    form = page.form(button="Save")
    assert form.values["sessions-4-day"] == "2" and form.values["sessions-4-start"] == "09:00"
    saved = form.submit("Save", **filled(page))
    assert (
        saved.path == "/courses/NEW-1" and "You can schedule its first delivery now." in saved.text
    )
    assert "Session 12" in saved.text and "valid for 36 months" in saved.text
    with app.app_context():
        version = get_course("NEW-1").current
        assert (version.days, version.minutes, version.min_score_percent) == (3, 1080, 70)
        assert version.grants[0].skill.title == {"en": "Negotiation"}
    skills = browser.get("/skills")
    assert "Negotiation" in skills.text and skills.link("Negotiation").endswith("/courses/NEW-1")


def test_rows_are_added_and_removed_without_a_script(
    app: Flask, sign_in: Any, trainer: Actor
) -> None:
    page = sign_in(trainer).get("/courses/new")
    page = page.form(button="Save").submit("Add a session", **filled(page))
    assert page.status == 200 and not page.errors
    form = page.form(button="Save")
    assert form.values["sessions-12-day"] == "3" and form.values["title-en"] == "Negotiation"
    page = form.submit("Remove – Session 13")
    page = page.form(button="Save").submit("Remove – Session 1")  # the first of 1, 10, 11, 12
    form = page.form(button="Save")
    assert form.values["sessions-0-title-en"] == "Session 2" and "sessions-11-day" not in form.names
    page = form.submit("Add an objective")
    page = page.form(button="Save").submit(
        "Add a skill", **{"objectives-0-text-en": "Reach an agreement."}
    )
    saved = page.form(button="Save").submit("Save")
    assert saved.path == "/courses/NEW-1", saved.errors
    with app.app_context():
        version = get_course("NEW-1").current
        assert (len(version.blocks), version.objectives, len(version.grants)) == (
            11,
            [{"en": "Reach an agreement."}],
            1,
        )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"code": "a b"}, "Use letters without accents"),
        ({"code": ""}, "Give a code"),
        ({"title-en": "", "title-fr": ""}, "Give the title in at least one language."),
        ({"sessions-0-title-en": ""}, "Give the title in at least one language."),
        ({"sessions-1-start": "10:00"}, "begins before the one at 09:00 on day 1 has ended"),
        ({"sessions-3-minutes": "120"}, "outside the day, which goes from 09:00 to 17:00"),
        ({"sessions-0-start": "soon"}, "such as 09:00"),
        ({"sessions-0-minutes": "a while"}, "Give a whole number."),
        ({"sessions-0-day": ""}, "Give the day as a number"),
        ({"time_of_day-start": "25:00"}, "such as 09:00"),
        ({"completion-min_attendance_percent": "101"}, "from 0 to 100"),
        ({"completion-min_attendance_percent": ""}, "from 0 to 100"),
        ({"completion-min_score_percent": "-1"}, "from 0 to 100"),
        ({"completion-prerequisites": "NONE"}, "no course with the code “NONE”"),
        ({"completion-prerequisites": "NEW-1"}, "its own prerequisite"),
        ({"grants-0-valid_months": "241"}, "from 1 to 240"),
        ({"grants-0-title-en": ""}, "Give its title to make it."),
        ({"audience": []}, "at least one category"),
        ({"default_places": "0"}, "from 1 to 10000"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_typed_values_stay(
    app: Flask, sign_in: Any, trainer: Actor, changes: dict[str, Any], sentence: str
) -> None:
    page = sign_in(trainer).get("/courses/new")
    refused = page.form(button="Save").submit("Save", **filled(page, **changes))
    assert refused.status == 422 and sentence in refused.text and refused.title.startswith("Error")
    values = refused.form(button="Save").values
    assert values["sessions-11-title-en"] == "Session 12"
    for name, value in changes.items():
        assert values.get(name, "") == (value or "")
        if value and name != "audience":
            faulty = refused.all("input", name=name)[0]
            assert faulty.get("aria-invalid") == "true" or "sessions" in name
    with app.app_context():
        assert db.session.scalar(sa.select(Course.id)) is None


def test_what_is_wrong_in_a_row_names_the_row_in_the_order_of_the_page(
    sign_in: Any, trainer: Actor
) -> None:
    page = sign_in(trainer).get("/courses/new")
    title = "Give the title in at least one language."
    assert page.form(button="Save").submit("Save").errors == [
        "Give a code, such as GTI.",
        title,
        *(f"Session {number}: {title}" for number in range(1, 13)),
    ]
    wrong: dict[str, Any] = {
        "completion-min_attendance_percent": "101",
        "sessions-2-minutes": "0",
        "grants-0-valid_months": "0",
    }
    assert page.form(button="Save").submit("Save", **filled(page, **wrong)).errors == [
        "Session 3: Give how long the session takes, in minutes.",
        "Give a percentage from 0 to 100.",
        "Skill 1: Give how many months the skill is valid, from 1 to 240.",
    ]


def test_rows_left_empty_stay_on_the_page_and_out_of_the_course(
    app: Flask, sign_in: Any, trainer: Actor
) -> None:
    page = sign_in(trainer).get("/courses/new").form(button="Save").submit("Add a skill")
    emptied: dict[str, Any] = {
        "sessions-1-start": "",
        "sessions-1-title-en": "",
        "sessions-3-title-en": "",
        "grants-0-skill": "",
        "grants-0-title-en": "",
    }
    typed = filled(page, **emptied) | {"grants-1-skill": "x y", "grants-1-title-en": "Negotiation"}
    refused = page.form(button="Save").submit("Save", **typed)
    assert [sentence.partition(":")[0] for sentence in refused.errors] == ["Session 4", "Skill 2"]
    form = refused.form(button="Save")
    assert {
        "objectives-0-text-en",
        "grants-0-level",
        "grants-1-skill",
        "sessions-11-day",
    } <= form.names
    saved = form.submit(
        "Save", **{"sessions-3-title-en": "Session 4", "grants-1-skill": "negotiation"}
    )
    assert saved.path == "/courses/NEW-1", saved.errors
    with app.app_context():
        version = get_course("NEW-1").current
        assert (len(version.blocks), version.objectives, len(version.grants)) == (11, [], 1)


def test_a_skill_granted_twice_is_refused(sign_in: Any, trainer: Actor) -> None:
    page = sign_in(trainer).get("/courses/new")
    page = page.form(button="Save").submit("Add a skill", **filled(page))
    twice = {"grants-1-skill": "negotiation", "grants-1-title-en": "Again"}
    refused = page.form(button="Save").submit("Save", **twice)
    assert refused.status == 422 and "already granted by a line above" in refused.text


def test_a_new_course_never_replaces_another(app: Flask, sign_in: Any, trainer: Actor) -> None:
    with app.app_context():
        makers.course(code="NEW-1")
    page = sign_in(trainer).get("/courses/new")
    refused = page.form(button="Save").submit("Save", **filled(page))
    assert refused.status == 422 and "There is a course with this code already." in refused.text


def test_a_course_is_edited(app: Flask, sign_in: Any, trainer: Actor) -> None:
    with app.app_context():
        makers.course()
    browser = sign_in(trainer)
    page = browser.get("/courses/GTI").follow("Edit")
    same = page.form(button="Save").submit("Save")
    assert same.path == "/courses/GTI" and "number 1" in same.text
    page = browser.get("/courses/GTI/edit")
    saved = page.form(button="Save").submit(
        "Save", **{"sessions-0-minutes": "60", "summary-en": "Shorter."}
    )
    assert "number 2" in saved.text and "Shorter." in saved.text
    stale = page.form(button="Save").submit("Save", **{"sessions-0-minutes": "45"})
    assert stale.status == 422 and "Someone changed this course" in stale.text
    assert stale.form(button="Save").values["sessions-0-minutes"] == "45"


def test_the_same_button_pressed_twice_makes_one_course(
    app: Flask, sign_in: Any, trainer: Actor
) -> None:
    page = sign_in(trainer).get("/courses/new")
    form, values = page.form(button="Save"), filled(page)
    assert (
        form.submit("Save", **values).path == form.submit("Save", **values).path == "/courses/NEW-1"
    )
    with app.app_context():
        assert len(get_course("NEW-1").versions) == 1


def test_everybody_reads_courses_and_nobody_else_edits(
    app: Flask, browser: Browser, sign_in: Any
) -> None:
    with app.app_context():
        makers.course()
        participant = factories.actor()
    page = browser.get("/courses/GTI")
    assert "Attend at least 100% of the minutes" in page.text and "score at least 70%" in page.text
    assert "Schedule" not in page.text and "Edit" not in page.text
    assert browser.get("/courses/NONE").status == 404
    assert browser.get("/courses/new", follow=False).status == 303
    for address in ("/courses/new", "/courses/GTI/edit", "/courses/GTI/schedule"):
        assert sign_in(participant).get(address).status == 403
    french = Browser(app, language="fr").get("/courses/GTI")
    assert "Approches des opérations de soutien de la paix" in french.text


def test_empty_lists_say_what_to_do(browser: Browser, sign_in: Any, trainer: Actor) -> None:
    assert "There is no course yet." in browser.get("/courses").text
    assert "There is no skill yet." in browser.get("/skills").text
    assert sign_in(trainer).get("/courses").follow("Create a course").path == "/courses/new"


def test_more_objectives_than_fit_on_a_certificate_are_told_to_who_may_change_it(
    sign_in: Any, api: ApiClient, trainer: Actor, browser: Browser
) -> None:
    first = makers.gti()["sessions"][0]
    sessions = [
        first | {"day": day, "objective": {"en": f"Objective {day}"}} for day in range(1, 17)
    ]
    api.put("/courses/GTI", makers.gti() | {"sessions": sessions, "objectives": []})
    sentence = "14 of the 16 objectives of the sessions fit on the certificate."
    assert sentence in sign_in(trainer).get("/courses/GTI").text
    assert sentence not in browser.get("/courses/GTI").text
    api.put(
        "/courses/GTI", makers.gti() | {"sessions": sessions, "objectives": [{"en": "One for all"}]}
    )
    assert sentence not in sign_in(trainer).get("/courses/GTI").text
