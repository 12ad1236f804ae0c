"""Bodies: what a role in one centre or roster office reaches, and what belongs to whom; through
services, pages and the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes

import pytest
import sqlalchemy as sa
from flask import Flask

import certificates.queries
import certificates.services
import enrollment.models
import enrollment.queries
import enrollment.services
from accounts import services
from accounts.roles import Role
from certificates.models import Certificate
from core import jobs
from core.database import db, transaction
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.mail import Mail
from core.mail.composing import compose
from core.policy import SYSTEM, Actor, Reach, can
from courses import services as courses_services
from courses.models import Delivery
from courses.queries import count_by_status, deliveries_of_work, get_delivery, plan_of, trainers_of
from enrollment.services import Wish
from people import queries
from people import services as people_services
from people.models import BodyKind, Organization, Person
from people.permissions import Permission
from roster.models import Expert
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.certificates import makers as certified
from tests.courses import makers as courses
from tests.enrollment import makers as enrollments
from tests.roster import makers as experts

SCHEDULE = {
    "starts_on": "2027-06-07",
    "time_zone": "Africa/Accra",
    "venue": "Ho",
    "country": "GH",
    "language": "en",
    "places": 10,
}


@dataclass
class Two:
    """Two centres: each with a course, a delivery to come, a draft, one certified, and a
    coordinator."""

    app: Flask
    first: Actor
    second: Actor
    trainer: Actor  # of the second centre

    def api(self, actor: Actor) -> ApiClient:
        with self.app.app_context(), transaction():
            token = services.create_token(
                SYSTEM, db.session.get_one(Person, actor.person_id), name="test"
            )
        return ApiClient(self.app, token)


@pytest.fixture
def two(app: Flask) -> Two:
    with app.app_context():
        theirs = factories.centre("KAC", "Second Training Centre").id
        with transaction():
            people_services.put_organization(
                SYSTEM, "KAC", contact_email="questions@kac.example.org"
            )
        for code, centre in (("GTI", None), ("COP", "KAC")):
            taught = courses.course(code=code, centre=centre)
            open_one = courses.delivery(course=taught, code=f"{code}-OPEN")
            courses.delivery(course=taught, code=f"{code}-DRAFT", published=False)
            nominator = factories.organization()
            with transaction():
                enrollment.services.nominate(
                    SYSTEM, open_one.id, nominator, [enrollments.nominee()]
                )
            certified.issued(certified.finished_delivery(2, code=f"{code}-DONE", course=taught))
        return Two(
            app,
            factories.actor(Role.COORDINATOR, given="Kwame"),
            factories.actor(Role.COORDINATOR, given="Yaw", centre_id=theirs),
            factories.actor(Role.TRAINER, given="Efua", centre_id=theirs),
        )


# What a role reaches


def test_a_coordinator_lists_what_is_of_the_own_centre_and_nothing_else(two: Two) -> None:
    with two.app.app_context():
        for actor, code in ((two.first, "GTI"), (two.second, "COP")):
            seen = set(
                db.session.scalars(deliveries_of_work(actor).with_only_columns(Delivery.code))
            )
            assert seen == {f"{code}-OPEN", f"{code}-DRAFT", f"{code}-DONE"}
            assert sum(count_by_status(actor).values()) == 3
            read = db.session.scalars(enrollment.queries.enrollments_visible(actor)).all()
            assert {certificate.delivery.code for certificate in read} == {
                f"{code}-OPEN",
                f"{code}-DONE",
            }
            page = certificates.queries.list_register(actor, "", "", after=None, limit=50).items
            assert {certificate.payload["delivery_code"] for certificate in page} == {
                f"{code}-DONE"
            }


def test_pages_and_files_of_another_centre_say_nothing(
    two: Two, sign_in: Callable[..., Browser]
) -> None:
    browser = sign_in(two.second)
    register = browser.get("/certificates?format=csv").text
    assert "COP-DONE" in register
    assert "GTI-DONE" not in register
    for page in (
        "/nominations",
        "/nominations.csv",
        "/deliveries",
        "/deliveries?status=draft",
        "/certificates",
    ):
        assert "GTI" not in browser.get(page).text, page
    for page in (
        "participants.csv",
        "sheet",
        "selection",
        "attendance",
        "scores",
        "finish",
        "certificates",
        "edit",
    ):
        assert browser.get(f"/deliveries/GTI-DONE/{page}").status == 403, page
    for page in (
        "/deliveries/GTI-DRAFT",
        "/deliveries/GTI-DRAFT.ics",
        "/deliveries/GTI-DONE/certificates.zip",
    ):
        assert browser.get(page).status == 404, page
    with two.app.app_context():
        enrollment_id = enrollments_of("GTI-DONE")[0]
        number = db.session.scalar(
            sa.select(Certificate.number).where(Certificate.enrollment_id == enrollment_id)
        )
    assert (
        browser.get(f"/deliveries/GTI-DONE/certificates/{enrollment_id}/preview.pdf").status == 403
    )
    for page in (
        f"/certificates/{number}",
        f"/certificates/{number}.pdf",
        f"/enrollments/{enrollment_id}",
    ):
        assert browser.get(page).status == 404, page


def enrollments_of(code: str) -> list[int]:
    own = sa.select(enrollment.models.Enrollment.id).join(Delivery).where(Delivery.code == code)
    return list(db.session.scalars(own.order_by(enrollment.models.Enrollment.id)))


@pytest.mark.parametrize("who", ["second", "trainer"])
def test_the_api_gives_another_centre_no_enrollments_attendance_or_certificates(
    two: Two, who: str
) -> None:
    api = two.api(getattr(two, who))
    assert api.get("/deliveries/GTI-OPEN/enrollments").json["items"] == []
    assert api.get("/deliveries/GTI-DONE/certificates").json["items"] == []
    assert api.get("/deliveries/GTI-DONE/attendance").status_code == 403
    assert api.get("/deliveries/GTI-DONE/completion").status_code == 403
    assert api.get("/deliveries/GTI-DRAFT").status_code == 404
    assert "GTI-DRAFT" not in {item["code"] for item in api.get("/deliveries").json["items"]}
    with two.app.app_context():
        [enrollment_id] = enrollments_of("GTI-OPEN")
    assert api.get(f"/enrollments/{enrollment_id}").status_code == 404
    assert api.post(f"/enrollments/{enrollment_id}/approve").status_code == 404


def test_a_course_of_another_centre_is_read_by_everybody_and_changed_by_nobody_else(
    two: Two, sign_in: Callable[..., Browser]
) -> None:
    for actor in (two.second, two.trainer):
        api, browser = two.api(actor), sign_in(actor)
        assert api.get("/courses/GTI").json["centre"] == "CENTRE"
        assert api.put("/courses/GTI", {"default_places": 9}).status_code == 403
        assert api.post("/courses/GTI/deliveries", SCHEDULE).status_code == 403
        assert api.post("/courses/GTI/retire").status_code == 403
        page = browser.get("/courses/GTI")
        assert page.status == 200
        assert "Schedule" not in page.text
        assert browser.get("/courses/GTI/edit").status == 403
        assert browser.get("/courses/GTI/schedule").status == 403
    assert two.api(two.first).put("/courses/GTI", {"default_places": 9}).status_code == 200


def test_a_centre_rewords_no_skill_that_a_course_of_another_centre_grants(two: Two) -> None:
    """Its certificates would print the other centre's words. What no course grants, or only
    one's own, is free."""
    code, body = "gender-peace-operations", {"title": {"en": "Gender, in our words"}}
    for actor in (two.trainer, two.second):
        assert two.api(actor).put("/skills/own", {"title": {"en": "Our own"}}).status_code in (
            200,
            201,
        )
        refused = two.api(actor).put(f"/skills/{code}", body)
        assert (refused.status_code, refused.json["code"]) == (403, "not_allowed")
    known = next(
        item for item in two.api(two.second).get("/skills").json["items"] if item["code"] == code
    )
    same = {"title": known["title"]}
    assert two.api(two.second).put(f"/skills/{code}", same).status_code == 200, (
        "the same words change nothing"
    )
    with two.app.app_context():
        administrator = factories.actor(Role.ADMINISTRATOR)
    assert two.api(administrator).put(f"/skills/{code}", body).json["title"] == body["title"]


