"""Personal data of certificates: for each item the reason, the readers and the retention."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from core.personal import Datum

PERSONAL = (
    Datum(
        _l("Certificates"),
        _l("To prove what you completed"),
        _l(
            "Yourself, coordinators, administrators, the nominating organization; roster staff "
            "see its number and whether it"
            " is valid; what is printed on it: anyone who has its code or address"
        ),
        _l("Without end: a certificate must remain checkable"),
        """certificate.number certificate.token certificate.status certificate.holder_name
        certificate.holder_words
        certificate.payload certificate.payload_sha256 certificate.issued_on certificate.valid_until
        certificate.issued_at certificate.file_key certificate.sha256 certificate.ended_at
        certificate.reason_code certificate.note revocation_proposal.reason_code
        revocation_proposal.note revocation_proposal.proposed_at revocation_proposal.decided_at
        revocation_proposal.outcome suspension.suspended_at suspension.note suspension.lifted_at
        suspension.lift_note""",
    ),
)
