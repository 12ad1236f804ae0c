"""Pages of one's own account: password, address, sessions, tokens."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, render_template, url_for
from flask_babel import gettext as _

from accounts import queries, services
from accounts.forms import OneButtonForm, OwnEmailForm, OwnPasswordForm, TokenForm
from accounts.views.blueprint import pages
from accounts.views.entering import LINKS_PER_ADDRESS, TRIES_PER_ACCOUNT, count_try, enter_afresh
from core import limits
from core.database import transaction
from core.errors import Conflict, Invalid
from core.forms import Form, refusals_on
from core.personal import facts
from core.web import Link, current_actor, see_other, signed_in
from people import queries as people_queries
from people.fields import OWN, PERSON
from people.models import Person

#: Other packages' pages about the person: label and endpoint.
ELSEWHERE = [
    ("people.my_consents", lambda: _("Who may find and contact me")),
    ("enrollment.mine", lambda: _("My enrollments")),
    ("certificates.mine", lambda: _("My certificates")),
    ("roster.my_profile", lambda: _("My roster profile")),
]


def _own() -> Person:
    return people_queries.get_person(current_actor(), current_actor().person_id or 0)


def _links_elsewhere() -> list[Link]:
    return [
        Link(words(), url_for(endpoint))
        for endpoint, words in ELSEWHERE
        if endpoint in current_app.view_functions
    ]


@pages.get("/me")
@signed_in
def me() -> Any:
    """What is stored about the person, and where to change it."""
    person = _own()
    context = {
        "person": person,
        "plain_facts": facts(PERSON, OWN, person),
        "roles": queries.roles_of([person.id]).get(person.id, []),
        "account": queries.find_account(person.id),
        "links": _links_elsewhere(),
        "sessions": queries.sessions_of(person.id),
        "tokens": queries.tokens_of(person.id),
        "refused": people_queries.refused_mail([person.id]),
        "form": OneButtonForm(formdata=None),
    }
    return render_template("accounts/me.html", **context)


# Confirming one's identity


def _confirm_identity(form: Form) -> bool:
    """Whether the person has just confirmed who they are; errors appear on the form. Call it
    outside a transaction."""
    actor = current_actor()
    if not queries.asks_password(actor):
        if queries.signed_in_recently(actor):
            return True
        form.refuse(
            Conflict(
                "sign_in_again",
                _("Sign out and in again first: this is possible for 15 minutes after signing in."),
            )
        )
        return False
    person_id = actor.person_id or 0
    key = str(person_id)
    count_try("password.own", key, TRIES_PER_ACCOUNT)
    typed = form.current_password.data or ""
    if not services.is_password_of(person_id, typed):
        form.refuse(Invalid("wrong_password", _("This is not your password."), "current_password"))
        return False
    with transaction():
        limits.forget("password.own", key)
    return True


@pages.route("/me/password", methods=["GET", "POST"])
@signed_in
def my_password() -> Any:
    """Sets, changes or replaces a forgotten password; all other sessions end."""
    form = OwnPasswordForm()
    asks_password = queries.asks_password(current_actor())
    if form.validate_on_submit() and _confirm_identity(form):
        with refusals_on(form):
            with transaction():
                person = _own()
                services.set_password(
                    current_actor(),
                    person,
                    form.password.data or "",
                    ends_tokens=bool(form.ends_tokens.data),
                )
                enter_afresh(person.id, "password")
            flash(_("Your password is changed, and you are signed out everywhere else."), "ok")
            return see_other(url_for("accounts.me"))
    person = _own()
    facts = {
        "asks_password": asks_password,
        "person": person,
        "tokens": len(queries.tokens_of(person.id)),
    }
    return render_template("accounts/my_password.html", form=form, **facts), form.status


@pages.route("/me/email", methods=["GET", "POST"])
@signed_in
def my_email() -> Any:
    """Requests a new address, which counts once a link sent there is opened."""
    form = OwnEmailForm()
    person = _own()
    if form.validate_on_submit() and _confirm_identity(form):
        count_try("link.own_address", str(person.id), LINKS_PER_ADDRESS)
        with refusals_on(form):
            with transaction():
                services.ask_for_address(current_actor(), _own(), form.email.data or "")
            flash(
                _(
                    "A message is on its way to the new address. Open its link to make the "
                    "address count."
                ),
                "ok",
            )
            return see_other(url_for("accounts.me"))
    facts = {"person": _own(), "asks_password": queries.asks_password(current_actor())}
    return render_template("accounts/my_email.html", form=form, **facts), form.status


@pages.get("/me/email/<token>")
@signed_in
def new_address(token: str) -> Any:
    """The page behind the link sent to the new address."""
    address = services.find_asked_address(current_actor(), token)
    form = OneButtonForm(formdata=None)
    return render_template(
        "accounts/new_address.html", address=address, form=form
    ), 200 if address else 410


@pages.post("/me/email/<token>")
@signed_in
def confirm_address(token: str) -> Any:
    """Makes the new address count."""
    try:
        with transaction():
            services.confirm_address(current_actor(), _own(), token)
    except (Invalid, Conflict):
        return render_template(
            "accounts/new_address.html", address=None, form=OneButtonForm(formdata=None)
        ), 410
    flash(_("Your email address is changed."), "ok")
    return see_other(url_for("accounts.me"))


@pages.post("/me/sessions/end")
@signed_in
def end_my_sessions() -> Any:
    """Signs out everywhere else."""
    with transaction():
        services.end_sessions(current_actor(), _own())
    flash(_("You are signed out everywhere else."), "ok")
    return see_other(url_for("accounts.me"))


@pages.route("/me/tokens", methods=["GET", "POST"])
@signed_in
def my_tokens() -> Any:
    """API tokens. A new one is shown once, in the answer itself."""
    roles = sorted(current_actor().roles)
    form = TokenForm(roles=roles)
    new_token = None
    if form.validate_on_submit() and _confirm_identity(form):
        with refusals_on(form), transaction():
            new_token = services.create_token(
                current_actor(),
                _own(),
                name=form.name.data or "",
                days=form.days.data,
                scope=[form.scope.data],
            )
        if new_token:
            form = TokenForm(formdata=None, roles=roles)
    person = _own()
    context = {
        "tokens": queries.tokens_of(person.id),
        "new_token": new_token,
        "asks_password": queries.asks_password(current_actor()),
    }
    return render_template("accounts/my_tokens.html", form=form, **context), form.status


@pages.post("/me/tokens/<int:token_id>/revoke")
@signed_in
def revoke_my_token(token_id: int) -> Any:
    """Revokes one of one's own tokens."""
    with transaction():
        services.revoke_token(current_actor(), token_id)
    flash(_("The token is revoked."), "ok")
    return see_other(url_for("accounts.my_tokens"))
