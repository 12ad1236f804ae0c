"""Administration of people, roles, accounts and organizations, through pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts import services
from accounts.models import Account, ApiToken, RoleAssignment
from accounts.roles import Role
from core.database import db, transaction
from core.policy import SYSTEM
from people.models import Person
from tests import factories
from tests.accounts.makers import PASSWORD, account, last_link, mails, sessions
from tests.browsing import Browser

PAGES = [
    "/administration",
    "/administration/people",
    "/administration/people/new",
    "/administration/people/1",
    "/administration/people/1/edit",
    "/administration/mail",
    "/administration/audit",
    "/administration/audit.csv",
]
ACTS = [
    "/administration/people/1/roles",
    "/administration/people/1/roles/withdraw",
    "/administration/people/1/close",
    "/administration/people/1/reopen",
    "/administration/people/1/link",
    "/administration/people/1/sign-out",
    "/administration/people/1/password/remove",
    "/administration/people/1/tokens/1/revoke",
    "/administration/jobs/1/retry",
]


@pytest.fixture
def boss(app: Flask, sign_in: Callable[..., Browser]) -> Browser:
    with app.app_context():
        actor = factories.actor(
            "administrator", given="Elena", family="Petrova", email="boss@example.org"
        )
    return sign_in(actor)


@pytest.mark.parametrize(
    "address", [*PAGES, "/administration/jobs", "/administration/organizations"]
)
def test_administrators_see_it_and_strangers_sign_in_first(
    boss: Browser, app: Flask, address: str
) -> None:
    assert boss.get(address).status == 200
    assert Browser(app).get(address).path.startswith("/sign-in?next=")


@pytest.mark.parametrize("role", ["participant", "nominator", "trainer", "coordinator", "roster"])
def test_nobody_else_may(app: Flask, sign_in: Callable[..., Browser], role: str) -> None:
    with app.app_context():
        browser = sign_in(factories.actor(role, organization_id=factories.organization().id))
    for address in PAGES:
        assert browser.get(address).status == 403, address
    for address in ACTS:
        assert browser.post(address, {"csrf_token": browser.token()}).status == 403, address
    coordinates = role == "coordinator"
    assert browser.get("/administration/jobs").status == 403
    assert browser.get("/administration/organizations").status == (200 if coordinates else 403)


def test_acts_need_their_token(boss: Browser) -> None:
    for address in ACTS:
        assert boss.post(address, {}).status == 400


def test_an_account_is_made_with_roles_and_its_owner_gets_a_link(app: Flask, boss: Browser) -> None:
    with app.app_context():
        factories.organization("GH-AF", "Ghana Armed Forces", "GH", ("nominator", "centre"))
    page = (
        boss.get("/administration/people/new")
        .form(button="Make")
        .submit(
            email="Kwame@Example.org",
            given_name="Kwame",
            family_name="Mensah",
            roles=["trainer", "nominator"],
            organization="GH-AF",
            language="fr",
        )
    )
    assert page.status == 200
    assert "Kwame Mensah" in page.text
    assert "Ghana Armed Forces" in page.text
    assert mails(app)[-1][:2] == ("Kwame@Example.org", "invitation")
    assert Browser(app).get(last_link(app)).form(button="Sign in").submit().path == "/me"


def test_the_form_sent_twice_makes_one_account_and_one_mail(app: Flask, boss: Browser) -> None:
    form = boss.get("/administration/people/new").form(button="Make")
    first = form.submit(email="kwame@example.org", given_name="Kwame")
    second = form.submit(email="kwame@example.org", given_name="Kwame")
    assert first.path == second.path
    assert len(mails(app)) == 1


def test_a_refused_account_keeps_what_was_typed(app: Flask, boss: Browser) -> None:
    page = (
        boss.get("/administration/people/new")
        .form(button="Make")
        .submit(email="kwame", given_name="Kwame", roles=["nominator"])
    )
    assert page.status == 422
    values = page.form(button="Make").values
    assert (values["email"], values["given_name"], values.getlist("roles")) == (
        "kwame",
        "Kwame",
        ["nominator"],
    )
    assert page.errors
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 1


def test_roles_are_given_and_withdrawn_at_once(
    app: Flask, boss: Browser, sign_in: Callable[..., Browser]
) -> None:
    with app.app_context():
        someone = factories.actor(given="Ingrid", family="Haugen")
        organization = factories.organization().id
    theirs = sign_in(someone)
    assert theirs.get("/administration/organizations").status == 403
    page = boss.get(f"/administration/people/{someone.person_id}")
    page = page.form(action="/roles").submit(role="coordinator")
    assert "The role is given." in page.text
    assert theirs.get("/administration/organizations").status == 200
    page = page.form(action="/roles").submit(role="nominator", organization="")
    assert page.status == 422
    assert "A nominator acts for an organization" in page.text
    page = page.form(action="/roles").submit(role="nominator", organization=organization)
    assert "Ministry of Foreign Affairs" in page.text
    form = next(
        form
        for form in page.forms
        if form.values.get("role") == "coordinator" and form.action.endswith("withdraw")
    )
    page = form.submit()
    assert "The role is withdrawn." in page.text
    assert theirs.get("/administration/organizations").status == 403


def test_withdrawing_nonsense_is_refused(boss: Browser) -> None:
    for values in (
        {},
        {"role": "king", "scope": "everywhere", "scope_id": "0"},
        {"role": "trainer", "scope": "x", "scope_id": "0"},
    ):
        assert (
            boss.post(
                "/administration/people/1/roles/withdraw", values | {"csrf_token": boss.token()}
            ).status
            == 404
        )


def test_closing_an_account_ends_sessions_links_and_tokens(
    app: Flask, boss: Browser, sign_in: Callable[..., Browser]
) -> None:
    with app.app_context():
        person_id = account(password=PASSWORD, roles=[Role.TRAINER])
        with transaction():
            token = services.create_token(SYSTEM, db.session.get_one(Person, person_id), name="x")
    theirs = Browser(app)
    theirs.get("/sign-in").form(button="Sign in").submit(
        email="amina@example.org", password=PASSWORD
    )
    Browser(app).get("/sign-in").form(action="/sign-in/link").submit(email="amina@example.org")
    link = last_link(app)
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/v1/courses", headers=headers).status_code == 200
    page = boss.get(f"/administration/people/{person_id}").form(action="/close").submit()
    assert "The account is closed." in page.text
    assert theirs.get("/me", follow=False).status == 303
    assert app.test_client().get("/api/v1/courses", headers=headers).status_code == 401
    assert Browser(app).get(link).status == 404
    refused = (
        Browser(app)
        .get("/sign-in")
        .form(button="Sign in")
        .submit(email="amina@example.org", password=PASSWORD)
    )
    assert refused.status == 422
    page = boss.get(f"/administration/people/{person_id}").form(action="/reopen").submit()
    assert "open again" in page.text
    assert theirs.get("/me", follow=False).status == 303  # what ended stays ended
    assert app.test_client().get("/api/v1/courses", headers=headers).status_code == 401
    with app.app_context():
        assert db.session.scalar(sa.select(ApiToken.revoked_at)) is not None
    again = (
        Browser(app)
        .get("/sign-in")
        .form(button="Sign in")
        .submit(email="amina@example.org", password=PASSWORD)
    )
    assert again.path == "/me"


def test_an_administrator_signs_people_out_and_removes_passwords(app: Flask, boss: Browser) -> None:
    with app.app_context():
        person_id = account(password=PASSWORD)
    theirs = Browser(app)
    theirs.get("/sign-in").form(button="Sign in").submit(
        email="amina@example.org", password=PASSWORD
    )
    boss.get(f"/administration/people/{person_id}").form(action="/sign-out").submit()
    assert theirs.get("/me", follow=False).status == 303
    boss.get(f"/administration/people/{person_id}").form(action="/password/remove").submit()
    with app.app_context():
        assert db.session.get_one(Account, person_id).password_hash is None


def test_one_cannot_close_ones_own_account_or_the_last_administrators(
    app: Flask, boss: Browser
) -> None:
    with app.app_context():
        me = db.session.scalar(sa.select(Person.id))
    page = boss.get(f"/administration/people/{me}").form(action="/close").submit()
    assert page.status == 422
    assert page.errors == ["You cannot close your own account. Ask another administrator."]
    page = next(f for f in page.forms if f.action.endswith("withdraw")).submit()
    assert page.status == 422
    assert "last administrator" in page.text
    with app.app_context():
        assert db.session.scalar(sa.select(RoleAssignment.role)) is Role.ADMINISTRATOR


def test_a_link_is_sent_to_those_who_have_an_address(app: Flask, boss: Browser) -> None:
    with app.app_context():
        person_id = account()
        nobody = factories.person(email=None).id
    page = boss.get(f"/administration/people/{person_id}").form(action="/link").submit()
    assert "A sign-in link is on its way." in page.text
    assert mails(app)[-1][:2] == ("amina@example.org", "invitation")
    page = boss.get(f"/administration/people/{nobody}").form(action="/link").submit()
    assert page.status == 422
    assert page.errors == ["This person has no email address. Enter one first."]


def test_people_are_found_and_paged(app: Flask, boss: Browser) -> None:
    with app.app_context():
        for n in range(60):
            account(f"p{n}@example.org", f"Person {n}")
    page = boss.get("/administration/people?q=p7@")
    assert "Person 7" in page.text
    assert "Person 8" not in page.text
    page = boss.get("/administration/people")
    assert len(list(page.all("th", scope="row"))) == 50
    assert len(list(page.follow("Next page").all("th", scope="row"))) == 11
    assert "No one fits" in boss.get("/administration/people?q=zzzz").text
    assert boss.get("/administration/people?role=administrator").text.count("boss@example.org") == 1
    assert boss.get("/administration/people?role=king").status == 200
    assert boss.get("/administration/people?after=nonsense").status == 422


def test_the_list_of_people_needs_as_many_queries_for_fifty_as_for_one(
    app: Flask, boss: Browser
) -> None:
    counts = [0]

    def count(*_args: Any) -> None:
        counts[-1] += 1

    with app.app_context():
        sa.event.listen(db.engine, "before_cursor_execute", count)
    try:
        boss.get("/administration/people")
        counts.append(0)
        with app.app_context():
            for n in range(30):
                account(f"p{n}@example.org", f"Person {n}", roles=[Role.TRAINER])
        counts.append(0)
        boss.get("/administration/people")
    finally:
        with app.app_context():
            sa.event.remove(db.engine, "before_cursor_execute", count)
    assert counts[0] == counts[-1]


def test_unknown_people_are_not_found(boss: Browser) -> None:
    assert boss.get("/administration/people/999").status == 404
    assert boss.get("/administration/people/999/edit").status == 404
    for act in ("close", "reopen", "link", "sign-out", "password/remove", "roles"):
        assert (
            boss.post(f"/administration/people/999/{act}", {"csrf_token": boss.token()}).status
            == 404
        )
    assert (
        boss.post("/administration/people/1/tokens/999/revoke", {"csrf_token": boss.token()}).status
        == 404
    )


def test_the_number_of_sessions_is_shown(app: Flask, boss: Browser) -> None:
    assert sessions(app) == 1
    assert "in 1 browser" in boss.get("/administration/people/1").text
