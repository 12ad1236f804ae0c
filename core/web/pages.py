"""The frame of every page: navigation, languages, banners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Flask, has_request_context, request

from core import clock, i18n, texts
from core.policy import Actor, can
from core.ports import port
from core.settings import settings_of
from core.web.access import current_actor


@dataclass(frozen=True)
class Link:
    """An entry of the navigation or the footer."""

    label: Any
    url: str

    @property
    def is_current(self) -> bool:
        return request.path == self.url or (
            self.url != "/" and request.path.startswith(self.url + "/")
        )


@port
def navigation(actor: Actor) -> list[Link]:
    """Links for every page, as far as the actor may follow them."""


@port
def footer_links() -> list[Link]:
    """Links to pages about this installation, for the foot of every page."""


@port
def alerts(actor: Actor) -> list[Link]:
    """Problems of this installation, shown on every page to those who can solve them."""


def init_app(app: Flask) -> None:
    app.context_processor(_page_context)
    app.jinja_env.globals["can"] = lambda permission, obj=None: can(
        current_actor(), permission, obj
    )


def _page_context() -> dict[str, Any]:
    if not has_request_context():
        return {}  # a mail written by a job or a command has no page around it
    code = i18n.locale()
    return {
        "actor": current_actor(),
        "locale": code,
        "text_direction": texts.direction(code),
        "languages": [(c, own, _with_language(c)) for c, own in texts.offered().items()],
        "navigation": navigation(current_actor()),
        "footer_links": footer_links(),
        "contact": settings_of().contact_email,
        "alerts": alerts(current_actor()),
        "clock_banner": i18n.instant_words(clock.now()) if clock.is_set() else None,
        "demonstration": settings_of().is_demonstration,
    }


def _with_language(code: str) -> str:
    """This page in another language; the first page if the address accepts only POST."""
    is_page = request.url_rule is None or "GET" in (request.url_rule.methods or ())
    query = (
        request.args.to_dict(flat=False) | {"lang": [code]}
        if request.method == "GET"
        else {"lang": [code]}
    )
    return (request.path if is_page else "/") + "?" + urlencode(query, doseq=True)
