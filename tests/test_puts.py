"""A PUT keeps fields that are left out, and OpenAPI says so."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from accounts.roles import Role
from core import clock
from tests import factories
from tests.api_client import ApiClient
from tests.courses import makers as courses
from tests.enrollment import makers as enrollments
from tests.roster import makers as experts

PERSON = {
    "given_name": "Amina",
    "family_name": "Diallo",
    "name_on_certificate": "Dr Amina Diallo",
    "email": "amina@police.example.sn",
    "country": "SN",
    "nationalities": ["SN", "FR"],
    "gender": "female",
    "birth_date": "1988-03-14",
    "language": "fr",
}
EXPERT = {
    "person": PERSON,
    "category": "police",
    "rank": "Captain",
    "rank_code": "OF-2",
    "organization": "Police",
    "languages": [{"language": "fr", "level": "C1"}],
    "expertise": ["gender"],
    "availability": [{"from": "2027-01-01", "to": "2027-02-01"}],
}
SKILL = {"title": {"en": "Aid"}, "description": {"en": "First aid"}, "framework": "Red Cross"}


@pytest.fixture
def api(app: Flask) -> ApiClient:
    with app.app_context():
        return ApiClient(
            app,
            enrollments.token_of(
                factories.actor(Role.ADMINISTRATOR, Role.COORDINATOR, Role.ROSTER)
            ),
        )


def test_each_put_says_what_becomes_of_what_is_left_out(api: ApiClient) -> None:
    puts = {
        path: operations["put"]
        for path, operations in api.description["paths"].items()
        if "put" in operations
    }
    assert puts and not [
        path for path, put in puts.items() if "left out" not in put.get("description", "")
    ]


@pytest.mark.parametrize(
    "left_out",
    [
        "summary",
        "audience",
        "default_places",
        "time_of_day",
        "sessions",
        "objectives",
        "title",
        "completion",
        "grants",
    ],
)
def test_a_course_keeps_what_is_left_out(api: ApiClient, left_out: str) -> None:
    full = courses.gti() | {
        "default_places": 17,
        "time_of_day": {"start": "08:00", "end": "18:00"},
        "audience": ["police"],
    }
    first = api.put("/courses/GTI", full).json
    body = {name: value for name, value in full.items() if name != left_out}
    assert api.put("/courses/gti", body).json == first
    assert api.put("/courses/GTI", {}).json == first


def test_within_a_course_the_rule_is_the_same_and_null_clears(api: ApiClient) -> None:
    first = api.put("/courses/GTI", courses.gti()).json
    body = {
        "completion": {"min_score_percent": None},
        "time_of_day": {"end": "19:00"},
        "grants": [],
    }
    changed = api.put("/courses/GTI", body).json
    assert changed["completion"] == first["completion"] | {"min_score_percent": None}
    assert changed["time_of_day"] == first["time_of_day"] | {"end": "19:00"}
    assert (changed["grants"], changed["sessions"]) == ([], first["sessions"])


def test_a_new_course_and_a_new_skill_need_what_makes_them(api: ApiClient) -> None:
    refused = api.put("/courses/AID", {"summary": {"en": "?"}})
    assert (refused.status_code, [e["field"] for e in refused.json["errors"]]) == (
        422,
        ["title", "sessions"],
    )
    api.put("/courses/GTI", courses.gti())
    assert api.put("/courses/GTI", {"title": None}).json["errors"][0]["field"] == "title"
    assert api.put("/skills/aid", {}).json["errors"][0]["field"] == "title"


@pytest.mark.parametrize("left_out", SKILL)
def test_a_skill_keeps_what_is_left_out(api: ApiClient, left_out: str) -> None:
    first = api.put("/skills/aid", SKILL).json
    for body in (
        {name: value for name, value in SKILL.items() if name != left_out},
        {left_out: None},
        {},
    ):
        again = api.put("/skills/aid", body)
        assert (again.status_code, again.json) == (200, first)


@pytest.mark.parametrize("left_out", [*EXPERT, *(f"person.{name}" for name in PERSON)])
def test_an_expert_keeps_what_is_left_out(app: Flask, api: ApiClient, left_out: str) -> None:
    with app.app_context():
        experts.consenting("SN-1", email=PERSON["email"])
    first = api.put("/experts/SN-1", EXPERT).json
    body = {name: value for name, value in EXPERT.items() if name != left_out}
    if "." in left_out:
        body["person"] = {
            name: value for name, value in PERSON.items() if f"person.{name}" != left_out
        }
    assert api.put("/experts/SN-1", body).json == first


def test_marks_and_scores_that_are_left_out_stay(app: Flask, api: ApiClient) -> None:
    with app.app_context():
        into = courses.delivery(code="RUN")
        waiting, two = (enrollments.enrolled(into, "police").id for _ in range(2))
        clock.travel(app, into.sessions[-1].ends_at)

    def rows() -> Any:
        return [
            (row["marks"], row["scores"])
            for row in api.get("/deliveries/RUN/attendance").json["rows"]
        ]

    marks = [
        {"enrollment": who, "session": n, "mark": "late", "minutes": 60}
        for who in (waiting, two)
        for n in (1, 2)
    ]
    scores = [
        {"enrollment": who, "kind": kind, "percent": 80}
        for who in (waiting, two)
        for kind in ("pre", "post")
    ]
    assert api.put("/deliveries/RUN/attendance", {"marks": marks}).status_code == 200
    assert api.put("/deliveries/RUN/scores", {"scores": scores}).status_code == 200
    first = rows()
    assert api.put("/deliveries/RUN/attendance", {"marks": marks[:1]}).status_code == 200
    assert api.put("/deliveries/RUN/scores", {"scores": scores[:1]}).status_code == 200
    assert rows() == first
