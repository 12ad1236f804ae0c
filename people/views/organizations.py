"""Pages of organizations."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, render_template, request, url_for
from flask_babel import gettext as _

from core.database import transaction
from core.errors import NotFound
from core.forms import refusals_on
from core.web import current_actor, remember_answer, requires, see_other, submitted_once
from people import queries, services
from people.forms import OrganizationChangeForm, OrganizationForm
from people.models import Organization
from people.permissions import Permission
from people.views.blueprint import pages


@pages.get("/administration/organizations")
@requires(Permission.ORGANIZATION_MANAGE)
def organizations() -> Any:
    """Organizations by name, with their kinds."""
    actor, words = current_actor(), request.args.get("q", "").strip()
    page = queries.list_organizations(actor, words=words, after=request.args.get("after"))
    changeable = {
        organization.id
        for organization in page.items
        if queries.may_change(actor, organization.kinds)
    }
    return render_template(
        "people/organizations.html",
        organizations=page,
        words=words,
        changeable=changeable,
        manages_all=actor.can(Permission.BODY_MANAGE),
    )


@pages.route("/administration/organizations/new", methods=["GET", "POST"])
@requires(Permission.ORGANIZATION_MANAGE)
@submitted_once
def new_organization() -> Any:
    """Creates an organization."""
    form = OrganizationForm(manages_all=current_actor().can(Permission.BODY_MANAGE))
    if form.validate_on_submit():
        with refusals_on(form):
            with transaction():
                services.create_organization(
                    current_actor(), code=form.code.data or "", **form.facts()
                )
                answer = remember_answer(url_for("people.organizations"))
            flash(_("The organization is recorded."), "ok")
            return answer
    return render_template("people/organization.html", form=form, organization=None), form.status


@pages.route("/administration/organizations/<int:organization_id>", methods=["GET", "POST"])
@requires(Permission.ORGANIZATION_MANAGE)
def organization(organization_id: int) -> Any:
    """Corrects an organization's name, country and kinds."""
    form = OrganizationChangeForm(
        body=_changeable(organization_id), manages_all=current_actor().can(Permission.BODY_MANAGE)
    )
    if form.validate_on_submit():
        with refusals_on(form):
            picture = form.picture
            png = services.emblem_from(picture) if picture is not None else None
            with transaction():
                body = services.change_organization(
                    current_actor(), _changeable(organization_id), **form.facts()
                )
                if png or (form.remove_emblem and form.remove_emblem.data):
                    services.change_emblem(current_actor(), body, png)
            flash(_("The changes are saved."), "ok")
            return see_other(url_for("people.organizations"))
    status = form.status
    form.ask_for_the_picture_again()
    return render_template(
        "people/organization.html", form=form, organization=_changeable(organization_id)
    ), status


@pages.get("/administration/organizations/<int:organization_id>/emblem.png")
@requires(Permission.BODY_MANAGE)
def emblem(organization_id: int) -> Response:
    """The emblem of a centre, beside the field for choosing another."""
    png = queries.emblem_png(_changeable(organization_id).emblem_sha256)
    if png is None:
        raise NotFound("no_emblem", _("This organization has no emblem."))
    return Response(png, mimetype="image/png")


def _changeable(organization_id: int) -> Organization:
    """The organization, if the actor may change it."""
    organization = queries.get_organization(current_actor(), organization_id)
    services.require_kinds(current_actor(), organization.kinds)
    return organization
