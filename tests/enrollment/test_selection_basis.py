"""The selection shows what decisions are based on: category, rank, country, gender, who
nominated, who employs, what was completed before, and the order in which an organization put its
people forward."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from certificates import services as certificates
from classroom.queries import completion
from core import clock
from core.database import db, transaction
from core.policy import SYSTEM
from courses.models import Course, Delivery
from enrollment.models import Enrollment
from enrollment.prerequisites import Verdict, completions, prerequisites_of
from enrollment.queries import completed_courses
from enrollment.services import Nominee, nominate
from people.models import Person
from tests import factories
from tests.courses import makers as courses
from tests.enrollment import makers

GRANT = {"skill": "basics", "title": {"en": "Basics"}, "level": "basic"}


def taught(code: str, **changes: Any) -> Course:
    return courses.course(code=code, completion={"min_attendance_percent": 0}, **changes)


@pytest.fixture
def world(app: Flask) -> dict[str, Any]:
    """A course that asks for BASICS, which ends after a year; one person who completed it
    lately, one long ago, one never."""
    with app.app_context():
        basics = taught("BASICS", grants=[GRANT | {"valid_months": 12}])
        advanced = courses.course(
            code="ADVANCED", completion={"min_attendance_percent": 0, "prerequisites": ["BASICS"]}
        )
        people = {
            name: factories.person("Awa", name, country="SN", gender="female")
            for name in ("Lately", "Longago", "Never")
        }
        for name, day in (("Longago", date(2027, 3, 8)), ("Lately", date(2028, 2, 7))):
            run = courses.delivery(course=basics, code=f"RUN-{name}".upper(), starts_on=day)
            place = makers.enrolled(run, "police", people[name])
            makers.attend(run, place)
            makers.finished(run)
        into = courses.delivery(
            course=advanced, code="INTO", starts_on=date(2028, 11, 6), admission="approval"
        )
        for name, person in people.items():
            makers.enrolled(
                into,
                "police",
                person,
                rank="Captain",
                rank_code="OF-2",
                organization=f"Employer of {name}",
            )
        body = factories.organization("CA-MFA")
        with transaction():
            nominate(
                SYSTEM,
                into.id,
                body,
                [
                    Nominee(
                        "military",
                        given_name="Zoë",
                        family_name=f"No{n}",
                        email=f"z{n}@example.org",
                        country="CA",
                        organization="Army",
                    )
                    for n in (1, 2)
                ],
            )
        return {
            "into": into.id,
            "people": {name: person.id for name, person in people.items()},
            "body": body.name,
        }


def test_prerequisites_are_met_until_a_day_ended_or_missing(
    app: Flask, world: dict[str, Any]
) -> None:
    with app.app_context():
        into = db.session.get_one(Delivery, world["into"])
        by_person = prerequisites_of(into, list(world["people"].values()))
        shown = {
            name: [(prerequisite.verdict, prerequisite.until) for prerequisite in by_person[key]]
            for name, key in world["people"].items()
        }
    assert shown["Lately"] == [(Verdict.MET, date(2029, 2, 9))]
    assert shown["Longago"] == [(Verdict.ENDED, date(2028, 3, 10))]
    assert shown["Never"] == [(Verdict.MISSING, None)]


@pytest.mark.parametrize(
    ("first_day", "verdict"), [(date(2028, 2, 8), "missing"), (date(2028, 2, 9), "met")]
)
def test_what_is_completed_after_a_course_began_was_no_basis_for_it(
    app: Flask, world: dict[str, Any], first_day: date, verdict: str
) -> None:
    """Neither for the selection nor for the completion; on its last day what a course grants
    holds already. It was 9 February."""
    with app.app_context():
        into = courses.delivery(code="EARLIER", starts_on=first_day, course=_advanced())
        person = world["people"]["Lately"]
        place = makers.enrolled(into, "police", db.session.get_one(Person, person))
        (prerequisite,) = prerequisites_of(into, [person])[person]
        (result,) = [
            completion_ for completion_ in completion(into) if completion_.enrollment.id == place.id
        ]
        assert (prerequisite.verdict, prerequisite.until is None) == (verdict, verdict == "missing")
        assert ("prerequisite_missing" in [lack.code for lack in result.lacking]) is (
            verdict == "missing"
        )


def _advanced() -> Course:
    return db.session.scalars(sa.select(Course).where(Course.code == "ADVANCED")).one()


@pytest.mark.both_databases
def test_a_certificate_that_was_taken_back_meets_no_prerequisite(
    app: Flask, world: dict[str, Any]
) -> None:
    """Neither for the selection nor for the completion; a suspended one meets it again once the
    suspension is lifted."""
    with app.app_context():
        into, person = db.session.get_one(Delivery, world["into"]), world["people"]["Lately"]
        (done,) = completions([person], ["BASICS"], into.starts_on)
        clock.travel(app, datetime(2028, 3, 1, tzinfo=UTC))
        with transaction():
            certificate = certificates.issue(SYSTEM, db.session.get_one(Enrollment, done.id))

        def verdict() -> str:
            (prerequisite,) = prerequisites_of(into, [person])[person]
            assert (
                completed_courses([person], ["BASICS"], into.starts_on) == {person: {"BASICS"}}
            ) is (prerequisite.verdict is Verdict.MET)
            return prerequisite.verdict.value

        assert verdict() == "met"
        events: list[Any] = []
        for act in (certificates.suspend, certificates.lift, certificates.revoke):
            with transaction():
                act(
                    SYSTEM,
                    certificate,
                    note="looked into",
                    **({"reason_code": "issued_in_error"} if len(events) == 2 else {}),
                )
            events.append(verdict())
        assert events == ["missing", "met", "missing"]
        with transaction():
            certificates.issue(SYSTEM, db.session.get_one(Enrollment, done.id))
        assert verdict() == "met", "another certificate was issued"


def test_the_page_shows_them_in_a_row_each(app: Flask, sign_in: Any, world: dict[str, Any]) -> None:
    with app.app_context():
        coordinator = factories.actor(Role.COORDINATOR)
    page = sign_in(coordinator).get("/deliveries/INTO/selection")
    text = page.text.replace("\u00a0", " ")
    for words in (
        "Category and rank",
        "Country and gender",
        "Nominated by",
        "Employer",
        "Prerequisites",
        "Captain, OF-2",
        "Senegal",
        "Woman",
        "Employer of Never",
        "met until 9 Feb 2029",
        "ended on 10 Mar 2028",
        "missing",
        world["body"],
        "No. 1 of 2 nominated",
        "No. 2 of 2 nominated",
        "Army",
    ):
        assert words in text, words


def test_so_does_the_file(app: Flask, sign_in: Any, world: dict[str, Any]) -> None:
    with app.app_context():
        coordinator = factories.actor(Role.COORDINATOR)
    answer = (
        sign_in(coordinator).client.get("/deliveries/INTO/participants.csv").get_data(as_text=True)
    )
    rows = list(csv.DictReader(io.StringIO(answer.removeprefix("\ufeff"))))
    never = next(row for row in rows if row["Family name"] == "Never")
    assert (never["Gender"], never["Employer"], never["Nominated by"]) == (
        "Woman",
        "Employer of Never",
        "",
    )
    assert never["Prerequisites"] == "BASICS: missing"
    assert [
        (row["Nominated by"], row["Employer"], row["Order of nomination"]) for row in rows[-2:]
    ] == [(world["body"], "Army", "1"), (world["body"], "Army", "2")]
    assert "Needs" not in rows[0]


def test_without_prerequisites_there_is_no_column(app: Flask, sign_in: Any) -> None:
    with app.app_context():
        into = courses.delivery(places=5)
        makers.enrolled(into, "police")
        coordinator = factories.actor(Role.COORDINATOR)
        code = into.code
    assert "Prerequisites" not in sign_in(coordinator).get(f"/deliveries/{code}/selection").text
