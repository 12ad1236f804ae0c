"""Many people nominated by a program: a job enters them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from accounts.services import create_token
from core import jobs
from core.database import db, transaction
from core.policy import SYSTEM
from enrollment.models import Enrollment
from people.models import Person
from tests import factories
from tests.api_client import ApiClient
from tests.enrollment.test_enrollment_api import person, problem

PEOPLE = 250


def nominations(number: int, **values: Any) -> list[dict[str, Any]]:
    return [{"person": person(f"Given{n}"), "category": "police"} | values for n in range(number)]


def drain(app: Flask) -> None:
    with app.app_context():
        jobs.drain()


@pytest.mark.both_databases
def test_a_list_is_entered_by_a_job(app: Flask, ghana: ApiClient, code: str) -> None:
    path = f"/deliveries/{code}/nominations"
    answer = ghana.post(path, {"nominations": nominations(PEOPLE)})
    assert answer.status_code == 202
    address = answer.json["job"]["url"]
    assert answer.headers["Location"] == address
    job = ghana.get(address).json
    assert (job["status"], job["done"], job["total"]) == ("queued", 0, PEOPLE)
    assert ghana.get(f"/deliveries/{code}").json["places_left"] == 0
    assert ghana.get(f"/deliveries/{code}/enrollments").json["items"] == []
    again = {"person": person("Late"), "category": "police"}
    assert problem(ghana.post(f"/deliveries/{code}/enrollments", again))[:2] == (
        409,
        "list_being_entered",
    )
    drain(app)
    job = ghana.get(address).json
    assert (job["status"], job["done"], job["errors"]) == ("succeeded", PEOPLE, [])
    items = ghana.get(f"/deliveries/{code}/enrollments?limit=200").json["items"]
    assert [item["person"]["given_name"] for item in items[:3]] == ["Given0", "Given1", "Given2"]
    assert [item["position"] for item in items[:8]] == [None] * 6 + [1, 2]
    assert ghana.post(f"/deliveries/{code}/enrollments", again).status_code == 201


def test_five_thousand_are_taken_in_one_call(ghana: ApiClient, code: str) -> None:
    """More values than other bodies may hold."""
    path, full = f"/deliveries/{code}/nominations", {"rank": "Sergeant", "needs": "None, none"}
    assert ghana.post(path, {"nominations": nominations(5000, **full)}).status_code == 202
    too_many = {"nominations": nominations(5001)}
    assert problem(ghana.post(path, too_many)) == (422, "invalid_values", ["nominations"])


def test_the_refusals_of_all_rows_come_with_the_job(
    app: Flask, ghana: ApiClient, code: str
) -> None:
    sent = nominations(3)
    sent[1]["person"]["country"] = "Atlantis"
    sent[2] = sent[0]
    answer = ghana.post(f"/deliveries/{code}/nominations", {"nominations": sent})
    drain(app)
    job = ghana.get(answer.json["job"]["url"]).json
    assert (job["status"], job["done"]) == ("failed", 0)
    assert [(error["row"], error["field"], error["code"]) for error in job["errors"]] == [
        (2, "person.country", "unknown_country"),
        (3, "person.email", "already_enrolled"),
    ]
    assert ghana.get(f"/deliveries/{code}/enrollments").json["items"] == []


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"nominations": []}, (422, "invalid_values", ["nominations"])),
        (
            {"nominations": nominations(2) + nominations(1, category="astronaut")},
            (422, "unknown_category", ["nominations.2.category"]),
        ),
        (
            {"nominations": nominations(1, nominated_by="GH-MOD")},
            (422, "invalid_values", ["nominations.0.nominated_by"]),
        ),
    ],
)
def test_what_is_refused_at_once(
    ghana: ApiClient, code: str, body: Any, refused: tuple[int, str, list[str]]
) -> None:
    assert problem(ghana.post(f"/deliveries/{code}/nominations", body)) == refused


def test_a_coordinator_says_for_whom(
    app: Flask, client: Callable[..., ApiClient], ghana: ApiClient, code: str
) -> None:
    coordinator = client(Role.COORDINATOR)
    path, body = f"/deliveries/{code}/nominations", {"nominations": nominations(2)}
    assert problem(coordinator.post(path, body)) == (422, "required", ["nominated_by"])
    answer = coordinator.post(path, body | {"nominated_by": "GH-MOD"})
    drain(app)
    assert coordinator.get(answer.json["job"]["url"]).json["status"] == "succeeded"
    assert len(ghana.get(f"/deliveries/{code}/enrollments").json["items"]) == 2
    assert problem(client(Role.PARTICIPANT).post(path, body))[0] == 403
    assert problem(ghana.post(path, body | {"nominated_by": "FR-MFA"}))[0] in (403, 404, 422)


def test_the_same_key_takes_the_list_once(app: Flask, ghana: ApiClient, code: str) -> None:
    path, body = f"/deliveries/{code}/nominations", {"nominations": nominations(2)}
    first, second = (ghana.post(path, body, Idempotency_Key="list-1") for _ in range(2))
    assert first.json == second.json
    drain(app)
    assert len(ghana.get(f"/deliveries/{code}/enrollments").json["items"]) == 2


def test_a_job_has_no_more_rights_than_the_token(app: Flask, code: str) -> None:
    """Someone is coordinator and nominator; the token is the nominator's, who does not learn who
    is known here."""
    with app.app_context():
        body = factories.organization("GH-MOD").id
        both = factories.actor(Role.NOMINATOR, Role.COORDINATOR, organization_id=body)
        known = factories.person("Given0", "Example", email="given0@example.org").id
        with transaction():
            owner = db.session.get_one(Person, both.person_id)
            token = create_token(SYSTEM, owner, name="narrow", scope=[Role.NOMINATOR])
    narrow = ApiClient(app, token)
    narrow.post(f"/deliveries/{code}/nominations", {"nominations": nominations(1)})
    with app.app_context():
        (job_id,) = jobs_due()
        jobs.run(job_id)
        entered = db.session.scalars(sa.select(Enrollment)).one()
        assert entered.origin_id != known, "the body's own record, until a job has compared"


def jobs_due() -> list[int]:
    ids = list(
        db.session.scalars(sa.select(jobs.Job.id).where(jobs.Job.kind == "enrollment.enter"))
    )
    db.session.rollback()
    return ids