def test_only_trainers_of_the_centre_can_be_chosen(
    two: Two, sign_in: Callable[..., Browser]
) -> None:
    api = two.api(two.first)
    answer = api.post("/courses/GTI/deliveries", SCHEDULE | {"trainers": [two.trainer.email]})
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "unknown_trainer")
    assert two.trainer.name not in sign_in(two.first).get("/courses/GTI/schedule").text
    assert two.trainer.name in sign_in(two.second).get("/courses/COP/schedule").text
    response = two.api(two.trainer).post("/courses/COP/deliveries", SCHEDULE)
    assert (response.status_code, response.json["centre"]) == (201, "KAC")
    with two.app.app_context():
        assert can(
            factories.refreshed(two.trainer),
            Permission.DELIVERY_WRITE,
            get_delivery(SYSTEM, response.json["code"]),
        )


def test_a_trainer_chosen_before_stays_although_the_role_in_the_centre_ended(two: Two) -> None:
    with two.app.app_context():
        own = courses.delivery(
            two.trainer, course=courses.course(code="COP", centre="KAC"), code="COP-OWN"
        )
        centre_id = own.centre_id
        with transaction():
            services.withdraw_role(
                SYSTEM, two.trainer.person_id, Role.TRAINER, scope=Reach.CENTRE, scope_id=centre_id
            )
        with transaction():
            plan = plan_of(get_delivery(SYSTEM, "COP-OWN"))
            courses_services.change(two.second, get_delivery(SYSTEM, "COP-OWN"), plan, rev=own.rev)
        assert [trainer.id for trainer in trainers_of([own.id])[own.id]] == [two.trainer.person_id]


