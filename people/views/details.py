"""Pages of a person’s data: one’s own, and anyone’s for administrators."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, url_for
from flask_babel import gettext as _

from core.database import transaction
from core.forms import refusals_on
from core.web import current_actor, requires, see_other, signed_in
from people import queries, services
from people.forms import NameForm, PersonForm
from people.models import Person
from people.permissions import Permission
from people.views.blueprint import pages


def _own() -> Person:
    return queries.get_person(current_actor(), current_actor().person_id or 0)


@pages.route("/me/details", methods=["GET", "POST"])
@signed_in
def my_details() -> Any:
    """Name, country, gender and language."""
    form = NameForm(obj=_own())
    if form.validate_on_submit():
        with refusals_on(form):
            with transaction():
                values = {name: getattr(form, name).data for name in _DETAILS}
                services.change_person(current_actor(), _own(), **values, **form.plain_values())
            flash(_("Your details are saved."), "ok")
            return see_other(url_for("accounts.me", lang=form.language.data))
    return render_template("people/my_details.html", form=form), form.status


_DETAILS = (
    "given_name",
    "family_name",
    "names_confirmed",
    "family_first",
    "name_on_certificate",
    "country",
    "nationalities",
    "gender",
    "language",
)


@pages.route("/administration/people/<int:person_id>/edit", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE)
def edit_person(person_id: int) -> Any:
    """Corrects a person's data."""
    person = queries.get_person(current_actor(), person_id)
    form = PersonForm(obj=person, identifier_issuer=queries.issuer_of(person)[0])
    if form.validate_on_submit():
        facts = {name: field.data for name, field in form._fields.items() if name != "csrf_token"}
        with refusals_on(form):
            with transaction():
                services.change_person(
                    current_actor(), queries.get_person(current_actor(), person_id), **facts
                )
            flash(_("The changes are saved."), "ok")
            return see_other(url_for("accounts.person", person_id=person_id))
    page = render_template(
        "people/edit_person.html", form=form, person=queries.get_person(current_actor(), person_id)
    )
    services.note_reading(current_actor(), person_id)
    return page, form.status
