"""The lifecycle of a certificate. *Expired* is no step: the calendar needs no writer."""

from __future__ import annotations

from accounts.roles import Permission
from certificates.events import CertificateRevoked, CertificateSuperseded
from certificates.models import CertificateStatus as S
from core.lifecycles import Machine, Transition

CERTIFICATE = Machine(
    S.VALID,
    [
        Transition(
            "revoke",
            frozenset({S.VALID}),
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
