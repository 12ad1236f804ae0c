"""A suspended certificate is not to be relied on until it is lifted: its skills do not stand
meanwhile, and nothing is issued beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from certificates import queries, services
from certificates.models import Certificate, Suspension
from core import checking, clock
from core.audit import AuditEntry
from core.database import db, transaction
from core.errors import Conflict, Invalid, NotAllowed
from core.jobs import drain
from core.mail import Mail
from core.policy import SYSTEM, Actor
from roster.models import ExpertSkill
from roster.services import differences, rebuild
from tests import factories
from tests.browsing import Browser
from tests.certificates import makers
from tests.certificates.test_ending import certificate_of, reissue, revoke
from tests.certificates.test_pages import FinishedDelivery  # what pages are looked at with


def suspend(
    certificate: Certificate, actor: Actor = SYSTEM, note: str = "An enquiry is open"
) -> Certificate:
    with transaction():
        services.suspend(actor, db.session.get_one(Certificate, makers.key(certificate)), note=note)
    return makers.again(certificate)


def lift(
    certificate: Certificate, actor: Actor = SYSTEM, note: str = "Nothing was found"
) -> Certificate:
    with transaction():
        services.lift(actor, db.session.get_one(Certificate, makers.key(certificate)), note=note)
    return makers.again(certificate)


def periods(certificate: Certificate) -> list[tuple[bool, bool]]:
    """Whether each row of the first skill has begun and has ended, in their order."""
    db.session.rollback()
    rows = db.session.scalars(
        sa.select(ExpertSkill)
        .where(ExpertSkill.certificate_id == makers.key(certificate))
        .order_by(ExpertSkill.id)
    ).all()
    first = [row for row in rows if row.skill_id == rows[0].skill_id]
    return [(row.recorded_at is not None, row.withdrawn_at is not None) for row in first]


def later(app: Flask, **time: Any) -> None:
    clock.travel(app, clock.now() + timedelta(**time))


def test_skills_do_not_stand_while_it_is_suspended_and_stand_again_when_it_is_lifted(
    context: Flask,
) -> None:
    certificate = certificate_of()
    later(context, days=1)
    assert suspend(certificate).status.value == "suspended"
    assert periods(certificate) == [(True, True)]
    later(context, days=1)
    assert lift(certificate).status.value == "valid"
    assert periods(certificate) == [(True, True), (True, False)]
    assert list(differences()) == [] and list(checking.breaches()) == []


def test_it_may_be_suspended_more_than_once_and_the_roster_is_made_of_what_is_kept(
    context: Flask,
) -> None:
    certificate = certificate_of()
    for act in (suspend, lift, suspend, lift, suspend):
        later(context, hours=5)
        act(certificate)
    assert periods(certificate) == [(True, True)] * 3
    later(context, hours=5)
    lift(certificate)
    facts = sa.select(
        ExpertSkill.skill_id, ExpertSkill.recorded_at, ExpertSkill.withdrawn_at
    ).order_by(ExpertSkill.skill_id, ExpertSkill.recorded_at)
    before = db.session.execute(facts).all()
    with transaction():
        db.session.execute(sa.delete(ExpertSkill))
        rebuild()
    assert db.session.execute(facts).all() == before and len(before) >= 4
    assert list(differences()) == []


def test_it_may_be_suspended_and_lifted_within_one_instant(context: Flask) -> None:
    certificate = certificate_of()
    for act in (suspend, lift, suspend, lift):
        act(certificate)
    assert periods(certificate) == [(True, True), (True, True), (True, False)]
    assert list(differences()) == []


def test_a_suspended_one_may_be_revoked_and_stays_withdrawn_since_it_was_suspended(
    context: Flask,
) -> None:
    certificate = certificate_of()
    since = clock.now()
    suspend(certificate)
    later(context, days=3)
    assert revoke(SYSTEM, certificate).status.value == "revoked"
    rows = db.session.scalars(
        sa.select(ExpertSkill.withdrawn_at).where(ExpertSkill.certificate_id == certificate.id)
    ).all()
    assert rows and all(at - since < timedelta(minutes=1) for at in rows)
    assert list(differences()) == [] and list(queries.breaches()) == []


def test_nothing_is_issued_beside_it(context: Flask) -> None:
    certificate = suspend(certificate_of())
    delivery = db.session.get_one(makers.Delivery, certificate.delivery_id)
    with transaction():
        enrollment = makers.enrollments(delivery)[0]
        assert services.issue(SYSTEM, enrollment).id == certificate.id, (
            "asked to issue, there is one"
        )
    makers.ask(SYSTEM, delivery)
    drain()
    assert [certificate.status.value for certificate in makers.certificates_of(delivery)] == [
        "suspended"
    ]
    with pytest.raises(Invalid) as refused, transaction():
        services.request_issue(SYSTEM, delivery.id, [certificate.enrollment_id])
    assert refused.value.code == "certificate_suspended"
    with pytest.raises(Conflict) as refused_too:
        reissue(SYSTEM, certificate, name_on_certificate="Someone Else")
    assert refused_too.value.code == "certificate_suspended"
    (candidate,) = queries.candidates(delivery)
    assert not candidate.waits and not candidate.was_revoked and candidate.is_printed


@pytest.mark.both_databases
def test_the_database_keeps_its_one_place(context: Flask) -> None:
    certificate = suspend(certificate_of())
    table = Certificate.__table__
    values = dict(
        db.session.execute(sa.select(table).where(table.c.id == certificate.id)).mappings().one()
    )
    values |= {"id": 99, "number": "RST-2026-09999-X", "token": "T", "status": "valid"}
    with pytest.raises(sa.exc.IntegrityError), transaction():
        db.session.execute(sa.insert(table), values)


def test_its_file_is_made_although_it_was_suspended_meanwhile_and_nobody_is_told_that_it_is_ready(
    context: Flask,
) -> None:
    delivery = makers.finished_delivery(1)
    with transaction():
        key = services.issue(SYSTEM, makers.enrollments(delivery)[0]).id
    certificate = suspend(db.session.get_one(Certificate, key))
    makers.ask(SYSTEM, delivery, [certificate.enrollment_id])
    drain()
    assert makers.again(certificate).file_key
    assert db.session.scalars(sa.select(Mail).where(Mail.kind == "certificate_ready")).all() == []
    assert list(queries.breaches()) == []


@pytest.mark.parametrize("act", [suspend, lift])
def test_each_step_asks_why(context: Flask, act: Callable[..., Any]) -> None:
    certificate = certificate_of()
    if act is lift:
        suspend(certificate)
    before = makers.again(certificate).status
    with pytest.raises(Invalid) as refused:
        act(certificate, note=" ")
    assert (refused.value.code, refused.value.field) == ("note_needed", "note")
    assert makers.again(certificate).status is before


def test_only_who_may_revoke_suspends(context: Flask) -> None:
    certificate = certificate_of()
    for actor in (
        makers.holder(certificate),
        factories.actor("roster"),
        factories.actor("trainer", delivery_id=certificate.delivery_id),
    ):
        with pytest.raises(NotAllowed):
            suspend(certificate, actor)


def test_a_step_that_is_not_possible_is_refused(context: Flask) -> None:
    certificate = certificate_of()
    with pytest.raises(Conflict):
        lift(certificate)
    suspend(certificate)
    with pytest.raises(Conflict):
        suspend(certificate)
    revoke(SYSTEM, certificate)
    for act in (suspend, lift):
        with pytest.raises(Conflict) as refused:
            act(certificate)
        assert refused.value.code == "state_does_not_allow"


@pytest.mark.both_databases
def test_two_who_suspend_at_once(context: Flask) -> None:
    certificate, refusals = certificate_of(), []
    key = makers.key(certificate)
    db.session.remove()

    def act() -> None:
        with context.app_context():
            try:
                with transaction():
                    services.suspend(SYSTEM, db.session.get_one(Certificate, key), note="Why")
            except Conflict as refusal:
                refusals.append(refusal.code)

    threads = [threading.Thread(target=act) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert refusals == ["state_does_not_allow"] * 3
    assert db.session.scalar(sa.select(sa.func.count(Suspension.id))) == 1


def test_the_holder_is_told_of_both_but_not_why(context: Flask) -> None:
    certificate = certificate_of()
    suspend(certificate, makers.coordinator())
    lift(certificate, makers.coordinator())
    mails = db.session.scalars(
        sa.select(Mail).where(Mail.kind.in_(["certificate_suspended", "certificate_lifted"]))
    ).all()
    assert [(mail.kind, mail.person_id) for mail in mails] == [
        ("certificate_suspended", certificate.person_id),
        ("certificate_lifted", certificate.person_id),
    ]
    for mail in mails:
        assert (
            certificate.number in mail.body
            and "enquiry" not in mail.body
            and "Nothing was found" not in mail.body
        )
    entries = db.session.scalars(
        sa.select(AuditEntry.body).where(AuditEntry.action.startswith("certificate."))
    ).all()
    assert not any("enquiry" in body for body in entries)


def test_check_finds_what_was_planted(context: Flask) -> None:
    certificate = suspend(certificate_of())
    with transaction():
        from core import audit

        db.session.execute(sa.update(Suspension).values(lifted_at=clock.now()))
        audit.record(SYSTEM, "test.planted", "certificate:1", {})
    assert any("suspensions say otherwise" in breach for breach in queries.breaches()), (
        certificate.number
    )


def test_it_is_suspended_and_lifted_on_its_page(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    page = (
        sign_in(finished.coordinator).get(f"/certificates/{finished.numbers[0]}").follow("Suspend")
    )
    refused = page.form(button="Suspend the certificate").submit(note="")
    assert refused.status == 422 and "Enter the reason for" in refused.text
    done = refused.form(button="Suspend the certificate").submit(note="An enquiry is open")
    assert "The certificate is suspended" in done.text and "An enquiry is open" in done.text
    assert "Reissue with a correction" not in done.text
    checked = Browser(app).get(f"/verify/{finished.tokens[0]}")
    assert (
        "This certificate is suspended" in checked.text
        and "until the suspension is lifted" in checked.text
    )
    assert "enquiry" not in checked.html and "below was true" not in checked.text, (
        "that is what is looked into"
    )
    french = Browser(app).get(f"/verify/{finished.tokens[0]}", query={"lang": "fr"})
    assert french.status == 200
    own = sign_in(finished.holders[0]).get(f"/certificates/{finished.numbers[0]}")
    assert "Suspended" in own.text and "enquiry" not in own.text
    page = (
        sign_in(finished.coordinator)
        .get(f"/certificates/{finished.numbers[0]}")
        .follow("Lift the suspension")
    )
    done = page.form(button="Lift the suspension").submit(note="Nothing was found")
    assert "valid again" in done.text and "Lifted: Nothing was found" in done.text
    assert "This certificate is valid" in Browser(app).get(f"/verify/{finished.tokens[0]}").text


def test_the_register_finds_suspended_ones(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, 2, issued=True)
    with app.app_context():
        suspend(
            db.session.scalars(
                sa.select(Certificate).where(Certificate.number == finished.numbers[0])
            ).one()
        )
    page = sign_in(finished.coordinator).get("/certificates", query={"status": "suspended"})
    assert finished.numbers[0] in page.text and finished.numbers[1] not in page.text
    assert (
        finished.numbers[0]
        not in sign_in(finished.coordinator).get("/certificates", query={"status": "valid"}).text
    )
