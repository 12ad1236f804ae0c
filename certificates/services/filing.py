"""The file of a certificate is on disk: say so in its row, and tell the holder, exactly once."""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa

from certificates.events import CertificateFiled, CertificateRefiled
from certificates.models import Certificate, CertificateStatus
from certificates.services.telling import tell_holder
from certificates.snapshot import verify_url
from core.database import current_unit, db
from core.events import publish
from core.policy import Actor


def record_file(actor: Actor, certificate_id: int, *, file_key: str, sha256: str) -> bool:
    """Notes the file of a certificate that has none and queues the holder's mail with it; False
    when it has one already.

    One conditional statement decides, so that two workers at once write one mail.
    """
    current_unit()  # what follows belongs to a transaction
    table = cast(sa.Table, Certificate.__table__)
    claimed = (
        sa.update(table)
        .where(table.c.id == certificate_id, table.c.file_key.is_(None))
        .values(file_key=file_key, sha256=sha256)
    )
    # By the connection: it is a change to be audited only when it meets its row.
    if db.session.connection().execute(claimed).rowcount != 1:
        return False
    certificate = db.session.get_one(Certificate, certificate_id, populate_existing=True)
    publish(CertificateFiled(certificate.id, certificate.number, sha256), actor)
    if certificate.status is CertificateStatus.VALID:
        tell_holder(
            "certificate_ready",
            certificate,
            is_corrected=certificate.replaces_id is not None,
            verify_url=verify_url(certificate.token),
        )
    return True


def refile(actor: Actor, certificate: Certificate, *, file_key: str, sha256: str) -> None:
    """Notes that the file of a filed certificate was made again, under the same digest or, said
    openly, under another."""
    before = certificate.sha256 or ""
    certificate.file_key, certificate.sha256 = file_key, sha256
    publish(CertificateRefiled(certificate.id, certificate.number, sha256, before), actor)
