"""Attendance, scores, completion and the end of a delivery, through the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from accounts.roles import Role
from core import clock
from core.checking import breaches
from core.database import db
from courses.models import Delivery
from tests import factories
from tests.api_client import Answer, ApiClient
from tests.enrollment import makers
from tests.enrollment.test_enrollment_api import AFTER, BODY, person, problem, scheduled


@pytest.fixture
def code(app: Flask) -> str:
    return scheduled(app, places=2, pools={"military": 1})


def test_completion_goes_on_behind_a_cursor(client: Callable[..., ApiClient], app: Flask) -> None:
    code, coordinator = scheduled(app), client(Role.COORDINATOR)
    ids = [
        coordinator.post(
            f"/deliveries/{code}/enrollments", {"person": person(name), "category": "police"}
        ).json["id"]
        for name in ("Zed", "Moe", "Ann")
    ]
    first = coordinator.get(f"/deliveries/{code}/completion?limit=2").json
    second = coordinator.get(first["next"]).json
    assert [item["enrollment"] for item in first["items"] + second["items"]] == ids and second[
        "next"
    ] is None
    assert coordinator.get(f"/deliveries/{code}/completion?after=x").status_code == 422


def test_from_attendance_to_the_fixed_result(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    coordinator = client(Role.COORDINATOR)
    path = f"/deliveries/{code}/enrollments"
    first, two = (
        coordinator.post(path, {"person": person(n), "category": c}).json["id"]
        for n, c in (("A", "military"), ("B", "police"))
    )
    marks = [{"enrollment": first, "session": n, "mark": "present"} for n in range(1, 13)]
    marks += [
        {"enrollment": two, "session": n, "mark": "present", "minutes": 90} for n in range(1, 9)
    ]
    clock.travel(app, AFTER)
    assert coordinator.put(f"/deliveries/{code}/attendance", {"marks": marks}).json == {
        "recorded": 20
    }
    scores = [
        {"enrollment": first, "kind": "post", "percent": 82},
        {"enrollment": two, "kind": "post", "percent": 64},
    ]
    assert coordinator.put(f"/deliveries/{code}/scores", {"scores": scores}).json == {"recorded": 2}
    grid = coordinator.get(f"/deliveries/{code}/attendance").json
    assert [session["number"] for session in grid["sessions"]] == list(range(1, 13))
    assert [(row["enrollment"], row["minutes"], row["scores"]) for row in grid["rows"]] == [
        (first, 1080, {"post": 82.0}),
        (two, 720, {"post": 64.0}),
    ]
    items = coordinator.get(f"/deliveries/{code}/completion").json["items"]
    assert [(item["enrollment"], item["complete"]) for item in items] == [
        (first, True),
        (two, False),
    ]
    assert items[1]["lacking"] == [
        {"code": "attendance_below_minimum", "detail": "attended 720 of 1,080 minutes"},
        {"code": "score_below_minimum", "detail": "score 64, needs 70"},
    ]
    done = coordinator.post(f"/deliveries/{code}/finish")
    assert (
        done.status_code,
        done.json["status"],
        done.json["completed"],
        done.json["not_completed"],
    ) == (200, "finished", 1, 1)
    assert coordinator.get(f"/enrollments/{two}").json["status"] == "not_completed"
    assert (
        coordinator.get(f"/enrollments/{two}").json["reason"]
        == "attended 720 of 1,080 minutes; score 64, needs 70"
    )
    assert (
        coordinator.get(f"/deliveries/{code}/completion").json["items"][1]["lacking"]
        == items[1]["lacking"]
    )
    for response in (
        coordinator.post(f"/deliveries/{code}/finish"),
        coordinator.put(f"/deliveries/{code}/attendance", {"marks": marks}),
        coordinator.put(f"/deliveries/{code}/scores", {"scores": scores}),
    ):
        assert problem(response)[:2] == (409, "delivery_finished")
    with app.app_context():
        assert list(breaches()) == []


@pytest.mark.parametrize(
    ("mark", "field"),
    [
        ({"session": 99}, "marks.0.session"),
        ({"mark": "here"}, "marks.0.mark"),
        ({"minutes": 91}, "marks.0.minutes"),
        ({"minutes": -1}, "marks.0.minutes"),
        ({"minutes": 1.5}, "marks.0.minutes"),
        ({"enrollment": 999}, "marks.0.enrollment"),
        ({"enrollment": "1"}, "marks.0.enrollment"),
        ({"note": "x"}, "marks.0.note"),
    ],
)
def test_bad_marks_are_named(
    client: Callable[..., ApiClient], code: str, mark: dict, field: str
) -> None:
    coordinator = client(Role.COORDINATOR)
    enrollment = coordinator.post(f"/deliveries/{code}/enrollments", BODY).json["id"]
    good = {"enrollment": enrollment, "session": 1, "mark": "present"}
    assert problem(coordinator.put(f"/deliveries/{code}/attendance", {"marks": [good | mark]}))[
        2
    ] == [field]


@pytest.mark.parametrize("percent", [101, -1, "82", True, None])
def test_bad_scores_are_named(client: Callable[..., ApiClient], code: str, percent: Any) -> None:
    coordinator = client(Role.COORDINATOR)
    enrollment = coordinator.post(f"/deliveries/{code}/enrollments", BODY).json["id"]
    body = {"scores": [{"enrollment": enrollment, "kind": "post", "percent": percent}]}
    assert problem(coordinator.put(f"/deliveries/{code}/scores", body))[2] == ["scores.0.percent"]


def test_attendance_is_for_the_deliverys_own_trainers(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    with app.app_context():
        delivery = db.session.query(Delivery).filter_by(code=code).one()
        own = ApiClient(
            app, makers.token_of(factories.actor(Role.TRAINER, delivery_id=delivery.id))
        )
    enrollment = client(Role.COORDINATOR).post(f"/deliveries/{code}/enrollments", BODY).json["id"]
    body = {"marks": [{"enrollment": enrollment, "session": 1, "mark": "present"}]}
    clock.travel(app, AFTER)
    assert own.put(f"/deliveries/{code}/attendance", body).json == {"recorded": 1}
    assert own.get(f"/deliveries/{code}/completion").status_code == 200
    assert own.post(f"/deliveries/{code}/finish").status_code == 403
    for stranger in (client(Role.TRAINER), client(), client(Role.NOMINATOR, organization="CA-MFA")):
        assert stranger.put(f"/deliveries/{code}/attendance", body).status_code == 403
        assert stranger.get(f"/deliveries/{code}/attendance").status_code == 403
        assert stranger.get(f"/deliveries/{code}/completion").status_code == 403
        assert stranger.post(f"/deliveries/{code}/finish").status_code == 403


def test_a_mark_that_someone_else_gave_meanwhile_is_a_conflict(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    coordinator = client(Role.COORDINATOR)
    enrollment = coordinator.post(f"/deliveries/{code}/enrollments", BODY).json["id"]
    clock.travel(app, AFTER)

    def put(mark: str, **more: Any) -> Answer:
        marks = [{"enrollment": enrollment, "session": 1, "mark": mark, **more}]
        return coordinator.put(f"/deliveries/{code}/attendance", {"marks": marks})

    assert put("late", minutes=20, expected={"mark": None}).json == {"recorded": 1}
    assert problem(put("present", expected={"mark": None}))[:2] == (409, "marked_meanwhile")
    assert problem(put("present", expected={"mark": "late", "minutes": 30}))[:2] == (
        409,
        "marked_meanwhile",
    )
    assert put("present", expected={"mark": "late", "minutes": 20}).json == {"recorded": 1}
    assert problem(put("absent", expected={"mark": "here"}))[0] == 422
    assert put("absent").json == {"recorded": 1}
