"""A certificate ends in two ways: revoked, or replaced by a corrected successor. Its skills
follow in the same transaction."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from certificates import files, queries, services
from certificates.models import Certificate
from core.audit import AuditEntry
from core.database import db, transaction
from core.errors import Conflict, Invalid, NotAllowed
from core.jobs import drain
from core.mail import Mail
from core.policy import SYSTEM, Actor
from roster.models import ExpertSkill
from tests import factories
from tests.certificates import makers


def certificate_of(count: int = 1, **options: Any) -> Certificate:
    return makers.issued(makers.finished_delivery(count, **options))[0]


def skills_of(certificate: Certificate) -> list[ExpertSkill]:
    return list(
        db.session.scalars(
            sa.select(ExpertSkill).where(ExpertSkill.certificate_id == makers.key(certificate))
        )
    )


def revoke(actor: Actor, certificate: Certificate, **values: Any) -> Certificate:
    values.setdefault("reason_code", "recognition_withdrawn")
    with transaction():
        services.revoke(
            actor, makers.db.session.get_one(Certificate, makers.key(certificate)), **values
        )
    return makers.again(certificate)


def reissue(actor: Actor, certificate: Certificate, **values: Any) -> Certificate:
    values.setdefault("reason", "The family name was misspelt")
    with transaction():
        return services.reissue(
            actor, db.session.get_one(Certificate, makers.key(certificate)), **values
        )


def test_issuing_grants_the_skills_and_revoking_withdraws_them(context: Flask) -> None:
    certificate = certificate_of()
    assert skills_of(certificate) and all(
        skill.withdrawn_at is None for skill in skills_of(certificate)
    )
    revoked = revoke(makers.coordinator(), certificate, note="Another person sat the test")
    assert (revoked.status.value, revoked.reason_code, revoked.note) == (
        "revoked",
        "recognition_withdrawn",
        "Another person sat the test",
    )
    assert revoked.ended_at is not None and revoked.file_key is not None, (
        "nothing issued is deleted"
    )
    assert all(skill.withdrawn_at is not None for skill in skills_of(revoked))
    entry = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action == "certificate.revoked")
    ).one()
    assert "Another person" not in entry.body


def test_the_holder_is_told_why_and_which_skills_are_gone(context: Flask) -> None:
    certificate = certificate_of()
    revoke(makers.coordinator(), certificate, note="Another person sat the test")
    mail = db.session.scalars(sa.select(Mail).where(Mail.kind == "certificate_revoked")).one()
    assert mail.person_id == certificate.person_id and certificate.number in mail.body
    assert "The reason: Recognition withdrawn" in mail.body and "Another person" not in mail.body
    assert certificate.payload["skills"] and all(
        skill["title"]["en"] in mail.body for skill in certificate.payload["skills"]
    )


def test_a_revocation_that_fails_tells_nobody(context: Flask) -> None:
    certificate = certificate_of()
    with pytest.raises(RuntimeError), transaction():
        services.revoke(
            SYSTEM,
            db.session.get_one(Certificate, makers.key(certificate)),
            reason_code="wrong_person",
        )
        raise RuntimeError("the power goes")
    assert db.session.scalars(sa.select(Mail).where(Mail.kind == "certificate_revoked")).all() == []
    assert makers.again(certificate).status.value == "valid"


def test_a_certificate_is_revoked_once(context: Flask) -> None:
    certificate = revoke(SYSTEM, certificate_of(), reason_code="issued_in_error")
    before = certificate.ended_at
    with pytest.raises(Conflict) as refused:
        revoke(SYSTEM, certificate)
    assert refused.value.code == "state_does_not_allow"
    assert (makers.again(certificate).reason_code, makers.again(certificate).ended_at) == (
        "issued_in_error",
        before,
    )


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"reason_code": "because"}, "unknown_reason", "reason_code"),
        ({"reason_code": "misconduct"}, "unknown_reason", "reason_code"),
        ({"note": "x" * 1001}, "too_long", "note"),
    ],
)
def test_a_revocation_says_why(context: Flask, values: dict, code: str, field: str) -> None:
    certificate = certificate_of()
    with pytest.raises(Invalid) as refused:
        revoke(SYSTEM, certificate, **values)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert makers.again(certificate).status.value == "valid"


def test_only_coordinators_end_certificates(context: Flask) -> None:
    certificate = certificate_of()
    trainer = factories.actor("trainer", delivery_id=certificate.delivery_id)
    for actor in (makers.holder(certificate), factories.actor("roster"), trainer):
        with pytest.raises(NotAllowed):
            revoke(actor, certificate)
        with pytest.raises(NotAllowed):
            reissue(actor, certificate, name_on_certificate="Someone Else")


def test_a_corrected_name_makes_a_successor_with_its_own_number(context: Flask) -> None:
    before = certificate_of()
    after = reissue(makers.coordinator(), before, name_on_certificate="Zoë Lefebvre")
    before = makers.again(before)
    assert (
        before.status.value == "superseded"
        and before.reason_code is None
        and before.note == "The family name was misspelt"
    )
    assert after.replaces_id == before.id and after.status.value == "valid"
    assert after.number != before.number and after.token != before.token
    assert (before.holder_name, after.holder_name) == ("Zoë Lefèvre-Nguyễn", "Zoë Lefebvre")
    assert (
        makers.enrollments(db.session.get_one(makers.Delivery, after.delivery_id))[
            0
        ].name_on_certificate
        == "Zoë Lefebvre"
    )
    assert all(skill.withdrawn_at for skill in skills_of(before)) and all(
        not skill.withdrawn_at for skill in skills_of(after)
    )
    assert skills_of(after)
    drain()
    assert files.read(makers.again(after)).startswith(b"%PDF-")
    assert (
        db.session.scalar(sa.select(sa.func.count(Mail.id)).where(Mail.kind == "certificate_ready"))
        == 2
    )
    assert list(queries.breaches()) == []


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"name_on_certificate": "Zoë 🕊"}, "name_unprintable", "name_on_certificate"),
        ({"name_on_certificate": " "}, "name_missing", "name_on_certificate"),
        ({"reason": " "}, "reason_needed", "reason"),
    ],
)
def test_a_correction_that_cannot_be_printed_changes_nothing(
    context: Flask, values: dict, code: str, field: str
) -> None:
    certificate = certificate_of()
    with pytest.raises(Invalid) as refused:
        reissue(SYSTEM, certificate, **values)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert makers.again(certificate).status.value == "valid"
    assert db.session.scalar(sa.select(sa.func.count(Certificate.id))) == 1


@pytest.mark.both_databases
def test_two_who_end_it_at_once(context: Flask) -> None:
    """Reissued by six coordinators at the same moment: one successor, five refusals, no number
    lost."""
    certificate = certificate_of()
    key, refusals = makers.key(certificate), []
    db.session.remove()

    def correct() -> None:
        with context.app_context():
            try:
                with transaction():
                    services.reissue(
                        SYSTEM,
                        db.session.get_one(Certificate, key),
                        name_on_certificate="Zoë B.",
                        reason="Why",
                    )
            except Conflict as refusal:
                refusals.append(refusal.code)

    threads = [threading.Thread(target=correct) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    drain()
    assert refusals == ["state_does_not_allow"] * 5
    assert sorted(db.session.scalars(sa.select(Certificate.status))) == ["superseded", "valid"]
    assert list(queries.breaches()) == []


def test_a_revoked_one_is_issued_anew_only_to_who_is_chosen(context: Flask) -> None:
    certificate = certificate_of()
    delivery = db.session.get_one(makers.Delivery, certificate.delivery_id)
    revoke(SYSTEM, certificate)
    makers.ask(SYSTEM, delivery)
    drain()
    assert [certificate.status.value for certificate in makers.certificates_of(delivery)] == [
        "revoked"
    ], "“all” does not include the revoked"
    makers.ask(SYSTEM, delivery, [certificate.enrollment_id])
    drain()
    assert [certificate.status.value for certificate in makers.certificates_of(delivery)] == [
        "revoked",
        "valid",
    ]
