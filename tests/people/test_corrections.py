"""People’s data and organizations, recorded and corrected by those who may."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from core.database import db
from people.models import Organization
from tests.accounts.makers import account, actions
from tests.accounts.test_administration import boss as boss  # the browser of an administrator
from tests.browsing import Browser


def test_a_persons_data_is_corrected(app: Flask, boss: Browser) -> None:
    with app.app_context():
        person_id = account()
        account("taken@example.org", "Other")
    form = boss.get(f"/administration/people/{person_id}/edit").form(button="Save")
    page = form.submit(email="taken@example.org", given_name="Aminata")
    assert page.status == 422
    assert page.errors == ["Another person has this email address."]
    assert page.form(button="Save").values["given_name"] == "Aminata"
    page = page.form(button="Save").submit(
        email="aminata@example.org", identifier="SN-7", birth_date="1990-02-03", gender="female"
    )
    assert page.status == 200
    for words in ("Aminata Diallo", "aminata@example.org", "SN-7", "3 February 1990", "Woman"):
        assert words in page.text
    page = (
        boss.get(f"/administration/people/{person_id}/edit")
        .form(button="Save")
        .submit(birth_date="2999-01-01")
    )
    assert page.errors == ["“2999-01-01” is in the future. Check the year."]
    page = (
        boss.get(f"/administration/people/{person_id}/edit")
        .form(button="Save")
        .submit(birth_date="", identifier="")
    )
    assert "SN-7" not in page.text


def test_organizations_are_recorded_once_and_corrected(app: Flask, boss: Browser) -> None:
    form = boss.get("/administration/organizations/new").form(button="Save")
    page = form.submit(code="SN-PN", name="Police nationale", country="SN")
    assert "Police nationale" in page.text
    assert (
        form.submit(code="SN-PN", name="Police nationale", country="SN").status == 200
    )  # the same form again
    page = (
        boss.get("/administration/organizations/new")
        .form(button="Save")
        .submit(code="SN-PN", name="Again")
    )
    assert page.status == 422
    assert page.errors == ["An organization with this code exists already."]
    page = (
        boss.get("/administration/organizations/new")
        .form(button="Save")
        .submit(code="two words", name="")
    )
    assert page.status == 422
    page = boss.get("/administration/organizations").follow("Police nationale")
    page = page.form(button="Save").submit(name="Police nationale du Sénégal", country="")
    assert "Police nationale du Sénégal" in page.text
    with app.app_context():
        others = sa.select(Organization.code).where(~Organization.is_first)
        assert db.session.scalars(others).all() == ["SN-PN"]
    assert actions(app)[-2:] == ["organization.recorded", "organization.changed"]
    assert boss.get("/administration/organizations/999").status == 404
