"""Nothing before its time, nothing after it: marks, scores, results, certificates and skills, by
the delivery's own clock; a course that was cut short; the cut-off of the waiting list; a mark
that is corrected after the end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from accounts.sessions import actor_of
from certificates import services as certificates
from certificates.models import Certificate
from certificates.queries import list_register
from classroom.models import Mark
from core import audit, clock, jobs
from core.checking import breaches
from core.database import db, transaction
from core.errors import Conflict, DomainError
from core.mail import Mail
from core.policy import SYSTEM
from courses import services as courses
from courses.models import Delivery, DeliverySession
from courses.queries import get_delivery, is_open_for_enrollment, is_upcoming, plan_of, upcoming_of
from enrollment import catalogue, queries, services
from enrollment.models import Enrollment
from roster.models import Expert, ExpertSkill
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.courses import makers as course_makers
from tests.enrollment import makers
from tests.roster import makers as roster_makers
from tests.test_journey_api import gti

HOUR = timedelta(hours=1)
#: The Gender Training Initiative in Halifax, 8 to 10 March 2027: first session from 13:00 UTC, last
#: until 21:00 UTC.
BEGINS, ENDS = datetime(2027, 3, 8, 13, tzinfo=UTC), datetime(2027, 3, 10, 21, tzinfo=UTC)
SECOND_DAY_ENDS = datetime(2027, 3, 9, 21, tzinfo=UTC)
Maker = Callable[..., Any]


@pytest.fixture
def office(app: Flask) -> ApiClient:
    """A coordinator's program."""
    with app.app_context():
        return ApiClient(app, makers.token_of(factories.actor(Role.COORDINATOR, Role.ROSTER)))


@pytest.fixture
def coordinator(app: Flask, sign_in: Any) -> Callable[[], Browser]:
    """A coordinator's browser, signed in at the time it is asked for."""

    def make() -> Browser:
        with app.app_context():
            return sign_in(factories.actor(Role.COORDINATOR))

    return make


def running(app: Flask, *names: str, **changes: Any) -> tuple[str, list[int]]:
    """The code of a delivery, and the enrollments of Awa so-and-so."""
    with app.app_context():
        into = course_makers.delivery(**changes)
        enrollments = [
            makers.enrolled(into, "police", factories.person("Awa", name))
            for name in names or ("Ba",)
        ]
        return into.code, [enrollment.id for enrollment in enrollments]


def marks(enrollment: int, first: int = 1, last: int = 12, mark: str = "present") -> dict[str, Any]:
    return {
        "marks": [
            {"enrollment": enrollment, "session": n, "mark": mark} for n in range(first, last + 1)
        ]
    }


def post_score(enrollment: int, kind: str = "post") -> dict[str, Any]:
    return {"scores": [{"enrollment": enrollment, "kind": kind, "percent": 90}]}


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def status_of(app: Flask, enrollment: int) -> str:
    with app.app_context():
        return db.session.get_one(Enrollment, enrollment).status.value


# Nothing before its time


def test_no_mark_before_its_session_has_begun(app: Flask, office: ApiClient) -> None:
    code, [ba] = running(app)
    clock.travel(app, BEGINS - timedelta(seconds=30))
    assert refused(office.put(f"/deliveries/{code}/attendance", marks(ba, 1, 1))) == (
        409,
        "session_not_begun",
    )
    clock.travel(app, BEGINS)
    assert office.put(f"/deliveries/{code}/attendance", marks(ba, 1, 1)).json == {"recorded": 1}
    both = office.put(f"/deliveries/{code}/attendance", marks(ba, 1, 2))
    assert refused(both) == (409, "session_not_begun"), "all of them, or none"
    assert "begins on 8 March 2027, 11:00" in both.json["detail"] + both.json.get("title", "")
    wrong = office.put(
        f"/deliveries/{code}/attendance",
        {"marks": [*marks(ba, 2, 2)["marks"], *marks(999, 1, 1)["marks"]]},
    )
    assert wrong.status_code == 422, "what is wrong is told first"


def test_a_session_to_come_offers_no_marks_on_its_page(app: Flask, coordinator: Maker) -> None:
    code, [ba] = running(app)
    clock.travel(app, BEGINS)
    browser = coordinator()
    assert browser.get(f"/deliveries/{code}/attendance/1").form("/attendance/1")
    page = browser.get(f"/deliveries/{code}/attendance/2")
    assert (
        "This session begins on 8 March 2027, 11:00 (AST)." in page.text
        and "Save attendance" not in page.text
    )
    sent = browser.post(
        f"/deliveries/{code}/attendance/2", {"csrf_token": browser.token(), f"mark-{ba}": "present"}
    )
    assert sent.status == 409
    with app.app_context():
        assert db.session.scalars(sa.select(Mark)).all() == []


def test_no_final_score_before_the_course_and_a_first_test_at_any_time(
    app: Flask, office: ApiClient, coordinator: Maker
) -> None:
    code, [ba] = running(app)
    path = f"/deliveries/{code}/scores"
    assert refused(office.put(path, post_score(ba))) == (409, "session_not_begun")
    assert office.put(path, post_score(ba, "pre")).json == {"recorded": 1}
    browser = coordinator()
    page = browser.get(path)
    assert (
        "You can enter post-test scores once it has" in page.text
        and f"post-{ba}" not in page.form("/scores").names
    )
    sent = {
        "csrf_token": browser.token(),
        f"was-pre-{ba}": "90",
        f"was-post-{ba}": "",
        f"post-{ba}": "90",
    }
    assert browser.post(path, sent).status == 409
    clock.travel(app, BEGINS)
    assert office.put(path, post_score(ba)).json == {"recorded": 1}
    assert f"post-{ba}" in coordinator().get(path).form("/scores").names


def test_nothing_is_finished_before_the_last_session_has_ended(
    app: Flask, office: ApiClient
) -> None:
    code, [ba] = running(app)
    for moment in (BEGINS - HOUR, BEGINS + HOUR, ENDS - timedelta(seconds=30)):
        clock.travel(app, moment)
        assert refused(office.post(f"/deliveries/{code}/finish")) == (409, "not_over")
    assert status_of(app, ba) == "confirmed"
    clock.travel(app, ENDS)
    assert office.post(f"/deliveries/{code}/finish").json["status"] == "finished"


