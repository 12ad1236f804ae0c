"""A list of more people than one transaction takes: its places and positions are promised at once,
its people are entered some at a time, and no one sees any before the last one is in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

import core.jobs.running
import enrollment.jobs
from accounts.roles import Role
from accounts.services import close_account
from core import jobs
from core.audit import AuditEntry
from core.database import db, transaction
from core.errors import Conflict, DomainError, Invalid
from core.jobs import Job, JobState
from core.mail import Mail
from core.policy import SYSTEM, Actor
from courses import services as courses
from courses.models import Delivery
from courses.queries import plan_of
from enrollment import queries, services
from enrollment.models import (
    Enrollment,
    IdentityQuestion,
    Nomination,
    NominationDraft,
    NominationList,
    PromisedPlaces,
)
from enrollment.nomination_files import Sheet, SheetRow
from enrollment.nomination_files.carrying import to_kept
from enrollment.queries import NominationFilter
from enrollment.services import Nominee
from people.models import Organization, Person
from people.services import join_records
from tests import factories
from tests.counting import Count, queries_counted
from tests.enrollment import makers

pytestmark = pytest.mark.both_databases

PART = services.PART
#: Two whole parts and a piece.
PEOPLE = 2 * PART + 3


class Killed(BaseException):
    """The worker ends without another word."""


@pytest.fixture
def organization(context: Flask) -> Organization:
    return factories.organization("CA-MFA", "Ministry of Foreign Affairs")


@pytest.fixture
def nominator(organization: Organization) -> Actor:
    return factories.actor(Role.NOMINATOR, organization_id=organization.id)


def nominees(number: int = PEOPLE, category: str = "police", **values: Any) -> list[Nominee]:
    return [makers.nominee(category, row=n + 2, **values) for n in range(number)]


def taken(actor: Actor, delivery_id: int, body_id: int, people: list[Nominee], **more: Any) -> int:
    """The job of a list."""
    with transaction():
        body = db.session.get_one(Organization, body_id)
        return services.nominate_list(actor, delivery_id, body, people, **more).id


@contextmanager
def between_parts(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[], None], after: int
) -> Iterator[None]:
    """Does something in the worker's place, once so many parts are in."""
    turns = iter(range(-1, 1000))  # the first is before the job begins

    def give_way() -> None:
        if next(turns) == after:
            db.session.rollback()
            act()
            db.session.rollback()

    with monkeypatch.context() as patch:
        for module in (core.jobs.running, enrollment.jobs):
            patch.setattr(module, "give_way", give_way)
        yield


def is_killed() -> None:
    raise Killed


def killed(job_id: int) -> None:
    """Runs the job until it is killed; its lease is over then."""
    with pytest.raises(Killed):
        jobs.run(job_id)
    db.session.rollback()
    with transaction():
        db.session.execute(
            sa.update(Job).where(Job.id == job_id).values(run_after=0.0, lease_until=0.0)
        )


def count(model: type, *conditions: Any) -> int:
    counting = sa.select(sa.func.count()).select_from(model).where(*conditions)
    number = db.session.scalar(counting) or 0
    db.session.rollback()
    return number


def job_of(job_id: int) -> Job:
    return db.session.get_one(Job, job_id, populate_existing=True)


def statuses(delivery_id: int) -> list[str]:
    """In the order of the line."""
    of_delivery = sa.select(Enrollment.status).where(Enrollment.delivery_id == delivery_id)
    return [status.value for status in db.session.scalars(of_delivery.order_by(Enrollment.line))]


def no_trace_of(delivery_id: int, people_before: int) -> bool:
    return (
        count(Enrollment, Enrollment.delivery_id == delivery_id) == 0
        and count(Nomination) == 0
        and count(Person) == people_before
        and count(NominationList) == count(PromisedPlaces) == 0
        and count(Mail) == 0
    )


# What becomes of a list


