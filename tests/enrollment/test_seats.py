"""Several bodies, one person: each sees its own nomination as it would a stranger's, and there
is one seat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.models import RoleAssignment
from accounts.roles import Role
from accounts.services import ensure_account
from accounts.sessions import actor_of
from classroom.services import finish, reopen
from core import audit, checking, jobs
from core.database import db, transaction
from core.jobs import Job
from core.mail import Mail, MailState
from core.policy import SYSTEM, Reach
from courses.models import Delivery
from courses.services import touch
from enrollment.models import Enrollment
from enrollment.queries import positions
from enrollment.services.sharing import leave_shared_seat
from people.models import Merge, Person
from people.services import join_records, undo_merge
from tests import factories
from tests.accounts.makers import close
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.certificates import makers as certificates
from tests.counting import queries_counted
from tests.enrollment import makers
from tests.enrollment.test_confirming import applied, link_of, opened
from tests.enrollment.test_identity import body, places_left, post
from tests.test_same_work import kinds

KOFI = {"email": "kofi@example.org"}


@pytest.fixture
def coordinator(client: Callable[..., ApiClient]) -> ApiClient:
    return client(Role.COORDINATOR)


def delivery(app: Flask, **values: Any) -> str:
    with app.app_context():
        return makers.delivery(**({"places": 6} | values)).code


def drained(app: Flask) -> None:
    with app.app_context():
        jobs.drain()


def put(app: Flask, client: ApiClient, code: str, **person: Any) -> Any:
    """Nominated, and compared with everyone."""
    response = post(client, code, **person)
    drained(app)
    return response


# Nominated again


def test_a_body_nominates_a_person_once_although_another_body_was_first(
    app: Flask, ghana: ApiClient, france: ApiClient
) -> None:
    put(app, ghana, delivery(app), identifier="A-1", **KOFI)
    code = delivery(app)
    put(app, france, code, identifier="F-9", identifier_issuer="FR", **KOFI)
    post(ghana, code, identifier="A-1", **KOFI)
    for _again in range(2):
        again = ghana.post(f"/deliveries/{code}/enrollments", body(identifier="A-1", **KOFI))
        assert (again.status_code, again.json["code"]) == (409, "already_enrolled"), (
            "as a stranger nominated twice"
        )
        drained(app)


# What the pages tell a body


HEADINGS = "identifier,given_name,family_name,email,country,category\n"


@pytest.fixture
def merged(app: Flask, ghana: ApiClient, france: ApiClient) -> Any:
    """Ghana's record of an officer leads to the one that France's nomination made, under a
    longer name and another address."""
    put(
        app,
        france,
        delivery(app),
        identifier="A-1",
        identifier_issuer="GH",
        email="kofi.b@example.org",
        given_name="Kofi Kwame",
    )
    nomination = put(app, ghana, delivery(app), identifier="A-1", **KOFI)
    with app.app_context():
        enrollment = db.session.get_one(Enrollment, nomination["id"])
        if enrollment.person_id == nomination["person"]["id"]:
            with transaction():
                keep = db.session.scalars(
                    sa.select(Person).where(Person.email == "kofi.b@example.org")
                ).one()
                join_records(SYSTEM, keep, enrollment.person, reason="test")
    return nomination


def nominator(app: Flask, sign_in: Any, code: str = "GH-MOD") -> Any:
    with app.app_context():
        return sign_in(
            factories.actor(Role.NOMINATOR, organization_id=factories.organization(code).id)
        )


def test_pages_show_a_body_only_the_record_of_its_own_nomination(
    app: Flask, sign_in: Callable[..., Browser], merged: Any
) -> None:
    browser = nominator(app, sign_in)
    code = delivery(app)
    page = browser.get(f"/deliveries/{code}/nominate/person").form("/nominate/person")
    facts = {
        "given_name": "Kofi",
        "family_name": "Mensah",
        "identifier": "A-1",
        "country": "GH",
        "category": "military",
    }
    page = page.submit(**facts, **KOFI, gender="male")
    assert "Kofi Mensah: place confirmed" in page.text and "Kwame" not in page.text
    assert "another email address" not in page.text, "it is the address that this body knows"
    page = (
        browser.get(f"/deliveries/{delivery(app)}/nominate")
        .form("/nominate")
        .submit(text=HEADINGS + "A-1,Kofi,Mensah,kofi@example.org,GH,military\n")
    )
    assert "1 person is ready" in page.text and "another email address" not in page.text
    page = (
        browser.get(f"/deliveries/{delivery(app)}/nominate")
        .form("/nominate")
        .submit(text=HEADINGS + "A-1,Yaw,Owusu,yaw@example.org,GH,military\n")
    )
    assert "Yes, the same as Kofi Mensah" in page.text
    assert f'name="row-2-identity" value="{merged["person"]["id"]}"' in page.html, (
        "the id is that of its own record"
    )
    page = page.form("/check").submit(
        act="check", **{"row-2-identity": str(merged["person"]["id"])}
    )
    assert "1 person was nominated" in page.form("/check").submit("Nominate 1").text


def test_a_body_means_its_own_record_and_no_other_by_identity(
    app: Flask, ghana: ApiClient, merged: Any
) -> None:
    with app.app_context():
        person_id = db.session.get_one(Enrollment, merged["id"]).person_id
    facts = body(identifier="A-1", given_name="Yaw", email="yaw@example.org")
    refused = ghana.post(
        f"/deliveries/{delivery(app)}/enrollments", facts | {"identity": person_id}
    )
    assert (refused.status_code, refused.json["code"]) == (422, "unknown_identity"), (
        "another body's record"
    )
    response = ghana.post(
        f"/deliveries/{delivery(app)}/enrollments", facts | {"identity": merged["person"]["id"]}
    )
    assert response.status_code == 201 and response.json["person"]["id"] == merged["person"]["id"]


def test_a_message_refused_at_anothers_address_is_not_told(
    app: Flask, sign_in: Callable[..., Browser], merged: Any
) -> None:
    with app.app_context(), transaction():
        refused = (
            sa.update(Mail)
            .where(Mail.address == "kofi.b@example.org")
            .values(state=MailState.REFUSED)
        )
        db.session.execute(refused)
    browser = nominator(app, sign_in)
    for path in (f"/enrollments/{merged['id']}", "/nominations"):
        page = browser.get(path)
        assert "Kofi Mensah" in page.text and "mail server" not in page.text


def test_a_coordinator_of_another_centre_decides_nothing_here(
    app: Flask, client: Callable[..., ApiClient], france: ApiClient
) -> None:
    """Who nominates here and coordinates elsewhere is told what any nominator is told."""
    code = delivery(app)
    put(app, france, code, identifier="F-1", identifier_issuer="FR", **KOFI)
    with app.app_context():
        elsewhere = factories.actor(Role.COORDINATOR, centre_id=factories.centre("KAC").id)
        scope = {"scope": Reach.ORGANIZATION, "scope_id": factories.organization("GH-MOD").id}
        with transaction():
            db.session.add(
                RoleAssignment(person_id=elsewhere.person_id, role=Role.NOMINATOR, **scope)
            )
            audit.record(SYSTEM, "test.granted", "person", {})
        both = ApiClient(app, makers.token_of(factories.refreshed(elsewhere)))
    for person in (
        KOFI,
        {
            "identifier": "F-1",
            "identifier_issuer": "FR",
            "given_name": "Yaw",
            "email": "yaw@example.org",
        },
    ):
        answer = both.post(
            f"/deliveries/{code}/enrollments", body(**person) | {"nominated_by": "GH-MOD"}
        )
        assert answer.status_code == 201, answer.text
    doubted = body(email="kofi@example.org", given_name="Esi") | {"nominated_by": "GH-MOD"}
    assert both.post(f"/deliveries/{code}/enrollments", doubted).status_code == 201
    with app.app_context():
        assert (
            db.session.scalar(sa.select(sa.func.count()).where(Job.kind == "enrollment.compare"))
            == 1 + 3
        )


# The shared seat


def decided_same(coordinator: ApiClient) -> Any:
    (question,) = coordinator.get("/identity-questions").json["items"]
    answer = coordinator.post(f"/identity-questions/{question['id']}/same")
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.fixture
def share(
    app: Flask, ghana: ApiClient, france: ApiClient, coordinator: ApiClient
) -> Callable[..., tuple[int, int]]:
    """One officer put forward by both bodies, and decided to be one: the enrollments of France,
    which came first, and Ghana."""

    def make(code: str, **of_second: Any) -> tuple[int, int]:
        first = put(app, france, code, identifier="F-1", identifier_issuer="FR", **KOFI)
        facts = body(identifier="A-1", **KOFI) | of_second
        second = ghana.post(f"/deliveries/{code}/enrollments", facts).json
        drained(app)
        decided_same(coordinator)
        return first["id"], second["id"]

    return make


def read(client: ApiClient, enrollment_id: int) -> str:
    return client.get(f"/enrollments/{enrollment_id}").json["status"]


def test_a_shared_request_that_was_declined_can_be_withdrawn_no_more(
    app: Flask,
    ghana: ApiClient,
    coordinator: ApiClient,
    sign_in: Callable[..., Browser],
    share: Callable[..., tuple[int, int]],
) -> None:
    code = delivery(app, admission="approval")
    seat, aside = share(code)
    stranger = put(app, ghana, code, identifier="A-5", given_name="Ama", email="ama@example.org")[
        "id"
    ]
    browser = nominator(app, sign_in)
    assert browser.get("/nominations").html.count('/withdraw"') == 2
    for enrollment in (seat, stranger):
        assert (
            coordinator.post(
                f"/enrollments/{enrollment}/decline", {"reason": "The course is full"}
            ).json["status"]
            == "declined"
        )
    for enrollment in (aside, stranger):
        assert (
            read(ghana, enrollment),
            "Withdraw" in browser.get(f"/enrollments/{enrollment}").text,
        ) == (
            "declined",
            False,
        )
        again = ghana.post(f"/enrollments/{enrollment}/withdraw")
        assert (again.status_code, again.json["code"]) == (409, "state_does_not_allow")
        assert browser.get(f"/enrollments/{enrollment}/withdraw").status == 409
    assert '/withdraw"' not in browser.get("/nominations").html


def test_the_certificate_of_a_shared_seat_is_either_bodys(
    app: Flask,
    ghana: ApiClient,
    france: ApiClient,
    sign_in: Callable[..., Browser],
    share: Callable[..., tuple[int, int]],
) -> None:
    code = delivery(app)
    seat, aside = share(code)
    outsider = ApiClient(app, _nominator_token(app, "NO-MOD"))
    with app.app_context():
        into = db.session.scalars(sa.select(Delivery).where(Delivery.code == code)).one()
        makers.attend(into, db.session.get_one(Enrollment, seat), score=90)
        makers.finished(into)
        with factories.after(into.id):
            (number,) = [certificate.number for certificate in certificates.issued(into)]
    for client_, own in ((france, seat), (ghana, aside)):
        (listed,) = client_.get(f"/deliveries/{code}/certificates").json["items"]
        assert listed == client_.get(f"/certificates/{number}").json
        assert (listed["number"], listed["enrollment"]) == (number, own), "under the own nomination"
        assert client_.get(f"/certificates/{number}/pdf").status_code == 200
    assert outsider.get(f"/certificates/{number}").status_code == 404
    browser = nominator(app, sign_in)
    assert (
        number in browser.get(f"/enrollments/{aside}").text
        and number in browser.get("/certificates").text
    )


def _nominator_token(app: Flask, code: str) -> str:
    with app.app_context():
        return makers.token_of(
            factories.actor(Role.NOMINATOR, organization_id=factories.organization(code).id)
        )


def statements(app: Flask, act: Callable[[], Any]) -> list[str]:
    with app.app_context(), queries_counted() as count:
        act()
    return kinds(count.statements)


@pytest.mark.both_databases
def test_reading_and_nominating_again_cost_the_same_for_a_person_shared_or_merged(
    app: Flask,
    ghana: ApiClient,
    share: Callable[..., tuple[int, int]],
    sign_in: Callable[..., Browser],
) -> None:
    code = delivery(app)
    _seat, aside = share(code)
    stranger = put(app, ghana, code, identifier="A-2", given_name="Ama", email="ama@example.org")[
        "id"
    ]
    browser = nominator(app, sign_in)
    browser.get("/nominations")
    for path in ("/enrollments/{}", "/enrollments/{}/withdraw"):
        first, other = (
            statements(app, lambda p=path, i=i: browser.get(p.format(i))) for i in (aside, stranger)
        )
        assert first == other, path
    first, other = (
        statements(app, lambda i=i: ghana.get(f"/enrollments/{i}")) for i in (aside, stranger)
    )
    assert first == other
    later = delivery(app)
    facts = {"A-1": KOFI, "A-2": {"given_name": "Ama", "email": "ama@example.org"}}
    first, other = (
        statements(
            app,
            lambda n=n, p=p: ghana.post(
                f"/deliveries/{later}/enrollments", body(identifier=n, **p)
            ),
        )
        for n, p in facts.items()
    )
    assert first == other


# Entered by a coordinator


def test_nominated_in_a_bodys_name_the_body_has_a_record_of_its_own(
    app: Flask,
    ghana: ApiClient,
    france: ApiClient,
    coordinator: ApiClient,
    sign_in: Callable[..., Browser],
) -> None:
    known = put(
        app,
        france,
        delivery(app),
        identifier="F-1",
        identifier_issuer="FR",
        given_name="Kofi Kwame",
        birth_date="1990-05-01",
        **KOFI,
    )
    code = delivery(app)
    enrollment = coordinator.post(
        f"/deliveries/{code}/enrollments", body(**KOFI) | {"nominated_by": "GH-MOD"}
    ).json
    assert enrollment["person"]["id"] == known["person"]["id"], "the coordinator knows everyone"
    own = ghana.get(f"/enrollments/{enrollment['id']}").json["person"]
    assert own["id"] != known["person"]["id"] and own["full_name"] == "Kofi Mensah"
    again = put(app, ghana, delivery(app), **KOFI)["person"]
    assert again["id"] == own["id"], "as if the body had nominated"
    browser = nominator(app, sign_in)
    page = (
        browser.get(f"/deliveries/{delivery(app)}/nominate")
        .form("/nominate")
        .submit(text=HEADINGS + "F-1,Yaw,Owusu,yaw@example.org,FR,military\n")
    )
    assert "1 person is ready" in page.text and "Kwame" not in page.text, (
        "the number is known to another body only"
    )
    with app.app_context():
        assert checking.breaches() == []


def test_what_a_coordinator_entered_is_kept_beside_what_is_known(
    app: Flask, coordinator: ApiClient, sign_in: Callable[..., Browser]
) -> None:
    known = post(coordinator, delivery(app), identifier="A-1", birth_date="1990-05-01")["person"][
        "id"
    ]
    facts = {
        "identifier": "A-1",
        "birth_date": "1990-05-01",
        "given_name": "Ama",
        "family_name": "Owusu",
    }
    enrollment = post(coordinator, delivery(app), **facts)
    assert (enrollment["person"]["full_name"], enrollment["person"]["submitted_name"]) == (
        "Kofi Mensah",
        "Ama Owusu",
    )
    (question,) = coordinator.get("/identity-questions").json["items"]
    assert (question["candidate"]["id"], question["submitted"]["given_name"]) == (known, "Ama")
    assert (
        coordinator.post(f"/identity-questions/{question['id']}/different").json["status"]
        == "different"
    )
    shown = coordinator.get(f"/enrollments/{enrollment['id']}").json["person"]
    assert (shown["full_name"], shown["id"] != known) == ("Ama Owusu", True)


# Two people again


def last_merge(app: Flask) -> int:
    with app.app_context():
        return db.session.scalars(sa.select(Merge.id).order_by(Merge.id.desc())).first()


def undone(app: Flask, coordinator: ApiClient) -> None:
    assert coordinator.post(f"/merges/{last_merge(app)}/undo").json["status"] == "undone"
    with app.app_context():
        assert checking.breaches() == []


def test_a_decided_question_names_the_merge_and_it_can_be_undone_on_the_page(
    app: Flask,
    ghana: ApiClient,
    france: ApiClient,
    coordinator: ApiClient,
    sign_in: Callable[..., Browser],
) -> None:
    code = delivery(app)
    put(app, france, code, identifier="F-1", identifier_issuer="FR", **KOFI)
    put(app, ghana, code, identifier="A-1", **KOFI)
    merge = decided_same(coordinator)["merge"]
    assert (
        merge == last_merge(app)
        and coordinator.get(f"/merges/{merge}").json["status"] == "confirmed"
    )
    with app.app_context():
        browser = sign_in(makers.coordinator())
    page = (
        browser.get("/people-to-check")
        .form(action=f"/people-to-check/merges/{merge}/undo")
        .submit()
    )
    assert "two people again" in page.text and places_left(coordinator, code) == 4


@pytest.mark.parametrize(
    ("admission", "places", "first", "expected"),
    [
        ("approval", 6, None, "requested"),
        ("automatic", 6, None, "confirmed"),
        ("automatic", 1, None, "waitlisted"),  # it waited before, and the place is the other one's
    ],
)
def test_after_undoing_an_enrollment_stands_as_before(
    app: Flask,
    ghana: ApiClient,
    coordinator: ApiClient,
    share: Callable[..., tuple[int, int]],
    admission: str,
    places: int,
    first: None,
    expected: str,
) -> None:
    code = delivery(
        app, places=places, **({"admission": "approval"} if admission == "approval" else {})
    )
    seat, aside = share(code)
    if admission == "approval":
        assert coordinator.post(f"/enrollments/{seat}/approve").json["status"] == "confirmed"
        assert read(ghana, aside) == "confirmed"
    undone(app, coordinator)
    assert read(ghana, aside) == expected
    assert read(coordinator, seat) == "confirmed"


def test_after_undoing_a_place_given_away_meanwhile_is_waited_for(
    app: Flask, ghana: ApiClient, coordinator: ApiClient, share: Callable[..., tuple[int, int]]
) -> None:
    code = delivery(app, places=2)
    seat, aside = share(code)
    put(app, ghana, code, identifier="A-7", given_name="Ama", email="ama@example.org")
    undone(app, coordinator)
    assert (read(coordinator, seat), read(ghana, aside)) == ("confirmed", "waitlisted")


@pytest.mark.parametrize(
    ("ending", "expected"), [("cancel", "delivery_cancelled"), ("finish", "declined")]
)
def test_after_undoing_an_enrollment_of_a_delivery_that_is_over_is_over(
    app: Flask,
    ghana: ApiClient,
    coordinator: ApiClient,
    share: Callable[..., tuple[int, int]],
    ending: str,
    expected: str,
) -> None:
    code = delivery(app)
    seat, aside = share(code)
    if ending == "cancel":
        assert (
            coordinator.post(
                f"/deliveries/{code}/cancel", {"reason": "The trainer is ill"}
            ).status_code
            == 200
        )
    else:
        with app.app_context():
            makers.finished(
                db.session.scalars(sa.select(Delivery).where(Delivery.code == code)).one()
            )
    undone(app, coordinator)
    answer = ghana.get(f"/enrollments/{aside}").json
    assert answer["status"] == expected
    if ending == "cancel":
        assert answer["reason"] == "The trainer is ill"


def test_after_undoing_a_body_that_nominated_anew_keeps_one_seat(
    app: Flask, ghana: ApiClient, coordinator: ApiClient, share: Callable[..., tuple[int, int]]
) -> None:
    code = delivery(app)
    seat, aside = share(code)
    assert coordinator.post(f"/enrollments/{seat}/withdraw").json["status"] == "withdrawn"
    anew = put(app, ghana, code, identifier="A-1", **KOFI)["id"]
    undone(app, coordinator)
    assert (read(coordinator, seat), read(ghana, aside), read(ghana, anew)) == (
        "withdrawn",
        "confirmed",
        "confirmed",
    )
    assert places_left(coordinator, code) == 5


def test_after_undoing_a_reopened_result_can_be_fixed_again(app: Flask) -> None:
    with app.app_context():
        into = makers.delivery(places=5)
        came, missed = (
            makers.enrolled(into, person=factories.person("Kofi", name))
            for name in ("Mensah", "Mensa")
        )
        ids, people = (came.id, missed.id), (came.person_id, missed.person_id)
        makers.attend(into, came, score=90)
        makers.finished(into)
        with factories.after(into.id):
            with transaction():
                reopen(SYSTEM, into.id, [ids[1]], reason="One officer")
            undo_merge_of(*people)
            with transaction():
                finish(SYSTEM, into.id)
        assert [db.session.get_one(Enrollment, enrollment_id).status for enrollment_id in ids] == [
            "completed",
            "no_show",
        ]
        assert checking.breaches() == []


@pytest.mark.both_databases
@pytest.mark.parametrize("step", ["approve", "decline"])
def test_a_coordinator_decides_by_either_nomination(
    app: Flask,
    ghana: ApiClient,
    coordinator: ApiClient,
    share: Callable[..., tuple[int, int]],
    step: str,
) -> None:
    seat, aside = share(delivery(app, admission="approval"))
    answer = coordinator.post(
        f"/enrollments/{aside}/{step}", {"reason": "Too late"} if step == "decline" else None
    )
    assert answer.status_code == 200, answer.text
    expected = "confirmed" if step == "approve" else "declined"
    assert (read(coordinator, seat), read(ghana, aside)) == (expected, expected)


@pytest.mark.parametrize("step", ["approve", "decline"])
def test_a_coordinator_decides_on_neither_nomination_where_one_is_of_the_own_organization(
    app: Flask, share: Callable[..., tuple[int, int]], client: Callable[..., ApiClient], step: str
) -> None:
    both = share(delivery(app, admission="approval"))
    for organization in ("FR-MFA", "GH-MOD"):
        own = client(Role.COORDINATOR, Role.NOMINATOR, organization=organization)
        for enrollment in both:
            answer = own.post(
                f"/enrollments/{enrollment}/{step}",
                {"reason": "Too late"} if step == "decline" else None,
            )
            assert (answer.status_code, answer.json.get("code")) == (403, "own_nomination"), (
                organization,
                enrollment,
            )


def test_what_is_recorded_by_either_nomination_is_recorded_at_the_seat(
    app: Flask, coordinator: ApiClient, share: Callable[..., tuple[int, int]]
) -> None:
    code = delivery(app)
    seat, aside = share(code)
    with app.app_context():
        into = db.session.scalars(sa.select(Delivery).where(Delivery.code == code)).one()
        makers.attend(into, db.session.get_one(Enrollment, aside), score=90)
        makers.finished(into)
        assert db.session.get_one(Enrollment, seat).status == "completed"
        with factories.after(into.id), transaction():
            reopen(SYSTEM, into.id, [aside], reason="A wrong mark")
        assert db.session.get_one(Enrollment, seat).status == "confirmed"


def test_a_record_marked_absent_is_no_obstacle_to_one_seat(app: Flask) -> None:
    """The trainer has two rows for one officer: the one who came, and the one who did not."""
    with app.app_context():
        for is_finished in (False, True):
            into = makers.delivery(places=5)
            came, missed = (
                makers.enrolled(into, person=factories.person("Kofi", name))
                for name in ("Mensah", "Mensa")
            )
            makers.attend(into, came, score=90)
            makers.attend(into, missed, minutes=0)
            if is_finished:
                makers.finished(into)
            ids, people = (came.id, missed.id), (came.person_id, missed.person_id)
            with transaction():
                merge = join_records(
                    SYSTEM,
                    *(db.session.get_one(Person, person) for person in people),
                    reason="test",
                )
            assert db.session.get_one(Enrollment, ids[1]).standing.id == ids[0]
            with transaction():
                undo_merge(SYSTEM, merge)
            expected = ["completed", "no_show"] if is_finished else ["confirmed", "confirmed"]
            assert [
                db.session.get_one(Enrollment, enrollment_id).status for enrollment_id in ids
            ] == expected
        assert checking.breaches() == []


def test_a_result_that_is_open_again_is_better_than_an_absence(app: Flask) -> None:
    """Of two records of one officer whom no one marked, the second one's result is reopened
    because it was the officer's."""
    with app.app_context():
        into = makers.delivery(places=5)
        ids, people = zip(
            *(
                (enrollment.id, enrollment.person_id)
                for enrollment in (makers.enrolled(into) for _twice in range(2))
            ),
            strict=True,
        )
        makers.finished(into)
        with factories.after(into.id):
            with transaction():
                reopen(SYSTEM, into.id, [ids[1]], reason="He was there")
            with transaction():
                merge = join_records(
                    SYSTEM,
                    *(db.session.get_one(Person, person) for person in people),
                    reason="test",
                )
            assert [
                db.session.get_one(Enrollment, enrollment_id).status for enrollment_id in ids
            ] == [
                "substituted",
                "confirmed",
            ]
            with transaction():
                undo_merge(SYSTEM, merge)
        assert [db.session.get_one(Enrollment, enrollment_id).status for enrollment_id in ids] == [
            "no_show",
            "confirmed",
        ]
        assert checking.breaches() == []