def test_no_certificate_before_the_last_session_has_ended(app: Flask, office: ApiClient) -> None:
    """Of a delivery that was finished too early, as in old data; reopened or not."""
    code, [ba] = running(app)
    with app.app_context():
        into = get_delivery(SYSTEM, code)
        makers.attend(into, db.session.get_one(Enrollment, ba), score=90)
        makers.finished(into)
    assert refused(office.post(f"/deliveries/{code}/certificates")) == (409, "not_over")
    assert refused(office.post(f"/deliveries/{code}/certificates", {"enrollments": [ba]})) == (
        409,
        "not_over",
    )
    with app.app_context(), pytest.raises(Conflict) as refusal, transaction():
        certificates.issue(SYSTEM, db.session.get_one(Enrollment, ba))
    assert refusal.value.code == "not_over"
    assert (
        office.post(
            f"/deliveries/{code}/reopen", {"enrollments": [ba], "reason": "A slip"}
        ).status_code
        == 200
    )
    assert refused(office.post(f"/deliveries/{code}/finish")) == (409, "not_over")
    clock.travel(app, ENDS)
    assert office.post(f"/deliveries/{code}/finish").status_code == 200
    assert office.post(f"/deliveries/{code}/certificates").status_code == 202


def test_a_skill_is_not_yet_valid_before_its_day(
    app: Flask, office: ApiClient, sign_in: Any
) -> None:
    """As of old data, in every list, answer, search and file."""
    code, [ba] = running(app)
    clock.travel(app, ENDS)
    with app.app_context():
        into = get_delivery(SYSTEM, code)
        holder = db.session.get_one(Enrollment, ba).person_id
        factories.consent(holder)
        makers.attend(into, db.session.get_one(Enrollment, ba), score=90)
        makers.finished(into)
        with transaction():
            certificates.issue(SYSTEM, db.session.get_one(Enrollment, ba))
        roster_makers.admitted(holder)
        with transaction():
            db.session.execute(sa.update(ExpertSkill).values(valid_from=date(2027, 4, 1)))
            audit.record(SYSTEM, "test.early", "roster:all", {})
        person = actor_of(db.session.get_one(Enrollment, ba).person)
        staff = sign_in(factories.actor(Role.ROSTER))
    (expert,) = office.get("/experts?q=awa").json["items"]
    assert [(skill["status"], skill["valid_from"]) for skill in expert["skills"]] == [
        ("not_yet_valid", "2027-04-01")
    ]
    skill = "gender-peace-operations"
    assert office.get(f"/experts?skill={skill}").json["items"] == []
    assert office.get(f"/experts?skill={skill}&valid_on=2027-03-31").json["items"] == []
    assert len(office.get(f"/experts?skill={skill}&valid_on=2027-04-01").json["items"]) == 1
    for page in (
        staff.get("/roster?q=awa"),
        staff.get(f"/roster/{expert['id']}"),
        sign_in(person).get("/me/profile"),
    ):
        assert "Not yet valid" in page.text and "Current" not in page.text
    file = staff.client.post("/roster/export?q=awa", data={"csrf_token": staff.token()}).get_data(
        as_text=True
    )
    assert "Practitioner, Not yet valid, 2030-03-10" in file
    clock.travel(app, datetime(2027, 4, 1, 1, tzinfo=UTC))
    assert [
        skill_of_expert["status"]
        for skill_of_expert in office.get(f"/experts?skill={skill}").json["items"][0]["skills"]
    ] == ["current"]


# A course that was cut short


@pytest.mark.both_databases
def test_a_course_cut_short(
    app: Flask, office: ApiClient, coordinator: Maker, sign_in: Any
) -> None:
    """After two of three days: Ba attended all that was held, which is less than the course asks
    for."""
    code, [ba, faye] = running(app, "Ba", "Faye")
    clock.travel(app, SECOND_DAY_ENDS)
    assert office.put(f"/deliveries/{code}/attendance", marks(ba, 1, 8)).json == {"recorded": 8}
    assert office.put(f"/deliveries/{code}/scores", post_score(ba)).status_code == 200
    before = get_file(app, code)
    cut = office.post(
        f"/deliveries/{code}/cut-short", {"after_session": 8, "reason": "The camp was flooded."}
    )
    assert (cut.status_code, cut.json["ends_on"]) == (200, "2027-03-09")
    assert [session["cancelled"] for session in cut.json["sessions"]] == [False] * 8 + [True] * 4
    assert cut.json["sessions"][8]["cancel_reason"] == "The camp was flooded."
    after = get_file(app, code)
    assert after.count("STATUS:CANCELLED") == 4 and after.count("STATUS:CONFIRMED") == 8
    assert "SEQUENCE:0" in before and "SEQUENCE:1" in after
    assert refused(office.put(f"/deliveries/{code}/attendance", marks(ba, 9, 9))) == (
        409,
        "session_cancelled",
    )
    letters = [
        (mail.kind, "The camp was flooded." in mail.body)
        for mail in mails(app)
        if mail.kind == "course_cut_short"
    ]
    assert letters == [("course_cut_short", True)] * 2
    browser = coordinator()
    for path in ("", "/attendance/9", "/sheet", "/finish"):
        page = browser.get(f"/deliveries/{code}{path}")
        assert page.status == 200 and "ancelled" in page.text + (
            "cancelled" if path == "/finish" else ""
        ), path
    assert "8 of 12 sessions were held" in browser.get(f"/deliveries/{code}/finish").text
    assert "720 minutes" in (text := browser.get(f"/deliveries/{code}").text)
    assert "at least 100% of the 1,080 minutes of the whole course" in text, (
        "not of the length beside it"
    )
    grid = office.get(f"/deliveries/{code}/attendance").json
    assert [session["cancelled"] for session in grid["sessions"]] == [False] * 8 + [True] * 4
    (result,) = [
        person
        for person in office.get(f"/deliveries/{code}/completion").json["items"]
        if person["enrollment"] == ba
    ]
    assert (
        result["complete"],
        result["minutes"],
        result["minutes_taught"],
        result["minutes_of_course"],
    ) == (
        False,
        720,
        720,
        1080,
    )
    assert [lack["code"] for lack in result["lacking"]] == ["attendance_below_minimum"]
    assert office.post(f"/deliveries/{code}/finish").status_code == 200, (
        "the last session that is held has ended"
    )
    assert (status_of(app, ba), status_of(app, faye)) == ("not_completed", "no_show")
    done = browser.get(f"/deliveries/{code}/finish")
    assert "Issue certificates" not in done.text, "no one completed it"
    assert [
        link.get("href") for link in done.all("a") if link.text == "Letter of participation"
    ] == [f"/enrollments/{ba}/letter"]
    the_letter(app, office, sign_in, ba, faye)
    with app.app_context():
        assert breaches() == []


