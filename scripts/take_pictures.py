"""Walks through the tutorial (docs/tutorial.md) in a browser and takes its pictures: `make
pictures`.

What the tutorial tells is what happens here, step by step. A page that changed shows in its
picture; a step that no longer works stops the walk."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from core.settings import ROOT
from tests.browser.places import forward, link_in_mail
from tests.browser.server import running_site
from tests.browser.watching import Visits, launch

#: The clock of the tutorial: the announcement, and the day after the course.
ANNOUNCED, OVER = "2027-01-11T09:00:00Z", "2027-03-10T09:00:00Z"
CODE, SESSIONS, SKILL = "POC-2027-03", 5, "protection-of-civilians"
EMAIL = "adwoa.boateng@rostrum.example"
NOMINATIONS = ROOT / "tests" / "enrollment" / "files" / "nominations-canada.csv"
SIZE = {"width": 1000, "height": 640}
#: Enough for our few colours, and small enough to keep.
COLOURS = 48


class Walk:
    """The tutorial's people, each with a browser, and the folder for the pictures."""

    def __init__(self, visits: Visits, folder: Path):
        self.visits = visits
        self.folder = folder
        self.pages: dict[str | None, Page] = {}

    def page(self, role: str | None = None) -> Page:
        if role not in self.pages:
            self.pages[role] = self.visits.context(
                role, viewport=SIZE, reduced_motion="reduce"
            ).new_page()
        return self.pages[role]

    def picture(self, page: Page, name: str, at: Locator | None = None) -> None:
        """What the window shows, from `at` on downwards."""
        box = at.bounding_box() if at else None
        page.evaluate("top => window.scrollTo(0, top)", max(0, box["y"] - 8) if box else 0)
        with Image.open(io.BytesIO(page.screenshot())) as picture:
            few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            few.save(self.folder / f"tutorial-{name}.png", optimize=True)

    # January

    def announce(self) -> None:
        page = self.page("trainer")
        page.goto("/courses/POC/schedule")
        form = page.locator("#delivery")
        form.locator("[name=starts_on-day]").fill("8")
        form.locator("[name=starts_on-month]").select_option("3")
        form.locator("[name=starts_on-year]").fill("2027")
        form.locator("[name=venue]").fill("Clementsport")
        form.locator("[name=country]").select_option("CA")
        form.locator("[name=time_zone]").select_option("America/Halifax")
        form.locator("[name=language]").select_option("en")
        form.locator("[name=code]").fill(CODE)
        form.locator("button[value=draft]").click()
        page.locator("form[action$='/publish'] button").click()
        self.page().goto(f"/deliveries/{CODE}")
        self.picture(self.page(), "announcement")

    def apply(self) -> None:
        page = self.page()
        page.locator(f"a[href='/deliveries/{CODE}/apply']").click()
        form = page.locator("#application")
        form.locator("[name=email]").fill(EMAIL)
        form.locator("[name=given_name]").fill("Adwoa")
        form.locator("[name=family_name]").fill("Boateng")
        form.locator("[name=country]").select_option("GH")
        form.locator("[name=gender][value=female]").check()
        form.locator("[name=category][value=police]").check()
        forward(page)
        form.locator("[name=rank]").fill("Inspector")
        form.locator("[name=organization]").fill("Ghana Police Service")
        forward(page)
        form.locator("[name=consent]").check()
        self.picture(page, "application")
        forward(page)

    def confirm(self) -> None:
        page = self.page()
        page.goto(link_in_mail(self.visits.site, EMAIL, "/sign-in/"))
        page.locator("main form button.button").click()
        page.locator("form[action='/me/consents'] button:not(.secondary)").click()

    def nominate(self) -> None:
        page = self.page("nominator")
        page.goto(f"/deliveries/{CODE}/nominate")
        rows = NOMINATIONS.read_bytes().replace(b"owen.whitefeather@", b"owen.whitefeather-at-")
        page.locator("[name=file]").set_input_files(
            {"name": "people.csv", "mimeType": "text/csv", "buffer": rows}
        )
        page.locator("main form button.button").click()
        row = page.locator("fieldset.correction")
        self.picture(page, "nomination", row)
        row.locator("input[name$=-email]").fill("owen.whitefeather@corrections.example.ca")
        page.locator("#check button[value=check]").click()
        page.locator("#check button[value=nominate]").click()

    # March

    def mark_attendance(self) -> None:
        page = self.page("trainer")
        for number in range(1, SESSIONS + 1):
            page.goto(f"/deliveries/{CODE}/attendance/{number}")
            page.locator("button[name=rest]").click()
            if number == 2:
                page.locator(".mark", has_text="D’Amour").locator("label.absent").click()
                self.picture(page, "attendance")
            page.locator(".savebar button").click()
            page.locator(".notice.ok").wait_for()

    def enter_scores(self) -> None:
        page = self.page("trainer")
        page.goto(f"/deliveries/{CODE}/scores")
        for row in page.locator("main tbody tr").all():
            row.locator("input.short").last.fill("54" if "La Tour" in row.inner_text() else "85")
        page.locator(".savebar button").click()
        page.locator(".notice.ok").wait_for()

    def finish(self) -> None:
        page = self.page("coordinator")
        page.goto(f"/deliveries/{CODE}/finish")
        page.locator("form[action$='/finish'] button.button").click()

    def issue(self) -> None:
        page = self.page("coordinator")
        page.goto(f"/deliveries/{CODE}/certificates")
        page.locator("main form:has([name=enrollments]) button.button").click()
        page.locator("a[href$='/certificates.zip']").wait_for(timeout=300_000)

    def verify(self) -> None:
        """As whoever scans the code of the certificate."""
        statement = (
            "SELECT c.token FROM certificate c JOIN enrollment e ON e.id = c.enrollment_id JOIN "
            "person p ON p.id = e.person_id WHERE p.email = ?"
        )
        ((token,),) = self.visits.site.query(statement, EMAIL)
        page = self.visits.context(viewport=SIZE).new_page()
        page.goto(f"/verify/{token}")
        self.picture(page, "certificate")

    def find(self) -> None:
        page = self.page("roster")
        page.goto("/roster/waiting")
        page.locator("tr", has_text="Boateng").locator("[name=expert]").check()
        page.locator("#main-form button.button").click()
        page.goto(f"/roster?q=Boateng&skill_1={SKILL}&valid_on=2027-04-01")
        page.locator("#results tbody tr", has_text="Boateng").locator("a").first.click()
        self.picture(page, "roster", page.locator("h2", has_text="Skills").first)


def walk(browser: Browser, folder: Path) -> None:
    """From January to March, on a demonstration of its own."""
    january = (Walk.announce, Walk.apply, Walk.confirm, Walk.nominate)
    march = (
        Walk.mark_attendance,
        Walk.enter_scores,
        Walk.finish,
        Walk.issue,
        Walk.verify,
        Walk.find,
    )
    with tempfile.TemporaryDirectory() as home:
        for now, steps in ((ANNOUNCED, january), (OVER, march)):
            with running_site(Path(home), NOW=now) as site:
                people = Walk(Visits(browser, site), folder)
                for step in steps:
                    step(people)
                people.visits.faults.check()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        walk(browser, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots")
