"""Applying: three screens at one address, at most five requests, no password; then a link by
email."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from itsdangerous import BadSignature, URLSafeTimedSerializer

from core import i18n, limits, texts
from core.database import transaction
from core.errors import NotFound
from core.forms import is_shown_again, refusals_on
from core.origin import client_network
from core.settings import is_loopback, settings_of
from core.web import current_actor, public, remember_answer, submitted_once
from courses.models import Delivery
from courses.queries import get_delivery, is_open_for_enrollment, upcoming_of
from courses.services import touch
from enrollment import queries, services
from enrollment.forms.application import LAST, ApplicationForm
from enrollment.preview import categories, prospects
from enrollment.references import reference
from enrollment.views.blueprint import pages
from people.models import Person
from people.queries import find_own_person, get_own_person, roster_text
from people.services import change_person, record_applicant, require_own_name
from people.values import email_key

#: Applications from one network within WINDOW seconds: enough for a whole class behind one address,
#: but not for a flood. The machine itself is exempt: behind a proxy that is not configured
#: (PROXY_HOPS) everyone comes from there.
MOST_APPLICATIONS = 600
WINDOW = 600
#: Applications within an hour for one address, so that no one floods another person's mailbox.
MOST_FOR_ONE_ADDRESS = 10
#: Messages within an hour about one delivery to one address, from any network.
MOST_MAILS = 3
SENT_SHOWN = 3600  # seconds in which the page "Application sent" can be reloaded


@pages.route("/deliveries/<code>/apply", methods=["GET", "POST"])
@public
@submitted_once
def apply(code: str) -> Any:
    """GET starts; each POST answers with the screen that its button asks for, and the last one
    sends."""
    actor, delivery = current_actor(), get_delivery(current_actor(), code, load=())
    if request.method == "GET" and not services.is_open_to(actor, delivery):
        return closed_page(delivery)
    person = find_own_person(actor)
    if person is not None and (existing := queries.find_enrollment(delivery.id, person.id)):
        return render_template(
            "enrollment/applied_already.html", delivery=delivery, enrollment=existing
        )
    form = _form(delivery, person)
    if request.method == "GET":
        return _screen(delivery, form, _first_screen(form, person), person)
    at, chosen_screen = _screens()
    if (
        chosen_screen <= at
    ):  # back, a change, or another language: keep what was typed, without validating it
        return _screen(delivery, form, chosen_screen, person)
    screen = form.faulty_screen(upto=at)
    if screen is None and chosen_screen > LAST:
        with refusals_on(form):
            return _send(delivery, form, person)
        delivery = get_delivery(actor, code, load=())  # a refusal rolls back, so read it again
        screen = form.screen_with_errors() or LAST
    return _screen(delivery, form, screen or chosen_screen, person)


def closed_page(delivery: Delivery) -> Any:
    """Why no one can apply, and the course's next open deliveries."""
    others = [
        upcoming
        for upcoming in upcoming_of(delivery.course, limit=12)
        if upcoming.id != delivery.id and is_open_for_enrollment(upcoming)
    ]
    return render_template("enrollment/closed.html", delivery=delivery, others=others)


# The form and its screens


def _form(delivery: Delivery, person: Person | None) -> ApplicationForm:
    form = ApplicationForm(categories(delivery), data=_known(person))
    if person is not None:
        del form.email
    else:
        del (
            form.roster_consent
        )  # anyone can type an address: its owner is asked on the page behind the emailed link
    return form


def _known(person: Person | None) -> dict[str, Any]:
    """Initial values of the form. Only signed-in users see their own data."""
    if person is None:
        return {"language": i18n.locale()}
    known: dict[str, Any] = {
        "given_name": person.given_name,
        "family_name": person.family_name,
        "country": person.country,
        "nationalities": person.nationalities,
        "gender": person.gender,
        "name_on_certificate": ""
        if person.name_on_certificate == person.full_name
        else person.name_on_certificate,
        "language": person.language if person.language in texts.offered() else i18n.locale(),
    }
    if last := queries.find_last_of(person):
        known |= {
            name: getattr(last, name)
            for name in ("category", "subcategory", "rank", "rank_code", "organization", "needs")
        }
    return known


