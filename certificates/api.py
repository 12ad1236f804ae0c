"""The API of certificates: requesting them, their jobs, reading, revoking and correcting them."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, url_for

from certificates import queries, services
from certificates.models import Certificate
from certificates.reviews import reviewed_by
from certificates.schemas import (
    CertificateAnswer,
    IssueBody,
    ProposedAnswer,
    ReissueBody,
    RevokeBody,
    SuspendBody,
    certificate_answer,
    file_answer,
)
from certificates.services.names import field_of
from core.api import JobAnswer, JobStarted, ListQuery, Routes, job_answer, job_path, job_started
from core.errors import renamed
from core.paging import Page
from core.policy import Actor
from core.web import current_actor
from courses.queries import get_delivery
from people.permissions import Permission as P

routes = Routes("certificates")


@routes.call(
    "POST",
    "/deliveries/<code>/certificates",
    "Issue certificates, in a job",
    requires=P.CERTIFICATE_ISSUE,
    body=IssueBody,
    body_is_optional=True,
    answers={202: JobStarted},
    location=lambda answer: job_path(answer.job.id),
)
def request_issue(code: str, body: IssueBody) -> tuple[JobStarted, int]:
    actor = current_actor()
    enrollment_ids = body.enrollments or []
    fields = {
        field_of(enrollment_id): f"enrollments.{number}"
        for number, enrollment_id in enumerate(enrollment_ids)
    }
    with renamed(
        lambda field: fields.get(field, "enrollments" if field.startswith("name-") else field)
    ):
        job = services.request_issue(actor, get_delivery(actor, code).id, body.enrollments)
    return job_started(job), 202


@routes.call("GET", "/jobs/<int:job_id>", "How far a job is", answers={200: JobAnswer})
def get_job(job_id: int) -> JobAnswer:
    return job_answer(queries.get_job(current_actor(), job_id))


@routes.call(
    "GET",
    "/deliveries/<code>/certificates",
    "Certificates of a delivery",
    requires=P.CERTIFICATE_READ,
    query=ListQuery,
    answers={200: CertificateAnswer},
    is_list=True,
)
def list_certificates(code: str, query: ListQuery) -> Page[CertificateAnswer]:
    actor = current_actor()
    page = queries.page_of_delivery(
        actor, get_delivery(actor, code), after=query.after, limit=query.limit
    )
    return Page(_answers(actor, page.items), page.next)


def _answers(actor: Actor, certificates: Sequence[Certificate]) -> list[CertificateAnswer]:
    reviewed, own = reviewed_by(actor, certificates), queries.own_enrollments(actor, certificates)
    return [
        certificate_answer(
            certificate,
            is_under_review=certificate.id in reviewed,
            enrollment=own.get(certificate.enrollment_id),
        )
        for certificate in certificates
    ]


@routes.call(
    "GET",
    "/certificates/<number>",
    "A certificate",
    requires=P.CERTIFICATE_READ,
    answers={200: CertificateAnswer},
)
def get_certificate(number: str) -> CertificateAnswer:
    return _answers(current_actor(), [_certificate(number)])[0]


@routes.call(
    "GET",
    "/certificates/<number>/pdf",
    "A certificate's file",
    requires=P.CERTIFICATE_READ,
    answers={200: bytes},
    media_type="application/pdf",
)
def get_pdf(number: str) -> Response:
    return file_answer(current_actor(), _certificate(number))


@routes.call(
    "POST",
    "/certificates/<number>/revoke",
    "Revoke a certificate",
    requires=P.CERTIFICATE_REVOKE,
    body=RevokeBody,
    answers={200: CertificateAnswer, 202: ProposedAnswer},
)
def revoke_certificate(
    number: str, body: RevokeBody
) -> tuple[CertificateAnswer | ProposedAnswer, int]:
    """Fraud needs a second person to confirm (202), and so does every reason if the centre
    requires two people."""
    certificate = _certificate(number)
    proposal = services.revoke(
        current_actor(), certificate, reason_code=body.reason_code.value, note=body.note
    )
    if proposal is not None:
        return ProposedAnswer.of(certificate.number, proposal), 202
    return certificate_answer(certificate), 200


@routes.call(
    "GET",
    "/certificates/<number>/revoke",
    "A revocation waiting for confirmation",
    requires=P.CERTIFICATE_REVOKE,
    answers={200: ProposedAnswer},
)
def proposed_revocation(number: str) -> ProposedAnswer:
    proposal = queries.get_proposal(current_actor(), number)
    return ProposedAnswer.of(proposal.certificate.number, proposal.proposal)


@routes.call(
    "POST",
    "/certificates/<number>/revoke/confirm",
    "Confirm a revocation that another person proposed",
    requires=P.CERTIFICATE_REVOKE,
    answers={200: CertificateAnswer},
)
def confirm_revocation(number: str) -> CertificateAnswer:
    return certificate_answer(services.confirm_revocation(current_actor(), _certificate(number)))


@routes.call(
    "POST",
    "/certificates/<number>/revoke/decline",
    "Decline or withdraw a proposed revocation",
    requires=P.CERTIFICATE_REVOKE,
    answers={200: CertificateAnswer},
)
def decline_revocation(number: str) -> CertificateAnswer:
    return certificate_answer(services.decline_revocation(current_actor(), _certificate(number)))


@routes.call(
    "POST",
    "/certificates/<number>/suspend",
    "Suspend a certificate",
    requires=P.CERTIFICATE_REVOKE,
    body=SuspendBody,
    answers={200: CertificateAnswer},
)
def suspend_certificate(number: str, body: SuspendBody) -> CertificateAnswer:
    """Until the suspension is lifted, no one should rely on the certificate, and its skills are
    withdrawn."""
    return certificate_answer(
        services.suspend(current_actor(), _certificate(number), note=body.note)
    )


@routes.call(
    "POST",
    "/certificates/<number>/lift",
    "Lift the suspension of a certificate",
    requires=P.CERTIFICATE_REVOKE,
    body=SuspendBody,
    answers={200: CertificateAnswer},
)
def lift_suspension(number: str, body: SuspendBody) -> CertificateAnswer:
    return certificate_answer(services.lift(current_actor(), _certificate(number), note=body.note))


@routes.call(
    "POST",
    "/certificates/<number>/reissue",
    "Replace a certificate by a corrected one",
    requires=P.CERTIFICATE_ISSUE,
    body=ReissueBody,
    answers={201: CertificateAnswer},
    location=lambda answer: url_for("certificates_api.get_certificate", number=answer.number),
)
def reissue_certificate(number: str, body: ReissueBody) -> tuple[CertificateAnswer, int]:
    successor = services.reissue(
        current_actor(),
        _certificate(number),
        name_on_certificate=body.name_on_certificate,
        reason=body.reason,
    )
    return certificate_answer(successor), 201


def _certificate(number: str) -> Certificate:
    return queries.get_certificate(current_actor(), number)