def undo_merge_of(keep_id: int, merged_id: int) -> None:
    """The two records become one, and two again (inside an app context)."""
    with transaction():
        merge = join_records(
            SYSTEM,
            *(db.session.get_one(Person, person_id) for person_id in (keep_id, merged_id)),
            reason="test",
        )
    with transaction():
        undo_merge(SYSTEM, merge)


def test_who_applied_before_being_nominated_keeps_the_position_of_applying(
    app: Flask, ghana: ApiClient, coordinator: ApiClient
) -> None:
    code = delivery(app, places=1)
    put(app, ghana, code, identifier="A-1", given_name="Esi", email="esi@example.org")
    with app.app_context():
        into = db.session.scalars(sa.select(Delivery).where(Delivery.code == code)).one()
        into_id, first = into.id, applied(into, 1, given_name="Kofi", family_name="Mensah", **KOFI)
    stranger = put(app, ghana, code, identifier="A-2", given_name="Ama", email="ama@example.org")[
        "id"
    ]
    nominated = put(app, ghana, code, identifier="A-3", **KOFI)["id"]
    assert "number 1 on the waiting list" in opened(app, first).text
    with app.app_context():
        assert positions(into_id) == {first: 1, stranger: 2}
    assert ghana.get(f"/enrollments/{nominated}").json["position"] == 1
    undone(app, coordinator)
    with app.app_context():
        assert positions(into_id) == {first: 1, stranger: 2, nominated: 3}