def test_whoever_may_issue_in_its_delivery_sees_the_job(two: Two) -> None:
    with two.app.app_context():
        job_id = db.session.scalar(
            sa.select(sa.func.min(jobs.Job.id)).where(jobs.Job.kind == "certificates.issue")
        )
    assert two.api(two.first).get(f"/jobs/{job_id}").status_code == 200
    assert two.api(two.second).get(f"/jobs/{job_id}").status_code == 404


def test_one_centre_does_not_read_the_people_of_the_other(two: Two) -> None:
    with two.app.app_context():
        [own], [other] = enrollments_of("COP-OPEN"), enrollments_of("GTI-OPEN")
        rows = {key: db.session.get_one(enrollment.models.Enrollment, key) for key in (own, other)}
        assert can(two.second, Permission.PERSON_READ, rows[own])
        assert not can(two.second, Permission.PERSON_READ, rows[other])
        with pytest.raises(NotFound):
            queries.get_person(
                two.second, rows[own].person_id
            )  # the page of a person is the administrators'


def test_a_centre_is_no_organization_that_its_coordinators_nominate_for(two: Two) -> None:
    """Whoever decides has no part in it: the nominator of a body may not, its coordinator may."""
    with two.app.app_context():
        body = factories.organization("BOTH", "Academy", "GH", ("nominator", "centre"))
        taught = courses.course(code="ACA", centre="BOTH")
        delivery = courses.delivery(course=taught, code="ACA-1", admission="approval")
        coordinator = factories.actor(Role.COORDINATOR, centre_id=body.id)
        partial = factories.actor(
            Role.COORDINATOR, Role.NOMINATOR, centre_id=body.id, organization_id=body.id
        )
        with transaction():
            nominated = enrollment.services.nominate(
                SYSTEM, delivery.id, body, [enrollments.nominee(), enrollments.nominee()]
            )
        assert (coordinator.organization_ids, coordinator.centre_ids) == (
            frozenset(),
            frozenset({body.id}),
        )
        with transaction():
            enrollment.services.approve(coordinator, nominated[0])
        with pytest.raises(NotAllowed) as refusal, transaction():
            enrollment.services.approve(partial, nominated[1])
        assert refusal.value.code == "own_nomination"