def test_the_letter_is_that_of_the_centre(app: Flask, sign_in: Any) -> None:
    """Another centre's letter is not headed by the installation's own name."""
    with app.app_context():
        factories.centre("KAC", "Kofi Annan Centre")
        into = course_makers.delivery(course=course_makers.course(code="COP", centre="KAC"))
        place = makers.enrolled(into, "police", factories.person("Awa", "Ba"))
        makers.attend(into, place, minutes=90)
        makers.finished(into)
        person, key = actor_of(makers.again(place).person), place.id
        own = ApiClient(app, makers.token_of(person))
    assert own.get(f"/enrollments/{key}/letter").json["issuer"] == {
        "en": "Kofi Annan Centre",
        "fr": "Kofi Annan Centre",
    }
    page = sign_in(person).get(f"/enrollments/{key}/letter").text
    assert (
        "Kofi Annan Centre" in page
        and "Rostrum Training Centre" not in page.split("Print this page")[-1]
    )


def the_letter(app: Flask, office: ApiClient, sign_in: Any, ba: int, faye: int) -> None:
    """Who attended gets a letter of participation, which is no certificate; who did not come,
    none."""
    letter = office.get(f"/enrollments/{ba}/letter").json
    assert (
        letter["name"],
        letter["minutes"],
        letter["minutes_taught"],
        letter["minutes_of_course"],
    ) == (
        "Awa Ba",
        720,
        720,
        1080,
    )
    assert refused(office.get(f"/enrollments/{faye}/letter")) == (409, "no_letter")
    with app.app_context():
        who = [
            actor_of(db.session.get_one(Enrollment, enrollment_id).person)
            for enrollment_id in (ba, faye)
        ]
    own, other = map(sign_in, who)
    page = own.get(own.get(f"/enrollments/{ba}").link("Letter of participation"))
    for words in (
        "Awa Ba",
        "8–9 March 2027",
        "12 of the 12 hours held",
        "18: the course ended early",
        "This letter is not a certificate",
    ):
        assert words in page.text
    assert "RST-" not in page.text and "/verify" not in page.text
    assert other.get(f"/enrollments/{ba}/letter").status == 404
    assert "Letter of participation" not in other.get(f"/enrollments/{faye}").text


def get_file(app: Flask, code: str) -> str:
    return app.test_client().get(f"/deliveries/{code}.ics").get_data(as_text=True)


def mails(app: Flask) -> list[Mail]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Mail).order_by(Mail.id)))


def test_the_certificate_prints_the_hours_held(app: Flask, office: ApiClient) -> None:
    """A course that asks for half of its minutes: two thirds were held, and that is enough."""
    assert (
        office.put(
            "/courses/HALF", gti() | {"completion": {"min_attendance_percent": 50}}
        ).status_code
        == 201
    )
    with app.app_context():
        into = course_makers.delivery(
            course=course_makers.course(code="HALF", completion={"min_attendance_percent": 50})
        )
        code, ba = into.code, makers.enrolled(into, "police", factories.person("Awa", "Ba")).id
    clock.travel(app, SECOND_DAY_ENDS)
    assert office.put(f"/deliveries/{code}/attendance", marks(ba, 1, 8)).status_code == 200
    assert (
        office.post(
            f"/deliveries/{code}/cut-short", {"after_session": 8, "reason": "Flood"}
        ).status_code
        == 200
    )
    assert office.post(f"/deliveries/{code}/finish").json["completed"] == 1
    assert office.post(f"/deliveries/{code}/certificates").status_code == 202
    with app.app_context():
        jobs.drain()
        certificate = db.session.scalars(sa.select(Certificate)).one()
        assert (certificate.payload["minutes"], certificate.payload["ends_on"]) == (
            720,
            "2027-03-09",
        )
        objectives = [
            block.objective
            for block in db.session.get_one(Delivery, certificate.delivery_id).version.blocks
        ]
        assert any(objectives[8:])
        assert [objective["en"] for objective in certificate.payload["objectives"]] == [
            objective["en"] for objective in objectives[:8] if objective
        ], "none of what was cancelled"
        assert db.session.scalars(sa.select(ExpertSkill.valid_from)).all() == [date(2027, 3, 9)]
        assert breaches() == []


def test_what_cannot_be_cut(app: Flask, office: ApiClient) -> None:
    code, [ba] = running(app)
    clock.travel(app, ENDS)
    office.put(f"/deliveries/{code}/attendance", marks(ba, 1, 9))
    path = f"/deliveries/{code}/cut-short"
    assert refused(office.post(path, {"after_session": 8, "reason": "Flood"})) == (
        409,
        "session_held",
    )
    assert refused(office.post(path, {"after_session": 13, "reason": "Flood"})) == (
        422,
        "unknown_session",
    )
    assert refused(office.post(path, {"after_session": 12, "reason": "Flood"})) == (
        422,
        "nothing_to_cancel",
    )
    assert refused(office.post(path, {"after_session": 9, "reason": "  "})) == (422, "required")
    with app.app_context():
        assert get_delivery(SYSTEM, code).ends_on == date(2027, 3, 10), "nothing of it was kept"
        draft = course_makers.delivery(
            code="DRAFT", published=False, starts_on=date(2027, 6, 7)
        ).code
    assert refused(
        office.post(f"/deliveries/{draft}/cut-short", {"after_session": 1, "reason": "Flood"})
    ) == (
        409,
        "not_published",
    )
    assert (
        office.post(path, {"after_session": 9, "reason": "Recorded a day late"}).status_code == 200
    ), "no one was there"
    office.post(f"/deliveries/{code}/finish")
    assert refused(office.post(path, {"after_session": 1, "reason": "Flood"})) == (
        409,
        "state_does_not_allow",
    )


