"""The demonstration's past, present and future, lived through the services with the clock set to
each day, so that it obeys every rule."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import certificates.services
import classroom.services
import enrollment.services
import roster.services
from accounts import services as accounts_services
from accounts.passwords import DEMONSTRATION_PASSWORD
from accounts.sessions import actor_of
from classroom.services import MarkGiven, ScoreGiven
from core import clock, jobs
from core.database import db, transaction
from core.policy import SYSTEM, Actor
from courses import services as courses_services
from courses.models import Course, Delivery
from courses.plans import DeliveryPlan, PoolPlan
from courses.schemas import CourseBody
from demonstration.people import DOMAIN, ORGANIZATIONS, OTHER_BODIES, PARTICIPANTS, SIGN_INS
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.services import Nominee, Wish
from people import services as people_services
from people.models import ConsentPurpose, ConsentWay, Organization, Person
from roster.models import Expert

COURSES = Path(__file__).parent / "courses"
POOLS = (PoolPlan("military", 10), PoolPlan("police", 5), PoolPlan("civilian", 10))
#: The usual values of a delivery.
USUAL: dict[str, Any] = {
    "time_zone": "America/Halifax",
    "venue": "Clementsport",
    "country": "CA",
    "language": "en",
    "places": 25,
    "pools": POOLS,
}


def load() -> None:
    """Creates accounts, courses, and deliveries in every state around today."""
    today = clock.today()
    with _on(today - timedelta(days=420)):
        _accounts()
        _courses()
    people = _participants(today - timedelta(days=400))
    _finished(people, today)
    _under_way(people, today)
    _upcoming(people, today)
    _draft_and_cancelled(today)
    _second_centre(people, today)


@contextmanager
def _on(day: date, hour: int = 9) -> Iterator[None]:
    """Sets the clock to `hour` o'clock (UTC) of `day` for the block."""
    with clock.moved(datetime.combine(day, time(hour), UTC)):
        yield


def _accounts() -> None:
    with transaction():
        for code, name, country in ORGANIZATIONS:
            people_services.create_organization(SYSTEM, code=code, name=name, country=country)
        for facts in OTHER_BODIES:
            people_services.create_organization(SYSTEM, **facts)
        for sign_in in SIGN_INS:
            accounts_services.create_account(
                SYSTEM,
                email=sign_in.email,
                given_name=sign_in.given_name,
                family_name=sign_in.family_name,
                roles=[sign_in.role],
                organization=sign_in.organization,
                country=sign_in.country,
                language=sign_in.language,
                password=DEMONSTRATION_PASSWORD,
                is_demonstration=True,
            )


def _courses() -> None:
    with transaction():
        for file in (
            "gender-training-initiative.json",
            "further-courses.json",
            "second-centre.json",
        ):
            content = json.loads((COURSES / file).read_text(encoding="utf-8"))
            for values in content if isinstance(content, list) else [content]:
                code = values.pop("code")
                body = CourseBody.model_validate(values)
                courses_services.put_course(SYSTEM, code, body.definition(), centre=body.centre)


def _participants(day: date) -> list[tuple[int, tuple]]:
    """(person id, facts) of the invented participants."""
    with _on(day), transaction():
        recorded = []
        for number, facts in enumerate(PARTICIPANTS):
            given_name, family, country, gender, *_ = facts
            person = people_services.record_person(
                SYSTEM,
                identifier=f"DEMO-{number + 1:03d}",
                given_name=given_name,
                family_name=family,
                email=f"person{number + 1:02d}@{DOMAIN}",
                country=country,
                gender=gender,
            )
            recorded.append((person, facts))
        db.session.flush()
        return [(person.id, facts) for person, facts in recorded]


def _person(role: str) -> Person:
    return db.session.scalars(sa.select(Person).where(Person.email == f"{role}@{DOMAIN}")).one()


def _body(code: str) -> int:
    return db.session.scalars(sa.select(Organization.id).where(Organization.code == code)).one()


def _participant() -> tuple[int, tuple]:
    """The participant who can sign in: certified, on the roster, and waiting for an answer."""
    return _person("participant").id, (
        None,
        None,
        None,
        None,
        "police",
        "Inspectrice",
        None,
        "Police nationale",
    )


def _schedule(
    code: str, course: str, starts_on: date, *, publish: bool = True, **changes: Any
) -> int:
    """Schedules (and publishes) a delivery; returns its id."""
    with transaction():
        plan = DeliveryPlan(
            starts_on=starts_on,
            code=code,
            **({"trainers": (_person("trainer").id,)} | USUAL | changes),
        )
        course_row = db.session.scalars(sa.select(Course).where(Course.code == course)).one()
        delivery = courses_services.schedule(SYSTEM, course_row, plan)
        if publish:
            courses_services.publish(SYSTEM, delivery)
        return delivery.id


def _wish(facts: Sequence) -> Wish:
    _, _, _, _, category, rank, rank_code, organization = facts
    return Wish(category=category, rank=rank, rank_code=rank_code, organization=organization)


