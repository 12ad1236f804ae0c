"""Text from outside in the sentences that refuse it: shown as text, never as markup."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from accounts.roles import Role
from tests import factories
from tests.browsing import Browser, Page
from tests.certificates import makers as certificates
from tests.courses import makers as courses
from tests.enrollment.test_nominate_pages import upload

INPUTS = Path(__file__).parent / "inputs"


def assert_shown_as_text(page: Page, markup: str, tag: str) -> None:
    """People read the markup as it was typed, and no element came of it."""
    assert markup in page.text
    body = page.tree.find("body")
    assert [e for e in body.iter(tag) if tag != "button" or e.get("formaction") == "/me/x"] == []


@pytest.fixture
def nominator(app: Flask, sign_in: Callable[..., Browser]) -> Browser:
    with app.app_context():
        return sign_in(factories.actor(Role.NOMINATOR, organization_id=factories.organization().id))


@pytest.fixture
def code(app: Flask) -> str:
    with app.app_context():
        return courses.delivery().code


def test_01_markup_in_a_cell_is_text_on_the_check_page(nominator: Browser, code: str) -> None:
    page = upload(nominator, code, (INPUTS / "01-markup-in-cell.csv").read_bytes())
    assert_shown_as_text(
        page, "“<button formaction=/me/x>Next</button>” is not an email address", "button"
    )


def test_02_markup_in_a_heading_is_text_in_the_refusal(nominator: Browser, code: str) -> None:
    page = upload(nominator, code, (INPUTS / "02-markup-in-heading.csv").read_bytes())
    assert page.status == 422
    assert_shown_as_text(page, '“<meta http-equiv=refresh content="0;url=/help">”', "meta")


def test_04_markup_in_an_applicants_name_is_text_where_certificates_are_issued(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    person = json.loads((INPUTS / "04-applicant-name.json").read_text(encoding="utf-8"))["person"]
    name = f"{person['given_name']} {person['family_name']}"
    with app.app_context():
        delivery = certificates.finished_delivery([name])
        code, coordinator = delivery.code, certificates.coordinator()
    page = sign_in(coordinator).get(f"/deliveries/{code}/certificates")
    assert_shown_as_text(page, f"“{name}” cannot be printed", "button")


def test_34_markup_in_a_corrected_name_is_text_in_the_summary_and_at_the_field(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    name = "Zoë <i class=x>🎖"
    with app.app_context():
        number = certificates.issued(certificates.finished_delivery())[0].number
        coordinator = certificates.coordinator()
    page = (
        sign_in(coordinator)
        .get(f"/certificates/{number}/reissue")
        .form(button="Reissue")
        .submit(name_on_certificate=name, reason="Accents")
    )
    assert page.status == 422
    assert_shown_as_text(page, f"“{name}” cannot be printed", "i")
    assert page.text.count(f"“{name}” cannot be printed") == 2, "in the summary and at the field"
