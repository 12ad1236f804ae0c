"""In what capacity people come: asked where the category is, one of the category's, and shown to
those who read it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core.database import db
from enrollment.models import Enrollment
from people.personnel import PersonnelCategory, Subcategory
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.courses import makers as courses
from tests.enrollment import makers
from tests.enrollment.test_apply_pages import ABOUT, begin
from tests.enrollment.test_nominate_pages import upload
from tests.roster.test_api import AMINA

PERSON = {
    "given_name": "Kari",
    "family_name": "Nordmann",
    "email": "k@example.org",
    "country": "NO",
}


@pytest.fixture
def code(app: Flask) -> str:
    with app.app_context():
        return courses.delivery(places=10).code


def stored(app: Flask) -> list[Subcategory | None]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Enrollment.subcategory).order_by(Enrollment.id)))


def test_each_belongs_to_one_category() -> None:
    listed = [
        subcategory
        for category in PersonnelCategory
        for subcategory in category.traits.subcategories
    ]
    assert sorted(listed) == sorted(Subcategory)


@pytest.mark.both_databases
def test_a_program_gives_it_and_reads_it(client: Callable[..., ApiClient], code: str) -> None:
    nominator = client(Role.NOMINATOR, organization="NO-MOD")
    body = {"person": PERSON, "category": "military", "subcategory": "contingent"}
    answer = nominator.post(f"/deliveries/{code}/enrollments", body)
    assert (answer.status_code, answer.json["subcategory"]) == (201, "contingent")
    for category, subcategory in (
        ("police", "contingent"),
        ("civilian", "individual_police"),
        ("military", "cook"),
    ):
        refused = nominator.post(
            f"/deliveries/{code}/enrollments",
            body | {"category": category, "subcategory": subcategory},
        )
        assert refused.status_code == 422, refused.text
        assert {error["field"] for error in refused.json["errors"]} == {"subcategory"}
    other = PERSON | {"email": "o@example.org", "given_name": "Ola"}
    left_out = nominator.post(
        f"/deliveries/{code}/enrollments", {"person": other, "category": "military"}
    )
    assert left_out.json["subcategory"] is None


def test_an_applicant_is_asked_only_where_the_category_is_divided(
    app: Flask, browser: Browser, code: str
) -> None:
    second = begin(browser, code).form("/apply").submit("Continue", **ABOUT)
    assert "Formed police unit" in second.text and "Contingent" not in second.text
    third = second.form("/apply").submit("Continue", subcategory="formed_police_unit")
    assert "Formed police unit" in third.text
    third.form("/apply").submit("Send application", consent="y")
    civilian = ABOUT | {"category": "civilian", "email": "c@example.org", "given_name": "Ibrahima"}
    second = begin(Browser(app), code).form("/apply").submit("Continue", **civilian)
    assert "Sub-category" not in second.text
    assert stored(app) == [Subcategory.FORMED_POLICE_UNIT]


def test_a_file_may_have_a_column_for_it(
    app: Flask, sign_in: Callable[..., Browser], code: str
) -> None:
    with app.app_context():
        body = factories.organization("NO-MOD")
        nominator = factories.actor(Role.NOMINATOR, organization_id=body.id, family="Nominator")
    browser = sign_in(nominator)
    rows = (
        "Given name,Family name,Email,Country,Category,Sub-category\n"
        "Kari,Nordmann,k@example.org,NO,military,Staff officer\n"
        "Ola,Nordmann,o@example.org,NO,police,FPU\n"
        "Per,Hansen,p@example.org,NO,police,\n"
    )
    upload(browser, code, rows).form("/check").submit("Nominate 3")
    assert stored(app) == [
        Subcategory.OBSERVER_OR_STAFF_OFFICER,
        Subcategory.FORMED_POLICE_UNIT,
        None,
    ]
    odd = (
        "Given name,Family "
        "name,Email,Country,Category,Sub-category\nLiv,Dahl,l@example.org,NO,police,contingent\n"
    )
    page = upload(browser, code, odd)
    assert "not a sub-category of this category" in page.text
    with app.app_context():
        coordinator = makers.coordinator()
    listed = (
        sign_in(coordinator)
        .get(f"/deliveries/{code}/participants.csv")
        .response.get_data(as_text=True)
    )
    assert "Sub-category" in listed and "Formed police unit" in listed


@pytest.mark.both_databases
def test_it_is_part_of_the_roster_profile(client: Callable[..., ApiClient]) -> None:
    office = client(Role.ROSTER)
    person = AMINA | {"category": "police", "subcategory": "individual_police"}
    refused = office.put("/experts/SN-0001", person | {"subcategory": "contingent"})
    put = office.put("/experts/SN-0001", person)
    assert put.status_code in (201, 202), put.text
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "subcategory")
