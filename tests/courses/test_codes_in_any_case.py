"""Codes and numbers that differ only in case are the same, and every address accepts either."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core.database import db, is_sqlite, transaction
from core.errors import Conflict
from core.policy import SYSTEM
from courses import services
from courses.models import Course, Delivery, Skill
from courses.schemas import CourseBody
from people.models import Organization
from people.services import create_organization, organization_by_code
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.courses import makers
from tests.enrollment.makers import token_of

pytestmark = pytest.mark.both_databases


@pytest.fixture
def api(app: Flask) -> ApiClient:
    with app.app_context():
        makers.course(code="GTI")
        makers.delivery(course=db.session.scalars(sa.select(Course)).one(), code="GTI-2027-03")
        return ApiClient(app, token_of(factories.actor(Role.COORDINATOR)))


def count(app: Flask, model: Any) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_a_course_is_changed_under_either_code(app: Flask, api: ApiClient) -> None:
    course = api.get("/courses/gti").json
    assert course["code"] == "GTI"
    body = {name: value for name, value in makers.gti().items() if name != "code"} | {
        "title": {"en": "Another title"}
    }
    answer = api.put("/courses/gTi", body)
    assert (answer.status_code, answer.json["code"], answer.json["title"]["en"]) == (
        200,
        "GTI",
        "Another title",
    )
    assert count(app, Course) == 1


def test_what_a_course_grants_and_asks_for_is_named_in_any_case(app: Flask, api: ApiClient) -> None:
    body = {name: value for name, value in makers.gti().items() if name != "code"}
    before = api.get("/courses/GTI").json["version"]
    shouted = body | {
        "grants": [grant | {"skill": grant["skill"].upper()} for grant in body["grants"]]
    }
    assert api.put("/courses/GTI", shouted).json["version"] == before  # nothing was changed
    skills = count(app, Skill)
    completion = body["completion"] | {"prerequisites": ["gti"]}
    response = api.put("/courses/ADVANCED", shouted | {"completion": completion})
    assert response.status_code == 201 and response.json["completion"]["prerequisites"] == ["GTI"]
    assert count(app, Skill) == skills
    own = api.put(
        "/courses/advanced",
        body | {"completion": body["completion"] | {"prerequisites": ["Advanced"]}},
    )
    assert own.json["errors"][0]["code"] == "own_prerequisite"


def test_a_skill_is_one(app: Flask, api: ApiClient) -> None:
    code = api.get("/skills").json["items"][0]["code"]
    answer = api.put(f"/skills/{code.upper()}", {"title": {"en": "Renamed"}})
    assert (answer.status_code, answer.json["code"]) == (200, code)


def test_a_delivery_is_found_and_its_code_is_taken_in_any_case(api: ApiClient) -> None:
    assert api.get("/deliveries/gti-2027-03").json["code"] == "GTI-2027-03"
    assert [item["code"] for item in api.get("/deliveries?course=gti").json["items"]] == [
        "GTI-2027-03"
    ]
    again = {
        "code": "gti-2027-03",
        "starts_on": "2027-03-08",
        "time_zone": "Africa/Dakar",
        "venue": "Dakar",
        "country": "SN",
        "language": "fr",
        "places": 5,
    }
    assert api.post("/courses/gti/deliveries", again).json["code"] == "code_taken"
    free = api.post(
        "/courses/gti/deliveries", {name: value for name, value in again.items() if name != "code"}
    )
    assert free.json["code"] == "GTI-2027-03-2"


@pytest.mark.parametrize(
    "path",
    [
        "/courses/gti",
        "/deliveries/gti-2027-03",
        "/deliveries/gti-2027-03.ics",
        "/deliveries/Gti-2027-03/apply",
    ],
)
def test_addresses_accept_either(app: Flask, api: ApiClient, path: str) -> None:
    assert Browser(app).client.get(path).status_code == 200


def test_lists_are_narrowed_by_either(app: Flask, api: ApiClient) -> None:
    page = Browser(app).get("/?course=gti")
    assert page.form().values["course"] == "GTI"
    assert "There is none" not in page.text


def test_an_organization_is_one(app: Flask) -> None:
    with app.app_context():
        key = factories.organization("CA-MFA").id
        assert organization_by_code(SYSTEM, "ca-mfa").id == key
        with pytest.raises(Conflict), transaction():
            create_organization(SYSTEM, code="Ca-Mfa", name="Twice")
        assert (
            count(app, Organization) == 3
        )  # with the centre and the roster office that there are from the start


def test_a_code_in_the_body_may_differ_in_case(api: ApiClient) -> None:
    assert api.put("/courses/gti", makers.gti() | {"code": "GTI"}).status_code == 200


@pytest.mark.parametrize("model", [Course, Skill, Delivery, Organization])
def test_the_database_refuses_a_twin(app: Flask, api: ApiClient, model: Any) -> None:
    """Whatever a service forgets: two rows that differ in case only cannot be."""
    with app.app_context():
        factories.organization("CA-MFA")
        row = db.session.scalars(sa.select(model)).first()
        assert row is not None
        table = model.__table__
        values = dict(
            db.session.execute(sa.select(table).where(table.c.id == row.id)).mappings().one()
        )
        values |= {"id": 99, "code": values["code"].swapcase()}
        with pytest.raises(sa.exc.IntegrityError), transaction():
            db.session.execute(sa.insert(table), values)


def test_a_number_is_read_in_any_case(app: Flask, api: ApiClient) -> None:
    from certificates.numbers import format_number, normalise_number

    number = format_number(2026, 101)
    assert normalise_number(number.lower()) == number


def test_an_index_finds_a_code(app: Flask) -> None:
    with app.app_context():
        if not is_sqlite():
            pytest.skip("PostgreSQL reads a table of a few rows as a whole")
        query = sa.select(Delivery.id).where(Delivery.code == "GTI-2027-03")
        sql = query.compile(db.engine, compile_kwargs={"literal_binds": True})
        plan = db.session.execute(sa.text(f"EXPLAIN QUERY PLAN {sql}")).one()
    assert plan.detail.startswith("SEARCH delivery USING COVERING INDEX uq_any_case_delivery")


def test_services_make_no_twin(app: Flask, api: ApiClient) -> None:
    with app.app_context(), transaction():
        course, is_new = services.put_course(
            SYSTEM, "gti", CourseBody.model_validate(makers.gti()).definition()
        )
        assert (course.code, is_new) == ("GTI", False)
