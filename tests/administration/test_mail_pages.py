"""Where people see what became of a message: administrators, the nominating organization, the
person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask

from accounts.roles import Role
from core import audit, jobs
from core.database import db, transaction
from core.settings import settings_of
from enrollment import services
from people.models import Person
from tests import factories
from tests.browsing import Browser
from tests.enrollment import makers
from tests.smtp_server import SmtpServer, smtp_server


@pytest.fixture
def post(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpServer]:
    with smtp_server() as server:
        monkeypatch.setitem(
            app.extensions, "settings", replace(settings_of(app), mail_url=server.url)
        )
        yield server


@pytest.fixture
def people(app: Flask) -> dict:
    """An administrator, a nominator and the person nominated, to whom a message waits."""
    with app.app_context():
        organization = factories.organization()
        nominator = factories.actor(Role.NOMINATOR, organization_id=organization.id)
        delivery_id, nominee = makers.delivery().id, makers.nominee(email="wrong@example.org")
        with transaction():
            enrollments = services.nominate(nominator, delivery_id, organization, [nominee])
            mails = {
                "person": enrollments[0].person_id,
                "enrollment": enrollments[0].id,
                "code": enrollments[0].delivery.code,
            }
        return mails | {
            "administrator": factories.actor(Role.ADMINISTRATOR),
            "nominator": nominator,
        }


def drain(app: Flask) -> None:
    with app.app_context():
        jobs.drain()


def test_a_refused_message_is_seen_by_everybody_who_can_mend_it(
    app: Flask, post: SmtpServer, people: dict, sign_in: Callable[..., Browser]
) -> None:
    post.answers["RCPT"] = "550 5.1.1 no such mailbox"
    drain(app)
    administrator, nominator = sign_in(people["administrator"]), sign_in(people["nominator"])
    page = administrator.get(f"/administration/people/{people['person']}")
    assert (
        "Messages do not reach this person" in page.text
        and "550 5.1.1 no such mailbox" in page.text
    )
    page = administrator.get("/administration/mail?state=refused")
    assert "Refused by the mail server" in page.text and "550 5.1.1" in page.text
    page = nominator.get("/nominations")
    assert "Our message was refused by the mail server" in page.text and "550" not in page.text
    assert (
        "Refused by the mail server" in nominator.get(f"/enrollments/{people['enrollment']}").text
    )
    assert (
        "Refused by the mail server"
        in administrator.get(f"/deliveries/{people['code']}/selection").text
    )

    post.answers.clear()
    page = administrator.get("/administration/mail").form(button="Try all again").submit()
    assert page.status == 200 and "tried again" in page.text
    drain(app)
    assert len(post.messages) == 1
    assert "refused" not in nominator.get("/nominations").text
    assert (
        "do not reach" not in administrator.get(f"/administration/people/{people['person']}").text
    )
    assert "Refused by" not in administrator.get(f"/deliveries/{people['code']}/selection").text
    with app.app_context():
        assert "mail.retried" in db.session.scalars(db.select(audit.AuditEntry.action)).all()


def test_a_corrected_address_is_not_called_refused(
    app: Flask, post: SmtpServer, people: dict, sign_in: Callable[..., Browser]
) -> None:
    post.answers["RCPT"] = "550 no"
    drain(app)
    with app.app_context(), transaction():
        db.session.get_one(Person, people["person"]).email = "right@example.org"
        audit.record(people["administrator"], "test", "person:1", {})
    assert "refused" not in sign_in(people["nominator"]).get("/nominations").text


@pytest.mark.parametrize(
    ("step", "words"), [("MAIL", "refuses our sender"), ("", "refuses our connection")]
)
def test_a_fault_of_the_setup_is_shown_to_administrators_on_every_page(
    app: Flask,
    post: SmtpServer,
    people: dict,
    sign_in: Callable[..., Browser],
    browser: Browser,
    step: str,
    words: str,
) -> None:
    post.answers[step] = "550 not from here"
    drain(app)
    administrator = sign_in(people["administrator"])
    for path in ("/", "/administration", "/me"):
        assert "sending has stopped" in administrator.get(path).text, path
    assert "sending has stopped" not in sign_in(people["nominator"]).get("/").text
    page = administrator.get("/administration/mail")
    assert words in page.text and "550 not from here" in page.text and "Waiting (1)" in page.text
    ready = browser.client.get("/readyz")
    assert ready.status_code == 200 and ready.text.startswith("ready\nmail: stopped (")
    post.answers.clear()
    page.form(button="Try all again").submit()
    drain(app)
    assert len(post.messages) == 1
    assert "sending has stopped" not in administrator.get("/administration").text
    assert browser.client.get("/readyz").text == "ready\n"


def test_the_pages_in_french(app: Flask, post: SmtpServer, people: dict) -> None:
    post.answers["MAIL"] = "550 non"
    drain(app)
    browser = Browser(app, language="fr")
    factories.sign_in(browser, people["administrator"])
    page = browser.get("/administration/mail?lang=fr")
    assert "refuse notre adresse d’expédition" in page.text and "Tout réessayer" in page.text


def test_an_address_that_cannot_be_written_to_is_refused_at_the_field(
    app: Flask, post: SmtpServer, people: dict, sign_in: Callable[..., Browser]
) -> None:
    post.extensions = ()
    page = sign_in(people["administrator"]).get(f"/administration/people/{people['person']}/edit")
    page = page.form(button="Save").submit(email="jürgen@example.org")
    assert page.status == 422 and "takes only letters a to z before the @" in page.text
    page = (
        Browser(app).get("/sign-in").form(action="/sign-in/link").submit(email="jürgen@example.org")
    )
    assert page.status == 422 and "takes only letters a to z before the @" in page.text
