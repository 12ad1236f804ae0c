"""Control tests: what watches the pages sees what it is there to see. Each plants a fault in a
page that is sound."""

from __future__ import annotations

import pytest

from tests.browser.watching import Visits

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        ("console.error('planted')", "planted"),
        ("setTimeout(() => { throw new Error('planted') })", "script error"),
        ("document.body.setAttribute('style', 'color: red')", "Content Security Policy"),
        ("fetch('http://other.example/').catch(() => null)", "Content Security Policy"),
        ("fetch('/no-such-page').catch(() => null)", "answered 404"),
    ],
)
def test_a_planted_fault_is_noticed(visits: Visits, planted: str, words: str) -> None:
    page = visits.context().new_page()
    page.goto("/")
    assert not visits.faults
    page.evaluate(f"() => {{ {planted} }}")
    page.wait_for_timeout(500)
    faults = list(visits.faults)
    visits.faults.clear()
    assert any(words in fault for fault in faults), faults


def test_a_request_to_another_host_is_noticed(visits: Visits) -> None:
    page = visits.context(bypass_csp=True).new_page()
    page.goto("/")
    page.evaluate(
        "() => { const image = new Image(); image.src = 'http://192.0.2.1/x.png'; "
        "document.body.append(image); }"
    )
    page.wait_for_timeout(300)
    faults = list(visits.faults)
    page.context.close()
    visits.faults.clear()
    assert any("another host" in fault for fault in faults), faults


def test_axe_and_the_ruler_notice_what_is_planted(visits: Visits) -> None:
    from tests.browser.axe import too_wide, violations

    page = visits.context("participant", viewport={"width": 360, "height": 740}).new_page()
    page.goto("/me/details")
    assert not violations(page, "sound") and not too_wide(page, "sound")
    page.evaluate("document.querySelector('main label').remove()")
    assert any("label" in violation for violation in violations(page, "without a label"))
    page.evaluate(
        "() => { const bar = document.createElement('hr'); bar.width = 900; "
        "document.querySelector('main').append(bar); }"
    )
    page.evaluate("document.querySelector('main hr').style.setProperty('inline-size', '900px')")
    assert too_wide(page, "with a wide bar")
