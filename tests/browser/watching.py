"""Browser contexts whose every page is watched: what a visitor's console would complain about
fails the test."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    Response,
)

from demonstration.people import SIGN_INS
from tests.browser.server import Site

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
ROLES = tuple(dict.fromkeys(str(sign_in.role) for sign_in in SIGN_INS))


def chromium_path() -> str | None:
    return next(
        (
            path
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (path := shutil.which(name))
        ),
        None,
    )


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))


class Faults(list[str]):
    """What went wrong in the pages of some contexts, in words. Statuses of `expected` answers (a
    404 page that a test asks for) are no faults; Chromium reports those in the console too."""

    def __init__(self) -> None:
        super().__init__()
        self.expected: set[int] = set()

    def check(self) -> None:
        faults = list(self)
        self.clear()
        assert not faults, "\n".join(faults)

    @contextmanager
    def expecting(self, *statuses: int) -> Iterator[None]:
        before = self.expected
        self.expected = before | set(statuses)
        try:
            yield
        finally:
            self.expected = before


class Visits:
    """Makes contexts on one site; all their pages report to `faults`."""

    def __init__(self, browser: Browser, site: Site):
        self.browser = browser
        self.site = site
        self.faults = Faults()
        self.states: dict[str, Any] = {}

    def context(
        self, role: str | None = None, *, language: str = "en", **options: Any
    ) -> BrowserContext:
        """A context of a visitor, signed in through the demonstration's button when a role is
        given."""
        if role is not None:
            options["storage_state"] = self._signed_in(role)
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context_ = self.browser.new_context(
            base_url=self.site.url, locale=language, service_workers="block", **options
        )
        context_.add_cookies([{"name": "lang", "value": language, "url": self.site.url}])
        context_.set_default_timeout(15_000)
        self.watch(context_)
        return context_

    def watch(self, context: BrowserContext) -> None:
        context.on("page", self._watch_page)

    def _watch_page(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: script error: {error}"))
        page.on("request", self._on_request)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        status = re.search(r"responded with a status of (\d+)", message.text)
        if status and int(status.group(1)) in self.faults.expected:
            return
        self.faults.append(f"{message.location.get('url')}: console {message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if (
            address.scheme in ("http", "https", "ws", "wss")
            and address.netloc != urlsplit(self.site.url).netloc
        ):
            self.faults.append(f"{request.frame.url}: a request to another host: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure == "net::ERR_ABORTED":
            return  # a download, or a search that a later one overtook
        self.faults.append(f"{request.url}: failed: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.faults.expected:
            self.faults.append(f"{response.url}: answered {response.status}")

    def _signed_in(self, role: str) -> Any:
        """Cookies of a session opened once for each role, by its button on the sign-in page."""
        if role not in self.states:
            context = self.browser.new_context(base_url=self.site.url, java_script_enabled=False)
            self.watch(context)
            page = context.new_page()
            sign_in_as(page, role)
            state = context.storage_state()
            state["cookies"] = [cookie for cookie in state["cookies"] if cookie["name"] != "lang"]
            self.states[role] = state
            context.close()
        return self.states[role]


def sign_in_as(page: Page, role: str) -> None:
    """Presses the button of this role in the demonstration's table."""
    page.goto("/sign-in")
    row = page.locator("tr", has_text=f"{role}@")
    row.locator("form button").click()
    assert "/sign-in" not in page.url, page.url
