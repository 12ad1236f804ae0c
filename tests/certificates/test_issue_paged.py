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
    found = sa.select(sa.func.min(Enrollment.id)).where(Enrollment.delivery_id == delivery_id)
    return db.session.scalar(found) or 0


@pytest.fixture
def coordinator(app: Flask, sign_in: Any) -> Browser:
    with app.app_context():
        return sign_in(makers.coordinator())


def asked(app: Flask) -> list[int]:
    with app.app_context():
        job = db.session.scalars(sa.select(Job).where(Job.kind == "certificates.issue")).one()
        return sorted(job.args["enrollment_ids"])


def test_page_2_is_issued(app: Flask, coordinator: Browser, crowd: Any) -> None:
    code, ids = crowd
    page = coordinator.get(f"/deliveries/{code}/certificates?page=2")
    assert "Page 2 of 3" in page.text and "201 people completed the course" in page.text
    page.form(button="Issue 100 certificates").submit("Issue 100 certificates")
    assert asked(app) == ids[100:200]


def test_all_pages_are_issued(app: Flask, coordinator: Browser, crowd: Any) -> None:
    code, ids = crowd
    page = coordinator.get(f"/deliveries/{code}/certificates")
    page.form(button="Issue 100 certificates").submit("Issue all 201 certificates")
    assert asked(app) == sorted(ids)


def test_a_stale_page_issues_to_whom_it_shows(app: Flask, coordinator: Browser, crowd: Any) -> None:
    code, ids = crowd
    page = coordinator.get(f"/deliveries/{code}/certificates?page=2")
    table = Enrollment.__table__
    with app.app_context(), db.engine.begin() as connection:
        gone = sa.update(table).where(table.c.id.in_(ids[:20]))
        connection.execute(gone.values(status=EnrollmentStatus.NOT_COMPLETED))
    page.form(button="Issue 100 certificates").submit("Issue 100 certificates")
    assert asked(app) == ids[100:200]
