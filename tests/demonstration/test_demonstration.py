"""The demonstration: it loads in seconds, is the same everywhere, shows every state, and breaks
no rule of the application."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from accounts.models import Account
from accounts.passwords import DEMONSTRATION_PASSWORD
from accounts.roles import Role
from accounts.sessions import actor_of
from certificates.models import Certificate, CertificateStatus
from classroom.models import Mark
from core import jobs, names
from core.database import db
from courses.models import Delivery, DeliveryStatus
from demonstration.people import PARTICIPANTS, SIGN_INS
from enrollment.models import Enrollment, EnrollmentStatus
from people.models import Consent, ConsentPurpose, Person
from roster.filters import Filters
from roster.models import Expert, ExpertSkill, ExpertStatus
from roster.queries import count_waiting, find_experts
from tests.accounts.makers import settings
from tests.browsing import Browser


@pytest.fixture
def demonstration(app: Flask) -> Flask:
    run(app, "demo", "load", "--experts", "30")
    return app


def run(app: Flask, *command: str) -> Result:
    result = app.test_cli_runner().invoke(args=list(command))
    assert result.exit_code == 0, f"flask {' '.join(command)}: {result.output}"
    return result


def test_a_chinese_participant_is_called_as_she_writes_her_name() -> None:
    ((given_name, family, country, *_),) = [
        participant for participant in PARTICIPANTS if participant[2] == "CN"
    ]
    assert names.full_name(given_name, family, names.Origin(country)) == "李文娟"


def facts(app: Flask) -> dict[str, list[tuple]]:
    """What two loads must have in common. Tokens of certificates and passwords' hashes are
    random, and must be."""
    with app.app_context():
        statements = {
            "people": sa.select(
                Person.identifier,
                Person.email,
                Person.given_name,
                Person.family_name,
                Person.country,
            ).order_by(Person.id),
            "deliveries": sa.select(
                Delivery.code, Delivery.status, Delivery.starts_on, Delivery.places
            ).order_by(Delivery.id),
            "enrollments": sa.select(
                Enrollment.delivery_id,
                Enrollment.person_id,
                Enrollment.status,
                Enrollment.line,
                Enrollment.category,
            ).order_by(Enrollment.id),
            "marks": sa.select(
                Mark.enrollment_id, Mark.session_id, Mark.mark, Mark.minutes
            ).order_by(Mark.id),
            "certificates": sa.select(
                Certificate.number,
                Certificate.holder_name,
                Certificate.status,
                Certificate.issued_on,
                Certificate.valid_until,
            ).order_by(Certificate.id),
            "skills": sa.select(
                ExpertSkill.expert_id,
                ExpertSkill.skill_id,
                ExpertSkill.level,
                ExpertSkill.valid_from,
                ExpertSkill.valid_until,
            ).order_by(ExpertSkill.id),
        }
        return {
            name: [tuple(row) for row in db.session.execute(statement)]
            for name, statement in statements.items()
        }


def test_it_shows_every_state(app: Flask) -> None:
    run(app, "demo", "load")
    with app.app_context():
        deliveries = set(db.session.scalars(sa.select(Delivery.status)))
        enrollments = set(db.session.scalars(sa.select(Enrollment.status)))
        certificates = set(db.session.scalars(sa.select(Certificate.status)))
        experts = db.session.scalar(sa.select(sa.func.count()).select_from(Expert)) or 0
    assert deliveries == set(DeliveryStatus)
    assert enrollments >= {
        EnrollmentStatus.REQUESTED,
        EnrollmentStatus.WAITLISTED,
        EnrollmentStatus.CONFIRMED,
        EnrollmentStatus.COMPLETED,
        EnrollmentStatus.NOT_COMPLETED,
    }
    assert certificates >= {
        CertificateStatus.VALID,
        CertificateStatus.REVOKED,
        CertificateStatus.SUSPENDED,
    }
    assert experts >= 300


def test_it_breaks_no_rule(demonstration: Flask) -> None:
    """The commands that judge all data find nothing, before the workers have made the
    certificates' files and after."""
    for command in (("check",), ("roster", "rebuild", "--check"), ("audit", "verify")):
        run(demonstration, *command)
    with demonstration.app_context():
        bad = db.session.execute(
            sa.select(jobs.Job.kind, jobs.Job.error).where(jobs.Job.state == jobs.JobState.DEAD)
        ).all()
        assert not bad


def test_its_roster_staff_find_everyone_who_was_admitted_and_others_wait_or_refused(
    app: Flask,
) -> None:
    run(app, "demo", "load", "--experts", "200")
    with app.app_context():
        office = actor_of(
            db.session.scalars(sa.select(Person).where(Person.email == SIGN_INS[4].email)).one()
        )
        admitted = db.session.scalar(
            sa.select(sa.func.count()).where(Expert.status == ExpertStatus.ADMITTED)
        )
        assert find_experts(office, Filters()).count == admitted and admitted > 150
        assert count_waiting(office) > 1
        refused = sa.select(sa.func.count(Consent.id)).where(
            Consent.purpose == ConsentPurpose.ROSTER, ~Consent.given
        )
        assert (db.session.scalar(refused) or 0) > 1


@pytest.mark.long
def test_files_of_its_certificates_are_made_by_the_worker(app: Flask) -> None:
    run(app, "demo", "load", "--experts", "0")
    with app.app_context():
        jobs.drain()
        is_waiting = Certificate.status == CertificateStatus.VALID, Certificate.file_key.is_(None)
        waiting = sa.select(Certificate.number).where(*is_waiting)
        assert db.session.scalars(waiting).all() == []
        failed = sa.select(jobs.Job.kind, jobs.Job.error).where(jobs.Job.error.is_not(None))
        assert db.session.execute(failed).all() == []
    run(app, "check")


@pytest.mark.long
def test_it_is_the_same_everywhere(
    demonstration: Flask, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.databases import migrated_app

    other = migrated_app(tmp_path_factory.mktemp("second"))
    run(other, "demo", "load", "--experts", "30")
    first, two = facts(demonstration), facts(other)
    for name in first:
        assert first[name] == two[name], name
    with other.app_context():
        db.engine.dispose()


def test_all_six_sign_in(demonstration: Flask) -> None:
    assert {sign_in.role for sign_in in SIGN_INS} == set(Role)
    with settings(demonstration, demo=True):
        for sign_in in SIGN_INS:
            page = Browser(demonstration).get("/sign-in")
            page = page.form(action="/sign-in").submit(
                email=sign_in.email, password=DEMONSTRATION_PASSWORD
            )
            assert (
                page.status == 200 and f"{sign_in.given_name} {sign_in.family_name}" in page.text
            ), sign_in.email


def test_it_loads_only_once(demonstration: Flask) -> None:
    before = facts(demonstration)
    result = demonstration.test_cli_runner().invoke(args=["demo", "load"])
    assert result.exit_code == 1
    assert "already loaded" in result.output
    assert facts(demonstration) == before
    with demonstration.app_context():
        accounts = db.session.scalar(
            sa.select(sa.func.count()).select_from(Account).where(Account.is_demonstration)
        )
    assert accounts == len(SIGN_INS)
