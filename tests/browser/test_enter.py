"""Enter in a form does what its main button does, on every form of every page that people can
type into."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.places import samples
from tests.browser.watching import Visits

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ROLES = (None, "participant", "nominator", "trainer", "coordinator", "roster", "administrator")
#: Fields in which people can press Enter, of any type: all except those that people do not type in.
TYPED_INTO = "input:not([type=hidden], [type=checkbox], [type=radio], [type=file], [hidden])"

#: What the button that the browser chose does, and what the form's main button does: its first one
#: that is not secondary, else its first. Nothing is sent.
LISTEN = """() => {
  window.sent = null;
  const does = b => b && [b.name, b.value, b.getAttribute('formaction'), b.type];
  document.addEventListener('submit', event => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const seen = [...event.target.elements].filter(e => e.localName === 'button' && e.type === 'submit' && e.matches('.button'));
    const main = seen.find(b => !b.matches('.secondary')) || seen[0];
    window.sent = { chosen: does(event.submitter), main: does(main) };
  }, true);
}"""


#: Puts the focus into the form's first field that takes it (minutes only show beside "late").
FOCUS = f"""form => {{
  const late = form.querySelector('[type=radio][value=late]');
  if (late) late.click();
  for (const field of form.querySelectorAll('{TYPED_INTO}')) {{
    field.focus();
    if (document.activeElement === field) return;
  }}
}}"""


def presses(page: Any, where: str) -> list[str]:
    """What is wrong with the Enter key on the page as it stands."""
    page.evaluate(LISTEN)
    faults = []
    for number in range(page.locator("main form").count()):
        fields = page.locator("main form").nth(number).locator(TYPED_INTO)
        if not fields.count():
            continue
        page.locator("main form").nth(number).evaluate(FOCUS)
        page.evaluate("window.sent = null")
        page.keyboard.press("Enter")
        sent = page.evaluate("window.sent")
        if not sent or not sent["main"] or sent["chosen"] != sent["main"]:
            faults.append(f"{where}, form {number}: {sent}")
    return faults


@pytest.mark.parametrize(
    "role",
    [
        role if role in (None, "coordinator") else pytest.param(role, marks=pytest.mark.long)
        for role in ROLES
    ],
)
def test_enter_does_what_the_main_button_does(
    visits: Visits, created: dict[str, str], role: str | None
) -> None:
    page = visits.context(role).new_page()
    faults: list[str] = []
    for sample in samples(visits.site, created):
        if sample.role == role:
            page.goto(sample.address)
            faults += presses(page, sample.address)
    assert not faults, "\n".join(faults)


def test_a_button_before_the_main_one_is_caught(visits: Visits) -> None:
    page = visits.context().new_page()
    page.goto("/sign-in")
    page.locator("#main-form").evaluate(
        "form => form.insertAdjacentHTML('beforebegin', '<button form=main-form name=redisplay "
        "value=1></button>')"
    )
    page.evaluate("document.querySelectorAll('button.vh[form]').forEach(b => b.remove())")
    assert presses(page, "sign-in") != []


def test_a_form_of_numbers_is_looked_at_too(visits: Visits) -> None:
    page = visits.context().new_page()
    page.goto("/sign-in")
    page.locator("main").evaluate(
        """main => main.insertAdjacentHTML('beforeend', '<form action="/"><input type="number" name="n">' +
        '<button name="redisplay"></button><button class="button">Save</button></form>')"""
    )
    assert len(presses(page, "sign-in")) == 1


def test_changing_the_language_keeps_what_was_typed_with_a_script_too(visits: Visits) -> None:
    """A form, and filters that were applied while they changed."""
    page = visits.context("trainer").new_page()
    page.goto("/courses/new")
    page.locator("[name=title-en]").fill("Typed, not saved")
    page.get_by_role("button", name="Français").click()
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.locator("[name=title-en]").input_value() == "Typed, not saved"
    page = visits.context("roster").new_page()
    page.goto("/roster")
    with page.expect_response("**/roster?**"):
        page.locator("[name=q]").fill("ama")
    page.get_by_role("button", name="Français").click()
    page.wait_for_url("**lang=fr**")
    assert page.locator("[name=q]").input_value() == "ama"


def test_enter_on_a_telephone(visits: Visits) -> None:
    """The menu that holds the other language is folded up there."""
    page = visits.context("trainer", viewport={"width": 360, "height": 740}).new_page()
    page.goto("/courses/new")
    assert presses(page, "the form of a course") == []
