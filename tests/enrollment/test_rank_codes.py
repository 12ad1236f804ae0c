"""NATO rank codes are those of armed forces: police are neither asked for one nor need one."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from accounts.roles import Role
from enrollment.nomination_files import check_row, read, template
from tests import factories
from tests.browsing import Browser
from tests.courses import makers
from tests.enrollment.test_apply_pages import ABOUT


@pytest.mark.parametrize(
    ("category", "is_asked"), [("military", True), ("police", False), ("civilian", False)]
)
def test_only_the_military_is_asked(
    app: Flask, browser: Browser, category: str, is_asked: bool
) -> None:
    with app.app_context():
        code = makers.delivery().code
    page = (
        browser.get(f"/deliveries/{code}/apply")
        .form("/apply")
        .submit("Continue", **(ABOUT | {"category": category}))
    )
    assert ("NATO rank code" in page.text) == is_asked
    form = page.form("/apply")
    assert ("rank_code" in form.names) == is_asked
    page = browser.post(form.action, dict(form.values) | {"rank_code": "OF-2", "step": "3"})
    assert (
        "OF-2" in page.text
    ) == is_asked  # what was added to the form by hand is not taken either


def test_a_police_officer_needs_none_in_a_file() -> None:
    values = {
        "given_name": "Awa",
        "email": "a@example.org",
        "country": "SN",
        "category": "police",
        "rank": "Inspector",
    }
    assert check_row(2, values).is_good
    wrong = check_row(2, {**values, "rank_code": "FP-2"})
    assert [problem.code for problem in wrong.problems] == ["bad_rank_code"]
    assert "only the military" in str(wrong.problems[0].remedy)


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_the_example_with_a_code_is_of_the_military(context: Flask, locale: str) -> None:
    row = read(template(locale)).rows[0]
    assert row.is_good and (row.fields["category"], row.fields["rank_code"]) == ("military", "OF-2")


@pytest.mark.parametrize(("category", "is_offered"), [("military", True), ("police", False)])
def test_profiles_of_police_offer_none(
    app: Flask, sign_in: Any, category: str, is_offered: bool
) -> None:
    with app.app_context():
        own = sign_in(factories.actor(Role.PARTICIPANT))
    page = own.get("/me/profile").form("/profile").submit("Save", category=category, rank="Captain")
    page = own.get("/me/profile")
    assert ("Rank code" in page.text) == is_offered