# What belongs to whom


def test_a_new_course_belongs_to_the_callers_centre_else_to_the_first(two: Two) -> None:
    body = courses.gti()
    assert two.api(two.second).put("/courses/NEWER", body).json["centre"] == "KAC"
    with two.app.app_context():
        boss = factories.actor(Role.ADMINISTRATOR)
    api = two.api(boss)
    assert api.put("/courses/NEXT", body).json["centre"] == "CENTRE"
    assert api.put("/courses/NAMED", body | {"centre": "kac"}).json["centre"] == "KAC"
    assert api.put("/courses/NAMED", api.get("/courses/NAMED").json).status_code == 200
    refused = [
        api.put("/courses/NAMED", {"centre": "CENTRE"}),
        api.put("/courses/X", body | {"centre": "CA-MFA"}),
        api.put("/courses/X", body | {"centre": "NONE"}),
        two.api(two.second).put("/courses/X", body | {"centre": "CENTRE"}),
        api.post("/courses/NAMED/deliveries", SCHEDULE | {"centre": "CENTRE"}),
    ]
    assert [(answer.status_code, answer.json["code"]) for answer in refused] == [
        (409, "centre_differs"),
        (422, "wrong_kind"),
        (422, "unknown_organization"),
        (403, "not_allowed"),
        (422, "centre_differs"),
    ]


def test_the_form_of_a_course_asks_for_the_centre_only_where_there_is_a_choice(
    two: Two, sign_in: Callable[..., Browser]
) -> None:
    assert "centre" not in sign_in(two.second).get("/courses/new").form(button="Save").names
    with two.app.app_context():
        boss = factories.actor(Role.ADMINISTRATOR)
    form = sign_in(boss).get("/courses/new").form(button="Save")
    assert "centre" in form.names
    page = form.submit(
        "Save",
        **{
            "code": "PAGE",
            "title-en": "Made on a page",
            "centre": "KAC",
            "sessions-0-title-en": "One",
        },
        **{f"sessions-{n}-title-en": "One" for n in range(1, 12)},
    )
    assert page.path == "/courses/PAGE", page.errors
    assert "Second Training Centre" in page.text


def test_a_certificate_names_the_centre_of_its_delivery(two: Two) -> None:
    with two.app.app_context():
        issuers = {
            certificate.payload["delivery_code"]: certificate.payload["issuer"]
            for certificate in db.session.scalars(sa.select(Certificate)).all()
        }
        name = "Second Training Centre"
        assert issuers["COP-DONE"] == {"en": name, "fr": name}
        assert issuers["GTI-DONE"] == {
            "en": "Rostrum Training Centre",
            "fr": "Centre de formation Rostrum",
        }
        title = {"en": "Second Training Centre", "fr": "Deuxième centre de formation"}
        with transaction():
            people_services.put_organization(SYSTEM, "KAC", title=title)
        cop = courses.course(code="COP", centre="KAC")
        [later] = certified.issued(certified.finished_delivery(1, code="COP-LATER", course=cop))
        assert later.payload["issuer"] == title


def test_messages_about_a_delivery_name_its_centre_and_answers_go_there(two: Two) -> None:
    with two.app.app_context():
        place = enrollments.enrolled(get_delivery(SYSTEM, "COP-OPEN"))
        own = db.session.scalars(sa.select(Mail).where(Mail.person_id == place.person_id)).one()
        assert "-- \nSecond Training Centre\n" in own.body
        assert "write to questions@kac.example.org" in own.body
        assert message_from_bytes(compose(own))["Reply-To"] == "questions@kac.example.org"
        other = enrollments.enrolled(get_delivery(SYSTEM, "GTI-OPEN"))
        usual = db.session.scalars(sa.select(Mail).where(Mail.person_id == other.person_id)).one()
        assert "-- \nRostrum Training Centre\n" in usual.body
        assert message_from_bytes(compose(usual))["Reply-To"] == "rostrum@localhost"
        ready = db.session.scalars(
            sa.select(Mail.reply_to).where(Mail.kind == "certificate_ready").order_by(Mail.id)
        ).all()
        assert ready == [None, None, "questions@kac.example.org", "questions@kac.example.org"]


