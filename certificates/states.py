"""The lifecycle of a certificate. *Expired* is not a step: it follows from the calendar."""

from __future__ import annotations

from certificates.events import (
    CertificateLifted,
    CertificateRevoked,
    CertificateSuperseded,
    CertificateSuspended,
)
from certificates.models import CertificateStatus as S
from core.lifecycles import Machine, Transition
from people.permissions import Permission

CERTIFICATE = Machine(
    S.VALID,
    [
        Transition(
            "suspend",
            frozenset({S.VALID}),
            S.SUSPENDED,
            Permission.CERTIFICATE_REVOKE,
            lambda c, before: CertificateSuspended(c.id, c.number, c.person_id),
        ),
        Transition(
            "lift",
            frozenset({S.SUSPENDED}),
            S.VALID,
            Permission.CERTIFICATE_REVOKE,
            lambda c, before: CertificateLifted(c.id, c.number, c.person_id),
        ),
        Transition(
            "revoke",
            frozenset({S.VALID, S.SUSPENDED}),
            S.REVOKED,
            Permission.CERTIFICATE_REVOKE,
            lambda c, before: CertificateRevoked(c.id, c.number, c.person_id, c.reason_code),
        ),
        Transition(
            "supersede",
            frozenset({S.VALID}),
            S.SUPERSEDED,
            Permission.CERTIFICATE_ISSUE,
            lambda c, before: CertificateSuperseded(c.id, c.number, c.person_id),
        ),
    ],
)
