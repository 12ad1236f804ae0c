"""Who is meant: no identity is guessed, no body learns what another knows, and a record can be
mended."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.models import SignInLink
from accounts.roles import Role
from certificates.models import Certificate
from core import audit, checking, jobs
from core.database import db, transaction
from core.jobs import Job
from core.mail import Mail
from core.policy import SYSTEM
from enrollment.models import Enrollment, EnrollmentStatus, IdentityQuestion, Nomination
from people import queries
from people import services as people_services
from people.models import Merge, Person
from tests import factories
from tests.accounts.makers import PASSWORD, account
from tests.api_client import ApiClient
from tests.browsing import Browser, Page
from tests.certificates import makers as certificates
from tests.counting import queries_counted
from tests.enrollment import makers
from tests.test_same_work import kinds

S = EnrollmentStatus
OFFICER = {"given_name": "Kofi", "family_name": "Mensah", "country": "GH", "gender": "male"}


def body(**person: Any) -> dict[str, Any]:
    return {"person": OFFICER | person, "category": "military"}


def post(client: ApiClient, code: str, **person: Any) -> Any:
    answer = client.post(f"/deliveries/{code}/enrollments", body(**person))
    assert answer.status_code == 201, answer.text
    return answer.json


# One number and two officers of two countries


def test_one_number_and_two_officers_of_two_countries_are_two_people(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    coordinator = client(Role.COORDINATOR)
    first = post(coordinator, code, identifier="ML-77", email="kofi@example.org")
    other = post(
        coordinator,
        code,
        identifier="ml 77",
        email="aya@example.org",
        given_name="Aya",
        family_name="Traoré",
        country="ML",
    )
    assert first["person"]["id"] != other["person"]["id"]
    again = coordinator.post(f"/deliveries/{code}/enrollments", body(identifier="ml77"))
    assert (again.status_code, again.json["code"]) == (409, "already_enrolled"), (
        "case, spaces and hyphens aside it is his"
    )


@pytest.mark.parametrize(
    ("facts", "is_asked"),
    [
        ({"identifier": "A-1", "given_name": "Ama"}, True),  # the number of someone else
        (
            {"identifier": "A-1", "given_name": "Ama", "birth_date": "1990-05-01"},
            False,
        ),  # born on the same day: renamed
        (
            {"identifier": "A-1", "birth_date": "1991-05-01"},
            True,
        ),  # his number and name, another date of birth
        ({"identifier": "A-1", "family_name": ""}, False),  # a part of the name is missing
        (
            {"identifier": "A-1", "given_name": "MENSAH", "family_name": "Kofi"},
            False,
        ),  # in any order
        (
            {"identifier": "A-1", "identifier_issuer": "GH-AF"},
            False,
        ),  # the armed force is one issuer with its country
        ({"identifier": "A-1", "identifier_issuer": "GH-AF", "given_name": "Ama"}, True),
        (
            {"identifier": "A-2", "email": "kofi@example.org"},
            True,
        ),  # his mailbox and name, another number
        ({"email": "kofi@example.org", "given_name": "Ama"}, True),  # a mailbox that two people use
        ({"email": "KOFI@example.org"}, False),
        (
            {"identifier": "A-1", "identifier_kind": "passport", "email": "x@example.org"},
            None,
        ),  # no number of this kind
        (
            {"identifier": "A-1", "country": "ML", "email": "x@example.org"},
            None,
        ),  # another country's number
    ],
)
def test_a_coordinator_is_asked_where_not_everything_agrees(
    app: Flask,
    client: Callable[..., ApiClient],
    code: str,
    facts: dict[str, Any],
    is_asked: bool | None,
) -> None:
    with app.app_context():
        factories.organization("GH-AF", "Ghana Armed Forces", "GH")
    coordinator = client(Role.COORDINATOR)
    known = post(
        coordinator, code, identifier="A-1", email="kofi@example.org", birth_date="1990-05-01"
    )["person"]["id"]
    with app.app_context():
        other = makers.delivery(places=3).code
    answer = coordinator.post(f"/deliveries/{other}/enrollments", body(**facts))
    if not is_asked:
        assert answer.status_code == 201 and (answer.json["person"]["id"] == known) == (
            is_asked is False
        ), answer.json
        return
    assert (answer.status_code, answer.json["code"]) == (409, "identity_in_doubt")
    assert [candidate["id"] for candidate in answer.json["candidates"]] == [known]
    same = coordinator.post(f"/deliveries/{other}/enrollments", body(**facts) | {"identity": known})
    assert same.json["person"]["id"] == known
    with app.app_context():
        third = makers.delivery(places=3).code
    new = coordinator.post(f"/deliveries/{third}/enrollments", body(**facts) | {"identity": "new"})
    assert new.json["person"]["id"] != known
    assert coordinator.get("/identity-questions").json["items"] == [], "it is decided already"


def test_two_issuers_of_one_country_are_a_question(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    with app.app_context():
        factories.organization("GH-AF", "Ghana Armed Forces", "GH")
        factories.organization("GH-PS", "Ghana Police Service", "GH")
    coordinator = client(Role.COORDINATOR)
    post(coordinator, code, identifier="77", identifier_issuer="GH-AF")
    answer = coordinator.post(
        f"/deliveries/{code}/enrollments", body(identifier="77", identifier_issuer="GH-PS")
    )
    assert answer.json["code"] == "identity_in_doubt"
    unknown = coordinator.post(
        f"/deliveries/{code}/enrollments", body(identifier="77", identifier_issuer="Atlantis")
    )
    assert (
        unknown.status_code == 422
        and unknown.json["errors"][0]["field"] == "person.identifier_issuer"
    )


# A body learns nothing


def answers(app: Flask, ask: Callable[[], Any]) -> tuple[str, list[str], list[str]]:
    """(answer without ids, tokens and instants; kinds of statements; mail and jobs that were
    written)."""
    answer, done, written = _done(app, ask)
    text = re.sub(r'"(id|created_at)":("[^"]*"|\d+)', r'"\1":0', answer.text)
    return f"{answer.status_code} {text}", done, written


def _done(app: Flask, act: Callable[[], Any]) -> tuple[Any, list[str], list[str]]:
    with app.app_context(), queries_counted() as count:
        outcome = act()
    with app.app_context():
        written = [
            f"mail {kind} {len(body.split())}"
            for kind, body in db.session.execute(sa.select(Mail.kind, Mail.body))
        ]
        written += [
            f"job {kind}" for kind in db.session.scalars(sa.select(Job.kind).order_by(Job.id))
        ]
    return outcome, kinds(count.statements), written


@pytest.mark.both_databases
def test_two_governments_and_one_person_are_answered_like_a_stranger(
    app: Flask, client: Callable[..., ApiClient]
) -> None:
    """The second body gets the answer it would get of a stranger, with the same statements,
    messages and jobs."""
    done = []
    for is_known in (True, False):
        with app.app_context():
            into = makers.delivery(places=6).code
            other = factories.organization(f"FR-{is_known}", "Other State", "FR").id
        first = ApiClient(app, _token(app, other))
        post(
            first,
            into,
            **{"identifier": "FR-1"}
            | ({"email": "kofi@example.org"} if is_known else {"email": "else@example.org"}),
        )
        second = client(Role.NOMINATOR, organization="GH-MOD")
        with app.app_context(), transaction():
            db.session.execute(sa.delete(Mail))
            db.session.execute(sa.delete(Job))
        facts = body(identifier="GH-1", email="kofi@example.org")
        done.append(
            answers(
                app,
                lambda second=second, into=into, facts=facts: second.post(
                    f"/deliveries/{into}/enrollments", facts
                ),
            )
        )
        if is_known:
            with app.app_context(), transaction():
                _forget_everyone()
    known, stranger = done
    assert re.sub(r"GTI[\w-]+", "CODE", known[0]) == re.sub(r"GTI[\w-]+", "CODE", stranger[0])
    assert known[1] == stranger[1]
    assert known[2] == stranger[2]


def _by_form(browser: Browser, code: str) -> list[Page]:
    facts = {
        "identifier": "GH-1",
        "given_name": "Kofi",
        "family_name": "Mensah",
        "email": "kofi@example.org",
        "country": "GH",
    }
    form = browser.get(f"/deliveries/{code}/nominate/person").form("/person")
    return [form.submit("Nominate", **facts, category="military")]


def _by_file(browser: Browser, code: str) -> list[Page]:
    rows = "identifier,given_name,family_name,email,country,category\nGH-1,Kofi,Mensah,kofi@example.org,GH,military\n"
    checked = browser.get(f"/deliveries/{code}/nominate").form("/nominate").submit(text=rows)
    return [checked, checked.form("/check").submit("Nominate 1")]


SAME = {"identifier": "FR-1", "identifier_issuer": "FR", "email": "kofi@example.org"}
NUMBER_OF_ANOTHER = {"identifier": "GH-1", "given_name": "Ama", "email": "ama@example.org"}
STRANGER = {
    "identifier": "ZZ-9",
    "given_name": "Esi",
    "family_name": "Owusu",
    "email": "esi@example.org",
}


@pytest.mark.both_databases
@pytest.mark.parametrize("act", [_by_form, _by_file])
@pytest.mark.parametrize("expected", [SAME, NUMBER_OF_ANOTHER])
def test_pages_answer_two_governments_about_one_person_as_about_a_stranger(
    app: Flask,
    client: Callable[..., ApiClient],
    sign_in: Callable[..., Browser],
    act: Callable[..., Any],
    expected: Any,
) -> None:
    """The page of one person, the check of a file, and the list, before and after everyone was
    compared."""
    first = client(Role.NOMINATOR, organization="FR-MFA")
    with app.app_context():
        second = sign_in(
            factories.actor(Role.NOMINATOR, organization_id=factories.organization("GH-MOD").id)
        )
        into = makers.delivery(places=6).code
    rounds, lists = [], f"/nominations?delivery={into}"
    for other in (STRANGER, expected):
        post(first, into, **other)
        with app.app_context():
            jobs.drain()
        with app.app_context(), transaction():
            db.session.execute(sa.delete(Mail))
            db.session.execute(sa.delete(Job))
            audit.record(SYSTEM, "test.forgotten", "mail", {})
        pages, done, written = _done(app, lambda: [*act(second, into), second.get(lists)])
        assert pages[-1].all("tbody"), "the list shows the nomination"
        with app.app_context():
            jobs.drain()
        pages.append(second.get(lists))
        rounds.append(([f"{page.status} {_plain(page.html)}" for page in pages], done, written))
        with app.app_context(), transaction():
            _forget_everyone()
    assert rounds[0] == rounds[1]


def _plain(html: str) -> str:
    """A page without what is drawn at random, and without numbers that only count."""
    html = re.sub(r'name="(csrf_token|submission|token)" value="[^"]*"', "TOKEN", html)
    html = re.sub(r'nonce="[^"]*"', "NONCE", html)
    return re.sub(r"/enrollments/\d+", "/enrollments/N", html)


def _token(app: Flask, organization_id: int) -> str:
    with app.app_context():
        return makers.token_of(factories.actor(Role.NOMINATOR, organization_id=organization_id))


def _forget_everyone() -> None:
    """So that the next round begins as the first one did."""
    for table in (Job, Mail, IdentityQuestion, Nomination):
        db.session.execute(sa.delete(table))
    db.session.execute(sa.delete(SignInLink))
    factories.plant(sa.delete(Enrollment))
    db.session.execute(sa.delete(Person).where(Person.email == "kofi@example.org"))
    audit.record(SYSTEM, "test.forgotten", "person", {})


@pytest.fixture
def shared(app: Flask, client: Callable[..., ApiClient], code: str) -> dict[str, Any]:
    """Two bodies put one officer forward for one delivery."""
    bodies = {name: client(Role.NOMINATOR, organization=name) for name in ("GH-MOD", "FR-MFA")}
    responses = {
        name: post(
            nominator,
            code,
            identifier=f"{name}-1",
            email="kofi@example.org",
            identifier_issuer=name,
        )
        for name, nominator in bodies.items()
    }
    with app.app_context():
        jobs.drain()
    return {"bodies": bodies, "made": responses, "coordinator": client(Role.COORDINATOR)}


def places_left(client: ApiClient, code: str) -> int:
    return client.get(f"/deliveries/{code}").json["places_left"]


def test_two_governments_and_one_person_have_one_seat_once_that_is_decided(
    app: Flask, code: str, shared: dict[str, Any]
) -> None:
    coordinator = shared["coordinator"]
    first, second = shared["made"].values()
    assert places_left(coordinator, code) == 4, "until then two people have two places"
    (question,) = coordinator.get("/identity-questions").json["items"]
    assert set(question["agrees"]) == {"address", "name"}
    decided = coordinator.post(f"/identity-questions/{question['id']}/same")
    assert decided.status_code == 200 and decided.json["status"] == "same"
    assert places_left(coordinator, code) == 5, "one person, one place"
    for (name, body_), response in zip(shared["bodies"].items(), (first, second), strict=True):
        shown = body_.get(f"/enrollments/{response['id']}").json
        assert shown == response, f"{name} reads what it was told, under its own ids"
        (item,) = body_.get(f"/deliveries/{code}/enrollments?status=confirmed").json["items"]
        assert item == response
    assert coordinator.get("/identity-questions").json["items"] == []
    people = {
        enrollment["person"]["id"]
        for enrollment in coordinator.get(f"/deliveries/{code}/enrollments?status=confirmed").json[
            "items"
        ]
    }
    assert len(people) == 1


def test_a_body_that_takes_its_nomination_back_does_not_take_the_others_place(
    app: Flask, code: str, shared: dict[str, Any]
) -> None:
    coordinator, (first, second) = shared["coordinator"], shared["made"].values()
    (question,) = coordinator.get("/identity-questions").json["items"]
    coordinator.post(f"/identity-questions/{question['id']}/same")
    nominator, other = shared["bodies"].values()
    assert nominator.post(f"/enrollments/{first['id']}/withdraw").json["status"] == "withdrawn"
    assert other.get(f"/enrollments/{second['id']}").json["status"] == "confirmed"
    assert places_left(coordinator, code) == 5
    assert other.post(f"/enrollments/{second['id']}/withdraw").json["status"] == "withdrawn"
    assert places_left(coordinator, code) == 6


def test_two_people_stay_two_when_that_is_decided(
    app: Flask, code: str, shared: dict[str, Any]
) -> None:
    coordinator = shared["coordinator"]
    (question,) = coordinator.get("/identity-questions").json["items"]
    assert (
        coordinator.post(
            f"/identity-questions/{question['id']}/different", {"reason": "A cousin"}
        ).json["status"]
        == "different"
    )
    assert places_left(coordinator, code) == 4
    assert coordinator.post(f"/identity-questions/{question['id']}/same").status_code == 409, (
        "decided once"
    )


def test_the_same_officer_nominated_again_by_the_same_body_is_known(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    nominator = client(Role.NOMINATOR, organization="GH-MOD")
    first = post(nominator, code, identifier="A-1", email="kofi@example.org")
    again = nominator.post(f"/deliveries/{code}/enrollments", body(identifier="a 1"))
    assert (again.status_code, again.json["code"]) == (409, "already_enrolled")
    with app.app_context():
        later = makers.delivery(places=3).code
    assert (
        post(nominator, later, identifier="A-1", email="new@example.org")["person"]["id"]
        == first["person"]["id"]
    )


def test_whoever_another_body_trained_before_is_recognised_afterwards(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    first = client(Role.NOMINATOR, organization="GH-MOD")
    known = post(first, code, identifier="A-1", email="kofi@example.org")
    with app.app_context():
        later = makers.delivery(places=3).code
    second = client(Role.NOMINATOR, organization="FR-MFA")
    nomination = post(
        second, later, identifier="F-9", identifier_issuer="FR", email="kofi@example.org"
    )
    assert nomination["person"]["id"] != known["person"]["id"]
    with app.app_context():
        jobs.drain()
        assert db.session.get_one(Enrollment, nomination["id"]).person_id == known["person"]["id"]
    assert second.get(f"/enrollments/{nomination['id']}").json == nomination
    assert client(Role.COORDINATOR).get("/identity-questions").json["items"] == []


def test_the_page_asks_a_body_about_its_own_people_only(
    app: Flask, client: Callable[..., ApiClient], sign_in: Callable[..., Browser], code: str
) -> None:
    own = client(Role.NOMINATOR, organization="GH-MOD")
    post(own, code, identifier="A-1", email="kofi@example.org")
    post(
        client(Role.NOMINATOR, organization="FR-MFA"),
        code,
        identifier="A-2",
        email="ama@example.org",
        given_name="Ama",
    )
    with app.app_context():
        later = makers.delivery(places=6).code
        body_id = factories.organization("GH-MOD").id
        browser = sign_in(factories.actor(Role.NOMINATOR, organization_id=body_id))
    text = "identifier,given_name,family_name,email,country,category\n" + "".join(
        f"{row},GH,military\n"
        for row in ("A-1,Yaw,Owusu,yaw@example.org", "A-2,Esi,Boateng,esi@example.org")
    )
    page = browser.get(f"/deliveries/{later}/nominate").form("/nominate").submit(text=text)
    assert (
        "1 row needs fixing" in page.text
        and "Yes, the same as Kofi Mensah" in page.text
        and "Ama" not in page.text
    )
    form = page.form("/check")
    page = form.submit(act="check", **{"row-2-identity": "new"})
    assert "2 people are ready" in page.text
    page.form("/check").submit("Nominate 2")
    with app.app_context():
        jobs.drain()
        questions_asked = [
            (q.candidate.given_name, q.enrollment.origin.given_name)
            for q in db.session.scalars(sa.select(IdentityQuestion))
        ]
    assert sorted(questions_asked) == [("Ama", "Esi"), ("Kofi", "Yaw")], (
        "what a body answers is still for a coordinator to decide"
    )


def test_pages_and_files_say_whose_a_number_is(
    app: Flask, client: Callable[..., ApiClient], sign_in: Callable[..., Browser], code: str
) -> None:
    with app.app_context():
        body_id = factories.organization("GH-MOD").id
        browser = sign_in(factories.actor(Role.NOMINATOR, organization_id=body_id))
        factories.organization("UN-DPO")
    page = browser.get(f"/deliveries/{code}/nominate/person").form("/person")
    facts = OFFICER | {
        "email": "kofi@example.org",
        "category": "military",
        "identifier": "7",
        "identifier_issuer": "Atlantis",
    }
    refused = page.submit("Nominate", **facts)
    assert refused.status == 422 and any(
        "code of the organization that issued the number" in error for error in refused.errors
    )
    refused.form("/person").submit("Nominate", identifier_issuer="UN-DPO")
    rows = "identifier,issued by,given_name,family_name,email,country,category\n" + "".join(
        f"{row},GH,military\n"
        for row in (
            "7,Kenya,Ama,Owusu,ama@example.org",
            "7,GH,Esi,Boateng,esi@example.org",
            "8,Mars,Yaw,Sy,yaw@example.org",
        )
    )
    check = browser.get(f"/deliveries/{code}/nominate").form("/nominate").submit(text=rows)
    assert "2 people are ready" in check.text and "Row 4, Issuer of the number" in check.text
    check.form("/check").submit("Nominate 2")
    with app.app_context():
        issuers = [
            queries.issuer_of(person)[0]
            for person in db.session.scalars(sa.select(Person).where(Person.identifier == "7"))
        ]
    assert issuers == ["UN-DPO", "KE", "GH"]


# A shared mailbox


def test_a_shared_mailbox_identifies_neither_and_lists_both(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    coordinator = client(Role.COORDINATOR)
    post(coordinator, code, email="ops@example.org")
    with app.app_context():
        account("ops@example.org", "Ama", password=PASSWORD, identity="new")
    browser = Browser(app)
    browser.get("/sign-in").form(action="/sign-in/link").submit(email="OPS@example.org")
    with app.app_context():
        (message,) = db.session.scalars(sa.select(Mail).where(Mail.kind == "sign_in_several"))
        assert "Kofi Mensah" in message.body and "Ama" in message.body
        links = re.findall(r"/sign-in/\S+", message.body)
    names = {
        Browser(app).get(link).form().submit().follow("Kofi Mensah" if n == 0 else "Ama").status
        for n, link in enumerate(links)
    }
    assert len(links) == 2 and names == {200}
    page = (
        Browser(app)
        .get("/sign-in")
        .form(button="Sign in")
        .submit(email="ops@example.org", password=PASSWORD)
    )
    assert page.status == 200 and "Ama" in page.text, (
        "a password belongs to one person and goes on working"
    )


# A name that differs


def test_names_that_differ_never_do_so_unnoticed(
    app: Flask, client: Callable[..., ApiClient], sign_in: Callable[..., Browser], code: str
) -> None:
    nominator, coordinator = client(Role.NOMINATOR, organization="GH-MOD"), client(Role.COORDINATOR)
    post(nominator, code, identifier="A-1", birth_date="1990-05-01")
    with app.app_context():
        later = makers.delivery(places=3)
        later_code = later.code
    nomination = post(
        nominator,
        later_code,
        identifier="A-1",
        birth_date="1990-05-01",
        given_name="Ama",
        family_name="Owusu",
    )
    assert nomination["person"]["full_name"] == "Ama Owusu"
    seen = coordinator.get(f"/enrollments/{nomination['id']}").json["person"]
    assert (seen["full_name"], seen["submitted_name"]) == ("Kofi Mensah", "Ama Owusu")
    (question,) = coordinator.get("/identity-questions").json["items"]
    with app.app_context():
        assert "another name" in " ".join(checking.breaches())
        result = app.test_cli_runner().invoke(args=["people", "suspects"])
        assert (
            "put forward as Ama Owusu, born 1990-05-01, enrolled is Kofi Mensah, born 1990-05-01"
            in result.output
        )
        browser = sign_in(makers.coordinator())
    page = browser.get("/people-to-check")
    assert "Ama Owusu" in page.text and "Kofi Mensah" in page.text
    page = page.form(action=f"/people-to-check/{question['id']}/different").submit()
    assert "two different people" in page.text
    seen = coordinator.get(f"/enrollments/{nomination['id']}").json["person"]
    assert (seen["full_name"], seen["submitted_name"]) == ("Ama Owusu", None)
    with app.app_context():
        assert checking.breaches() == []


# Merging


def _two_records() -> tuple[int, int, dict[str, int]]:
    """Two records with a certificate each: their ids, and the holder of each number."""
    issued = [
        certificates.issued(certificates.finished_delivery([name]))[0]
        for name in ("Kofi Mensah", "Kofi Mensa")
    ]
    held = {
        certificate.number: certificate.person_id for certificate in map(certificates.again, issued)
    }
    keep, merged = held.values()
    return keep, merged, held


@pytest.mark.both_databases
def test_a_merge_is_reviewed_by_two_keeps_all_and_can_be_undone(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    with app.app_context():
        keep, merged, held = _two_records()
        numbers = set(held)
        first, second = makers.coordinator(), makers.coordinator()
        proposer = ApiClient(app, makers.token_of(first))
        confirmer = ApiClient(app, makers.token_of(second))
    proposed = proposer.post(
        "/people/merges", {"keep": keep, "merge": merged, "reason": "One officer, misspelt once"}
    )
    assert (proposed.status_code, proposed.json["status"]) == (201, "proposed")
    merge = proposed.json["id"]
    assert proposer.post(f"/merges/{merge}/confirm").json["code"] == "second_person_needed"
    assert confirmer.post(f"/merges/{merge}/confirm").json["status"] == "confirmed"
    with app.app_context():
        assert (
            set(
                db.session.scalars(
                    sa.select(Certificate.number).where(Certificate.person_id == keep)
                )
            )
            == numbers
        )
        later = makers.enrolled(
            makers.delivery(places=2), person=db.session.get_one(Person, keep)
        ).id
        assert checking.breaches() == []
        actor = people_services.current_record(db.session.get_one(Person, merged))
        assert actor.id == keep
    assert confirmer.post(f"/merges/{merge}/undo").json["status"] == "undone"
    with app.app_context():
        holders = dict(
            db.session.execute(sa.select(Certificate.number, Certificate.person_id)).all()
        )
        assert holders == held, "certificates stay with their enrollment"
        assert db.session.get_one(Enrollment, later).person_id == keep
        assert checking.breaches() == []
    assert confirmer.post(f"/merges/{merge}/undo").status_code == 409


def test_a_certificate_issued_between_merge_and_undo_goes_back_with_its_enrollment(
    app: Flask,
) -> None:
    with app.app_context():
        into = certificates.finished_delivery(["Kofi Mensa"])
        (enrollment,) = certificates.enrollments(into)
        keep, origin = factories.person("Kofi", "Mensah").id, enrollment.origin_id
        with transaction():
            people_services.join_records(
                SYSTEM,
                db.session.get_one(Person, keep),
                db.session.get_one(Person, origin),
                reason="test",
            )
        (certificate,) = certificates.issued(into)
        assert certificate.person_id == keep
        coordinator = makers.coordinator()
        with transaction():
            people_services.undo_merge(coordinator, db.session.scalars(sa.select(Merge)).one())
        assert certificates.again(certificate).person_id == origin
        assert checking.breaches() == []


def test_a_record_with_roles_is_not_merged_away(app: Flask) -> None:
    with app.app_context():
        boss, keep = factories.actor(Role.ADMINISTRATOR).person_id, factories.person().id
        coordinator = ApiClient(app, makers.token_of(makers.coordinator()))
    answer = coordinator.post("/people/merges", {"keep": keep, "merge": boss, "reason": "The same"})
    assert answer.json["code"] == "holds_roles"
