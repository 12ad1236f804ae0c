"""What the script adds to attendance and to other forms of many rows: it says what waits to be
saved, and asks before it is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Dialog

from tests.browser.watching import Visits

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_changed_minutes_wait_like_a_changed_mark(visits: Visits) -> None:
    page = visits.context("trainer").new_page()
    page.on("dialog", lambda dialog: dialog.accept())  # leaving with unsaved marks asks
    page.goto("/deliveries/GTI-NOW/attendance/4")
    status, first = page.locator("[data-said]"), page.locator(".mark").first
    first.locator("[value=late]").check(force=True)
    first.locator(".minutes input").fill("45")
    page.locator("form.attendance .savebar button.button").click()
    page.wait_for_load_state()
    assert "waiting" not in status.inner_text()
    first.locator(".minutes input").fill("30")
    first.locator(".minutes input").blur()
    assert "Changes waiting: 1." in status.inner_text()


def test_whoever_leaves_scores_that_were_not_saved_is_asked(visits: Visits) -> None:
    page, requests = visits.context("trainer").new_page(), []

    def stay(dialog: Dialog) -> None:
        requests.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto("/deliveries/GTI-NOW/scores")
    score = page.locator("#main-form input.short").first
    score.fill("77")
    page.locator("nav.tabs a", has_text="Attendance").click()
    page.wait_for_timeout(300)
    assert requests == ["beforeunload"] and score.input_value() == "77"
    page.locator(".savebar button").click()
    page.wait_for_load_state()
    page.locator("nav.tabs a", has_text="Attendance").click()
    page.wait_for_url("**/attendance/*")
    assert requests == ["beforeunload"], "what was sent is not lost"
