"""Every rule and method of the application against one table: who gets in, who is refused, who
learns nothing.

Columns: anonymous · the person itself · another person · a nominator of another organization · a
trainer of another delivery · a coordinator · an administrator; and roster staff, another centre's
trainer and coordinator, and another roster office's staff, who get what another person gets except
where BESIDES says more. A new route without a row fails. Values:

in reached (whatever the answer then says about the values sent) sign sent to the sign-in page, or
401 in the API no 403 hidden 404, the same answer as for something that does not exist
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from accounts import services as accounts_services
from accounts.models import ApiToken
from accounts.roles import Role
from core import clock, jobs, mail
from core.database import db, transaction
from core.policy import SYSTEM, Actor
from enrollment import services as enrollment_services
from enrollment.models import Enrollment, IdentityQuestion, QuestionStatus
from enrollment.services import Nominee
from people import services as people_services
from people.models import Organization, Person
from people.personnel import PersonnelCategory
from roster import services as roster_services
from roster.models import Expert
from tests import factories
from tests.access_rows import FOREIGN_COORDINATOR, FOREIGN_ROSTER, FOREIGN_TRAINER, ROSTER, ROWS
from tests.browsing import Browser
from tests.courses import makers as courses
from tests.enrollment import makers as enrollments
from tests.enrollment.test_apply_pages import ABOUT

ACTORS = ("anonymous", "self", "other", "nominator", "trainer", "coordinator", "administrator")
BESIDES = {
    "roster": ROSTER,
    "foreign_trainer": FOREIGN_TRAINER,
    "foreign_coordinator": FOREIGN_COORDINATOR,
    "foreign_roster": FOREIGN_ROSTER,
}
VISITORS = (*ACTORS, *BESIDES)


@dataclass
class World:
    """One delivery with a person in it, another with someone else, one finished and certified;
    and people who look at them."""

    app: Flask
    actors: dict[str, Actor | None]
    tokens: dict[str, str | None]
    names: dict[str, str]  # what an address part is replaced by, by its name or by "endpoint.name"


@pytest.fixture
def world(app: Flask) -> World:
    with app.app_context():
        return build_world(app)


def build_world(app: Flask) -> World:
    own = factories.organization("CA-MFA")
    foreign = factories.organization("SN-PN", "Police nationale", "SN")
    course = courses.course(code="GTI")
    delivery = courses.delivery(course=course, code="OPEN")
    elsewhere = courses.delivery(course=course, code="ELSEWHERE")
    draft = courses.delivery(course=course, code="DRAFT", published=False)
    done = courses.delivery(course=course, code="DONE")
    person = factories.actor(email="self@example.org")
    enrollment = _nominated(delivery.id, own, person)
    finished = _nominated(done.id, own, person)
    foreigner = enrollments.enrolled(elsewhere)
    enrollments.attend(done, finished, score=90)
    enrollments.finished(done)
    ids = {
        "enrollment_id": str(enrollment.id),
        "person_id": str(person.person_id),
        "organization_id": str(own.id),
        "foreigner": str(foreigner.id),
        "draft": draft.code,
        "certificates.preview.enrollment_id": str(finished.id),
    }
    centre_id, office_id = factories.centre().id, factories.office().id
    _shows_emblem(centre_id)
    theirs = courses.delivery(
        course=courses.course(code="THEIRS", centre="KAC", grants=[]), code="THEIRS"
    )
    foreign_id, elsewhere_id, theirs_id = foreign.id, elsewhere.id, theirs.id
    certificate = _certified(done.id)
    factories.consent(person.person_id)  # roster staff see no one who has not said yes
    with transaction():
        roster_services.admit(
            SYSTEM, db.session.scalars(db.select(Expert)).one()
        )  # to the first roster office
    actors: dict[str, Actor | None] = {
        "anonymous": None,
        "self": person,
        "other": factories.actor(),
        "nominator": factories.actor(Role.NOMINATOR, organization_id=foreign_id),
        "trainer": factories.actor(Role.TRAINER, delivery_id=elsewhere_id),
        "coordinator": factories.actor(Role.COORDINATOR),
        "administrator": factories.actor(Role.ADMINISTRATOR),
        "roster": factories.actor(Role.ROSTER),
        "foreign_trainer": factories.actor(
            Role.TRAINER, centre_id=centre_id, delivery_id=theirs_id
        ),
        "foreign_coordinator": factories.actor(Role.COORDINATOR, centre_id=centre_id),
        "foreign_roster": factories.actor(Role.ROSTER, office_id=office_id),
    }
    expert = db.session.scalars(db.select(Expert)).first()
    letter = db.session.scalars(db.select(mail.Mail)).first()
    assert expert and letter
    job = db.session.scalars(
        db.select(jobs.Job).where(jobs.Job.kind == "certificates.issue")
    ).first()
    names = {
        **ids,
        "code": "OPEN",
        "number": certificate["number"],
        "expert_id": str(expert.id),
        "mail_id": str(letter.id),
        "job_id": str(job.id if job else 0),
        "token_id": "1",
        "token": certificate["token"],
        "filename": "rostrum.css",
        "roster_api.put_expert.id": "NEW-1",
        "roster_api.admit.id": str(expert.id),
        "roster_api.get_expert.id": str(expert.id),
        "skill": "gender-peace-operations",
        "courses.course.code": "GTI",
        "courses.edit.code": "GTI",
        "courses.schedule.code": "GTI",
        "courses.retire.code": "GTI",
        "courses.bring_back.code": "GTI",
        "courses_api.retire_course.code": "GTI",
        "courses_api.bring_course_back.code": "GTI",
        "courses_api.get_course.code": "GTI",
        "courses_api.put_course.code": "GTI",
        "courses_api.post_delivery.code": "GTI",
        "courses_api.put_skill.code": "gender-peace-operations",
        "people_api.put_organization.code": "CA-MFA",
        "people_api.get_organization.code": "CA-MFA",
        "people.emblem.organization_id": str(centre_id),
        "certificates.archive.code": "DONE",
        "certificates.preview.code": "DONE",
        "certificates.issue_page.code": "DONE",
        "classroom.attendance_session.number": "1",
        "enrollment.save_attendance.number": "1",
    }
    names |= _doubts(int(ids["enrollment_id"]), int(ids["foreigner"]))
    names["roster.question.token"] = names["roster.answer_question.token"] = _question_address()
    tokens = {name: _token(actor) for name, actor in actors.items()}
    return World(app, actors, tokens, names)


def _shows_emblem(centre_id: int) -> None:
    with transaction():
        people_services.change_emblem(
            SYSTEM, db.session.get_one(Organization, centre_id), b"a picture"
        )


def _nominated(delivery_id: int, organization: Organization, person: Actor) -> Enrollment:
    with transaction():
        enrollments = enrollment_services.nominate(
            SYSTEM,
            delivery_id,
            organization,
            [
                Nominee(
                    "civilian",
                    given_name="Amina",
                    family_name="Diallo",
                    email=person.email,
                    country="CA",
                )
            ],
        )
        return enrollments[0]


def _doubts(enrollment_id: int, foreigner_id: int) -> dict[str, str]:
    """A question whether two records are one person, and a merge that waits for a second
    reviewer."""
    with transaction():
        other_id = db.session.get_one(Enrollment, foreigner_id).person_id
        question = IdentityQuestion(
            enrollment_id=enrollment_id,
            candidate_id=other_id,
            status=QuestionStatus.OPEN,
            agrees=["address"],
            differs=["name"],
            asked_at=clock.now(),
        )
        db.session.add(question)
        merged = db.session.get_one(Enrollment, enrollment_id).person_id
        merge = people_services.propose_merge(SYSTEM, other_id, merged, reason="One person")
        db.session.flush()
        return {
            "question_id": str(question.id),
            "merge_id": str(merge.id),
            "step": "confirm",
            "foreigner_id": str(other_id),
        }


def _question_address() -> str:
    """The token of the question to someone whom roster staff want a profile of."""
    who = {"given_name": "Asked", "family_name": "Person", "email": "asked@example.org"}
    with transaction():
        roster_services.put_expert(
            SYSTEM,
            "ASKED-1",
            roster_services.Profile(person=who, category=PersonnelCategory.POLICE),
        )
    body = db.session.scalars(
        db.select(mail.Mail.body).where(mail.Mail.kind == "roster_asked")
    ).one()
    return re.findall(r"/roster/asked/([\w-]+)", body)[0]


def _certified(delivery_id: int) -> dict[str, str]:
    import certificates.services
    from certificates.models import Certificate

    with factories.after(delivery_id):
        with transaction():
            certificates.services.request_issue(SYSTEM, delivery_id, None)
        jobs.drain()
    certificate = db.session.scalars(db.select(Certificate)).one()
    return {"number": certificate.number, "token": certificate.token}


def _token(actor: Actor | None) -> str | None:
    if actor is None:
        return None
    with transaction():
        return accounts_services.create_token(
            SYSTEM, db.session.get_one(Person, actor.person_id), name="table"
        )


def body_of(world: World, method: str, path: str) -> dict | None:
    """Values good enough to reach the rule that decides who may: an empty body would be refused
    for its shape first."""
    if method == "GET":
        return None
    person = {
        "given_name": "New",
        "family_name": "Person",
        "email": "new@example.org",
        "country": "CA",
    }
    shapes: dict[str, dict[str, Any]] = {
        "/me/consents": {"purpose": "contact", "given": True},
        "/consent-on-paper": {
            "person": person,
            "reference": "HR-1",
            "signed_on": "2026-11-20",
            "document": "Form 3",
        },
        "/attendance": {
            "marks": [
                {"enrollment": int(world.names["enrollment_id"]), "session": 1, "mark": "present"}
            ]
        },
        "/scores": {
            "scores": [
                {"enrollment": int(world.names["enrollment_id"]), "kind": "post", "percent": 90}
            ]
        },
        "/enrollments": {"person": person, "category": "civilian"},
        "/nominations": {"nominations": [{"person": person, "category": "civilian"}]},
        "/courses/GTI/deliveries": {
            "starts_on": "2027-06-07",
            "time_zone": "Africa/Dakar",
            "venue": "Dakar",
            "country": "SN",
            "language": "fr",
        },
        "/reopen": {"enrollments": [int(world.names["enrollment_id"])], "reason": "No."},
        "/revoke/decline": {},
        f"/merges/{world.names['merge_id']}/decline": {},
        "/decline": {"reason": "No."},
        "/suspend": {"note": "A doubt."},
        "/lift": {"note": "No doubt."},
        "/people/merges": {
            "keep": int(world.names["foreigner_id"]),
            "merge": int(world.names["person_id"]),
            "reason": "One person.",
        },
        "/cancel": {"reason": "No."},
        "/cut-short": {"after_session": 1, "reason": "No."},
        "/revoke": {"reason_code": "recognition_withdrawn", "note": ""},
        "/reissue": {"reason": "A slip in the name."},
        "/experts/NEW-1": {
            "person": person | {"email": "expert@example.org"},
            "category": "civilian",
        },
        "/skills/gender-peace-operations": {"title": {"en": "Gender"}},
    }
    return next((shape for end, shape in shapes.items() if path.endswith(end)), {})


def address(world: World, rule: Rule) -> str:
    """The rule's address with the world's own parts filled in."""

    def fill(match: re.Match[str]) -> str:
        name = match.group(1).rpartition(":")[2]
        return world.names.get(f"{rule.endpoint}.{name}", world.names.get(name, "?"))

    return re.sub(r"<([^>]+)>", fill, rule.rule)


def answer(world: World, name: str, method: str, path: str) -> str:
    """What this actor gets, in the table's words."""
    if path.startswith("/api/"):
        headers = {"Authorization": f"Bearer {world.tokens[name]}"} if world.tokens[name] else {}
        response = world.app.test_client(use_cookies=False).open(
            path, method=method, headers=headers, json=body_of(world, method, path)
        )
    else:
        response = _visit(world, name, method, path)
    status, location = response.status_code, response.headers.get("Location", "")
    assert status < 500, f"{name} {method} {path}: {status}"
    if status == 401 or (status == 303 and location.startswith("/sign-in?")):
        return "sign"
    return {403: "no", 404: "hidden"}.get(status, "in")


