"""A decision about who someone is covers what was shown, and nothing that is said, printed or
changed afterwards."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from certificates.services.names import fault_of
from core import audit
from core.database import db, transaction
from core.policy import SYSTEM
from enrollment import queries
from enrollment.models import Enrollment, IdentityQuestion
from people import services as people_services
from people.models import Person
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser, Page
from tests.courses import makers as courses
from tests.enrollment import makers
from tests.enrollment.test_identity import body, post
from tests.enrollment.test_whose_record import decide, drain, later, questions, questions_about

AMA = {"given_name": "Ama", "family_name": "Traore", "birth_date": "1990-05-01"}
SMITH = {"name_on_certificate": "John Smith", "names_confirmed": True}


def two_records(
    app: Flask, france: ApiClient, ghana: ApiClient, code: str, **person: Any
) -> tuple[dict, dict]:
    """One officer, put forward by two governments."""
    first = post(
        france, code, identifier="F-1", identifier_issuer="FR", email="kofi@example.org", **person
    )
    other = post(ghana, code, identifier="A-1", email="kofi@example.org", **person)
    drain(app)
    return first, other


def merged(client: Callable[..., ApiClient], keep: dict, merge: dict) -> int:
    first, second = client(Role.COORDINATOR), client(Role.COORDINATOR)
    ids = {"keep": keep["person"]["id"], "merge": merge["person"]["id"]}
    merge_id = first.post("/people/merges", ids | {"reason": "One officer"}).json["id"]
    assert second.post(f"/merges/{merge_id}/confirm").json["status"] == "confirmed"
    return merge_id


def breaches(app: Flask) -> list[str]:
    with app.app_context():
        return list(queries.breaches_of_identity())


def printed_fault(app: Flask, enrollment_id: int) -> str | None:
    with app.app_context():
        enrollment = db.session.get_one(Enrollment, enrollment_id)
        fault = fault_of(enrollment, enrollment.name_on_certificate)
        return fault[0] if fault else None


@pytest.mark.both_databases
@pytest.mark.parametrize("keeps", ["F", "A"])
def test_after_a_merge_another_name_under_the_number_is_asked_about_and_found(
    app: Flask,
    client: Callable[..., ApiClient],
    france: ApiClient,
    ghana: ApiClient,
    code: str,
    keeps: str,
) -> None:
    first, other = two_records(app, france, ghana, code, birth_date="1990-05-01")
    merged(client, *((first, other) if keeps == "F" else (other, first)))
    again = post(france, later(app), identifier="F-1", identifier_issuer="FR", **AMA)
    (question,) = questions(client(Role.COORDINATOR))
    assert (question["enrollment"], question["differs"]) == (again["id"], ["name"])
    assert [f"enrollment {again['id']} " in line for line in breaches(app)] == [True]


@pytest.mark.both_databases
def test_a_name_to_print_is_a_question_of_its_own(
    app: Flask,
    client: Callable[..., ApiClient],
    france: ApiClient,
    code: str,
    sign_in: Callable[..., Browser],
) -> None:
    post(france, code, identifier="G-1", email="kofi@example.org", birth_date="1990-05-01")
    again = post(france, later(app), identifier="G-1", **AMA, **SMITH)
    coordinator = client(Role.COORDINATOR)
    person, printed = questions(coordinator)
    assert (person["about"], person["differs"]) == ("person", ["name"])
    assert (printed["about"], printed["name_on_certificate"]) == ("printed_name", "John Smith")
    decide(coordinator, "same")
    assert printed_fault(app, again["id"]) == "name_differs", (
        "who it is says nothing of what is printed"
    )
    with app.app_context():
        page = sign_in(makers.coordinator()).get("/people-to-check")
    assert "Print this name?" in page.text
    assert "the name to print is John Smith" in page.form("/same").submit().text
    assert printed_fault(app, again["id"]) is None


def test_a_decision_about_the_person_is_none_about_another_name_to_print(
    app: Flask, client: Callable[..., ApiClient], france: ApiClient, code: str
) -> None:
    post(france, code, identifier="G-1", email="kofi@example.org", birth_date="1990-05-01")
    again = post(france, later(app), identifier="G-1", **AMA)
    decide(client(Role.COORDINATOR), "same")
    with app.app_context():
        planted = (
            sa.update(Enrollment)
            .where(Enrollment.id == again["id"])
            .values(name_on_certificate="John Smith")
        )
        db.session.connection().execute(planted)
        assert (
            fault_of(db.session.get_one(Enrollment, again["id"]), "John Smith")[0] == "name_differs"
        )
        assert any("the name to print" in line for line in queries.breaches_of_identity())


def test_whoever_is_called_otherwise_since_is_asked_about_again(
    app: Flask, client: Callable[..., ApiClient], france: ApiClient, code: str
) -> None:
    """Also where someone decided before: that was about the name of then."""
    first = post(france, code, identifier="G-1", email="kofi@example.org", birth_date="1990-05-01")
    again = post(france, later(app), identifier="G-1", **AMA)
    coordinator = client(Role.COORDINATOR)
    decide(coordinator, "same")
    with app.app_context(), transaction():
        people_services.change_person(
            SYSTEM,
            db.session.get_one(Person, first["person"]["id"]),
            given_name="Kwame",
            family_name="Boateng",
        )
    questions = {
        question["enrollment"]: question["differs"]
        for question in questions_about("person", coordinator)
    }
    assert set(questions) == {first["id"], again["id"]} and all(
        "name" in differs for differs in questions.values()
    )
    with app.app_context():
        about_people = sa.select(sa.func.count()).where(IdentityQuestion.is_about_people)
        assert db.session.scalar(about_people) == 2, "the first one, opened again"


def test_a_no_about_a_name_to_print_is_none_about_the_person(
    app: Flask,
    client: Callable[..., ApiClient],
    france: ApiClient,
    ghana: ApiClient,
    code: str,
    sign_in: Callable[..., Browser],
) -> None:
    first, other = two_records(app, france, ghana, code)
    merge_id = merged(client, first, other)
    for number in ("A-1", "A-1"):
        again = post(ghana, later(app), identifier=number, email="kofi@example.org", **SMITH)
        with app.app_context():
            page = sign_in(makers.coordinator()).get("/people-to-check")
        text = page.form("/different").submit().text
        assert (
            "the name to print is Kofi Mensah" in text
            and "different people" not in text.split("Decided")[1][:80]
        )
        assert printed_fault(app, again["id"]) is None, "asked in each delivery, and decided"
    assert client(Role.COORDINATOR).post(f"/merges/{merge_id}/undo").status_code == 200
    new = later(app)
    for body_, number in ((france, "F-1"), (ghana, "A-1")):
        issuer = {"identifier_issuer": "FR"} if number == "F-1" else {}
        post(body_, new, identifier=number, email="kofi@example.org", **issuer)
        drain(app)
    assert len(questions(client(Role.COORDINATOR))) == 1, "whether the two are one is open again"


def test_a_coordinator_decides_no_question_of_another_centre(
    app: Flask, client: Callable[..., ApiClient], france: ApiClient, ghana: ApiClient, code: str
) -> None:
    with app.app_context():
        factories.centre()
        elsewhere = courses.delivery(course=courses.course(code="KX", centre="KAC"), places=5).code
    two_records(app, france, ghana, code)
    post(ghana, elsewhere, identifier="A-1", email="kofi@example.org")
    drain(app)
    decide(client(Role.COORDINATOR), "different")
    with app.app_context():
        open_there = sa.select(IdentityQuestion.status).join(
            Enrollment, Enrollment.id == IdentityQuestion.enrollment_id
        )
        codes = {
            enrollment.delivery.code: enrollment.id
            for enrollment in db.session.scalars(sa.select(Enrollment))
        }
        there = db.session.scalars(open_there.where(Enrollment.id == codes[elsewhere])).all()
        assert there in ([], ["open"]), "an administrator's"


ROW = b"Given name;Family name;Service or staff number;Email;Country;Category\n"


def upload(browser: Browser, code: str, row: bytes, **values: Any) -> Page:
    page = browser.get(f"/deliveries/{code}/nominate")
    return page.form("/nominate").submit(file=(io.BytesIO(ROW + row), "people.csv"), **values)


def test_the_check_of_a_file_asks_where_two_records_could_be_meant(
    app: Flask,
    client: Callable[..., ApiClient],
    france: ApiClient,
    ghana: ApiClient,
    code: str,
    sign_in: Callable[..., Browser],
) -> None:
    two_records(app, france, ghana, code)
    with app.app_context():
        browser, body_id = sign_in(makers.coordinator()), factories.organization("FR-MFA").id
    page = upload(
        browser,
        later(app),
        b"Kofi;Mensah;;kofi@example.org;GH;military\n",
        organization=str(body_id),
    )
    assert "Same person?" in page.text and "is ready" not in page.text


def test_the_check_of_a_file_asks_a_body_whose_own_two_people_the_row_names(
    app: Flask,
    client: Callable[..., ApiClient],
    france: ApiClient,
    code: str,
    sign_in: Callable[..., Browser],
) -> None:
    post(france, code, email="kofi@example.org")
    post(
        france,
        code,
        identifier="G-2",
        email="ama@example.org",
        given_name="Ama",
        family_name="Traore",
    )
    with app.app_context():
        body_id = factories.organization("FR-MFA").id
        browser = sign_in(factories.actor(Role.NOMINATOR, organization_id=body_id))
    page = upload(browser, later(app), b"Kofi;Mensah;G-2;kofi@example.org;GH;military\n")
    assert "Same person?" in page.text and "is ready" not in page.text


def test_the_name_of_someone_without_an_account_is_not_changed_by_way_of_initials(
    app: Flask, client: Callable[..., ApiClient]
) -> None:
    with app.app_context():
        with transaction():
            person_id = people_services.record_person(
                SYSTEM, given_name="Kofi", family_name="Mensah", identifier="GH-1", country="GH"
            ).id
        factories.consent(person_id)
    staff = client(Role.ROSTER)
    profile = {"category": "police", "languages": [], "expertise": [], "availability": []}
    for given_name, family, name in (
        ("K", "Mensah", "Kofi Mensah"),
        ("Kofi", "", "Kofi Mensah"),
        ("Kofi Yaw", "Mensah", "Kofi Yaw Mensah"),
    ):
        facts = {"given_name": given_name, "family_name": family, "country": "GH"}
        assert staff.put("/experts/GH-1", {"person": facts} | profile).status_code in (200, 201)
        with app.app_context():
            assert db.session.get_one(Person, person_id).full_name == name
    facts = {"given_name": "Kwame", "family_name": "Mensah", "country": "GH"}
    assert staff.put("/experts/GH-1", {"person": facts} | profile).status_code == 202, (
        "like a stranger"
    )
    with app.app_context():
        assert db.session.get_one(Person, person_id).full_name == "Kofi Yaw Mensah"


def renamed(app: Flask, person_id: int, given_name: str, family: str) -> None:
    with app.app_context(), transaction():
        people_services.change_person(
            SYSTEM,
            db.session.get_one(Person, person_id),
            given_name=given_name,
            family_name=family,
            names_confirmed=True,
        )


@pytest.mark.parametrize("is_decided", [True, False])
def test_what_is_asked_or_decided_about_two_records_is_not_joined_in_the_background(
    app: Flask, client: Callable[..., ApiClient], france: ApiClient, code: str, is_decided: bool
) -> None:
    first = post(france, code, identifier="G-1")
    second = france.post(
        f"/deliveries/{later(app)}/enrollments", body(identifier="G-1") | {"identity": "new"}
    ).json
    if is_decided:
        decide(client(Role.COORDINATOR), "different")
    drain(app)
    people = [
        client(Role.COORDINATOR).get(f"/enrollments/{record['id']}").json["person"]["id"]
        for record in (first, second)
    ]
    assert len(set(people)) == 2
    assert len(questions(client(Role.COORDINATOR))) == (0 if is_decided else 1)


def test_after_undoing_a_merge_what_is_open_is_about_the_record_that_is_its_own_again(
    app: Flask, client: Callable[..., ApiClient], france: ApiClient, ghana: ApiClient, code: str
) -> None:
    first, other = two_records(app, france, ghana, code, birth_date="1990-05-01")
    merge_id = merged(client, first, other)
    coordinator = client(Role.COORDINATOR)
    printed = post(ghana, later(app), identifier="A-1", birth_date="1990-05-01", **SMITH)
    named = post(ghana, later(app), identifier="A-1", **AMA)
    assert coordinator.post(f"/merges/{merge_id}/undo").status_code == 200
    by_enrollment = {question["enrollment"]: question for question in questions(coordinator)}
    assert {question["candidate"]["id"] for question in by_enrollment.values()} == {
        other["person"]["id"]
    }
    assert (
        coordinator.post(f"/identity-questions/{by_enrollment[printed['id']]['id']}/same").json[
            "merge"
        ]
        is None
    )
    assert (
        coordinator.post(
            f"/identity-questions/{by_enrollment[named['id']]['id']}/different"
        ).status_code
        == 200
    )
    assert coordinator.get(f"/enrollments/{named['id']}").json["person"]["given_name"] == "Ama"
    assert breaches(app) == []


def test_a_merge_answers_no_question_about_whom_a_nomination_names(
    app: Flask, client: Callable[..., ApiClient], france: ApiClient, ghana: ApiClient, code: str
) -> None:
    """Someone was told apart from the other record, which is then merged all the same."""
    first, other = two_records(app, france, ghana, code, birth_date="1990-05-01")
    decide(client(Role.COORDINATOR), "different")
    named = post(france, later(app), identifier="F-1", identifier_issuer="FR", **AMA)
    merged(client, first, other)
    (question,) = questions(client(Role.COORDINATOR))
    assert question["enrollment"] == named["id"]
    decide(client(Role.COORDINATOR), "same")
    renamed(app, first["person"]["id"], "Kwame", "Boateng")
    (question,) = (
        item
        for item in questions_about("person", client(Role.COORDINATOR))
        if item["enrollment"] == named["id"]
    )
    answer = client(Role.COORDINATOR).post(f"/identity-questions/{question['id']}/same")
    assert answer.status_code == 200, answer.text


def test_a_decision_about_what_has_changed_since_it_was_read_is_refused(
    app: Flask,
    client: Callable[..., ApiClient],
    france: ApiClient,
    code: str,
    sign_in: Callable[..., Browser],
) -> None:
    first = post(france, code, identifier="G-1", email="kofi@example.org", birth_date="1990-05-01")
    again = post(france, later(app), identifier="G-1", **AMA)
    coordinator = client(Role.COORDINATOR)
    read = {question["enrollment"]: question for question in questions(coordinator)}[again["id"]]
    with app.app_context():
        page = sign_in(makers.coordinator()).get("/people-to-check")
    renamed(app, first["person"]["id"], "Zed", "Zulu")
    answer = coordinator.post(
        f"/identity-questions/{read['id']}/same", {"version": read["version"]}
    )
    assert (answer.status_code, answer.json["code"]) == (409, "changed_meanwhile")
    refusal_page = page.form(f"/{read['id']}/same").submit()
    assert (
        refusal_page.status == 409
        and "Look at both again" in refusal_page.text
        and "Zulu" in refusal_page.text
    )
    now = {question["id"]: question for question in questions(coordinator)}[read["id"]]
    assert (
        coordinator.post(
            f"/identity-questions/{read['id']}/same", {"version": now["version"]}
        ).status_code
        == 200
    )


def test_the_reason_of_an_earlier_decision_is_kept(
    app: Flask, client: Callable[..., ApiClient], france: ApiClient, code: str
) -> None:
    nomination = post(france, code, identifier="G-1", email="kofi@example.org", **SMITH)
    coordinator = client(Role.COORDINATOR)
    for reason in ("The passport says so", "So does the letter"):
        (question,) = questions_about("printed_name", coordinator)
        assert (
            coordinator.post(
                f"/identity-questions/{question['id']}/different", {"reason": reason}
            ).status_code
            == 200
        )
        renamed(app, nomination["person"]["id"], "Zed", "Zulu")
    with app.app_context():
        (last,) = db.session.scalars(
            sa.select(IdentityQuestion).where(~IdentityQuestion.is_about_people)
        )
        assert "The passport says so" in last.reason and "So does the letter" in last.reason


def test_a_nomination_that_stands_aside_is_asked_about_as_well(
    app: Flask, client: Callable[..., ApiClient], france: ApiClient, ghana: ApiClient, code: str
) -> None:
    two_records(app, france, ghana, code)
    coordinator = client(Role.COORDINATOR)
    decide(coordinator, "same")
    person = coordinator.get("/deliveries/" + code + "/enrollments").json["items"][0]["person"][
        "id"
    ]
    renamed(app, person, "Zed", "Zulu")
    assert len({question["enrollment"] for question in questions(coordinator)}) == 2


def test_a_person_renamed_while_the_nomination_is_submitted_is_asked_about(
    app: Flask, client: Callable[..., ApiClient], france: ApiClient, code: str
) -> None:
    """Neither of two transactions that run at once sees what the other writes."""
    nomination = post(france, code, identifier="G-1", email="kofi@example.org")
    with app.app_context(), transaction():
        meanwhile = (
            sa.update(Person)
            .where(Person.id == nomination["person"]["id"])
            .values(given_name="Zed", family_name="Zulu")
        )
        db.session.execute(meanwhile)
        audit.record(SYSTEM, "test.renamed", f"person:{nomination['person']['id']}", {})
    assert questions(client(Role.COORDINATOR)) == []
    drain(app)
    (question,) = questions_about("person", client(Role.COORDINATOR))
    assert "name" in question["differs"]


@pytest.mark.both_databases
def test_what_is_asked_again_states_what_is_true_now(
    app: Flask, client: Callable[..., ApiClient], france: ApiClient, ghana: ApiClient, code: str
) -> None:
    """The candidate was corrected meanwhile: what differed agrees now, and a page that was read
    before is stale."""
    post(
        france,
        code,
        identifier="F-1",
        identifier_issuer="FR",
        email="kofi@example.org",
        birth_date="1990-05-01",
    )
    post(ghana, code, identifier="A-1", email="kofi@example.org", birth_date="1991-05-01")
    drain(app)
    coordinator = client(Role.COORDINATOR)
    (read,) = questions(coordinator)
    assert "birth_date" in read["differs"]
    with app.app_context(), transaction():
        person = db.session.get_one(Person, read["candidate"]["id"])
        people_services.change_person(
            SYSTEM, person, birth_date=date.fromisoformat(read["submitted"]["birth_date"])
        )
    now = {question["id"]: question for question in questions(coordinator)}[read["id"]]
    assert "birth_date" in now["agrees"] and "birth_date" not in now["differs"]
    stale = coordinator.post(f"/identity-questions/{read['id']}/same", {"version": read["version"]})
    assert (stale.status_code, stale.json["code"]) == (409, "changed_meanwhile")


def test_nobody_is_asked_about_a_nomination_that_was_withdrawn(
    app: Flask, client: Callable[..., ApiClient], france: ApiClient, code: str
) -> None:
    nominated = post(france, code, identifier="G-1", email="kofi@example.org")
    assert (
        client(Role.COORDINATOR)
        .post(f"/enrollments/{nominated['id']}/withdraw", {"reason": "Ill"})
        .status_code
        == 200
    )
    renamed(app, nominated["person"]["id"], "Zed", "Zulu")
    assert questions(client(Role.COORDINATOR)) == []
    assert breaches(app) == []
