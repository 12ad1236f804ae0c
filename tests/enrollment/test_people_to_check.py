"""The queue of people to check: one question about two people, whatever their records."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core.database import db, transaction
from core.policy import SYSTEM
from enrollment.models import Enrollment, IdentityQuestion, QuestionStatus
from enrollment.states import QUESTION
from people.models import Person
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.enrollment import makers
from tests.enrollment.test_identity import post
from tests.enrollment.test_whose_record import drain, questions

KOFI = {
    "given": "Kofi",
    "family": "Mensah",
    "country": "GH",
    "identifier": "GH-1",
    "issuer_country": "GH",
}


@pytest.fixture
def records(app: Flask) -> list[int]:
    """Two records of Kofi Mensah."""
    with app.app_context():
        return [factories.person(**KOFI, email=f"kofi{n}@mod.gh").id for n in (1, 2)]


def nominated(app: Flask, client: Callable[..., ApiClient], code: str) -> int:
    """Someone with his number and name, put forward by a body that knows neither record."""
    nomination = post(
        client(Role.NOMINATOR, organization="FR-MFA"),
        code,
        identifier="gh1",
        email="body@fr.example",
    )
    drain(app)
    return nomination["id"]


def merged(app: Flask, client: Callable[..., ApiClient], records: list[int]) -> None:
    keep, gone = records
    proposed = client(Role.COORDINATOR).post(
        "/people/merges", {"keep": keep, "merge": gone, "reason": "One officer"}
    )
    assert (
        client(Role.COORDINATOR).post(f"/merges/{proposed.json['id']}/confirm").json["status"]
        == "confirmed"
    )


def states(app: Flask) -> list[str]:
    with app.app_context():
        return list(
            db.session.scalars(sa.select(IdentityQuestion.status).order_by(IdentityQuestion.id))
        )


@pytest.mark.both_databases
@pytest.mark.parametrize("step", ["same", "different"])
def test_after_a_merge_one_question_is_open_about_two_people_and_decides_all(
    app: Flask, client: Callable[..., ApiClient], code: str, records: list[int], step: str
) -> None:
    nominated(app, client, code)
    coordinator = client(Role.COORDINATOR)
    first, second = questions(coordinator)
    assert [question["candidate"]["id"] for question in (first, second)] == records
    merged(app, client, records)
    (shown,) = questions(coordinator)
    assert shown["candidate"]["id"] == records[0]
    assert coordinator.post(f"/identity-questions/{first['id']}/{step}").status_code == 200
    assert questions(coordinator) == [] and states(app) == [step, step]
    for again in ("same", "different"):
        assert coordinator.post(f"/identity-questions/{second['id']}/{again}").status_code == 409


def test_a_question_about_a_merged_record_shows_the_record_that_is_kept(
    app: Flask,
    client: Callable[..., ApiClient],
    sign_in: Callable[..., Browser],
    code: str,
    records: list[int],
) -> None:
    nominated(app, client, code)
    coordinator = client(Role.COORDINATOR)
    first, second = questions(coordinator)
    coordinator.post(f"/identity-questions/{first['id']}/different")
    keep, gone = namesake(app), records[1]
    merged(app, client, [keep, gone])
    (shown,) = questions(coordinator)
    assert (shown["id"], shown["candidate"]["id"]) == (second["id"], keep)
    with app.app_context():
        page = sign_in(makers.coordinator()).get("/people-to-check")
    assert f"record {keep}" in page.text and f"record {gone}" not in page.text
    page = page.form(action=f"/people-to-check/{second['id']}/different").submit()
    assert "There is nothing to check." in page.text


def test_a_question_says_whose_each_number_is_and_where_number_or_country_differ(
    app: Flask, client: Callable[..., ApiClient], sign_in: Callable[..., Browser], code: str
) -> None:
    with app.app_context():
        factories.organization("GH-AF", "Ghana Armed Forces", "GH")
        factories.person(
            "Kofi",
            "Mensah",
            country="GH",
            identifier="F-9",
            issuer_country="GH",
            email="kofi@example.org",
        )
    facts = {
        "identifier": "F-1",
        "identifier_issuer": "GH-AF",
        "country": "FR",
        "email": "kofi@example.org",
    }
    post(client(Role.NOMINATOR, organization="FR-MFA"), code, **facts, given_name="Koffi")
    drain(app)
    with app.app_context():
        page = sign_in(makers.coordinator()).get("/people-to-check")
    words = [
        " ".join(" ".join(row.itertext()).split()).replace(" )", ")").replace("( ", "(")
        for row in page.all("tr")[1:]
    ]
    rows = {row.split()[0]: row for row in words}
    assert "F-1 (Ghana Armed Forces)" in rows["Service"] and "F-9 (Ghana)" in rows["Service"]
    assert "differs" not in rows["Service"], "numbers of two issuers say nothing about each other"
    assert rows["Country"].endswith("France Ghana differs")
    filled = [cell for cell in page.all("td") if "".join(cell.itertext()).strip()]
    assert filled and all(cell.get("data-label") for cell in filled), (
        "on a phone each cell says what it is"
    )


def test_a_coordinator_finds_the_numbers_of_records_to_merge(
    app: Flask,
    client: Callable[..., ApiClient],
    sign_in: Callable[..., Browser],
    code: str,
    records: list[int],
) -> None:
    """On the page of an enrollment, where nobody else sees them, in the question, and after the
    decision."""
    enrollment = nominated(app, client, code)
    with app.app_context():
        own = db.session.get_one(Enrollment, enrollment).person_id
        coordinator = sign_in(makers.coordinator())
        nominator = sign_in(
            factories.actor(Role.NOMINATOR, organization_id=factories.organization("FR-MFA").id)
        )
    assert f"Record{own}" in "".join(coordinator.get(f"/enrollments/{enrollment}").text.split())
    assert "Record" not in nominator.get(f"/enrollments/{enrollment}").text
    page = coordinator.get("/people-to-check")
    assert f"Submitted (record {own})" in page.text
    first = questions(client(Role.COORDINATOR))[0]["id"]
    page = page.form(f"/{first}/different").submit()
    assert f"Decided: records {records[0]} and {own} are two different people." in page.text
    page = page.form("/people-to-check/merges").submit(
        keep=str(records[0]), merge=str(records[1]), reason="One officer"
    )
    with app.app_context():
        page = sign_in(makers.coordinator()).get("/people-to-check")
    page = page.form("/confirm").submit()
    assert f"Record {records[1]} is merged into record {records[0]}." in page.text
    page = page.form("/undo").submit()
    assert f"Records {records[0]} and {records[1]} are two people again." in page.text


def namesake(app: Flask) -> int:
    with app.app_context():
        return factories.person("Kofi", "Mensah", country="GH").id


def test_whom_someone_told_apart_stays_apart_from_both_records_after_a_merge(
    app: Flask,
    client: Callable[..., ApiClient],
    sign_in: Callable[..., Browser],
    code: str,
    records: list[int],
) -> None:
    nominated(app, client, code)
    coordinator = client(Role.COORDINATOR)
    first, second = questions(coordinator)
    coordinator.post(f"/identity-questions/{first['id']}/different")
    merged(app, client, records)
    assert questions(coordinator) == [] and states(app) == ["different", "different"]
    with app.app_context():
        page = sign_in(makers.coordinator()).get("/people-to-check")
        assert "There is nothing to check." in page.text


def test_a_merge_answers_the_question_whether_the_two_are_one(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    with app.app_context():
        known = factories.person(**KOFI).id
    enrollment = nominated(app, client, code)
    with app.app_context():
        other = db.session.get_one(Enrollment, enrollment).person_id
    coordinator = client(Role.COORDINATOR)
    assert len(questions(coordinator)) == 1
    merged(app, client, [known, other])
    assert questions(coordinator) == [] and states(app) == ["same"]


def test_a_merge_leaves_open_whether_an_enrollment_is_in_the_right_name(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    nominator, coordinator = client(Role.NOMINATOR, organization="GH-MOD"), client(Role.COORDINATOR)
    known = post(nominator, code, identifier="A-1", birth_date="1990-05-01")["person"]["id"]
    with app.app_context():
        later = makers.delivery(places=3).code
    post(
        nominator,
        later,
        identifier="A-1",
        birth_date="1990-05-01",
        given_name="Ama",
        family_name="Owusu",
    )
    merged(app, client, [known, namesake(app)])
    assert len(questions(coordinator)) == 1 and states(app) == ["open"]


def test_same_is_refused_of_two_people_who_were_told_apart(
    app: Flask,
    client: Callable[..., ApiClient],
    sign_in: Callable[..., Browser],
    code: str,
    records: list[int],
) -> None:
    """Also about another nomination of the same person."""
    enrollment = nominated(app, client, code)
    coordinator = client(Role.COORDINATOR)
    first, second = questions(coordinator)
    coordinator.post(f"/identity-questions/{first['id']}/different")
    with app.app_context():
        person = db.session.get_one(Person, db.session.get_one(Enrollment, enrollment).person_id)
        again = makers.enrolled(makers.delivery(places=2), person=person).id
    with app.app_context(), transaction():
        questions_asked = {
            "agrees": [],
            "differs": [],
            "asked_at": db.session.get_one(IdentityQuestion, first["id"]).asked_at,
        }
        late = IdentityQuestion(enrollment_id=again, candidate_id=records[0], **questions_asked)
        QUESTION.begin(late, QuestionStatus.OPEN, SYSTEM)
        late_id = late.id
    answer = coordinator.post(f"/identity-questions/{late_id}/same")
    assert (answer.status_code, answer.json["code"]) == (409, "decided_different")
    with app.app_context():
        page = sign_in(makers.coordinator()).get("/people-to-check")
    refused = page.form(action=f"/people-to-check/{late_id}/same").submit()
    assert (
        refused.status == 409
        and "It was decided before that these are two different people" in refused.text
    )
    coordinator.post(f"/identity-questions/{late_id}/different")
    assert [question["id"] for question in questions(coordinator)] == [second["id"]]
