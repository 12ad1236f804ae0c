"""Courses that are not taught any more: out of the lists and out of scheduling, with what there
is going on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core.audit import AuditEntry
from core.database import db
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.courses import makers
from tests.enrollment.makers import token_of


@pytest.fixture
def course(app: Flask) -> str:
    with app.app_context():
        course = makers.course(code="GTI")
        makers.delivery(course=course, code="GTI-2027-03", starts_on=date(2027, 3, 8))
    return "GTI"


def api(app: Flask, *roles: Role) -> ApiClient:
    with app.app_context():
        return ApiClient(app, token_of(factories.actor(*roles)))


def codes(answer: Any) -> list[str]:
    return [item["code"] for item in answer.json["items"]]


@pytest.mark.both_databases
def test_programs_retire_and_bring_back(app: Flask, course: str) -> None:
    client = api(app, Role.COORDINATOR)
    assert client.get("/courses/GTI").json["status"] == "taught"
    retired = client.post("/courses/gti/retire")
    assert (retired.status_code, retired.json["status"]) == (200, "retired")
    assert codes(client.get("/courses")) == [] and codes(client.get("/courses?status=retired")) == [
        "GTI"
    ]
    assert client.get("/courses/GTI").json["status"] == "retired"
    assert client.post("/courses/GTI/retire").json["code"] == "state_does_not_allow"
    plan = {
        "starts_on": "2027-06-07",
        "time_zone": "Africa/Dakar",
        "venue": "Dakar",
        "country": "SN",
        "language": "fr",
        "places": 5,
    }
    assert client.post("/courses/GTI/deliveries", plan).json["code"] == "course_retired"
    assert codes(client.get("/deliveries")) == ["GTI-2027-03"]  # what there is goes on
    assert client.post("/courses/GTI/bring-back").json["status"] == "taught"
    assert client.post("/courses/GTI/deliveries", plan).status_code == 201
    with app.app_context():
        acts = db.session.scalars(
            sa.select(AuditEntry.action)
            .where(AuditEntry.action.like("course.%"))
            .order_by(AuditEntry.number)
        ).all()
        assert acts[-2:] == ["course.retired", "course.brought_back"]


def test_what_was_read_may_be_sent_back(app: Flask, course: str) -> None:
    client = api(app, Role.COORDINATOR)
    client.post("/courses/GTI/retire")
    read = client.get("/courses/GTI").json
    assert client.put("/courses/GTI", read).json == read


@pytest.mark.parametrize("role", [Role.TRAINER, Role.ROSTER, Role.NOMINATOR])
def test_others_retire_nothing(app: Flask, course: str, role: Role) -> None:
    with app.app_context():
        scope = {"organization_id": factories.organization().id} if role is Role.NOMINATOR else {}
        client = ApiClient(app, token_of(factories.actor(role, **scope)))
    assert client.post("/courses/GTI/retire").status_code == 403
    assert client.get("/courses/GTI").json["status"] == "taught"


def test_a_coordinator_retires_from_the_page(app: Flask, course: str, sign_in: Any) -> None:
    with app.app_context():
        staff = sign_in(factories.actor(Role.COORDINATOR))
    page = staff.get("/courses/GTI").form("/retire").submit("Retire")
    assert "GTI is retired" in page.text and "not taught any more" in page.text
    assert not any("Schedule" in "".join(link.itertext()) for link in page.all("a"))
    assert "Gender-sensitive approaches" not in Browser(app).get("/courses").text
    assert "GTI-2027-03" in Browser(app).get("/deliveries/GTI-2027-03").text
    listed = staff.get("/courses").follow("Retired courses")
    assert "Gender-sensitive approaches" in listed.text
    page = listed.follow("Gender-sensitive approaches").form("/bring-back").submit("Bring back")
    assert "GTI is taught again" in page.text
    assert "Gender-sensitive approaches" in Browser(app).get("/courses").text


def test_visitors_see_that_it_is_not_taught_and_no_list_of_such(app: Flask, course: str) -> None:
    api(app, Role.COORDINATOR).post("/courses/GTI/retire")
    assert "not taught any more" in Browser(app).get("/courses/GTI").text
    assert "Gender-sensitive approaches" not in Browser(app).get("/courses?status=retired").text
