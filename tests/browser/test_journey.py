"""The whole first journey through the pages, as its people walk it: once with JavaScript, once
without. From a new course to a skill on the roster, and to the day the certificate is revoked."""

from __future__ import annotations

import io
import re
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from tests.browser.places import forward, link_in_mail
from tests.browser.watching import Visits

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

FILE = Path(__file__).parent.parent / "enrollment" / "files" / "nominations-canada.csv"
SESSIONS = 12
PHONE = {"width": 360, "height": 740}


class Journey:
    """One run. Every person has a browser of their own; what one of them made is kept for the
    next."""

    def __init__(self, visits: Visits, *, javascript: bool, language: str):
        self.visits = visits
        self.site = visits.site
        self.has_javascript = javascript
        self.language = language
        self.mark = "JS" if javascript else "PLAIN"
        self.course = f"WALK-{self.mark}"
        self.code = f"WALK-{self.mark}-1"
        self.skill = f"walking-{self.mark.lower()}"
        self.email = f"walker-{self.mark.lower()}@rostrum.example"
        self.starts_on = datetime.now(UTC).date() + timedelta(days=40)
        self.people: dict = {}

    def page(self, role: str | None = None, **options: Any) -> Any:
        """The page of this person; the same one each time."""
        if role not in self.people or options:
            context = self.visits.context(
                role,
                language=self.language,
                java_script_enabled=self.has_javascript,
                reduced_motion="reduce",
                **options,
            )
            self.people[role] = context.new_page()
        return self.people[role]

    # The trainer prepares

    def make_course(self) -> None:
        page = self.page("trainer")
        page.goto("/courses")
        page.locator("main a[href='/courses/new']").click()
        form = page.locator("#course")
        form.locator("[name=code]").fill(self.course)
        form.locator("[name=title-en]").fill("Walking the whole way")
        form.locator("[name=title-fr]").fill("Faire tout le chemin")
        assert form.locator("[name^=sessions-][name$=-start]").count() == SESSIONS
        for number in range(SESSIONS):
            form.locator(f"[name=sessions-{number}-title-en]").fill(f"Step {number + 1}")
            form.locator(f"[name=sessions-{number}-title-fr]").fill(f"Étape {number + 1}")
        form.locator("[name=objectives-0-text-en]").fill("Walk from the classroom to the mission.")
        form.locator("[name=objectives-0-text-fr]").fill(
            "Aller de la salle de classe à la mission."
        )
        form.locator("[name=grants-0-skill]").fill(self.skill)
        form.locator("[name=grants-0-title-en]").fill(f"Walking ({self.mark})")
        form.locator("[name=grants-0-title-fr]").fill(f"Marche ({self.mark})")
        # A row more and one less: buttons of the form itself, nothing typed is lost.
        form.locator("button[value=add-grants]").click()
        assert page.locator("[name=title-en]").input_value() == "Walking the whole way"
        page.locator("button[value=remove-grants-1]").click()
        page.locator("#course button.button[value=save]").click()
        assert page.url.endswith(f"/courses/{self.course}"), page.locator("main").inner_text()[:600]

    def schedule(self) -> None:
        page = self.page("trainer")
        page.locator("main a[href$='/schedule']").click()
        form = page.locator("#delivery")
        assert form.locator("[name=places]").input_value() == "25", (
            "the form is filled in from the course"
        )
        self.fill_day(form, "starts_on", self.starts_on)
        form.locator("[name=venue]").fill("Clementsport")
        form.locator("[name=country]").select_option("CA")
        form.locator("[name=time_zone]").select_option("America/Halifax")
        form.locator("[name=language]").select_option("en")
        form.locator("[name=code]").fill(self.code)
        form.locator("button[value=draft]").click()
        assert page.url.endswith(f"/deliveries/{self.code}"), page.locator("main").inner_text()[
            :600
        ]
        self.page(None).goto("/")
        assert self.code not in self.page(None).content(), "a draft is not announced"
        page.locator("form[action$='/publish'] button").click()
        self.page(None).goto("/")
        assert self.page(None).locator(f"a[href='/deliveries/{self.code}']").count() == 1

    @staticmethod
    def fill_day(form: Any, name: str, day: date) -> None:
        form.locator(f"[name={name}-day]").fill(str(day.day))
        form.locator(f"[name={name}-month]").select_option(str(day.month))
        form.locator(f"[name={name}-year]").fill(str(day.year))

    # People come

    def apply(self) -> None:
        """Three screens, no password; the mailed link is the sign-in."""
        page = self.page(None)
        page.locator(f"a[href='/deliveries/{self.code}']").click()
        page.locator(f"a[href='/deliveries/{self.code}/apply']").click()
        form = page.locator("#application")
        form.locator("[name=email]").fill(self.email)
        form.locator("[name=given_name]").fill("Nguyễn Thị")
        form.locator("[name=family_name]").fill(f"Đặng-{self.mark}")
        form.locator("[name=country]").select_option("VN")
        form.locator("[name=gender][value=female]").check()
        form.locator("[name=category][value=police]").check()
        forward(page)
        form.locator("[name=rank]").fill("Inspector")
        form.locator("[name=organization]").fill("Công an")
        forward(page)
        assert "Đặng" in form.inner_text()
        form.locator("[name=consent]").check()
        forward(page)
        assert "/applications/" in page.url, page.locator("main").inner_text()[:600]
        assert self.email not in page.content(), (
            "the whole address is not repeated to whoever sits there"
        )

    def sign_in_by_mail(self) -> None:
        """The demonstration shows its mail to its people: no server takes it."""
        reader = self.page("nominator")
        reader.goto("/mail")
        row = reader.locator("tr", has_text=self.email).first
        row.locator("a").first.click()
        letter = reader.locator("pre.letter").inner_text()
        path = link_in_mail(self.site, self.email, "/sign-in/")
        assert path in letter
        page = self.page(None)
        page.goto(path)
        page.locator("main form button.button").click()
        assert "/enrollments/" in page.url, page.url
        page.locator(
            "form[action='/me/consents'] button:not(.secondary)"
        ).click()  # yes, roster staff may find me
        assert "/enrollments/" in page.url, page.url
        assert "Faire tout le chemin" in page.content() or "Walking the whole way" in page.content()

    def nominate(self) -> None:
        """A file with one bad row: seen, corrected in place, and only then saved."""
        rows = (
            FILE.read_bytes()
            .replace(b"CA-00", f"{self.mark}-".encode())
            .replace(b".example.ca", f".{self.mark.lower()}.example".encode())
        )
        spoiled = rows.replace(b"owen.whitefeather@", b"owen.whitefeather-at-")
        page = self.page("nominator")
        page.goto(f"/deliveries/{self.code}")
        page.locator("a[href$='/nominate']").click()
        page.locator("[name=file]").set_input_files(
            {"name": "people.csv", "mimeType": "text/csv", "buffer": spoiled}
        )
        page.locator("main form button.button").click()
        assert page.url.endswith("/nominate")
        bad = page.locator("fieldset.correction")
        assert bad.count() == 1
        count = self.site.value(
            "SELECT count(*) FROM nomination n JOIN enrollment e ON e.id = n.enrollment_id JOIN "
            "delivery d ON d.id = e.delivery_id WHERE d.code = ?",
            self.code,
        )
        assert count == 0, "nothing is saved before the preview is confirmed"
        bad.locator("input[name$=-email]").fill(
            f"owen.whitefeather@corrections.{self.mark.lower()}.example"
        )
        page.locator("#check button[value=check]").click()
        assert page.locator("fieldset.correction").count() == 0
        page.locator("#check button[value=nominate]").click()
        assert "/nominations" in page.url, page.locator("main").inner_text()[:600]
        assert "Whitefeather" in page.content()

    # The course runs

    def let_it_happen(self) -> None:
        """Six weeks pass: what is on record of the delivery moves into the past, because a
        running server keeps its clock."""
        self.starts_on -= timedelta(days=44)
        for statement in (
            "UPDATE delivery_session SET starts_at = datetime(starts_at, '-44 days') || '.000000', "
            "ends_at = datetime(ends_at, '-44 days') || '.000000' WHERE delivery_id = (SELECT id "
            "FROM delivery WHERE code = ?)",
            "UPDATE delivery SET starts_on = date(starts_on, '-44 days'), ends_on = date(ends_on, "
            "'-44 days'), closes_on = date(closes_on, '-44 days') WHERE code = ?",
        ):
            self.site.write(statement, self.code)

    def mark_attendance(self) -> None:
        """Every session at telephone width: all present, the exceptions by hand, saved."""
        page = self.page("trainer", viewport=PHONE, has_touch=True)
        page.goto(f"/deliveries/{self.code}/attendance")
        for number in range(1, SESSIONS + 1):
            page.goto(f"/deliveries/{self.code}/attendance/{number}")
            form = page.locator("form.attendance")
            form.locator("button[name=rest]").click()
            assert form.locator("input[value=present]:checked").count() == 11
            if number == 2:
                page.locator(".mark", has_text="Whitefeather").locator("label.absent").click()
            if number == 3:
                late = page.locator(".mark", has_text="Đặng")
                late.locator("label.late").click()
                late.locator(".minutes input").fill("90")
            page.locator(".savebar button").click()
            page.locator(".notice.ok").wait_for()
        assert (
            self.site.value(
                "SELECT count(*) FROM mark m JOIN enrollment e ON e.id = m.enrollment_id JOIN "
                "delivery d ON d.id = e.delivery_id WHERE d.code = ?",
                self.code,
            )
            == 11 * SESSIONS
        )

    def enter_scores(self) -> None:
        page = self.page("trainer")
        page.goto(f"/deliveries/{self.code}/scores")
        fields = page.locator("main tbody tr")
        assert fields.count() == 11
        for number in range(fields.count()):
            row = fields.nth(number)
            row.locator("input.short").last.fill(
                "64"
                if "La Tour" in row.inner_text()
                else "85,5"
                if self.language == "fr"
                else "85.5"
            )
        page.locator(".savebar button").click()
        page.locator(".notice.ok").wait_for()

    # Certificates

    def finish(self) -> None:
        page = self.page("coordinator")
        page.goto(f"/deliveries/{self.code}")
        page.locator("a[href$='/finish']").first.click()
        text = page.locator("main").inner_text()
        assert "64" in text and re.search(r"990\D+1.080", text), text
        page.locator("form[action$='/finish'] button.button").click()
        page.locator("main a[href$='/certificates']").first.click()
        assert page.url.endswith(f"/deliveries/{self.code}/certificates")

    def issue(self) -> None:
        page = self.page("coordinator")
        names = page.locator("main input[name^=name-]")
        assert names.count() == 9
        printed = [names.nth(number).input_value() for number in range(9)]
        assert "李文娟 (Li Wenjuan)" in printed and "محمد بن عبد الرحمن" in printed
        names.nth(printed.index("Zoë Lefèvre-Nguyễn")).fill("Zoë A. Lefèvre-Nguyễn")
        page.locator("main form:has([name=enrollments]) button.button").click()
        page.wait_for_url("**/jobs/*")
        self.see_progress_to_the_end(page)
        page.goto(f"/deliveries/{self.code}/certificates")
        assert page.locator("a[href^='/certificates/RST-']").count() == 9
        assert "Zoë A. Lefèvre-Nguyễn" in page.content()

    def see_progress_to_the_end(self, page: Any) -> None:
        """With a script the page follows the job by itself; without one, its link asks again."""
        if self.has_javascript:
            page.locator("a[href$='/certificates.zip']").wait_for(timeout=90_000)
        ends = time.monotonic() + 90
        while not page.locator("a[href$='/certificates.zip']").count():
            assert time.monotonic() < ends, page.locator("main").inner_text()
            time.sleep(1)
            page.locator(".progress a").click()
        bar = page.locator("progress")
        assert bar.get_attribute("value") == bar.get_attribute("max") == "9"

    def download(self) -> None:
        """The participant fetches the certificate."""
        page = self.page(None)
        page.goto("/me/certificates")
        self.number = re.search(r"RST-\d{4}-\d{6}-\w", page.content()).group(0)
        with page.expect_download() as started:
            page.locator(f"main a[href='/certificates/{self.number}.pdf']").click()
        content = Path(started.value.path()).read_bytes()
        document = PdfReader(io.BytesIO(content))
        assert len(document.pages) == 1
        text = document.pages[0].extract_text()
        assert (
            self.number in text
            and "Walking the whole way" in text
            and "Faire tout le chemin" in text
        )
        self.address = str(
            page.locator("main a[href*='/verify/']").first.get_attribute("href")
        ).removeprefix(self.site.url)

    def verify(self, status: str) -> None:
        """A stranger opens the address in the QR code: no script, under 12 kB, all facts."""
        from tests.browser.weighing import cold

        stranger = self.visits.context(
            language=self.language, java_script_enabled=self.has_javascript
        )
        cost = cold(stranger, self.address)
        assert cost.bytes < 12_000 and not cost.has_script, cost
        page = stranger.new_page()
        page.goto(self.address)
        assert (
            page.locator("section.seal").get_attribute("class")
            == f"seal {'ok' if status == 'valid' else 'bad'}"
        )
        text = page.locator("main").inner_text()
        assert self.number in text and "Đặng" in text
        stranger.close()

    # The roster

    def admit(self) -> None:
        """The person said yes when applying, and proved a skill: roster staff decide."""
        page = self.page("roster")
        page.goto("/roster/waiting")
        page.locator("tr", has_text="Đặng").locator("[name=expert]").check()
        page.locator("#main-form button.button").click()
        assert page.url.endswith("/roster/waiting")

    def find_expert(self) -> int:
        """By the new skill, on a day on which it is valid; how many are found."""
        page = self.page("roster")
        page.goto("/roster")
        page.locator("[name=skill_1]").select_option(self.skill)
        page.locator("[name=valid_on]").fill((self.starts_on + timedelta(days=10)).isoformat())
        if self.has_javascript:
            page.wait_for_url(f"**skill_1={self.skill}*")
            page.wait_for_function("!document.querySelector('#results').hasAttribute('aria-busy')")
        else:
            page.locator("form.filters button").click()
        return page.locator("#results tbody tr", has_text="Đặng").count()

    def see_expert(self) -> None:
        page = self.page("roster")
        page.locator("#results tbody tr", has_text="Đặng").locator("a").first.click()
        assert self.number in page.locator("main").inner_text()

    def revoke(self) -> None:
        page = self.page("coordinator")
        page.goto(f"/certificates/{self.number}")
        page.locator("a[href$='/revoke']").click()
        page.locator("[name=reason_code]").first.check()
        page.locator("[name=note]").fill("The journey's end.")
        page.locator("main form button.button").click()
        assert page.url.endswith(f"/certificates/{self.number}"), page.locator("main").inner_text()[
            :400
        ]

    def check_data(self) -> None:
        for words in (("roster", "rebuild", "--check"), ("check",), ("audit", "verify")):
            done = self.site.command(*words)
            assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    ("javascript", "language"),
    [
        pytest.param(True, "en", id="javascript"),
        pytest.param(False, "fr", id="plain", marks=pytest.mark.long),
    ],
)
def test_the_whole_journey(visits: Visits, javascript: bool, language: str) -> None:
    journey = Journey(visits, javascript=javascript, language=language)
    journey.make_course()
    journey.schedule()
    journey.apply()
    journey.sign_in_by_mail()
    journey.nominate()
    journey.let_it_happen()
    journey.mark_attendance()
    journey.enter_scores()
    journey.finish()
    journey.issue()
    journey.download()
    journey.verify("valid")
    assert journey.find_expert() == 0, "a decision of the roster office comes first"
    journey.admit()
    assert journey.find_expert() == 1
    journey.see_expert()
    journey.revoke()
    journey.verify("revoked")
    assert journey.find_expert() == 0
    journey.check_data()
