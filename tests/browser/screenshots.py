"""Pictures of the main pages, to be looked at: `python -m tests.browser.screenshots [FOLDER]`, by
default build/screenshots.

Wide, narrow, dark, in French and without JavaScript; `catalogue-readme.png` is the one for the
README."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from core.settings import ROOT
from tests.browser.places import PARTS, made_addresses
from tests.browser.server import running_site
from tests.browser.watching import Visits, launch

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
#: name → who, where
PAGES = {
    "catalogue": (None, "/"),
    "delivery": (None, "/deliveries/GTI-NEXT"),
    "delivery-full": (None, "/deliveries/POC-FULL"),
    "delivery-cancelled": (None, "/deliveries/POC-CANCELLED"),
    "course": (None, "/courses/GTI"),
    "courses": (None, "/courses"),
    "apply": (None, "/deliveries/GTI-NEXT/apply"),
    "application-sent": (None, "{application_sent}"),
    "sign-in": (None, "/sign-in"),
    "verify-valid": (None, "/verify/{valid_token}"),
    "verify-revoked": (None, "/verify/{revoked_token}"),
    "verify-form": (None, "/verify"),
    "help": (None, "/help"),
    "not-found": (None, "/nothing-here"),
    "api": (None, "/api/v1/docs"),
    "me": ("participant", "/me"),
    "my-certificates": ("participant", "/me/certificates"),
    "my-profile": ("participant", "/me/profile"),
    "messages": ("participant", "/mail"),
    "message": ("participant", "/mail/{letter}"),
    "me-trainer": ("trainer", "/me"),
    "course-form": ("trainer", "/courses/new"),
    "schedule": ("trainer", "/courses/GTI/schedule"),
    "attendance": ("trainer", "/deliveries/GTI-NOW/attendance/4"),
    "scores": ("trainer", "/deliveries/GTI-NOW/scores"),
    "nominate": ("nominator", "/deliveries/GTI-NEXT/nominate"),
    "nominations": ("nominator", "/nominations"),
    "me-coordinator": ("coordinator", "/me"),
    "deliveries": ("coordinator", "/deliveries"),
    "delivery-staff": ("coordinator", "/deliveries/GTI-NEXT"),
    "selection": ("coordinator", "/deliveries/POC-FULL/selection"),
    "selection-requests": ("coordinator", "/deliveries/GAD-SELECT/selection"),
    "finish": ("coordinator", "/deliveries/GTI-NOW/finish"),
    "enrollment": ("coordinator", "/enrollments/{not_completed_in_gti_first}"),
    "sheet": ("coordinator", "/deliveries/GTI-NOW/sheet"),
    "issue": ("coordinator", "/deliveries/POC-RECENT/certificates"),
    "issued": ("coordinator", "/deliveries/GTI-FIRST/certificates"),
    "job": ("coordinator", "/jobs/{job}"),
    "certificate": ("coordinator", "/certificates/{certificate}"),
    "register": ("coordinator", "/certificates"),
    "revoke": ("coordinator", "/certificates/{certificate}/revoke"),
    "roster": ("roster", "/roster"),
    "roster-nobody": ("roster", "/roster?q=nobody"),
    "expert": ("roster", "/roster/{expert}"),
    "expert-edit": ("roster", "/roster/{expert}/edit"),
    "administration": ("administrator", "/administration"),
    "people": ("administrator", "/administration/people"),
    "person": ("administrator", "/administration/people/{trainer}"),
    "audit": ("administrator", "/administration/audit"),
    "jobs": ("administrator", "/administration/jobs"),
}
DARK = (
    "catalogue",
    "delivery",
    "apply",
    "verify-valid",
    "verify-revoked",
    "attendance",
    "roster",
    "selection",
    "issue",
    "sign-in",
    "me",
)
FRENCH = (
    "catalogue",
    "delivery",
    "apply",
    "verify-valid",
    "attendance",
    "roster",
    "issue",
    "sign-in",
    "finish",
    "course-form",
)
PLAIN = ("attendance", "roster", "issue", "catalogue")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        running_site(Path(home)) as site,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        visits = Visits(browser, site)
        addresses = made_addresses(visits)
        visits.faults.expected.add(404)
        known = addresses | {name: str(site.value(statement)) for name, statement in PARTS.items()}
        _series(visits, folder, known, PAGES, "wide", viewport=WIDE)
        _series(visits, folder, known, PAGES, "phone", viewport=PHONE, device_scale_factor=2)
        _series(visits, folder, known, DARK, "dark", viewport=WIDE, color_scheme="dark")
        _series(visits, folder, known, FRENCH, "french", viewport=WIDE, language="fr")
        _series(visits, folder, known, PLAIN, "plain", viewport=PHONE, java_script_enabled=False)
        _refused(visits, folder)
        _nominations(visits, folder)
        page = visits.context(viewport=WIDE, reduced_motion="reduce").new_page()
        page.goto("/")
        page.screenshot(path=folder / "catalogue-readme.png")
        visits.faults.check()
        browser.close()


def _series(
    visits: Visits,
    folder: Path,
    known: dict[str, str],
    names: Iterable[str],
    suffix: str,
    **options: Any,
) -> None:
    contexts = {}
    for name in names:
        role, address = PAGES[name]
        if role not in contexts:
            contexts[role] = visits.context(role, reduced_motion="reduce", **options).new_page()
        contexts[role].goto(address.format(**known))
        contexts[role].screenshot(path=folder / f"{name}-{suffix}.png", full_page=True)
    for page in contexts.values():
        page.context.close()


def _refused(visits: Visits, folder: Path) -> None:
    """The application with everything missing."""
    page = visits.context(viewport=PHONE, device_scale_factor=2, reduced_motion="reduce").new_page()
    with visits.faults.expecting(422):
        page.goto("/deliveries/GTI-NEXT/apply")
        page.locator("#application button.button").click()
        page.locator("#errors").wait_for()
        page.screenshot(path=folder / "apply-refused-phone.png", full_page=True)


def _nominations(visits: Visits, folder: Path) -> None:
    """A file with a row to fix."""
    page = visits.context("nominator", viewport=WIDE, reduced_motion="reduce").new_page()
    rows = (
        (ROOT / "tests" / "enrollment" / "files" / "nominations-canada.csv")
        .read_bytes()
        .replace(b"owen.whitefeather@", b"owen-")
    )
    page.goto("/deliveries/GTI-NEXT/nominate")
    page.locator("[name=file]").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": rows}
    )
    page.locator("main form button.button").click()
    page.screenshot(path=folder / "nominations-check-wide.png", full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "screenshots")