def test_an_application_goes_before_no_one_who_was_accepted_before(
    app: Flask, ghana: ApiClient, coordinator: ApiClient
) -> None:
    code = delivery(app, places=1, admission="approval")
    with app.app_context():
        into = db.session.scalars(sa.select(Delivery).where(Delivery.code == code)).one()
        into_id, first = into.id, applied(into, 1, given_name="Kofi", family_name="Mensah", **KOFI)
    others = [
        put(app, ghana, code, identifier=f"A-{name}", given_name=name, email=f"{name}@example.org")[
            "id"
        ]
        for name in ("Esi", "Kofi")
    ]
    for other in others:
        coordinator.post(f"/enrollments/{other}/approve")
    opened(app, first)
    with app.app_context():
        assert positions(into_id) == {others[1]: 1}


def test_undoing_gives_back_the_printed_name(
    app: Flask, client: Callable[..., ApiClient], coordinator: ApiClient
) -> None:
    enrollment = post(
        coordinator, delivery(app), identifier="A-1", given_name="Ama", email="ama@example.org"
    )
    other = post(coordinator, delivery(app), identifier="A-2", **KOFI)
    body_of_merge = {
        "keep": enrollment["person"]["id"],
        "merge": other["person"]["id"],
        "reason": "One officer",
    }
    merge = coordinator.post("/people/merges", body_of_merge).json["id"]
    assert client(Role.COORDINATOR).post(f"/merges/{merge}/confirm").json["status"] == "confirmed"
    assert (
        coordinator.get(f"/enrollments/{other['id']}").json["person"]["name_on_certificate"]
        == "Ama Mensah"
    )
    undone(app, coordinator)
    assert (
        coordinator.get(f"/enrollments/{other['id']}").json["person"]["name_on_certificate"]
        == "Kofi Mensah"
    )


