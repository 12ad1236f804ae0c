"""The question of consent to someone whom staff want on the roster."""

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
def question(token: str) -> Any:
    """The page behind the link in the letter: what is stored, by whom, why, for how long; one click
    answers."""
    return _question_page(token)


@pages.post("/roster/asked/<token>")
@public
def answer_question(token: str) -> Any:
    """Yes or no, once."""
    answer = {"yes": True, "no": False}.get(request.form.get("given", ""))
    if answer is None:
        raise Invalid("unknown_value", _("This choice is not known. Choose from the list."))
    with transaction():
        counts = services.answer_proposal(token, answer)
    return render_template("roster/asked_thanks.html", answer=answer, counts=counts)


def _question_page(token: str) -> Any:
    proposal = services.find_proposal(token)
    names = (proposal.identity.get(key, "") for key in ("given_name", "family_name"))
    name = " ".join(names).strip()
    profile = services.Profile.unpacked(proposal.values)
    facts = {
        "category": profile.category and word(profile.category),
        "subcategory": profile.subcategory and word(profile.subcategory, Subcategory),
        "rank": profile.rank,
        "organization": profile.organization,
        "expertise": ", ".join(profile.expertise or ()),
        "languages": ", ".join(
            f"{language_name(language.language)} {language.level}"
            for language in profile.languages or ()
        ),
    }
    return render_template(
        "roster/asked.html", name=name, facts=facts, consent=roster_text(), form=Form(formdata=None)
    )
