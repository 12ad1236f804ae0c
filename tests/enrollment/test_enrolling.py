"""A person asks for a place, is decided on, and gives it up."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.models import Account
from accounts.roles import Role
from accounts.services import use_link
from core import audit, clock
from core.database import db, transaction
from core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, NotSignedIn
from core.mail import Mail
from core.policy import ANONYMOUS, SYSTEM, Actor
from courses import services as courses
from courses.models import Delivery
from courses.queries import plan_of
from enrollment import queries, services
from enrollment.models import Enrollment
from enrollment.references import reference
from enrollment.services import Wish
from people.models import Organization, Person
from tests import factories
from tests.conftest import NOW
from tests.enrollment import makers


def refused(
    kind: type[DomainError], act: Callable[..., Any], *args: Any, **kwargs: Any
) -> DomainError:
    with pytest.raises(kind) as refusal, transaction():
        act(*args, **kwargs)
    db.session.rollback()
    return refusal.value


def nominated(delivery: Delivery, organization: Organization, actor: Actor = SYSTEM) -> Enrollment:
    with transaction():
        by = db.session.get_one(Organization, organization.id)
        return services.nominate(actor, delivery.id, by, [makers.nominee()])[0]


def mails(person: Person) -> list[Mail]:
    return list(
        db.session.scalars(sa.select(Mail).where(Mail.person_id == person.id).order_by(Mail.id))
    )


# Applying


def test_somebody_gets_a_place_and_is_told(context: Flask) -> None:
    delivery, person = makers.delivery(places=1), factories.person("Zoë", "Lefèvre", language="en")
    enrollment = makers.enrolled(
        delivery, "military", person, rank="Captain", rank_code="of 2", needs="Step-free\r\naccess"
    )
    assert (enrollment.status, enrollment.rank_code, enrollment.needs) == (
        "confirmed",
        "OF-2",
        "Step-free\naccess",
    )
    assert enrollment.name_on_certificate == "Zoë Lefèvre"
    (mail,) = mails(person)
    assert mail.kind == "enrollment_confirmed" and mail.is_secret
    assert "Dear Zoë Lefèvre," in mail.body and "From 8 March 2027 to 10 March 2027" in mail.body
    token = mail.body.partition("/sign-in/")[2].split()[0]
    with transaction():
        who, target = use_link(token)
        audit.record(SYSTEM, "test", "test", {})
    assert (who.id, target) == (person.id, f"/enrollments/{enrollment.id}")


def test_who_has_a_place_is_written_when_and_where_to_be_and_one_reference(context: Flask) -> None:
    delivery, person = makers.delivery(places=1), factories.person(language="en")
    waiting = factories.person(language="en")
    enrollment = makers.enrolled(delivery, person=person)
    makers.enrolled(delivery, person=waiting)
    (mail,) = mails(person)
    assert (
        "The first session begins on Monday 8 March 2027 at 09:00 (time zone: America/Halifax)."
        in mail.body
    )
    assert (
        f"/deliveries/{delivery.code}\n" in mail.body and "Where: Clementsport, Canada" in mail.body
    )
    assert (
        f"Course code: {delivery.code}\nReference: {reference(delivery.id, person.id)}\n"
        in mail.body
    )
    with transaction():
        services.withdraw(SYSTEM, enrollment)
    first, promoted = mails(waiting)
    assert (
        f"Reference: {reference(delivery.id, waiting.id)}\n" in first.body
        and "The first session" not in first.body
    )
    assert "The first session begins on Monday" in promoted.body
    assert f"Reference: {reference(delivery.id, person.id)}\n" in mails(person)[-1].body


def test_somebody_with_a_password_gets_the_plain_address(context: Flask) -> None:
    person = factories.person()
    with transaction():
        db.session.get_one(Account, person.id).password_hash = "set"
        audit.record(SYSTEM, "test", "test", {})
    enrollment = makers.enrolled(makers.delivery(), person=person)
    (mail,) = mails(person)
    assert (
        f"/enrollments/{enrollment.id}" in mail.body
        and "sign-in" not in mail.body
        and not mail.is_secret
    )


def test_somebody_without_an_address_gets_a_place_without_mail(context: Flask) -> None:
    person = factories.person(email=None, identifier="SN-1")
    assert makers.enrolled(makers.delivery(), person=person).status == "confirmed"
    assert mails(person) == []


def test_a_full_course_makes_people_wait_and_says_where(context: Flask) -> None:
    delivery = makers.delivery(places=1)
    makers.enrolled(delivery)
    makers.enrolled(delivery)
    person = factories.person(language="fr")
    enrollment = makers.enrolled(delivery, person=person)
    position = queries.positions(delivery.id)[enrollment.id]
    assert (enrollment.status, position) == ("waitlisted", 2)
    assert "number 2" in (queries.explain(SYSTEM, enrollment, position) or "")
    assert mails(person)[0].kind == "enrollment_waitlisted"


def test_approval_makes_a_request(context: Flask) -> None:
    delivery, person = makers.delivery(places=1, admission="approval"), factories.person()
    assert makers.enrolled(delivery, person=person).status == "requested"
    assert mails(person)[0].kind == "enrollment_requested"


def test_nobody_is_enrolled_twice_but_may_come_back_after_withdrawing(context: Flask) -> None:
    delivery, person = makers.delivery(), factories.person()
    enrollment = makers.enrolled(delivery, person=person)
    refusal = refused(Conflict, services.enroll, SYSTEM, delivery.id, person, Wish("police"))
    assert refusal.code == "already_enrolled"
    with transaction():
        services.withdraw(SYSTEM, db.session.get_one(Enrollment, enrollment.id))
    assert makers.enrolled(delivery, person=person).id != enrollment.id


def test_the_database_itself_refuses_a_second_live_enrollment(context: Flask) -> None:
    delivery, person = makers.delivery(), factories.person()
    first = makers.enrolled(delivery, person=person)
    values = {c.name: getattr(first, c.key) for c in Enrollment.__table__.columns if c.name != "id"}
    with pytest.raises(sa.exc.IntegrityError), transaction():
        factories.plant(sa.insert(Enrollment.__table__).values(**values))


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        (Wish("diplomat"), "unknown_category", "category"),
        (Wish(""), "unknown_category", "category"),
        (Wish("police", rank_code="Captain"), "bad_rank_code", "rank_code"),
        (Wish("police", needs="x" * 1001), "too_long", "needs"),
        (Wish("police", name_on_certificate="x" * 121), "too_long", "name_on_certificate"),
    ],
)
def test_a_wish_that_cannot_be_accepted_names_its_field(
    context: Flask, wish: Wish, code: str, field: str
) -> None:
    delivery, person = makers.delivery(), factories.person()
    refusal = refused(Invalid, services.enroll, SYSTEM, delivery.id, person, wish)
    assert (refusal.code, refusal.field) == (code, field)


def test_everything_wrong_with_a_wish_is_said_at_once(context: Flask) -> None:
    delivery, person = makers.delivery(), factories.person()
    refusal = refused(
        Invalid,
        services.enroll,
        SYSTEM,
        delivery.id,
        person,
        Wish("army", rank="x" * 121, rank_code="?"),
    )
    assert {error.field for error in refusal.errors} == {"category", "rank", "rank_code"}


def test_a_category_outside_the_audience_is_refused_with_the_audience(context: Flask) -> None:
    delivery = makers.delivery(course=makers.course(code="POL", audience=["police", "civilian"]))
    refusal = refused(
        Invalid, services.enroll, SYSTEM, delivery.id, factories.person(), Wish("military")
    )
    assert refusal.code == "category_not_in_audience" and "Police, Civilian" in str(refusal.message)


def test_stages_of_a_delivery_that_take_nobody(context: Flask) -> None:
    person = factories.person()
    draft = makers.delivery(published=False)
    assert (
        refused(Conflict, services.enroll, SYSTEM, draft.id, person, Wish("police")).code
        == "not_published"
    )
    cancelled = makers.delivery()
    with transaction():
        courses.cancel(SYSTEM, db.session.get_one(Delivery, cancelled.id), reason="Flood")
    assert (
        refused(Conflict, services.enroll, SYSTEM, cancelled.id, person, Wish("police")).code
        == "delivery_cancelled"
    )
    over = makers.finished(makers.delivery())
    assert (
        refused(Conflict, services.enroll, SYSTEM, over.id, person, Wish("police")).code
        == "delivery_finished"
    )
    assert (
        refused(NotFound, services.enroll, SYSTEM, 999, person, Wish("police")).code
        == "unknown_delivery"
    )


def test_after_closing_only_coordinators_enrol(context: Flask) -> None:
    delivery = makers.delivery(closes_on=date(2026, 12, 1))
    me, coordinator = factories.actor(), makers.coordinator()
    clock.travel(context, NOW + timedelta(days=9))  # 2 December
    person = db.session.get_one(Person, me.person_id)
    assert (
        refused(Conflict, services.enroll, me, delivery.id, person, Wish("police")).code
        == "enrollment_closed"
    )
    with transaction():
        assert (
            services.enroll(
                coordinator, delivery.id, db.session.get_one(Person, me.person_id), Wish("police")
            ).status
            == "confirmed"
        )


def test_the_closing_day_itself_counts_where_the_course_is_held(context: Flask) -> None:
    delivery = makers.delivery(closes_on=date(2026, 12, 1))  # in Halifax, four hours behind
    me = factories.actor()
    clock.travel(context, NOW.replace(month=12, day=2, hour=3))
    with transaction():
        person = db.session.get_one(Person, me.person_id)
        assert services.enroll(me, delivery.id, person, Wish("police")).status == "confirmed"


def test_who_may_enrol_whom(context: Flask) -> None:
    delivery = makers.delivery()
    me = factories.actor()
    stranger = factories.person()
    trainer = factories.actor(Role.TRAINER, delivery_id=delivery.id)
    refused(NotAllowed, services.enroll, me, delivery.id, stranger, Wish("police"))
    refused(NotAllowed, services.enroll, trainer, delivery.id, stranger, Wish("police"))
    refused(NotSignedIn, services.enroll, ANONYMOUS, delivery.id, stranger, Wish("police"))
    assert db.session.scalars(sa.select(Enrollment)).all() == []


# Deciding


def test_approving_gives_a_place_while_there_is_one_then_a_place_in_the_line(
    context: Flask,
) -> None:
    delivery, coordinator = makers.delivery(places=1, admission="approval"), makers.coordinator()
    first, second, third = (makers.enrolled(delivery) for _ in range(3))
    for enrollment in (third, first, second):
        with transaction():
            services.approve(coordinator, db.session.get_one(Enrollment, enrollment.id))
    assert [makers.again(waiting).status for waiting in (third, first, second)] == [
        "confirmed",
        "waitlisted",
        "waitlisted",
    ]
    assert queries.positions(delivery.id) == {first.id: 1, second.id: 2}
    assert [mail.kind for mail in mails(second.person)] == [
        "enrollment_requested",
        "enrollment_waitlisted",
    ]
    refusal = refused(Conflict, services.approve, coordinator, makers.again(first))
    assert refusal.code == "state_does_not_allow"


def test_declining_needs_a_reason_and_tells_it(context: Flask) -> None:
    delivery, coordinator = makers.delivery(admission="approval"), makers.coordinator()
    enrollment = makers.enrolled(delivery)
    refusal = refused(Invalid, services.decline, coordinator, enrollment, reason="  ")
    assert (refusal.code, refusal.field) == ("reason_needed", "reason")
    with transaction():
        services.decline(
            coordinator,
            db.session.get_one(Enrollment, enrollment.id),
            reason="Two others of your unit are coming.",
        )
    assert makers.again(enrollment).status == "declined"
    assert "Two others of your unit are coming." in mails(enrollment.person)[-1].body


def test_who_may_decide(context: Flask) -> None:
    delivery = makers.delivery(admission="approval")
    enrollment = makers.enrolled(delivery)
    trainer = factories.actor(Role.TRAINER, delivery_id=delivery.id)
    for actor in (
        factories.actor(),
        trainer,
        factories.actor(Role.NOMINATOR, organization_id=factories.organization().id),
    ):
        refused(NotAllowed, services.approve, actor, enrollment)
        refused(NotAllowed, services.decline, actor, enrollment, reason="No")
    assert makers.again(enrollment).status == "requested"


def test_nobody_decides_on_the_own_request_or_the_own_organizations_nomination(
    context: Flask,
) -> None:
    delivery, organization = makers.delivery(admission="approval"), factories.organization()
    both = factories.actor(Role.COORDINATOR, Role.NOMINATOR, organization_id=organization.id)
    own = makers.enrolled(delivery, person=db.session.get_one(Person, both.person_id))
    put_forward = nominated(delivery, organization, both)
    for enrollment in (own, put_forward):
        assert (
            refused(NotAllowed, services.approve, both, makers.again(enrollment)).code
            == "own_nomination"
        )
        assert (
            refused(NotAllowed, services.decline, both, makers.again(enrollment), reason="x").code
            == "own_nomination"
        )
    somebody_else, administrator = makers.coordinator(), factories.actor(Role.ADMINISTRATOR)
    with transaction():
        services.approve(somebody_else, db.session.get_one(Enrollment, put_forward.id))
    with transaction():
        services.approve(administrator, db.session.get_one(Enrollment, own.id))


def test_a_coordinator_who_records_a_nomination_for_others_may_approve_it(context: Flask) -> None:
    delivery = makers.delivery(admission="approval")
    coordinator = makers.coordinator()
    organization = factories.organization()
    nominees = nominated(delivery, organization, coordinator)
    with transaction():
        assert (
            services.approve(coordinator, db.session.get_one(Enrollment, nominees.id)).status
            == "confirmed"
        )


# Withdrawing


def test_withdrawing_gives_the_place_to_the_next_and_tells_both(context: Flask) -> None:
    delivery = makers.delivery(places=1)
    first, second, third = (makers.enrolled(delivery) for _ in range(3))
    with transaction():
        services.withdraw(
            SYSTEM, db.session.get_one(Enrollment, first.id), reason="Deployed earlier than planned"
        )
    assert [makers.again(enrollment).status for enrollment in (first, second, third)] == [
        "withdrawn",
        "confirmed",
        "waitlisted",
    ]
    assert "Deployed earlier than planned" in mails(first.person)[-1].body
    assert [mail.kind for mail in mails(second.person)] == [
        "enrollment_waitlisted",
        "enrollment_promoted",
    ]
    assert queries.positions(delivery.id) == {third.id: 1}
    assert (
        refused(Conflict, services.withdraw, SYSTEM, makers.again(first)).code
        == "state_does_not_allow"
    )


@pytest.mark.parametrize("admission", ["automatic", "approval"])
def test_waiting_and_requested_people_may_withdraw_themselves(
    context: Flask, admission: str
) -> None:
    delivery, me = makers.delivery(places=1, admission=admission), factories.actor()
    makers.enrolled(delivery)
    enrollment = makers.enrolled(delivery, person=db.session.get_one(Person, me.person_id))
    with transaction():
        services.withdraw(me, db.session.get_one(Enrollment, enrollment.id))
    assert makers.again(enrollment).status == "withdrawn"


def test_who_may_withdraw_whom(context: Flask) -> None:
    delivery = makers.delivery()
    own = factories.organization()
    other = factories.organization("SN-POL", "Police", "SN")
    nominee = nominated(delivery, own)
    applied = makers.enrolled(delivery)
    nominator, another = (
        factories.actor(Role.NOMINATOR, organization_id=o.id) for o in (own, other)
    )
    trainer = factories.actor(Role.TRAINER, delivery_id=delivery.id)
    for actor, enrollment in [
        (another, nominee),
        (nominator, applied),
        (trainer, nominee),
        (factories.actor(), nominee),
        (ANONYMOUS, nominee),
    ]:
        refused(DomainError, services.withdraw, actor, makers.again(enrollment))
    coordinator = makers.coordinator()
    with transaction():
        services.withdraw(nominator, db.session.get_one(Enrollment, nominee.id))
    with transaction():
        services.withdraw(coordinator, db.session.get_one(Enrollment, applied.id))
    assert {makers.again(ended).status for ended in (nominee, applied)} == {"withdrawn"}


# Cancelling


def test_cancelling_ends_everybody_and_tells_why(context: Flask) -> None:
    delivery = makers.delivery(places=1)
    enrollments = [makers.enrolled(delivery) for _ in range(3)]
    with transaction():
        services.withdraw(
            SYSTEM, db.session.get_one(Enrollment, enrollments[1].id), reason="My own reason"
        )
    with transaction():
        courses.cancel(
            SYSTEM, db.session.get_one(Delivery, delivery.id), reason="The venue is flooded."
        )
    assert [makers.again(enrollment).status for enrollment in enrollments] == [
        "delivery_cancelled",
        "withdrawn",
        "delivery_cancelled",
    ]
    assert [makers.again(enrollment).reason for enrollment in enrollments] == [
        "The venue is flooded.",
        "My own reason",
        "The venue is flooded.",
    ]
    last = [mails(enrollment.person)[-1] for enrollment in enrollments]
    assert [mail.kind for mail in last] == [
        "delivery_cancelled",
        "enrollment_withdrawn",
        "delivery_cancelled",
    ]
    assert "The venue is flooded." in last[0].body
    assert list(queries.breaches()) == []


def changed(delivery: Delivery, **changes: Any) -> None:
    """A trainer's correction of the delivery."""
    with transaction():
        now = db.session.get_one(Delivery, delivery.id)
        courses.change(SYSTEM, now, dataclasses.replace(plan_of(now), **changes), rev=now.rev)


