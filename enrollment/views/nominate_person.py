"""Nominates one person or, for coordinators, enrolls one without an organization."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import flash, render_template, url_for
from flask_babel import gettext as _

from core import i18n
from core.database import transaction
from core.forms import refusals_on
from core.policy import Actor, can
from core.web import current_actor, remember_answer, signed_in, submitted_once
from core.words import word
from courses.models import Delivery
from courses.services import touch
from enrollment import services
from enrollment.forms.nomination import PersonForm, offer
from enrollment.models import Enrollment
from enrollment.preview import address_hint, categories, nominee, prospects
from enrollment.queries import get_organization, person_shown, positions
from enrollment.services import Nominee
from enrollment.views.apply import closed_page
from enrollment.views.blueprint import pages
from enrollment.views.check_nominations import nominating
from people.permissions import Permission as P


@pages.route("/deliveries/<code>/nominate/person", methods=["GET", "POST"])
@signed_in
@submitted_once
def nominate_person(code: str) -> Any:
    actor, delivery, organizations = nominating(code)
    if not services.is_open_to(actor, delivery):
        return closed_page(delivery)
    is_free = can(actor, P.ENROLLMENT_CREATE, delivery)
    form = PersonForm(
        categories(delivery), data={"gender": "undisclosed", "language": i18n.locale()}
    )
    offer(
        form.organization_id,
        organizations,
        _("No one: the training centre enters the person") if is_free else None,
    )
    if form.validate_on_submit() and (row := form.row()).is_good:
        with refusals_on(form), transaction():
            candidate = replace(nominee(row), identity=form.who.identity)
            enrollment = _put_forward(actor, delivery.id, int(form.organization_id.data), candidate)
            flash(_confirmation(actor, enrollment), "ok")
            return remember_answer(_list_address(delivery))
    page = render_template(
        "enrollment/nominate_person.html",
        delivery=delivery,
        form=form,
        prospects=prospects(delivery),
    )
    return page, form.status


def _put_forward(
    actor: Actor, delivery_id: int, organization_id: int, candidate: Nominee
) -> Enrollment:
    touch(delivery_id)
    if organization_id:
        organization = get_organization(organization_id)
        return services.nominate(actor, delivery_id, organization, [candidate])[0]
    return services.enter(actor, delivery_id, candidate)


def _confirmation(actor: Actor, enrollment: Enrollment) -> str:
    """The outcome, with a hint; a body sees only what it knows itself."""
    position = positions(enrollment.delivery_id).get(enrollment.id)
    facts = {
        "name": person_shown(actor, enrollment).full_name,
        "status": word(enrollment.status).lower(),
        "position": position,
    }
    message = (
        _("%(name)s is number %(position)s on the waiting list.", **facts)
        if position
        else _("%(name)s: %(status)s.", **facts)
    )
    known = enrollment.person if can(actor, P.PERSON_READ, enrollment) else enrollment.origin
    hint = address_hint(known.email, enrollment.nomination.email) if enrollment.nomination else None
    return f"{message} {hint}" if hint else message


def _list_address(delivery: Delivery) -> str:
    """Where to see the result: the selection for staff, the organization's own list for others."""
    if can(current_actor(), P.ENROLLMENT_READ, delivery):
        return url_for("enrollment.selection", code=delivery.code)
    return url_for("enrollment.nominations", delivery=delivery.code)
