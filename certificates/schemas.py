"""Schemas of this package, and the answer of the verification address to programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, cast

from flask import Response, url_for
from pydantic import Field, StringConstraints

from certificates import files
from certificates.models import Certificate, RevocationProposal, RevocationReason
from certificates.payload import FIRST_LANGUAGES, FIRST_LAYOUT
from certificates.snapshot import verify_url
from core import exports
from core.api import Answer, Id, Schema, at_most
from core.caching import file
from core.policy import Actor
from core.settings import settings_of

Status = Literal["valid", "expired", "suspended", "superseded", "revoked"]
PrintedName = Annotated[str, StringConstraints(min_length=1), at_most(120)]
Note = Annotated[str, at_most(1000)]


class IssueBody(Schema):
    enrollments: list[Id] | None = Field(
        None, max_length=2000, description="all that are complete, if left out"
    )


class CertificateAnswer(Answer):
    number: str
    status: Status
    holder: str
    enrollment: int
    course: str
    delivery: str
    issued_on: date
    valid_until: date | None
    layout: str
    languages: list[str] = Field(description="in which it is printed")
    sha256: str | None = Field(description="of the PDF; null while it is being made")
    verify_url: str
    pdf_url: str | None = Field(description="null while it is being made")
    credential_url: str | None
    is_under_review: bool = Field(
        description=(
            "not ended, although the record behind it was corrected: the course is no longer "
            "completed (a coordinator revokes the certificate), another score is printed (a "
            "coordinator reissues it), or the name printed is not that of the person it belongs "
            "to (a coordinator revokes or reissues it). Always false for callers who do not issue "
            "certificates"
        )
    )


class RevokeBody(Schema):
    reason_code: RevocationReason
    note: Note | None = None


class SuspendBody(Schema):
    note: Annotated[str, StringConstraints(min_length=1), at_most(1000)]


class ProposedAnswer(Answer):
    """A revocation that is waiting for a second person. Nothing changes until it is confirmed."""

    status: Literal["proposed"] = "proposed"
    number: str
    reason_code: RevocationReason
    note: str | None
    proposed_by: int | None = Field(description="id of the person who proposed it")
    proposed_at: datetime

    @classmethod
    def of(cls, number: str, proposal: RevocationProposal) -> ProposedAnswer:
        return cls(
            number=number,
            reason_code=proposal.reason_code,
            note=proposal.note,
            proposed_by=proposal.proposed_by_id,
            proposed_at=proposal.proposed_at,
        )


class ReissueBody(Schema):
    name_on_certificate: PrintedName | None = None
    reason: Annotated[str, StringConstraints(min_length=1), at_most(1000)]


def public_address(endpoint: str, **url_values: Any) -> str:
    """An absolute address that programs may store."""
    return settings_of().public_url + url_for(endpoint, **url_values)


def certificate_answer(
    certificate: Certificate, *, is_under_review: bool = False, enrollment: int | None = None
) -> CertificateAnswer:
    """`enrollment`: the one by which the caller knows the certificate, if not its own."""
    is_filed = certificate.file_key is not None
    return CertificateAnswer(
        number=certificate.number,
        status=cast(Status, certificate.current_status.value),
        holder=certificate.holder_name,
        enrollment=enrollment or certificate.enrollment_id,
        course=certificate.payload["course_code"],
        delivery=certificate.payload["delivery_code"],
        issued_on=certificate.issued_on,
        valid_until=certificate.valid_until,
        layout=certificate.payload.get("layout", FIRST_LAYOUT),
        languages=list(certificate.payload.get("languages", FIRST_LANGUAGES)),
        sha256=certificate.sha256,
        verify_url=verify_url(certificate.token),
        pdf_url=public_address("certificates_api.get_pdf", number=certificate.number)
        if is_filed
        else None,
        credential_url=None,
        is_under_review=is_under_review,
    )


def file_answer(actor: Actor, certificate: Certificate) -> Response:
    """The file as a download: whole, in ranges, or 304 for a client that has it. Records downloads
    by anyone but the holder."""
    name, digest = files.name_of(certificate), certificate.sha256 or ""
    answer = file(files.read(certificate), digest, mimetype="application/pdf", name=name)
    if answer.status_code in (200, 206) and certificate.person_id != actor.person_id:
        exports.note(actor, "certificate", f"certificate:{certificate.id}", {})
    return answer


class VerifiedCourse(Answer):
    code: str
    version: int
    title: dict[str, str]


class VerifiedDelivery(Answer):
    code: str
    starts_on: date
    ends_on: date
    venue: str
    country: str
    language: str


class VerifiedSkill(Answer):
    code: str
    title: dict[str, str]
    level: str
    valid_months: int | None


class VerifiedSignatory(Answer):
    name: str
    role: dict[str, str]


class VerificationAnswer(Answer):
    """Every printed fact and today's status; never the holder's address or the reason for a
    revocation or suspension."""

    status: Status
    checked_on: date
    number: str
    holder: str
    category: str
    course: VerifiedCourse
    delivery: VerifiedDelivery
    minutes: int
    objectives: list[dict[str, str]]
    skills: list[VerifiedSkill]
    score_percent: int | None
    signatories: list[VerifiedSignatory]
    issuer: dict[str, str]
    issued_on: date
    valid_until: date | None
    layout: str
    languages: list[str] = Field(description="in which it is printed")
    sha256: str | None
    verify_url: str
    replaced_by: str | None


class AlteredAnswer(Answer):
    """The record was altered: nothing in it can be relied on."""

    status: Literal["altered"]


def verification(certificate: Certificate, successor: Certificate | None) -> dict[str, Any]:
    """The VerificationAnswer for this certificate."""
    printed = certificate.payload
    facts = {
        "status": certificate.current_status.value,
        "checked_on": certificate.today.isoformat(),
        "number": certificate.number,
        "holder": printed["holder_name"],
        "category": printed["category"],
        "course": {
            "code": printed["course_code"],
            "version": printed["course_version"],
            "title": _texts(printed["course_title"]),
        },
        "delivery": {
            "code": printed["delivery_code"],
            "starts_on": printed["starts_on"],
            "ends_on": printed["ends_on"],
            "venue": printed["venue"],
            "country": printed["country"],
            "language": printed["teaching_language"],
        },
        "minutes": printed["minutes"],
        "objectives": [_texts(text) for text in printed["objectives"]],
        "skills": [
            {
                "code": s["code"],
                "title": _texts(s["title"]),
                "level": s["level"],
                "valid_months": s["valid_months"],
            }
            for s in printed["skills"]
        ],
        "score_percent": printed["score_percent"],
        "signatories": [
            {"name": s["name"], "role": _texts(s["role"])} for s in printed["signatories"]
        ],
        "issuer": _texts(printed["issuer"]),
        "issued_on": printed["issued_on"],
        "valid_until": printed["valid_until"],
        "layout": printed.get("layout", FIRST_LAYOUT),
        "languages": list(printed.get("languages", FIRST_LANGUAGES)),
        "sha256": certificate.sha256,
        "verify_url": printed["verify_url"],
        "replaced_by": verify_url(successor.token) if successor else None,
    }
    return VerificationAnswer.model_validate(facts).model_dump(mode="json")


def _texts(value: dict[str, str]) -> dict[str, str]:
    return {code: text for code, text in value.items() if text}
