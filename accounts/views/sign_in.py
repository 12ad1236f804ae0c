"""Signing in and out."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext as _

from accounts import queries, services
from accounts.demonstration import DEMONSTRATION_PASSWORD, is_demonstration_here
from accounts.forms import LinkForm, OneButtonForm, PasswordForm
from accounts.queries import LinkState
from accounts.sessions import end_session
from accounts.views.blueprint import pages
from accounts.views.entering import (
    LINKS_PER_ADDRESS,
    LINKS_PER_PLACE,
    LONGEST_WAIT_OF_PLACE,
    MAILS_PER_ADDRESS,
    TRIES_PER_PLACE,
    WINDOW,
    count_password,
    count_try,
    enter,
    forget_password_tries,
    guessing_key,
    know_browser,
    landing,
)
from core import limits
from core.database import transaction
from core.errors import Invalid
from core.forms import is_shown_again, refusals_on
from core.origin import client_network
from core.web import current_actor, public, see_other
from people import values


@pages.get("/sign-in")
@public
def sign_in() -> Any:
    """The page with all ways to sign in."""
    target = request.args.get("next", "")
    if not current_actor().is_anonymous:
        return landing(target)
    return _sign_in_page(
        LinkForm(formdata=None, data={"next": target}),
        PasswordForm(formdata=None, data={"next": target}),
    )


def _sign_in_page(link: LinkForm, password: PasswordForm) -> Any:
    context = {
        "link": link,
        "password": password,
        "people": queries.demonstration_people(),
        "demonstration_password": DEMONSTRATION_PASSWORD,
        "target": link.next.data or "",
    }
    return render_template("accounts/sign_in.html", **context), max(link.status, password.status)


@pages.post("/sign-in")
@public
def sign_in_with_password() -> Any:
    """One answer in equal time, whether the account is unknown, closed or without a password, or
    the password is wrong."""
    form = PasswordForm()
    link = LinkForm(formdata=None, data={"email": form.email.data, "next": form.next.data})
    if not form.validate_on_submit():
        return _sign_in_page(link, form)
    guessed = guessing_key(form.email.data)
    limits.check_pace(
        "password.place", client_network(), free=TRIES_PER_PLACE, longest=LONGEST_WAIT_OF_PLACE
    )
    is_own = count_password(guessed)
    person_id = services.check_password(form.email.data or "", form.password.data or "")
    if person_id is None:
        with transaction():
            limits.pace(
                "password.place",
                client_network(),
                free=TRIES_PER_PLACE,
                longest=LONGEST_WAIT_OF_PLACE,
            )
            services.note_refusal(form.email.data or "")
        form.refuse(
            Invalid(
                "wrong_password", _("The email address or the password is not right."), "password"
            )
        )
        return _sign_in_page(link, form)
    with transaction():
        services.refresh_hash(person_id, form.password.data or "")
        forget_password_tries(guessed, is_own)
        enter(person_id, "password")
    return know_browser(landing(form.next.data), form.email.data)


@pages.post("/sign-in/link")
@public
def ask_for_link() -> Any:
    """Sends a link if someone has the address; the answer and the work are the same for all."""
    form = LinkForm()
    if form.validate_on_submit():
        with refusals_on(form):
            values.clean_email(form.email.data or "", "email")
    key = values.email_key(form.email.data)
    if form.is_refused or key is None or is_shown_again():
        return _sign_in_page(form, PasswordForm(formdata=None, data={"next": form.next.data}))
    count_try("link.place", client_network(), LINKS_PER_PLACE, LONGEST_WAIT_OF_PLACE)
    count_try("link.address", f"{key} {client_network()}", LINKS_PER_ADDRESS)
    with transaction():
        if limits.count("link.mail", key, seconds=WINDOW)[0] <= MAILS_PER_ADDRESS:
            services.request_link(form.email.data or "", form.next.data or "")
    return render_template("accounts/link_sent.html", address=form.email.data)


@pages.get("/sign-in/<token>")
@public
def link(token: str) -> Any:
    """The page behind a mailed link. Mail scanners open links, so only a button uses one up."""
    state, person, target = queries.link_state(token)
    if state is LinkState.GOOD:
        return render_template(
            "accounts/link.html", form=OneButtonForm(formdata=None), person=person
        )
    return _link_refused(state, person.id if person else None, target)


def _link_refused(state: LinkState, person_id: int | None, target: str) -> Any:
    if state is LinkState.USED and person_id == current_actor().person_id:
        return landing(target)  # the second of two clicks
    form = LinkForm(formdata=None, data={"next": target})
    status = 404 if state is LinkState.UNKNOWN else 410
    return render_template(
        "accounts/link_refused.html", form=form, state=state.value, target=target
    ), status


@pages.post("/sign-in/<token>")
@public
def use_link(token: str) -> Any:
    """Signs in, once."""
    limits.check_pace(
        "link.place", client_network(), free=LINKS_PER_PLACE, longest=LONGEST_WAIT_OF_PLACE
    )
    try:
        with transaction():
            person, target = services.use_link(token)
            limits.forget("link.mail", person.email_key or "")
            enter(person.id, "link")
            email = person.email
    except Invalid:
        count_try("link.place", client_network(), LINKS_PER_PLACE, LONGEST_WAIT_OF_PLACE)
        state, owner, destination = queries.link_state(token)
        return _link_refused(state, owner.id if owner else None, destination)
    return know_browser(landing(target), email)


@pages.post("/sign-in/demonstration")
@public
def sign_in_as_demonstration() -> Any:
    """Signs in with one click, in a demonstration on this machine; elsewhere the address does not
    exist."""
    chosen = request.form.get("person", "")
    people = {
        str(sign_in.person.id): sign_in.person.id for sign_in in queries.demonstration_people()
    }
    if not is_demonstration_here() or chosen not in people:
        abort(404)
    with transaction():
        enter(people[chosen], "demonstration")
    return landing(request.form.get("next"))


@pages.post("/sign-out")
@public
def sign_out() -> Any:
    """Ends the session here and for every copy of its cookie."""
    actor = current_actor()
    if actor.session_id is not None:
        with transaction():
            end_session(actor)
    flash(_("You are signed out."), "ok")
    answer = see_other(url_for("accounts.sign_in"))
    answer.headers["Clear-Site-Data"] = (
        '"cache"'  # on a shared computer, no one can go back to what was on the screen
    )
    return answer
