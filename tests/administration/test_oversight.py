"""Mail, audit trail and jobs, to be looked at."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from administration import trail
from core import audit, jobs, mail
from core.database import db, transaction
from core.jobs import JobState
from core.policy import SYSTEM
from people import services
from people.models import Person
from tests import factories
from tests.accounts.makers import account, actions, last_link
from tests.browsing import Browser


@pytest.fixture
def boss(app: Flask, sign_in: Callable[..., Browser]) -> Browser:
    with app.app_context():
        actor = factories.actor(
            "administrator", given="Elena", family="Petrova", email="boss@example.org"
        )
    return sign_in(actor)


def test_administrators_read_kept_mail(app: Flask, boss: Browser) -> None:
    with app.app_context():
        account()
    Browser(app).get("/sign-in").form(action="/sign-in/link").submit(email="amina@example.org")
    page = boss.get("/administration/mail")
    assert "amina@example.org" in page.text
    page = page.follow("Your sign-in link")
    assert last_link(app) in page.text
    assert actions(app)[-1] == "mail.read"  # whoever reads it can act as Amina
    assert boss.get("/administration/mail/999").status == 404


def test_the_text_of_a_secret_is_shown_only_while_it_is_kept_here(
    app: Flask, boss: Browser
) -> None:
    with app.app_context(), transaction():
        db.session.add(
            mail.Mail(
                person_id=None,
                address="a@example.org",
                subject="Secret",
                body="http://x/secret",
                kind="x",
                is_secret=True,
                state=mail.MailState.QUEUED,
                created_at=audit.clock.now(),
            )
        )
    page = boss.get("/administration/mail").follow("Secret")
    assert "http://x/secret" not in page.text
    assert "The text opens a door" in page.text


def test_the_trail_says_who_did_what_when_in_words(app: Flask, boss: Browser) -> None:
    with app.app_context():
        person_id = account()
    boss.get(f"/administration/people/{person_id}").form(action="/roles").submit(role="trainer")
    page = boss.get("/administration/audit")
    assert "Role given" in page.text
    assert "Elena Petrova" in page.text
    assert f"Person {person_id}" in page.text
    assert "role: trainer" in page.text
    assert "23 November 2026" in page.text
    assert "The application" in page.text


def test_the_trail_is_filtered(app: Flask, boss: Browser) -> None:
    with app.app_context():
        person_id = account()
    boss.get(f"/administration/people/{person_id}").form(action="/roles").submit(role="trainer")

    def rows(query: Any) -> int:
        return len(boss.get("/administration/audit", query=query).all("th", scope="row"))

    everything = rows({})
    assert 0 < rows({"action": "role.assigned"}) < everything
    assert 0 < rows({"person": "boss@example.org"}) < everything
    assert rows({"person": "boss@example.org"}) == rows({"person": "1"})
    assert 0 < rows({"subject": f"person:{person_id}"}) < everything
    for nothing in (
        {"person": "nobody@example.org"},
        {"action": "x"},
        {"subject": "x"},
        {"person": "9" * 30},
    ):
        assert rows(nothing) == 0
    assert boss.get("/administration/audit?after=x").status == 422


def test_the_trail_is_paged_newest_first(app: Flask, boss: Browser) -> None:
    with app.app_context():
        for n in range(70):
            with transaction():
                audit.record(SYSTEM, "test.act", f"thing:{n}", {})
    first = boss.get("/administration/audit")
    second = first.follow("Next page")
    assert "thing:69" in first.text
    assert "thing:1" in second.text
    numbers = len(first.all("th", scope="row")) + len(second.all("th", scope="row"))
    assert numbers == len(actions(app))


def test_the_trail_is_exported_with_formulas_made_harmless(app: Flask, boss: Browser) -> None:
    with app.app_context():
        evil = factories.person(given="=HYPERLINK(1)", family="X").id
        with transaction():
            services.change_person(SYSTEM, db.session.get_one(Person, evil), country="CA")
            audit.record(factories.actor_of(db.session.get_one(Person, evil)), "+cmd", "@x", {})
    answer = boss.get("/administration/audit.csv")
    assert answer.response.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.response.get_data().decode("utf-8")
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text[1:], newline="")))
    assert rows[0][:4] == ["Number", "When (UTC)", "Person number", "Who"]
    assert rows[1][3:7] == ["'=HYPERLINK(1) X", "'+cmd", "'+cmd", "'@x"]
    assert len(rows) - 1 == len(actions(app)) - 1
    assert actions(app)[-1] == "audit.exported"
    only = boss.get("/administration/audit.csv?action=person.changed").response.get_data(
        as_text=True
    )
    assert only.count("\r\n") == 2


def test_jobs_that_were_given_up_are_seen_and_started_again(app: Flask, boss: Browser) -> None:
    with app.app_context():
        with transaction():
            job_id = jobs.enqueue("certificates.issue")
        with transaction():
            job = db.session.get_one(jobs.Job, job_id)
            job.state, job.error, job.attempts = JobState.DEAD, "unknown_delivery", 8
    assert "1 job was given up" in boss.get("/administration").text
    page = boss.get("/administration/jobs")
    assert "unknown_delivery" in page.text
    page = page.form(button="Try again").submit()
    assert "The job starts again." in page.text
    assert "job.retried" in actions(app)
    with app.app_context():
        assert db.session.get_one(jobs.Job, job_id).state is JobState.QUEUED
    page = boss.post(f"/administration/jobs/{job_id}/retry", {"csrf_token": boss.token()})
    assert "nothing was done" in page.text
    assert boss.post("/administration/jobs/999/retry", {"csrf_token": boss.token()}).status == 404


@pytest.mark.both_databases
def test_the_oldest_overdue_job_is_known(app: Flask, sign_in: Callable[..., Browser]) -> None:
    from administration import queries

    with app.app_context():
        boss = factories.actor("administrator")
        assert queries.job_overview(boss).oldest_due_seconds is None
        with transaction():
            job_id = jobs.enqueue("mail.send")
        with transaction():
            db.session.get_one(jobs.Job, job_id).run_after -= 100
        overview = queries.job_overview(boss)
        assert (overview.queued, overview.running, overview.dead) == (1, 0, 0)
        assert 100 <= overview.oldest_due_seconds < 110
    assert "waiting for more than a minute" in sign_in(boss).get("/administration/jobs").text


def test_the_words_of_an_act_are_those_of_its_event(app: Flask) -> None:
    with app.test_request_context():
        assert trail.action_words("account.created") == "Account made"
        assert trail.action_words("mail.read") == "Message opened"  # an entry that is no event
        assert trail.action_words("never.heard") == "never.heard"