def test_a_nomination_taken_back_hands_its_place_only_to_one_that_fits(
    app: Flask,
    ghana: ApiClient,
    france: ApiClient,
    coordinator: ApiClient,
    share: Callable[..., tuple[int, int]],
) -> None:
    code = delivery(app, places=2, pools={"military": 1, "police": 1})
    ama = body(
        identifier="F-2", identifier_issuer="FR", given_name="Ama", email="ama@example.org"
    ) | {"category": "police"}
    assert france.post(f"/deliveries/{code}/enrollments", ama).json["status"] == "confirmed"
    seat, aside = share(code, category="police")
    with app.app_context():
        before = db.session.scalar(sa.select(sa.func.max(Mail.id)))
    assert france.post(f"/enrollments/{seat}/withdraw").json["status"] == "withdrawn"
    assert read(ghana, aside) == "waitlisted", "the place that became free is for the military"
    with app.app_context():
        kinds = db.session.scalars(
            sa.select(Mail).where(Mail.address == "kofi@example.org").order_by(Mail.id.desc())
        ).first()
        assert kinds.id > before and kinds.kind == "enrollment_waitlisted", (
            "who had a place and has it no more is told"
        )
        assert checking.breaches() == []


def test_who_gives_up_a_shared_seat_gives_it_up_for_both(
    app: Flask,
    ghana: ApiClient,
    france: ApiClient,
    coordinator: ApiClient,
    share: Callable[..., tuple[int, int]],
) -> None:
    code = delivery(app)
    seat, aside = share(code)
    with app.app_context():
        person = db.session.get_one(Enrollment, seat).person
        with transaction():
            ensure_account(SYSTEM, person)
        own = ApiClient(app, makers.token_of(actor_of(person)))
    assert own.post(f"/enrollments/{aside}/withdraw").json["status"] == "withdrawn"
    assert (read(france, seat), read(ghana, aside)) == ("withdrawn", "withdrawn")
    assert places_left(coordinator, code) == 6


