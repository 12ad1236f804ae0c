"""Finished deliveries with people who completed them. The way there (attending, finishing) has
tests of its own, so here the rows are put into their final state at once; certificates
themselves are only ever made through the services."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from accounts.models import Account
from accounts.roles import Role
from certificates import services
from certificates.models import Certificate
from core import audit, clock, jobs
from core.database import db, transaction
from core.jobs import Job
from core.policy import SYSTEM, Actor
from courses.models import Course, Delivery
from courses.services import touch
from enrollment.lacks import Lack
from enrollment.models import Enrollment, EnrollmentStatus
from people.models import Organization, Person
from people.personnel import PersonnelCategory
from tests import factories
from tests.conftest import NOW
from tests.courses import makers as courses

_count = itertools.count(1)

#: Names in the scripts a certificate has to print.
NAMES = (
    "Zoë Lefèvre-Nguyễn",
    "أمينة ديالو",
    "Олена Шевченко",
    "Ελένη Παπαδοπούλου",
    "አማኑኤል ተስፋዬ",
    "李小龍",
)


def finished_delivery(
    people: int | Sequence[str] = 1,
    *,
    not_completed: int = 0,
    organization: Organization | None = None,
    code: str | None = None,
    course: Course | None = None,
) -> Delivery:
    """A finished delivery (June 2026) of the Gender Training Initiative, or of `course`, in
    which so many people (or these names) completed."""
    with factories.at(datetime(2026, 5, 4, 9, tzinfo=UTC)):
        delivery_ = courses.delivery(
            course=course, code=code or f"GTI-2026-{next(_count):02d}", starts_on=date(2026, 6, 8)
        )
    names = (
        [f"{NAMES[i % len(NAMES)]}" for i in range(people)]
        if isinstance(people, int)
        else list(people)
    )
    with transaction():
        delivery = touch(delivery_.id)
        _set(delivery, "finished")
        for name in names:
            _person_in(delivery, name, EnrollmentStatus.COMPLETED, organization)
        for _ in range(not_completed):
            missing = _person_in(delivery, "Jo Short", EnrollmentStatus.NOT_COMPLETED, organization)
            missing.lacking = [
                Lack("attendance_below_minimum", {"minutes": 720, "taught": 1080}).stored()
            ]
        audit.record(SYSTEM, "test.finished", f"delivery:{delivery.id}", {})
    return db.session.get_one(Delivery, delivery_.id)


def _set(delivery: Delivery, status: str) -> None:
    db.session.execute(sa.update(Delivery).where(Delivery.id == delivery.id).values(status=status))


def _person_in(
    delivery: Delivery, name: str, status: EnrollmentStatus, organization: Organization | None
) -> Enrollment:
    n = next(_count)
    given_name, _, family = name.partition(" ")
    person = Person(
        given_name=given_name or "No",
        family_name=family or "Name",
        name_on_certificate=name,
        email=f"holder{n}@example.org",
        country="CA",
        created_at=clock.now(),
    )
    db.session.add(person)
    db.session.flush()
    db.session.add(Account(person_id=person.id, created_at=clock.now()))
    enrollment = Enrollment(
        delivery_id=delivery.id,
        centre_id=delivery.centre_id,
        person_id=person.id,
        status=status,
        line=n,
        category=PersonnelCategory.MILITARY,
        name_on_certificate=name,
        nominated_by_id=organization.id if organization else None,
        created_at=clock.now(),
        finished_at=clock.now(),
    )
    db.session.add(enrollment)
    db.session.flush()
    return enrollment


def key(row: Any) -> int:
    """A row's id, also after the session that read it has ended (a job ends it)."""
    return sa.inspect(row).identity[0]


def again(row: Any) -> Any:
    """The row as it stands now."""
    db.session.rollback()
    return db.session.get_one(type(row), key(row), populate_existing=True)


def enrollments(
    delivery: Delivery, status: EnrollmentStatus = EnrollmentStatus.COMPLETED
) -> list[Enrollment]:
    own = sa.select(Enrollment).where(
        Enrollment.delivery_id == key(delivery), Enrollment.status == status
    )
    return list(db.session.scalars(own.order_by(Enrollment.id)))


def ask(actor: Actor, delivery: Delivery, ids: Sequence[int] | None = None) -> Job:
    with transaction():
        job_id = services.request_issue(actor, key(delivery), ids).id
    return db.session.get_one(Job, job_id)


def issued(delivery: Delivery, actor: Actor = SYSTEM) -> list[Certificate]:
    """Certificates with their files for everyone who completed."""
    ask(actor, delivery)
    jobs.drain()
    return certificates_of(delivery)


def certificates_of(delivery: Delivery) -> list[Certificate]:
    db.session.rollback()
    own = (
        sa.select(Certificate)
        .where(Certificate.delivery_id == key(delivery))
        .order_by(Certificate.id)
    )
    return list(db.session.scalars(own))


def coordinator() -> Actor:
    return factories.actor(Role.COORDINATOR, family="Coordinator")


def holder(certificate: Certificate | Enrollment) -> Actor:
    from accounts.sessions import actor_of

    return actor_of(db.session.get_one(Person, certificate.person_id))


def clock_start() -> datetime:
    """Where the clock of every test begins."""
    return NOW
