"""A category of personnel is a member and a row of one table: pages, files, rosters and
certificates read it there."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from flask import Flask

from accounts.roles import Role
from core.settings import ROOT
from enrollment.nomination_files.words import parse_category
from people.personnel import ONLY_DIVIDED, ONLY_RANKED, PERSONNEL, PersonnelCategory
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.courses import makers as courses
from tests.enrollment import makers

CATEGORIES = list(PersonnelCategory)


def test_each_has_its_row() -> None:
    assert set(PERSONNEL) == set(PersonnelCategory)
    for category in CATEGORIES:
        assert parse_category(category.value) == category
        assert all(
            parse_category(word.strip()) == category for word in category.traits.written.split(",")
        )


@pytest.mark.parametrize("category", CATEGORIES)
def test_it_is_offered_and_shown_everywhere(
    app: Flask, sign_in: Callable[..., Browser], category: PersonnelCategory
) -> None:
    with app.app_context():
        delivery = courses.delivery(
            course=courses.course(code="ALL", audience=[*PersonnelCategory]),
            places=5,
            pools={category.value: 2},
        )
        code = delivery.code
        makers.enrolled(delivery, category.value)
        coordinator = makers.coordinator()
        roster = factories.actor(Role.ROSTER, family="Office")
        words = str(category.words)
    visitor = Browser(app)
    for browser, address in (
        (visitor, f"/?category={category.value}"),
        (visitor, f"/deliveries/{code}"),
        (visitor, f"/deliveries/{code}/apply"),
        (sign_in(coordinator), f"/deliveries/{code}/selection"),
        (sign_in(coordinator), f"/deliveries/{code}/edit"),
        (sign_in(roster), f"/roster?category={category.value}"),
    ):
        page = browser.get(address)
        assert page.status == 200, address
        assert words in page.text, address


def test_hints_name_the_categories_that_the_table_says(app: Flask) -> None:
    with app.test_request_context():
        assert str(ONLY_RANKED) == "Only for: Police, Military, Corrections."
        assert str(ONLY_DIVIDED) == "Only for: Police, Military."


#: A comparison with a category, as templates write it.
SINGLED_OUT = re.compile(rf"""[!=]=\s*['"](?:{"|".join(PersonnelCategory)})['"]""")


def test_templates_single_out_no_category() -> None:
    texts = [
        f"{path.relative_to(ROOT)}: {match}"
        for path in (ROOT / "templates").rglob("*.*")
        for match in SINGLED_OUT.findall(path.read_text(encoding="utf-8"))
    ]
    assert texts == []
    assert SINGLED_OUT.search("{% if enrollment.category == 'military' %}")


@pytest.mark.both_databases
@pytest.mark.parametrize("category", [PersonnelCategory.CORRECTIONS, PersonnelCategory.JUSTICE])
def test_people_of_it_are_nominated_by_page_file_and_program(
    app: Flask,
    client: Callable[..., ApiClient],
    sign_in: Callable[..., Browser],
    category: PersonnelCategory,
) -> None:
    with app.app_context():
        code = courses.delivery(
            course=courses.course(code="ALL", audience=[*PersonnelCategory]), places=5
        ).code
        body = factories.organization("NO-MOJ")
        nominator = factories.actor(Role.NOMINATOR, organization_id=body.id, family="Nominator")
    facts = {
        "person": {
            "given_name": "Kari",
            "family_name": "Nordmann",
            "email": "k@example.org",
            "country": "NO",
        },
        "category": category.value,
    }
    answer = client(Role.NOMINATOR, organization="NO-MOJ").post(
        f"/deliveries/{code}/enrollments", facts
    )
    assert answer.status_code == 201, answer.text
    page = sign_in(nominator).get(f"/deliveries/{code}/nominate")
    text = (
        "Given name,Family "
        f"name,Email,Country,Category\nOla,Nordmann,o@example.org,NO,{category.words}\n"
    ).encode()
    shown = page.form("/nominate").submit(file=(io.BytesIO(text), "people.csv"))
    assert "not a category" not in shown.text


def test_another_one_touches_four_files() -> None:
    """Beside the table: a migration with its number, and translations. No other module names all
    of them."""
    named = [
        str(path.relative_to(ROOT))
        for folder in (
            "accounts",
            "administration",
            "certificates",
            "classroom",
            "core",
            "courses",
            "enrollment",
            "people",
            "roster",
        )
        for path in (ROOT / folder).rglob("*.py")
        if all(word in path.read_text(encoding="utf-8") for word in ('"corrections"', '"justice"'))
    ]
    assert named == ["people/personnel.py"]
