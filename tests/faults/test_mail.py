"""Faults of mail that were found by number (tests/faults/inputs), each with the right value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import jobs
from core.database import db, transaction
from core.mail import Mail
from core.settings import settings_of
from tests import factories
from tests.api_client import Answer, ApiClient
from tests.enrollment import makers
from tests.smtp_server import SmtpServer, smtp_server

INPUTS = Path(__file__).parent / "inputs"


@pytest.fixture
def post(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpServer]:
    """A mail server without SMTPUTF8."""
    with smtp_server(extensions=("8BITMIME",)) as server:
        monkeypatch.setitem(
            app.extensions, "settings", replace(settings_of(app), mail_url=server.url)
        )
        yield server


def enrolled(app: Flask, person: dict) -> Answer:
    with app.app_context():
        code = makers.delivery().code
        client = ApiClient(app, makers.token_of(factories.actor(Role.COORDINATOR)))
    return client.post(f"/deliveries/{code}/enrollments", person)


def read(name: str) -> dict:
    return json.loads((INPUTS / name).read_text(encoding="utf-8"))


def drain(app: Flask, *, due: bool = False) -> str:
    """Does what is due and returns the state of the one message there is."""
    with app.app_context():
        if due:
            with transaction():
                db.session.execute(sa.update(jobs.Job).values(run_after=0.0))
        jobs.drain()
        return db.session.scalars(sa.select(Mail.state)).one().value


@pytest.mark.parametrize(
    ("name", "stored", "wire"),
    [
        ("19-email-sharp-s.json", "info@straße.example", "info@xn--strae-oqa.example"),
        ("20-email-idn.json", "c@müller.example", "c@xn--mller-kva.example"),
    ],
)
def test_19_and_20_the_address_is_kept_and_written_to_as_typed(
    app: Flask, post: SmtpServer, name: str, stored: str, wire: str
) -> None:
    answer = enrolled(app, read(name))
    assert answer.status_code == 201, answer.json
    assert drain(app) == "sent" and [who for who, _ in post.messages] == [wire]
    with app.app_context():
        assert db.session.scalars(sa.select(Mail.address)).all() == [stored]


def test_20_an_address_that_no_message_reaches_is_refused_when_it_is_entered(
    app: Flask, post: SmtpServer
) -> None:
    body = read("20-email-idn.json")
    body["person"]["email"] = "cé@müller.example"
    answer = enrolled(app, body)
    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json["errors"]] == [
        ("person.email", "address_unreachable")
    ]


@pytest.mark.parametrize("step", ["", "MAIL", "RCPT", "DATA", "."])
def test_28_a_server_that_answers_452_is_asked_for_longer_than_a_few_minutes(
    app: Flask, post: SmtpServer, step: str
) -> None:
    post.answers[step] = "452 mailbox full"
    assert enrolled(app, read("20-email-idn.json")).status_code == 201
    assert {drain(app, due=True) for _ in range(12)} == {"queued"}
    post.answers.clear()
    assert drain(app, due=True) == "sent" and len(post.messages) == 1


def test_28_a_server_that_is_down_is_asked_until_it_is_back(app: Flask, post: SmtpServer) -> None:
    post.stop()
    assert enrolled(app, read("20-email-idn.json")).status_code == 201
    assert {drain(app, due=True) for _ in range(12)} == {"queued"}
    post.start()
    assert drain(app, due=True) == "sent" and len(post.messages) == 1