def test_a_calendar_names_the_centre_as_organizer(two: Two) -> None:
    file = two.app.test_client().get("/deliveries/COP-OPEN.ics").text.replace("\r\n ", "")
    assert 'ORGANIZER;CN="Second Training Centre":mailto:questions@kac.example.org' in file.replace(
        "CN=Second Training Centre", 'CN="Second Training Centre"'
    )


def test_a_funder_is_a_name_on_deliveries(two: Two, sign_in: Callable[..., Browser]) -> None:
    assert (
        "funder" not in sign_in(two.first).get("/courses/GTI/schedule").form(button="Publish").names
    )
    with two.app.app_context():
        factories.organization("FUND", "Fund for Training", None, ("funder",))
    api = two.api(two.first)
    response = api.post("/courses/GTI/deliveries", SCHEDULE | {"funder": "fund"})
    assert (response.status_code, response.json["funder"], response.json["centre"]) == (
        201,
        "FUND",
        "CENTRE",
    )
    assert (
        api.post("/courses/GTI/deliveries", SCHEDULE | {"funder": "CA-MFA"}).json["code"]
        == "wrong_kind"
    )
    code = response.json["code"]
    api.post(f"/deliveries/{code}/publish")
    page = Browser(two.app).get(f"/deliveries/{code}")
    assert "Funded byFund for Training" in page.text
    browser = sign_in(two.first)
    form = browser.get(f"/deliveries/{code}/edit").form(button="Save")
    page = form.submit("Save", funder="")
    assert page.path == f"/deliveries/{code}"
    assert "Funded by" not in page.text


# Bodies themselves


def test_coordinators_record_bodies_that_nominate_and_administrators_all(two: Two) -> None:
    with two.app.app_context():
        boss = factories.actor(Role.ADMINISTRATOR)
    api, full = two.api(two.first), two.api(boss)
    response = api.put(
        "/organizations/SN-PN",
        {"name": "Police nationale", "kinds": ["nominator"], "country": "SN"},
    )
    assert (response.status_code, response.json["kinds"]) == (201, ["nominator"])
    assert api.put("/organizations/SN-PN", {"country": None}).json["country"] is None
    for code, body in (
        ("NEW", {"name": "X", "kinds": ["centre"]}),
        ("SN-PN", {"kinds": ["nominator", "funder"]}),
        ("KAC", {"name": "Y"}),
    ):
        assert api.put(f"/organizations/{code}", body).status_code == 403, code
    response = full.put(
        "/organizations/NEW", {"name": "New Centre", "kinds": ["centre", "roster_office"]}
    )
    assert (response.status_code, response.json["kinds"]) == (201, ["centre", "roster_office"])
    assert (
        full.put("/organizations/NEW", {"name": "New Centre", "kinds": ["museum"]}).status_code
        == 422
    )
    assert (
        full.put("/organizations/NONE", {"kinds": ["nominator"]}).json["errors"][0]["field"]
        == "name"
    )
    centres = full.get("/organizations?kind=centre").json["items"]
    assert {centre["code"] for centre in centres} == {"CENTRE", "KAC", "NEW"}
    assert two.api(two.trainer).get("/organizations").status_code == 403


