"""One's own page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from accounts import services
from core import clock
from core.database import db, transaction
from core.policy import SYSTEM
from people.models import Person
from tests import factories
from tests.accounts.makers import (
    PASSWORD,
    account,
    actions,
    hash_of,
    last_link,
    link_in,
    mails,
    sessions,
)
from tests.browsing import Browser
from tests.conftest import NOW

OTHER = "violet harbour nine"


@pytest.fixture
def amina(app: Flask) -> int:
    with app.app_context():
        return account(password=PASSWORD, country="SN")


def by_password(app: Flask, password: str = PASSWORD) -> Browser:
    browser = Browser(app)
    page = (
        browser.get("/sign-in")
        .form(button="Sign in")
        .submit(email="amina@example.org", password=password)
    )
    assert page.path == "/me", page.text
    return browser


def by_link(app: Flask, email: str = "amina@example.org") -> Browser:
    browser = Browser(app)
    browser.get("/sign-in").form(action="/sign-in/link").submit(email=email)
    assert browser.get(last_link(app)).form(button="Sign in").submit().path == "/me"
    return browser


def test_it_says_what_is_known_and_leads_to_the_rest(app: Flask, amina: int) -> None:
    page = by_password(app).get("/me")
    for words in ("Amina Diallo", "amina@example.org", "Senegal", "Participant", "This browser"):
        assert words in page.text
    for address in ("/me/details", "/me/password", "/me/email", "/me/tokens"):
        assert any(a.get("href") == address for a in page.all("a"))


@pytest.mark.parametrize(
    "address", ["/me", "/me/details", "/me/password", "/me/email", "/me/tokens", "/me/email/x"]
)
def test_it_is_for_people_who_are_signed_in(browser: Browser, address: str) -> None:
    page = browser.get(address)
    assert page.path.startswith("/sign-in?next=")


def test_the_password_changes_with_the_one_before_and_ends_other_sessions(
    app: Flask, amina: int
) -> None:
    here, elsewhere = by_password(app), by_password(app)
    before = here.client.get_cookie("rostrum").value
    page = (
        here.get("/me/password")
        .form(button="Set")
        .submit(current_password=PASSWORD, password=OTHER, again=OTHER)
    )
    assert page.path == "/me"
    assert here.client.get_cookie("rostrum").value != before
    assert elsewhere.get("/me", follow=False).status == 303
    assert sessions(app) == 1
    by_password(app, OTHER)
    assert "password.changed" in actions(app)


def test_a_password_is_not_changed_without_the_one_before(app: Flask, amina: int) -> None:
    browser = by_password(app)
    before = hash_of(app, amina)
    for current in ("", "wrong"):
        page = (
            browser.get("/me/password")
            .form(button="Set")
            .submit(current_password=current, password=OTHER, again=OTHER)
        )
        assert page.status == 422
        assert "This is not your password." in page.text
    assert hash_of(app, amina) == before


def test_tries_at_the_password_before_are_limited(app: Flask, amina: int) -> None:
    browser = by_password(app)
    statuses = [
        browser.get("/me/password")
        .form(button="Set")
        .submit(current_password="no", password=OTHER, again=OTHER)
        .status
        for _ in range(6)
    ]
    assert statuses == [422] * 5 + [429]


@pytest.mark.parametrize(
    ("password", "again", "words"),
    [
        ("short", "short", "at least 12"),
        ("password1234", "password1234", "easy to guess"),
        (OTHER, "violet", "not the same"),
        ("", "", "Fill in"),
    ],
)
def test_weak_or_mistyped_passwords_are_refused(
    app: Flask, amina: int, password: str, again: str, words: str
) -> None:
    page = (
        by_password(app)
        .get("/me/password")
        .form(button="Set")
        .submit(current_password=PASSWORD, password=password, again=again)
    )
    assert page.status == 422
    assert words in page.text


def test_a_forgotten_password_is_replaced_after_signing_in_by_link(app: Flask, amina: int) -> None:
    browser = by_link(app)
    form = browser.get("/me/password").form(button="Set")
    assert "current_password" not in form.names
    assert form.submit(password=OTHER, again=OTHER).path == "/me"
    by_password(app, OTHER)


def test_but_not_long_after(app: Flask, amina: int) -> None:
    browser = by_link(app)
    clock.travel(app, NOW + timedelta(minutes=16))
    form = browser.get("/me/password").form(button="Set")
    assert "current_password" in form.names
    assert form.submit(password=OTHER, again=OTHER).status == 422


def test_a_first_password_needs_a_fresh_sign_in(app: Flask) -> None:
    with app.app_context():
        account("zoe@example.org", "Zoë")
    browser = by_link(app, "zoe@example.org")
    clock.travel(app, NOW + timedelta(minutes=16))
    page = browser.get("/me/password").form(button="Set").submit(password=OTHER, again=OTHER)
    assert page.status == 422
    assert "Sign out and in again" in page.text


def test_a_changed_password_ends_unused_links(app: Flask, amina: int) -> None:
    browser = by_password(app)
    Browser(app).get("/sign-in").form(action="/sign-in/link").submit(email="amina@example.org")
    link = last_link(app)
    browser.get("/me/password").form(button="Set").submit(
        current_password=PASSWORD, password=OTHER, again=OTHER
    )
    assert Browser(app).get(link).status == 404


def test_signing_out_everywhere_else(app: Flask, amina: int) -> None:
    here, elsewhere = by_password(app), by_password(app)
    page = here.get("/me").form(button="Sign out everywhere else").submit()
    assert "signed out everywhere else" in page.text
    assert elsewhere.get("/me", follow=False).status == 303
    assert here.get("/me", follow=False).status == 200


# The email address


def test_another_address_counts_once_its_owner_has_answered(app: Flask, amina: int) -> None:
    browser = by_password(app)
    browser.get("/me/email").form(button="Send").submit(
        email="New@Example.org", current_password=PASSWORD
    )
    address, kind, body = mails(app)[-1]
    assert (address, kind) == ("New@Example.org", "new_address")
    assert "amina@example.org" in browser.get("/me").text
    link = link_in(body)
    token = link.rsplit("/", 1)[1]
    assert Browser(app).get(f"/sign-in/{token}").status == 404  # it signs no one in
    assert Browser(app).post(f"/sign-in/{token}", {"csrf_token": "x"}).status == 400
    page = browser.get(link)
    assert "amina@example.org" in browser.get("/me").text  # opening changes nothing
    page = page.form(button="Confirm").submit()
    assert "New@Example.org" in page.text
    assert mails(app)[-1][:2] == ("amina@example.org", "address_changed")
    assert browser.get(link).status == 410


def test_a_confirming_link_signs_nobody_in(app: Flask, amina: int) -> None:
    browser = by_password(app)
    browser.get("/me/email").form(button="Send").submit(
        email="new@example.org", current_password=PASSWORD
    )
    token = link_in(mails(app)[-1][2]).rsplit("/", 1)[1]
    other = Browser(app)
    assert other.post(f"/sign-in/{token}", {"csrf_token": other.token()}).status == 404
    assert sessions(app) == 1


def test_somebody_elses_confirming_link_is_useless(app: Flask, amina: int) -> None:
    with app.app_context():
        account("zoe@example.org", "Zoë")
    by_password(app).get("/me/email").form(button="Send").submit(
        email="new@example.org", current_password=PASSWORD
    )
    link = link_in(mails(app)[-1][2])
    other = by_link(app, "zoe@example.org")
    assert other.get(link).status == 410
    assert other.post(link, {"csrf_token": other.token()}).status == 410
    assert "zoe@example.org" in other.get("/me").text


def without_tokens(page: str) -> str:
    """The page without its CSRF tokens: they carry the second in which they were made."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page)


