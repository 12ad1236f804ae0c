"""A real server and a real browser for each session. Without Chromium these tests are skipped in
one line; in CI they fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.server import Site, running_site
from tests.browser.watching import Visits


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from tests.browser import watching

    if watching.chromium_path() is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is needed in CI and is not installed")
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = watching.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def all_visits(chromium: Any, site: Site) -> Visits:
    from tests.browser.watching import Visits

    return Visits(chromium, site)


@pytest.fixture(scope="session")
def created(all_visits: Visits) -> dict[str, str]:
    """Addresses that someone has to ask for. Once for a site: the people of the long list would
    be known the second time, and the page would offer nobody to nominate."""
    from tests.browser.places import made_addresses

    addresses = made_addresses(all_visits)
    for context in all_visits.browser.contexts:
        context.close()
    return addresses


@pytest.fixture
def visits(all_visits: Visits) -> Iterator[object]:
    """Makes contexts; fails the test at its end when any page of them had anything to complain
    about."""
    all_visits.faults.clear()
    yield all_visits
    for context in all_visits.browser.contexts:
        context.close()
    all_visits.faults.check()
