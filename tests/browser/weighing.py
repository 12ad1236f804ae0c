"""What a page costs someone who comes for the first time: every byte of every answer as it
travels, and how many answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext


@dataclass
class Cost:
    """`bytes` counts headers and compressed bodies of all answers."""

    bytes: int = 0
    addresses: list[str] = field(default_factory=list)
    has_script: bool = False

    @property
    def requests(self) -> int:
        return len(self.addresses)


def cold(context: BrowserContext, address: str) -> Cost:
    """Opens the page with an empty cache."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    cost = Cost()
    session.on("Network.responseReceived", lambda event: _note(cost, event["response"]["url"]))
    session.on("Network.loadingFinished", lambda event: _add(cost, event["encodedDataLength"]))
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send(
        "Network.setExtraHTTPHeaders", {"headers": {"Accept-Encoding": "gzip, deflate, br"}}
    )  # as over https
    page.goto(address, wait_until="networkidle")
    cost.has_script = page.locator("script").count() > 0
    page.close()
    return cost


def _note(cost: Cost, address: str) -> None:
    if not address.startswith("data:"):  # the browser's own pictures in its date fields
        cost.addresses.append(address)


def _add(cost: Cost, size: float) -> None:
    cost.bytes += int(size)