def _enroll(delivery_id: int, people: Sequence[tuple[int, tuple]]) -> None:
    for person_id, facts in people:
        with transaction():
            enrollment.services.enroll(
                SYSTEM, delivery_id, db.session.get_one(Person, person_id), _wish(facts)
            )


def _seated(delivery_id: int) -> list[int]:
    statement = sa.select(Enrollment.id).where(
        Enrollment.delivery_id == delivery_id, Enrollment.status == EnrollmentStatus.CONFIRMED
    )
    ids = list(db.session.scalars(statement.order_by(Enrollment.id)))
    db.session.rollback()
    return ids


def _attend(
    delivery_id: int, sessions: int, absences: dict[int, set[int]], scores: dict[int, int]
) -> None:
    """Marks everyone present in the first `sessions` sessions, except `absences` (enrollment →
    session numbers)."""
    seated = _seated(delivery_id)
    marks = [
        MarkGiven(
            enrollment_id,
            number,
            "absent" if number in absences.get(position, ()) else "present",
            None,
        )
        for position, enrollment_id in enumerate(seated)
        for number in range(1, sessions + 1)
    ]
    with transaction():
        classroom.services.record_attendance(SYSTEM, delivery_id, marks)
        if scores is not None:
            scores_given = [
                ScoreGiven(enrollment_id, "post", scores.get(position, 72 + (position * 7) % 25))
                for position, enrollment_id in enumerate(seated)
            ]
            classroom.services.record_scores(SYSTEM, delivery_id, scores_given)


def _finished(people: list[tuple[int, tuple]], today: date) -> None:
    """Two finished deliveries: one a year ago, certified, with one certificate revoked and one
    suspended; one last month, not yet certified."""
    start = today - timedelta(days=370)
    with _on(start - timedelta(days=60)):
        first = _schedule("GTI-FIRST", "GTI", start)
        _enroll(first, [*people[:12], _participant()])
    with _on(start + timedelta(days=3)):
        _attend(first, 12, absences={3: {1, 2}}, scores={5: 64})
        _finish(first)
        issued = _certify(first)
    with _on(start + timedelta(days=5)):
        _answer_and_admit([*people[:12], _participant()])
    with _on(start + timedelta(days=40)), transaction():
        certificates.services.revoke(
            SYSTEM,
            db.session.get_one(type(issued[-2]), issued[-2].id),
            reason_code="issued_in_error",
            note="Demonstration.",
        )
    with _on(today - timedelta(days=6)), transaction():
        certificates.services.suspend(
            SYSTEM, db.session.get_one(type(issued[-3]), issued[-3].id), note="Demonstration."
        )
    recent = today - timedelta(days=30)
    with _on(recent - timedelta(days=45)):
        second = _schedule(
            "POC-RECENT",
            "POC",
            recent,
            places=20,
            pools=(),
            venue="Accra",
            country="GH",
            time_zone="Africa/Accra",
        )
        _enroll(second, people[6:16])
    with _on(recent + timedelta(days=2)):
        _attend(second, 5, absences={1: {1, 2, 3}}, scores={4: 41})
        _finish(second)


def _answer_and_admit(people: Sequence[tuple[int, tuple]]) -> None:
    """The graduates' answers about the roster: most consented and are admitted, one refused, one
    has not answered, and the last but one waits."""
    with transaction():
        for position, (person_id, _facts) in enumerate(people):
            if position != 6:
                own = db.session.get_one(Person, person_id)
                people_services.give_consent(
                    Actor(person_id=person_id),
                    own,
                    ConsentPurpose.ROSTER,
                    position != 4,
                    how=ConsentWay.PAGE,
                )
    with transaction():
        office = actor_of(_person("roster"))
        graduates = [
            person_id
            for position, (person_id, _facts) in enumerate(people)
            if position not in (4, 6, len(people) - 2)
        ]
        experts = db.session.scalars(
            sa.select(Expert.id).where(Expert.person_id.in_(graduates))
        ).all()
        roster.services.admit_several(office, experts)


def _finish(delivery_id: int) -> None:
    with transaction():
        classroom.services.finish(SYSTEM, delivery_id)


def _certify(delivery_id: int) -> list:
    """Issues to everyone who completed; the worker makes the files."""
    completed = sa.select(Enrollment.id).where(
        Enrollment.delivery_id == delivery_id, Enrollment.status == EnrollmentStatus.COMPLETED
    )
    with transaction():
        issued = [
            certificates.services.issue(SYSTEM, db.session.get_one(Enrollment, enrollment_id))
            for enrollment_id in db.session.scalars(completed.order_by(Enrollment.id)).all()
        ]
        db.session.flush()
        for certificate in issued:
            jobs.enqueue("certificates.render", certificate_id=certificate.id)
    return issued


def _under_way(people: list[tuple[int, tuple]], today: date) -> None:
    """A delivery that began yesterday; its first day is marked."""
    start = today - timedelta(days=1)
    with _on(start - timedelta(days=40)):
        running = _schedule(
            "GTI-NOW",
            "GTI",
            start,
            venue="Dakar",
            country="SN",
            time_zone="Africa/Dakar",
            language="fr",
        )
        _enroll(running, people[:18])
    with _on(start, 20):
        seated = _seated(running)
        marks = [
            MarkGiven(enrollment_id, number, "present", None)
            for enrollment_id in seated
            for number in range(1, 5)
        ]
        with transaction():
            classroom.services.record_attendance(SYSTEM, running, marks)