def test_who_has_or_wants_a_place_is_told_when_the_course_moves(context: Flask) -> None:
    delivery = makers.delivery(places=1)
    seated, waiting, gone = (makers.enrolled(delivery) for _ in range(3))
    with transaction():
        services.withdraw(SYSTEM, db.session.get_one(Enrollment, gone.id), reason="Mine")
    assert queries.count_to_tell(delivery.id) == 2
    changed(delivery, starts_on=date(2027, 3, 15), time_zone="America/Toronto", venue="Kingston")
    kinds = [
        [mail.kind for mail in mails(enrollment.person)][1:]
        for enrollment in (seated, waiting, gone)
    ]
    assert kinds == [["delivery_moved"], ["delivery_moved"], ["enrollment_withdrawn"]]
    mail = mails(seated.person)[-1]
    assert mail.subject.startswith("The course has moved: ")
    was, now = mail.body.split("From now on it is:")
    assert (
        "From 8 March 2027 to 10 March 2027\nWhere: Clementsport, Canada\nTime zone: "
        "America/Halifax" in was
    )
    assert (
        "From 15 March 2027 to 17 March 2027\nWhere: Kingston, Canada\n" in now
        and "Time zone: America/Toronto" in now
    )
    with transaction():
        assert (
            use_link(now.partition("/sign-in/")[2].split()[0])[1] == f"/enrollments/{seated.id}"
        ), "where it is given up"
        audit.record(SYSTEM, "test", "test", {})