# Who decides about a merge


def test_a_merge_of_people_who_never_enrolled_waits_in_the_second_coordinators_queue(
    app: Flask,
    client: Callable[..., ApiClient],
    coordinator: ApiClient,
    sign_in: Callable[..., Browser],
) -> None:
    with app.app_context():
        ids = [factories.person("Kofi", name).id for name in ("Mensah", "Mensa")]
        second = sign_in(makers.coordinator())
        elsewhere = sign_in(factories.actor(Role.COORDINATOR, centre_id=factories.centre("KAC").id))
    known = post(coordinator, delivery(app), identifier="A-1", **KOFI)["person"]["id"]
    for merged in (ids[1], known):
        body_of_merge = {"keep": ids[0], "merge": merged, "reason": "One officer, misspelt once"}
        merge = coordinator.post("/people/merges", body_of_merge).json["id"]
        address = f"/people-to-check/merges/{merge}/confirm"
        assert address in second.get("/people-to-check").html
        assert (address in elsewhere.get("/people-to-check").html) is (merged != known), (
            "known in a centre: its own affair"
        )
    assert (
        "is merged into record" in second.get("/people-to-check").form(action=address).submit().text
    )


def test_another_date_of_birth_is_suspect_too(
    app: Flask, coordinator: ApiClient, ghana: ApiClient
) -> None:
    enrollment = put(app, ghana, delivery(app), identifier="A-1", birth_date="1990-05-01", **KOFI)
    with app.app_context():
        assert checking.breaches() == []
        with transaction():
            db.session.execute(
                sa.update(Person)
                .where(Person.id == enrollment["person"]["id"])
                .values(birth_date=date(1980, 1, 1))
            )
            audit.record(SYSTEM, "test.changed", "person", {})
        (breach,) = checking.breaches()
        assert (
            f"enrollment {enrollment['id']} was nominated under another name or date of birth"
            in breach
        )
        output = app.test_cli_runner().invoke(args=["people", "suspects"]).output
    assert (
        "put forward as Kofi Mensah, born 1990-05-01, enrolled is Kofi Mensah, born 1980-01-01"
        in output
    )