def test_the_page_of_bodies_says_what_each_does_and_that_nobody_signs_in_for_a_funder(
    two: Two, sign_in: Callable[..., Browser]
) -> None:
    with two.app.app_context():
        boss, kac = factories.actor(Role.ADMINISTRATOR), queries.find_body("KAC").id
    browser = sign_in(boss)
    page = browser.get("/administration/organizations")
    assert "no one signs in for it" in page.text
    assert "Second Training Centre KAC Training centre" in page.text
    page = (
        page.follow("Second Training Centre")
        .form(button="Save")
        .submit(kinds=["centre", "funder"], **{"title-fr": "Deuxième centre"})
    )
    assert "Training centre, Funder" in page.text
    mine = sign_in(two.first)
    assert mine.get(f"/administration/organizations/{kac}").status == 403
    assert "kinds" not in mine.get("/administration/organizations/new").form(button="Save").names


def test_a_role_is_given_only_in_a_body_of_the_right_kind(
    two: Two, sign_in: Callable[..., Browser]
) -> None:
    with two.app.app_context():
        boss, person = factories.actor(Role.ADMINISTRATOR), factories.person("Nora", "Berg").id
        factories.organization("FUND", "Fund for Training", None, ("funder",))
        bodies = {code: queries.find_body(code).id for code in ("FUND", "KAC", "CA-MFA", "ROSTER")}
        for role, code in (
            (Role.COORDINATOR, "CA-MFA"),
            (Role.TRAINER, "FUND"),
            (Role.ROSTER, "KAC"),
            (Role.NOMINATOR, "FUND"),
        ):
            with pytest.raises(Invalid) as refusal, transaction():
                services.assign_within(
                    boss, person, role, db.session.get_one(Organization, bodies[code])
                )
            assert (refusal.value.code, refusal.value.field) == ("wrong_kind", "organization")
    page = sign_in(boss).get(f"/administration/people/{person}")
    form = page.form(action="/roles")
    assert form.submit(role="roster", organization=str(bodies["KAC"])).status == 422
    assert "Fund for Training" not in page.text, "no one signs in for a funder"
    page = form.submit(role="coordinator", organization=str(bodies["KAC"]))
    assert "Coordinator Second Training Centre" in page.text
    with two.app.app_context():
        nora = factories.actor_of(db.session.get_one(Person, person))
    assert "Coordinator (Second Training Centre)" in sign_in(nora).get("/me").text
    page = page.form(action="/roles").submit(role="roster", organization="")
    assert "Roster staff Rostrum Training Centre" in page.text


def test_a_body_stays_what_something_depends_on(two: Two) -> None:
    with two.app.app_context():
        factories.organization("FUND", "Fund for Training", None, ("funder",))
        fund = queries.find_body("FUND").id
        courses.delivery(code="PAID", funder_id=fund)
        factories.actor(Role.NOMINATOR, organization_id=queries.find_body("CA-MFA").id)
        for code, kinds in (
            ("KAC", ["funder"]),
            ("FUND", ["nominator"]),
            ("CA-MFA", ["funder"]),
            ("CENTRE", ["nominator"]),
            ("ROSTER", ["centre", "roster_office"]),
        ):
            with pytest.raises(Conflict) as refusal, transaction():
                people_services.put_organization(SYSTEM, code, kinds=kinds)
            assert (refusal.value.code, refusal.value.field) == ("kind_in_use", "kinds"), code


def test_only_nominating_bodies_put_people_forward(
    two: Two, sign_in: Callable[..., Browser]
) -> None:
    person = {
        "given_name": "Ama",
        "family_name": "Boateng",
        "email": "ama@example.org",
        "country": "GH",
    }
    body = {"person": person, "category": "police"}
    answer = two.api(two.second).post(
        "/deliveries/COP-OPEN/enrollments", body | {"nominated_by": "KAC"}
    )
    assert (answer.status_code, answer.json["code"]) == (422, "wrong_kind")
    with two.app.app_context(), pytest.raises(Invalid), transaction():
        enrollment.services.nominate(
            SYSTEM,
            get_delivery(SYSTEM, "COP-OPEN").id,
            queries.find_body("KAC"),
            [enrollments.nominee()],
        )
    page = sign_in(two.second).get("/deliveries/COP-OPEN/nominate")
    assert "Ministry of Foreign Affairs" in page.text
    assert "Second Training Centre" not in [
        option for text in page.all("option") for option in text.itertext()
    ]


