"""The file of a certificate is on disk: say so in its row, and tell the holder, exactly once."""

from __future__ import annotations

import sqlalchemy as sa

from accounts.models import Person
from certificates.events import CertificateFiled
from certificates.models import Certificate, CertificateStatus
from certificates.snapshot import verify_url
from core import mail
from core.database import db, settings_of
from core.events import publish
from core.policy import Actor


def record_file(actor: Actor, certificate_id: int, *, file_key: str, sha256: str) -> bool:
    """Notes the file of a certificate that has none and queues the holder's mail with it; False when it has one already.

    One conditional statement decides, so that two workers at once write one mail.
    """
    claimed = (
        sa.update(Certificate)
        .where(Certificate.id == certificate_id, Certificate.file_key.is_(None))
        .values(file_key=file_key, sha256=sha256)
    )
    found = db.session.execute(claimed, execution_options={"synchronize_session": False})
    certificate = db.session.get_one(Certificate, certificate_id, populate_existing=True)
    if found.rowcount != 1:  # type: ignore[attr-defined] -- an update's result counts its rows
        return False
    publish(CertificateFiled(certificate.id, certificate.number, sha256), actor)
    if certificate.status is CertificateStatus.VALID:
        _tell_holder(certificate)
    return True


def _tell_holder(certificate: Certificate) -> None:
    person = db.session.get_one(Person, certificate.person_id)
    if person.email is None:
        return
    mail.send(
        "certificate_ready", person.email, person_id=person.id, language=person.language,
        holder=certificate.holder_name, number=certificate.number, course=certificate.payload["course_title"],
        is_corrected=certificate.replaces_id is not None, verify_url=verify_url(certificate.token),
        own_url=f"{settings_of().public_url}/me/certificates",
    )  # fmt: skip
