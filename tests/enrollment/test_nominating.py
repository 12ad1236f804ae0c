"""An organization puts people forward: all or none, and it sees of them what it said itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import jobs
from core.database import db, transaction
from core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from core.mail import Mail
from core.policy import SYSTEM, Actor
from courses.models import Delivery
from enrollment import queries, services
from enrollment.models import Enrollment, Nomination
from enrollment.services import Nominee
from people.models import Organization, Person
from tests import factories
from tests.counting import queries_counted
from tests.enrollment import makers


@pytest.fixture
def organization(context: Flask) -> Organization:
    return factories.organization("CA-MFA", "Ministry of Foreign Affairs")


@pytest.fixture
def nominator(organization: Organization) -> Actor:
    return factories.actor(Role.NOMINATOR, organization_id=organization.id)


def nominate(
    actor: Actor, delivery: Delivery, organization: Organization, *nominees: Nominee
) -> list[Enrollment]:
    """In a transaction of its own."""
    with transaction():
        by = db.session.get_one(Organization, organization.id)
        return services.nominate(actor, delivery.id, by, nominees)


def refusal(*args: Any) -> DomainError:
    with pytest.raises(DomainError) as refused:
        nominate(*args)
    db.session.rollback()
    return refused.value


def test_people_are_nominated_in_their_order(nominator: Actor, organization: Organization) -> None:
    delivery = makers.delivery(places=2)
    enrollments = nominate(
        nominator,
        delivery,
        organization,
        *(makers.nominee("police", rank_code="OF-1") for _ in range(4)),
    )
    assert [enrollment.status for enrollment in enrollments] == [
        "confirmed",
        "confirmed",
        "waitlisted",
        "waitlisted",
    ]
    assert queries.positions(delivery.id) == {enrollments[2].id: 1, enrollments[3].id: 2}
    assert {enrollment.nominated_by.code for enrollment in enrollments} == {
        "CA-MFA"
    } and enrollments[0].enrolled_by_id == nominator.person_id
    kinds = db.session.scalars(sa.select(Mail.kind).order_by(Mail.id)).all()
    assert kinds == ["enrollment_confirmed"] * 2 + ["enrollment_waitlisted"] * 2
    assert (
        "Ministry of Foreign Affairs has nominated you."
        in db.session.scalars(sa.select(Mail.body)).first()
    )
    assert list(queries.breaches()) == []


def test_one_bad_row_and_nothing_is_saved(nominator: Actor, organization: Organization) -> None:
    delivery = makers.delivery()
    before = db.session.scalar(sa.select(sa.func.count()).select_from(Person))
    refused = refusal(
        nominator,
        delivery,
        organization,
        makers.nominee(row=2),
        makers.nominee("soldier", row=3),
        makers.nominee(email="nonsense", row=4),
        makers.nominee(email=None, row=5),
        makers.nominee("army", rank_code="General", row=6),
    )
    assert isinstance(refused, Invalid)
    assert [(error.code, error.field) for error in refused.errors] == [
        ("unknown_category", "row-3.category"),
        ("bad_email", "row-4.person.email"),
        ("identity_needed", "row-5.person.email"),
        ("bad_rank_code", "row-6.rank_code"),
        ("unknown_category", "row-6.category"),
    ]
    for table in (Enrollment, Nomination, Mail):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == before


def test_the_same_person_twice_in_one_list(nominator: Actor, organization: Organization) -> None:
    same = {"email": "same@example.org", "family_name": "Same"}
    refused = refusal(
        nominator,
        makers.delivery(),
        organization,
        makers.nominee(**same, row=2),
        makers.nominee(**same, row=3),
    )
    assert isinstance(refused, Conflict)
    assert (refused.code, refused.field) == ("already_enrolled", "row-3.person.email")


def test_nobody_at_all(nominator: Actor, organization: Organization) -> None:
    assert refusal(nominator, makers.delivery(), organization).code == "nobody_nominated"


def test_only_for_the_own_organization(nominator: Actor, organization: Organization) -> None:
    delivery, other = makers.delivery(), factories.organization("SN-POL", "Police nationale", "SN")
    assert isinstance(refusal(nominator, delivery, other, makers.nominee()), NotAllowed)
    assert isinstance(
        refusal(factories.actor(), delivery, organization, makers.nominee()), NotAllowed
    )
    assert len(nominate(makers.coordinator(), delivery, other, makers.nominee())) == 1


def test_a_person_known_already_is_recognised_and_left_as_is(
    nominator: Actor, organization: Organization
) -> None:
    known = factories.person(
        "Zoë", "Lefèvre-Nguyễn", email="zoe@example.org", country="CA", birth_date=date(1985, 2, 3)
    )
    known_id, delivery = known.id, makers.delivery()
    stated = makers.nominee(
        given_name="Zoe",
        family_name="Lefevre",
        email="ZOE@example.org",
        birth_date=None,
        country="FR",
    )
    (enrollment,) = nominate(nominator, delivery, organization, stated)
    assert enrollment.person_id != known.id and (
        enrollment.person.given_name,
        enrollment.person.country,
    ) == (
        "Zoe",
        "FR",
    ), "a stranger, at first"
    jobs.drain()
    enrollment = makers.again(enrollment)
    assert (
        enrollment.person_id == known_id and enrollment.name_on_certificate == "Zoë Lefèvre-Nguyễn"
    )
    assert (enrollment.person.given_name, enrollment.person.country) == ("Zoë", "CA")


def test_an_organization_reads_only_what_it_said(
    nominator: Actor, organization: Organization
) -> None:
    known = factories.person(
        "Zoë",
        "Lefèvre-Nguyễn",
        email="zoe@example.org",
        identifier="CA-0001",
        birth_date=date(1985, 2, 3),
    )
    known_id, delivery = known.id, makers.delivery()
    stated = makers.nominee(
        given_name="Zoe", family_name="Lefevre", email="zoe@example.org", country=None
    )
    (enrollment,) = nominate(nominator, delivery, organization, stated)
    before = queries.person_shown(nominator, enrollment)
    jobs.drain()
    enrollment = makers.again(enrollment)
    shown = queries.person_shown(nominator, enrollment)
    assert shown == before and shown.id != enrollment.person_id == known_id, (
        "the body reads its own submission, under its own id"
    )
    assert (shown.full_name, shown.name_on_certificate, shown.email) == (
        "Zoe Lefevre",
        "Zoe Lefevre",
        "zoe@example.org",
    )
    assert (shown.identifier, shown.birth_date, shown.country) == (None, None, None)
    trainer = queries.person_shown(
        factories.actor(Role.TRAINER, delivery_id=enrollment.delivery_id), enrollment
    )
    assert (trainer.full_name, trainer.identifier, trainer.birth_date) == (
        "Zoë Lefèvre-Nguyễn",
        None,
        None,
    )
    assert queries.person_shown(makers.coordinator(), enrollment).identifier == "CA-0001"
    from accounts.sessions import actor_of

    assert queries.person_shown(
        actor_of(db.session.get_one(Person, known_id)), enrollment
    ).birth_date == date(1985, 2, 3)


def test_lists_and_pages_agree_on_who_sees_what(
    nominator: Actor, organization: Organization
) -> None:
    delivery = makers.delivery()
    (mine,) = nominate(nominator, delivery, organization, makers.nominee())
    other = factories.organization("SN-POL", "Police nationale", "SN")
    (theirs,) = nominate(SYSTEM, delivery, other, makers.nominee())
    applied = makers.enrolled(delivery)
    everybody = {mine.id, theirs.id, applied.id}
    seen_by = [
        (nominator, {mine.id}),
        (factories.actor(Role.NOMINATOR, organization_id=other.id), {theirs.id}),
        (factories.actor(Role.TRAINER, delivery_id=delivery.id), everybody),
        (factories.actor(Role.TRAINER, delivery_id=makers.delivery().id), set()),
        (factories.actor(), set()),
        (factories.actor(Role.ROSTER), set()),
        (makers.coordinator(), everybody),
    ]
    for actor, expected in seen_by:
        listed = {
            enrollment.id
            for enrollment in db.session.scalars(queries.enrollments_of(actor, delivery))
        }
        assert listed == expected
        for enrollment_id in everybody - expected:
            with pytest.raises(NotFound):
                queries.get_enrollment(actor, enrollment_id)
        assert {queries.get_enrollment(actor, key).id for key in expected} == expected


def _reads(statements: list[str]) -> int:
    """But for locks, one of which each number and address has on PostgreSQL."""
    selects = [
        statement for statement in statements if statement.lstrip().upper().startswith("SELECT")
    ]
    return sum("pg_advisory_xact_lock" not in statement for statement in selects)


#: One row each of person, enrollment, nomination, link and message.
MOST_STATEMENTS_A_PERSON = 5


@pytest.mark.both_databases
@pytest.mark.parametrize("decides", [False, True])
def test_what_is_read_for_a_file_does_not_grow_with_its_rows(
    organization: Organization, decides: bool
) -> None:
    role = {} if decides else {"organization_id": organization.id}
    who = factories.actor(Role.COORDINATOR if decides else Role.NOMINATOR, **role)
    reads, writes = [], []
    for number in (5, 25):
        rows = [makers.nominee(identifier=f"{number}-{n}", row=n) for n in range(number)]
        delivery, later = makers.delivery(places=2), makers.delivery(places=2)
        with queries_counted() as new:
            nominate(who, delivery, organization, *rows)
        with queries_counted() as known:
            nominate(who, later, organization, *rows)
        reads.append([_reads(counted.statements) for counted in (new, known)])
        writes.append(len(new.statements) - new.selects)
    assert reads[0] == reads[1], "nothing is read for each person"
    assert writes[1] - writes[0] <= 20 * MOST_STATEMENTS_A_PERSON


def test_the_line_of_a_file_is_its_order_and_others_come_after(
    nominator: Actor, organization: Organization
) -> None:
    delivery = makers.delivery(places=1)
    first = nominate(nominator, delivery, organization, *(makers.nominee() for _ in range(3)))
    later = makers.enrolled(delivery)
    lines = [enrollment.line for enrollment in [*first, later]]
    assert lines == sorted(set(lines))
    assert queries.positions(delivery.id) == {first[1].id: 1, first[2].id: 2, later.id: 3}


def test_people_of_a_long_file_are_compared_some_at_a_time(
    nominator: Actor, organization: Organization
) -> None:
    enrollments = nominate(
        nominator, makers.delivery(), organization, *(makers.nominee() for _ in range(26))
    )
    compare_jobs = sa.select(jobs.Job).where(jobs.Job.kind == "enrollment.compare")
    ids = [
        job.args["enrollment_ids"] for job in db.session.scalars(compare_jobs.order_by(jobs.Job.id))
    ]
    assert [len(some) for some in ids] == [25, 1]
    assert sum(ids, []) == [enrollment.id for enrollment in enrollments]
