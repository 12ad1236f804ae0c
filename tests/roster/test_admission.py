"""The roster is a decision: after the person's yes, its staff admit; without a current yes they
see no one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts import services as accounts
from accounts.roles import Role
from certificates import services as certificates
from core import audit
from core.database import db, transaction
from core.errors import Conflict, NotFound
from core.once import FirstAnswer
from core.policy import SYSTEM, Actor, Reach
from enrollment.models import Enrollment
from people import services as people_services
from people.models import Consent, ConsentPurpose
from roster import documents, queries, services
from roster.filters import Filters
from roster.models import AdmissionWay, Expert, ExpertSearch, ExpertStatus, RosterAdmission
from tests import factories
from tests.accounts.makers import mails, settings
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.courses import makers as courses
from tests.enrollment import makers as enrollments
from tests.enrollment.makers import token_of
from tests.roster import makers

SignIn = Callable[[Actor], Browser]


@pytest.fixture
def staff(app: Flask) -> Actor:
    with app.app_context():
        return factories.actor(Role.ROSTER, given="Ingrid", family="Haugen")


def api_of(app: Flask, actor: Actor) -> ApiClient:
    with app.app_context():
        return ApiClient(app, token_of(actor))


def graduate(
    given_name: str = "Amina", agrees: bool | None = None, **values: Any
) -> tuple[int, int]:
    """(expert, person) of someone who completed a course and is not on the roster."""
    person = factories.person(given_name, **values)
    person_id = person.id
    certificate = makers.certified(person, agrees=None)
    if agrees is not None:
        factories.consent(person_id, agrees)
    return makers.expert_of(certificate).id, person_id


def status(key: int) -> ExpertStatus:
    db.session.rollback()
    return db.session.get_one(Expert, key, populate_existing=True).status


def is_found(key: int) -> bool:
    return (
        db.session.scalar(sa.select(ExpertSearch.expert_id).where(ExpertSearch.expert_id == key))
        is not None
    )


# Who is seen


def test_a_certificate_alone_puts_nobody_on_the_roster(context: Flask) -> None:
    key, _ = graduate()
    assert status(key) is ExpertStatus.CERTIFIED and not is_found(key)


def test_an_admission_sent_again_with_its_key_shows_no_one_who_withdrew(
    app: Flask, staff: Actor
) -> None:
    with app.app_context():
        key, person_id = graduate(agrees=True, identifier="SN-1")
    api = api_of(app, staff)
    first, again = (api.post(f"/experts/{key}/admit", Idempotency_Key="k1") for _ in range(2))
    assert first.json == again.json and again.headers["Idempotency-Replayed"] == "true"
    with app.app_context():
        assert db.session.scalars(sa.select(FirstAnswer.body)).all() == [""], (
            "no copy of a profile outlives the consent"
        )
        factories.consent(person_id, False)
    gone = api.post(f"/experts/{key}/admit", Idempotency_Key="k1")
    assert gone.status_code == 404 and gone.json == api.get("/experts/9999").json
    with app.app_context():
        factories.consent(person_id, True)
    assert api.post(f"/experts/{key}/admit", Idempotency_Key="k1").json["status"] == "certified", (
        "done once, not again"
    )


@pytest.mark.parametrize("agrees", [None, False])
def test_without_a_current_yes_roster_staff_get_404_by_any_id_page_and_api(
    app: Flask, sign_in: SignIn, staff: Actor, agrees: bool | None
) -> None:
    with app.app_context():
        key, person_id = graduate(agrees=agrees, identifier="SN-1")
        number = db.session.get_one(Expert, key).skills[0].certificate.number
        boss = factories.actor(Role.ADMINISTRATOR)
    for someone in (staff, boss):
        api, browser = api_of(app, someone), sign_in(someone)
        assert api.get(f"/experts/{key}").json == api.get("/experts/9999").json
        assert api.post(f"/experts/{key}/admit").status_code == 404
        for address in (f"/roster/{key}", f"/roster/{key}/edit"):
            assert browser.get(address).status == 404, address
        assert (
            browser.post(
                f"/roster/{key}/edit", {"csrf_token": browser.token(), "category": "police"}
            ).status
            == 404
        )
        assert api.get("/experts").json["items"] == api.get("/experts?q=SN-1").json["items"] == []
        file = browser.client.post("/roster/export", data={"csrf_token": browser.token()}).get_data(
            as_text=True
        )
        assert "Diallo" not in file
        assert "No one is waiting" in browser.get("/roster/waiting").text
    assert api_of(app, staff).get(f"/certificates/{number}").status_code == 404, (
        "nor by the number of a certificate"
    )
    assert sign_in(staff).get(f"/certificates/{number}").status == 404
    with app.app_context():
        own = factories.refreshed(Actor(person_id=person_id))
        assert not is_found(key)
    assert api_of(app, own).get(f"/experts/{key}").json["consent"] is agrees
    page = sign_in(own).get(f"/roster/{key}")
    assert page.status == 200 and "Only you can see this profile" in page.text


def test_who_said_yes_waits_with_what_was_proved_and_is_admitted(
    app: Flask, sign_in: SignIn, staff: Actor
) -> None:
    with app.app_context():
        key, person_id = graduate(agrees=True)
    page = sign_in(staff).get("/roster").follow("Waiting for admission")
    for words in (
        "1 person is waiting",
        "Amina Diallo",
        "Gender in peace operations, Practitioner",
        "until 10 Mar 2029",
        "Gender-sensitive approaches",
    ):
        assert words in page.text.replace("\u00a0", " "), words
    assert "Choose at least one person" in page.form(button="Admit selected").submit().errors[0]
    api = api_of(app, staff)
    assert (
        api.get("/experts").json["items"] == []
        and api.get(f"/experts/{key}").json["status"] == "certified"
    )
    response = api.post(
        f"/experts/{key}/admit", {"expertise": ["Civil affairs", "Civil affairs", " "]}
    )
    assert (response.status_code, response.json["status"], response.json["consent"]) == (
        200,
        "admitted",
        True,
    )
    assert [
        (admission["field"], admission["how"]) for admission in response.json["admissions"]
    ] == [("Civil affairs", "reviewed")]
    assert [item["id"] for item in api.get("/experts").json["items"]] == [key]
    assert api.post(f"/experts/{key}/admit").json["code"] == "already_admitted"
    further = api.post(f"/experts/{key}/admit", {"expertise": ["Civil affairs", "Elections"]})
    assert [admission["field"] for admission in further.json["admissions"]] == [
        "Civil affairs",
        "Elections",
    ]
    with app.app_context():
        rows = db.session.scalars(sa.select(RosterAdmission)).all()
        assert {(row.reviewer_id, row.how) for row in rows} == {
            (staff.person_id, AdmissionWay.REVIEWED)
        }
        assert audit.has("expert.admitted", f"expert:{key}")
    page = sign_in(staff).get(f"/roster/{key}")
    assert (
        "On the roster" in page.text
        and "Civil affairs" in page.text
        and "on the person’s own page" in page.text
    )
    with app.app_context():
        own = factories.refreshed(Actor(person_id=person_id))
    assert "on your page" in sign_in(own).get(f"/roster/{key}").text


def test_who_waits_is_admitted_on_the_profile_too(
    app: Flask, sign_in: SignIn, staff: Actor
) -> None:
    with app.app_context():
        key, person_id = graduate(agrees=True)
        boss = factories.actor(Role.ADMINISTRATOR)
        own = factories.refreshed(Actor(person_id=person_id))
    profile = sign_in(staff).get(f"/roster/{key}")
    page = profile.form(button="Admit to the roster").submit(expertise="Civil affairs")
    assert (
        page.path == f"/roster/{key}"
        and "1 person admitted" in page.text
        and "On the roster" in page.text
    )
    assert [
        admission["field"]
        for admission in api_of(app, staff).get(f"/experts/{key}").json["admissions"]
    ] == ["Civil affairs"]
    for someone in (staff, boss, own):
        assert "Admit to the roster" not in sign_in(someone).get(f"/roster/{key}").text, (
            "not who is admitted already"
        )
    late = profile.form(button="Admit to the roster").submit()
    assert late.status == 422 and "on the roster already" in late.errors[0]


def test_nobody_admits_themselves_by_their_own_profile(app: Flask, sign_in: SignIn) -> None:
    with app.app_context():
        key, person_id = graduate(agrees=True)
        own = factories.refreshed(Actor(person_id=person_id))
    assert "Admit to the roster" not in sign_in(own).get(f"/roster/{key}").text


def test_many_are_admitted_at_once_and_who_withdrew_meanwhile_is_not(
    app: Flask, sign_in: SignIn, staff: Actor
) -> None:
    with app.app_context():
        people = [graduate(given_name, agrees=True) for given_name in ("Ada", "Ben", "Cleo")]
    form = sign_in(staff).get("/roster/waiting").form(button="Admit selected")
    with app.app_context():
        factories.consent(people[1][1], False)
    page = form.submit(expert=[str(key) for key, _ in people], expertise="Investigation\nTraffic")
    assert "2 people admitted" in page.text and "No one is waiting" in page.text
    with app.app_context():
        assert [status(key) for key, _ in people] == ["admitted", "certified", "admitted"]
        fields = db.session.execute(
            sa.select(RosterAdmission.expert_id, RosterAdmission.field)
        ).all()
        assert sorted(fields) == sorted(
            (key, field)
            for key, _ in (people[0], people[2])
            for field in ("Investigation", "Traffic")
        )


def test_others_admit_nobody(app: Flask, sign_in: SignIn) -> None:
    with app.app_context():
        key, person_id = graduate(agrees=True)
        others = [
            factories.actor(Role.COORDINATOR),
            factories.actor(),
            factories.refreshed(Actor(person_id=person_id)),
        ]
    for other in others:
        assert api_of(app, other).post(f"/experts/{key}/admit").status_code == 403
        assert sign_in(other).get("/roster/waiting").status == 403
    with app.app_context():
        assert status(key) is ExpertStatus.CERTIFIED


# Withdrawing, and coming back


@pytest.mark.both_databases
def test_who_withdraws_leaves_everything_at_once_and_waits_after_a_new_yes(context: Flask) -> None:
    key, person_id = graduate(agrees=True)
    makers.admitted(person_id)
    staff = factories.actor(Role.ROSTER)
    assert is_found(key) and queries.find_experts(staff, Filters()).count == 1
    factories.consent(person_id, False)
    assert status(key) is ExpertStatus.LEFT and not is_found(key)
    assert queries.find_experts(staff, Filters()).count == 0
    assert (
        queries.find_experts(staff, Filters(q="amina")).page.items
        == list(queries.experts_to_export(staff, Filters()))
        == []
    )
    with pytest.raises(NotFound):
        queries.get_expert(staff, key)
    [admission] = db.session.scalars(sa.select(RosterAdmission))
    assert (admission.end_reason, admission.ended_at is not None) == ("consent_withdrawn", True)
    factories.consent(person_id, True)
    assert status(key) is ExpertStatus.CERTIFIED and not is_found(key)
    assert [item.expert.id for item in queries.waiting(staff).items] == [key]
    makers.admitted(person_id)
    assert is_found(key) and len(db.session.scalars(sa.select(RosterAdmission)).all()) == 2
    assert list(queries.breaches()) == []


def test_withdrawing_one_purpose_leaves_the_other(context: Flask) -> None:
    key, person_id = graduate(agrees=True)
    makers.admitted(person_id)
    factories.consent(person_id, True, "contact")
    factories.consent(person_id, False, "contact")
    assert status(key) is ExpertStatus.ADMITTED and is_found(key)


def test_staff_who_had_the_form_open_change_nothing_after_the_withdrawal(
    app: Flask, sign_in: SignIn, staff: Actor
) -> None:
    with app.app_context():
        key, person_id = graduate(agrees=True)
        makers.admitted(person_id)
    form = sign_in(staff).get(f"/roster/{key}/edit").form(button="Save the profile")
    with app.app_context():
        factories.consent(person_id, False)
    assert form.submit(rank="Colonel").status == 404
    with app.app_context(), pytest.raises(NotFound), transaction():
        services.change_expert(
            staff, db.session.get_one(Expert, key), services.Profile(rank="Colonel")
        )


def test_a_yes_that_does_not_count_yet_admits_nobody(context: Flask) -> None:
    factories.person("Kofi", "Mensah", email="box@example.org")
    key, person_id = graduate(email="box@example.org")
    factories.consent(person_id, True)
    assert queries.waiting(factories.actor(Role.ROSTER)).items == []
    with pytest.raises(NotFound), transaction():
        services.admit(SYSTEM, db.session.get_one(Expert, key))


def test_consent_on_paper_shows_as_such_on_the_profile(
    app: Flask, sign_in: SignIn, staff: Actor
) -> None:
    with app.app_context():
        key, _ = graduate(identifier="SN-1")
        coordinator = factories.actor(Role.COORDINATOR)
    paper = {
        "person": {"identifier": "SN-1", "given_name": "Amina", "family_name": "Diallo"},
        "reference": "HR-9",
        "signed_on": "2026-11-20",
        "document": "Form 3",
    }
    assert api_of(app, coordinator).post("/people/consent-on-paper", paper).status_code == 200
    page = sign_in(staff).get(f"/roster/{key}")
    assert "on paper, reference HR-9, signed on 20 November 2026" in page.text
    assert "on paper" in sign_in(staff).get("/roster/waiting").text


# By rule


def test_an_office_that_admits_by_rule_admits_whoever_agrees_and_has_a_current_skill(
    app: Flask,
) -> None:
    with settings(app, roster_admission="rule"), app.app_context():
        first, person_id = graduate("Ada")
        assert status(first) is ExpertStatus.CERTIFIED
        person = factories.person("Ben")
        into = courses.delivery(code="LATER")
        place = enrollments.enrolled(into, "police", person)
        enrollments.attend(into, place, score=90)
        enrollments.finished(into)
        _travel_to_the_skill(app)
        factories.consent(person_id, True)
        assert status(first) is ExpertStatus.ADMITTED and is_found(first)
        factories.consent(person.id, True)
        with transaction():
            certificate = certificates.issue(SYSTEM, db.session.get_one(Enrollment, place.id))
        assert makers.expert_of(certificate).status is ExpertStatus.ADMITTED
        assert set(db.session.scalars(sa.select(RosterAdmission.how))) == {AdmissionWay.RULE}
        lacking = makers.expert("Cleo", admitted=False)
        assert lacking.status is ExpertStatus.CERTIFIED, "no skill"


def test_the_rule_is_off_by_default(app: Flask) -> None:
    with app.app_context():
        key, person_id = graduate("Ada")
        _travel_to_the_skill(app)
        factories.consent(person_id, True)
        assert status(key) is ExpertStatus.CERTIFIED


def _travel_to_the_skill(app: Flask) -> None:
    from datetime import UTC, datetime

    from core import clock

    clock.travel(app, datetime(2027, 3, 12, 12, tzinfo=UTC))


# Proved


def test_the_check_finds_a_listed_expert_without_consent(app: Flask) -> None:
    with app.app_context():
        key, person_id = graduate(agrees=True)
        makers.admitted(person_id)
        with transaction():
            db.session.execute(sa.delete(Consent).where(Consent.person_id == person_id))
            audit.record(SYSTEM, "test.planted", "roster:all", {})
        assert list(queries.breaches()) == [
            f"roster: expert {key} is on the roster without a current consent"
        ]
    result = app.test_cli_runner().invoke(args=["check"])
    assert (
        result.exit_code == 1
        and f"expert {key} is on the roster without a current consent" in result.output
    )


def test_the_check_finds_a_document_of_somebody_who_was_not_admitted(context: Flask) -> None:
    key, _ = graduate(agrees=True)
    with transaction():
        db.session.add(
            ExpertSearch(expert_id=key, sort_name="diallo", tokens="cat_police", names="n_amina")
        )
        audit.record(SYSTEM, "test.planted", "roster:all", {})
    assert list(queries.breaches()) == [f"roster: expert {key}: the search document is not allowed"]


def test_the_check_finds_an_expert_of_no_office_and_an_office_without_admission(
    context: Flask,
) -> None:
    (listed, person_id), (waits, _) = graduate(agrees=True), graduate("Kofi", agrees=True)
    makers.admitted(person_id)
    office_id = db.session.get_one(Expert, listed).office_id
    with transaction():
        db.session.get_one(Expert, listed).office_id = None
        db.session.get_one(Expert, waits).office_id = office_id
        audit.record(SYSTEM, "test.planted", "roster:all", {})
        documents.refresh([listed, waits])
    sentence = "on the roster of no office, or of an office without being on its roster"
    assert list(queries.breaches()) == [
        f"roster: expert {key}: {sentence}" for key in (listed, waits)
    ]


def test_admitting_twice_is_refused(context: Flask) -> None:
    key, person_id = graduate(agrees=True)
    makers.admitted(person_id)
    with pytest.raises(Conflict), transaction():
        services.admit(SYSTEM, db.session.get_one(Expert, key))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Enrollment)) == 1


# Another office


@pytest.mark.both_databases
def test_whom_one_office_admitted_another_does_not_see(
    app: Flask, sign_in: SignIn, staff: Actor
) -> None:
    """Both see who waits; after the decision there is no such person for the other one, by any
    way in."""
    with app.app_context():
        other = factories.actor(Role.ROSTER, office_id=factories.office().id)
        key, person_id = graduate(
            agrees=True, family="Ouedraogo", identifier="SN-1", email="amina@example.org"
        )
    mine, theirs = api_of(app, staff), api_of(app, other)
    assert theirs.get(f"/experts/{key}").status_code == 200, "no one has decided yet"
    assert mine.post(f"/experts/{key}/admit").json["status"] == "admitted"
    assert [item["id"] for item in mine.get("/experts").json["items"]] == [key]
    assert (
        theirs.get("/experts").json["items"] == theirs.get("/experts?q=amina").json["items"] == []
    )
    assert (
        theirs.get(f"/experts/{key}").status_code
        == theirs.post(f"/experts/{key}/admit").status_code
        == 404
    )
    facts = {
        "person": {"given_name": "Amina", "family_name": "Ouedraogo", "email": "amina@example.org"},
        "category": "police",
    }
    assert theirs.put("/experts/SN-1", facts).status_code == 202, (
        "the person is asked, as a stranger would be"
    )
    browser = sign_in(other)
    assert browser.get(f"/roster/{key}").status == browser.get(f"/roster/{key}/edit").status == 404
    assert (
        "Ouedraogo" not in browser.get("/roster").text
        and "Ouedraogo" not in browser.get("/roster/waiting").text
    )
    with app.app_context():
        assert list(queries.experts_to_export(other, Filters())) == []
        factories.consent(person_id, False)
        factories.consent(person_id, True)
    assert theirs.post(f"/experts/{key}/admit").json["status"] == "admitted", (
        "after another yes any office may"
    )
    assert mine.get(f"/experts/{key}").status_code == 404
    own = api_of(app, Actor(person_id=person_id))
    read = [len(client_.get(f"/experts/{key}").json["admissions"]) for client_ in (theirs, own)]
    assert read == [1, 2], "an office reads its own decisions, the person all"


def test_the_office_reads_who_reviewed_an_admission_and_the_person_the_day(
    app: Flask, sign_in: SignIn, staff: Actor
) -> None:
    with app.app_context():
        key, person_id = graduate(agrees=True)
        own = factories.refreshed(Actor(person_id=person_id))
        boss = factories.actor(Role.ADMINISTRATOR)
    expert = api_of(app, staff).post(f"/experts/{key}/admit").json
    for someone, name in ((staff, "Ingrid Haugen"), (boss, "Ingrid Haugen"), (own, None)):
        [read] = api_of(app, someone).get(f"/experts/{key}").json["admissions"]
        assert read == expert["admissions"][0] | {"reviewed_by": name}
        assert ("reviewed by Ingrid Haugen" in sign_in(someone).get(f"/roster/{key}").text) == (
            name is not None
        )


def test_an_admission_by_rule_has_no_reviewer(app: Flask, staff: Actor) -> None:
    with app.app_context(), settings(app, roster_admission="rule"):
        key, _ = graduate(agrees=True)
    [read] = api_of(app, staff).get(f"/experts/{key}").json["admissions"]
    assert (read["how"], read["reviewed_by"]) == ("rule", None)


def test_whoever_works_for_two_offices_says_to_whose_roster_people_are_admitted(
    app: Flask, sign_in: SignIn, staff: Actor
) -> None:
    with app.app_context():
        office = factories.office().id
        with transaction():
            accounts.assign_role(
                SYSTEM, staff.person_id, Role.ROSTER, scope=Reach.OFFICE, scope_id=office
            )
        factories.office("RO3", "Third Roster Office")
        first, second = (graduate(name, agrees=True)[0] for name in ("Amina", "Kofi"))
    api = api_of(app, staff)
    refused = api.post(f"/experts/{first}/admit")
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "office")
    assert api.post(f"/experts/{first}/admit", {"office": "RO3"}).status_code == 403
    assert api.post(f"/experts/{first}/admit", {"office": "RO2"}).json["office"] == "RO2"
    assert (
        api.get(f"/experts/{first}").json["office"] == "RO2"
        and api.get(f"/experts/{second}").json["office"] is None
    )
    assert (
        api.post(f"/experts/{first}/admit", {"office": "ROSTER", "expertise": ["Law"]}).status_code
        == 409
    )
    with app.app_context():
        browser = sign_in(factories.refreshed(staff))
    page = browser.get("/roster/waiting").form(button="Admit selected").submit(expert=str(second))
    assert page.status == 422 and "Choose one" in " ".join(page.errors)
    page = page.form(button="Admit selected").submit(expert=str(second), office="RO2")
    assert "1 person admitted" in page.text
    with app.app_context():
        assert db.session.get_one(Expert, second).office_id == office


def test_an_office_with_experts_stays_an_office(context: Flask) -> None:
    office = factories.office().id
    key, _ = graduate(agrees=True)
    with transaction():
        services.admit(SYSTEM, db.session.get_one(Expert, key), office="RO2")
    assert db.session.get_one(Expert, key).office_id == office
    with pytest.raises(Conflict) as refusal, transaction():
        people_services.put_organization(SYSTEM, "RO2", kinds=["nominator"])
    assert (refusal.value.code, refusal.value.field) == ("kind_in_use", "kinds")


# Records of one person


def merged(keep_id: int, merged_id: int) -> int:
    with transaction():
        key = people_services.propose_merge(SYSTEM, keep_id, merged_id, reason="One person").id
    with transaction():
        people_services.confirm_merge(SYSTEM, people_services.get_merge(SYSTEM, key))
    return key


def undone(merge_id: int) -> None:
    with transaction():
        people_services.undo_merge(SYSTEM, people_services.get_merge(SYSTEM, merge_id))


@pytest.mark.both_databases
def test_a_record_that_leads_to_another_one_is_nobody_to_find_admit_or_ask(
    app: Flask, staff: Actor
) -> None:
    with app.app_context():
        waits, merged_id = graduate(agrees=True, email="old@example.org")
        unasked, unasked_id = graduate("Kofi", email="kofi@example.org")
        keep = factories.person(email="new@example.org").id
        other = factories.person("Kofi", email="kofi2@example.org").id
        assert queries.count_waiting(staff) == 1 and queries.people_to_ask() == [unasked_id]
        merged(keep, merged_id)
        merged(other, unasked_id)
        assert queries.count_waiting(staff) == 0 and not queries.waiting(staff).items
        assert unasked_id not in queries.people_to_ask()
    api = api_of(app, staff)
    assert (
        api.get(f"/experts/{waits}").status_code
        == api.post(f"/experts/{waits}/admit").status_code
        == 404
    )
    with app.app_context():
        with transaction():
            planted = db.session.get_one(Expert, waits)
            planted.status, planted.office_id = ExpertStatus.ADMITTED, 1
            audit.record(SYSTEM, "test.planted", "roster:all", {})
        assert f"roster: expert {waits} is on the roster without a current consent" in list(
            queries.breaches()
        )


def test_the_links_of_a_merged_record_lead_to_the_expert_who_is_kept(
    app: Flask, sign_in: SignIn, staff: Actor
) -> None:
    with app.app_context():
        kept_key, keep_id = graduate(agrees=True, email="keep@example.org")
        old, merged_id = graduate(agrees=True, email="old@example.org")
        for person_id in (keep_id, merged_id):
            makers.admitted(person_id)
        other = factories.actor(Role.ROSTER, office_id=factories.office().id)
        last_id = factories.person("Amina", email="last@example.org").id
        merge = merged(keep_id, merged_id)
    api, browser = api_of(app, staff), sign_in(staff)
    assert api.get(f"/experts/{old}").json == api.get(f"/experts/{kept_key}").json
    for page in ("", "/edit"):
        assert (
            browser.get(f"/roster/{old}{page}").text
            == browser.get(f"/roster/{kept_key}{page}").text
        )
    changed = (
        browser.get(f"/roster/{old}/edit").form(button="Save the profile").submit(rank="Colonel")
    )
    assert changed.path == f"/roster/{kept_key}" and "Colonel" in changed.text
    assert (
        api_of(app, other).get(f"/experts/{old}").status_code
        == sign_in(other).get(f"/roster/{old}").status
        == 404
    )
    with app.app_context():
        undone(merge)
        assert queries.get_expert(staff, old).person_id == merged_id, "two people again"
        merged(last_id, merged_id)
    assert api.get(f"/experts/{old}").status_code == 404, "the one who is kept did not agree"


@pytest.mark.both_databases
@pytest.mark.parametrize("answer", [None, True, False])
def test_who_leaves_the_roster_because_of_a_merge_is_asked_unless_the_kept_record_has_answered(
    app: Flask, answer: bool | None
) -> None:
    with app.app_context():
        expert, merged_id = graduate(agrees=True, email="old@example.org")
        makers.admitted(merged_id)
        keep = factories.person("Amina", email="keep@example.org").id
        if answer is not None:
            factories.consent(keep, answer)
        before = len(mails(app))
        merge = merged(keep, merged_id)
        assert status(expert) is ExpertStatus.LEFT
    messages = [mail[:2] for mail in mails(app)[before:]]
    assert messages == ([("keep@example.org", "consent_asked")] if answer is None else [])
    with app.app_context():
        undone(merge)
        merged(keep, merged_id)
    assert len(mails(app)) == before + len(messages), "once"


@pytest.mark.parametrize("answer", [None, True, False])
def test_a_yes_said_through_the_record_that_is_merged_is_not_lost_unnoticed(
    app: Flask, answer: bool | None
) -> None:
    """Also of someone without a profile: whom two bodies nominated, say, and who answered one of
    the two letters."""
    with app.app_context():
        certified = graduate(email="certified@example.org", agrees=answer)[1]
        plain = factories.person("Kofi", email="plain@example.org").id
        if answer is not None:
            factories.consent(plain, answer)
        before = len(mails(app))
        for given_name, certificate in (("Amina", certified), ("Kofi", plain)):
            merged(
                factories.person(given_name, email=f"{given_name}@keep.example.org").id, certificate
            )
    messages = [mail[:2] for mail in mails(app)[before:]]
    expected = [
        (f"{given_name}@keep.example.org", "consent_asked") for given_name in ("Amina", "Kofi")
    ]
    assert messages == (expected if answer else [])


@pytest.mark.both_databases
def test_undoing_a_merge_takes_back_the_refusal_and_the_leave_that_it_carried_over(
    context: Flask,
) -> None:
    keep_expert, keep = graduate(agrees=True, email="keep@example.org")
    makers.admitted(keep)
    refusing = factories.person(email="refusing@example.org").id
    factories.consent(refusing, False)
    merge = merged(keep, refusing)
    assert status(keep_expert) is ExpertStatus.LEFT
    undone(merge)
    assert status(keep_expert) is ExpertStatus.ADMITTED and people_services.current_consent(
        keep, ConsentPurpose.ROSTER
    )
    assert not people_services.current_consent(refusing, ConsentPurpose.ROSTER), (
        "the other one has refused"
    )
    gone_expert, gone = graduate("Kofi", agrees=True, email="gone@example.org")
    makers.admitted(gone)
    merge = merged(factories.person("Kofi", email="k@example.org").id, gone)
    assert status(gone_expert) is ExpertStatus.LEFT
    undone(merge)
    assert status(gone_expert) is ExpertStatus.ADMITTED
    assert list(queries.breaches()) == []


def test_a_no_said_since_the_merge_stays_when_the_merge_is_undone(context: Flask) -> None:
    key, keep = graduate(agrees=True, email="keep@example.org")
    makers.admitted(keep)
    refusing = factories.person(email="refusing@example.org").id
    factories.consent(refusing, False)
    merge = merged(keep, refusing)
    factories.consent(keep, True)
    factories.consent(keep, False)
    undone(merge)
    assert status(key) is not ExpertStatus.ADMITTED and not people_services.current_consent(
        keep, ConsentPurpose.ROSTER
    )