def test_a_course_of_which_no_session_was_held_is_cancelled_and_not_finished(
    app: Flask, office: ApiClient
) -> None:
    """The trainer fell ill on the first morning: no one is a no-show for it, and no one is given
    the place of someone else."""
    code, [ba, faye] = running(app, "Ba", "Faye", places=1, promotion_days=0)
    path = f"/deliveries/{code}/cut-short"
    assert refused(office.post(path, {"after_session": 0, "reason": "Ill"})) == (
        409,
        "session_not_begun",
    ), "it is cancelled instead"
    clock.travel(app, BEGINS + 3 * HOUR)
    before = len(mails(app))
    assert refused(office.post(f"/deliveries/{code}/cancel", {"reason": "Ill"})) == (
        409,
        "already_begun",
    )
    assert office.post(path, {"after_session": 0, "reason": "Ill"}).status_code == 200
    assert refused(office.post(path, {"after_session": 0, "reason": "Ill"})) == (
        422,
        "nothing_to_cancel",
    )
    assert refused(office.post(f"/deliveries/{code}/finish")) == (409, "nothing_held")
    assert get_file(app, code).count("STATUS:CANCELLED") == 12
    assert office.post(f"/enrollments/{ba}/withdraw", {}).status_code == 200
    with app.app_context():
        assert breaches() == []
        with pytest.raises(DomainError, match="already_begun"):
            changed(get_delivery(SYSTEM, code), starts_on=date(2027, 4, 5))
    assert (status_of(app, ba), status_of(app, faye)) == ("withdrawn", "waitlisted")
    assert {mail.kind for mail in mails(app)[before:]} == {"enrollment_withdrawn"}, (
        "what happened is told by the cancellation"
    )
    assert office.post(f"/deliveries/{code}/cancel", {"reason": "Ill"}).status_code == 200
    assert (status_of(app, faye), mails(app)[-1].kind) == (
        "delivery_cancelled",
        "delivery_cancelled",
    )


def test_a_course_in_which_someone_was_present_was_held(app: Flask, office: ApiClient) -> None:
    code, [ba] = running(app)
    clock.travel(app, BEGINS + 3 * HOUR)
    office.put(f"/deliveries/{code}/attendance", marks(ba, 1, 1))
    assert refused(
        office.post(f"/deliveries/{code}/cut-short", {"after_session": 0, "reason": "Ill"})
    ) == (409, "session_held")


def test_that_no_session_was_held_is_said_on_the_page(app: Flask, coordinator: Maker) -> None:
    code, [ba] = running(app)
    assert "None was held" not in coordinator().get(f"/deliveries/{code}/cut-short").text, (
        "it can be cancelled still"
    )
    clock.travel(app, BEGINS + HOUR)
    browser = coordinator()
    page = browser.get(browser.get(f"/deliveries/{code}").link("Cut the course short"))
    assert "None was held" in page.text
    done = page.form("").submit("Cancel the remaining sessions", after_session="0", reason="Ill")
    assert "All sessions" in done.text and done.text.count("Cancelled") == 12
    assert "All sessions were cancelled" in browser.get(f"/deliveries/{code}/cut-short").text
    assert browser.get(f"/deliveries/{code}/attendance").status == 200
    question = browser.get(done.link("Cancel the delivery"))
    question.form("").submit("Cancel the delivery", reason="Ill")
    assert status_of(app, ba) == "delivery_cancelled"


def test_a_course_cut_short_in_its_first_session_and_reopened_twice(
    app: Flask, office: ApiClient
) -> None:
    code, [ba, faye] = running(app, "Ba", "Faye")
    clock.travel(app, BEGINS + timedelta(minutes=10))
    assert (
        office.post(
            f"/deliveries/{code}/cut-short", {"after_session": 1, "reason": "Flood"}
        ).status_code
        == 200
    )
    assert refused(office.post(f"/deliveries/{code}/finish")) == (409, "not_over"), (
        "the first session still runs"
    )
    assert refused(office.put(f"/deliveries/{code}/attendance", marks(ba, 1, 2))) == (
        409,
        "session_cancelled",
    )
    clock.travel(app, BEGINS + 3 * HOUR)
    assert office.put(f"/deliveries/{code}/attendance", marks(ba, 1, 1)).json == {"recorded": 1}
    for reopened in (None, ba, faye, ba):
        if reopened:
            assert (
                office.post(
                    f"/deliveries/{code}/reopen", {"enrollments": [reopened], "reason": "A slip"}
                ).status_code
                == 200
            )
            again = office.post(
                f"/deliveries/{code}/reopen", {"enrollments": [reopened], "reason": "A slip"}
            )
            assert refused(again) == (422, "no_result"), "it is open already"
        assert office.post(f"/deliveries/{code}/finish").json["not_completed"] == 1
        assert (status_of(app, ba), status_of(app, faye)) == ("not_completed", "no_show")
        assert office.get(f"/enrollments/{ba}/letter").json["minutes_taught"] == 90


def test_cutting_short_by_the_page(app: Flask, coordinator: Maker) -> None:
    code, _ids = running(app)
    clock.travel(app, SECOND_DAY_ENDS)
    browser = coordinator()
    page = browser.get(browser.get(f"/deliveries/{code}").link("Cut the course short"))
    empty = page.form("").submit("Cancel the remaining sessions")
    assert (
        empty.status == 422
        and "Choose the last session to be held." in empty.text
        and "Enter the reason" not in empty.text
    )
    done = page.form("").submit("Cancel the remaining sessions", after_session="8", reason="Flood")
    assert "ends early" in done.text and done.text.count("Cancelled") == 4
    with app.app_context():
        assert [session.number for session in get_delivery(SYSTEM, code).held] == list(range(1, 9))


# The delivery's own day


@pytest.mark.parametrize(
    ("zone", "country", "last_minute"),
    [
        ("Pacific/Apia", "WS", datetime(2027, 2, 15, 10, 59, tzinfo=UTC)),
        ("Pacific/Honolulu", "US", datetime(2027, 2, 16, 9, 59, tzinfo=UTC)),
    ],
)
def test_apia_and_honolulu_close_on_their_own_day(
    context: Flask, zone: str, country: str, last_minute: datetime
) -> None:
    into = course_makers.delivery(time_zone=zone, country=country, closes_on=date(2027, 2, 15))
    for moment, is_open in ((last_minute, True), (last_minute + timedelta(minutes=1), False)):
        clock.travel(context, moment)
        assert is_open_for_enrollment(into) is is_open
        assert bool(catalogue.open_rows()[0]) is is_open


