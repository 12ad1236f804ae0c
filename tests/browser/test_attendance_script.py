"""What the script adds to attendance: it says what waits to be saved."""

from __future__ import annotations

import pytest

from tests.browser.watching import Visits

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_changed_minutes_wait_like_a_changed_mark(visits: Visits) -> None:
    page = visits.context("trainer").new_page()
    page.on("dialog", lambda dialog: dialog.accept())  # leaving with unsaved marks asks
    page.goto("/deliveries/GTI-NOW/attendance/4")
    said, first = page.locator("[data-said]"), page.locator(".mark").first
    first.locator("[value=late]").check(force=True)
    first.locator(".minutes input").fill("45")
    page.locator("form.attendance .savebar button.button").click()
    page.wait_for_load_state()
    assert "waiting" not in said.inner_text()
    first.locator(".minutes input").fill("30")
    first.locator(".minutes input").blur()
    assert "Changes waiting: 1." in said.inner_text()
