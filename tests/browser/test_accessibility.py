"""Every page, in both languages, wide and narrow: nothing that axe-core finds, nothing that
scrolls sideways, no complaint in the console; and what axe cannot see: the order of the
keyboard, the focus after a refused form, what a sticky bar hides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.places import PAGES, page_endpoints, samples
from tests.browser.watching import Visits

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

NARROW = ({"width": 360, "height": 740}, {"width": 320, "height": 640})
ROLES = (None, "participant", "nominator", "trainer", "coordinator", "roster", "administrator")


def judge(page: Any, where: str) -> list[str]:
    """What is wrong with the page as it stands, at 1280, 360 and 320 pixels; leaves it at 1280."""
    from tests.browser.axe import too_wide, violations

    faults = violations(page, f"{where} at 1280") + too_wide(page, f"{where} at 1280")
    for size in NARROW:
        page.set_viewport_size(size)
        faults += too_wide(page, f"{where} at {size['width']}")
        if size["width"] == 360:
            faults += violations(page, f"{where} at 360")
    page.set_viewport_size({"width": 1280, "height": 900})
    return faults


def test_every_page_has_a_sample(tmp_path: Path) -> None:
    assert set(PAGES) == page_endpoints(tmp_path)


@pytest.mark.parametrize(
    ("role", "language"),
    [
        (None, "fr"),
        *(
            pytest.param(role, language, marks=pytest.mark.long)
            for role in ROLES
            for language in ("en", "fr")
            if (role, language) != (None, "fr")
        ),
    ],
)
def test_pages(visits: Visits, created: dict[str, str], role: str | None, language: str) -> None:
    page = visits.context(role, language=language, reduced_motion="reduce").new_page()
    faults = []
    for sample in samples(visits.site, created):
        if sample.role != role:
            continue
        where = f"{sample.address} ({language}, {role or 'visitor'})"
        answer = page.goto(sample.address)
        if (
            answer is None
            or answer.status >= 400
            or ("/sign-in?" in page.url and sample.endpoint != "accounts.sign_in")
        ):
            faults.append(f"{where}: answered {answer and answer.status} at {page.url}")
            continue
        faults += judge(page, where)
    assert not faults, "\n".join(faults)


# Refusals


def send(selector: str = "main form", button: str = "button.button", **fields: str) -> Callable:
    """Fills in these fields of the form and sends it."""

    def act(page: Any) -> None:
        form = page.locator(selector).last
        for name, value in fields.items():
            form.locator(f"[name='{name}']").first.fill(value)
        with page.expect_navigation():
            form.locator(button).first.click()

    return act


def upload(content: bytes) -> Callable:
    def act(page: Any) -> None:
        page.locator("[name=file]").set_input_files(
            {"name": "people.csv", "mimeType": "text/csv", "buffer": content}
        )
        with page.expect_navigation():
            page.locator("main form button.button").click()

    return act


BAD_ROWS = (
    b"given_name,family_name,email,country,category,birth_date\nA,B,not-an-address,XX,wizard,01/02/1990\n"
    b"Good,Person,good.person@rostrum.example,CA,civilian,1990-02-01\n"
)

#: What is refused → who, where, what is done, the status.
REFUSALS = {
    "no such page": (None, "/no-such-page", None, 404),
    "no such delivery": (None, "/deliveries/NOTHING", None, 404),
    "not allowed": ("participant", "/administration", None, 403),
    "not possible any more": (
        "coordinator",
        "/enrollments/{completed_in_gti_first}/withdraw",
        None,
        409,
    ),
    "used link": (None, "/sign-in/AAAAAAAAAAAAAAAAAAAAAAAA", None, 404),
    "application": (None, "/deliveries/GTI-NEXT/apply", send("#application"), 422),
    "password": (
        None,
        "/sign-in",
        send("form[action$='/sign-in']", email="a@example.org", password="wrong"),
        422,
    ),
    "link": (None, "/sign-in", send("form[action$='/sign-in/link']", email="nobody"), 422),
    "verification": (None, "/verify/AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-A", None, 404),
    "months": (None, "/?from=2031-02&to=2031-01", None, 200),
    "course": ("trainer", "/courses/new", send("#course", "[value=save]:not(.vh)"), 422),
    "delivery": ("trainer", "/courses/GTI/schedule", send("#delivery", venue="", places="0"), 422),
    "scores": ("trainer", "/deliveries/GTI-NOW/scores", None, 200),
    "cancelling": ("coordinator", "/deliveries/GTI-NEXT/cancel", send(), 422),
    "declining": ("coordinator", "/enrollments/{requested_in_gad_select}/decline", send(), 422),
    "revoking": ("coordinator", "/certificates/{certificate}/revoke", send(), 422),
    "reissuing": ("coordinator", "/certificates/{certificate}/reissue", send(), 422),
    "nomination": ("nominator", "/deliveries/GTI-NEXT/nominate/person", send(), 422),
    "no file": ("nominator", "/deliveries/GTI-NEXT/nominate", send(), 422),
    "unreadable file": (
        "nominator",
        "/deliveries/GTI-NEXT/nominate",
        upload(b"nothing,of,use\n1,2,3\n"),
        422,
    ),
    "too large a file": (
        "nominator",
        "/deliveries/GTI-NEXT/nominate",
        upload(b"a" * 3_000_000),
        413,
    ),
    "rows to fix": ("nominator", "/deliveries/GTI-NEXT/nominate", upload(BAD_ROWS), 200),
    "new account": ("administrator", "/administration/people/new", send(), 422),
    "new organization": ("administrator", "/administration/organizations/new", send(), 422),
    "address": ("participant", "/me/email", send(email="nobody"), 422),
    "new password": ("participant", "/me/password", send(password="short"), 422),
    "expert": ("roster", "/roster/new", send(), 422),
    "search": ("roster", "/roster?available_from=2027-05-01&available_to=2027-04-01", None, 422),
}


def takes_focus(page: Any) -> bool:
    """Whether the summary of errors has the focus, at the latest two seconds after the page
    came."""
    for _ in range(20):
        if page.evaluate("document.activeElement.id") == "errors":
            return True
        page.wait_for_timeout(100)
    return False


@pytest.mark.long
@pytest.mark.parametrize("language", ["en", "fr"])
def test_refusals(visits: Visits, created: dict[str, str], language: str) -> None:
    from tests.browser.places import PARTS

    contexts, faults = {}, []
    for name, (role, address, act, status) in REFUSALS.items():
        if role not in contexts:
            contexts[role] = visits.context(
                role, language=language, reduced_motion="reduce"
            ).new_page()
        page, where = contexts[role], f"{name} ({language})"
        answers: list = []

        def keep(answer: Any, answers: Any = answers) -> None:
            answers.append(answer)

        page.on("response", keep)
        parts = {part: visits.site.value(PARTS[part]) for part in PARTS if f"{{{part}}}" in address}
        with visits.faults.expecting(status):
            page.goto(address.format(**parts))
            if act:
                act(page)
                if page.locator("#errors").count() and not takes_focus(page):
                    faults.append(f"{where}: what is wrong does not get the focus")
            got = next(
                (
                    answer.status
                    for answer in reversed(answers)
                    if answer.request.is_navigation_request()
                ),
                None,
            )
            page.remove_listener("response", keep)
            if got != status:
                faults.append(f"{where}: answered {got}, expected {status}")
            faults += judge(page, where)
    assert not faults, "\n".join(faults)


# Colours, keyboard, focus

DARK = (
    (None, "/"),
    (None, "/deliveries/GTI-NEXT"),
    (None, "/deliveries/GTI-NEXT/apply"),
    (None, "/sign-in"),
    (None, "/verify/{valid_token}"),
    (None, "/verify/{revoked_token}"),
    (None, "/api/v1/docs"),
    ("participant", "/me"),
    ("trainer", "/deliveries/GTI-NOW/attendance/4"),
    ("trainer", "/courses/new"),
    ("coordinator", "/deliveries/POC-FULL/selection"),
    ("coordinator", "/deliveries/POC-RECENT/certificates"),
    ("coordinator", "/deliveries/GTI-NOW/finish"),
    ("roster", "/roster"),
    ("administrator", "/administration"),
)


@pytest.mark.long
def test_dark_colours(visits: Visits) -> None:
    from tests.browser.axe import violations
    from tests.browser.places import PARTS

    faults, pages = [], {}
    for role, address in DARK:
        if role not in pages:
            pages[role] = visits.context(
                role, color_scheme="dark", reduced_motion="reduce"
            ).new_page()
        parts = {part: visits.site.value(PARTS[part]) for part in PARTS if f"{{{part}}}" in address}
        pages[role].goto(address.format(**parts))
        faults += violations(pages[role], f"{address}, dark")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("address", ["/", "/deliveries/GTI-NEXT/apply", "/verify", "/sign-in"])
def test_the_keyboard_begins_with_the_way_to_the_content(visits: Visits, address: str) -> None:
    page = visits.context().new_page()
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('a.skip')")
    box = page.locator("a.skip").bounding_box()
    assert box and box["y"] >= 0 and box["height"] > 10, (
        "the skip link is not to be seen when it has the focus"
    )
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_errors_lead_to_their_fields(visits: Visits) -> None:
    page = visits.context().new_page()
    with visits.faults.expecting(422):
        page.goto("/deliveries/GTI-NEXT/apply")
        send("#application")(page)
    links = page.locator("#errors a")
    assert links.count() >= 4
    for number in range(links.count()):
        target = (links.nth(number).get_attribute("href") or "").removeprefix("#")
        assert page.locator(f"[id='{target}']").count() == 1, target
    links.first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "email"


def test_the_focus_is_never_under_the_bar(visits: Visits) -> None:
    """Attendance at telephone width by keyboard alone: the bar with the button never covers what
    has the focus (2.4.11)."""
    page = visits.context(
        "trainer", viewport={"width": 360, "height": 640}, reduced_motion="reduce"
    ).new_page()
    page.goto("/deliveries/GTI-NOW/attendance/4")
    hidden, reached = [], 0
    for _ in range(90):
        page.keyboard.press("Tab")
        state = page.evaluate(
            """() => {
              const bar = document.querySelector('.savebar').getBoundingClientRect(), focused = document.activeElement;
              const box = (focused.closest('label') || focused).getBoundingClientRect();
              const outside = !focused.closest('.savebar');
              return {covered: outside && box.height > 0 && box.top >= bar.top && box.bottom <= bar.bottom,
                      html: focused.outerHTML.slice(0, 120), last: !!focused.closest('.savebar')};
            }"""
        )
        reached += 1
        if state["covered"]:
            hidden.append(state["html"])
        if state["last"]:
            break
    assert reached > 15, "the keyboard never reached the marks"
    assert not hidden, hidden


def test_larger_spacing_of_text_hides_nothing(visits: Visits) -> None:
    """WCAG 1.4.12: a reader's own spacing makes nothing scroll sideways on a telephone."""
    from tests.browser.axe import too_wide

    page = visits.context("coordinator", viewport={"width": 360, "height": 740}).new_page()
    faults = []
    for address in (
        "/",
        "/deliveries/GTI-NEXT",
        "/deliveries/POC-FULL/selection",
        "/deliveries/GTI-NOW/attendance/4",
    ):
        page.goto(address)
        page.evaluate(
            """() => { const sheet = new CSSStyleSheet();
            sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-bottom: 2em !important; }');
            document.adoptedStyleSheets = [sheet]; }"""
        )
        faults += too_wide(page, address)
    assert not faults, "\n".join(faults)
