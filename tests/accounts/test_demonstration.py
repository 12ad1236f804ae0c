"""Demonstration people sign in on a demonstration of this machine, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from accounts.demonstration import DEMONSTRATION_PASSWORD
from tests.accounts.makers import account, last_link, mails, sessions, settings
from tests.browsing import Browser

PEOPLE = [
    ("participant", "Amina"),
    ("nominator", "Louis"),
    ("trainer", "Siobhán"),
    ("coordinator", "Kwame"),
    ("roster", "Ingrid"),
    ("administrator", "Elena"),
]


@pytest.fixture
def people(app: Flask) -> dict[str, int]:
    with app.app_context():
        return {
            role: account(
                f"{role}@rostrum.example",
                name,
                roles=[role],
                organization="CA-MFA" if role == "nominator" else None,
                password=DEMONSTRATION_PASSWORD,
                is_demonstration=True,
            )
            for role, name in PEOPLE
        }


def test_a_demonstration_shows_six_people_with_one_click_each(
    app: Flask, people: dict[str, int], browser: Browser
) -> None:
    with settings(app, demo=True):
        page = browser.get("/sign-in?next=/help")
        assert DEMONSTRATION_PASSWORD in page.text
        for role, word in zip(
            people,
            ("Participant", "Nominator", "Trainer", "Coordinator", "Roster staff", "Administrator"),
            strict=True,
        ):
            assert f"{role}@rostrum.example" in page.text
            assert word in page.text
        forms = [form for form in page.forms if form.action.endswith("/sign-in/demonstration")]
        assert len(forms) == 6
        assert forms[-1].submit().path == "/help"
        assert "Elena" in browser.get("/me").text


def test_their_password_works_there(app: Flask, people: dict[str, int], browser: Browser) -> None:
    with settings(app, demo=True):
        form = browser.get("/sign-in").form(action="/sign-in", button="Sign in")
        assert (
            form.submit(email="coordinator@rostrum.example", password=DEMONSTRATION_PASSWORD).path
            == "/me"
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"demo": False},
        {"demo": True, "public_url": "https://training.example.org"},
        {"demo": True, "host": "0.0.0.0"},
    ],
    ids=["demo off", "public address", "listens to all"],
)
def test_elsewhere_nothing_of_it_exists(
    app: Flask, people: dict[str, int], changes: dict[str, Any]
) -> None:
    browser = Browser(app)
    with settings(app, **changes):
        environ = {"base_url": app.extensions["settings"].public_url}
        page = browser.client.get("/sign-in", **environ)
        text = page.get_data(as_text=True)
        assert page.status_code == 200
        assert "rostrum.example" not in text
        assert DEMONSTRATION_PASSWORD not in text
        token = text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
        values = {"csrf_token": token, "person": str(people["administrator"])}
        headers = {"Referer": environ["base_url"] + "/sign-in"}
        assert (
            browser.client.post(
                "/sign-in/demonstration", data=values, headers=headers, **environ
            ).status_code
            == 404
        )
        values |= {"email": "administrator@rostrum.example", "password": DEMONSTRATION_PASSWORD}
        assert (
            browser.client.post("/sign-in", data=values, headers=headers, **environ).status_code
            == 422
        )
        assert (
            browser.client.post(
                "/sign-in/link", data=values, headers=headers, **environ
            ).status_code
            == 200
        )
    assert mails(app) == []
    assert sessions(app) == 0


def test_a_session_of_a_demonstration_is_worth_nothing_on_a_public_address(
    app: Flask, people: dict[str, int], browser: Browser
) -> None:
    with settings(app, demo=True):
        next(
            form for form in browser.get("/sign-in").forms if "demonstration" in form.action
        ).submit()
        assert browser.get("/me", follow=False).status == 200
    with settings(app, host="0.0.0.0"):
        assert browser.get("/me", follow=False).status == 303


def test_only_demonstration_people_by_one_click(
    app: Flask, people: dict[str, int], browser: Browser
) -> None:
    with app.app_context():
        someone = account("real@example.org", "Real")
    with settings(app, demo=True):
        values = {"csrf_token": browser.token(), "person": str(someone)}
        assert browser.post("/sign-in/demonstration", values).status == 404
        assert browser.post("/sign-in/demonstration", values | {"person": "x"}).status == 404
        assert (
            browser.post(
                "/sign-in/demonstration",
                values | {"person": str(people["trainer"]), "csrf_token": "no"},
            ).status
            == 400
        )


def test_its_people_read_kept_mail_and_use_its_links(
    app: Flask, people: dict[str, int], browser: Browser
) -> None:
    with app.app_context():
        account("new@example.org", "Nora")
    with settings(app, demo=True):
        answer = (
            browser.get("/sign-in").form(action="/sign-in/link").submit(email="new@example.org")
        )
        page = answer.follow("Messages")
        assert page.path.startswith("/sign-in?next=")
        form = next(form for form in page.forms if "demonstration" in form.action)
        page = form.submit()
        assert page.path == "/mail"
        page = page.follow("Your sign-in link")
        assert last_link(app) in page.text
        address = page.link("http://").removeprefix("http://127.0.0.1:8000")
        assert "Nora" in browser.get(address).form(button="Sign in").submit().text


def test_nobody_else_reads_it_there(
    app: Flask, people: dict[str, int], sign_in: Callable[..., Browser]
) -> None:
    from tests import factories

    with app.app_context():
        other, administrator = factories.actor(), factories.actor("administrator")
    assert Browser(app).get("/mail", follow=False).status == 303
    with settings(app, demo=True):
        assert Browser(app).get("/mail", follow=False).status == 303
        assert sign_in(other).get("/mail").status == 404
        assert sign_in(other).get("/mail/1").status == 404
        assert sign_in(administrator).get("/mail").status == 200
    assert sign_in(administrator).get("/mail").status == 404


def test_their_password_stays(app: Flask, people: dict[str, int], browser: Browser) -> None:
    with settings(app, demo=True):
        next(
            form for form in browser.get("/sign-in").forms if "demonstration" in form.action
        ).submit()
        form = browser.get("/me/password").form(button="Set the password")
        page = form.submit(
            current_password=DEMONSTRATION_PASSWORD,
            password="another lagoon seven",
            again="another lagoon seven",
        )
        assert page.status == 422
        assert "cannot be changed" in page.text


FORWARDED = [
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Server",
    "X-Forwarded-Anything",
    "Via",
    "X-Real-IP",
    "X-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "Fastly-Client-IP",
    "X-Cluster-Client-IP",
    "CF-Ray",
    "X-Original-Host",
    "Client-IP",
    "X-ProxyUser-Ip",
    "CDN-Loop",
    "X-Envoy-External-Address",
    "X-Remote-IP",
    "X-Remote-Addr",
    "X-Originating-IP",
    "X-Url-Scheme",
    "X-Scheme",
    "Front-End-Https",
    "X-Appengine-User-IP",
    "X-Amzn-Trace-Id",
    "X-Whatever-Comes-Next",
]


@pytest.mark.parametrize("name", FORWARDED)
def test_through_a_proxy_nobody_signs_in_as_a_demonstration(
    app: Flask, people: dict[str, int], name: str
) -> None:
    """Behind a proxy everyone comes from this machine: its passwords are for the person who sits
    there."""
    browser = Browser(app)
    with settings(app, demo=True):
        client, headers = browser.client, {name: "127.0.0.1"}
        text = client.get("/sign-in", headers=headers).get_data(as_text=True)
        assert "rostrum.example" not in text and DEMONSTRATION_PASSWORD not in text
        token = text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
        values = {"csrf_token": token, "person": str(people["administrator"])}
        assert (
            client.post("/sign-in/demonstration", data=values, headers=headers).status_code == 404
        )
        values = {
            "csrf_token": token,
            "email": "administrator@rostrum.example",
            "password": DEMONSTRATION_PASSWORD,
        }
        client.post("/sign-in", data=values, headers=headers)
        assert client.get("/me", headers=headers).status_code == 303
        forms = [
            form
            for form in browser.get("/sign-in").forms
            if form.action.endswith("/sign-in/demonstration")
        ]
        forms[-1].submit()
        assert client.get("/me").status_code == 200
        assert client.get("/me", headers=headers).status_code == 303, (
            "nor does a session go on through one"
        )


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "127.0.0.1:8000",
        "127.1.2.3",
        "[::1]:8000",
        "[::1]",
        "LOCALHOST",
    ],
)
def test_a_demonstration_answers_to_this_machines_names(
    app: Flask, people: dict[str, int], host: str
) -> None:
    with settings(app, demo=True):
        assert Browser(app).client.get("/sign-in", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "training.example.org",
        "127.0.0.1.example.org",
        "localhost.example.org",
        "192.168.1.7:8000",
        "0.0.0.0:8000",
        "[fe80::1]",
        "10.0.0.1",
    ],
)
def test_a_demonstration_answers_to_no_other_name(
    app: Flask, people: dict[str, int], host: str
) -> None:
    with settings(app, demo=True):
        client = Browser(app).client
        for address in ("/sign-in", "/api/v1/courses", "/static/style.css", "/readyz", "/nowhere"):
            assert client.get(address, headers={"Host": host}).status_code == 400, address
        assert client.get("/healthz", headers={"Host": host}).status_code == 200
    with settings(app, demo=False):
        assert Browser(app).client.get("/sign-in", headers={"Host": host}).status_code == 200