def test_what_is_printed_on_certificates_can_be_printed(context: Flask) -> None:
    for value, field in (
        ({"name": "Centre \U0001f600"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "C", "title": {"fr": "\U0001f600"}}, "title.fr"),
    ):
        with pytest.raises(Invalid) as refusal, transaction():
            people_services.create_organization(SYSTEM, code="NEW", kinds=["centre"], **value)
        assert refusal.value.field == field
    with transaction():
        people_services.create_organization(SYSTEM, code="LONG", name="x" * 200)


@pytest.mark.both_databases
def test_a_small_installation_has_its_centre_and_its_roster_office(context: Flask) -> None:
    centre, office = queries.first_body(BodyKind.CENTRE), queries.first_body(BodyKind.ROSTER_OFFICE)
    assert [
        (organization_.code, organization_.kinds, dict(organization_.titles))
        for organization_ in (centre, office)
    ] == [
        (
            "CENTRE",
            ["centre"],
            {"en": "Rostrum Training Centre", "fr": "Centre de formation Rostrum"},
        ),
        (
            "ROSTER",
            ["roster_office"],
            {"en": "Rostrum Training Centre", "fr": "Centre de formation Rostrum"},
        ),
    ]
    delivery = courses.delivery()
    person = enrollments.enrolled(delivery)
    assert {delivery.centre_id, delivery.course.centre_id, person.centre_id} == {centre.id}
    assert [body.code for body in queries.bodies_of(BodyKind.CENTRE)] == ["CENTRE"]
    coordinator = factories.actor(Role.COORDINATOR)
    assert db.session.scalars(enrollment.queries.enrollments_visible(coordinator)).all() == [person]


def test_roster_staff_see_the_number_of_a_certificate_and_not_the_certificate(
    two: Two, sign_in: Callable[..., Browser]
) -> None:
    with two.app.app_context():
        roster = factories.actor(Role.ROSTER)
        number, person_id = db.session.execute(
            sa.select(Certificate.number, Certificate.person_id)
        ).first()
        expert_id = db.session.scalar(sa.select(Expert.id).where(Expert.person_id == person_id))
        factories.consent(person_id)
        experts.admitted(person_id)
    browser = sign_in(roster)
    page = browser.get(f"/roster/{expert_id}")
    assert page.status == 200 and number in page.text
    assert f"/certificates/{number}" not in [link.get("href") for link in page.all("a")]
    assert browser.get(f"/certificates/{number}").status == 404


def test_a_person_enrolled_by_a_coordinator_is_recognised_across_centres(two: Two) -> None:
    """A person exists once, whichever centre meets the person first; gaps are filled by both."""
    with two.app.app_context():
        first = factories.person("Ama", "Boateng", email="ama@example.org", country=None)
        with transaction():
            person = people_services.record_person(
                two.second,
                given_name="Ama",
                family_name="Boateng",
                email="ama@example.org",
                country="GH",
                birth_date=date(1990, 1, 1),
            )
            enrollment.services.enroll(
                two.second, get_delivery(SYSTEM, "COP-OPEN").id, person, Wish("police")
            )
        assert (person.id, person.country) == (first.id, "GH")


def test_the_check_finds_what_belongs_to_another_centre_than_its_course(two: Two) -> None:
    with two.app.app_context():
        assert list(certificates.queries.checking._strays()) == []
        kac, [person, _other] = queries.find_body("KAC").id, enrollments_of("GTI-DONE")
        db.session.rollback()
        with db.engine.begin() as connection:
            connection.exec_driver_sql(
                f"UPDATE enrollment SET centre_id = {kac} WHERE id = {person}"
            )
            connection.exec_driver_sql(
                f"UPDATE certificate SET centre_id = {kac} WHERE enrollment_id = {person}"
            )
    checked = two.app.test_cli_runner().invoke(args=["check"])
    assert checked.exit_code == 1
    assert (
        f"bodies: enrollment {person} belongs to another centre than its delivery" in checked.output
    )
    assert "bodies: certificate" in checked.output
