"""Pages of consents: one's own, and those signed on paper."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _

from core.database import transaction
from core.errors import Invalid
from core.forms import refusals_on
from core.web import (
    current_actor,
    remember_answer,
    requires,
    safe_next,
    see_other,
    signed_in,
    submitted_once,
)
from people import queries, services
from people.forms import PaperForm
from people.models import ConsentPurpose, ConsentWay
from people.permissions import Permission
from people.ports import came_by_link
from people.views.blueprint import pages


@pages.get("/me/consents")
@signed_in
def my_consents() -> Any:
    """Who may find and contact me: all purposes with their exact words, one click each."""
    own = queries.get_own_person(current_actor())
    context = {
        "states": queries.consents_of(own.id),
        "history": queries.history_of(own.id),
        "person": own,
    }
    return render_template("people/my_consents.html", **context)


@pages.post("/me/consents")
@signed_in
def answer_consent() -> Any:
    """Answers one purpose with one click."""
    purpose = request.form.get("purpose")
    is_given = {"yes": True, "no": False}.get(request.form.get("given", ""))
    if purpose not in set(ConsentPurpose) or is_given is None:
        raise Invalid("unknown_value", _("This choice is not known. Choose from the list."))
    actor = current_actor()
    with transaction():
        own = queries.get_own_person(actor)
        row = services.give_consent(actor, own, ConsentPurpose(purpose), is_given, how=_way())
        message = _confirmation(row.given, row.counts)
    flash(message, "ok" if not is_given or row.counts else "warn")
    return see_other(safe_next(request.form.get("next"), url_for("people.my_consents")))


def _way() -> ConsentWay:
    """Signing in by an emailed link proves only access to the mailbox."""
    return ConsentWay.LINK if came_by_link(current_actor()) else ConsentWay.PAGE


def _confirmation(is_given: bool, counts: bool) -> str:
    if not is_given:
        return _("Your answer is saved: no.")
    if counts:
        return _("Your answer is saved: yes. You can withdraw it at any time on your own page.")
    return _(
        "Your yes is saved, but does not count yet: others use your email address as well. Enter "
        "an address of your own on your page and answer again, or sign on paper."
    )


@pages.route("/people/consent-on-paper", methods=["GET", "POST"])
@requires(Permission.CONSENT_RECORD)
@submitted_once
def consent_on_paper() -> Any:
    """Records what someone signed. The person is notified if there is an address."""
    form = PaperForm()
    if form.validate_on_submit():
        with refusals_on(form):
            with transaction():
                person = services.person_on_paper(current_actor(), **form.person())
                services.record_paper_consent(
                    current_actor(),
                    person,
                    ConsentPurpose(form.purpose.data),
                    reference=form.reference.data or "",
                    signed_on=form.signed_on.data,
                    document=form.document.data or "",
                )
                answer = remember_answer(url_for("people.consent_on_paper"))
            flash(
                _(
                    "The consent on paper is recorded. If we have an address, the person is "
                    "notified."
                ),
                "ok",
            )
            return answer
    texts = [state.text for state in queries.consents_of(0)]
    return render_template("people/consent_on_paper.html", form=form, texts=texts), form.status
