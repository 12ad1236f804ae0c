"""Records that the file of a certificate is stored, and notifies the holder, exactly once."""

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
    """Records the file and queues the holder's mail; False if the certificate already has a file.

    One conditional statement decides, so that of two parallel workers only one writes the mail.
    """
    current_unit()  # requires a transaction
    table = cast(sa.Table, Certificate.__table__)
    claimed = (
        sa.update(table)
        .where(table.c.id == certificate_id, table.c.file_key.is_(None))
        .values(file_key=file_key, sha256=sha256)
    )
    # On the connection: it is an audited change only if a row matches.
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
    """Records that the file of a certificate was rebuilt, with the same digest or, explicitly,
    another."""
    before = certificate.sha256 or ""
    certificate.file_key, certificate.sha256 = file_key, sha256
    publish(CertificateRefiled(certificate.id, certificate.number, sha256, before), actor)
