"""Fraud is an accusation: one person proposes to revoke a certificate for it, another confirms.
Until then it stands."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts import services as accounts
from accounts.roles import Role
from certificates import queries, services
from certificates.models import Certificate, RevocationProposal
from core import audit
from core.audit import AuditEntry
from core.database import db, transaction
from core.errors import Conflict, DomainError, NotAllowed
from core.mail import Mail
from core.policy import SYSTEM, Actor, Reach
from people import services as people
from people.models import Organization
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.certificates import makers
from tests.certificates.test_api import client
from tests.certificates.test_ending import certificate_of, reissue, revoke
from tests.certificates.test_pages import FinishedDelivery
from tests.certificates.test_suspending import lift, suspend


def coordinators(count: int = 2) -> list[Actor]:
    return [factories.actor(Role.COORDINATOR, family=f"Coordinator{n}") for n in range(count)]


def propose(
    actor: Actor,
    certificate: Certificate,
    reason: str = "fraud",
    note: str | None = "Another person sat the test",
) -> None:
    revoke(actor, certificate, reason_code=reason, note=note)


def act(name: str, actor: Actor, certificate: Certificate) -> Certificate:
    with transaction():
        getattr(services, name)(actor, db.session.get_one(Certificate, makers.key(certificate)))
    return makers.again(certificate)


def proposals() -> list[RevocationProposal]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(RevocationProposal).order_by(RevocationProposal.id)))


def test_fraud_takes_two_people(context: Flask) -> None:
    certificate, (first, second) = certificate_of(), coordinators()
    propose(first, certificate)
    assert makers.again(certificate).status.value == "valid"
    assert db.session.scalars(sa.select(Mail).where(Mail.kind == "certificate_revoked")).all() == []
    with pytest.raises(NotAllowed) as refused:
        act("confirm_revocation", first, certificate)
    assert refused.value.code == "second_person_needed"
    with pytest.raises(NotAllowed):
        act("confirm_revocation", SYSTEM, certificate)
    done = act("confirm_revocation", second, certificate)
    assert (done.status.value, done.reason_code, done.note) == (
        "revoked",
        "fraud",
        "Another person sat the test",
    )
    (proposal,) = proposals()
    assert (proposal.proposed_by_id, proposal.decided_by_id) == (first.person_id, second.person_id)
    assert proposal.outcome == "confirmed" and proposal.decided_at is not None
    assert (
        len(db.session.scalars(sa.select(Mail).where(Mail.kind == "certificate_revoked")).all())
        == 1
    )
    bodies = db.session.scalars(
        sa.select(AuditEntry.body).where(AuditEntry.action.startswith("certificate.revo"))
    ).all()
    assert len(bodies) == 2 and not any("Another person" in body for body in bodies)


@pytest.mark.parametrize("reason", ["issued_in_error", "wrong_person", "recognition_withdrawn"])
def test_other_reasons_take_one(context: Flask, reason: str) -> None:
    certificate, (first, _) = certificate_of(), coordinators()
    propose(first, certificate, reason)
    assert makers.again(certificate).status.value == "revoked" and proposals() == []


@pytest.mark.parametrize(
    "reason", ["issued_in_error", "wrong_person", "recognition_withdrawn", "fraud"]
)
def test_a_centre_may_ask_for_two_whatever_the_reason(context: Flask, reason: str) -> None:
    certificate, (first, second) = certificate_of(), coordinators()
    with transaction():
        db.session.get_one(Organization, certificate.centre_id).two_person_revocation = True
        audit.record(SYSTEM, "test.centre", f"organization:{certificate.centre_id}", {})
    propose(first, certificate, reason)
    assert makers.again(certificate).status.value == "valid"
    assert act("confirm_revocation", second, certificate).reason_code == reason


@pytest.mark.parametrize("is_own", [True, False])
def test_what_is_declined_or_taken_back_leaves_the_certificate_as_it_is(
    context: Flask, is_own: bool
) -> None:
    certificate, (first, second) = certificate_of(), coordinators()
    propose(first, certificate)
    act("decline_revocation", first if is_own else second, certificate)
    assert makers.again(certificate).status.value == "valid"
    assert [proposal.outcome for proposal in proposals()] == ["withdrawn" if is_own else "declined"]
    with pytest.raises(Conflict) as refused:
        act("confirm_revocation", second, certificate)
    assert refused.value.code == "nothing_proposed"
    propose(second, certificate)
    assert act("confirm_revocation", first, certificate).status.value == "revoked"


def test_one_person_with_two_records_is_one_person(context: Flask) -> None:
    """Proposed under a record that was then merged into another: the other is no second person."""
    certificate, (first, second) = certificate_of(), coordinators()
    other = factories.actor(Role.ADMINISTRATOR)
    propose(first, certificate)
    centre = makers.again(certificate).centre_id
    with transaction():
        accounts.withdraw_role(
            SYSTEM, first.person_id, Role.COORDINATOR, scope=Reach.CENTRE, scope_id=centre
        )
    with transaction():
        merge = people.propose_merge(SYSTEM, second.person_id, first.person_id, reason="One person")
        people.confirm_merge(other, merge)
    with pytest.raises(NotAllowed) as refused:
        act("confirm_revocation", second, certificate)
    assert refused.value.code == "second_person_needed"
    assert queries.get_proposal(second, makers.again(certificate).number).is_by(second)
    act("decline_revocation", second, certificate)
    assert [proposal.outcome for proposal in proposals()] == ["withdrawn"]


def test_while_it_waits_nothing_else_ends_the_certificate(context: Flask) -> None:
    certificate, (first, second) = certificate_of(), coordinators()
    propose(first, certificate)
    for attempt in (
        lambda: propose(second, certificate),
        lambda: propose(first, certificate, "issued_in_error"),
        lambda: reissue(second, certificate),
    ):
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == "already_proposed"
    assert suspend(certificate).status.value == "suspended"
    assert lift(certificate).status.value == "valid"
    suspend(certificate)
    assert act("confirm_revocation", second, certificate).status.value == "revoked"
    assert list(queries.breaches()) == []


def test_only_who_may_revoke_decides(context: Flask) -> None:
    certificate, (first, _) = certificate_of(), coordinators()
    propose(first, certificate)
    for actor in (makers.holder(certificate), factories.actor("roster")):
        for name in ("confirm_revocation", "decline_revocation"):
            with pytest.raises(NotAllowed):
                act(name, actor, certificate)
    assert queries.proposals_waiting(factories.actor("roster")) == []


@pytest.mark.both_databases
def test_two_who_confirm_at_once(context: Flask) -> None:
    """One revokes it, and the others find nothing to confirm; the holder is told once."""
    certificate, (first, *others) = certificate_of(), coordinators(5)
    propose(first, certificate)
    key, refusals = makers.key(certificate), []
    db.session.remove()

    def confirm(actor: Actor) -> None:
        with context.app_context():
            try:
                with transaction():
                    services.confirm_revocation(actor, db.session.get_one(Certificate, key))
            except DomainError as refusal:
                refusals.append(refusal.code)

    threads = [threading.Thread(target=confirm, args=[actor]) for actor in others]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert refusals == ["nothing_proposed"] * 3
    assert (
        db.session.scalar(
            sa.select(sa.func.count(Mail.id)).where(Mail.kind == "certificate_revoked")
        )
        == 1
    )
    assert len(proposals()) == 1


@pytest.mark.both_databases
def test_two_who_propose_at_once(context: Flask) -> None:
    certificate, actors = certificate_of(), coordinators(4)
    key, refusals = makers.key(certificate), []
    db.session.remove()

    def ask(actor: Actor) -> None:
        with context.app_context():
            try:
                with transaction():
                    services.revoke(
                        actor, db.session.get_one(Certificate, key), reason_code="fraud"
                    )
            except DomainError as refusal:
                refusals.append(refusal.code)

    threads = [threading.Thread(target=ask, args=[actor]) for actor in actors]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert refusals == ["already_proposed"] * 3 and len(proposals()) == 1


def test_by_the_api(app: Flask) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    with app.app_context():
        other = factories.actor(Role.COORDINATOR, family="Second")
    first, second = client(app, finished.coordinator), client(app, other)
    path = f"/certificates/{finished.numbers[0]}"
    assert second.get(f"{path}/revoke").status_code == 404
    proposed = first.post(
        f"{path}/revoke", {"reason_code": "fraud", "note": "Another person sat the test"}
    )
    assert (proposed.status_code, proposed.json["status"]) == (202, "proposed")
    assert first.get(path).json["status"] == "valid"
    assert second.get(f"{path}/revoke").json["note"] == "Another person sat the test"
    refused = first.post(f"{path}/revoke/confirm")
    assert (refused.status_code, refused.json["code"]) == (403, "second_person_needed")
    assert first.post(f"{path}/revoke", {"reason_code": "fraud"}).json["code"] == "already_proposed"
    done = second.post(f"{path}/revoke/confirm")
    assert (done.status_code, done.json["status"]) == (200, "revoked")
    again = second.post(f"{path}/revoke/confirm")
    assert (again.status_code, again.json["code"]) == (409, "nothing_proposed")
    assert ApiClient(app, "").get(path).status_code == 401


def test_suspending_and_declining_by_the_api(app: Flask) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    api, path = client(app, finished.coordinator), f"/certificates/{finished.numbers[0]}"
    assert api.post(f"{path}/suspend", {}).status_code == 422
    assert api.post(f"{path}/suspend", {"note": " "}).json["errors"][0]["field"] == "note"
    assert api.post(f"{path}/suspend", {"note": "An enquiry"}).json["status"] == "suspended"
    assert api.post(f"{path}/reissue", {"reason": "A slip"}).json["code"] == "certificate_suspended"
    assert api.post(f"{path}/suspend", {"note": "Again"}).status_code == 409
    machine = app.test_client().get(
        f"/verify/{finished.tokens[0]}", headers={"Accept": "application/json"}
    )
    assert machine.json["status"] == "suspended" and "enquiry" not in machine.text
    assert api.post(f"{path}/lift", {"note": "Cleared"}).json["status"] == "valid"
    api.post(f"{path}/revoke", {"reason_code": "fraud"})
    assert api.post(f"{path}/revoke/decline").json["status"] == "valid"


def test_on_pages(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    with app.app_context():
        other = factories.actor(Role.COORDINATOR, family="Second")
    address = f"/certificates/{finished.numbers[0]}"
    page = sign_in(finished.coordinator).get(address).follow("Revoke")
    assert "Another person must confirm the revocation" in page.text
    done = page.form(button="Revoke the certificate").submit(
        reason_code="fraud", note="Another person sat the test"
    )
    assert "The revocation is proposed" in done.text and "Nothing changes until" in done.text
    assert "Withdraw the proposal" in done.html and "Confirm or decline" not in done.html
    own = sign_in(finished.coordinator).get(f"{address}/revoke/confirm")
    assert "another person must confirm it" in own.text and "Confirm revocation" not in own.html
    list_page = sign_in(other).get("/certificates")
    assert "1 revocation is waiting for confirmation" in list_page.text
    page = sign_in(other).get(address).follow("Confirm or decline")
    assert "Another person sat the test" in page.text and "Fraud" in page.text
    revoked = page.form(button="Confirm revocation").submit()
    assert "The certificate is revoked" in revoked.text
    assert "waiting for confirmation" not in sign_in(other).get("/certificates").text
    holder = sign_in(finished.holders[0]).get(address)
    assert "Another person" not in holder.text