def test_all_of_a_list_get_what_was_promised(nominator: Actor, organization: Organization) -> None:
    delivery_id, body_id = makers.delivery(places=4).id, organization.id
    job_id = taken(nominator, delivery_id, body_id, nominees())
    assert jobs.drain()
    assert job_of(job_id).public_status == "succeeded"
    assert (job_of(job_id).done, job_of(job_id).total) == (PEOPLE, PEOPLE)
    assert statuses(delivery_id) == ["confirmed"] * 4 + ["waitlisted"] * (PEOPLE - 4)
    order = db.session.scalars(sa.select(Enrollment.id).order_by(Enrollment.line)).all()
    assert list(order) == sorted(order)
    assert queries.positions(delivery_id) == {key: n for n, key in enumerate(order[4:], 1)}
    kinds = db.session.scalars(sa.select(Mail.kind).order_by(Mail.id)).all()
    assert kinds == ["enrollment_confirmed"] * 4 + ["enrollment_waitlisted"] * (PEOPLE - 4)
    assert count(Person, Person.is_provisional) == 0
    assert count(NominationList) == count(PromisedPlaces) == 0
    assert count(AuditEntry, AuditEntry.action == "enrollment.made") == PEOPLE
    assert list(queries.breaches()) == [] == list(queries.breaches_of_identity())


