"""What the certificates room announces."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True)
class CertificateIssued(Event):
    """`replaces_id` names the certificate it corrects, None for a first one. The digest of what it states enters the audit
    chain, so that whoever alters the row later would have to alter the signed chain as well."""

    name = "certificate.issued"
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
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    person_id: int


@dataclass(frozen=True)
class CertificateRevoked(Event):
    name = "certificate.revoked"
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    person_id: int
    reason_code: str


@dataclass(frozen=True)
class CertificateReviewOpened(Event):
    """The result behind a certificate was corrected, and is not what it certifies: a coordinator decides about it."""

    name = "certificate.review_opened"
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    enrollment_id: int


@dataclass(frozen=True)
class CertificateSuspended(Event):
    """It is not to be relied on until it is lifted."""

    name = "certificate.suspended"
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    person_id: int


@dataclass(frozen=True)
class CertificateLifted(Event):
    """It is valid again."""

    name = "certificate.lifted"
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    person_id: int


@dataclass(frozen=True)
class RevocationProposed(Event):
    """A second person has to confirm it. Until then the certificate stands."""

    name = "certificate.revocation_proposed"
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    reason_code: str


@dataclass(frozen=True)
class RevocationDeclined(Event):
    """What was proposed is not done; `outcome` says whether the one who proposed it took it back."""

    name = "certificate.revocation_declined"
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    outcome: str


@dataclass(frozen=True)
class IssueRequested(Event):
    """A coordinator asked for certificates; the job `job_id` makes them."""

    name = "certificates.requested"
    subject = ("delivery", "delivery_id")
    delivery_id: int
    enrollments: tuple[int, ...]
    job_id: int


@dataclass(frozen=True)
class CertificateFiled(Event):
    """The certificate's file was made."""

    name = "certificate.filed"
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    sha256: str


@dataclass(frozen=True)
class CertificateRefiled(Event):
    """Its file was missing or damaged and was made again. When the two digests differ, the press of today makes other bytes of
    the same payload, and the file that was promised is lost."""

    name = "certificate.refiled"
    subject = ("certificate", "certificate_id")
    certificate_id: int
    number: str
    sha256: str
    sha256_before: str


@dataclass(frozen=True)
class PrintedNameCorrected(Event):
    """A name was changed to what shall stand on the certificate."""

    name = "enrollment.printed_name_corrected"
    subject = ("enrollment", "enrollment_id")
    enrollment_id: int
    delivery_id: int
