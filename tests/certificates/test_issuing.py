"""Asking for certificates and issuing them: numbers without gaps, nothing twice, everything
refused before the first one."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from typing import Any, Never

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.models import Account
from certificates import files, queries, rendering, services
from certificates.models import Certificate
from certificates.numbers import format_number
from certificates.payload import CertificatePayload
from certificates.rendering import RenderingFailed
from certificates.snapshot import digest, is_intact
from core import audit, clock, numbering
from core.audit import AuditEntry
from core.database import db, transaction
from core.errors import Conflict, Invalid, NotAllowed
from core.i18n import in_language
from core.jobs import Job, drain
from core.mail import Mail
from core.numbering import Counter
from core.policy import SYSTEM
from enrollment.models import Enrollment, EnrollmentStatus
from people.models import Person
from tests import factories
from tests.certificates import makers


def test_a_coordinator_issues_to_everyone_who_completed(context: Flask) -> None:
    delivery, coordinator = makers.finished_delivery(3, not_completed=1), makers.coordinator()
    job = makers.ask(coordinator, delivery)
    drain()
    certificates = makers.certificates_of(delivery)
    assert [certificate.number for certificate in certificates] == [
        format_number(2026, 1),
        format_number(2026, 2),
        format_number(2026, 3),
    ]
    assert len({certificate.token for certificate in certificates}) == 3 and all(
        is_intact(certificate) for certificate in certificates
    )
    job = makers.again(job)
    assert (job.public_status, job.done, job.total, job.errors) == ("succeeded", 3, 3, [])
    assert all(files.read(certificate).startswith(b"%PDF-") for certificate in certificates)
    assert list(queries.breaches()) == [] and list(audit.breaches()) == []


def test_the_trail_names_the_coordinator_and_the_digest_of_what_was_issued(context: Flask) -> None:
    delivery, coordinator = makers.finished_delivery(1), makers.coordinator()
    makers.issued(delivery, coordinator)
    entry = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action == "certificate.issued")
    ).one()
    assert entry.actor_id == coordinator.person_id
    assert makers.certificates_of(delivery)[0].payload_sha256 in entry.body
    assert makers.certificates_of(delivery)[0].holder_name not in entry.body


def test_the_certificate_states_what_was_taught_and_granted(context: Flask) -> None:
    delivery = makers.finished_delivery(["Zoë Lefèvre-Nguyễn"])
    printed = makers.issued(delivery)[0].payload
    assert printed["holder_name"] == "Zoë Lefèvre-Nguyễn"
    assert (printed["course_code"], printed["course_version"], printed["minutes"]) == (
        "GTI",
        1,
        1080,
    )
    assert (printed["starts_on"], printed["ends_on"], printed["issued_on"]) == (
        "2026-06-08",
        "2026-06-10",
        "2026-11-23",
    )
    assert printed["skills"] and printed["objectives"] and printed["issuer"]["fr"]
    assert printed["verify_url"].endswith("/verify/" + printed["token"])


def test_the_validity_ends_with_the_first_skill(context: Flask) -> None:
    certificate = makers.issued(makers.finished_delivery(1))[0]
    assert certificate.valid_until == date(2029, 6, 10), (
        "36 months after the last day, the same day of the month"
    )


def test_only_a_finished_delivery_and_only_with_the_right(context: Flask) -> None:
    delivery = makers.courses.delivery()
    with pytest.raises(Conflict) as refused:
        makers.ask(makers.coordinator(), delivery)
    assert refused.value.code == "delivery_not_finished"
    with pytest.raises(NotAllowed):
        makers.ask(factories.actor("trainer", delivery_id=delivery.id), makers.finished_delivery(1))


def test_who_did_not_complete_is_named_with_what_is_missing(context: Flask) -> None:
    delivery, other = makers.finished_delivery(1, not_completed=1), makers.finished_delivery(1)
    short = makers.enrollments(delivery, EnrollmentStatus.NOT_COMPLETED)[0]
    foreign = makers.enrollments(other)[0]
    with pytest.raises(Invalid) as refused:
        makers.ask(SYSTEM, delivery, [short.id, foreign.id])
    errors = {error.code: error for error in refused.value.errors}
    assert "720 of 1,080 minutes" in str(errors["not_eligible"].message)
    assert errors["unknown_enrollment"].field == "enrollments.1"
    assert (
        makers.certificates_of(delivery) == []
        and db.session.scalar(sa.select(sa.func.count(Job.id))) == 0
    )


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("Ana 🕊 Petrović", "name_unprintable", "U+1F54A “🕊”"),
        ("Ana\u0007Petrović", "name_unprintable", "U+0007"),
        ("   ", "name_missing", "The name to print of No is missing"),
        ("Ana " + "x" * 101, "name_too_long", "has 105 characters and at most 100 fit"),
    ],
)
def test_a_name_that_cannot_be_printed_refuses_the_whole_request(
    context: Flask, name: str, code: str, says: str
) -> None:
    delivery = makers.finished_delivery(["Zoë Lefèvre", name])
    with pytest.raises(Invalid) as refused:
        makers.ask(SYSTEM, delivery)
    assert refused.value.code == code
    (error,) = refused.value.errors
    assert error.field == f"name-{makers.enrollments(delivery)[1].id}" and says in str(
        error.message
    )
    assert (
        makers.certificates_of(delivery) == []
        and db.session.scalar(sa.select(Counter.value)) is None
    )


def test_what_a_course_states_and_cannot_be_printed_refuses_in_the_readers_language(
    context: Flask,
) -> None:
    delivery = makers.finished_delivery(1)
    with transaction():
        db.session.get_one(makers.Delivery, makers.key(delivery)).venue = "Tent 🏕"
        audit.record(SYSTEM, "test.venue", "delivery", {})
    with pytest.raises(Invalid) as refused:
        makers.ask(SYSTEM, delivery)
    assert refused.value.code == "not_printable" and "“Venue” has characters" in str(
        refused.value.message
    )
    with in_language("fr"):
        assert "Lieu" in str(refused.value.message)


def test_a_corrected_name_is_the_one_that_is_printed(context: Flask) -> None:
    delivery, coordinator = makers.finished_delivery(["Ana 🕊 Petrović"]), makers.coordinator()
    (enrollment,) = makers.enrollments(delivery)
    with transaction():
        assert services.correct_names(
            coordinator, delivery.id, {enrollment.id: "Ana Petrović"}
        ) == [enrollment.id]
    assert makers.issued(delivery)[0].holder_name == "Ana Petrović"


def test_asking_twice_gives_the_same_job(context: Flask) -> None:
    delivery = makers.finished_delivery(3)
    first = makers.ask(SYSTEM, delivery)
    first_id = first.id
    assert makers.ask(SYSTEM, delivery).id == first_id
    assert makers.ask(SYSTEM, delivery, [makers.enrollments(delivery)[0].id]).id == first_id
    drain()
    assert makers.ask(SYSTEM, delivery).id == first_id, "all done: the finished job is the answer"
    assert len(makers.certificates_of(delivery)) == 3


def test_nobody_completed_nothing_to_issue(context: Flask) -> None:
    with pytest.raises(Conflict) as refused:
        makers.ask(SYSTEM, makers.finished_delivery(0, not_completed=2))
    assert refused.value.code == "nothing_to_issue"


def test_issuing_twice_returns_the_certificate(context: Flask) -> None:
    delivery = makers.finished_delivery(1)
    (before,) = makers.issued(delivery)
    with transaction():
        again = services.issue(SYSTEM, makers.enrollments(delivery)[0])
        again_id = again.id
    assert again_id == before.id


def test_the_number_of_an_issue_that_was_undone_is_void(context: Flask) -> None:
    delivery = makers.finished_delivery(2)
    first, second = makers.enrollments(delivery)
    with pytest.raises(RuntimeError), transaction():
        services.issue(SYSTEM, db.session.get_one(Enrollment, first.id))
        raise RuntimeError("the power goes")
    with transaction():
        assert services.issue(
            SYSTEM, db.session.get_one(Enrollment, second.id)
        ).number == format_number(2026, 2)
    (void,) = numbering.voids()
    assert (void.first, void.last, void.reason) == (1, 1, numbering.VoidReason.UNDONE)
    assert [s for s in queries.breaches() if "number" in s] == []


def test_each_year_counts_from_one(context: Flask) -> None:
    makers.issued(makers.finished_delivery(1))
    clock.travel(context, datetime(2027, 1, 2, tzinfo=UTC))
    assert makers.issued(makers.finished_delivery(1))[0].number.startswith("RST-2027-000001-")


@pytest.mark.both_databases
def test_eight_at_once_leave_no_gap_and_no_double(context: Flask) -> None:
    delivery = makers.finished_delivery(8)
    ids = [enrollment.id for enrollment in makers.enrollments(delivery)]
    db.session.rollback()

    def issue_all(order: list[int]) -> None:
        for enrollment_id in order:
            with context.app_context(), transaction():
                services.issue(SYSTEM, db.session.get_one(Enrollment, enrollment_id))

    threads = [threading.Thread(target=issue_all, args=(ids[i:] + ids[:i],)) for i in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    certificates = makers.certificates_of(delivery)
    assert sorted(certificate.number[9:15] for certificate in certificates) == [
        f"{n:06d}" for n in range(1, 9)
    ]
    assert len({certificate.enrollment_id for certificate in certificates}) == 8


# What the job does when something is in its way


def test_one_that_cannot_be_rendered_does_not_stop_the_others(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = makers.finished_delivery(["Zoë One", "Zoë Two", "Zoë Three"])
    render = rendering.Renderer.render

    def failing(self: Any, payload: Any, **options: Any) -> bytes:
        if payload["holder_name"] == "Zoë Two":
            raise RenderingFailed("The press stopped.")
        return render(self, payload, **options)

    monkeypatch.setattr(rendering.Renderer, "render", failing)
    job = makers.ask(SYSTEM, delivery)
    drain()
    job = makers.again(job)
    failed = makers.enrollments(delivery)[1].id
    assert (job.done, job.errors) == (
        2,
        [{"enrollment": failed, "code": "rendering_failed", "message": "The press stopped."}],
    )
    assert [sentence for sentence in queries.breaches() if "no file" in sentence] != []

    monkeypatch.setattr(rendering.Renderer, "render", render)
    again = makers.ask(SYSTEM, delivery)
    assert again.id != makers.key(job) and again.args["enrollment_ids"] == [failed], (
        "only what failed is asked again"
    )
    drain()
    assert (
        all(certificate.file_key for certificate in makers.certificates_of(delivery))
        and len(makers.certificates_of(delivery)) == 3
    )
    assert list(queries.breaches()) == []


def test_what_a_job_could_not_make_is_said_in_the_language_of_whoever_asked(context: Flask) -> None:
    delivery, coordinator = makers.finished_delivery(["Zoë One"]), makers.coordinator()
    with transaction():
        db.session.get_one(Person, coordinator.person_id).language = "fr"
        audit.record(SYSTEM, "test.language", "person", {})
    job = makers.ask(coordinator, delivery)
    with transaction():
        factories.plant(sa.update(Enrollment).values(status=EnrollmentStatus.NOT_COMPLETED))
        audit.record(SYSTEM, "test.status", "enrollment", {})
    drain()
    (error,) = makers.again(job).errors
    assert error["message"].startswith("Seules les personnes")


def test_a_coordinator_who_lost_the_right_issues_nothing(context: Flask) -> None:
    from accounts.models import RoleAssignment

    delivery, coordinator = makers.finished_delivery(1), makers.coordinator()
    job = makers.ask(coordinator, delivery)
    with transaction():
        db.session.execute(
            sa.delete(RoleAssignment).where(RoleAssignment.person_id == coordinator.person_id)
        )
        audit.record(SYSTEM, "test.role", "person", {})
    drain()
    job = makers.again(job)
    assert job.public_status == "failed" and job.errors[0]["code"] == "not_allowed"
    assert makers.certificates_of(delivery) == []


def test_a_closed_account_issues_nothing(context: Flask) -> None:
    delivery, coordinator = makers.finished_delivery(1), makers.coordinator()
    makers.ask(coordinator, delivery)
    with transaction():
        db.session.execute(
            sa.update(Account)
            .where(Account.person_id == coordinator.person_id)
            .values(is_active=False)
        )
        audit.record(SYSTEM, "test.account", "person", {})
    drain()
    assert makers.certificates_of(delivery) == []


def test_a_certificate_revoked_while_the_job_was_interrupted_stays_revoked(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job dies after it issued and before it is done; meanwhile the certificate is revoked.
    Going on must not issue anew."""
    delivery = makers.finished_delivery(2)
    render = rendering.Renderer.render

    def dying(self: Any, payload: Any, **options: Any) -> Never:
        raise OSError("the machine stops")

    monkeypatch.setattr(rendering.Renderer, "render", dying)
    job = makers.ask(SYSTEM, delivery)
    drain()
    (begun,) = makers.certificates_of(delivery)
    with transaction():
        services.revoke(
            SYSTEM, db.session.get_one(Certificate, begun.id), reason_code="issued_in_error"
        )
        db.session.execute(sa.update(Job).where(Job.id == makers.key(job)).values(run_after=0.0))
    monkeypatch.setattr(rendering.Renderer, "render", render)
    drain()
    certificates = makers.certificates_of(delivery)
    assert [certificate.status.value for certificate in certificates] == ["revoked", "valid"]
    assert [certificate.enrollment_id for certificate in certificates] == [
        enrollment.id for enrollment in makers.enrollments(delivery)
    ]


