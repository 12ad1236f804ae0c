"""Admission of people who consented."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from core import counting
from core.database import transaction
from core.errors import Invalid
from core.forms import parse_int, refusals_on
from core.i18n import number, text
from core.web import current_actor, requires, see_other
from core.words import word
from people.permissions import Permission
from people.queries import body_name, offices_to_choose
from roster import queries, services
from roster.forms import AdmissionForm
from roster.views.blueprint import pages

P = Permission

PER_WAITING_PAGE = 50


@pages.route("/roster/waiting", methods=["GET", "POST"])
@requires(P.EXPERT_ADMIT)
def waiting() -> Any:
    """People who consented and wait; admits one or several at once."""
    actor = current_actor()
    form = admission_form()
    office = form.office.data if form.office else None
    chosen = [
        number for text in request.form.getlist("expert") if (number := parse_int(text)) is not None
    ]
    if form.validate_on_submit():
        with refusals_on(form):
            if not chosen:
                raise Invalid("nobody_chosen", _("Choose at least one person."))
            with transaction():
                count = services.admit_several(
                    actor, chosen[:PER_WAITING_PAGE], form.fields(), office=office
                )
            say_admitted(count)
            return see_other(url_for("roster.waiting"))
    experts = queries.waiting(actor, after=request.args.get("after"), limit=PER_WAITING_PAGE)
    rows = [_waiting_row(expert) for expert in experts.items]
    context = {
        "form": form,
        "rows": rows,
        "next": experts.next,
        "chosen": chosen,
        "number_waiting": _number_waiting(queries.count_waiting(actor)),
    }
    return render_template("roster/waiting.html", **context), form.status


def _number_waiting(count: int) -> str:
    if not counting.is_exact(count):
        return _("More than %(count)s people are waiting.", count=number(counting.MOST_COUNTED))
    return ngettext("%(num)s person is waiting.", "%(num)s people are waiting.", count)


def _waiting_row(waiting: queries.Waiting) -> dict[str, Any]:
    skills = [
        (
            text(row.skill.title),
            word(row.level),
            row,
            status,
            text(row.certificate.payload["course_title"]),
        )
        for row, status in waiting.skills
    ]
    address = url_for("roster.expert", expert_id=waiting.expert.id)
    return {
        "expert": waiting.expert,
        "person": waiting.expert.person,
        "skills": skills,
        "consent": waiting.consent,
        "url": address,
    }


def admission_form() -> AdmissionForm:
    return AdmissionForm(
        [(office.code, body_name(office)) for office in offices_to_choose(current_actor())]
    )


def say_admitted(count: int) -> None:
    flash(
        ngettext(
            "%(num)s person admitted to the roster.",
            "%(num)s people admitted to the roster.",
            count,
        ),
        "ok",
    )
