"""Experts and what their skills rest on, made through the services (inside an app context)."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from accounts.models import Account
from certificates import services as certificates
from certificates.models import Certificate
from core import audit, clock
from core.database import db, transaction
from core.policy import SYSTEM
from courses.models import Course
from enrollment.models import Enrollment
from people.models import Person
from roster import services
from roster.models import Expert, ExpertStatus
from roster.services import Profile, SpokenLanguage, Window
from tests import factories
from tests.api_client import ApiClient
from tests.courses import makers as courses
from tests.enrollment import makers as enrollments

GENDER = "gender-peace-operations"
_count = itertools.count(1)

__all__ = ["GENDER", "SpokenLanguage", "Window"]


def course(code: str = "GTI", *grants: tuple[str, str, int | None]) -> Course:
    """A course that grants these skills (code, level, months); without any, what the Gender
    Training Initiative grants."""
    changes: dict[str, Any] = {"completion": {"min_attendance_percent": 0}}
    if grants:
        changes["grants"] = [
            {
                "skill": skill,
                "title": {"en": skill.replace("-", " ").capitalize()},
                "level": level,
                "valid_months": months,
            }
            for skill, level, months in grants
        ]
    return courses.course(code=code, **changes)


def certified(
    person: Person | None = None,
    taught: Course | None = None,
    starts_on: date = date(2026, 3, 8),
    **wish: Any,
) -> Certificate:
    """A certificate of a delivery of `taught` that the person alone took, issued now, or after
    its end when that is to come. `agrees`: the holder says yes to the roster (or no), and is
    admitted; None: no one asked."""
    agrees = wish.pop("agrees", True)
    category = wish.pop("category", "police")
    taught = taught or course()
    planned = datetime.combine(starts_on, time(9), UTC) - timedelta(days=60)
    with factories.at(min(planned, clock.now())):
        into = courses.delivery(course=taught, starts_on=starts_on, code=f"RUN-{next(_count)}")
        place = enrollments.enrolled(into, category, person, **wish)
    enrollments.attend(into, place)
    enrollments.finished(into)
    with factories.after(into.id), transaction():
        certificate = certificates.issue(SYSTEM, db.session.get_one(Enrollment, place.id))
        issued, holder = certificate.id, certificate.person_id
    if agrees is not None:
        factories.consent(holder, agrees)
    if agrees:
        admitted(holder)
    return db.session.get_one(Certificate, issued)


def admitted(person_id: int) -> None:
    """On the roster, unless there already, or without a profile."""
    with transaction():
        expert = db.session.query(Expert).filter_by(person_id=person_id).one_or_none()
        if expert is not None and expert.status is not ExpertStatus.ADMITTED:
            services.admit(SYSTEM, expert)


def consenting(
    identifier: str | None, given_name: str = "Amina", family: str = "Diallo", **values: Any
) -> Person:
    """A person with this number who said yes, without an account or a profile yet."""
    person = factories.person(given_name, family, identifier=identifier, **values)
    with transaction():
        db.session.execute(sa.delete(Account).where(Account.person_id == person.id))
        audit.record(SYSTEM, "test.account", f"person:{person.id}", {})
    factories.consent(person)
    return db.session.get_one(Person, person.id)


def listed(client: ApiClient, identifier: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to `PUT /experts/…` for someone who said yes and is then admitted."""
    who = body["person"]
    names = {"given_name": who.get("given_name", ""), "family": who.get("family_name", "")}
    with client.app.app_context():
        consenting(identifier, **names, **({"email": who["email"]} if "email" in who else {}))
    answer = client.put(f"/experts/{identifier}", body)
    assert answer.status_code == 201, answer.json
    assert client.post(f"/experts/{answer.json['id']}/admit").status_code == 200
    return client.get(f"/experts/{answer.json['id']}").json


def revoke(certificate: Certificate, reason: str = "recognition_withdrawn") -> None:
    with transaction():
        certificates.revoke(
            SYSTEM, db.session.get_one(Certificate, certificate.id), reason_code=reason
        )


def expert_of(certificate: Certificate) -> Expert:
    db.session.rollback()
    return db.session.query(Expert).filter_by(person_id=certificate.person_id).one()


def expert(given_name: str = "Amina", family: str = "Diallo", **values: Any) -> Expert:
    """An expert on the roster; `values` of the profile, and of the person. `agrees` False: who
    said no; None: not asked."""
    agrees, is_admitted = values.pop("agrees", True), values.pop("admitted", True)
    profile = {
        name: values.pop(name) for name in list(values) if name in Profile.__dataclass_fields__
    }
    who = factories.person(given_name, family, **values)
    profile.setdefault("category", "police")
    person = {"given_name": given_name, "family_name": family, "email": who.email}
    factories.consent(who)
    with transaction():
        expert_, _ = services.put_expert(SYSTEM, who.identifier, Profile(person=person, **profile))
        assert expert_ is not None
        key, person_id = expert_.id, expert_.person_id
    if agrees and is_admitted:
        admitted(person_id)
    elif agrees is False:
        factories.consent(person_id, False)
    return db.session.get_one(Expert, key)
