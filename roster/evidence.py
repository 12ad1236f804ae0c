"""Skills from certificates: the one place that says what a certificate proves, for the moment it is issued and for every
rebuild after. A certificate is a snapshot, so the answer never changes; what changes is whether it still stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from certificates.models import Certificate, CertificateStatus
from core.codes import key
from core.database import db
from courses.models import Skill, SkillGrant, SkillLevel


@dataclass(frozen=True)
class Proof:
    """One skill that one certificate proves, with the dates it holds for and the time it was known."""

    certificate_id: int
    skill_id: int
    person_id: int
    level: SkillLevel
    valid_from: date
    valid_until: date | None
    recorded_at: datetime
    withdrawn_at: datetime | None
    withdrawn_reason: str | None


class UnknownSkill(LookupError):
    """A certificate names a skill that is not kept: its grants cannot be recorded."""


def skill_ids() -> dict[str, int]:
    return {key(code): skill_id for skill_id, code in db.session.execute(sa.select(Skill.id, Skill.code))}


def proofs(certificate: Certificate, ids: Mapping[str, int]) -> list[Proof]:
    """What `certificate` proves. `ids`: what `skill_ids` gives."""
    known_from = date.fromisoformat(certificate.payload["ends_on"]) if certificate.payload.get("skills") else date.min
    return [
        Proof(
            certificate_id=certificate.id,
            skill_id=_known(granted["code"], ids),
            person_id=certificate.person_id,
            level=SkillLevel(granted["level"]),
            valid_from=known_from,
            valid_until=SkillGrant(valid_months=granted.get("valid_months")).valid_until(known_from),
            recorded_at=certificate.issued_at,
            withdrawn_at=certificate.ended_at,
            withdrawn_reason=reason_of(certificate),
        )
        for granted in certificate.payload.get("skills", ())
    ]


def all_proofs() -> Iterator[Proof]:
    """What all certificates ever issued prove, in the order of issuing."""
    ids = skill_ids()
    for certificate in db.session.scalars(sa.select(Certificate).order_by(Certificate.id)).yield_per(1000):
        yield from proofs(certificate, ids)
        db.session.expunge(certificate)


def reason_of(certificate: Certificate) -> str | None:
    """Why a skill resting on `certificate` was withdrawn, in a stable word; None while it stands."""
    if certificate.status is CertificateStatus.VALID:
        return None
    return certificate.reason_code if certificate.status is CertificateStatus.REVOKED else certificate.status.value


def _known(code: str, ids: Mapping[str, int]) -> int:
    if key(code) not in ids:
        raise UnknownSkill(code)
    return ids[key(code)]