def test_each_holder_gets_one_mail_in_the_own_language(context: Flask) -> None:
    delivery = makers.finished_delivery(2)
    makers.issued(delivery)
    with transaction():
        for printed in makers.certificates_of(delivery):
            assert (
                services.record_file(
                    SYSTEM, printed.id, file_key="elsewhere/x.pdf", sha256="0" * 64
                )
                is False
            )
    mails = db.session.scalars(sa.select(Mail).where(Mail.kind == "certificate_ready")).all()
    assert len(mails) == 2 == len({mail.address for mail in mails})
    certificate = makers.certificates_of(delivery)[0]
    body = next(mail.body for mail in mails if mail.person_id == certificate.person_id)
    assert (
        certificate.number in body
        and f"/verify/{certificate.token}" in body
        and "/me/certificates" in body
    )


# What is found when someone meddles


def test_check_finds_a_missing_and_a_changed_file(context: Flask) -> None:
    from core import storage

    first, two = makers.issued(makers.finished_delivery(2))
    storage.put(first.file_key, b"%PDF-1.7 another")
    (storage.storage_of().path(two.file_key)).unlink()  # type: ignore[attr-defined]  # the store of tests is a Folder
    assert sorted(queries.breaches()) == [
        f"certificates: the file of {first.number} was changed",
        f"certificates: the file of {two.number} is missing",
    ]


