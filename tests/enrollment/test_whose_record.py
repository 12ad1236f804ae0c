"""No one becomes another person by what a third says of them: not by a number, a mailbox, a
merge or a spelling."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, render_template

from accounts import queries
from accounts import services as accounts_services
from accounts.models import Account, RoleAssignment
from accounts.roles import Role
from certificates.models import Certificate
from certificates.queries import breaches as certificate_breaches
from certificates.reviews import FAULTS, ReviewKind, under_review
from certificates.services.names import fault_of
from core import audit, checking, jobs, names
from core.database import db, transaction, write
from core.errors import Conflict, NotFound
from core.mail import Mail
from core.policy import SYSTEM, Actor
from core.settings import ROOT
from enrollment import queries as enrollment_queries
from enrollment import services
from enrollment.models import Enrollment, IdentityQuestion, Nomination, QuestionStatus
from enrollment.states import QUESTION
from people import services as people_services
from people.models import ConsentPurpose, ConsentWay, Gender, Merge, Person
from tests import factories
from tests.accounts.makers import PASSWORD
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.certificates import makers as certificates
from tests.enrollment import makers
from tests.enrollment.test_apply_pages import apply
from tests.enrollment.test_identity import OFFICER, body, post

KOFI: dict[str, Any] = {"given": "Kofi", "family": "Mensah", "country": "GH"}


def drain(app: Flask) -> None:
    with app.app_context():
        jobs.drain()


def last_link(app: Flask, address: str) -> str:
    with app.app_context():
        letters = db.session.scalars(
            sa.select(Mail.body).where(Mail.address == address).order_by(Mail.id)
        ).all()
    return next(
        word[word.index("/sign-in/") :] for word in letters[-1].split() if "/sign-in/" in word
    )


def entered(app: Flask, address: str) -> str:
    """What the person reads on their own page who opens the last link that went to this address;
    "" when it opens nothing."""
    browser = Browser(app)
    page = browser.get(last_link(app, address))
    if page.status != 200 or "Sign in" not in page.html:
        return ""
    page.form().submit()
    return browser.get("/me").text


def later(app: Flask) -> str:
    with app.app_context():
        return makers.delivery(places=6).code


def questions(coordinator: Any) -> list[dict[str, Any]]:
    return coordinator.get("/identity-questions").json["items"]


def questions_about(what: str, coordinator: Any) -> list[dict[str, Any]]:
    """`what`: person or printed_name."""
    return [question for question in questions(coordinator) if question["about"] == what]


def decide(coordinator: Any, step: str, about: str = "person") -> Any:
    (question,) = questions_about(about, coordinator)
    answer = coordinator.post(f"/identity-questions/{question['id']}/{step}")
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize("is_administrator", [False, True])
def test_a_body_does_not_enter_as_a_person_whose_number_and_name_it_knows(
    app: Flask, client: Callable[..., ApiClient], code: str, is_administrator: bool
) -> None:
    with app.app_context():
        roles = [Role.ADMINISTRATOR] if is_administrator else []
        factories.actor(*roles, **KOFI, email="kofi@mod.gh", identifier="GH-1", issuer_country="GH")
    post(
        client(Role.NOMINATOR, organization="FR-MFA"),
        code,
        identifier="gh1",
        email="body@fr.example",
    )
    drain(app)
    assert "kofi@mod.gh" not in entered(app, "body@fr.example"), "asked, not joined"
    coordinator = client(Role.COORDINATOR)
    decide(coordinator, "same")
    with app.app_context():
        kinds = db.session.scalars(sa.select(Mail.kind).where(Mail.address == "kofi@mod.gh")).all()
        assert kinds == ["enrollment_confirmed"], "the person learns of it at the own address"
    browser = Browser(app)
    browser.get("/sign-in").form("/sign-in/link").submit(email="body@fr.example")
    assert "kofi@mod.gh" not in entered(app, "body@fr.example"), (
        "nor after one coordinator said that it is the same person"
    )


def test_a_session_of_a_joined_record_does_not_go_on_as_the_other_person(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    with app.app_context():
        factories.actor(**KOFI, email="kofi@mod.gh", identifier="GH-1", issuer_country="GH")
    post(
        client(Role.NOMINATOR, organization="FR-MFA"),
        code,
        identifier="gh1",
        email="body@fr.example",
    )
    drain(app)
    browser = Browser(app)
    browser.get(last_link(app, "body@fr.example")).form().submit()
    assert browser.get("/me").status == 200
    decide(client(Role.COORDINATOR), "same")
    page = browser.get("/me")
    assert "kofi@mod.gh" not in page.text and "Sign in" in page.text


def test_the_mailbox_of_a_merge_that_two_people_reviewed_goes_on_working_unless_the_kept_record_holds_roles(
    app: Flask,
) -> None:
    with app.app_context():
        keep, old = (
            factories.person("Kofi", "Mensah", email=f"{name}@example.org")
            for name in ("new", "old")
        )
        first, second = makers.coordinator(), makers.coordinator()
        with transaction():
            merge = people_services.propose_merge(first, keep.id, old.id, reason="One officer")
        with transaction():
            people_services.confirm_merge(second, merge)
        assert accounts_services.signs_in_as(old).id == keep.id
        with transaction():
            accounts_services.assign_role(SYSTEM, keep.id, Role.ADMINISTRATOR)
        assert accounts_services.signs_in_as(old) is None
        assert accounts_services.signs_in_as(keep).id == keep.id


def test_a_record_with_roles_or_an_answer_is_not_light_and_two_people_review_it(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    post(
        client(Role.NOMINATOR, organization="FR-MFA"),
        code,
        identifier="F-1",
        identifier_issuer="FR",
        email="k@example.org",
    )
    nomination = post(
        client(Role.NOMINATOR, organization="GH-MOD"), code, identifier="A-1", email="k@example.org"
    )
    drain(app)
    with app.app_context():
        factories.consent(nomination["person"]["id"])
    coordinator = client(Role.COORDINATOR)
    decide(coordinator, "same")
    with app.app_context():
        assert [
            (merge.status, merge.is_reviewed) for merge in db.session.scalars(sa.select(Merge))
        ] == [("proposed", True)]


def test_a_number_and_a_birth_date_under_another_name_are_asked_about(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    known = post(
        client(Role.NOMINATOR, organization="FR-MFA"),
        code,
        identifier="G-1",
        email="a@example.org",
        birth_date="1990-05-01",
    )
    drain(app)
    facts = {
        "identifier": "G-1",
        "email": "a@example.org",
        "birth_date": "1990-05-01",
        "given_name": "Ama",
        "family_name": "Owusu",
    }
    nomination = post(client(Role.NOMINATOR, organization="GH-MOD"), later(app), **facts)
    drain(app)
    (question,) = questions(client(Role.COORDINATOR))
    assert question["candidate"]["id"] == known["person"]["id"] and question["differs"] == ["name"]
    with app.app_context():
        assert db.session.get_one(Enrollment, nomination["id"]).person_id != known["person"]["id"]


def test_someone_known_before_under_a_record_made_later_is_asked_about(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    own = client(Role.NOMINATOR, organization="GH-MOD")
    first = post(own, code, identifier="A-1", email="kofi@example.org")
    drain(app)
    with app.app_context():
        other = factories.person("Kofi", "Mensah", country="GH", email="second@example.org")
        db.session.commit()
        other_id = other.id
    again = post(own, later(app), identifier="A-1", email="second@example.org")
    drain(app)
    assert again["person"]["id"] == first["person"]["id"]
    assert [question["candidate"]["id"] for question in questions(client(Role.COORDINATOR))] == [
        other_id
    ]


def test_a_number_of_no_known_issuer_is_a_question_and_takes_no_country_over(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    coordinator = client(Role.COORDINATOR)
    facts = {
        "person": OFFICER | {"identifier": "77", "country": "none", "email": "k@un.example"},
        "category": "civilian",
    }
    first = coordinator.post(f"/deliveries/{code}/enrollments", facts | {"organization": "UN"}).json
    second = coordinator.post(
        f"/deliveries/{later(app)}/enrollments", body(identifier="77", email="k@gh.example")
    )
    assert (second.status_code, second.json["code"]) == (409, "identity_in_doubt")
    with app.app_context():
        assert db.session.get_one(Person, first["person"]["id"]).country in (None, "")


def test_an_applicant_enters_by_the_emailed_link_also_with_an_address_of_a_merged_record(
    app: Flask, code: str
) -> None:
    with app.app_context():
        keep, old = (
            factories.person("Kofi", "Mensah", email=f"{name}@example.org")
            for name in ("kofi", "desk")
        )
        with transaction():
            people_services.join_records(SYSTEM, keep, old, reason="test")
        known = keep.id
    apply(Browser(app), code, given_name="Kofi", family_name="Mensah", email="desk@example.org")
    shown = entered(app, "desk@example.org")
    assert "desk@example.org" in shown and "kofi@example.org" not in shown
    with app.app_context():
        assert [
            question.candidate_id for question in db.session.scalars(sa.select(IdentityQuestion))
        ] == [known]


# A mailbox of several people


def test_a_password_that_two_people_of_a_mailbox_share_signs_in_as_neither(app: Flask) -> None:
    with app.app_context():
        people = [
            factories.person(given_name, "Owusu", email="ops@example.org")
            for given_name in ("Ama", "Kofi")
        ]
        for person in people:
            with transaction():
                accounts_services.set_password(SYSTEM, person, PASSWORD)
        assert accounts_services.check_password("ops@example.org", PASSWORD) is None
        with transaction():
            accounts_services.set_password(SYSTEM, people[1], PASSWORD + " of Kofi")
        assert accounts_services.check_password("ops@example.org", PASSWORD) == people[0].id


def test_a_mailbox_of_thirty_people_lists_them_all(app: Flask) -> None:
    with app.app_context():
        for number in range(30):
            factories.person(f"Given{number}", "Owusu", email="ops@example.org")
        with transaction():
            accounts_services.request_link("ops@example.org")
        assert db.session.scalars(sa.select(Mail.body)).one().count("/sign-in/") == 30


def test_a_mailbox_that_was_merged_is_shared_too(app: Flask) -> None:
    with app.app_context():
        keep, old, colleague = (
            factories.person(given_name, "Mensah", email=email)
            for given_name, email in (
                ("Kofi", "kofi@example.org"),
                ("Kofi", "desk@example.org"),
                ("Ama", "desk@example.org"),
            )
        )
        assert not people_services.shares_mailbox(keep)
        with transaction():
            people_services.join_records(SYSTEM, keep, old, reason="test")
        assert people_services.shares_mailbox(keep) and people_services.shares_mailbox(colleague)


def test_a_coordinator_enters_another_person_of_the_own_mailbox(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    coordinator = client(Role.COORDINATOR, given="Esi", family="Boateng", email="desk@example.org")
    response = coordinator.post(f"/deliveries/{code}/enrollments", body(email="desk@example.org"))
    assert (response.status_code, response.json["code"]) == (409, "identity_in_doubt")
    assert [candidate["differs"] for candidate in response.json["candidates"]] == [["name"]]
    answer = coordinator.post(
        f"/deliveries/{code}/enrollments", body(email="desk@example.org") | {"identity": "new"}
    )
    assert answer.status_code == 201 and answer.json["person"]["full_name"] == "Kofi Mensah"


# The name that is printed


@pytest.mark.parametrize(
    ("printed", "person", "is_one"),
    [
        ("Khalid Malik", ("Ali", "Hassan"), False),
        ("Maria Anderson", ("Ande", "Erson"), False),
        ("Anna Li", ("Hannah", "Ali"), False),
        ("Johannes Vanderberg", ("Jo", "van der Berg"), True),
        ("Abdulrahman", ("Abdul", "Rahman"), True),
        ("OConnor", ("Sinéad", "O'Connor"), True),
        ("K. Annan", ("Kofi", "Annan"), True),
        ("K. A.", ("Kofi", "Annan"), False),
        ("王小明", ("小明", "王"), True),
        ("李小龙", ("小明", "王"), False),
    ],
)
def test_a_printed_name_is_a_spelling_only_by_a_whole_word(
    printed: str, person: tuple[str, str], is_one: bool
) -> None:
    assert names.is_spelling(printed, *person) is is_one


def test_who_enrolls_prints_a_spelling_of_the_own_name(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    own = client(given="Kofi", family="Mensah", email="kofi@example.org", country="GH")
    wish: dict[str, Any] = {
        "person": OFFICER | {"email": "kofi@example.org"},
        "category": "military",
    }
    refused = own.post(
        f"/deliveries/{code}/enrollments",
        wish | {"person": wish["person"] | {"name_on_certificate": "Yaw Owusu"}},
    )
    (error,) = refused.json["errors"]
    assert (refused.status_code, error["code"], error["field"]) == (
        422,
        "name_in_doubt",
        "person.name_on_certificate",
    )
    response = own.post(
        f"/deliveries/{code}/enrollments",
        wish | {"person": wish["person"] | {"name_on_certificate": "K. Mensah"}},
    )
    assert response.status_code == 201, response.text


def test_the_printed_name_follows_who_is_meant(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    own, coordinator = client(Role.NOMINATOR, organization="GH-MOD"), client(Role.COORDINATOR)
    post(own, code, identifier="A-1", email="kofi@example.org", birth_date="1990-05-01")
    drain(app)
    facts = {
        "identifier": "A-1",
        "email": "ama@example.org",
        "given_name": "Ama",
        "family_name": "Owusu",
    }
    nomination = post(own, later(app), **facts, birth_date="1990-05-01")
    drain(app)
    decide(coordinator, "different")
    shown = coordinator.get(f"/enrollments/{nomination['id']}").json["person"]
    assert (shown["full_name"], shown["name_on_certificate"]) == ("Ama Owusu", "Ama Owusu")
    with app.app_context():
        letters = db.session.scalars(
            sa.select(Mail.body).where(Mail.address == "ama@example.org")
        ).all()
        assert any("Ama Owusu" in letter for letter in letters), "who is meant is told"
        assert checking.breaches() == []


def test_after_a_merge_is_undone_each_prints_the_own_name(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    first, second = client(Role.COORDINATOR), client(Role.COORDINATOR)
    keep = post(first, later(app), identifier="A-1", given_name="Ama", email="ama@example.org")
    nomination = post(first, code, identifier="A-2", email="kofi@example.org")
    sent = {
        "keep": keep["person"]["id"],
        "merge": nomination["person"]["id"],
        "reason": "One officer",
    }
    merge = first.post("/people/merges", sent).json["id"]
    second.post(f"/merges/{merge}/confirm")
    assert (
        first.get(f"/enrollments/{nomination['id']}").json["person"]["name_on_certificate"]
        == "Ama Mensah"
    )
    assert second.post(f"/merges/{merge}/undo").json["status"] == "undone"
    assert (
        first.get(f"/enrollments/{nomination['id']}").json["person"]["name_on_certificate"]
        == "Kofi Mensah"
    )


def test_the_check_finds_a_printed_name_that_is_no_spelling(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    response = post(client(Role.COORDINATOR), code, identifier="A-1", email="kofi@example.org")
    with app.app_context():
        with transaction():
            factories.plant(
                sa.update(Enrollment)
                .where(Enrollment.id == response["id"])
                .values(name_on_certificate="Yaw Owusu")
            )
        (breach,) = checking.breaches()
        assert f"enrollment {response['id']}" in breach and "Owusu" not in breach


def test_others_do_not_change_the_gender_of_someone_who_can_sign_in(app: Flask) -> None:
    with app.app_context():
        own = factories.actor(
            given="Ama",
            family="Owusu",
            email="ama@example.org",
            identifier="S-1",
            issuer_country="GH",
        )
        person = db.session.get_one(Person, own.person_id)
        assert db.session.get(Account, person.id) is not None and not db.session.scalar(
            sa.select(RoleAssignment.id).where(RoleAssignment.person_id == person.id)
        )
        with transaction():
            people_services.change_person(own, person, gender=Gender.FEMALE)
        staff = factories.actor(Role.ROSTER)
        with transaction():
            people_services.record_person(
                staff,
                identity=person.id,
                update=True,
                identifier="S-1",
                country="GH",
                given_name="Ama",
                family_name="Owusu",
                gender="male",
            )
        assert person.gender is Gender.FEMALE


# Two records that became one


def reviewed(app: Flask, keep: Person, merged: Person) -> Merge:
    """A merge that two coordinators reviewed."""
    first, second = makers.coordinator(), makers.coordinator()
    with transaction():
        merge = people_services.propose_merge(first, keep.id, merged.id, reason="One officer")
    with transaction():
        return people_services.confirm_merge(second, merge)


def undone(merge: Merge) -> None:
    coordinator = makers.coordinator()
    with transaction():
        people_services.undo_merge(coordinator, merge)


def test_who_changes_the_password_or_signs_out_everywhere_ends_what_merged_records_could(
    app: Flask,
) -> None:
    with app.app_context():
        keep, old = (
            factories.person("Kofi", "Mensah", email=f"{name}@example.org")
            for name in ("new", "old")
        )
        with transaction():
            accounts_services.set_password(SYSTEM, old, PASSWORD)
            accounts_services.set_password(SYSTEM, keep, PASSWORD + " kept")
        with transaction():
            accounts_services.create_token(SYSTEM, old, name="Old program")
        reviewed(app, keep, old)
        assert accounts_services.check_password("old@example.org", PASSWORD) == keep.id
        assert [token.name for token in queries.tokens_of(keep.id)] == ["Old program"], (
            "shown where it can be revoked"
        )
        with transaction():
            accounts_services.set_password(SYSTEM, keep, PASSWORD + " newer", ends_tokens=True)
        assert accounts_services.check_password("old@example.org", PASSWORD) is None
        assert queries.tokens_of(keep.id) == []


def test_a_no_of_ones_own_stays_when_a_merge_that_carried_another_is_undone(app: Flask) -> None:
    with app.app_context():
        keep, old = (
            factories.person("Kofi", "Mensah", email=f"{name}@example.org")
            for name in ("new", "old")
        )
        for person, is_given in ((keep, True), (old, False)):
            with transaction():
                answer(person, is_given)
        merge = reviewed(app, keep, old)
        with transaction():
            answer(keep, False)
        undone(merge)
        assert not people_services.current_consent(keep.id, ConsentPurpose.ROSTER)


def answer(person: Person, is_given: bool) -> None:
    own = Actor(person_id=person.id)
    people_services.give_consent(own, person, ConsentPurpose.ROSTER, is_given, how=ConsentWay.PAGE)


def test_messages_reach_a_kept_record_without_an_address_by_that_of_the_merged_one(
    app: Flask,
) -> None:
    with app.app_context():
        keep = factories.person("Kofi", "Mensah", identifier="GH-1", email=None)
        old = factories.person("Kofi", "Mensah", email="k@gh.example")
        merge = reviewed(app, keep, old)
        assert keep.email == "k@gh.example" and accounts_services.signs_in_as(old).id == keep.id
        undone(merge)
        assert (keep.email, old.email) == (None, "k@gh.example")


def test_undoing_a_merge_keeps_the_address_that_the_person_gave_since(app: Flask) -> None:
    with app.app_context():
        keep = factories.person("Kofi", "Mensah", email=None)
        old = factories.person("Kofi", "Mensah", email="k@gh.example")
        merge = reviewed(app, keep, old)
        with transaction():
            people_services.change_person(SYSTEM, keep, email="own@example.org")
        undone(merge)
        assert (keep.email, old.email) == ("own@example.org", "k@gh.example")


@pytest.mark.parametrize(
    ("of_third", "remaining"), [(None, None), ("k@gh.example", "k@gh.example")]
)
def test_an_address_that_was_passed_on_leaves_every_record_it_was_passed_to(
    app: Flask, of_third: str | None, remaining: str | None
) -> None:
    """Unless the record had this address of its own."""
    with app.app_context():
        third, second, first = (
            factories.person("Kofi", "Mensah", email=email)
            for email in (of_third, None, "k@gh.example")
        )
        merge = reviewed(app, second, first)
        reviewed(app, third, second)
        assert third.email == "k@gh.example"
        undone(merge)
        assert (third.email, second.email, first.email) == (remaining, None, "k@gh.example")


def test_an_address_given_later_reaches_the_person_unless_someone_else_has_it(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    own = client(Role.NOMINATOR, organization="GH-MOD")
    first = post(own, code, identifier="A-1")
    second = post(own, later(app), identifier="A-1", email="kofi@example.org")
    assert second["person"]["id"] == first["person"]["id"]
    with app.app_context():
        assert db.session.get_one(Person, first["person"]["id"]).email == "kofi@example.org"
        assert "kofi@example.org" in db.session.scalars(sa.select(Mail.address)).all()
        factories.person("Ama", "Owusu", email="ama@example.org")
        db.session.commit()
    third = post(own, code, identifier="A-2", given_name="Yaw")
    post(own, later(app), identifier="A-2", given_name="Yaw", email="ama@example.org")
    with app.app_context():
        assert db.session.get_one(Person, third["person"]["id"]).email is None


def test_a_certificate_in_anothers_name_is_under_review(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    with app.app_context():
        into = certificates.finished_delivery(["Kofi Mensah"])
        (certificate,) = certificates.issued(into)
        (enrollment,) = certificates.enrollments(into)
        coordinator = makers.coordinator()
        assert not list(db.session.execute(under_review()))
        facts = {"given_name": "Ama", "family_name": "Owusu", "email": "ama@example.org"}
        with transaction():
            db.session.add(
                Nomination(
                    enrollment=enrollment,
                    created_at=enrollment.created_at,
                    gender="undisclosed",
                    **facts,
                )
            )
            question = IdentityQuestion(
                enrollment_id=enrollment.id,
                candidate_id=enrollment.person_id,
                agrees=["number"],
                differs=["name"],
                asked_at=enrollment.created_at,
            )
            QUESTION.begin(question, QuestionStatus.OPEN, SYSTEM)
        with transaction():
            services.decide_different(coordinator, question)
        assert (
            db.session.get_one(Person, certificates.again(certificate).person_id).full_name
            == "Ama Owusu"
        )
        assert [kind for _key, kind in db.session.execute(under_review())] == ["misnamed"]
        assert audit.has("certificate.review_opened", f"certificate:{certificate.id}")
        fault = (
            f"certificates: {certificate.number} is valid, but prints another name than the record"
        )
        assert fault in list(certificate_breaches())


Opened = namedtuple("Opened", "certificate kind")  # noqa: PYI024 -- has the attributes of a row, untyped


@pytest.mark.parametrize("kind", ReviewKind)
def test_every_kind_of_review_has_words_of_its_own(app: Flask, kind: ReviewKind) -> None:
    """For `flask check`, for the lists of reviews and for the certificate's page."""
    assert set(FAULTS) == set(ReviewKind) and len(set(FAULTS.values())) == len(FAULTS)
    page = (ROOT / "templates/certificates/certificate.html").read_text(encoding="utf-8")
    assert f"review == '{kind}'" in page
    with app.test_request_context():
        certificate = Certificate(number="RST-2027-000001-0", holder_name="Awa Ba")
        shown = render_template(
            "certificates/_reviews.html", reviews=[Opened(certificate, kind.value)]
        )
        assert "<p></p>" not in shown and "1 certificate" in shown


