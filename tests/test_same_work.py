"""Wherever an address is entered, known and unknown ones get the same answer, and cost the same
statements in the same order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from core.database import db
from core.jobs import Job
from core.mail import Mail
from tests import factories
from tests.accounts.makers import PASSWORD, account, close
from tests.browsing import Browser, Page
from tests.counting import queries_counted
from tests.courses import makers as courses

ADDRESSES = {
    "known": "amina@example.org",
    "unknown": "nobody@example.org",
    "closed": "closed@example.org",
}


def kinds(statements: list[str]) -> list[str]:
    """What each statement does to which table, in order."""
    return [_kind(" ".join(statement.split())) for statement in statements]


def _kind(statement: str) -> str:
    if statement.startswith(("RELEASE", "ROLLBACK TO")):
        return "END SAVEPOINT"  # kept, or undone: the one difference
    match = re.match(r"(SELECT|INSERT INTO|UPDATE|DELETE FROM|SAVEPOINT|WITH)\b", statement)
    table = re.search(r"(?:FROM|INTO|UPDATE) \"?(\w+)", statement)
    return (
        f"{match.group(1) if match else statement[:30]} "
        f"{table.group(1) if table and match.group(1) != 'SAVEPOINT' else ''}"
    )


def logged(app: Flask, act: Callable[[str], Page], address: str) -> tuple[list[str], str]:
    """(kinds of statements, the answer without what is drawn at random) of one act."""
    with app.app_context(), queries_counted() as count:
        answer = act(address)
    text = answer.html.replace(address, "ADDRESS").replace(address[:1] + "•••", "A•••")
    text = re.sub(
        r'name="csrf_token"[^>]*|value="[0-9a-f]{64}"|[\w-]+@example\.org|[A-Z]{2}\d?-[\w-]+|/applications/[\w.-]+',
        "",
        text,
    )
    return kinds(count.statements), f"{answer.status} {text}"


def ask_for_link(app: Flask) -> Callable:
    browser = Browser(app)
    page = browser.get("/sign-in")
    return lambda address: page.form(action="/sign-in/link").submit(email=address)


def try_password(app: Flask) -> Callable:
    page = Browser(app).get("/sign-in")
    return lambda address: page.form(button="Sign in").submit(
        email=address, password="a wrong password"
    )


@pytest.fixture
def people(app: Flask) -> None:
    with app.app_context():
        account("first@example.org", "First")
        account(ADDRESSES["known"], password=PASSWORD)
        close(account(ADDRESSES["closed"], password=PASSWORD))


@pytest.mark.both_databases
@pytest.mark.parametrize("mail_url", ["", "smtp://mail.example.org"])
@pytest.mark.parametrize("door", [ask_for_link, try_password])
@pytest.mark.usefixtures("people")
def test_signing_in_costs_the_same(
    app: Flask, monkeypatch: pytest.MonkeyPatch, door: Callable, mail_url: str
) -> None:
    monkeypatch.setitem(
        app.extensions, "settings", replace(app.extensions["settings"], mail_url=mail_url)
    )
    woken: list[int] = []
    monkeypatch.setattr("core.jobs.engine.wake", woken.append)
    done = {who: logged(app, door(app), address) for who, address in ADDRESSES.items()}
    assert done["unknown"] == done["known"] == done["closed"]
    if door is ask_for_link:
        assert (
            done["known"][0].count("INSERT INTO mail")
            == done["known"][0].count("INSERT INTO sign_in_link")
            == 1
        )
        with app.app_context():
            assert list(db.session.scalars(sa.select(Mail.address))) == [ADDRESSES["known"]]
            jobs = db.session.scalar(sa.select(sa.func.count()).select_from(Job))
        assert jobs == (1 if mail_url else 0)
        assert len(woken) in (
            0,
            len(ADDRESSES),
        )  # for each of them, or (where a worker looks by itself) for none


@pytest.mark.both_databases
@pytest.mark.usefixtures("people")
def test_an_undone_link_opens_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written for an unknown address is not there a moment later, and was never good."""
    written: list[dict] = []
    real = __import__("core.mail", fromlist=["send"]).send
    monkeypatch.setattr(
        "core.mail.send", lambda *args, **facts: (written.append(facts), real(*args, **facts))[1]
    )
    ask_for_link(app)(ADDRESSES["unknown"])
    assert len(written) == 1 and "/sign-in/" in written[0]["link"]
    path = re.sub(r"^https?://[^/]+", "", written[0]["link"])
    assert Browser(app).get(path).status == 404
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Mail)) == 0


@pytest.mark.usefixtures("people")
def test_another_address_of_ones_own_costs_the_same(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    with app.app_context():
        someone = factories.actor()
    browser = sign_in(someone)

    def ask(address: str) -> Page:
        return browser.get("/me/email").form(button="Send").submit(email=address)

    done = {who: logged(app, ask, address) for who, address in ADDRESSES.items() if who != "closed"}
    assert done["unknown"] == done["known"]


@pytest.mark.both_databases
@pytest.mark.usefixtures("people")
def test_applying_costs_the_same(app: Flask) -> None:
    with app.app_context():
        code = courses.delivery(places=8, pools={"police": 5}).code
    about = {
        "given_name": "Awa",
        "family_name": "Diop",
        "country": "SN",
        "gender": "female",
        "category": "police",
    }

    def door() -> Callable:
        browser = Browser(app)
        page = browser.get(f"/deliveries/{code}/apply").form("/apply")

        def apply(address: str) -> Page:
            last = page.submit("Continue", email=address, **about).form("/apply").submit("Continue")
            return last.form("/apply").submit("Send application", consent="y")

        return apply

    done = {
        who: logged(app, door(), address) for who, address in ADDRESSES.items() if who != "closed"
    }
    assert done["unknown"][0] == done["known"][0], "\n".join(
        f"{a:40}{b}" for a, b in zip(done["unknown"][0], done["known"][0], strict=False)
    )
