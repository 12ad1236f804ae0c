"""What is measured: 200 deliveries to show, one to apply for, one with 25 people, and 10,000
experts."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from accounts import services as accounts_services
from accounts.models import UserSession
from accounts.sessions import digest
from app import create_app
from core import audit, clock, jobs
from core.database import db, transaction
from core.migrations import upgrade
from core.policy import SYSTEM
from courses import services as courses_services
from courses.models import Course
from courses.plans import DeliveryPlan
from courses.schemas import CourseBody
from demonstration.experts import load_experts
from enrollment import services
from enrollment.services import Wish
from people import services as people_services
from people.models import Person
from tests.certificates.samples import sample

OPEN, RUNNING, SKILL = "OPEN", "RUNNING", "gender-peace-operations"
EXPERTS, DELIVERIES = 10_000, 200
CONTINUE: dict[str, str] = {}
SEND: dict[str, str] = {}
NAMES = [
    "Zoë Lefèvre-Nguyễn",
    "محمد بن عبد الرحمن",
    "Оксана Шевченко",
    "Ελένη Παπαδοπούλου",
    "ሰላማዊት ተስፋዬ",
    "李文娟",
]
COURSE_FILE = Path(__file__).parents[2] / "demonstration/courses/gender-training-initiative.json"


def prepare(folder: Path, url: str | None) -> tuple[Flask, dict[str, dict[str, str]]]:
    """The application on a filled database, and the cookies of people who are signed in, by
    role."""
    environ = {"INSTANCE_PATH": str(folder), "DEMO": "0", **({"DATABASE_URL": url} if url else {})}
    app = create_app(environ)
    app.config["JOBS_INLINE"] = True
    with app.app_context():
        upgrade()
        cookies = {role: _signed_in(app, role) for role in ("trainer", "roster")}
        _deliveries()
        load_experts(EXPERTS, seed=1)
        with (
            transaction()
        ):  # the files of 20,000 certificates would be made beside what is measured
            db.session.execute(sa.delete(jobs.Job))
        if not app.extensions["settings"].is_sqlite:
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE")
        db.session.remove()
    return app, cookies


def _signed_in(app: Flask, role: str) -> dict[str, str]:
    visit_id = "s" + secrets.token_urlsafe(32)
    with transaction():
        person = accounts_services.create_account(
            SYSTEM, email=f"{role}@example.org", given_name=role, family_name="Bench", roles=[role]
        )
        now = clock.now()
        db.session.flush()
        db.session.add(
            UserSession(
                digest=digest(visit_id),
                person_id=person.id,
                method="bench",
                created_at=now,
                seen_at=now,
            )
        )
    return {app.session_interface.cookie: visit_id}  # type: ignore[attr-defined]  # an attribute of Visits


def _deliveries() -> None:
    values = json.loads(COURSE_FILE.read_text(encoding="utf-8"))
    code = values.pop("code")
    with transaction():
        courses_services.put_course(SYSTEM, code, CourseBody.model_validate(values).definition())
    start = clock.today() + timedelta(days=60)
    for number in range(DELIVERIES - 2):
        _delivery(f"GTI-{number:03d}", start + timedelta(days=number))
    _delivery(OPEN, start + timedelta(days=30), places=9_000)
    running = _delivery(RUNNING, start + timedelta(days=31))
    for number in range(25):
        with transaction():
            person = people_services.record_person(
                SYSTEM,
                given_name=f"Person {number}",
                family_name="Of the bench",
                email=f"bench{number}@example.org",
                country="CA",
            )
            services.enroll(SYSTEM, running, person, Wish(category="civilian"))


def _delivery(code: str, starts_on: Any, places: int = 25) -> int:
    with transaction():
        course = db.session.scalars(sa.select(Course)).one()
        trainer = db.session.scalars(
            sa.select(Person).where(Person.email == "trainer@example.org")
        ).one()
        plan = DeliveryPlan(
            code=code,
            starts_on=starts_on,
            time_zone="America/Halifax",
            venue="Clementsport",
            country="CA",
            language="en",
            places=places,
            trainers=(trainer.id,),
        )
        delivery = courses_services.schedule(SYSTEM, course, plan)
        courses_services.publish(SYSTEM, delivery)
        audit.record(SYSTEM, "bench.delivery", f"delivery:{delivery.id}", {})
        return delivery.id


def payload(number: int) -> dict[str, Any]:
    """What is printed: the Gender Training Initiative with its 12 objectives, names in six
    scripts in turn."""
    payload = sample()
    sessions = json.loads(COURSE_FILE.read_text(encoding="utf-8"))["sessions"]
    payload["objectives"] = [session["objective"] for session in sessions]
    payload["holder_name"] = NAMES[number % len(NAMES)]
    return payload