# What could break it


@pytest.mark.both_databases
def test_three_nominations_of_one_person_have_one_seat_and_part_again(
    app: Flask, ghana: ApiClient, france: ApiClient, coordinator: ApiClient
) -> None:
    code = delivery(app)
    norway = ApiClient(app, _nominator_token(app, "NO-MOD"))
    ids = [
        put(app, nominator, code, identifier=f"{n}-1", identifier_issuer=n, **KOFI)["id"]
        for n, nominator in (("FR", france), ("GH", ghana), ("NO", norway))
    ]
    questions = coordinator.get("/identity-questions").json["items"]
    assert len(questions) == 3
    for question in questions[:2]:
        coordinator.post(f"/identity-questions/{question['id']}/same")
    assert places_left(coordinator, code) == 5
    merge = last_merge(app)
    different = coordinator.post(f"/identity-questions/{questions[2]['id']}/different")
    assert different.status_code == 409, (
        "that the last two are one person follows from the first two answers"
    )
    assert coordinator.post(f"/merges/{merge}/undo").json["status"] == "undone"
    assert (
        places_left(coordinator, code) == 4
        and [read(coordinator, enrollment_id) for enrollment_id in ids].count("confirmed") == 3
    )
    with app.app_context():
        stands = [db.session.get_one(Enrollment, enrollment_id) for enrollment_id in ids]
        assert [enrollment.seat_id for enrollment in stands] == [None, ids[0], None]
        assert checking.breaches() == []