@pytest.mark.parametrize(
    ("zone", "country", "midnight"),
    [
        ("Pacific/Apia", "WS", datetime(2027, 3, 8, 11, tzinfo=UTC)),
        ("Pacific/Honolulu", "US", datetime(2027, 3, 9, 10, tzinfo=UTC)),
    ],
)
def test_apia_and_honolulu_are_upcoming_through_their_own_first_day(
    context: Flask, zone: str, country: str, midnight: datetime
) -> None:
    into = course_makers.delivery(time_zone=zone, country=country)
    for moment, expected in ((midnight - timedelta(minutes=1), True), (midnight, False)):
        clock.travel(context, moment)
        assert is_upcoming(into) is expected
        assert [delivery.code for delivery in upcoming_of(into.course)] == (
            [into.code] if expected else []
        )
        assert catalogue.upcoming(catalogue.CatalogueFilter(), after=None).count == int(expected)
        assert bool(catalogue.choices().courses) is expected


@pytest.mark.parametrize(
    ("zone", "country", "ends", "issued_on"),
    [
        ("Pacific/Apia", "WS", datetime(2027, 3, 10, 4, tzinfo=UTC), date(2027, 3, 11)),
        ("Pacific/Honolulu", "US", datetime(2027, 3, 11, 3, tzinfo=UTC), date(2027, 3, 10)),
    ],
)
def test_apia_and_honolulu_finish_and_issue_by_their_own_calendar(
    app: Flask, office: ApiClient, zone: str, country: str, ends: datetime, issued_on: date
) -> None:
    """The last session ends at 17:00 of the 10th: in Apia that is early on the 10th in UTC, in
    Honolulu the 11th."""
    code, [ba] = running(app, time_zone=zone, country=country)
    with app.app_context():
        makers.attend(get_delivery(SYSTEM, code), db.session.get_one(Enrollment, ba), score=90)
    clock.travel(app, ends - timedelta(minutes=1))
    assert refused(office.post(f"/deliveries/{code}/finish")) == (409, "not_over")
    clock.travel(app, ends)
    assert office.post(f"/deliveries/{code}/finish").status_code == 200
    clock.travel(
        app, ends if zone == "Pacific/Honolulu" else ends + 8 * HOUR
    )  # past midnight in Apia, not yet in UTC
    assert office.post(f"/deliveries/{code}/certificates").status_code == 202
    with app.app_context():
        jobs.drain()
        certificate = db.session.scalars(sa.select(Certificate)).one()
        assert (
            certificate.issued_on,
            certificate.payload["starts_on"],
            certificate.payload["ends_on"],
        ) == (
            issued_on,
            "2027-03-08",
            "2027-03-10",
        )
        assert certificate.issued_at.date() != issued_on, "another day in UTC"
        assert breaches() == []


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("zone", "country", "ends"),
    [
        ("Pacific/Apia", "WS", datetime(2027, 3, 10, 4, tzinfo=UTC)),
        ("Pacific/Apia", "WS", datetime(2027, 3, 9, 22, tzinfo=UTC)),
        ("Pacific/Honolulu", "US", datetime(2027, 3, 11, 3, tzinfo=UTC)),
    ],
)
def test_a_skill_of_apia_and_honolulu_holds_as_soon_as_its_certificate_is_issued(
    app: Flask, office: ApiClient, sign_in: Any, zone: str, country: str, ends: datetime
) -> None:
    """In lists, answers, searches and files; also where the last day has not begun in UTC (a
    last session of one morning)."""
    code, [ba] = running(app, time_zone=zone, country=country)
    with app.app_context():
        into = get_delivery(SYSTEM, code)
        makers.attend(into, db.session.get_one(Enrollment, ba), score=90)
        with transaction():
            factories.plant(
                sa.update(DeliverySession)
                .where(DeliverySession.ends_at > ends)
                .values(ends_at=ends)
            )
            audit.record(SYSTEM, "test.times", "delivery:1", {})
        makers.finished(into)
        holder = db.session.get_one(Enrollment, ba).person_id
        clock.travel(app, ends)
        with transaction():
            certificates.issue(SYSTEM, db.session.get_one(Enrollment, ba))
        factories.consent(holder)
        roster_makers.admitted(holder)
        own = sign_in(actor_of(db.session.get_one(Enrollment, ba).person))
        staff = sign_in(factories.actor(Role.ROSTER))
    (expert,) = office.get("/experts?skill=gender-peace-operations").json["items"]
    assert [(skill["status"], skill["valid_from"]) for skill in expert["skills"]] == [
        ("current", "2027-03-10")
    ]
    assert [skill["status"] for skill in office.get(f"/experts/{expert['id']}").json["skills"]] == [
        "current"
    ]
    for page in (
        staff.get("/roster?q=awa"),
        staff.get(f"/roster/{expert['id']}"),
        own.get("/me/profile"),
    ):
        assert "Not yet valid" not in page.text
    file = staff.client.post("/roster/export?q=awa", data={"csrf_token": staff.token()}).get_data(
        as_text=True
    )
    assert "Not yet valid" not in file and "Practitioner, 2030-03-10" in file
    assert (
        office.get("/experts?skill=gender-peace-operations&valid_on=2027-03-09").json["items"] == []
    ), "a day asked about is that day"


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("zone", "country", "moment", "day"),
    [
        ("Pacific/Apia", "WS", datetime(2030, 3, 10, 10, 59, tzinfo=UTC), date(2030, 3, 10)),
        ("Pacific/Apia", "WS", datetime(2030, 3, 10, 11, tzinfo=UTC), date(2030, 3, 11)),
        ("Pacific/Honolulu", "US", datetime(2030, 3, 11, 9, 59, tzinfo=UTC), date(2030, 3, 10)),
        ("Pacific/Honolulu", "US", datetime(2030, 3, 11, 10, tzinfo=UTC), date(2030, 3, 11)),
    ],
)
def test_a_certificate_expires_by_the_calendar_of_its_course(
    app: Flask, zone: str, country: str, moment: datetime, day: date
) -> None:
    """The last valid day is the 10th of March 2030, to its last minute where the course was
    held."""
    code, [ba] = running(app, time_zone=zone, country=country)
    with app.app_context():
        into = get_delivery(SYSTEM, code)
        makers.attend(into, db.session.get_one(Enrollment, ba), score=90)
        makers.finished(into)
        clock.travel(app, ENDS + 12 * HOUR)
        with transaction():
            certificate = certificates.issue(SYSTEM, db.session.get_one(Enrollment, ba))
        assert certificate.valid_until == date(2030, 3, 10)
        clock.travel(app, moment)
        assert certificate.date_of(moment) == certificate.today == day
        expected = "valid" if day == date(2030, 3, 10) else "expired"
        assert certificate.current_status == expected
        listed = {
            status: list_register(SYSTEM, "", status, after=None, limit=10).items
            for status in ("valid", "expired")
        }
        assert listed == {"valid": [], "expired": []} | {expected: [certificate]}, (
            "the register filters by what its rows say"
        )
        assert certificate.date_of(moment - timedelta(days=1)) == day - timedelta(days=1), (
            "of any moment, not of today"
        )
        factories.consent(certificate.person_id)
        roster_makers.admitted(certificate.person_id)
        (expert,) = db.session.scalars(sa.select(Expert.id))
        staff = ApiClient(app, makers.token_of(factories.actor(Role.ROSTER)))
    (skill,) = staff.get(f"/experts/{expert}").json["skills"]
    assert [certificate["status"] for certificate in skill["evidence"]] == [expected]


