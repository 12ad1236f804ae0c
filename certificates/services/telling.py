"""Letters to the holder of a certificate, in the transaction that causes them."""

from __future__ import annotations

from typing import Any

from certificates.models import Certificate
from core import mail
from core.database import db
from core.settings import settings_of
from people.models import Organization, Person
from people.queries import sender_of


def tell_holder(kind: str, certificate: Certificate, **words: Any) -> None:
    """Queues the mail `kind` about a certificate, if its holder has an address."""
    person = db.session.get_one(Person, certificate.person_id)
    if person.email is None:
        return
    mail.send(
        kind,
        person.email,
        person_id=person.id,
        language=person.language,
        holder=certificate.holder_name,
        number=certificate.number,
        course=certificate.payload["course_title"],
        own_url=f"{settings_of().public_url}/me/certificates",
        sender=sender_of(db.session.get_one(Organization, certificate.centre_id)),
        **words,
    )
