"""Pages are light: what a first visit transfers over a poor connection, all answers together,
compressed as they travel."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.watching import Visits

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

READING = 12_000
WORK = 30_000
MOST_REQUESTS = 4

#: who, where, how many bytes
PAGES = (
    (None, "/verify/{valid_token}", READING),
    (None, "/verify/{revoked_token}", READING),
    (None, "/verify", READING),
    (None, "/deliveries/GTI-NEXT", READING),
    (None, "/deliveries/GTI-NEXT/apply", READING),
    (None, "/", READING),
    (None, "/sign-in", READING),
    (None, "/courses/GTI", READING),
    (None, "/help", READING),
    ("participant", "/me", READING),
    ("trainer", "/deliveries/GTI-NOW/attendance/4", WORK),
    ("trainer", "/deliveries/GTI-NOW/scores", WORK),
    ("trainer", "/courses/GTI/edit", WORK),
    ("coordinator", "/deliveries/POC-FULL/selection", WORK),
    ("coordinator", "/deliveries/POC-RECENT/certificates", WORK),
    ("roster", "/roster", WORK),
    ("administrator", "/administration/people", WORK),
)


@pytest.mark.parametrize(("role", "address", "most"), PAGES)
def test_weight(
    visits: Visits,
    role: str | None,
    address: str,
    most: int,
    record_property: Callable[[str, object], None],
) -> None:
    from tests.browser.places import PARTS
    from tests.browser.weighing import cold

    parts = {part: visits.site.value(PARTS[part]) for part in PARTS if f"{{{part}}}" in address}
    cost = cold(visits.context(role), address.format(**parts))
    record_property("bytes", cost.bytes)
    print(f"{address}: {cost.bytes} bytes, {cost.requests} requests")
    assert cost.bytes <= most, cost
    assert cost.requests <= MOST_REQUESTS, "\n".join(cost.addresses)


@pytest.mark.parametrize(
    "address",
    ["/verify/{valid_token}", "/verify", "/deliveries/GTI-NEXT/apply", "/deliveries/GTI-NEXT", "/"],
)
def test_reading_pages_load_no_script(visits: Visits, address: str) -> None:
    from tests.browser.places import PARTS
    from tests.browser.weighing import cold

    parts = {part: visits.site.value(PARTS[part]) for part in PARTS if f"{{{part}}}" in address}
    assert not cold(visits.context(), address.format(**parts)).has_script


def test_a_control_page_that_is_too_heavy_is_noticed(visits: Visits) -> None:
    """What counts the bytes can count: the OpenAPI document alone is known to be larger than a
    page may be."""
    from tests.browser.weighing import cold

    with visits.faults.expecting(
        404
    ):  # Chromium asks for an icon of its own accord, where no page names one
        assert cold(visits.context(), "/api/v1/openapi.json").bytes > 5_000
