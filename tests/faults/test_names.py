"""Faults of names that were found by number (tests/faults/inputs), each with the right value."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts import queries
from accounts.roles import Role
from certificates.queries import list_register
from certificates.services import issue
from core.database import db, transaction
from core.mail import Mail
from core.policy import SYSTEM
from enrollment import nomination_files
from enrollment.models import Enrollment
from people.models import Person
from people.values import split_name
from roster.filters import Filters
from roster.queries import find_experts
from tests import factories
from tests.api_client import ApiClient
from tests.certificates import makers as certificates
from tests.enrollment import makers
from tests.roster import makers as roster

INPUTS = Path(__file__).parent / "inputs"


def sent(name: str) -> Any:
    return json.loads((INPUTS / name).read_text(encoding="utf-8"))


@pytest.fixture
def coordinator(app: Flask) -> ApiClient:
    with app.app_context():
        return ApiClient(app, makers.token_of(makers.coordinator()))


@pytest.fixture
def code(app: Flask) -> str:
    with app.app_context():
        return makers.delivery(places=10).code


def enroll(client: ApiClient, code: str, body: Any) -> Any:
    return client.post(f"/deliveries/{code}/enrollments", body)


@pytest.mark.parametrize("name", ["11-question-marks.csv", "33-ansi-libreoffice.csv"])
def test_11_and_33_a_question_mark_in_a_name_is_a_lost_letter(context: Flask, name: str) -> None:
    rows = nomination_files.read((INPUTS / name).read_bytes()).rows
    outcomes = {
        problem.value: problem.code
        for row in rows
        for problem in row.problems
        if "?" in problem.value
    }
    assert outcomes and set(outcomes.values()) == {"garbled"}
    assert any(value == "?ukasz" for value in outcomes)


def test_13_errors_of_a_spreadsheet_and_fillers_are_no_names(context: Flask) -> None:
    rows = nomination_files.read((INPUTS / "13-error-tokens.csv").read_bytes()).rows
    assert [[(problem.column, problem.code) for problem in row.problems] for row in rows] == [
        [("family_name", "spreadsheet_error")],
        [("given_name", "spreadsheet_error")],
        [("given_name", "name_in_doubt")],
        [("family_name", "name_in_doubt")],
        [("family_name", "name_in_doubt")],
    ]
    alone = nomination_files.check_row(2, {"given_name": "N/A", "family_name": "NULL"})
    assert ("given_name", "not_a_name") in [
        (problem.column, problem.code) for problem in alone.problems
    ]


def test_18_one_name_is_enough_for_the_api(coordinator: ApiClient, code: str) -> None:
    answer = enroll(coordinator, code, sent("18-api-mononym.json"))
    assert answer.status_code == 201
    assert answer.json["person"]["name_on_certificate"] == "Suharto"


def test_21_marks_that_were_pasted_along_are_taken_off(coordinator: ApiClient, code: str) -> None:
    answer = enroll(coordinator, code, sent("21-pasted-marks.json"))
    assert answer.status_code == 201
    assert (answer.json["person"]["given_name"], answer.json["person"]["family_name"]) == (
        "أحمد",
        "الحسن",
    )


@pytest.mark.both_databases
def test_22_a_coordinator_is_asked_who_is_meant(
    coordinator: ApiClient, code: str, app: Flask
) -> None:
    first, second = sent("22-shared-mailbox.json")
    ali = enroll(coordinator, code, first)
    refused = enroll(coordinator, code, second)
    assert (refused.status_code, refused.json["code"]) == (409, "identity_in_doubt")
    with app.app_context():
        assert db.session.scalars(sa.select(Enrollment.name_on_certificate)).all() == ["Ali Bah"]
    fatou = enroll(coordinator, code, second | {"identity": "new"})
    assert (fatou.status_code, fatou.json["person"]["name_on_certificate"]) == (201, "Fatou Keita")
    assert fatou.json["person"]["id"] != ali.json["person"]["id"]
    assert fatou.json["person"]["email"] == "training@mil.example.ml"
    again = enroll(coordinator, code, second)
    assert (again.status_code, again.json["code"]) == (
        409,
        "already_enrolled",
    )  # recognised by address and name together
    enrollment = enroll(coordinator, code, second | {"identity": ali.json["person"]["id"]})
    assert (enrollment.status_code, enrollment.json["code"]) == (409, "already_enrolled")


@pytest.mark.both_databases
def test_22_nobody_else_learns_of_the_person_who_has_the_address(
    coordinator: ApiClient, code: str, app: Flask
) -> None:
    first, second = sent("22-shared-mailbox.json")
    ali = enroll(coordinator, code, first).json["person"]["id"]
    with app.app_context():
        organization = factories.organization("ML-MIL", "Forces armées", "ML")
        nominator = ApiClient(
            app, makers.token_of(factories.actor(Role.NOMINATOR, organization_id=organization.id))
        )
        before = db.session.scalar(sa.select(sa.func.count()).select_from(Mail))
    refused = enroll(
        nominator, code, second | {"identity": ali}
    )  # it cannot choose among people it may not read
    assert (refused.status_code, refused.json["code"]) == (422, "unknown_identity"), (
        "as for an id that no one has"
    )
    answer = enroll(nominator, code, second)
    assert (answer.status_code, answer.json["person"]["name_on_certificate"]) == (
        201,
        "Fatou Keita",
    )
    assert answer.json["person"]["id"] != ali
    with app.app_context():
        fatou = db.session.get_one(Person, answer.json["person"]["id"])
        assert (fatou.full_name, fatou.email) == ("Fatou Keita", "training@mil.example.ml")
        letters = db.session.scalars(sa.select(Mail).order_by(Mail.id)).all()[before:]
        assert [(letter.person_id, letter.address) for letter in letters] == [
            (fatou.id, "training@mil.example.ml")
        ]
        assert queries.find_person_by_email("training@mil.example.ml").full_name == "Ali Bah"


def test_22_somebody_signed_in_enters_nobody_else_in_the_own_place(code: str, app: Flask) -> None:
    _first, second = sent("22-shared-mailbox.json")
    with app.app_context():
        ali = ApiClient(
            app,
            makers.token_of(
                factories.actor(given="Ali", family="Bah", email="training@mil.example.ml")
            ),
        )
    refused = enroll(ali, code, second)
    assert (refused.status_code, refused.json["code"]) == (409, "identity_in_doubt")


@pytest.mark.both_databases
def test_23_a_number_is_one_in_every_case(coordinator: ApiClient, code: str) -> None:
    first, second = (enroll(coordinator, code, body) for body in sent("23-identifier-case.json"))
    assert (first.status_code, first.json["person"]["identifier"]) == (201, "ML-77")
    assert (second.status_code, second.json["code"]) == (409, "already_enrolled")


def test_29_a_chinese_name_is_written_as_its_bearer_writes_it(
    coordinator: ApiClient, code: str, app: Flask
) -> None:
    answer = enroll(coordinator, code, sent("29-cjk-order.json"))
    assert answer.json["person"]["name_on_certificate"] == "王小明"
    with app.app_context():
        assert db.session.get_one(Person, answer.json["person"]["id"]).full_name == "王小明"


def test_31_a_name_with_a_web_address_is_refused(coordinator: ApiClient, code: str) -> None:
    answer = enroll(coordinator, code, sent("31-spam-name.json"))
    assert (answer.status_code, answer.json["code"]) == (422, "not_a_name")


# 26: who is looked for and found


SEARCHES = list(
    csv.DictReader(
        (INPUTS / "26-search.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t"
    )
)


def on_the_people_page(name: str, looked_for: str) -> list[str]:
    given_name, family = split_name(name)
    factories.person(given_name, family)
    factories.person("Somebody", "Else")
    administrator = factories.actor(Role.ADMINISTRATOR, given="Zz", family="Zz")
    return [
        row.person.full_name for row in queries.list_people(administrator, words=looked_for).items
    ]


def on_the_roster(name: str, looked_for: str) -> list[str]:
    given_name, family = split_name(name) if not name.startswith("Van ") else ("", name)
    roster.expert(given_name, family)
    roster.expert("Somebody", "Else")
    experts = find_experts(SYSTEM, Filters(q=looked_for))
    return [listed.expert.person.full_name for listed in experts.page.items]


def in_the_register(name: str, looked_for: str) -> list[str]:
    for enrollment in certificates.enrollments(
        certificates.finished_delivery([name, "Someone Else"])
    ):
        with transaction():
            issue(SYSTEM, db.session.get_one(Enrollment, enrollment.id))
    return [
        item.holder_name
        for item in list_register(SYSTEM, looked_for, "", after=None, limit=10).items
    ]


@pytest.mark.both_databases
@pytest.mark.parametrize("line", SEARCHES, ids=lambda line: line["looked for"])
@pytest.mark.parametrize("search", [on_the_people_page, on_the_roster, in_the_register])
def test_26_every_search_finds_the_person(
    context: Flask, line: dict[str, str], search: Callable[[str, str], list[str]]
) -> None:
    assert search(line["person"], line["looked for"]) == [line["person"]]
