"""Signing in by link and by password, through HTTP."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_login import current_user, user_logged_in, user_logged_out

from accounts import passwords, services
from accounts.models import Account, SignInLink, UserSession
from core import audit, clock, jobs
from core.database import db, transaction
from core.policy import SYSTEM
from people.models import Person
from tests import factories
from tests.accounts.makers import (
    PASSWORD,
    account,
    actions,
    close,
    last_link,
    mails,
    sessions,
    settings,
)
from tests.browsing import Browser, Page
from tests.conftest import NOW
from tests.smtp_server import smtp_server


def ask(browser: Browser, email: str, next: str = "") -> Page:
    page = browser.get("/sign-in" + (f"?next={next}" if next else ""))
    return page.form(action="/sign-in/link").submit(email=email)


def try_password(browser: Browser, email: str, password: str, follow: bool = True) -> Page:
    return (
        browser.get("/sign-in")
        .form(button="Sign in")
        .submit(email=email, password=password, follow=follow)
    )


def without_tokens(page: Page) -> str:
    return re.sub(r'name="csrf_token"[^>]*|value="[0-9a-f]{64}"', "", page.html)


# By link


def test_a_mailed_link_signs_in_and_leads_on(app: Flask, browser: Browser) -> None:
    with app.app_context():
        account()
    page = ask(browser, "Amina@Example.org", next="/help")
    assert page.status == 200
    assert (
        "If an account or an application exists for this address, a link is on its way" in page.text
    )
    page = browser.get(last_link(app))
    assert "Amina Diallo" in page.text
    page = page.form(button="Sign in").submit()
    assert page.path == "/help"
    assert browser.get("/me").status == 200


def test_opening_the_link_does_not_use_it_up(app: Flask, browser: Browser) -> None:
    with app.app_context():
        account()
    ask(browser, "amina@example.org")
    scanner = Browser(app)
    for _ in range(3):
        assert scanner.get(last_link(app)).status == 200
    assert sessions(app) == 0
    assert browser.get(last_link(app)).form(button="Sign in").submit().path == "/me"


def test_a_link_signs_in_once(app: Flask, browser: Browser) -> None:
    with app.app_context():
        account()
    ask(browser, "amina@example.org")
    opened = browser.get(last_link(app))
    other = Browser(app).get(last_link(app))
    opened.form(button="Sign in").submit()
    page = other.form(button="Sign in").submit()
    assert page.status == 410
    assert "already used" in page.text
    assert page.form(action="/sign-in/link")  # a new one is offered
    assert sessions(app) == 1
    assert Browser(app).get(last_link(app)).status == 410


def test_two_clicks_on_the_link_by_its_owner_lead_on(app: Flask, browser: Browser) -> None:
    with app.app_context():
        account()
    ask(browser, "amina@example.org", next="/help")
    page = browser.get(last_link(app))
    page.form(button="Sign in").submit()
    again = browser.get(last_link(app))
    assert again.status == 200
    assert again.path == "/help"
    assert sessions(app) == 1


@pytest.mark.both_databases
def test_a_link_is_good_for_thirty_minutes_and_an_invitation_for_a_week(
    app: Flask, browser: Browser
) -> None:
    with app.app_context():
        account()
    ask(browser, "amina@example.org")
    clock.travel(app, NOW + timedelta(minutes=31))
    page = browser.get(last_link(app))
    assert page.status == 410
    assert "too old" in page.text
    values = {"csrf_token": browser.token()}
    assert browser.post(last_link(app), values).status == 410
    assert sessions(app) == 0
    page.form(action="/sign-in/link").submit(email="amina@example.org")
    browser.get(last_link(app)).form(button="Sign in").submit()
    assert sessions(app) == 1


def test_an_unknown_link_is_not_ours(browser: Browser) -> None:
    page = browser.get("/sign-in/" + "x" * 43)
    assert page.status == 404
    assert "not one of ours" in page.text
    assert page.form(action="/sign-in/link")


def test_a_person_without_an_account_gets_one_on_first_use(app: Flask, browser: Browser) -> None:
    from core.policy import ANONYMOUS
    from people import services as people_services

    with app.app_context(), transaction():
        people_services.record_person(
            ANONYMOUS, given_name="Zoë", family_name="N", email="zoe@example.org"
        )
    ask(browser, "zoe@example.org")
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Account)) == 0
    browser.get(last_link(app)).form(button="Sign in").submit()
    assert "Zoë" in browser.get("/me").text
    assert "account.created" in actions(app)


def test_the_answer_is_the_same_whether_or_not_the_account_exists(app: Flask) -> None:
    with app.app_context():
        account()
        close(account("closed@example.org"))
    answers = [
        ask(Browser(app), address)
        for address in ("amina@example.org", "nobody@example.org", "closed@example.org")
    ]
    bodies = {
        without_tokens(page).replace(address, "")
        for page, address in zip(
            answers, ("amina@example.org", "nobody@example.org", "closed@example.org"), strict=True
        )
    }
    assert {page.status for page in answers} == {200}
    assert len(bodies) == 1
    assert [address for address, _kind, _body in mails(app)] == ["amina@example.org"]


def test_an_address_that_is_none_is_told_and_kept(browser: Browser) -> None:
    page = ask(browser, "amina(at)example")
    assert page.status == 422
    assert page.form(action="/sign-in/link").values["email"] == "amina(at)example"
    assert "Enter an email address in this form" in page.text


def test_links_are_kept_as_digests_only(app: Flask, browser: Browser) -> None:
    with app.app_context():
        account()
    ask(browser, "amina@example.org")
    token = last_link(app).rsplit("/", 1)[1]
    with app.app_context():
        assert token not in {link.digest for link in db.session.scalars(sa.select(SignInLink))}


def test_the_text_of_a_sent_link_is_not_kept(app: Flask, browser: Browser) -> None:
    with app.app_context():
        account()
    with smtp_server() as post, settings(app, mail_url=post.url):
        ask(browser, "amina@example.org")
        with app.app_context():
            jobs.drain()
    assert "/sign-in/" in post.parsed[0].get_content()
    assert mails(app)[-1][2] == ""


@pytest.fixture
def still(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """`still(instant)`: the application's clock shows this instant until it is told another; NOW
    at first."""

    def show(instant: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: instant)

    show(NOW)
    return show


def from_place(app: Flask, address: str) -> Browser:
    browser = Browser(app)
    browser.client.environ_base["REMOTE_ADDR"] = address
    return browser


def test_asking_for_links_is_slowed_down_for_known_and_unknown_addresses_alike(
    app: Flask, still: Callable[[datetime], None]
) -> None:
    with app.app_context():
        account()
    for address in ("amina@example.org", "nobody@example.org"):
        statuses = [ask(Browser(app), address).status for _ in range(6)]
        assert statuses == [200] * 5 + [429]
    answer = ask(Browser(app), "amina@example.org")
    assert answer.response.headers["Retry-After"] == "5"
    assert "Too many tries" in answer.text
    still(NOW + timedelta(seconds=5))
    assert ask(Browser(app), "amina@example.org").status == 200


@pytest.mark.both_databases
def test_strangers_who_ask_for_links_neither_fill_a_mailbox_nor_keep_its_owner_out(
    app: Flask, still: Callable[[datetime], None]
) -> None:
    with app.app_context():
        account()
    for number in range(40):
        assert ask(from_place(app, f"192.0.2.{number}"), "amina@example.org").status == 200
        assert ask(from_place(app, f"192.0.2.{number}"), "nobody@example.org").status == 200
    assert len(mails(app)) == 10
    owner = from_place(app, "198.51.100.1")
    assert (
        ask(owner, "amina@example.org").status == 200
    )  # nothing new is sent, and what was sent works
    still(NOW + timedelta(minutes=14))
    assert owner.get(last_link(app)).form(button="Sign in").submit().path == "/me"
    assert ask(from_place(app, "198.51.100.2"), "amina@example.org").status == 200
    assert len(mails(app)) == 11


# By password


def test_a_password_signs_in(app: Flask, browser: Browser) -> None:
    with app.app_context():
        account(password=PASSWORD)
    page = try_password(browser, " AMINA@example.org ", PASSWORD)
    assert page.path == "/me"
    assert "sign_in.done" in actions(app)


def test_a_wrong_password_is_refused_in_the_same_words_for_everybody(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        account(password=PASSWORD)
        account("link@example.org")
        close(account("closed@example.org", password=PASSWORD))
    hashed = []
    real = passwords.HASHER

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            hashed.append(stored)
            return real.verify(stored, password)

        hash, check_needs_rehash = real.hash, real.check_needs_rehash

    monkeypatch.setattr(passwords, "HASHER", Counting())
    addresses = [
        "amina@example.org",
        "link@example.org",
        "closed@example.org",
        "nobody@example.org",
        "no address",
    ]
    answers = [
        try_password(Browser(app), address, PASSWORD if "closed" in address else "wrong password")
        for address in addresses
    ]
    bodies = {
        without_tokens(page).replace(address, "")
        for page, address in zip(answers, addresses, strict=True)
    }
    assert {page.status for page in answers} == {422}
    assert len(bodies) == 1
    assert len(hashed) == len(addresses)  # the work is done for each
    assert sessions(app) == 0
    assert actions(app).count("sign_in.refused") == len(addresses)


def test_the_recipe_is_argon2id_with_46_mebibytes() -> None:
    fresh = inspect.getsource(passwords)
    assert "memory_cost=46 * 1024" in fresh
    assert "time_cost=1" in fresh
    assert passwords.hash_password("x").startswith("$argon2id$")


def test_a_hash_of_an_older_recipe_is_renewed_at_sign_in(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import PasswordHasher

    from tests.accounts.makers import hash_of

    with app.app_context():
        person_id = account(password=PASSWORD)
    before = hash_of(app, person_id)
    monkeypatch.setattr(
        passwords, "HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    )
    try_password(browser, "amina@example.org", PASSWORD)
    assert hash_of(app, person_id) != before
    assert "t=2" in hash_of(app, person_id)


def test_tries_are_slowed_down_and_a_success_forgets(
    app: Flask, browser: Browser, still: Callable[[datetime], None]
) -> None:
    with app.app_context():
        account(password=PASSWORD)
    for _ in range(4):
        assert try_password(browser, "amina@example.org", "wrong").status == 422
    assert try_password(browser, "amina@example.org", PASSWORD).path == "/me"
    other = Browser(app)
    statuses = [try_password(other, "amina@example.org", "wrong").status for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    refused = try_password(other, "amina@example.org", PASSWORD)
    assert refused.status == 429  # even the right one
    assert refused.response.headers["Retry-After"] == "5"
    assert "Too many tries" in refused.text
    still(NOW + timedelta(seconds=5))
    assert try_password(other, "amina@example.org", PASSWORD).path == "/me"


@pytest.mark.long
@pytest.mark.both_databases
@pytest.mark.parametrize("attackers", [1, 9])
def test_who_polls_for_every_free_try_keeps_the_owner_out_of_no_other_place(
    app: Flask, still: Callable[[datetime], None], attackers: int
) -> None:
    """From one place, or from several with all their own tries: known and unknown addresses are
    answered alike."""
    with app.app_context():
        account(password=PASSWORD)
    for address in ("amina@example.org", "nobody@example.org"):
        statuses = []
        places = [from_place(app, f"192.0.2.{number}") for number in range(attackers)]
        pages = [place.get("/sign-in").form(button="Sign in") for place in places]
        for second in range(40):
            still(NOW + timedelta(seconds=3 * second))
            statuses += [page.submit(email=address, password="wrong").status for page in pages]
        assert set(statuses) == {422, 429}
        owner = from_place(app, "198.51.100.1")
        assert [try_password(owner, address, "mistyped").status for _ in range(2)] == [422, 422]
        last = try_password(owner, address, PASSWORD)
        assert (last.status, last.path) == (
            (200, "/me") if address.startswith("amina") else (422, "/sign-in")
        )


@pytest.mark.long
def test_no_account_is_guessed_at_more_than_a_hundred_times_an_hour_from_however_many_places(
    app: Flask, still: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.services.check_password", lambda *_: None)
    failed = number = 0
    for second in range(0, 3600, 20):
        still(NOW + timedelta(seconds=second))
        while True:  # a new place for every try
            number += 1
            browser = from_place(app, f"10.0.{number // 250}.{number % 250}")
            if try_password(browser, "amina@example.org", "wrong").status == 429:
                break
            failed += 1
    assert 60 < failed <= 100


@pytest.mark.both_databases
def test_guessing_at_an_account_is_slowed_down_over_all_origins_and_never_locks_it(
    app: Flask, still: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.views.entering.OWN_TRIES_PER_HOUR", 0)  # used up
    with app.app_context():
        account(password=PASSWORD)
    instant, waits = NOW, []
    for number in range(16):
        answer = try_password(from_place(app, f"192.0.2.{number}"), "amina@example.org", "wrong")
        while answer.status == 429:
            waits.append(int(answer.response.headers["Retry-After"]))
            refused_again = try_password(
                from_place(app, f"203.0.113.{number}"), "amina@example.org", "wrong"
            )
            assert (
                int(refused_again.response.headers["Retry-After"]) == waits[-1]
            )  # asking prolongs nothing
            instant += timedelta(seconds=waits[-1])
            still(instant)
            answer = try_password(
                from_place(app, f"192.0.2.{number}"), "amina@example.org", "wrong"
            )
        assert answer.status == 422
    assert waits == [5, 10, 20, 40, 60, 60, 60, 60, 60, 60, 60]
    still(instant + timedelta(seconds=60))
    assert (
        try_password(from_place(app, "198.51.100.1"), "amina@example.org", PASSWORD).path == "/me"
    )


def test_guesses_elsewhere_keep_nobody_waiting_in_a_browser_that_the_owner_used_before(
    app: Flask, browser: Browser, still: Callable[[datetime], None]
) -> None:
    with app.app_context():
        account(password=PASSWORD)
        account("other@example.org", "Other", password=PASSWORD)
    assert try_password(browser, "amina@example.org", PASSWORD).path == "/me"
    cookie = browser.client.get_cookie("known").value
    assert "amina" not in cookie
    browser.post("/sign-out", {"csrf_token": browser.token()})
    stranger = Browser(app)
    for address in ("amina@example.org", "other@example.org"):
        for _ in range(6):
            last = try_password(stranger, address, "wrong")
        assert last.status == 429
    assert (
        try_password(browser, "other@example.org", PASSWORD).status == 429
    )  # known for another account only
    assert try_password(browser, "amina@example.org", PASSWORD).path == "/me"
    forger = Browser(app)
    for value in (
        cookie.partition(".")[0] + ".x",
        "." + cookie.partition(".")[2],
        "x.y",
        "é",
        cookie + "0",
    ):
        forger.client.set_cookie("known", value)
        assert try_password(forger, "amina@example.org", PASSWORD).status == 429


def test_tries_from_one_place_are_limited_whatever_the_account(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.views.sign_in.TRIES_PER_PLACE", 6)
    statuses = [
        try_password(Browser(app), f"someone{n}@example.org", "wrong").status for n in range(8)
    ]
    assert statuses == [422] * 6 + [429] * 2


def test_no_user_data_in_logs(
    app: Flask, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with app.app_context():
        account(password=PASSWORD)
    try_password(browser, "amina@example.org", "a wrong one")
    ask(browser, "amina@example.org")
    try_password(browser, "amina@example.org", PASSWORD)
    text = caplog.text
    assert "amina" not in text.casefold()
    assert PASSWORD not in text
    assert "a wrong one" not in text


# Sessions


def test_signing_in_renews_the_visit_so_that_an_id_known_before_is_worth_nothing(
    app: Flask, browser: Browser
) -> None:
    with app.app_context():
        account(password=PASSWORD)
    planted = "p" * 43
    browser.client.set_cookie("rostrum", planted)
    assert try_password(browser, "amina@example.org", PASSWORD).path == "/me"
    attacker = Browser(app)
    attacker.client.set_cookie("rostrum", planted)
    assert attacker.get("/me", follow=False).status == 303
    assert browser.client.get_cookie("rostrum").value != planted


def test_a_cookie_copied_before_signing_out_is_worth_nothing_after(
    app: Flask, browser: Browser
) -> None:
    with app.app_context():
        account(password=PASSWORD)
    try_password(browser, "amina@example.org", PASSWORD)
    copied = browser.client.get_cookie("rostrum").value
    page = browser.post("/sign-out", {"csrf_token": browser.token()})
    assert page.path == "/sign-in"
    assert "You are signed out." in page.text
    replay = Browser(app)
    replay.client.set_cookie("rostrum", copied)
    assert replay.get("/me", follow=False).status == 303
    assert sessions(app) == 0


def test_signing_out_needs_a_post_with_its_token(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    with app.app_context():
        someone = factories.actor()
    signed_in = sign_in(someone)
    assert signed_in.get("/sign-out").status == 405
    assert signed_in.post("/sign-out", {}).status == 400
    assert signed_in.get("/me").status == 200


def test_signing_in_as_somebody_else_ends_the_session_before(app: Flask, browser: Browser) -> None:
    with app.app_context():
        account(password=PASSWORD)
        account("other@example.org", "Other")
    try_password(browser, "amina@example.org", PASSWORD)
    ask(Browser(app), "other@example.org")
    page = browser.get(last_link(app)).form(button="Sign in").submit()
    assert "Other" in page.text
    assert sessions(app) == 1


def test_the_cookie_is_httponly_and_strict_enough(app: Flask, browser: Browser) -> None:
    with app.app_context():
        account(password=PASSWORD)
    answer = try_password(browser, "amina@example.org", PASSWORD, follow=False)
    cookie = next(
        value
        for value in answer.response.headers.getlist("Set-Cookie")
        if value.startswith("rostrum=")
    )
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert answer.response.headers["Cache-Control"] == "no-store"


def test_whoever_is_signed_in_does_not_see_the_sign_in_page(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    with app.app_context():
        someone = factories.actor()
    page = sign_in(someone).get("/sign-in?next=/help")
    assert page.path == "/help"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "///evil.example",
        " https://evil.example",
        "/%0d%0aLocation:https://evil.example\r\nX: y",
        "evil.example",
        "/sign-out",
        "/sign-in",
        "https:/evil.example",
        "\u2028//evil.example",
    ],
)
def test_nobody_is_sent_elsewhere(app: Flask, target: str) -> None:
    with app.app_context():
        account(password=PASSWORD)
    by_password = Browser(app)
    form = by_password.get("/sign-in", query={"next": target}).form(button="Sign in")
    answer = form.submit(email="amina@example.org", password=PASSWORD, follow=False)
    assert answer.response.headers["Location"] == "/me"
    by_link = Browser(app)
    by_link.get("/sign-in", query={"next": target}).form(action="/sign-in/link").submit(
        email="amina@example.org"
    )
    answer = by_link.get(last_link(app)).form(button="Sign in").submit(follow=False)
    assert answer.response.headers["Location"] == "/me"


def test_a_page_that_needs_signing_in_is_reached_after_it(app: Flask, browser: Browser) -> None:
    with app.app_context():
        account(password=PASSWORD)
    page = browser.get("/me/password")
    assert page.path.startswith("/sign-in?next=")
    assert (
        page.form(button="Sign in").submit(email="amina@example.org", password=PASSWORD).path
        == "/me/password"
    )


def test_sessions_end_when_idle_and_after_a_week(app: Flask, browser: Browser) -> None:
    with app.app_context():
        account(password=PASSWORD)
    try_password(browser, "amina@example.org", PASSWORD)
    for hours in range(11, 24 * 7, 11):
        clock.travel(app, NOW + timedelta(hours=hours))
        assert browser.get("/me", follow=False).status == 200
    clock.travel(app, NOW + timedelta(days=7, minutes=1))
    assert browser.get("/me", follow=False).status == 303
    other = Browser(app)
    try_password(other, "amina@example.org", PASSWORD)
    clock.travel(app, NOW + timedelta(days=7, hours=12, minutes=10))
    assert other.get("/me", follow=False).status == 303


LETTER = {
    "address": "a@example.org",
    "subject": "Waiting",
    "body": "",
    "kind": "invitation",
    "is_secret": False,
}


def test_ended_things_are_forgotten(app: Flask, browser: Browser) -> None:
    from administration.jobs import forget_ended
    from core.jobs import Job
    from core.mail import Mail

    class Progress:
        def finish(self) -> None:
            self.finished = True

    with app.app_context():
        account()
    ask(browser, "amina@example.org")
    browser.get(last_link(app)).form(button="Sign in").submit()
    with app.app_context(), transaction():
        over = jobs.enqueue("audit.checkpoint")
        db.session.execute(sa.update(Job).where(Job.id == over).values(state="done"))
        waiting = jobs.enqueue("answers.forget")
        db.session.execute(
            sa.insert(Mail), [{"state": "queued", "created_at": clock.now(), **LETTER}]
        )
    clock.travel(app, NOW + timedelta(days=91))
    with app.app_context():
        forget_ended(Progress())  # type: ignore[arg-type]  # a stand-in with the one method the job calls
        for kind in (UserSession, SignInLink):
            assert db.session.scalar(sa.select(sa.func.count()).select_from(kind)) == 0
        assert list(db.session.scalars(sa.select(Mail.subject))) == [LETTER["subject"]], (
            "what waits is kept, however old"
        )
        assert list(db.session.scalars(sa.select(Job.id))) == [waiting]
        assert db.session.scalar(sa.select(Person.email)) == "amina@example.org"


def test_a_failing_statement_says_nothing_of_what_it_carried(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with app.app_context():
        account("secret@example.org")
        with pytest.raises(sa.exc.IntegrityError) as failure, transaction():
            db.session.execute(
                sa.insert(Account).values(
                    person_id=1, password_hash="the hash", created_at=clock.now()
                )
            )
    assert "the hash" not in str(failure.value)


@pytest.mark.both_databases
def test_an_unexpected_failure_is_logged_without_what_it_was_about(
    app: Flask, browser: Browser, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts.views import sign_in as pages

    def fails(address: str, *args: Any) -> None:
        again = {
            "given_name": "A",
            "family_name": "B",
            "name_on_certificate": "C",
            "email": address,
            "created_at": None,
        }
        db.session.execute(sa.insert(Person).values(again))

    with app.app_context():
        account("secret@example.org")
    monkeypatch.setattr(pages.services, "request_link", fails)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    assert ask(browser, "secret@example.org").status == 500
    assert "IntegrityError" in caplog.text and "secret@example.org" not in caplog.text


def test_a_closed_account_is_out_even_where_a_session_or_token_was_left(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    """The second fence: closing ends both, this is about what closing might miss."""
    with app.app_context():
        actor = factories.actor("coordinator")
        with transaction():
            token = services.create_token(
                actor, db.session.get_one(Person, actor.person_id), name="left"
            )
    browser = sign_in(actor)
    headers = {"Authorization": f"Bearer {token}"}
    assert (
        browser.get("/me").status
        == app.test_client().get("/api/v1/courses", headers=headers).status_code
        == 200
    )
    with app.app_context(), transaction():
        db.session.execute(
            sa.update(Account).where(Account.person_id == actor.person_id).values(is_active=False)
        )
        audit.record(SYSTEM, "test.closed", "person:1", {})
    assert browser.get("/me", follow=False).status == 303
    assert app.test_client().get("/api/v1/courses", headers=headers).status_code == 401


def test_flask_login_signs_in_and_out_and_knows_who_it_is(app: Flask, browser: Browser) -> None:
    with app.app_context():
        account(password=PASSWORD)
    messages, seen = [], []
    hear = (
        (lambda sender, user: messages.append("in")),
        (lambda sender, user: messages.append("out")),
    )
    look = app.before_request_funcs[None]
    look.append(lambda: seen.append(current_user.person_id))
    try:
        with user_logged_in.connected_to(hear[0], app), user_logged_out.connected_to(hear[1], app):
            try_password(browser, "amina@example.org", PASSWORD)
            browser.post("/sign-out", {"csrf_token": browser.token()})
    finally:
        look.pop()
    assert messages == ["in", "out"]
    assert seen[0] is None and any(seen)
