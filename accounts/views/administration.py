"""The administrator's first page, and organizations."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _

from accounts import queries, services
from accounts.forms import OrganizationChangeForm, OrganizationForm
from accounts.roles import Permission
from accounts.views.blueprint import pages
from core.database import settings_of, transaction
from core.forms import refusals_on
from core.web import current_actor, remember_answer, requires, see_other, submitted_once


@pages.get("/administration")
@requires(Permission.ACCOUNT_MANAGE)
def administration() -> Any:
    """What there is to look after, and how it is doing."""
    return render_template(
        "accounts/administration.html", jobs=queries.job_overview(current_actor()), sends_mail=bool(settings_of().mail_url)
    )


@pages.get("/administration/organizations")
@requires(Permission.ORGANIZATION_MANAGE)
def organizations() -> Any:
    """Organizations by name."""
    words = request.args.get("q", "").strip()
    found = queries.list_organizations(current_actor(), words=words, after=request.args.get("after"))
    return render_template("accounts/organizations.html", organizations=found, words=words)


@pages.route("/administration/organizations/new", methods=["GET", "POST"])
@requires(Permission.ORGANIZATION_MANAGE)
@submitted_once
def new_organization() -> Any:
    """Makes an organization."""
    form = OrganizationForm()
    if form.validate_on_submit():
        with refusals_on(form):
            with transaction():
                services.create_organization(
                    current_actor(), code=form.code.data or "", name=form.name.data or "", country=form.country.data or None
                )
                answer = remember_answer(url_for("accounts.organizations"))
            flash(_("The organization is recorded."), "ok")
            return answer
    return render_template("accounts/organization.html", form=form, organization=None), form.status


@pages.route("/administration/organizations/<int:organization_id>", methods=["GET", "POST"])
@requires(Permission.ORGANIZATION_MANAGE)
def organization(organization_id: int) -> Any:
    """Corrects an organization's name and country."""
    found = queries.get_organization(current_actor(), organization_id)
    form = OrganizationChangeForm(obj=found)
    if form.validate_on_submit():
        with refusals_on(form):
            with transaction():
                services.change_organization(
                    current_actor(),
                    queries.get_organization(current_actor(), organization_id),
                    name=form.name.data or "",
                    country=form.country.data or None,
                )
            flash(_("The changes are saved."), "ok")
            return see_other(url_for("accounts.organizations"))
    found = queries.get_organization(current_actor(), organization_id)
    return render_template("accounts/organization.html", form=form, organization=found), form.status