def test_the_seat_of_three_turns_out_to_be_anothers(
    app: Flask, ghana: ApiClient, france: ApiClient, coordinator: ApiClient
) -> None:
    """The two others stay one person, with one seat."""
    code = delivery(app)
    norway = ApiClient(app, _nominator_token(app, "NO-MOD"))
    ids = [
        put(app, nominator, code, identifier=f"{n}-1", identifier_issuer=n, **KOFI)["id"]
        for n, nominator in (("FR", france), ("GH", ghana), ("NO", norway))
    ]
    for question in coordinator.get("/identity-questions").json["items"]:
        coordinator.post(f"/identity-questions/{question['id']}/same")
    with app.app_context():
        other = factories.person().id
        with transaction():
            seat = db.session.get_one(Enrollment, ids[0])
            touch(seat.delivery_id)
            seat.person_id = seat.origin_id = other
            db.session.flush()
            leave_shared_seat(SYSTEM, seat)
    with app.app_context():
        stands = [db.session.get_one(Enrollment, enrollment_id) for enrollment_id in ids]
        assert [enrollment.seat_id for enrollment in stands] == [None, None, ids[1]]
    assert places_left(coordinator, code) == 4


@pytest.mark.both_databases
def test_of_two_coordinators_who_decide_at_once_one_decides(
    app: Flask,
    ghana: ApiClient,
    france: ApiClient,
    client: Callable[..., ApiClient],
    coordinator: ApiClient,
) -> None:
    code = delivery(app)
    put(app, france, code, identifier="F-1", identifier_issuer="FR", **KOFI)
    second = put(app, ghana, code, identifier="A-1", **KOFI)["id"]
    (question,) = coordinator.get("/identity-questions").json["items"]
    start, answers = Barrier(2), []

    def decide(who: ApiClient, step: str) -> None:
        start.wait()
        answers.append(who.post(f"/identity-questions/{question['id']}/{step}").status_code)

    threads = [
        Thread(target=decide, args=reviewer)
        for reviewer in ((coordinator, "same"), (client(Role.COORDINATOR), "different"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409]
    assert read(ghana, second) == "confirmed" and places_left(coordinator, code) in (4, 5)
    with app.app_context():
        assert checking.breaches() == []


def test_a_nomination_withdrawn_before_it_is_decided_gives_nobody_a_seat(
    app: Flask, ghana: ApiClient, france: ApiClient, coordinator: ApiClient
) -> None:
    code = delivery(app)
    first = put(app, france, code, identifier="F-1", identifier_issuer="FR", **KOFI)["id"]
    second = put(app, ghana, code, identifier="A-1", **KOFI)["id"]
    assert france.post(f"/enrollments/{first}/withdraw").json["status"] == "withdrawn"
    decided_same(coordinator)
    assert (read(france, first), read(ghana, second)) == ("withdrawn", "confirmed")
    undone(app, coordinator)
    assert (read(france, first), read(ghana, second)) == ("withdrawn", "confirmed")


def test_a_record_with_a_closed_account_is_merged_by_two_people(
    app: Flask,
    ghana: ApiClient,
    france: ApiClient,
    client: Callable[..., ApiClient],
    coordinator: ApiClient,
) -> None:
    code = delivery(app)
    put(app, france, code, identifier="F-1", identifier_issuer="FR", **KOFI)
    second = put(app, ghana, code, identifier="A-1", **KOFI)
    with app.app_context():
        with transaction():
            ensure_account(SYSTEM, db.session.get_one(Person, second["person"]["id"]))
        close(second["person"]["id"])
    merge = decided_same(coordinator)["merge"]
    assert coordinator.get(f"/merges/{merge}").json["status"] == "proposed"
    assert client(Role.COORDINATOR).post(f"/merges/{merge}/confirm").json["status"] == "confirmed"
    assert places_left(coordinator, code) == 5


@pytest.mark.both_databases
def test_two_links_of_one_applicant_opened_at_once_make_one_person(app: Flask) -> None:
    with app.app_context():
        ids = [
            applied(makers.delivery(), 1, given_name="Kofi", family_name="Mensah", **KOFI)
            for _number in range(2)
        ]
        links = [link_of(enrollment_id) for enrollment_id in ids]
    pages = [Browser(app).get(link) for link in links]
    start = Barrier(2)

    def open_link(page: Any) -> None:
        start.wait()
        page.form().submit()

    threads = [Thread(target=open_link, args=(page,)) for page in pages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        first, other = (db.session.get_one(Enrollment, enrollment_id) for enrollment_id in ids)
        assert (first.status, other.status, first.person_id) == (
            "confirmed",
            "confirmed",
            other.person_id,
        )
        assert checking.breaches() == []