# The cut-off of the waiting list


def full(context: Flask, **changes: Any) -> tuple[Delivery, list[Enrollment]]:
    """One place and three people: the first has it."""
    into = course_makers.delivery(places=1, **changes)
    return into, [
        makers.enrolled(into, "police", factories.person("Awa", name))
        for name in ("Ba", "Cissé", "Diop")
    ]


def withdraw(enrollment: Enrollment) -> None:
    with transaction():
        services.withdraw(SYSTEM, db.session.get_one(Enrollment, enrollment.id))


def statuses(enrollments: list[Enrollment]) -> list[str]:
    return [makers.again(enrollment).status.value for enrollment in enrollments]


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("days", "moment", "moves_up"),
    [
        (
            21,
            datetime(2027, 2, 16, 3, 59, tzinfo=UTC),
            True,
        ),  # 23:59 of the 15th in Halifax, 21 days before
        (21, datetime(2027, 2, 16, 4, 1, tzinfo=UTC), False),
        (0, BEGINS - timedelta(minutes=1), True),
        (0, BEGINS, False),
        (365, datetime(2026, 11, 24, tzinfo=UTC), False),
    ],
)
def test_the_promotion_cut_off(context: Flask, days: int, moment: datetime, moves_up: bool) -> None:
    _into, enrollments = full(context, promotion_days=days)
    clock.travel(context, moment)
    withdraw(enrollments[0])
    assert statuses(enrollments) == [
        "withdrawn",
        "confirmed" if moves_up else "waitlisted",
        "waitlisted",
    ]
    assert list(queries.breaches()) == []


def test_after_the_cut_off_a_coordinator_sees_the_free_place_and_gives_it(
    app: Flask, coordinator: Maker
) -> None:
    with app.app_context():
        into, enrollments = full(app)
        code, cissé, diop = into.code, enrollments[1].id, enrollments[2].id
        clock.travel(app, datetime(2027, 3, 1, tzinfo=UTC))
        withdraw(enrollments[0])
    browser = coordinator()
    assert (
        "1 place is free; 2 people are waiting: give a place to someone on the list."
        in browser.get(f"/deliveries/{code}").text
    )
    page = browser.get(f"/deliveries/{code}/selection")
    assert (
        "1 place is free; 2 people are waiting: give a place to someone on the list." in page.text
    )
    answer = browser.post(
        f"/deliveries/{code}/selection", {"csrf_token": browser.token(), "approve": str(diop)}
    )
    assert answer.status == 200 and "is free" not in answer.text
    assert (status_of(app, cissé), status_of(app, diop)) == ("waitlisted", "confirmed")


def test_who_applies_after_the_cut_off_does_not_pass_those_who_wait(context: Flask) -> None:
    into, enrollments = full(context, admission="automatic")
    clock.travel(context, datetime(2027, 2, 16, 5, tzinfo=UTC))
    withdraw(enrollments[0])
    late = makers.enrolled(into, "civilian")
    assert statuses([late]) == ["waitlisted"], "the free place is for those who wait"
    changed(into, places=5)
    assert statuses([*enrollments[1:], late]) == ["waitlisted"] * 3
    assert statuses([makers.enrolled(into, "civilian") for _ in range(3)]) == [
        "confirmed",
        "confirmed",
        "waitlisted",
    ]


@pytest.mark.parametrize("moves_up", [True, False])
def test_after_the_cut_off_no_words_promise_that_people_move_up(
    app: Flask, office: ApiClient, sign_in: Any, moves_up: bool
) -> None:
    """Nor that all places are taken: one may be free, for a coordinator to give."""
    with app.app_context():
        into, enrollments = full(app)
        clock.travel(app, datetime(2027, 2, 10 if moves_up else 20, tzinfo=UTC))
        if not moves_up:
            withdraw(enrollments[0])
        late = makers.enrolled(
            into, "police", factories.person("Awa", "Faye", email="faye@example.org")
        )
        key, person = late.id, actor_of(late.person)
        to_her = Mail.kind == "enrollment_waitlisted", Mail.person_id == person.person_id
        (letter,) = db.session.scalars(sa.select(Mail.body).where(*to_her))
    reason = office.get(f"/enrollments/{key}").json["reason"]
    assert reason == "No place is open at the moment; this person is number 3 on the waiting list."
    page = sign_in(person).get(f"/enrollments/{key}").text
    for words in (" ".join(letter.split()), page):
        assert (
            "it is your turn, you get it" in words or "the next in line gets it" in words
        ) is moves_up
        assert ("a coordinator decides who gets it" in words) is not moves_up
        assert "are taken" not in words


def changed(delivery: Delivery, **changes: Any) -> None:
    with transaction():
        now = db.session.get_one(Delivery, delivery.id)
        courses.change(SYSTEM, now, dataclasses.replace(plan_of(now), **changes), rev=now.rev)


def test_a_cut_off_that_is_moved_lets_people_move_up(context: Flask) -> None:
    into, enrollments = full(context)
    clock.travel(context, datetime(2027, 2, 20, tzinfo=UTC))
    withdraw(enrollments[0])
    assert statuses(enrollments) == ["withdrawn", "waitlisted", "waitlisted"]
    changed(into, promotion_days=7)
    assert statuses(enrollments) == ["withdrawn", "confirmed", "waitlisted"]
    assert list(queries.breaches()) == []


