"""Enrollments, attendance, scores and completion as an outside program uses them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from accounts.roles import Role
from accounts.services import assign_role
from core.database import db, transaction
from core.policy import SYSTEM, Reach
from people.models import Person
from tests import factories
from tests.api_client import ApiClient
from tests.enrollment import makers

AFTER = datetime(2027, 3, 11, 12, tzinfo=UTC)
ZOE = {
    "identifier": "CA-0001",
    "given_name": "Zoë",
    "family_name": "Lefèvre-Nguyễn",
    "name_on_certificate": "Zoë Lefèvre-Nguyễn",
    "email": "zoe.lefevre@forces.example.ca",
    "country": "CA",
    "gender": "female",
    "birth_date": None,
}
BODY = {
    "person": ZOE,
    "category": "military",
    "rank": "Captain",
    "rank_code": "OF-2",
    "organization": "Canadian Army",
    "nominated_by": "CA-MFA",
    "needs": None,
}


@pytest.fixture
def code(app: Flask) -> str:
    with app.app_context():
        return makers.delivery(places=2, pools={"military": 1}).code


def scheduled(app: Flask, **changes: Any) -> str:
    with app.app_context():
        return makers.delivery(**changes).code


def person(name: str, **values: Any) -> dict[str, Any]:
    return {
        "given_name": name,
        "family_name": "Example",
        "email": f"{name.lower()}@example.org",
        "country": "CA",
    } | values


def problem(response: TestResponse) -> tuple[int, str, list[str]]:
    fields = [error["field"] for error in response.json.get("errors", [])]
    return response.status_code, response.json["code"], fields


# Enrolling


def test_the_example_of_the_contract(client: Callable[..., ApiClient], code: str) -> None:
    answer = client(Role.COORDINATOR).post(f"/deliveries/{code}/enrollments", BODY)
    assert answer.status_code == 201
    enrollment = answer.json
    assert (
        enrollment["delivery"] == code
        and enrollment["category"] == "military"
        and enrollment["nominated_by"] == "CA-MFA"
    )
    assert (enrollment["status"], enrollment["position"], enrollment["reason"]) == (
        "confirmed",
        None,
        None,
    )
    assert (
        enrollment["person"]["given_name"] == "Zoë"
        and enrollment["person"]["name_on_certificate"] == "Zoë Lefèvre-Nguyễn"
    )
    assert (
        enrollment["rank"],
        enrollment["rank_code"],
        enrollment["organization"],
        enrollment["needs"],
    ) == (
        "Captain",
        "OF-2",
        "Canadian Army",
        None,
    )


def test_the_same_person_twice_is_409(client: Callable[..., ApiClient], code: str) -> None:
    coordinator = client(Role.COORDINATOR)
    assert coordinator.post(f"/deliveries/{code}/enrollments", BODY).status_code == 201
    by_address = {
        "person": person("Zoe", family_name="Lefevre", email="ZOE.lefevre@forces.example.ca"),
        "category": "civilian",
    }
    for body in (BODY, by_address):
        assert problem(coordinator.post(f"/deliveries/{code}/enrollments", body))[:2] == (
            409,
            "already_enrolled",
        )


def test_waiting_people_are_told_position_and_reason(
    client: Callable[..., ApiClient], code: str
) -> None:
    coordinator = client(Role.COORDINATOR)
    enrollments = [
        coordinator.post(
            f"/deliveries/{code}/enrollments", {"person": person(f"P{n}"), "category": "police"}
        ).json
        for n in range(3)
    ]
    assert [enrollment["status"] for enrollment in enrollments] == [
        "confirmed",
        "waitlisted",
        "waitlisted",
    ]
    assert [enrollment["position"] for enrollment in enrollments] == [None, 1, 2]
    assert (
        enrollments[2]["reason"]
        == "No place is open at the moment; this person is number 2 on the waiting list."
    )


@pytest.mark.parametrize(
    ("change", "field", "fault"),
    [
        ({"category": "diplomat"}, "category", "unknown_category"),
        ({"category": None}, "category", None),
        ({"person": person("A", email="nonsense")}, "person.email", "bad_email"),
        ({"person": person("A", country="Atlantis")}, "person.country", "unknown_country"),
        ({"person": person("A", gender="x")}, "person.gender", None),
        ({"person": person("A", birth_date="1.2.1990")}, "person.birth_date", None),
        ({"person": person("", family_name="")}, "person.given_name", None),
        ({"person": person("A", email=None)}, "person.email", "identity_needed"),
        ({"person": {"email": "a@example.org"}}, "person.given_name", "required"),
        ({"rank_code": "Captain"}, "rank_code", "bad_rank_code"),
        ({"surname": "x"}, "surname", "unknown_field"),
        ({"nominated_by": "no code!"}, "nominated_by", "bad_code"),
    ],
)
def test_bad_values_are_422_at_their_field(
    client: Callable[..., ApiClient], code: str, change: dict, field: str, fault: str | None
) -> None:
    answer = client(Role.COORDINATOR).post(f"/deliveries/{code}/enrollments", BODY | change)
    assert answer.status_code == 422
    faults = {error["field"]: error["code"] for error in answer.json["errors"]}
    assert field in faults and faults[field] == (fault or faults[field])


def test_a_person_with_an_identifier_needs_no_address(
    client: Callable[..., ApiClient], code: str
) -> None:
    body = {
        "person": person("Nomail", email=None, identifier="X-1", birth_date="1990-02-01"),
        "category": "police",
    }
    response = client(Role.COORDINATOR).post(f"/deliveries/{code}/enrollments", body)
    assert response.status_code == 201 and response.json["person"]["email"] is None
    assert (
        response.json["person"]["birth_date"] == "1990-02-01"
        and response.json["person"]["gender"] == "undisclosed"
    )


def test_stages_answer_409(app: Flask, client: Callable[..., ApiClient]) -> None:
    coordinator, body = client(Role.COORDINATOR), {"person": person("A"), "category": "police"}
    draft = scheduled(app, published=False)
    assert problem(coordinator.post(f"/deliveries/{draft}/enrollments", body))[:2] == (
        409,
        "not_published",
    )
    assert (
        client(Role.PARTICIPANT).post(f"/deliveries/{draft}/enrollments", body).status_code == 404
    )
    coordinator.post(f"/deliveries/{draft}/publish")
    coordinator.post(f"/deliveries/{draft}/cancel", {"reason": "Flood"})
    assert problem(coordinator.post(f"/deliveries/{draft}/enrollments", body))[:2] == (
        409,
        "delivery_cancelled",
    )
    assert problem(coordinator.post("/deliveries/NONE/enrollments", body))[0] == 404


def test_participants_enrol_themselves_and_nobody_else(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    me = client(email="me@example.org", given="Binta", family="Ba")
    mine = {"person": person("BINTA", family_name="", email="ME@example.org"), "category": "police"}
    response = me.post(f"/deliveries/{code}/enrollments", mine)
    assert response.status_code == 201
    assert response.json["person"]["given_name"] == "Binta", (
        "an enrollment does not change what is known of the person"
    )
    assert problem(me.post(f"/deliveries/{code}/enrollments", BODY | {"nominated_by": None}))[
        :2
    ] == (403, "not_allowed")
    assert problem(me.post(f"/deliveries/{code}/enrollments", BODY))[1] in (
        "unknown_organization",
        "not_allowed",
    )


def test_nominators_put_forward_people_of_their_organization(
    client: Callable[..., ApiClient], code: str
) -> None:
    nominator = client(Role.NOMINATOR, organization="CA-MFA")
    other = client(Role.NOMINATOR, organization="SN-POL")
    response = nominator.post(f"/deliveries/{code}/enrollments", BODY)
    assert (response.status_code, response.json["nominated_by"]) == (201, "CA-MFA")
    assert response.json["person"]["identifier"] == "CA-0001"
    assert problem(other.post(f"/deliveries/{code}/enrollments", BODY | {"person": person("B")}))[
        :2
    ] == (403, "not_allowed")
    unknown = nominator.post(f"/deliveries/{code}/enrollments", BODY | {"nominated_by": "XX-XX"})
    assert problem(unknown) == (422, "unknown_organization", ["nominated_by"])
    assert other.get(f"/enrollments/{response.json['id']}").status_code == 404
    assert [
        enrollment["id"]
        for enrollment in nominator.get(f"/deliveries/{code}/enrollments").json["items"]
    ] == [response.json["id"]]
    assert other.get(f"/deliveries/{code}/enrollments").json == {"items": [], "next": None}


def test_a_nominator_of_one_organization_need_not_name_it(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    body = {"person": person("C"), "category": "police"}
    response = client(Role.NOMINATOR, organization="CA-MFA").post(
        f"/deliveries/{code}/enrollments", body
    )
    assert (response.status_code, response.json["nominated_by"]) == (201, "CA-MFA")
    own = client(
        Role.NOMINATOR,
        organization="CA-MFA",
        email="self@example.org",
        given="Self",
        family="Example",
    )
    response = own.post(f"/deliveries/{code}/enrollments", body | {"person": person("Self")})
    assert (response.status_code, response.json["nominated_by"]) == (201, None)
    with app.app_context():
        of_two = factories.actor(
            Role.NOMINATOR, organization_id=factories.organization("CA-MFA").id
        )
        second = factories.organization("SN-POL").id
        with transaction():
            assign_role(
                SYSTEM, of_two.person_id, Role.NOMINATOR, scope=Reach.ORGANIZATION, scope_id=second
            )
        token = makers.token_of(factories.refreshed(of_two))
    refused = ApiClient(app, token).post(
        f"/deliveries/{code}/enrollments", body | {"person": person("D")}
    )
    assert problem(refused)[:2] == (403, "not_allowed")


def test_a_printed_name_is_refused_at_its_place_in_the_body(
    client: Callable[..., ApiClient], code: str
) -> None:
    body = {"person": person("C", name_on_certificate="C\u0007d"), "category": "police"}
    for api in (
        client(Role.COORDINATOR),
        client(Role.NOMINATOR, organization="CA-MFA"),
        client(email="c@example.org", given="C", family="Example"),
    ):
        answer = api.post(f"/deliveries/{code}/enrollments", body)
        assert problem(answer) == (422, "forbidden_character", ["person.name_on_certificate"])


@pytest.mark.parametrize("consent", ["true", 1])
def test_a_consent_is_said_and_not_guessed(
    client: Callable[..., ApiClient], code: str, consent: Any
) -> None:
    body = {"person": person("C"), "category": "police", "roster_consent": consent}
    answer = client(Role.COORDINATOR).post(f"/deliveries/{code}/enrollments", body)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "roster_consent")


def known(app: Flask, email: str) -> tuple[Any, ...]:
    """(given name, identifier, country, gender, birth date) of the person with this address."""
    with app.app_context():
        who = db.session.scalars(db.select(Person).where(Person.email == email)).one()
        return (
            who.given_name,
            who.identifier,
            who.country,
            who.gender.value,
            who.birth_date and who.birth_date.isoformat(),
        )


SAID = person(
    "OLD",
    identifier="X-1",
    email="known@example.org",
    country="CA",
    gender="female",
    birth_date="1990-05-01",
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            {"country": None},
            ("Old", None, "CA", "undisclosed", "1990-05-01"),
        ),  # who prefers not to say is not overruled
        (
            {"country": "SN", "gender": "male", "birth_date": date(1990, 5, 1)},
            ("Old", None, "SN", "male", "1990-05-01"),
        ),
    ],
)
def test_a_coordinator_fills_what_was_not_known_of_a_person(
    app: Flask,
    client: Callable[..., ApiClient],
    code: str,
    before: dict[str, Any],
    after: tuple[Any, ...],
) -> None:
    with app.app_context():
        factories.person("Old", "Example", email="known@example.org", **before)
    body = {"person": SAID, "category": "police"}
    assert client(Role.COORDINATOR).post(f"/deliveries/{code}/enrollments", body).status_code == 201
    assert known(app, "known@example.org") == after


def test_a_nominator_fills_nothing(app: Flask, client: Callable[..., ApiClient], code: str) -> None:
    with app.app_context():
        factories.person("Old", "Example", email="known@example.org", country=None)
    body = {"person": SAID, "category": "police"}
    assert (
        client(Role.NOMINATOR, organization="CA-MFA")
        .post(f"/deliveries/{code}/enrollments", body)
        .status_code
        == 201
    )
    with app.app_context():
        first = db.session.scalars(
            sa.select(Person).where(Person.email == "known@example.org").order_by(Person.id)
        ).first()
        assert (first.given_name, first.country, first.birth_date) == ("Old", None, None)


def test_who_enrols_oneself_says_it_anew(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    own = client(given="Old", family="Example", email="known@example.org", country="SN")
    assert (
        own.post(
            f"/deliveries/{code}/enrollments", {"person": SAID, "category": "police"}
        ).status_code
        == 201
    )
    assert known(app, "known@example.org") == ("Old", None, "CA", "female", "1990-05-01")


def test_a_nominator_learns_nothing_from_what_others_know(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    with app.app_context():
        factories.person("Zoë", "Secret", email="zoe@example.org", identifier="HIDDEN-1")
    body = {
        "person": person("Zoe", email="zoe@example.org"),
        "category": "military",
        "nominated_by": "CA-MFA",
    }
    response = client(Role.NOMINATOR, organization="CA-MFA").post(
        f"/deliveries/{code}/enrollments", body
    )
    assert response.status_code == 201
    assert "HIDDEN" not in response.text and "Secret" not in response.text


def test_the_same_key_enrols_once(client: Callable[..., ApiClient], code: str) -> None:
    coordinator = client(Role.COORDINATOR)
    first = coordinator.post(f"/deliveries/{code}/enrollments", BODY, Idempotency_Key="one")
    again = coordinator.post(f"/deliveries/{code}/enrollments", BODY, Idempotency_Key="one")
    assert (again.status_code, again.json) == (201, first.json)
    other = coordinator.post(
        f"/deliveries/{code}/enrollments", BODY | {"rank": None}, Idempotency_Key="one"
    )
    assert problem(other)[:2] == (409, "idempotency_key_reused")


# Reading


def test_the_list_is_filtered_and_paged(client: Callable[..., ApiClient], code: str) -> None:
    coordinator = client(Role.COORDINATOR)
    for n, category in enumerate(["military", "police", "police", "civilian"]):
        coordinator.post(
            f"/deliveries/{code}/enrollments", {"person": person(f"P{n}"), "category": category}
        )
    everybody = coordinator.get(f"/deliveries/{code}/enrollments").json["items"]
    assert [enrollment["status"] for enrollment in everybody] == [
        "confirmed",
        "confirmed",
        "waitlisted",
        "waitlisted",
    ]
    assert [enrollment["position"] for enrollment in everybody] == [None, None, 1, 2]
    waiting = coordinator.get(
        f"/deliveries/{code}/enrollments?status=waitlisted&category=civilian"
    ).json["items"]
    assert [enrollment["id"] for enrollment in waiting] == [everybody[3]["id"]]
    page = coordinator.get(f"/deliveries/{code}/enrollments?limit=3").json
    following = coordinator.get(page["next"]).json
    assert [enrollment["id"] for enrollment in page["items"] + following["items"]] == [
        enrollment["id"] for enrollment in everybody
    ] and following["next"] is None
    assert problem(coordinator.get(f"/deliveries/{code}/enrollments?status=lost")) == (
        422,
        "invalid_values",
        ["status"],
    )


def test_one_enrollment_is_seen_by_those_it_concerns(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    enrollment = client(Role.COORDINATOR).post(f"/deliveries/{code}/enrollments", BODY).json
    with app.app_context():
        from accounts.sessions import actor_of

        herself = ApiClient(
            app, makers.token_of(actor_of(db.session.get_one(Person, enrollment["person"]["id"])))
        )
    assert herself.get(f"/enrollments/{enrollment['id']}").json["person"]["identifier"] == "CA-0001"
    assert client(Role.TRAINER).get(f"/enrollments/{enrollment['id']}").status_code == 404
    assert client().get(f"/enrollments/{enrollment['id']}").status_code == 404
    assert client(Role.COORDINATOR).get("/enrollments/999").status_code == 404
    assert ApiClient(app, None).get(f"/enrollments/{enrollment['id']}").status_code == 401


# Deciding


def test_approve_decline_withdraw(app: Flask, client: Callable[..., ApiClient]) -> None:
    code = scheduled(app, places=1, admission="approval")
    coordinator = client(Role.COORDINATOR)
    path = f"/deliveries/{code}/enrollments"
    enrollments = [
        coordinator.post(path, {"person": person(f"P{n}"), "category": "police"}).json
        for n in range(4)
    ]
    assert {enrollment["status"] for enrollment in enrollments} == {"requested"}
    approved = [
        coordinator.post(f"/enrollments/{enrollment['id']}/approve").json
        for enrollment in enrollments[:3]
    ]
    assert [(enrollment["status"], enrollment["position"]) for enrollment in approved] == [
        ("confirmed", None),
        ("waitlisted", 1),
        ("waitlisted", 2),
    ]
    assert problem(coordinator.post(f"/enrollments/{enrollments[3]['id']}/decline", {}))[2] == [
        "reason"
    ]
    declined = coordinator.post(
        f"/enrollments/{enrollments[3]['id']}/decline", {"reason": "Too many from one unit."}
    ).json
    assert (declined["status"], declined["reason"]) == ("declined", "Too many from one unit.")
    assert problem(coordinator.post(f"/enrollments/{enrollments[3]['id']}/approve"))[:2] == (
        409,
        "state_does_not_allow",
    )
    withdrawn = coordinator.post(f"/enrollments/{enrollments[0]['id']}/withdraw")
    assert (withdrawn.json["status"], withdrawn.json["reason"]) == ("withdrawn", None)
    assert coordinator.get(f"/enrollments/{enrollments[1]['id']}").json["status"] == "confirmed"
    assert coordinator.get(f"/enrollments/{enrollments[2]['id']}").json["position"] == 1


def test_others_may_not_decide(app: Flask, client: Callable[..., ApiClient]) -> None:
    code = scheduled(app, admission="approval")
    enrollment = client(Role.COORDINATOR).post(f"/deliveries/{code}/enrollments", BODY).json
    nominator, stranger = client(Role.NOMINATOR, organization="CA-MFA"), client(Role.TRAINER)
    assert nominator.post(f"/enrollments/{enrollment['id']}/approve").status_code == 403
    assert stranger.post(f"/enrollments/{enrollment['id']}/approve").status_code == 404
    assert stranger.post(f"/enrollments/{enrollment['id']}/withdraw").status_code == 404
    assert (
        nominator.post(
            f"/enrollments/{enrollment['id']}/withdraw", {"reason": "Needed at home"}
        ).json["status"]
        == "withdrawn"
    )