def _visit(world: World, name: str, method: str, path: str) -> TestResponse:
    browser = Browser(world.app)
    actor = world.actors[name]
    if actor is not None:
        factories.sign_in(browser, actor)
    if method == "GET":
        return browser.client.get(path)
    return browser.client.post(path, data={"csrf_token": browser.token()})


def rules(app: Flask) -> list[tuple[str, Rule]]:
    return [
        (method, rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def test_every_rule_has_its_row_and_every_row_its_rule(app: Flask) -> None:
    assert set(ROWS) == {f"{method} {rule.rule}" for method, rule in rules(app)}


@pytest.mark.parametrize("name", VISITORS)
def test_everybody_gets_what_the_table_says(world: World, name: str) -> None:
    """All addresses for one kind of visitor. What a call changes, later ones would see:
    destructive ones come last."""
    wrong = []
    for method, rule in sorted(rules(world.app), key=order):
        row = f"{method} {rule.rule}"
        expected = expected_of(row, name)
        got = answer(world, name, method, address(world, rule))
        if got != expected:
            wrong.append(f"{row}: {got}, not {expected}")
    assert wrong == [], "\n".join(wrong)


def expected_of(row: str, name: str) -> str:
    if row in BESIDES.get(name, {}):
        return BESIDES[name][row]
    return ROWS[row].split()[ACTORS.index("other" if name in BESIDES else name)]


@pytest.mark.parametrize("name", BESIDES)
def test_what_is_said_besides_is_said_of_rows_and_says_something_else(name: str) -> None:
    sentence = BESIDES[name]
    assert {
        row
        for row in sentence
        if row not in ROWS or sentence[row] == ROWS[row].split()[ACTORS.index("other")]
    } == set()


def order(item: tuple[str, Rule]) -> tuple[bool, bool, str]:
    """Reading first, then writing, then what ends sessions or accounts."""
    method, rule = item
    ends = any(word in rule.rule for word in ("sign-out", "close", "/end", "/me/", "sign-in"))
    return method != "GET", ends, rule.rule


#: For each rule that names a child below its parent: a real child under its own parent, and the
#: same child under another.
NESTED = {
    "POST /administration/people/<int:person_id>/tokens/<int:token_id>/revoke": (
        "/administration/people/{other_id}/tokens/{other_token_id}/revoke",
        "/administration/people/{person_id}/tokens/{other_token_id}/revoke",
    ),
    "GET /deliveries/<code>/applications/<token>": (
        "/deliveries/ELSEWHERE/applications/{sent}",
        "/deliveries/OPEN/applications/{sent}",
    ),
    "GET /deliveries/<code>/attendance/<int:number>": (
        "/deliveries/OPEN/attendance/12",
        "/deliveries/BRIEF/attendance/12",
    ),
    "POST /deliveries/<code>/attendance/<int:number>": (
        "/deliveries/OPEN/attendance/12",
        "/deliveries/BRIEF/attendance/12",
    ),
    "GET /deliveries/<code>/certificates/<int:enrollment_id>/preview.pdf": (
        "/deliveries/DONE/certificates/{certificates.preview.enrollment_id}/preview.pdf",
        "/deliveries/OPEN/certificates/{certificates.preview.enrollment_id}/preview.pdf",
    ),
}


def test_every_rule_with_a_child_has_its_pair(app: Flask) -> None:
    assert set(NESTED) == {
        f"{method} {rule.rule}" for method, rule in rules(app) if len(rule.arguments - {"step"}) > 1
    }


@pytest.mark.parametrize("row", NESTED)
def test_a_child_is_reached_under_its_own_parent_only(world: World, row: str) -> None:
    """Even by an administrator: what belongs elsewhere is unknown here. First the wrong address:
    the right one may use it up."""
    method, (own, foreign) = row.split(maxsplit=1)[0], NESTED[row]
    names = world.names | _nested(world)
    assert [
        answer(world, "administrator", method, _filled(path, names)) for path in (foreign, own)
    ] == ["hidden", "in"]


def _filled(path: str, names: dict[str, str]) -> str:
    return re.sub(r"\{([^}]+)\}", lambda match: names[match[1]], path)


def _nested(world: World) -> dict[str, str]:
    """A key of another person, an application sent to ELSEWHERE, and a delivery of one session."""
    other = world.actors["other"]
    with world.app.app_context():
        token_id = db.session.scalar(
            db.select(ApiToken.id).where(ApiToken.person_id == other.person_id)
        )
        brief = courses.course(code="BRIEF", sessions=courses.gti()["sessions"][:1])
        courses.delivery(course=brief, code="BRIEF")
    page = (
        Browser(world.app)
        .get("/deliveries/ELSEWHERE/apply")
        .form("/apply")
        .submit("Continue", **ABOUT)
    )
    sent = (
        page.form("/apply")
        .submit("Continue")
        .form("/apply")
        .submit("Send application", consent="y")
    )
    assert "/applications/" in sent.path
    return {
        "other_id": str(other.person_id),
        "other_token_id": str(token_id),
        "sent": sent.path.rpartition("/")[2],
    }


ELSEWHERES: list[tuple[str, str, Callable[[World], dict]]] = [
    (
        "PUT",
        "/api/v1/deliveries/OPEN/attendance",
        lambda w: {
            "marks": [{"enrollment": int(w.names["foreigner"]), "session": 1, "mark": "present"}]
        },
    ),
    (
        "PUT",
        "/api/v1/deliveries/OPEN/scores",
        lambda w: {
            "scores": [{"enrollment": int(w.names["foreigner"]), "kind": "post", "percent": 90}]
        },
    ),
    (
        "POST",
        "/api/v1/deliveries/DONE/certificates",
        lambda w: {"enrollments": [int(w.names["foreigner"])]},
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "body"), ELSEWHERES, ids=[f"{m} {p}" for m, p, _ in ELSEWHERES]
)
def test_a_body_reaches_no_child_of_another_parent(
    world: World, method: str, path: str, body: Callable[..., Any]
) -> None:
    headers = {"Authorization": f"Bearer {world.tokens['administrator']}"}
    response = world.app.test_client(use_cookies=False).open(
        path, method=method, headers=headers, json=body(world)
    )
    assert response.status_code in (404, 422), response.status_code


def test_a_trainer_may_on_the_own_delivery_what_the_table_refuses_on_others(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.tokens['trainer']}"}
    client = world.app.test_client(use_cookies=False)
    assert client.get("/api/v1/deliveries/ELSEWHERE/attendance", headers=headers).status_code == 200
    assert client.get("/api/v1/deliveries/OPEN/attendance", headers=headers).status_code in (
        403,
        404,
    )


def test_the_own_nominator_sees_what_another_does_not(world: World) -> None:
    with world.app.app_context():
        own = factories.actor(Role.NOMINATOR, organization_id=factories.organization("CA-MFA").id)
        token = _token(own)
    client = world.app.test_client(use_cookies=False)
    path = f"/api/v1/enrollments/{world.names['enrollment_id']}"
    assert client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert (
        client.get(
            path, headers={"Authorization": f"Bearer {world.tokens['nominator']}"}
        ).status_code
        == 404
    )