@pytest.mark.parametrize("column", ["holder_name", "valid_until", "payload"])
def test_check_finds_an_altered_record(context: Flask, column: str) -> None:
    (certificate,) = makers.issued(makers.finished_delivery(1))
    values = {
        "holder_name": "Someone Else",
        "valid_until": date(2099, 1, 1),
        "payload": certificate.payload | {"minutes": 9999},
    }
    with transaction():
        db.session.execute(sa.update(Certificate).values({column: values[column]}))
        audit.record(SYSTEM, "test.meddling", "certificate", {})
    assert list(queries.breaches()) == [f"certificates: {certificate.number} was altered"]


def test_check_finds_a_lost_number(context: Flask) -> None:
    makers.issued(makers.finished_delivery(1))
    with transaction():
        db.session.execute(sa.update(Counter).values(value=3))
        audit.record(SYSTEM, "test.meddling", "counter", {})
    assert list(queries.breaches()) == [
        f"certificates: the number {format_number(2026, 2)} was given to no one",
        f"certificates: the number {format_number(2026, 3)} was given to no one",
    ]


def test_the_stored_payload_is_the_printed_one(context: Flask) -> None:
    (certificate,) = makers.issued(makers.finished_delivery(1))
    assert digest(CertificatePayload.from_dict(certificate.payload)) == certificate.payload_sha256


def test_every_word_that_cannot_be_printed_is_named_at_once(context: Flask) -> None:
    """Such words were accepted once, and stand in the database."""
    delivery = makers.finished_delivery(1)
    with transaction():
        delivery.venue, delivery.course.title = "Camp 😀", {"en": "x" * 161, "fr": "Bon"}
        audit.record(SYSTEM, "test.words", f"delivery:{delivery.id}", {})
    with pytest.raises(Invalid) as caught:
        makers.ask(makers.coordinator(), delivery)
    sentences = [str(error.message) for error in caught.value.errors]
    assert (
        len(sentences) == 2
        and "“Venue” has" in sentences[0]
        and "U+1F600" in sentences[0]
        and "“Course” has 161" in sentences[1]
    )