def _first_screen(form: ApplicationForm, person: Person | None) -> int:
    """People about whom everything is known start at the last screen."""
    if person is None:
        return 1
    first = form.faulty_screen(upto=2) or LAST
    for field in form:
        field.errors = []
    return first


def _screens() -> tuple[int, int]:
    """The submitted screen, and the one its button asks for (LAST + 1: send)."""
    at = request.form.get("screen", "1")
    at_number = int(at) if at in ("1", "2", "3") else 1
    step = request.form.get("step", "")
    if is_shown_again():
        return at_number, at_number
    if step in ("1", "2", "3"):
        return at_number, min(int(step), at_number + 1)
    return at_number, at_number + 1


def _screen(delivery: Delivery, form: ApplicationForm, screen: int, person: Person | None) -> Any:
    page = render_template(
        f"enrollment/apply_{screen}.html",
        delivery=delivery,
        form=form,
        screen=screen,
        person=person,
        prospects=prospects(delivery) if screen != 2 else [],
        consent=roster_text() if screen == LAST else None,
    )
    return page, form.status


# Sending


def _send(delivery: Delivery, form: ApplicationForm, person: Person | None) -> Any:
    is_counted = not is_loopback(request.remote_addr)
    if is_counted:
        limits.check("application", client_network(), limit=MOST_APPLICATIONS, seconds=WINDOW)
    delivery_id = delivery.id  # read before the transaction, which reads everything again
    with transaction():
        delivery = touch(delivery_id)
        if is_counted:
            limits.count("application", client_network(), seconds=WINDOW)
        if person is None:  # this writes to an address that anyone can type
            # so that the owner can still apply from another network
            address = f"{email_key(form.email.data)} {client_network()}"
            limits.spend("application for", address, limit=MOST_FOR_ONE_ADDRESS, seconds=3600)
        return _send_own(delivery, form, person) if person else _send_unknown(delivery, form)


def _send_own(delivery: Delivery, form: ApplicationForm, person: Person) -> Any:
    """A signed-in applicant is known, and sees the outcome."""
    actor = current_actor()
    person = get_own_person(actor)
    require_own_name(person, form.given_name.data, form.family_name.data, "given_name")
    change_person(actor, person, **form.person())
    enrollment = services.enroll(actor, delivery.id, person, form.wish())
    flash(_("Your application was sent. We also wrote to you."), "ok")
    return remember_answer(url_for("enrollment.enrollment", enrollment_id=enrollment.id))


def _send_unknown(delivery: Delivery, form: ApplicationForm) -> Any:
    """Anyone not signed in gets the same answer, whether or not the address is known and has
    applied before: the emailed link, which only its owner can open, makes the application count and
    shows the rest."""
    actor, email = current_actor(), form.email.data or ""
    mails, _since = limits.count(
        "application mail", f"{delivery.id} {email_key(email)}", seconds=3600
    )
    applicant = record_applicant(actor, email=email, **form.person())
    services.apply(actor, delivery.id, applicant, form.wish(), is_written_to=mails <= MOST_MAILS)
    facts = [reference(delivery.id, applicant.id), _masked(email)]
    return remember_answer(
        url_for(
            "enrollment.application_sent", code=delivery.code, token=_tokens(delivery).dumps(facts)
        )
    )


def _masked(email: str) -> str:
    """ "a•••@example.org": enough to recognise a typing error, too little to learn the address."""
    name, _sign, domain = email.rpartition("@")
    return f"{name[:1]}•••@{domain}"


def _tokens(delivery: Delivery) -> URLSafeTimedSerializer:
    """For this delivery only: under another's address the page would show a place no one asked
    for."""
    return URLSafeTimedSerializer(settings_of().secret_key, salt=f"application-sent:{delivery.id}")


@pages.get("/deliveries/<code>/applications/<token>")
@public
def application_sent(code: str, token: str) -> Any:
    """What was sent and what happens next. Everything shown is in the token; the application is not
    read."""
    delivery = get_delivery(current_actor(), code, load=())
    try:
        sent, address = _tokens(delivery).loads(token, max_age=SENT_SHOWN)
    except BadSignature:
        raise NotFound(
            "old_address",
            _l("This page is shown for an hour after sending. The mail we sent has everything."),
        ) from None
    return render_template(
        "enrollment/sent.html", delivery=delivery, reference=sent, address=address
    )