def test_the_cut_off_is_said_to_programs_and_on_the_form(
    app: Flask, office: ApiClient, coordinator: Maker
) -> None:
    code, _ids = running(app)
    assert office.get(f"/deliveries/{code}").json["promotion_days"] == 21
    body = {
        "starts_on": "2027-05-03",
        "time_zone": "Africa/Dakar",
        "venue": "Dakar",
        "country": "SN",
        "language": "fr",
    }
    assert (
        office.post("/courses/GTI/deliveries", body | {"promotion_days": 0}).json["promotion_days"]
        == 0
    )
    bad = office.post("/courses/GTI/deliveries", body | {"promotion_days": -1})
    assert (bad.status_code, bad.json["errors"][0]["field"]) == (422, "promotion_days")
    form = coordinator().get(f"/deliveries/{code}/edit").form("/edit")
    assert form.values["promotion_days"] == "21"
    assert form.submit("Save", promotion_days="400").errors == [
        "Enter a number of days from 0 to 365."
    ]
    assert form.submit("Save", promotion_days="3").status == 200
    assert office.get(f"/deliveries/{code}").json["promotion_days"] == 3


# The end of a delivery as a whole


def test_a_delivery_that_has_begun_is_not_cancelled(
    app: Flask, office: ApiClient, coordinator: Maker
) -> None:
    code, [ba] = running(app)
    clock.travel(app, BEGINS)
    assert refused(office.post(f"/deliveries/{code}/cancel", {"reason": "Flood"})) == (
        409,
        "already_begun",
    )
    browser = coordinator()
    assert "Cancel the delivery" not in browser.get(f"/deliveries/{code}").text
    page = browser.get(f"/deliveries/{code}/cancel")
    assert (
        "can no longer be cancelled" in page.text
        and page.link("Cut the course short") == f"/deliveries/{code}/cut-short"
    )
    assert browser.post(
        f"/deliveries/{code}/cancel", {"csrf_token": browser.token(), "reason": "Flood"}
    ).status in (409, 422)
    assert status_of(app, ba) == "confirmed"


def test_a_delivery_that_has_begun_stays_when_it_was(context: Flask) -> None:
    into, _enrollments = full(context)
    clock.travel(context, BEGINS)
    with pytest.raises(DomainError) as refusal:
        changed(into, starts_on=date(2027, 3, 15))
    db.session.rollback()
    assert (refusal.value.code, refusal.value.field) == ("already_begun", "starts_on")
    changed(into, venue="Another hall")


def test_cancelling_withdraws_nobody(app: Flask, office: ApiClient) -> None:
    code, [ba, faye] = running(app, "Ba", "Faye")
    assert office.post(f"/enrollments/{faye}/withdraw", {"reason": "Ill"}).status_code == 200
    assert office.post(f"/deliveries/{code}/cancel", {"reason": "Flood"}).status_code == 200
    assert (status_of(app, ba), status_of(app, faye)) == ("delivery_cancelled", "withdrawn")
    enrollments = office.get(f"/deliveries/{code}/enrollments?status=delivery_cancelled").json[
        "items"
    ]
    assert [(enrollment["id"], enrollment["reason"]) for enrollment in enrollments] == [
        (ba, "Flood")
    ]


# A mark corrected after the end


def ended(app: Flask, **changes: Any) -> tuple[str, int, int]:
    """Ba attended everything, Faye nothing by mistake; the delivery is finished, and Ba is
    certified."""
    code, [ba, faye] = running(app, "Ba", "Faye", **changes)
    clock.travel(app, ENDS)
    with app.app_context():
        into = get_delivery(SYSTEM, code)
        makers.attend(into, db.session.get_one(Enrollment, ba), score=90)
        makers.finished(into)
        with transaction():
            certificates.issue(SYSTEM, db.session.get_one(Enrollment, ba))
    return code, ba, faye


def test_a_mark_corrected_after_the_end_without_a_certificate(
    app: Flask, office: ApiClient
) -> None:
    code, ba, faye = ended(app)
    assert refused(office.put(f"/deliveries/{code}/attendance", marks(faye))) == (
        409,
        "delivery_finished",
    )
    opened = office.post(
        f"/deliveries/{code}/reopen", {"enrollments": [faye], "reason": "Marked absent by mistake"}
    )
    assert opened.json["reopened"] == 1
    assert refused(office.put(f"/deliveries/{code}/attendance", marks(ba))) == (
        422,
        "result_fixed",
    ), "the others stay"
    assert office.put(f"/deliveries/{code}/attendance", marks(faye)).json == {"recorded": 12}
    assert office.put(f"/deliveries/{code}/scores", post_score(faye)).status_code == 200
    assert office.post(f"/deliveries/{code}/finish").status_code == 200
    assert (status_of(app, ba), status_of(app, faye)) == ("completed", "completed")
    assert office.post(f"/deliveries/{code}/certificates").status_code == 202
    with app.app_context():
        jobs.drain()
    items = office.get(f"/deliveries/{code}/certificates").json["items"]
    assert sorted((item["enrollment"], item["is_under_review"]) for item in items) == [
        (ba, False),
        (faye, False),
    ]