def test_an_address_that_somebody_else_uses_gets_the_same_answer_and_a_link(
    app: Flask, amina: int
) -> None:
    with app.app_context():
        account("zoe@example.org", "Zoë")
    browser = by_password(app)
    taken = (
        browser.get("/me/email")
        .form(button="Send")
        .submit(email="zoe@example.org", current_password=PASSWORD)
    )
    free = (
        browser.get("/me/email")
        .form(button="Send")
        .submit(email="free@example.org", current_password=PASSWORD)
    )
    assert without_tokens(taken.html).replace("zoe@", "free@") == without_tokens(free.html)
    assert [address for address, _kind, _body in mails(app)] == [
        "zoe@example.org",
        "free@example.org",
    ]


def test_a_change_of_address_needs_the_password(app: Flask, amina: int) -> None:
    page = (
        by_password(app)
        .get("/me/email")
        .form(button="Send")
        .submit(email="new@example.org", current_password="no")
    )
    assert page.status == 422
    assert mails(app) == []


# Tokens


def test_a_token_is_shown_once_and_works_until_revoked(app: Flask, amina: int) -> None:
    browser = by_password(app)
    page = (
        browser.get("/me/tokens")
        .form(button="Create")
        .submit(name="Monthly import", current_password=PASSWORD)
    )
    token = next("".join(e.itertext()) for e in page.all("code", id="token"))
    assert token not in browser.get("/me/tokens").html
    headers = {"Authorization": f"Bearer {token}"}
    program = app.test_client()
    assert program.get("/api/v1/courses", headers=headers).status_code == 200
    assert (
        program.get("/api/v1/courses", headers={"Authorization": f"Bearer {token}x"}).status_code
        == 401
    )
    page = browser.get("/me/tokens").form(button="Revoke").submit()
    assert "You have no token." in page.text
    assert program.get("/api/v1/courses", headers=headers).status_code == 401


