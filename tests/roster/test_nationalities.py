"""Nationalities (several) and the sending country (one, or none) are two things, at every way
in."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import countries
from core.database import db
from enrollment.models import Nomination
from enrollment.nomination_files import check_row, read
from people.models import Person
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.courses import makers as courses
from tests.enrollment import makers
from tests.enrollment.test_apply_pages import apply, begin
from tests.roster import makers as experts

HEADER = "Given name,Family name,Email,Country,Nationality,Category,Organization\n"
PERSON = {"given_name": "Awa", "family_name": "Diop", "email": "awa@example.org"}


@pytest.fixture
def code(app: Flask) -> str:
    with app.app_context():
        return courses.delivery(places=10).code


def stored(app: Flask) -> tuple[str | None, list[str]]:
    """The country and the nationalities of the newest person."""
    with app.app_context():
        person = db.session.scalars(sa.select(Person).order_by(Person.id.desc())).first()
        assert person
        return person.country, person.nationalities


def api(app: Flask, *roles: Role) -> ApiClient:
    with app.app_context():
        return ApiClient(app, makers.token_of(factories.actor(*roles, country="CA")))


@pytest.mark.both_databases
def test_programs_send_codes(app: Flask, code: str) -> None:
    client = api(app, Role.COORDINATOR)
    body = {
        "person": PERSON | {"country": "SN", "nationalities": ["SN", "XK", "SN"]},
        "category": "civilian",
    }
    answer = client.post(f"/deliveries/{code}/enrollments", body)
    assert answer.status_code == 201
    assert (answer.json["person"]["country"], answer.json["person"]["nationalities"]) == (
        "SN",
        ["SN", "XK"],
    )
    assert stored(app) == ("SN", ["SN", "XK"])


@pytest.mark.parametrize("value", [["ZZ"], ["Congo"], "SN", ["SN", "FR", "CA", "KE", "GH", "NG"]])
def test_programs_are_told_what_is_wrong(app: Flask, code: str, value: Any) -> None:
    body = {"person": PERSON | {"nationalities": value}, "category": "civilian"}
    answer = api(app, Role.COORDINATOR).post(f"/deliveries/{code}/enrollments", body)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"].startswith("person.nationalities")


@pytest.mark.both_databases
def test_roster_staff_find_experts_by_nationality(app: Flask, sign_in: Any) -> None:
    client = api(app, Role.ROSTER)
    body = {
        "person": PERSON | {"country": "SN", "nationalities": ["FR", "SN"]},
        "category": "police",
    }
    expert = experts.listed(client, "SN-1", body)
    assert expert["person"]["nationalities"] == ["FR", "SN"]
    assert client.put("/experts/SN-1", {"person": PERSON, "category": "police"}).json["person"][
        "nationalities"
    ] == ["FR", "SN"]
    assert [e["id"] for e in client.get("/experts?nationality=FR").json["items"]] == [expert["id"]]
    assert client.get("/experts?nationality=CA").json["items"] == []
    assert client.get("/experts?nationality=ZZ").status_code == 422
    with app.app_context():
        staff = sign_in(factories.actor(Role.ROSTER))
    page = staff.get("/roster?nationality=FR")
    assert "1 expert found" in page.text and "nationality: France" in page.text
    assert "France, Senegal" in staff.get(f"/roster/{expert['id']}").text
    emptied = client.put(
        "/experts/SN-1", {"person": PERSON | {"nationalities": []}, "category": "police"}
    )
    assert emptied.json["person"]["nationalities"] == []
    assert client.get("/experts?nationality=FR").json["items"] == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Senegalese", ("SN",)),
        ("sénégalaise", ("SN",)),
        ("Senegal; France", ("SN", "FR")),
        ("Senegalese, French", ("SN", "FR")),
        ("sénégalaise et française", ("SN", "FR")),
        ("Kosovar", ("XK",)),
        ("Bosnia and Herzegovina", ("BA",)),
        ("Trinidad and Tobago; British", ("TT", "GB")),
        ("SN/FR", ("SN", "FR")),
        ("", ()),
        ("SN SN; SN", None),
        ("Senegalese?", None),
        ("Congolese", None),
        ("Congolese (DRC)", ("CD",)),
        ("Iran (Islamic Republic of)", ("IR",)),
    ],
)
def test_files_hold_words(text: str, codes: tuple[str, ...] | None) -> None:
    row = check_row(2, {**PERSON, "country": "SN", "category": "police", "nationalities": text})
    assert [problem.column for problem in row.problems] == (
        [] if codes is not None else ["nationalities"]
    )
    assert row.fields["nationalities"] == (codes or ())


def test_a_nationality_that_can_be_two_is_asked() -> None:
    row = check_row(
        2, {**PERSON, "country": "CD", "category": "police", "nationalities": "congolaise"}
    )
    assert [problem.code for problem in row.problems] == ["ambiguous_nationality"]


def test_a_file_that_has_only_nationalities_takes_them_for_the_country_too() -> None:
    data = (
        "Given name,Family "
        "name,Email,Nationalité,Category\nAwa,Diop,a@example.org,Sénégalaise,police\nLea,Roy,l@example.org,SN;FR,police\n"
    )
    first, second = read(data.encode()).rows
    assert (first.fields["country"], first.fields["nationalities"], first.is_good) == (
        "SN",
        ("SN",),
        True,
    )
    assert [problem.column for problem in second.problems] == [
        "country"
    ]  # which of the two sends her is not guessed


@pytest.mark.parametrize(
    "word", ["none", "Aucun", "UN", "Nations Unies", "European Union", "Union africaine"]
)
def test_people_of_an_international_organization_have_no_sending_country(word: str) -> None:
    values = {**PERSON, "country": word, "category": "civilian"}
    row = check_row(2, {**values, "organization": "United Nations"})
    assert row.is_good and row.fields["country"] == ""
    assert [(p.column, p.code) for p in check_row(2, values).problems] == [
        ("organization", "organization_needed")
    ]


def test_a_nomination_by_file_keeps_both(app: Flask, sign_in: Any, code: str) -> None:
    with app.app_context():
        nominator = factories.actor(Role.NOMINATOR, organization_id=factories.organization().id)
    text = HEADER + "Awa,Diop,awa@example.org,none,Senegalese; French,civilian,UN Secretariat\n"
    page = (
        sign_in(nominator)
        .get(f"/deliveries/{code}/nominate")
        .form("/nominate")
        .submit("Check", text=text)
    )
    assert "Senegal, France" in page.text
    page.form("/check").submit("Nominate 1")
    assert stored(app) == (None, ["SN", "FR"])
    with app.app_context():
        nomination = db.session.scalars(sa.select(Nomination)).one()
        assert (nomination.country, nomination.nationalities) == (None, ["SN", "FR"])


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_exported_comes_in_again(
    app: Flask, sign_in: Any, code: str, language: str
) -> None:
    body = {
        "person": PERSON | {"nationalities": ["CG", "TW"]},
        "category": "civilian",
        "organization": "United Nations",
    }
    assert (
        api(app, Role.COORDINATOR).post(f"/deliveries/{code}/enrollments", body).status_code == 201
    )
    with app.app_context():
        staff = sign_in(factories.actor(Role.COORDINATOR))
    file = staff.client.get(f"/deliveries/{code}/participants.csv?lang={language}").get_data()
    with app.app_context():
        row = read(file).rows[0]
    assert not [
        problem
        for problem in row.problems
        if problem.column in ("country", "nationalities", "organization")
    ]
    assert (row.fields["country"], row.fields["nationalities"]) == ("", ("CG", "TW"))


def test_a_nomination_of_one_person_keeps_both(app: Flask, sign_in: Any, code: str) -> None:
    with app.app_context():
        nominator = factories.actor(Role.NOMINATOR, organization_id=factories.organization().id)
    form = sign_in(nominator).get(f"/deliveries/{code}/nominate/person").form("/person")
    values = {
        **PERSON,
        "country": "none",
        "nationalities": "Kosovar; Albania",
        "category": "civilian",
    }
    page = form.submit("Nominate", **values)
    assert page.status == 422 and any(
        "international organization" in error for error in page.errors
    )
    page.form("/person").submit("Nominate", **values, organization="African Union")
    assert stored(app) == (None, ["XK", "AL"])


def test_applicants_say_both(app: Flask, browser: Browser, code: str) -> None:
    page = (
        begin(browser, code).form("/apply").submit("Continue", **_about(nationalities="Atlantean"))
    )
    assert page.status == 422 and "semicolon" in " ".join(page.errors)
    page = page.form("/apply").submit(
        "Continue", **_about(country="none", nationalities="Kosovar, French")
    )
    page = page.form("/apply").submit("Continue")
    assert page.status == 422 and any(
        "international organization" in error for error in page.errors
    )
    page = page.form("/apply").submit("Continue", organization="United Nations")
    assert "None: an international organization" in page.text and "Kosovar, French" in page.text
    page.form("/apply").submit("Send application", consent="y")
    assert stored(app) == (None, ["XK", "FR"])


def _about(**changes: str) -> dict[str, str]:
    return {**PERSON, "country": "SN", "gender": "female", "category": "civilian", **changes}


def test_kosovo_can_be_chosen_by_applicants(app: Flask, browser: Browser, code: str) -> None:
    apply(browser, code, country="XK", category="civilian")
    assert stored(app) == ("XK", [])


def test_people_say_and_correct_it_on_their_own_page(app: Flask, sign_in: Any) -> None:
    with app.app_context():
        own = sign_in(factories.actor(nationalities=["CG", "TW"], country="CG"))
    form = own.get("/me/details").form("/details")
    assert form.values["nationalities"] == "Congo (the); Taiwan, Province of China"
    form.submit("Save")
    assert stored(app) == ("CG", ["CG", "TW"])  # what is written is understood again
    page = (
        own.get("/me/details").form("/details").submit("Save", nationalities="Kenyan", country="")
    )
    assert "Kenya" in page.text and stored(app) == (None, ["KE"])
    own.get("/me/details").form("/details").submit("Save", nationalities="")
    assert stored(app) == (None, [])


def test_administrators_correct_it(app: Flask, sign_in: Any) -> None:
    with app.app_context():
        staff, of = sign_in(factories.actor(Role.ADMINISTRATOR)), factories.person().id
    address = f"/administration/people/{of}/edit"
    page = staff.get(address).form("/edit").submit("Save", nationalities="congolaise")
    assert page.status == 422 and "more than one country" in " ".join(page.errors)
    page = page.form("/edit").submit("Save", nationalities="RDC; Belgique")
    assert stored(app) == ("SN", ["CD", "BE"])
    assert "Democratic Republic of the Congo, Belgium" in page.text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_whatever_is_written_is_read_again(language: str) -> None:
    codes = [code for code, _ in countries.choices(language)]
    assert countries.nationalities(countries.written(codes, language)) == codes