def test_a_mark_corrected_after_the_end_with_a_certificate(
    app: Flask, office: ApiClient, coordinator: Maker, sign_in: Any
) -> None:
    """The certificate that is no longer justified is under review: seen by coordinators
    everywhere, and changed by no one."""
    code, ba, _faye = ended(app)
    office.post(
        f"/deliveries/{code}/reopen", {"enrollments": [ba], "reason": "The marks of someone else"}
    )
    office.put(f"/deliveries/{code}/attendance", marks(ba, mark="absent"))
    assert office.post(f"/deliveries/{code}/finish").status_code == 200
    assert status_of(app, ba) == "not_completed"
    (item,) = office.get(f"/deliveries/{code}/certificates").json["items"]
    number = item["number"]
    assert (item["status"], item["is_under_review"]) == ("valid", True)
    assert office.get(f"/certificates/{number}").json["is_under_review"] is True
    assert refused(office.post(f"/certificates/{number}/reissue", {"reason": "A slip"})) == (
        409,
        "not_eligible",
    )
    browser = coordinator()
    for path in (f"/deliveries/{code}/finish", f"/deliveries/{code}/certificates", "/certificates"):
        page = browser.get(path)
        assert "1 certificate is no longer justified" in page.text and page.link(number), path
    assert "Under review" in browser.get(f"/certificates/{number}").text
    with app.app_context():
        holder = actor_of(db.session.get_one(Enrollment, ba).person)
        own = ApiClient(app, makers.token_of(holder))
        opened = db.session.scalars(
            sa.select(audit.AuditEntry).where(
                audit.AuditEntry.action == "certificate.review_opened"
            )
        ).all()
        assert len(opened) == 1
        assert (
            f"certificates: {number} is valid, but its holder did not complete the course"
            in breaches()
        )
    assert own.get(f"/certificates/{number}").json["is_under_review"] is False, (
        "a matter of those who decide"
    )
    assert "Under review" not in sign_in(holder).get(f"/certificates/{number}").text
    office.post(f"/certificates/{number}/revoke", {"reason_code": "issued_in_error"})
    assert office.get(f"/certificates/{number}").json["is_under_review"] is False
    assert "no longer justified" not in browser.get(f"/deliveries/{code}/finish").text


@pytest.mark.both_databases
def test_a_score_corrected_after_its_certificate_opens_a_review_that_a_reissue_closes(
    app: Flask, office: ApiClient, coordinator: Maker
) -> None:
    """The result stands, but the certificate prints another score. Fractions are not printed, so
    they open nothing."""
    code, ba, _faye = ended(app)
    (number,) = [
        certificate["number"]
        for certificate in office.get(f"/deliveries/{code}/certificates").json["items"]
    ]

    def corrected(percent: float) -> bool:
        office.post(f"/deliveries/{code}/reopen", {"enrollments": [ba], "reason": "Counted again"})
        sent = office.put(
            f"/deliveries/{code}/scores",
            {"scores": [{"enrollment": ba, "kind": "post", "percent": percent}]},
        )
        assert (sent.status_code, office.post(f"/deliveries/{code}/finish").status_code) == (
            200,
            200,
        )
        return office.get(f"/certificates/{number}").json["is_under_review"]

    assert not corrected(90.9) and corrected(89.9) and not corrected(90) and corrected(82), (
        "a corrected one closes it again"
    )
    browser = coordinator()
    for path in (f"/deliveries/{code}/finish", f"/deliveries/{code}/certificates", "/certificates"):
        page = browser.get(path)
        assert "1 certificate prints a score that was corrected since" in page.text and page.link(
            number
        ), path
    assert (
        "Reissue the certificate, or correct the score again."
        in browser.get(f"/certificates/{number}").text
    )
    with app.app_context():
        jobs.drain()
        assert (
            f"certificates: {number} is valid, but prints another score than the record"
            in breaches()
        )
        opened = sa.select(sa.func.count()).where(
            audit.AuditEntry.action == "certificate.review_opened"
        )
        assert db.session.scalar(opened) == 2
    response = office.post(
        f"/certificates/{number}/reissue", {"reason": "The score was counted again"}
    )
    assert response.status_code == 201 and response.json["is_under_review"] is False
    with app.app_context():
        jobs.drain()
        successor = db.session.scalars(
            sa.select(Certificate).where(Certificate.number == response.json["number"])
        ).one()
        assert successor.payload["score_percent"] == 82 and breaches() == []
    assert "prints a score" not in browser.get("/certificates").text


def test_a_mark_corrected_on_a_suspended_certificate_keeps_the_suspension_and_opens_a_review(
    app: Flask, office: ApiClient
) -> None:
    code, ba, _faye = ended(app)
    (number,) = [
        certificate["number"]
        for certificate in office.get(f"/deliveries/{code}/certificates").json["items"]
    ]
    assert (
        office.post(f"/certificates/{number}/suspend", {"note": "Marks in doubt"}).status_code
        == 200
    )
    for percent, result in ((82, "completed"), (10, "not_completed")):
        office.post(f"/deliveries/{code}/reopen", {"enrollments": [ba], "reason": "Counted again"})
        office.put(
            f"/deliveries/{code}/scores",
            {"scores": [{"enrollment": ba, "kind": "post", "percent": percent}]},
        )
        assert office.post(f"/deliveries/{code}/finish").status_code == 200
        certificate = office.get(f"/certificates/{number}").json
        assert (status_of(app, ba), certificate["status"], certificate["is_under_review"]) == (
            result,
            "suspended",
            True,
        )
        assert refused(office.post(f"/certificates/{number}/reissue", {"reason": "x"})) == (
            409,
            "certificate_suspended",
        )
    assert (
        office.post(
            f"/certificates/{number}/revoke", {"reason_code": "issued_in_error"}
        ).status_code
        == 200
    )
    assert office.get(f"/certificates/{number}").json["is_under_review"] is False
    with app.app_context():
        jobs.drain()
        assert [breach for breach in breaches() if number in breach] == []


# `flask check`


def planted(statement: Any) -> list[str]:
    with transaction():
        factories.plant(statement)
        audit.record(SYSTEM, "test.breach", "test", {})
    return breaches()


def test_check_finds_a_mark_before_its_session(app: Flask) -> None:
    ended(app)
    with app.app_context():
        jobs.drain()
        sentences = planted(sa.update(Mark).where(Mark.id == 1).values(recorded_at=BEGINS - HOUR))
        assert "marks: 1 was recorded before its session began" in sentences


def test_check_finds_a_certificate_before_the_end_of_its_delivery(app: Flask) -> None:
    ended(app)
    with app.app_context():
        number = db.session.scalars(sa.select(Certificate.number)).one()
        sentences = planted(sa.update(Certificate).values(issued_at=ENDS - timedelta(days=150)))
        assert (
            f"certificates: {number} was issued before the last session of its delivery had ended"
            in sentences
        )


def test_check_finds_minutes_of_a_session_that_was_cancelled(app: Flask) -> None:
    ended(app)
    with app.app_context():
        gone = (
            sa.update(DeliverySession)
            .where(DeliverySession.number == 12)
            .values(cancelled_at=ENDS, cancel_reason="Flood")
        )
        assert [
            sentence
            for sentence in planted(gone)
            if "minutes of a session that was cancelled" in sentence
        ]
