"""Scheduling, changing, publishing and cancelling: the rules, asked of the services."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import clock
from core.audit import AuditEntry
from core.database import db, transaction
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from core.policy import ANONYMOUS, SYSTEM
from courses import services
from courses.models import Delivery, DeliveryStatus
from courses.plans import DeliveryPlan, PoolPlan, usual_closing
from courses.queries import (
    fingerprint,
    get_course,
    get_delivery,
    is_open_for_enrollment,
    plan_of,
    trainers_of,
)
from courses.services import touch
from tests import factories
from tests.courses import makers


def refusal(**changes: Any) -> list[tuple[str | None, str]]:
    course = makers.course()
    with pytest.raises(DomainError) as caught:
        makers.delivery(SYSTEM, course, **changes)
    return [(error.field, error.code) for error in caught.value.errors or [caught.value]]


def change(delivery: Delivery, **changes: Any) -> Delivery:
    plan = replace(plan_of(delivery), **changes)
    with transaction():
        services.change(SYSTEM, delivery, plan, rev=delivery.rev)
    return get_delivery(SYSTEM, delivery.code)


def last_facts(count: int = 1) -> str:
    """The last entries of the audit trail."""
    return "\n".join(
        db.session.scalars(
            sa.select(AuditEntry.body).order_by(AuditEntry.number.desc()).limit(count)
        )
    )


def test_a_delivery_follows_the_course(context: Flask) -> None:
    delivery = makers.delivery(pools={"military": 10, "police": 5, "civilian": 10})
    assert (delivery.code, delivery.status) == ("GTI-2027-03", DeliveryStatus.PUBLISHED)
    assert (delivery.starts_on, delivery.ends_on) == (date(2027, 3, 8), date(2027, 3, 10))
    assert delivery.closes_on == date(2027, 2, 15)
    assert [pool.places for pool in delivery.pools] == [10, 5, 10]
    first, last = delivery.sessions[0], delivery.sessions[-1]
    assert (first.day, first.starts_at) == (
        1,
        datetime(2027, 3, 8, 13, tzinfo=UTC),
    )  # Halifax is at UTC−4
    assert (last.day, last.ends_at) == (3, datetime(2027, 3, 10, 21, tzinfo=UTC))


def test_across_a_clock_change_the_day_still_begins_at_nine(context: Flask) -> None:
    delivery = makers.delivery(starts_on=date(2027, 3, 13))
    mornings = [s.starts_at for s in delivery.sessions if s.number in (1, 5, 9)]
    assert [moment.hour for moment in mornings] == [13, 12, 12]


def test_codes_are_told_apart(context: Flask) -> None:
    assert [makers.delivery().code for _ in range(3)] == [
        "GTI-2027-03",
        "GTI-2027-03-2",
        "GTI-2027-03-3",
    ]
    assert makers.delivery(code="PSC-HALIFAX").code == "PSC-HALIFAX"
    with pytest.raises(Conflict, match="code_taken"):
        makers.delivery(code="PSC-HALIFAX")


@pytest.mark.parametrize(
    ("starts_on", "closing"),
    [
        (date(2027, 3, 8), date(2027, 2, 15)),
        (date(2026, 12, 14), date(2026, 11, 23)),
        (date(2026, 12, 13), date(2026, 12, 12)),
        (date(2026, 11, 24), date(2026, 11, 23)),
        (date(2026, 11, 23), date(2026, 11, 23)),
    ],
)
def test_the_usual_closing_date(starts_on: date, closing: date) -> None:
    assert usual_closing(starts_on, today=date(2026, 11, 23)) == closing


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"starts_on": date(2026, 11, 22)}, ("starts_on", "past_date")),
        ({"starts_on": date(2260, 3, 8)}, ("starts_on", "too_far")),
        ({"starts_on": date(9999, 12, 31)}, ("starts_on", "too_far")),
        ({"closes_on": date(2027, 3, 9)}, ("closes_on", "closing_after_start")),
        ({"closes_on": date(2026, 11, 1)}, ("closes_on", "past_closing")),
        ({"places": 0}, ("places", "bad_places")),
        ({"places": -3}, ("places", "bad_places")),
        ({"places": 10**12}, ("places", "bad_places")),
        ({"pools": {"military": 20, "police": 6}}, ("pools", "pools_exceed_places")),
        ({"pools": {"navy": 5}}, ("pools.0.category", "unknown_category")),
        ({"pools": {"police": -1}}, ("pools.0.places", "bad_places")),
        ({"admission": "lottery"}, ("admission", "unknown_admission")),
        ({"time_zone": "America/Atlantis"}, ("time_zone", "unknown_time_zone")),
        ({"time_zone": "../etc/passwd"}, ("time_zone", "unknown_time_zone")),
        ({"venue": " "}, ("venue", "required")),
        ({"country": "XX"}, ("country", "unknown_country")),
        ({"country": ""}, ("country", "unknown_country")),
        ({"language": "xx"}, ("language", "unknown_language")),
        ({"code": "a b"}, ("code", "bad_code")),
        ({"code": "GTI.ics"}, ("code", "reserved_code")),
        ({"trainers": (9999,)}, ("trainers", "unknown_trainer")),
    ],
)
def test_wrong_values_are_refused_where_they_stand(
    context: Flask, changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    assert refusal(**changes) == [fault]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 0


def test_two_pools_for_one_category_are_refused(context: Flask) -> None:
    course = makers.course()
    plan = plan_of(makers.delivery(SYSTEM, course))
    twice = replace(plan, code=None, pools=(PoolPlan("police", 5), PoolPlan("police", 5)))
    with pytest.raises(DomainError, match="duplicate_pool"), transaction():
        services.schedule(SYSTEM, get_course("GTI"), twice)


def test_today_is_past_where_the_day_is_over(context: Flask) -> None:
    clock.travel(context, datetime(2026, 11, 23, 11, tzinfo=UTC))  # already the 24th on Kiritimati
    assert refusal(starts_on=date(2026, 11, 23), time_zone="Pacific/Kiritimati") == [
        ("starts_on", "past_date")
    ]
    assert makers.delivery(
        starts_on=date(2026, 11, 23), time_zone="Pacific/Pago_Pago"
    ).closes_on == date(2026, 11, 23)


def test_a_clock_change_in_a_session_is_refused(context: Flask) -> None:
    night = [{"day": 1, "start": "02:30", "minutes": 60, "title": {"en": "Night patrol"}}]
    course = makers.course(
        SYSTEM, "NIGHT", sessions=night, time_of_day={"start": "00:00", "end": "23:59"}, grants=[]
    )
    with pytest.raises(DomainError, match="clock_change"):
        makers.delivery(SYSTEM, course, starts_on=date(2027, 3, 14))


def test_who_schedules_as_a_trainer_teaches_it(context: Flask) -> None:
    makers.course()
    trainer, other = factories.actor(Role.TRAINER), factories.actor(Role.TRAINER, given="Bao")
    own = makers.delivery(trainer)
    assert [person.id for person in trainers_of([own.id])[own.id]] == [trainer.person_id]
    shared = makers.delivery(trainer, trainers=(other.person_id,), published=False)
    assert {person.id for person in trainers_of([shared.id])[shared.id]} == {
        trainer.person_id,
        other.person_id,
    }
    assert factories.refreshed(other).can("delivery:write", shared)
    with pytest.raises(NotFound):
        get_delivery(factories.actor(Role.TRAINER), shared.code)


def test_a_coordinator_may_leave_the_teaching_to_others(context: Flask) -> None:
    makers.course()
    coordinator = factories.actor(Role.COORDINATOR, Role.TRAINER)
    trainer = factories.actor(Role.TRAINER)
    delivery = makers.delivery(coordinator, trainers=(trainer.person_id,))
    assert [person.id for person in trainers_of([delivery.id])[delivery.id]] == [trainer.person_id]


def test_only_those_who_may_schedule_and_change(context: Flask) -> None:
    makers.course()
    participant, stranger = factories.actor(), factories.actor(Role.TRAINER)
    with pytest.raises(NotAllowed):
        makers.delivery(participant)
    delivery = makers.delivery(published=False)
    for act in (
        lambda: services.publish(stranger, delivery),
        lambda: services.cancel(stranger, delivery, reason="No."),
        lambda: services.change(stranger, delivery, plan_of(delivery), rev=delivery.rev),
    ):
        with pytest.raises(NotAllowed), transaction():
            act()


def test_a_draft_is_hidden_until_published(context: Flask) -> None:
    delivery = makers.delivery(published=False)
    with pytest.raises(NotFound):
        get_delivery(ANONYMOUS, delivery.code)
    assert not is_open_for_enrollment(delivery)
    with transaction():
        services.publish(SYSTEM, delivery)
    assert is_open_for_enrollment(get_delivery(ANONYMOUS, delivery.code))
    with pytest.raises(Conflict, match="state_does_not_allow"), transaction():
        services.publish(SYSTEM, delivery)


def test_a_cancelled_draft_stays_hidden(context: Flask) -> None:
    delivery = makers.delivery(published=False)
    with transaction():
        services.cancel(SYSTEM, delivery, reason="Not needed.")
    with pytest.raises(NotFound):
        get_delivery(ANONYMOUS, delivery.code)


def test_a_draft_whose_start_is_past_is_not_published(context: Flask) -> None:
    delivery = makers.delivery(published=False)
    clock.travel(context, datetime(2027, 3, 20, tzinfo=UTC))
    with pytest.raises(Conflict, match="past_date"), transaction():
        services.publish(SYSTEM, delivery)


def test_applications_close_when_the_day_is_over_at_the_venue(context: Flask) -> None:
    delivery = makers.delivery(closes_on=date(2027, 2, 15))
    clock.travel(context, datetime(2027, 2, 16, 3, 59, tzinfo=UTC))  # 23:59 in Halifax
    assert is_open_for_enrollment(delivery)
    clock.travel(context, datetime(2027, 2, 16, 4, 1, tzinfo=UTC))
    assert not is_open_for_enrollment(delivery)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_reason_is_needed_to_cancel(context: Flask, reason: str) -> None:
    delivery = makers.delivery()
    with pytest.raises(DomainError) as caught, transaction():
        services.cancel(SYSTEM, delivery, reason=reason)
    assert caught.value.field == "reason"
    assert get_delivery(SYSTEM, delivery.code).status is DeliveryStatus.PUBLISHED


def test_a_change_says_what_changed_and_moves_the_sessions(context: Flask) -> None:
    delivery = makers.delivery(pools={"police": 5})
    ids = [session.id for session in delivery.sessions]
    moved = change(
        delivery,
        starts_on=date(2027, 6, 7),
        venue="Halifax",
        closes_on=None,
        pools=(PoolPlan("civilian", 7),),
    )
    assert moved.sessions[0].starts_at == datetime(2027, 6, 7, 12, tzinfo=UTC)
    assert [session.id for session in moved.sessions] == ids  # marks stay with their session
    assert (moved.ends_on, moved.closes_on) == (date(2027, 6, 9), date(2027, 5, 17))
    assert [(pool.category, pool.places) for pool in moved.pools] == [("civilian", 7)]
    facts = last_facts(2)
    assert (
        '"changed":["starts_on","venue","pools","closes_on","ends_on"]' in facts
        and '"delivery.moved"' in facts
    )
    assert "Halifax" not in facts and "Clementsport" not in facts


def test_pools_can_trade_places(context: Flask) -> None:
    delivery = makers.delivery(places=10, pools={"police": 4, "military": 6})
    changed = change(
        delivery, pools=(PoolPlan("military", 3), PoolPlan("civilian", 2), PoolPlan("police", 5))
    )
    assert {pool.category.value: pool.places for pool in changed.pools} == {
        "police": 5,
        "military": 3,
        "civilian": 2,
    }


def test_a_change_of_nothing_announces_nothing(context: Flask) -> None:
    delivery = makers.delivery()
    before = last_facts()
    change(delivery)
    assert last_facts() == before


def test_a_delivery_under_way_keeps_its_start(context: Flask) -> None:
    delivery = makers.delivery()
    clock.travel(context, datetime(2027, 3, 9, 12, tzinfo=UTC))
    assert change(delivery, venue="Halifax").venue == "Halifax"
    with pytest.raises(DomainError, match="past_date"):
        change(get_delivery(SYSTEM, delivery.code), starts_on=date(2027, 3, 1), closes_on=None)


def test_trainers_come_and_go(context: Flask) -> None:
    makers.course()
    first, second = factories.actor(Role.TRAINER), factories.actor(Role.TRAINER)
    delivery = makers.delivery(first)
    change(delivery, trainers=(second.person_id,))
    assert [person.id for person in trainers_of([delivery.id])[delivery.id]] == [second.person_id]
    assert not factories.refreshed(first).can("delivery:write", delivery)


def test_what_is_over_is_not_changed(context: Flask) -> None:
    delivery = makers.delivery()
    with transaction():
        services.cancel(SYSTEM, delivery, reason="Storm.")
    with pytest.raises(Conflict, match="state_does_not_allow"):
        change(get_delivery(SYSTEM, delivery.code), venue="Halifax")


def test_a_stale_form_is_refused_but_enrollments_make_none_stale(context: Flask) -> None:
    delivery = makers.delivery()
    rev, seen, plan = delivery.rev, fingerprint(delivery), plan_of(delivery)
    with transaction():
        touch(delivery.id)  # as an enrollment does
    with transaction():
        services.change(
            SYSTEM, delivery, replace(plan, venue="Halifax"), rev=rev, seen_fingerprint=seen
        )
    with pytest.raises(Conflict, match="stale_form"), transaction():
        services.change(
            SYSTEM, delivery, replace(plan, venue="Sydney"), rev=rev, seen_fingerprint=seen
        )
    with pytest.raises(Conflict, match="stale_form"), transaction():
        services.change(SYSTEM, delivery, replace(plan, venue="Sydney"), rev=rev)
    assert get_delivery(SYSTEM, delivery.code).venue == "Halifax"


# The touch lock


def test_touch_needs_a_transaction_and_a_delivery(context: Flask) -> None:
    with pytest.raises(RuntimeError):
        touch(1)
    with pytest.raises(NotFound), transaction():
        touch(1)


def test_touch_alone_needs_no_audit_entry(context: Flask) -> None:
    delivery = makers.delivery()
    rev = delivery.rev
    with transaction():
        assert touch(delivery.id).rev == rev + 1


@pytest.mark.both_databases
def test_touch_makes_others_wait_and_see(app: Flask) -> None:
    """Each of 8 threads reads a value under the lock and writes one more: none is lost."""
    with app.app_context():
        delivery_id = makers.delivery(places=1).id

    def raise_places() -> None:
        with app.app_context():
            for _ in range(5):
                with transaction():
                    delivery = touch(delivery_id)
                    plan = plan_of(delivery)
                    services.change(
                        SYSTEM, delivery, replace(plan, places=plan.places + 1), rev=delivery.rev
                    )

    threads = [threading.Thread(target=raise_places) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert db.session.get_one(Delivery, delivery_id).places == 41


@pytest.mark.both_databases
def test_deliveries_scheduled_at_once_get_different_codes(app: Flask) -> None:
    with app.app_context():
        makers.course()
    failures: list[Exception] = []

    def schedule() -> None:
        with app.app_context():
            try:
                for _ in range(3):
                    makers.delivery()
            except Exception as failure:  # a thread's failure must reach the test
                failures.append(failure)

    threads = [threading.Thread(target=schedule) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with app.app_context():
        assert len(set(db.session.scalars(sa.select(Delivery.code)))) == 12


def test_the_plan_of_a_delivery_is_what_was_asked_for(context: Flask) -> None:
    delivery = makers.delivery(pools={"police": 5}, admission="approval")
    assert plan_of(delivery) == DeliveryPlan(
        starts_on=date(2027, 3, 8),
        time_zone="America/Halifax",
        venue="Clementsport",
        country="CA",
        language="en",
        places=25,
        pools=(PoolPlan("police", 5),),
        admission="approval",
        closes_on=date(2027, 2, 15),
        trainers=(),
        code="GTI-2027-03",
    )
