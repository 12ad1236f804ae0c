"""The selection of a delivery of 200 people and more: pages, each of which saves its own part."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core.database import db
from enrollment.models import Enrollment, EnrollmentStatus
from tests import factories
from tests.browsing import Browser
from tests.courses import makers as courses
from tests.enrollment import makers

S = EnrollmentStatus


@pytest.fixture
def coordinator(app: Flask, sign_in: Any) -> Browser:
    with app.app_context():
        return sign_in(factories.actor(Role.COORDINATOR))


def of_requests(number: int) -> tuple[str, list[int]]:
    into = courses.delivery(places=300, admission="approval")
    return into.code, makers.crowd(into, number, "requested")


def confirmed() -> set[int]:
    db.session.rollback()
    return set(db.session.scalars(sa.select(Enrollment.id).where(Enrollment.status == S.CONFIRMED)))


def test_199_people_are_on_one_page(app: Flask, coordinator: Browser) -> None:
    with app.app_context():
        code, ids = of_requests(199)
    page = coordinator.get(f"/deliveries/{code}/selection")
    assert all(f'value="{enrollment_id}"' in page.html for enrollment_id in ids)
    assert "Page 1 of" not in page.html and "Applies to this page only" not in page.html


def test_201_people_are_on_three(app: Flask, coordinator: Browser) -> None:
    with app.app_context():
        code, ids = of_requests(201)
    page = coordinator.get(f"/deliveries/{code}/selection")
    assert "<title>Selection – Page 1 of 3 – " in page.html
    assert "201 requests to decide on" in page.text
    assert "Applies to this page only:" in page.text
    second = coordinator.get(f"/deliveries/{code}/selection?page=2&lang=en")
    shown = [
        enrollment_id
        for enrollment_id in ids
        if f'name="chosen" value="{enrollment_id}"' in second.html
    ]
    assert shown == ids[100:200]
    assert f"/deliveries/{code}/selection?page=3&amp;lang=en" in second.html  # what else it says
    for number, beyond in (("99", "Page 3 of 3"), ("-1", "Page 1 of 3"), ("x", "Page 1 of 3")):
        assert beyond in coordinator.get(f"/deliveries/{code}/selection?page={number}").text


def test_approving_on_page_2_stays_there(app: Flask, coordinator: Browser) -> None:
    with app.app_context():
        code, ids = of_requests(201)
    page = coordinator.get(f"/deliveries/{code}/selection?page=2")
    after = page.form(button="Approve selected").submit("Approve selected", chosen=[str(ids[150])])
    assert "1 request approved." in after.text and "Page 2 of 3" in after.text
    with app.app_context():
        assert confirmed() == {ids[150]}


def test_a_stale_page_acts_on_whom_it_shows(app: Flask, coordinator: Browser) -> None:
    """Meanwhile others were approved, so that everyone moved to another page."""
    with app.app_context():
        code, ids = of_requests(201)
    stale = coordinator.get(f"/deliveries/{code}/selection?page=3")
    with app.app_context():
        chosen = sa.update(Enrollment.__table__).where(Enrollment.__table__.c.id.in_(ids[:50]))
        with db.engine.begin() as connection:
            connection.execute(chosen.values(status=S.WITHDRAWN))
    stale.form(button="Approve selected").submit("Approve selected", chosen=[str(ids[200])])
    with app.app_context():
        assert confirmed() == {ids[200]}


def test_each_list_has_a_way_to_it(app: Flask, coordinator: Browser) -> None:
    with app.app_context():
        into = courses.delivery(places=300, admission="approval")
        makers.crowd(into, 150, "requested")
        makers.crowd(into, 60)
        makers.crowd(into, 30, "waitlisted")
        code = into.code
    page = coordinator.get(f"/deliveries/{code}/selection")
    assert (
        f'href="/deliveries/{code}/selection?page=2#seated">60 people have a place</a>' in page.html
    )
    assert '/selection?page=3#waiting-">Waiting list</a>' in page.html
    second = coordinator.get(f"/deliveries/{code}/selection?page=2")
    assert 'id="requested"' in second.html and 'id="seated"' in second.html
    assert "60 people have a place" in second.text
