"""Issuing to 200 people and more: by page, or to all at once."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core.database import db
from core.jobs import Job
from enrollment.models import Enrollment, EnrollmentStatus
from tests.browsing import Browser
from tests.certificates import makers as certificates
from tests.enrollment import makers


@pytest.fixture
def crowd(app: Flask) -> tuple[str, list[int]]:
    with app.app_context():
        done = certificates.finished_delivery(1)
        ids = makers.crowd(done, 200, "completed", finished_at=done.created_at)
        return done.code, [*ids, _first(done.id)]


def _first(delivery_id: int) -> int:
    first_id = sa.select(sa.func.min(Enrollment.id)).where(Enrollment.delivery_id == delivery_id)
    return db.session.scalar(first_id) or 0


@pytest.fixture
def coordinator(app: Flask, sign_in: Any) -> Browser:
    with app.app_context():
        return sign_in(makers.coordinator())


def requested(app: Flask) -> list[int]:
    with app.app_context():
        job = db.session.scalars(sa.select(Job).where(Job.kind == "certificates.issue")).one()
        return sorted(job.args["enrollment_ids"])


def test_page_2_is_issued(app: Flask, coordinator: Browser, crowd: Any) -> None:
    code, ids = crowd
    page = coordinator.get(f"/deliveries/{code}/certificates?page=2")
    assert "Page 2 of 3" in page.text and "201 people completed the course" in page.text
    page.form(button="Issue 100 certificates").submit("Issue 100 certificates")
    assert requested(app) == ids[100:200]


def test_all_pages_are_issued(app: Flask, coordinator: Browser, crowd: Any) -> None:
    code, ids = crowd
    page = coordinator.get(f"/deliveries/{code}/certificates")
    page.form(button="Issue 100 certificates").submit("Issue all 201 certificates")
    assert requested(app) == sorted(ids)


def test_a_stale_page_issues_to_whom_it_shows(app: Flask, coordinator: Browser, crowd: Any) -> None:
    code, ids = crowd
    page = coordinator.get(f"/deliveries/{code}/certificates?page=2")
    table = Enrollment.__table__
    with app.app_context(), db.engine.begin() as connection:
        gone = sa.update(table).where(table.c.id.in_(ids[:20]))
        connection.execute(gone.values(status=EnrollmentStatus.NOT_COMPLETED))
    page.form(button="Issue 100 certificates").submit("Issue 100 certificates")
    assert requested(app) == ids[100:200]


def test_a_name_of_another_page_that_cannot_be_printed_is_led_to(
    app: Flask, coordinator: Browser, crowd: Any
) -> None:
    code, ids = crowd
    table = Enrollment.__table__
    with app.app_context(), db.engine.begin() as connection:
        named = sa.update(table).where(table.c.id == ids[150])
        connection.execute(named.values(name_on_certificate="Someone Else"))
    page = coordinator.get(f"/deliveries/{code}/certificates")
    page = page.form(button="Issue 100 certificates").submit("Issue all 201 certificates")
    assert page.status == 422 and "“Someone Else” is not a spelling" in page.text
    (link,) = [a for a in page.all("a") if f"#name-{ids[150]}" in (a.get("href") or "")]
    page = coordinator.get(str(link.get("href")))
    assert "Page 2 of 3" in page.text and "“Someone Else” is not a spelling" in page.text
    assert page.form("/certificates").values[f"name-{ids[150]}"] == "Someone Else"
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0


def test_the_links_of_the_parts_lead_to_them(coordinator: Browser, crowd: Any) -> None:
    page = coordinator.get(f"/deliveries/{crowd[0]}/certificates")
    assert page.all("h2", id="waiting") and "#waiting" in page.html