def test_people_asking_for_approval_are_told_of_a_move_too(context: Flask) -> None:
    request = makers.enrolled(makers.delivery(admission="approval"))
    changed(request.delivery, country="US")
    assert mails(request.person)[-1].kind == "delivery_moved"


def test_what_moves_nobody_is_no_letter(context: Flask) -> None:
    delivery = makers.delivery(places=1)
    seated = makers.enrolled(delivery)
    changed(delivery, places=3, closes_on=date(2027, 3, 1))
    changed(delivery)
    assert len(mails(seated.person)) == 1


def test_a_move_that_is_refused_tells_nobody(context: Flask) -> None:
    delivery = makers.delivery(places=2)
    first, _second = makers.enrolled(delivery), makers.enrolled(delivery)
    with pytest.raises(Conflict):
        changed(delivery, venue="Kingston", places=1)
    db.session.rollback()
    assert len(mails(first.person)) == 1


def test_every_step_is_in_the_audit_trail_without_names(context: Flask) -> None:
    delivery, person = makers.delivery(places=1), factories.person("Confidential", "Surname")
    enrollment = makers.enrolled(delivery, person=person, needs="Secret need")
    with transaction():
        services.withdraw(
            SYSTEM, db.session.get_one(Enrollment, enrollment.id), reason="Secret reason"
        )
    entries = list(
        db.session.scalars(
            sa.select(audit.AuditEntry).where(
                audit.AuditEntry.subject == f"enrollment:{enrollment.id}"
            )
        )
    )
    assert [entry.action for entry in entries] == ["enrollment.made", "enrollment.withdrawn"]
    everything = " ".join(db.session.scalars(sa.select(audit.AuditEntry.body)))
    assert not any(word in everything for word in ("Confidential", "Surname", "Secret"))