def test_different_people_are_asked_about_once(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    post(
        client(Role.NOMINATOR, organization="FR-MFA"),
        code,
        identifier="F-1",
        identifier_issuer="FR",
        email="k@example.org",
    )
    own, coordinator = client(Role.NOMINATOR, organization="GH-MOD"), client(Role.COORDINATOR)
    post(own, code, identifier="A-1", email="k@example.org")
    drain(app)
    decide(coordinator, "different")
    post(own, later(app), identifier="A-1", email="k@example.org")
    drain(app)
    assert questions(coordinator) == []


def test_roles_never_go_to_another_person_of_the_mailbox(app: Flask) -> None:
    with app.app_context():
        ama = factories.actor(given="Ama", family="Owusu", email="desk@example.org")
        boss = factories.actor(Role.ADMINISTRATOR)
        facts: dict[str, Any] = {
            "email": "desk@example.org",
            "given_name": "Yaw",
            "family_name": "Boateng",
            "roles": [Role.ADMINISTRATOR],
        }
        with pytest.raises(Conflict) as refusal, transaction():
            accounts_services.create_account(boss, **facts)
        assert refusal.value.code == "identity_in_doubt"
        with transaction():
            account = accounts_services.create_account(boss, **facts, identity="new")
        assert account.id != ama.person_id and account.full_name == "Yaw Boateng"


def test_who_has_opened_no_link_gets_no_account_from_others(app: Flask, code: str) -> None:
    apply(Browser(app), code, email="new@example.org")
    with app.app_context():
        applicant = db.session.scalars(sa.select(Person).where(Person.is_provisional)).one()
        with pytest.raises(NotFound), transaction():
            accounts_services.assign_role(SYSTEM, applicant.id, Role.ADMINISTRATOR)


# Nothing differs unnoticed


def test_a_confirmed_name_to_print_is_still_asked_about_and_printed_only_when_decided(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    facts = {
        "identifier": "A-1",
        "email": "kofi@example.org",
        "name_on_certificate": "Ama Boateng",
        "names_confirmed": True,
    }
    nomination = post(client(Role.NOMINATOR, organization="GH-MOD"), code, **facts)
    coordinator = client(Role.COORDINATOR)
    (question,) = questions(coordinator)
    assert (question["candidate"]["id"], question["differs"]) == (
        nomination["person"]["id"],
        ["printed_name"],
    )
    with app.app_context():
        enrollment = db.session.get_one(Enrollment, nomination["id"])
        assert fault_of(enrollment, enrollment.name_on_certificate)[0] == "name_differs"
        assert checking.breaches() == [], "someone was asked"
    decide(coordinator, "same", "printed_name")
    with app.app_context():
        enrollment = db.session.get_one(Enrollment, nomination["id"])
        assert (
            fault_of(enrollment, "Ama Boateng") is None
            and fault_of(enrollment, "Yaw Sy")[0] == "name_differs"
        )
    second = post(
        client(Role.NOMINATOR, organization="FR-MFA"),
        later(app),
        **(facts | {"identifier": "F-1", "email": "k@fr.example"}),
    )
    decide(coordinator, "different", "printed_name")
    shown = coordinator.get(f"/enrollments/{second['id']}").json["person"]
    assert (shown["full_name"], shown["name_on_certificate"]) == ("Kofi Mensah", "Kofi Mensah")


def test_a_person_who_takes_another_name_is_asked_about_where_a_body_said_another(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    nomination = post(
        client(Role.NOMINATOR, organization="GH-MOD"),
        code,
        identifier="A-1",
        email="kofi@example.org",
    )
    with app.app_context():
        person = db.session.get_one(Person, nomination["person"]["id"])
        with transaction():
            people_services.change_person(
                Actor(person_id=person.id),
                person,
                given_name="Ama",
                family_name="Boateng",
                names_confirmed=True,
            )
    (question,) = questions_about("person", client(Role.COORDINATOR))
    assert "name" in question["differs"]


def test_suspects_include_those_whom_no_one_reviewed(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    post(
        client(Role.NOMINATOR, organization="GH-MOD"),
        code,
        identifier="A-1",
        email="kofi@example.org",
    )
    post(
        client(Role.NOMINATOR, organization="FR-MFA"),
        later(app),
        identifier="F-1",
        identifier_issuer="FR",
        email="kofi@example.org",
    )
    drain(app)
    with app.app_context():
        (merge,) = db.session.scalars(sa.select(Merge))
        assert not merge.is_reviewed
        with transaction():
            write(
                sa.update(Person)
                .where(Person.id == merge.keep_id)
                .values(given_name="Ama", family_name="Boateng")
            )
        assert len(list(enrollment_queries.suspects())) == 2


def test_no_marks_drop_out_when_two_seats_become_one(
    app: Flask, client: Callable[..., ApiClient], code: str
) -> None:
    nominations = [
        post(
            client(Role.NOMINATOR, organization=body_),
            code,
            identifier=f"{body_}-1",
            identifier_issuer=body_,
            email="kofi@example.org",
        )
        for body_ in ("GH-MOD", "FR-MFA")
    ]
    drain(app)
    with app.app_context():
        into = db.session.get_one(Enrollment, nominations[0]["id"]).delivery
        makers.attend(into, db.session.get_one(Enrollment, nominations[1]["id"]), score=95)
    first, second = client(Role.COORDINATOR), client(Role.COORDINATOR)
    decide(first, "same")
    with app.app_context():
        (merge,) = db.session.scalars(sa.select(Merge))
        assert merge.status == "proposed", "marks are evidence, which two people review"
        merge_id = merge.id
    assert second.post(f"/merges/{merge_id}/confirm").json["status"] == "confirmed"
    with app.app_context():
        seats = [
            db.session.get_one(Enrollment, nomination["id"]).standing.id
            for nomination in nominations
        ]
        assert seats == [nominations[1]["id"]] * 2, "the one with the marks is the seat"


def test_whom_roster_staff_record_is_compared_with_everyone_and_two_people_review_it(
    app: Flask, client: Callable[..., ApiClient], sign_in: Callable[..., Browser]
) -> None:
    with app.app_context():
        known = factories.person(
            "Kofi", "Mensah", country="GH", identifier="A-1", issuer_country="GH"
        ).id
    paper = {
        "person": {
            "identifier": "A-1",
            "given_name": "Ama",
            "family_name": "Boateng",
            "country": "GH",
        },
        "purpose": "roster",
        "reference": "HR-1",
        "signed_on": "2026-11-01",
        "document": "Form 7",
    }
    assert client(Role.ROSTER).post("/people/consent-on-paper", paper).status_code == 200
    drain(app)
    with app.app_context():
        (merge,) = db.session.scalars(sa.select(Merge))
        assert (merge.keep_id, merge.status, merge.proposed_by_id) == (known, "proposed", None)
        merge_id = merge.id
    first, second = client(Role.COORDINATOR), client(Role.COORDINATOR)
    with app.app_context():
        page = sign_in(factories.actor(Role.ADMINISTRATOR)).get("/people-to-check")
    assert "No one has proposed it yet" in page.text
    assert page.text.count("Propose merge") == 2, "beside it, and in the form for two other records"
    assert first.post(f"/merges/{merge_id}/confirm").json["status"] == "proposed", (
        "the first of two"
    )
    assert first.post(f"/merges/{merge_id}/confirm").json["code"] == "second_person_needed"
    assert second.post(f"/merges/{merge_id}/decline").json["status"] == "declined"
