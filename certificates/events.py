"""Events of this package."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from core.events import Event


@dataclass(frozen=True)
class CertificateIssued(Event):
    """`replaces_id` is the certificate it corrects, None for a first one. The payload's digest
    enters the audit chain, so that altering the row later would require altering the signed chain
    too."""

    name = "certificate.issued"
    label = _l("Certificate issued")
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    enrollment_id: int
    person_id: int
    replaces_id: int | None
    payload_sha256: str = ""


@dataclass(frozen=True)
class CertificateSuperseded(Event):
    name = "certificate.superseded"
    label = _l("Certificate replaced")
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    person_id: int


@dataclass(frozen=True)
class CertificateRevoked(Event):
    name = "certificate.revoked"
    label = _l("Certificate revoked")
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    person_id: int
    reason_code: str


@dataclass(frozen=True)
class CertificateReviewOpened(Event):
    """The result behind a certificate was corrected and no longer matches it: a coordinator must
    decide."""

    name = "certificate.review_opened"
    label = _l("Certificate under review: its result was corrected")
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    enrollment_id: int


@dataclass(frozen=True)
class CertificateSuspended(Event):
    """Not to be relied on until the suspension is lifted."""

    name = "certificate.suspended"
    label = _l("Certificate suspended")
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    person_id: int


@dataclass(frozen=True)
class CertificateLifted(Event):
    """Valid again."""

    name = "certificate.lifted"
    label = _l("Suspension of a certificate lifted")
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    person_id: int


@dataclass(frozen=True)
class RevocationProposed(Event):
    """A second person must confirm it; until then the certificate stays valid."""

    name = "certificate.revocation_proposed"
    label = _l("Revocation of a certificate proposed")
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    reason_code: str


@dataclass(frozen=True)
class RevocationDeclined(Event):
    """A proposed revocation was dropped; `outcome` says whether its proposer withdrew it."""

    name = "certificate.revocation_declined"
    label = _l("Proposed revocation declined")
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    outcome: str


@dataclass(frozen=True)
class IssueRequested(Event):
    """A coordinator requested certificates; the job `job_id` makes them."""

    name = "certificates.requested"
    label = _l("Certificates asked for")
    subject = ("delivery", "delivery_id")
    delivery_id: int
    enrollments: tuple[int, ...]
    job_id: int


@dataclass(frozen=True)
class CertificateFiled(Event):
    """The certificate's file was made."""

    name = "certificate.filed"
    label = _l("Certificate’s file made")
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    sha256: str


@dataclass(frozen=True)
class CertificateRefiled(Event):
    """The file was missing or damaged and was rebuilt. If the two digests differ, today's press
    produces other bytes from the same payload, and the original file is lost."""

    name = "certificate.refiled"
    label = _l("Certificate file made again")
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    sha256: str
    sha256_before: str


@dataclass(frozen=True)
class PrintedNameCorrected(Event):
    """A name was changed for print on the certificate."""

    name = "enrollment.printed_name_corrected"
    label = _l("Printed name corrected")
    subject = ("enrollment", "enrollment_id")
    enrollment_id: int
    delivery_id: int