def _upcoming(people: list[tuple[int, tuple]], today: date) -> None:
    """Deliveries open for applications: with places, nearly full with a waiting list, and by
    approval with nominations."""
    monday = today + timedelta(days=7 - today.weekday())
    soon = _schedule("GTI-NEXT", "GTI", monday + timedelta(weeks=10), funder_id=_body("AURORA"))
    _enroll(soon, people[:6])
    _nominate(soon)
    full = _schedule(
        "POC-FULL",
        "POC",
        monday + timedelta(weeks=7),
        places=6,
        pools=(),
        venue="Nairobi",
        country="KE",
        time_zone="Africa/Nairobi",
    )
    _enroll(full, people[4:13])
    by_approval = _schedule(
        "GAD-SELECT",
        "GAD",
        monday + timedelta(weeks=14),
        places=12,
        pools=(),
        admission="approval",
        venue="Stockholm",
        country="SE",
        time_zone="Europe/Stockholm",
    )
    _enroll(by_approval, [*people[2:9], _participant()])
    _schedule(
        "HEAT-FR",
        "HEAT",
        monday + timedelta(weeks=12),
        places=16,
        pools=(PoolPlan("police", 8), PoolPlan("civilian", 8)),
        language="fr",
        venue="Saint-Jean-sur-Richelieu",
        time_zone="America/Toronto",
    )


def _nominate(delivery_id: int) -> None:
    organization = db.session.scalars(
        sa.select(Organization).where(Organization.code == "CA-MFA")
    ).one()
    nominees = [
        Nominee(
            "military",
            given_name="Marc-André",
            family_name="D’Amour",
            identifier="CA-0002",
            email=f"marc-andre.damour@{DOMAIN}",
            country="CA",
            gender="male",
            rank="Sergeant",
            rank_code="OR-6",
            subcategory="observer_or_staff_officer",
            organization="Canadian Army",
        ),
        Nominee(
            "police",
            given_name="Harpreet",
            family_name="Gill",
            identifier="CA-0004",
            email=f"harpreet.gill@{DOMAIN}",
            country="CA",
            gender="male",
            rank="Corporal",
            subcategory="individual_police",
            organization="Royal Canadian Mounted Police",
        ),
        Nominee(
            "civilian",
            given_name="Ève",
            family_name="Tremblay",
            identifier="CA-0005",
            email=f"eve.tremblay@{DOMAIN}",
            country="CA",
            gender="female",
            organization="Human rights monitor",
            needs="wheelchair access",
        ),
    ]
    with transaction():
        enrollment.services.nominate(SYSTEM, delivery_id, organization, nominees)
    _nominate_again(delivery_id)


def _nominate_again(delivery_id: int) -> None:
    """A second State nominates someone the first one nominated, which raises a question for
    coordinators."""
    organization = db.session.scalars(
        sa.select(Organization).where(Organization.code == "GH-AF")
    ).one()
    seconded = Nominee(
        "civilian",
        given_name="Eve",
        family_name="Tremblay",
        identifier="GH-7719",
        email=f"eve.tremblay@{DOMAIN}",
        country="GH",
        gender="female",
        organization="Observer mission",
    )
    with transaction():
        enrollment.services.nominate(
            actor_of(_person("nominator.gh")), delivery_id, organization, [seconded]
        )


def _draft_and_cancelled(today: date) -> None:
    monday = today + timedelta(days=7 - today.weekday())
    _schedule("GTI-DRAFT", "GTI", monday + timedelta(weeks=30), publish=False)
    cancelled = _schedule(
        "POC-CANCELLED",
        "POC",
        monday + timedelta(weeks=9),
        places=20,
        pools=(),
        venue="Amman",
        country="JO",
        time_zone="Asia/Amman",
    )
    with transaction():
        courses_services.cancel(
            SYSTEM, db.session.get_one(Delivery, cancelled), reason="The venue is not available."
        )


def _second_centre(people: list[tuple[int, tuple]], today: date) -> None:
    """A second centre with its own trainer and coordinator: one delivery finished and certified,
    one upcoming."""
    monday = today + timedelta(days=7 - today.weekday())
    venue_facts: dict[str, Any] = {
        "venue": "Ho",
        "country": "GH",
        "time_zone": "Africa/Accra",
        "places": 16,
        "pools": (),
        "funder_id": _body("AURORA"),
        "trainers": (_person("trainer.vtc").id,),
    }
    start = monday - timedelta(weeks=20)
    with _on(start - timedelta(days=50)):
        done = _schedule("COP-FIRST", "COP", start, **venue_facts)
        _enroll(done, people[10:17])
    with _on(start + timedelta(days=3)):
        _attend(done, 6, absences={2: {1, 2, 3}}, scores={})
        _finish(done)
        _certify(done)
    _enroll(
        _schedule("COP-NEXT", "COP", monday + timedelta(weeks=11), **venue_facts), people[14:18]
    )
