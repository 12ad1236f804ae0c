"""Rows that are not nominated yet are kept for the one who gave the file, and for no one else."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import audit, clock, jobs
from core.audit import AuditEntry
from core.database import db, transaction
from core.policy import SYSTEM
from courses.models import Delivery
from enrollment.models import Nomination, NominationDraft
from tests import factories
from tests.browsing import Browser, Page
from tests.courses import makers as courses

FILE = (
    "Given name;Family name;Email;Country;Category;Date of birth\n"
    "Awa;Diop;awa@example.org;SN;police;03/04/1987\nMoussa;Fall;nothing;SN;military;05/06/1990\n"
)


@pytest.fixture
def code(app: Flask) -> str:
    with app.app_context():
        return courses.delivery(places=30).code


@pytest.fixture
def at_work(app: Flask, sign_in: Any) -> Browser:
    with app.app_context():
        return sign_in(factories.actor(Role.NOMINATOR, organization_id=factories.organization().id))


def upload(browser: Browser, code: str, text: str = FILE) -> Page:
    page = browser.get(f"/deliveries/{code}/nominate").form("/nominate")
    return page.submit("Check", file=(io.BytesIO(text.encode()), "people.csv"))


def drafts(app: Flask) -> list[int]:
    with app.app_context():
        return list(db.session.scalars(sa.select(NominationDraft.rows)))


def nominated(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Nomination.family_name).order_by(Nomination.id)))


@pytest.mark.both_databases
def test_rows_left_bad_are_there_another_day(app: Flask, at_work: Browser, code: str) -> None:
    page = (
        upload(at_work, code)
        .form("/check")
        .submit("Check again", day_first="1")
        .form("/check")
        .submit("Nominate 1")
    )
    assert "The rows below are kept for you" in page.text
    assert drafts(app) == [1]
    page = at_work.get(f"/deliveries/{code}/nominate")
    assert "1 row for Ministry of Foreign Affairs is kept for you until" in page.text
    page = page.follow("Go on with these rows")
    assert "1 row needs fixing" in page.text and "“nothing” is not an email address" in page.text
    page = page.form("/check").submit("Check again", **{"row-3-email": "moussa@example.org"})
    assert "1 person is ready" in page.text, "the order of day and month was told before"
    page.form("/check").submit("Nominate 1")
    assert nominated(app) == ["Diop", "Fall"]
    assert drafts(app) == []
    with app.app_context():
        actions = db.session.scalars(
            sa.select(AuditEntry.action)
            .where(AuditEntry.action.like("nomination_draft.%"))
            .order_by(AuditEntry.number)
        )
        assert list(actions) == ["nomination_draft.kept", "nomination_draft.discarded"]


@pytest.mark.both_databases
def test_all_rows_can_be_kept_without_nominating_anybody(
    app: Flask, at_work: Browser, code: str
) -> None:
    for _again in range(2):
        page = (
            upload(at_work, code)
            .form("/check")
            .submit("Keep all rows for later", **{"row-3-email": "typed@example.org"})
        )
    assert "The rows are kept for you for 30 days." in page.text
    assert (drafts(app), nominated(app)) == ([2], [])
    page = page.follow("Go on with these rows")
    assert "typed@example.org" in page.text or "typed@example.org" in page.html
    assert "the day or the month" in page.text


def test_kept_rows_can_be_deleted(app: Flask, at_work: Browser, code: str) -> None:
    page = upload(at_work, code).form("/check").submit("Keep all rows for later")
    page = page.form("/nominate/draft").submit("Delete them")
    assert "The kept rows were deleted." in page.text
    assert drafts(app) == []
    assert "kept for you until" not in page.text


def test_nobody_else_sees_them(app: Flask, sign_in: Any, at_work: Browser, code: str) -> None:
    upload(at_work, code).form("/check").submit("Keep all rows for later")
    with app.app_context():
        own = factories.organization()
        others = [
            factories.actor(Role.NOMINATOR, organization_id=own.id),
            factories.actor(Role.COORDINATOR),
            factories.actor(Role.ADMINISTRATOR),
        ]
        organization = own.id
    for actor in others:
        browser = sign_in(actor)
        assert "kept for you" not in browser.get(f"/deliveries/{code}/nominate").text
        page = browser.get(f"/deliveries/{code}/nominate/draft?organization={organization}")
        assert "Diop" not in page.html
        values = {"csrf_token": browser.token(), "organization": str(organization)}
        browser.post(f"/deliveries/{code}/nominate/draft", values)
    assert drafts(app) == [2]


def forget_after(app: Flask, days: int) -> list[int]:
    with app.app_context():
        clock.travel(app, clock.now() + timedelta(days=days))
        with transaction():
            jobs.enqueue("enrollment.forget")
        jobs.drain()
    return drafts(app)


@pytest.mark.both_databases
def test_they_are_forgotten_after_a_month(app: Flask, at_work: Browser, code: str) -> None:
    upload(at_work, code).form("/check").submit("Keep all rows for later")
    assert forget_after(app, 29) == [2]
    assert forget_after(app, 2) == []


@pytest.mark.both_databases
def test_they_are_forgotten_a_month_after_the_last_session(
    app: Flask, at_work: Browser, code: str
) -> None:
    """However late they were kept: they hold what people need."""
    upload(at_work, code).form("/check").submit("Keep all rows for later")
    with app.app_context():
        draft = db.session.scalars(sa.select(NominationDraft)).one()
        over = max(
            session.ends_at for session in db.session.get_one(Delivery, draft.delivery_id).sessions
        )
        days = (over - clock.now()).days + 31
        with transaction():
            draft.kept_at = clock.now() + timedelta(days=days - 3)
            audit.record(SYSTEM, "test.kept", "nomination_draft", {})
    assert forget_after(app, days - 2) == [2]
    assert forget_after(app, 2) == []
