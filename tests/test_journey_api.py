"""The whole journey by an outside program that knows only the contract: from an empty database
to a certified skill."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pypdf
import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from accounts import services as accounts_services
from core import clock, jobs
from core.database import db, transaction
from core.policy import SYSTEM, Actor
from people.models import Person
from roster.models import Expert
from tests import factories
from tests.api_client import ApiClient
from tests.courses.makers import gti
from tests.enrollment.makers import token_of

AFTER = datetime(2027, 3, 11, 12, tzinfo=UTC)
PEOPLE = [
    ("CA-0001", "Zoë", "Lefèvre-Nguyễn", "military", "female"),
    ("CA-0002", "محمد", "بن عبد الرحمن", "civilian", "male"),
    ("CA-0003", "Оксана", "Шевченко", "police", "female"),
    ("CA-0004", "Ελένη", "Παπαδοπούλου", "civilian", "female"),
    ("CA-0005", "ሰላማዊት", "ተስፋዬ", "police", "undisclosed"),
    ("CA-0006", "李", "文娟", "civilian", "another"),
]


@pytest.fixture
def api(app: Flask) -> ApiClient:
    """A training office's program: trainer, coordinator and roster staff in one."""
    with app.app_context():
        actor = factories.actor("trainer", "coordinator", "roster")
        with transaction():
            token = accounts_services.create_token(
                SYSTEM, db.session.get_one(Person, actor.person_id), name="office"
            )
    return ApiClient(app, token)


def person(identifier: str, given_name: str, family: str, gender: str) -> dict:
    return {
        "identifier": identifier,
        "given_name": given_name,
        "family_name": family,
        "name_on_certificate": f"{given_name} {family}",
        "email": f"{identifier.lower()}@forces.example.ca",
        "country": "CA",
        "gender": gender,
        "birth_date": None,
    }


def enrolled(api: ApiClient, code: str) -> list[dict]:
    enrollments = []
    for identifier, given_name, family, category, gender in PEOPLE:
        body = {
            "person": person(identifier, given_name, family, gender),
            "category": category,
            "rank": None,
            "rank_code": None,
            "organization": "Canada",
            "nominated_by": "CA-MFA",
            "needs": None,
        }
        answer = api.post(f"/deliveries/{code}/enrollments", body)
        assert answer.status_code == 201, answer.text
        enrollments.append(answer.json)
    return enrollments


def taught(api: ApiClient) -> tuple[str, list[dict]]:
    """A delivery of the Gender Training Initiative, everyone enrolled and marked; the last two
    fall short."""
    assert api.put("/courses/GTI", gti()).status_code == 201
    assert api.put("/courses/GTI", gti()).status_code == 200
    pools = [
        {"category": "military", "places": 10},
        {"category": "police", "places": 5},
        {"category": "civilian", "places": 10},
    ]
    answer = api.post(
        "/courses/GTI/deliveries",
        {
            "code": "GTI-2027-03",
            "starts_on": "2027-03-08",
            "time_zone": "America/Halifax",
            "venue": "Clementsport",
            "country": "CA",
            "language": "en",
            "places": 25,
            "admission": "automatic",
            "pools": pools,
        },
    )
    assert (answer.status_code, answer.json["status"]) == (201, "draft")
    assert len(answer.json["sessions"]) == 12
    assert answer.json["sessions"][0]["starts_at"] == "2027-03-08T09:00:00-04:00"
    assert answer.json["sessions"][11] | {"title": None} == {
        "number": 12,
        "day": 3,
        "starts_at": "2027-03-10T15:30:00-04:00",
        "ends_at": "2027-03-10T17:00:00-04:00",
        "minutes": 90,
        "title": None,
    } | {
        "title": None,
        **{
            k: v
            for k, v in answer.json["sessions"][11].items()
            if k not in ("number", "day", "starts_at", "ends_at", "minutes", "title")
        },
    }
    assert api.post("/deliveries/GTI-2027-03/publish").json["status"] == "published"
    people = enrolled(api, "GTI-2027-03")
    assert {person["status"] for person in people} == {"confirmed"}
    marks = [
        {
            "enrollment": person["id"],
            "session": number,
            "mark": "absent" if person is people[4] and number in (1, 2, 3, 4) else "present",
        }
        for person in people
        for number in range(1, 13)
    ]
    clock.travel(api.client.application, AFTER)
    assert api.put("/deliveries/GTI-2027-03/attendance", {"marks": marks}).json == {"recorded": 72}
    scores = [
        {"enrollment": person["id"], "kind": "post", "percent": 64 if person is people[5] else 82}
        for person in people
    ]
    assert api.put("/deliveries/GTI-2027-03/scores", {"scores": scores}).status_code == 200
    return "GTI-2027-03", people


