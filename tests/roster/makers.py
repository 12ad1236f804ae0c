"""Experts and what their skills rest on, made through the services (inside an app context)."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from accounts.models import Person
from certificates import services as certificates
from certificates.models import Certificate
from core import clock
from core.database import db, transaction
from core.policy import SYSTEM
from courses.models import Course
from enrollment.models import Enrollment
from roster import services
from roster.models import Expert
from roster.services import Profile, SpokenLanguage, Window
from tests import factories
from tests.courses import makers as courses
from tests.enrollment import makers as enrollments

GENDER = "gender-peace-operations"
_count = itertools.count(1)

__all__ = ["GENDER", "SpokenLanguage", "Window"]


def course(code: str = "GTI", *grants: tuple[str, str, int | None]) -> Course:
    """A course that grants these skills (code, level, months); without any, what the Gender Training Initiative grants."""
    changes: dict[str, Any] = {"completion": {"min_attendance_percent": 0}}
    if grants:
        changes["grants"] = [
            {"skill": skill, "title": {"en": skill.replace("-", " ").capitalize()}, "level": level, "valid_months": months}
            for skill, level, months in grants
        ]
    return courses.course(code=code, **changes)


def certified(
    person: Person | None = None, taught: Course | None = None, starts_on: date = date(2026, 3, 8), **wish: Any
) -> Certificate:
    """A certificate of a delivery of `taught` that the person alone took, issued now, or after its end when that is to come."""
    category = wish.pop("category", "police")
    taught = taught or course()
    planned = datetime.combine(starts_on, time(9), UTC) - timedelta(days=60)
    with factories.at(min(planned, clock.now())):
        into = courses.delivery(course=taught, starts_on=starts_on, code=f"RUN-{next(_count)}")
        place = enrollments.enrolled(into, category, person, **wish)
    enrollments.attend(into, place)
    enrollments.finished(into)
    with factories.after(into.id), transaction():
        issued = certificates.issue(SYSTEM, db.session.get_one(Enrollment, place.id)).id
    return db.session.get_one(Certificate, issued)


def revoke(certificate: Certificate, reason: str = "plagiarism") -> None:
    with transaction():
        certificates.revoke(SYSTEM, db.session.get_one(Certificate, certificate.id), reason_code=reason)


def expert_of(certificate: Certificate) -> Expert:
    db.session.rollback()
    return db.session.query(Expert).filter_by(person_id=certificate.person_id).one()


def expert(given: str = "Amina", family: str = "Diallo", **values: Any) -> Expert:
    """An expert on the roster; `values` of the profile, and of the person."""
    profile = {name: values.pop(name) for name in list(values) if name in Profile.__dataclass_fields__}
    who = factories.person(given, family, **values)
    profile.setdefault("category", "police")
    person = {"given_name": given, "family_name": family, "email": who.email}
    with transaction():
        made, _ = services.put_expert(SYSTEM, who.identifier, Profile(person=person, **profile))
        key = made.id
    return db.session.get_one(Expert, key)
