"""The browser's own way back through forms: nothing is lost, and after signing out nothing is
left."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Error

from tests.browser.places import forward
from tests.browser.watching import Visits, sign_in_as

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_going_back_through_the_screens_shows_what_was_typed(visits: Visits) -> None:
    page = visits.context(java_script_enabled=False).new_page()
    with visits.faults.expecting(422):
        _walk(page)


def _walk(page: Any) -> None:
    form = page.locator("#application")
    page.goto("/deliveries/GTI-NEXT/apply")
    form.locator("[name=given_name]").fill("Awa")
    forward(page)  # refused: most is missing
    form.locator("[name=email]").fill("awa.back@example.org")
    form.locator("[name=family_name]").fill("Diop")
    form.locator("[name=country]").select_option("SN")
    form.locator("[name=gender][value=female]").check()
    form.locator("[name=category][value=civilian]").check()
    forward(page)
    form.locator("[name=organization]").fill("Ministry of Justice")
    forward(page)
    assert "Ministry of Justice" in page.locator("main").inner_text()
    page.go_back()
    assert form.locator("[name=organization]").input_value() == "Ministry of Justice"
    page.go_back()
    assert form.locator("[name=family_name]").input_value() == "Diop"
    assert form.locator("[name=given_name]").input_value() == "Awa"


def test_after_signing_out_there_is_no_way_back_to_what_was_shown(visits: Visits) -> None:
    page = visits.context().new_page()
    sign_in_as(page, "trainer")  # a session of its own: it ends here
    with visits.faults.expecting(422):
        page.goto("/courses/new")
        page.locator("#course [name=title-en]").fill("Only for my eyes")
        page.locator("#course button.button:not(.secondary)").last.click()
    page.locator("header form button").click()
    with suppress(Error):  # Chromium shows a page of its own: it would have to ask again
        page.go_back()
    assert page.locator("#course").count() == 0
    visits.faults.clear()
