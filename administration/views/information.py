"""Pages for everyone: help, accessibility, privacy."""

from __future__ import annotations

from typing import Any

from flask import render_template

from administration.fields import PERSONAL
from administration.views.blueprint import pages
from core.i18n import text
from core.settings import settings_of
from core.web import public


@pages.get("/help")
@public
def help_page() -> Any:
    """What each role does here, and how."""
    return render_template("administration/help.html")


@pages.get("/accessibility")
@public
def accessibility() -> Any:
    """How accessible the application is, and whom to tell about problems."""
    return render_template("administration/accessibility.html", issuer=text(settings_of().issuer))


@pages.get("/privacy")
@public
def privacy() -> Any:
    """All personal data: why, who can see it, for how long."""
    return render_template(
        "administration/privacy.html", personal=PERSONAL, issuer=text(settings_of().issuer)
    )
