"""Administration of people, accounts and roles."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _

from accounts import queries, services
from accounts.forms import AccountForm, RoleForm
from accounts.roles import ASSIGNABLE, WITHIN, Role
from accounts.views.blueprint import pages
from core import names
from core.database import transaction
from core.errors import DomainError, NotFound
from core.forms import parse_int, refusals_on
from core.personal import facts
from core.policy import Reach
from core.web import current_actor, remember_answer, requires, see_other, submitted_once
from people import queries as people_queries
from people import services as people_services
from people.fields import PERSON, STAFF
from people.models import BodyKind, Person
from people.permissions import Permission


@pages.get("/administration/people")
@requires(Permission.ACCOUNT_MANAGE)
def people() -> Any:
    """People by name, with their accounts and roles."""
    words, role = request.args.get("q", "").strip(), request.args.get("role", "")
    chosen_role = Role(role) if role in set(Role) else None
    page = queries.list_people(
        current_actor(), words=words, role=chosen_role, after=request.args.get("after")
    )
    return render_template(
        "accounts/people.html", people=page, words=words, role=role, roles=ASSIGNABLE
    )


@pages.route("/administration/people/new", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE)
@submitted_once
def new_account() -> Any:
    """Creates an account and mails its first link."""
    form = AccountForm()
    if form.validate_on_submit():
        with refusals_on(form):
            with transaction():
                person = services.create_account(
                    current_actor(),
                    email=form.email.data or "",
                    given_name=form.given_name.data or "",
                    family_name=form.family_name.data or "",
                    names_confirmed=form.names_confirmed.data,
                    identity=names.NEW if form.is_another.data else None,
                    language=form.language.data,
                    roles=form.roles.data or [],
                    organization=(form.organization.data or "").strip() or None,
                )
                services.invite(current_actor(), person)
                answer = remember_answer(_address(person.id))
            flash(_("The account is made, and a link is on its way to its owner."), "ok")
            return answer
    return render_template("accounts/new_account.html", form=form), form.status


def _address(person_id: int) -> str:
    return url_for("accounts.person", person_id=person_id)


@pages.get("/administration/people/<int:person_id>")
@requires(Permission.ACCOUNT_MANAGE)
def person(person_id: int) -> Any:
    """One person: data, roles, account. The audit trail records that someone else read it."""
    return _person_page(people_queries.get_person(current_actor(), person_id))


def _bodies() -> dict[BodyKind, list[tuple[int, str]]]:
    """Bodies in which roles can be held."""
    return {
        kind: people_queries.organization_choices(kind)
        for kind in dict.fromkeys(kind for kind, _scope in WITHIN.values())
    }


def _person_page(
    person: Person, form: RoleForm | None = None, refusal: DomainError | None = None
) -> Any:
    form = form or RoleForm(formdata=None, bodies=_bodies())
    if refusal is not None:
        form.refuse(refusal)
    context = {
        "person": person,
        "plain_facts": facts(PERSON, STAFF, person),
        "account": queries.find_account(person.id),
        "roles": queries.roles_of([person.id]).get(person.id, []),
        "sessions": queries.sessions_of(person.id),
        "tokens": queries.tokens_of(person.id),
        "refused": people_queries.refused_mail([person.id]).get(person.id),
        "issuer": people_queries.issuer_of(person)[1] if person.identifier else "",
        "form": form,
    }
    person_id = person.id
    page = render_template("accounts/person.html", **context)
    people_services.note_reading(current_actor(), person_id)
    return page, form.status


@pages.post("/administration/people/<int:person_id>/roles")
@requires(Permission.ACCOUNT_MANAGE)
def assign_role(person_id: int) -> Any:
    """Assigns a role, in a body if it is held in one."""
    person = people_queries.get_person(current_actor(), person_id)
    form = RoleForm(bodies=_bodies())
    if not form.validate_on_submit():
        return _person_page(person, form)
    try:
        with transaction():
            body = people_queries.find_body_by_id(parse_int(form.organization.data))
            services.assign_within(current_actor(), person_id, Role(form.role.data), body)
    except DomainError as refusal:
        return _person_page(people_queries.get_person(current_actor(), person_id), form, refusal)
    flash(_("The role is given."), "ok")
    return see_other(_address(person_id))


@pages.post("/administration/people/<int:person_id>/roles/withdraw")
@requires(Permission.ACCOUNT_MANAGE)
def withdraw_role(person_id: int) -> Any:
    """Removes a role."""
    role, scope = request.form.get("role"), request.form.get("scope")
    scope_id = parse_int(request.form.get("scope_id"))
    if role not in set(Role) or scope not in set(Reach) or scope_id is None:
        raise NotFound("unknown_role", _("This role is not known here."))
    return _act(
        person_id,
        lambda person: services.withdraw_role(
            current_actor(), person.id, Role(role), scope=Reach(scope), scope_id=scope_id
        ),
        _("The role is withdrawn."),
    )


@pages.post("/administration/people/<int:person_id>/close")
@requires(Permission.ACCOUNT_MANAGE)
def close_account(person_id: int) -> Any:
    """Shuts the person out at once."""
    return _act(
        person_id,
        lambda person: services.close_account(current_actor(), person),
        _("The account is closed."),
    )


@pages.post("/administration/people/<int:person_id>/reopen")
@requires(Permission.ACCOUNT_MANAGE)
def reopen_account(person_id: int) -> Any:
    """Lets the person sign in again."""
    return _act(
        person_id,
        lambda person: services.reopen_account(current_actor(), person),
        _("The account is open again."),
    )


@pages.post("/administration/people/<int:person_id>/link")
@requires(Permission.ACCOUNT_MANAGE)
def invite(person_id: int) -> Any:
    """Mails a sign-in link that is valid for a week."""
    return _act(
        person_id,
        lambda person: services.invite(current_actor(), person),
        _("A sign-in link is on its way."),
    )


@pages.post("/administration/people/<int:person_id>/sign-out")
@requires(Permission.ACCOUNT_MANAGE)
def end_sessions(person_id: int) -> Any:
    """Signs the person out everywhere."""
    return _act(
        person_id,
        lambda person: services.end_sessions(current_actor(), person),
        _("The person is signed out everywhere."),
    )


@pages.post("/administration/people/<int:person_id>/password/remove")
@requires(Permission.ACCOUNT_MANAGE)
def remove_password(person_id: int) -> Any:
    """Leaves the emailed link as the only way to sign in."""
    return _act(
        person_id,
        lambda person: services.remove_password(current_actor(), person),
        _("The password is removed."),
    )


@pages.post("/administration/people/<int:person_id>/tokens/<int:token_id>/revoke")
@requires(Permission.ACCOUNT_MANAGE)
def revoke_token(person_id: int, token_id: int) -> Any:
    """Revokes a token of this person."""

    def revoke(person: Person) -> None:
        services.revoke_token(current_actor(), queries.get_token(person.id, token_id).id)

    return _act(person_id, revoke, _("The token is revoked."))


def _act(person_id: int, act: Any, done: str) -> Any:
    """Runs a button's action, or shows the person's page with the refusal."""
    try:
        with transaction():
            act(people_queries.get_person(current_actor(), person_id))
    except NotFound:
        raise
    except DomainError as refusal:
        refusal.field = None
        return _person_page(people_queries.get_person(current_actor(), person_id), refusal=refusal)
    flash(done, "ok")
    return see_other(_address(person_id))