def test_a_token_needs_a_name_and_the_password(app: Flask, amina: int) -> None:
    browser = by_password(app)
    assert (
        browser.get("/me/tokens")
        .form(button="Create")
        .submit(name="", current_password=PASSWORD)
        .status
        == 422
    )
    assert (
        browser.get("/me/tokens")
        .form(button="Create")
        .submit(name="x", current_password="no")
        .status
        == 422
    )
    assert "token.created" not in actions(app)


def test_somebody_elses_token_is_as_unknown(app: Flask, amina: int) -> None:
    with app.app_context():
        account("zoe@example.org", "Zoë")
    by_password(app).get("/me/tokens").form(button="Create").submit(
        name="mine", current_password=PASSWORD
    )
    other = by_link(app, "zoe@example.org")
    for token_id in (1, 999):
        assert (
            other.post(f"/me/tokens/{token_id}/revoke", {"csrf_token": other.token()}).status == 404
        )
    assert "token.revoked" not in actions(app)


# A session that ends while a form is filled in


@pytest.mark.parametrize("ending", ["session", "cookie"])
def test_what_was_typed_is_shown_when_the_form_cannot_be_taken(
    app: Flask, sign_in: Callable[..., Browser], ending: str
) -> None:
    with app.app_context():
        boss = factories.actor("administrator")
    browser = sign_in(boss)
    form = browser.get("/administration/organizations/new").form(button="Save")
    if ending == "session":
        with app.app_context(), transaction():
            services.end_sessions(SYSTEM, db.session.get_one(Person, boss.person_id))
    else:
        browser.client.delete_cookie(app.session_interface.cookie)  # type: ignore[attr-defined]  # an attribute of Visits
    page = form.submit(code="SN-MFA", name="Ministère <des> Affaires étrangères")
    assert page.status in (400, 401)
    assert "What you typed" in page.text and "Ministère <des> Affaires étrangères" in page.text
    assert "csrf" not in page.text


def test_passwords_and_what_another_site_sent_are_not_shown(app: Flask, browser: Browser) -> None:
    values = {"email": "zoe@example.org", "password": "trombone lagoon seven"}
    page = browser.post("/sign-in/password", values)
    assert page.status == 400 and "zoe@example.org" in page.text and "trombone" not in page.html
    foreign = browser.client.post(
        "/sign-in/password", data=values, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert foreign.status_code == 400 and "zoe@example.org" not in foreign.text