def test_from_an_empty_folder_to_a_certified_skill(app: Flask, api: ApiClient) -> None:
    code, people = taught(api)

    completion = {
        item["enrollment"]: item for item in api.get(f"/deliveries/{code}/completion").json["items"]
    }
    assert [completion[person["id"]]["complete"] for person in people] == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]
    assert completion[people[4]["id"]]["lacking"] == [
        {"code": "attendance_below_minimum", "detail": "attended 720 of 1,080 minutes"}
    ]
    assert completion[people[5]["id"]]["lacking"] == [
        {"code": "score_below_minimum", "detail": "score 64, needs 70"}
    ]

    early = api.post(f"/deliveries/{code}/certificates")
    assert (early.status_code, early.json["code"]) == (409, "delivery_not_finished")
    assert api.post(f"/deliveries/{code}/finish").status_code == 200
    assert api.post(f"/deliveries/{code}/finish").status_code == 409
    assert [api.get(f"/enrollments/{person['id']}").json["status"] for person in people] == [
        "completed"
    ] * 4 + ["not_completed"] * 2

    response = api.post(f"/deliveries/{code}/certificates")
    assert response.status_code == 202
    with app.app_context():
        jobs.drain()
    job = api.get(f"/jobs/{response.json['job']['id']}").json
    assert (job["status"], job["done"], job["total"], job["errors"]) == ("succeeded", 4, 4, [])
    assert response.json["job"]["url"].endswith(f"/api/v1/jobs/{job['id']}")

    listed = api.get(f"/deliveries/{code}/certificates").json["items"]
    assert sorted(item["holder"] for item in listed) == sorted(
        f"{given_name} {family}" for _, given_name, family, *_ in PEOPLE[:4]
    )
    certificate = next(item for item in listed if item["holder"] == "Zoë Lefèvre-Nguyễn")
    the_file_is_what_was_issued(api, certificate)
    anyone_can_verify(app, certificate)
    the_person_agrees_and_is_admitted(app, api)
    the_roster_knows(api, certificate)
    revoking_ends_it(app, api, certificate)


def the_file_is_what_was_issued(api: ApiClient, certificate: dict) -> None:
    import hashlib

    answer = api.client.get(
        certificate["pdf_url"].partition("://")[2].partition("/")[2].join(["/", ""]),
        headers={"Authorization": f"Bearer {api.token}"},
    )
    assert answer.mimetype == "application/pdf"
    assert hashlib.sha256(answer.data).hexdigest() == certificate["sha256"]
    reader = pypdf.PdfReader(io.BytesIO(answer.data))
    assert len(reader.pages) == 1
    assert certificate["number"] in reader.pages[0].extract_text()


def public(app: Flask, certificate: dict, **headers: str) -> TestResponse:
    return app.test_client().get(
        "/verify/" + certificate["verify_url"].rsplit("/", 1)[1], headers=headers
    )


def anyone_can_verify(app: Flask, certificate: dict) -> None:
    page = public(app, certificate)
    assert page.status_code == 200
    for fact in (
        certificate["number"],
        "Lefèvre-Nguyễn",
        "Gender-sensitive approaches",
        "Clementsport",
    ):
        assert fact in page.text
    facts = public(app, certificate, Accept="application/json").json
    assert facts["status"] == "valid"
    assert "@forces" not in json.dumps(facts) + page.text


def the_person_agrees_and_is_admitted(app: Flask, api: ApiClient) -> None:
    """Without the person's yes the roster shows no one."""
    assert api.get("/experts?category=military").json["items"] == []
    with app.app_context():
        person = db.session.scalars(
            sa.select(Person).where(Person.family_name == "Lefèvre-Nguyễn")
        ).one()
        own = ApiClient(app, token_of(Actor(person_id=person.id)))
        key = db.session.scalars(sa.select(Expert.id).where(Expert.person_id == person.id)).one()
    assert api.post(f"/experts/{key}/admit").status_code == 404
    assert own.post("/me/consents", {"purpose": "roster", "given": True}).status_code == 201
    assert api.post(f"/experts/{key}/admit", {"expertise": ["Gender"]}).json["status"] == "admitted"


def the_roster_knows(api: ApiClient, certificate: dict) -> None:
    items = api.get(
        "/experts?skill=gender-peace-operations:practitioner&valid_on=2030-03-10&category=military"
    ).json["items"]
    assert [expert["person"]["family_name"] for expert in items] == ["Lefèvre-Nguyễn"]
    skill = api.get(f"/experts/{items[0]['id']}").json["skills"][0]
    assert skill["evidence"] == [
        {"kind": "certificate", "number": certificate["number"], "status": "valid"}
    ]
    assert (
        skill["skill"],
        skill["level"],
        skill["valid_from"],
        skill["valid_until"],
        skill["status"],
    ) == (
        "gender-peace-operations",
        "practitioner",
        "2027-03-10",
        "2030-03-10",
        "current",
    )
    assert api.get("/experts?skill=gender-peace-operations&valid_on=2030-03-11").json["items"] == []


def revoking_ends_it(app: Flask, api: ApiClient, certificate: dict) -> None:
    checked = app.test_cli_runner().invoke(args=["roster", "rebuild", "--check"])
    assert checked.exit_code == 0, checked.output
    revoked = api.post(
        f"/certificates/{certificate['number']}/revoke",
        {"reason_code": "recognition_withdrawn", "note": "copied the post-test"},
    )
    assert revoked.json["status"] == "revoked"
    assert (
        api.get(
            "/experts?skill=gender-peace-operations&category=military&valid_on=2027-06-01"
        ).json["items"]
        == []
    )
    facts = public(app, certificate, Accept="application/json")
    assert facts.json["status"] == "revoked"
    assert "recognition_withdrawn" not in facts.text + public(app, certificate).text
    for command in (["roster", "rebuild", "--check"], ["check"], ["audit", "verify"]):
        result = app.test_cli_runner().invoke(args=command)
        assert result.exit_code == 0, result.output
