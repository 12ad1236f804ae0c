"""Attendance, scores and results of a delivery of 200 people and more: pages, each of which saves
its part."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from classroom.models import Mark, Score
from core import clock
from core.database import db
from enrollment.models import OPEN, Enrollment, EnrollmentStatus
from tests import factories
from tests.browsing import Browser
from tests.courses import makers as courses
from tests.enrollment import makers
from tests.factories import end_of


@pytest.fixture
def crowd(app: Flask) -> tuple[str, list[int]]:
    with app.app_context():
        into = courses.delivery(places=300)
        ids = makers.crowd(into, 201)
        clock.travel(app, end_of(into.id))
        return into.code, ids


@pytest.fixture
def coordinator(app: Flask, sign_in: Any, crowd: tuple[str, list[int]]) -> Browser:
    with app.app_context():
        return sign_in(factories.actor(Role.COORDINATOR, family="Abc"))


def scores(app: Flask) -> dict[int, float]:
    with app.app_context():
        return dict(db.session.execute(sa.select(Score.enrollment_id, Score.percent)).all())


def test_scores_of_page_2(app: Flask, coordinator: Browser, crowd: tuple[str, list[int]]) -> None:
    code, ids = crowd
    page = coordinator.get(f"/deliveries/{code}/scores?page=2")
    assert "<title>Scores – Page 2 of 3 – " in page.html
    assert [
        enrollment_id for enrollment_id in ids if f'name="pre-{enrollment_id}"' in page.html
    ] == ids[100:200]
    after = page.form(button="Save scores").submit(**{f"post-{ids[150]}": "80"})
    assert "1 score saved." in after.text and "Page 2 of 3" in after.text
    assert scores(app) == {ids[150]: 80.0}
    wrong = after.form(button="Save scores").submit(**{f"post-{ids[150]}": "800"})
    assert wrong.status == 422 and "Page 2 of 3" in wrong.text
    assert scores(app) == {ids[150]: 80.0}


def test_scores_of_a_stale_page(
    app: Flask, coordinator: Browser, crowd: tuple[str, list[int]]
) -> None:
    """Someone of page 1 withdrew meanwhile, so that the first of page 2 is on page 1 now."""
    code, ids = crowd
    page = coordinator.get(f"/deliveries/{code}/scores?page=2")
    withdraw(app, ids[0])
    page.form(button="Save scores").submit(**{f"post-{ids[100]}": "70"})
    assert scores(app) == {ids[100]: 70.0}


def test_results_are_counted_in_full_and_listed_by_page(
    app: Flask, coordinator: Browser, crowd: tuple[str, list[int]]
) -> None:
    code, _ids = crowd
    page = coordinator.get(f"/deliveries/{code}/finish?page=2")
    assert "201 people do not" in page.text and "Page 2 of 3" in page.text
    page.form(button="Finish the delivery").submit()
    with app.app_context():
        still_confirmed = sa.select(sa.func.count()).where(
            Enrollment.status == EnrollmentStatus.CONFIRMED
        )
        assert (
            db.session.scalar(still_confirmed) == 0
        )  # finishing is about everyone, whatever page one sees


def marks(app: Flask) -> dict[int, str]:
    with app.app_context():
        return dict(db.session.execute(sa.select(Mark.enrollment_id, Mark.mark)).all())


def test_attendance_of_page_2(
    app: Flask, coordinator: Browser, crowd: tuple[str, list[int]]
) -> None:
    code, ids = crowd
    page = coordinator.get(f"/deliveries/{code}/attendance/1?page=2")
    assert "Page 2 of 3 – " in page.html and "0 of 201 marked" in page.text
    assert [
        enrollment_id for enrollment_id in ids if f'name="mark-{enrollment_id}"' in page.html
    ] == ids[100:200]
    page = page.form("/attendance/1").submit(
        "Mark all on this page present", **{f"mark-{ids[100]}": "absent"}
    )
    assert "everyone on this page without a mark is set to present" in page.text
    assert marks(app) == {} and "Page 2 of 3" in page.text
    page = page.form("/attendance/1").submit("Save attendance")
    assert "Saved: 100 of the 100 people on this page are marked." in page.text
    assert "Page 2 of 3" in page.text and "100 of 201 marked" in page.text
    assert marks(app) == {ids[100]: "absent", **dict.fromkeys(ids[101:200], "present")}
    wrong = {f"mark-{ids[150]}": "late", f"minutes-{ids[150]}": "900"}
    page = page.form("/attendance/1").submit("Save attendance", **wrong)
    assert page.status == 422 and "Page 2 of 3" in page.text
    assert page.form("/attendance/1").values[f"minutes-{ids[150]}"] == "900"


def test_attendance_of_a_stale_page(
    app: Flask, coordinator: Browser, crowd: tuple[str, list[int]]
) -> None:
    """Someone of page 1 withdrew meanwhile, so that the first of page 2 is on page 1 now."""
    code, ids = crowd
    form = coordinator.get(f"/deliveries/{code}/attendance/1?page=2").form("/attendance/1")
    withdraw(app, ids[0])
    form.submit("Save attendance", **{f"mark-{ids[100]}": "present"})
    assert marks(app) == {ids[100]: "present"}


def withdraw(app: Flask, enrollment_id: int) -> None:
    table = Enrollment.__table__
    with app.app_context(), db.engine.begin() as connection:
        gone = sa.update(table).where(table.c.id == enrollment_id)
        connection.execute(gone.values(status=EnrollmentStatus.WITHDRAWN))


def test_results_of_page_2_are_reopened(
    app: Flask, coordinator: Browser, crowd: tuple[str, list[int]]
) -> None:
    code, ids = crowd
    coordinator.get(f"/deliveries/{code}/finish").form(button="Finish the delivery").submit()
    page = coordinator.get(f"/deliveries/{code}/reopen?page=2")
    assert [
        enrollment_id
        for enrollment_id in ids
        if f'enrollments" value="{enrollment_id}"' in page.html
    ] == ids[100:200]
    page = page.form("/reopen").submit(enrollments=str(ids[150]))
    assert page.status == 422 and "Page 2 of 3" in page.text, "the reason is missing"
    page.form("/reopen").submit(enrollments=str(ids[150]), reason="Was there")
    with app.app_context():
        opened = sa.select(Enrollment.id).where(Enrollment.status.in_(OPEN))
        assert list(db.session.scalars(opened)) == [ids[150]]
