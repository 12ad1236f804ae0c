"""The question to someone whom staff want on the roster."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from core.database import transaction
from core.errors import Invalid
from core.forms import Form
from core.i18n import language_name
from core.web import public
from core.words import word
from people.personnel import Subcategory
from people.queries import roster_text
from roster import services
from roster.views.blueprint import pages


@pages.get("/roster/asked/<token>")
@public
def asked(token: str) -> Any:
    """The page behind the link in the letter: what is kept, from whom, why, for how long; one
    click answers."""
    return _asked_page(token)


@pages.post("/roster/asked/<token>")
@public
def answer_asked(token: str) -> Any:
    """Yes or no, once."""
    given = {"yes": True, "no": False}.get(request.form.get("given", ""))
    if given is None:
        raise Invalid("unknown_value", _("This choice is not known. Choose from the list."))
    with transaction():
        counts = services.answer_proposal(token, given)
    return render_template("roster/asked_thanks.html", given=given, counts=counts)


def _asked_page(token: str) -> Any:
    found = services.find_proposal(token)
    name = f"{found.identity.get('given_name', '')} {found.identity.get('family_name', '')}".strip()
    profile = services.Profile.unpacked(found.values)
    facts = {
        "category": profile.category and word(profile.category),
        "subcategory": profile.subcategory and word(profile.subcategory, Subcategory),
        "rank": profile.rank,
        "organization": profile.organization,
        "expertise": ", ".join(profile.expertise or ()),
        "languages": ", ".join(
            f"{language_name(one.language)} {one.level}" for one in profile.languages or ()
        ),
    }
    return render_template(
        "roster/asked.html", name=name, facts=facts, consent=roster_text(), form=Form(formdata=None)
    )