def test_no_one_is_seen_before_the_last_is_in(
    nominator: Actor, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery, body_id = makers.delivery(places=4), organization.id
    delivery_id, code = delivery.id, delivery.code
    coordinator = factories.actor(Role.COORDINATOR)
    job_id = taken(nominator, delivery_id, body_id, nominees())
    seen: list[int] = []

    def look() -> None:
        criteria = NominationFilter(delivery=code)
        delivery = db.session.get_one(Delivery, delivery_id)
        for actor in (nominator, coordinator):
            seen.append(len(queries.every_nomination(actor, criteria)))
            seen.append(len(queries.list_counting(actor, delivery)))
            seen.append(len(queries.standings(actor, delivery)))
            seen.append(len(queries.deliveries_nominated_for(actor)))
        assert count(Enrollment, Enrollment.delivery_id == delivery_id) == 2 * PART
        assert count(Mail) == count(IdentityQuestion) == 0
        assert count(AuditEntry, AuditEntry.action == "enrollment.made") == 0
        assert job_of(job_id).done == 2 * PART

    with between_parts(monkeypatch, look, 2):
        jobs.run(job_id)
    assert seen == [0] * 8
    assert len(queries.every_nomination(nominator, NominationFilter(delivery=code))) == PEOPLE
    assert count(Mail) == 0, "letters follow, in parts"


def test_those_who_come_meanwhile_stand_behind_the_list(
    nominator: Actor, organization: Organization
) -> None:
    delivery, body_id = makers.delivery(places=4), organization.id
    delivery_id = delivery.id
    taken(nominator, delivery_id, body_id, nominees())
    now = queries.seatings([delivery_id])[delivery_id]
    assert (now.open_left, now.all_waiting) == (0, PEOPLE - 4)
    later = makers.enrolled(delivery, "police").id
    assert queries.positions(delivery_id) == {later: PEOPLE - 3}
    jobs.drain()
    assert queries.positions(delivery_id)[later] == PEOPLE - 3
    assert statuses(delivery_id)[-1] == "waitlisted"


def test_positions_count_those_who_wait_for_the_same_places(
    nominator: Actor, organization: Organization
) -> None:
    delivery, body_id = makers.delivery(places=1, pools={"military": 1}), organization.id
    delivery_id = delivery.id
    mixed = nominees(4, "military") + nominees(3, "police") + nominees(2, "civilian")
    taken(nominator, delivery_id, body_id, mixed)
    soldier = makers.enrolled(delivery, "military").id
    other = makers.enrolled(delivery, "police").id
    before = queries.positions(delivery_id)
    assert before == {soldier: 4, other: 6}
    jobs.drain()
    assert queries.positions(delivery_id).items() >= before.items()


def test_where_requests_are_decided_they_wait_for_that(
    nominator: Actor, organization: Organization
) -> None:
    delivery_id = makers.delivery(places=4, admission="approval").id
    taken(nominator, delivery_id, organization.id, nominees())
    jobs.drain()
    assert statuses(delivery_id) == ["requested"] * PEOPLE


def test_the_promise_keeps_within_the_pools(nominator: Actor, organization: Organization) -> None:
    delivery = makers.delivery(places=5, pools={"military": 2, "police": 1})
    delivery_id = delivery.id
    mixed = [
        makers.nominee(category, row=n)
        for n in range(20)
        for category in ("police", "military", "civilian")
    ]
    taken(nominator, delivery_id, organization.id, mixed)
    jobs.drain()
    now = queries.seatings([delivery_id])[delivery_id]
    assert now.seated == {"police": 2, "military": 2, "civilian": 1}
    assert statuses(delivery_id)[:8] == [
        *("confirmed", "confirmed", "confirmed", "confirmed"),
        *("confirmed", "waitlisted", "waitlisted", "waitlisted"),
    ]
    assert list(queries.breaches()) == []


def test_two_lists_at_once_never_oversell(
    nominator: Actor, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery_id, body_id = makers.delivery(places=PEOPLE + 2).id, organization.id
    other_body = factories.organization("GH-MOD", "Ministry of Defence", "GH").id
    other = factories.actor(Role.NOMINATOR, organization_id=other_body)
    first = taken(nominator, delivery_id, body_id, nominees())
    second = taken(other, delivery_id, other_body, nominees())

    def the_other_is_entered() -> None:
        jobs.run(second)
        assert statuses(delivery_id).count("confirmed") == 2

    with between_parts(monkeypatch, the_other_is_entered, 1):
        jobs.run(first)
    jobs.drain()
    assert statuses(delivery_id) == ["confirmed"] * (PEOPLE + 2) + ["waitlisted"] * (PEOPLE - 2)
    now = queries.seatings([delivery_id])[delivery_id]
    assert not now.is_oversold and now.open_left == 0
    assert list(queries.breaches()) == []


# Killed and refused


@pytest.mark.parametrize("parts", [0, 1, 2])
def test_what_a_killed_worker_left_another_finishes(
    nominator: Actor, organization: Organization, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    delivery_id = makers.delivery(places=4).id
    job_id = taken(nominator, delivery_id, organization.id, nominees())
    with between_parts(monkeypatch, is_killed, parts):
        killed(job_id)
    assert job_of(job_id).done == parts * PART
    jobs.drain()
    assert statuses(delivery_id) == ["confirmed"] * 4 + ["waitlisted"] * (PEOPLE - 4)
    assert count(Mail) == count(Person, Person.email.like("nominee%")) == PEOPLE
    assert list(queries.breaches()) == []


def test_letters_are_written_once_although_the_worker_is_killed(
    nominator: Actor, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery_id = makers.delivery(places=4).id
    jobs.run(taken(nominator, delivery_id, organization.id, nominees()))
    telling = db.session.scalars(sa.select(Job.id).where(Job.kind == services.TELL)).one()
    with between_parts(monkeypatch, is_killed, 1):
        killed(telling)
    assert count(Mail) == PART
    jobs.drain()
    assert count(Mail) == PEOPLE == count(Mail, Mail.address.like("nominee%"))
    assert count(NominationList) == 0


def test_a_refusal_in_a_late_row_leaves_no_one_behind(
    nominator: Actor, organization: Organization
) -> None:
    delivery_id, body_id = makers.delivery(places=4).id, organization.id
    people = nominees()
    twice = makers.nominee("police", email=people[0].email, row=98)
    twice = Nominee(**vars(twice) | {"family_name": people[0].family_name})
    before = count(Person)
    job_id = taken(
        nominator,
        delivery_id,
        body_id,
        [*people, twice, makers.nominee("police", country="Atlantis", row=99)],
    )
    with queries_counted() as looked:
        jobs.run(job_id)
    assert not any("INSERT INTO person" in statement for statement in looked.statements), (
        "all is looked at"
    )
    job = job_of(job_id)
    assert job.public_status == "failed" and job.done == 0
    assert [(error["row"], error["field"], error["code"]) for error in job.errors] == [
        (98, "person.email", "already_enrolled"),
        (99, "person.country", "unknown_country"),
    ]
    assert no_trace_of(delivery_id, before)
    now = queries.seatings([delivery_id])[delivery_id]
    assert (now.open_left, now.all_waiting, now.awaits_list) == (4, 0, False)


def test_a_category_that_is_none_is_refused_at_once(
    nominator: Actor, organization: Organization
) -> None:
    people = [*nominees(3), makers.nominee("astronaut", row=7)]
    with pytest.raises(Invalid) as refused:
        taken(nominator, makers.delivery().id, organization.id, people)
    db.session.rollback()
    assert (refused.value.code, refused.value.field) == ("unknown_category", "row-7.category")
    assert count(NominationList) == count(Job) == 0


@pytest.mark.parametrize("parts", [0, 1, 2])
def test_a_delivery_cancelled_meanwhile_undoes_all(
    nominator: Actor, organization: Organization, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    delivery_id, body_id = makers.delivery(places=4).id, organization.id
    before = count(Person)
    job_id = taken(nominator, delivery_id, body_id, nominees())

    def cancel() -> None:
        with transaction():
            courses.cancel(SYSTEM, db.session.get_one(Delivery, delivery_id), reason="Flood")

    with between_parts(monkeypatch, cancel, parts):
        jobs.run(job_id)
    assert [error["code"] for error in job_of(job_id).errors] == ["delivery_cancelled"]
    assert job_of(job_id).public_status == "failed"
    assert no_trace_of(delivery_id, before)


def test_applications_that_close_meanwhile_change_nothing(
    nominator: Actor, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list came in time."""
    delivery_id = makers.delivery(places=4).id
    job_id = taken(nominator, delivery_id, organization.id, nominees())

    def close() -> None:
        with transaction():
            delivery = courses.touch(delivery_id)
            factories.plant(
                sa.update(Delivery)
                .where(Delivery.id == delivery_id)
                .values(closes_on=delivery.closes_on.replace(year=2020))
            )

    with between_parts(monkeypatch, close, 1):
        jobs.run(job_id)
    assert len(statuses(delivery_id)) == PEOPLE


def test_a_worker_killed_while_it_undoes(
    nominator: Actor, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery_id = makers.delivery(places=4).id
    before = count(Person)
    job_id = taken(nominator, delivery_id, organization.id, nominees())

    def cancel() -> None:
        with transaction():
            courses.cancel(SYSTEM, db.session.get_one(Delivery, delivery_id), reason="Flood")

    turns = iter(range(-1, 1000))  # the first is before the job begins

    def give_way() -> None:
        step = next(turns)
        if step == 2:
            cancel()
        if step == 4:  # one part of those that were in is gone
            raise Killed

    with monkeypatch.context() as patch:
        for module in (core.jobs.running, enrollment.jobs):
            patch.setattr(module, "give_way", give_way)
        killed(job_id)
    assert count(Enrollment) == PART
    jobs.drain()
    assert [error["code"] for error in job_of(job_id).errors] == ["delivery_cancelled"]
    assert no_trace_of(delivery_id, before)


def test_what_was_given_up_is_undone(
    nominator: Actor, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery_id = makers.delivery(places=4).id
    before = count(Person)
    job_id = taken(nominator, delivery_id, organization.id, nominees())
    with between_parts(monkeypatch, is_killed, 1):
        killed(job_id)
    with transaction():
        db.session.execute(sa.update(Job).where(Job.id == job_id).values(state=JobState.DEAD))
        jobs.enqueue("enrollment.lapse")
    jobs.drain()
    assert no_trace_of(delivery_id, before)
    with transaction():
        jobs.retry(job_of(job_id))
    jobs.drain()
    assert no_trace_of(delivery_id, before), "a job without its list does nothing"


def test_who_may_no_longer_nominate_nominates_no_one(
    nominator: Actor, organization: Organization
) -> None:
    delivery_id = makers.delivery(places=4).id
    before = count(Person)
    job_id = taken(nominator, delivery_id, organization.id, nominees())
    with transaction():
        close_account(SYSTEM, db.session.get_one(Person, nominator.person_id))
    jobs.drain()
    assert [error["code"] for error in job_of(job_id).errors] == ["not_allowed"]
    assert no_trace_of(delivery_id, before)


def test_a_refused_file_is_its_givers_draft_again(
    nominator: Actor, organization: Organization
) -> None:
    people = [*nominees(3), makers.nominee("police", country="Atlantis", row=99)]
    rows = (SheetRow(row=99, raw={"country": "Atlantis"}, typed={}),)
    sheet, body_id = to_kept(Sheet(kind="text", rows=rows)), organization.id
    taken(nominator, makers.delivery().id, body_id, people, sheet=sheet)
    jobs.drain()
    draft = db.session.scalars(sa.select(NominationDraft)).one()
    assert (draft.person_id, draft.organization_id) == (nominator.person_id, body_id)
    assert (draft.content, draft.rows) == (sheet, 1)


# Meanwhile


def refusal(act: Callable[[], Any]) -> DomainError:
    with pytest.raises(DomainError) as refused, transaction():
        act()
    db.session.rollback()
    return refused.value


def test_the_same_organization_waits_for_its_list(
    nominator: Actor, organization: Organization
) -> None:
    delivery_id, body_id = makers.delivery(places=4).id, organization.id
    other_delivery = makers.delivery().id
    people = nominees()
    job_id = taken(nominator, delivery_id, body_id, people)

    def again(into: int = delivery_id) -> None:
        body = db.session.get_one(Organization, body_id)
        services.nominate(nominator, into, body, [people[0]])

    assert refusal(again).code == "list_being_entered"
    jobs.run(job_id)
    assert refusal(again).code == "list_being_entered", "its people are not recognised yet"
    jobs.drain()
    assert refusal(again).code == "already_enrolled"
    with transaction():
        again(other_delivery)
    assert count(Person, Person.email == people[0].email) == 1


def test_someone_of_the_list_who_comes_otherwise_has_one_seat(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coordinator's list: its people are recognised among everyone."""
    coordinator = factories.actor(Role.COORDINATOR)
    known = factories.person("Zoë", "Lefèvre", email="zoe@example.org")
    known_id, delivery = known.id, makers.delivery(places=PEOPLE + 5)
    delivery_id, body_id = delivery.id, organization.id
    zoe = makers.nominee(
        "police", given_name="Zoë", family_name="Lefèvre", email="zoe@example.org", row=1
    )
    job_id = taken(coordinator, delivery_id, body_id, [zoe, *nominees()])

    def enrol() -> None:
        makers.enrolled(delivery, "police", person=db.session.get_one(Person, known_id))

    with between_parts(monkeypatch, enrol, 1):
        jobs.run(job_id)
    jobs.drain()
    own = queries.find_enrollment(delivery_id, known_id)
    assert own is not None and own.status == "confirmed"
    assert statuses(delivery_id).count("substituted") == 1
    assert statuses(delivery_id).count("confirmed") == PEOPLE + 1
    assert list(queries.breaches()) == []


def test_two_of_the_list_who_become_one_have_one_seat(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator = factories.actor(Role.COORDINATOR)
    keys = [
        factories.person("Zoë", f"Lefèvre {n}", email=f"zoe{n}@example.org").id for n in range(2)
    ]
    delivery_id = makers.delivery(places=PEOPLE + 5).id
    both = [
        makers.nominee(
            "police",
            given_name="Zoë",
            family_name=f"Lefèvre {n}",
            email=f"zoe{n}@example.org",
            row=n,
        )
        for n in range(2)
    ]
    job_id = taken(coordinator, delivery_id, organization.id, [*both, *nominees()])

    def join() -> None:
        with transaction():
            keep, merged = (db.session.get_one(Person, key) for key in keys)
            join_records(SYSTEM, keep, merged, reason="one person")

    with between_parts(monkeypatch, join, 1):
        jobs.run(job_id)
    jobs.drain()
    assert statuses(delivery_id).count("substituted") == 1
    assert statuses(delivery_id).count("confirmed") == PEOPLE + 1
    assert list(queries.breaches()) == []


def test_no_one_moves_up_past_the_list(
    nominator: Actor, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = makers.delivery(places=1)
    first = makers.enrolled(delivery, "police").id
    delivery_id, body_id = delivery.id, organization.id
    job_id = taken(nominator, delivery_id, body_id, nominees())
    later = makers.enrolled(delivery, "police").id

    def withdraw() -> None:
        with transaction():
            services.withdraw(SYSTEM, db.session.get_one(Enrollment, first))
        assert db.session.get_one(Enrollment, later).status == "waitlisted"

    with between_parts(monkeypatch, withdraw, 1):
        jobs.run(job_id)
    assert statuses(delivery_id)[:2] == ["withdrawn", "confirmed"], "the first of the list"
    assert db.session.get_one(Enrollment, later).status == "waitlisted"


def test_places_promised_to_a_list_are_not_taken_away(
    nominator: Actor, organization: Organization
) -> None:
    delivery = makers.delivery(places=4)
    delivery_id, body_id = delivery.id, organization.id
    taken(nominator, delivery_id, body_id, nominees())
    with pytest.raises(Conflict) as refused, transaction():
        now = db.session.get_one(Delivery, delivery_id)
        plan = dataclasses.replace(plan_of(now), places=3)
        courses.change(SYSTEM, now, plan, rev=now.rev)
    db.session.rollback()
    assert refused.value.code == "fewer_places_than_taken"
    jobs.drain()
    assert statuses(delivery_id).count("confirmed") == 4


def test_doubts_are_asked_when_the_list_is_in(nominator: Actor, organization: Organization) -> None:
    delivery_id, other_id = makers.delivery().id, makers.delivery().id
    with transaction():
        body = db.session.get_one(Organization, organization.id)
        (before,) = services.nominate(
            nominator, other_id, body, [makers.nominee("police", identifier="GH-7")]
        )
        known = before.person_id
    other = makers.nominee(
        "police", identifier="GH-7", given_name="Kofi", family_name="Mensah", row=1
    )
    job_id = taken(nominator, delivery_id, organization.id, [other, *nominees()])
    jobs.run(job_id)
    assert count(IdentityQuestion) == 0
    jobs.drain()
    questions = db.session.scalars(sa.select(IdentityQuestion)).all()
    assert [(question.candidate_id, question.agrees) for question in questions] == [
        (known, ["number"])
    ]
    assert count(Nomination, Nomination.doubts.is_not(None)) == 0


def test_no_application_is_taken_for_one_of_a_list(
    nominator: Actor, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both count nowhere yet; only one of them is forgotten when a link was not opened in time."""
    delivery_id = makers.delivery(places=4).id
    job_id = taken(nominator, delivery_id, organization.id, nominees())
    with between_parts(monkeypatch, is_killed, 2):
        killed(job_id)
    assert services.lapsed_applications() == []


# What each transaction costs


def _most(count_of: Count) -> int:
    """Of the statements of one transaction, by what ends the batch of each: the job's own row."""
    most = now = 0
    for statement in count_of.statements:
        now += 1
        if statement.startswith("UPDATE job"):
            most, now = max(most, now), 0
    return most


@pytest.mark.parametrize("decides", [False, True])
def test_a_transaction_takes_no_more_for_a_longer_list(
    organization: Organization, decides: bool
) -> None:
    role = {} if decides else {"organization_id": organization.id}
    who = factories.actor(Role.COORDINATOR if decides else Role.NOMINATOR, **role)
    body_id, costs = organization.id, []
    for parts in (2, 6):
        delivery_id = makers.delivery(places=5).id
        people = nominees(parts * PART)
        with queries_counted() as first:
            job_id = taken(who, delivery_id, body_id, people)
        with queries_counted() as entering:
            jobs.run(job_id)
        telling = db.session.scalars(
            sa.select(Job.id).where(Job.kind == services.TELL).order_by(Job.id.desc())
        ).first()
        assert telling is not None
        with queries_counted() as letters:
            jobs.run(telling)
        costs.append((len(first.statements), _most(entering), _most(letters)))
        jobs.drain()
    assert costs[0] == costs[1]
    assert costs[0][0] < 20, "the first transaction is as short for any list"
    assert max(costs[0]) < 8 * PART
