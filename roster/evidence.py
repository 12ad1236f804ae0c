"""Skills from certificates: the one place that defines what a certificate proves, both when it is
issued and in every rebuild. A certificate is a snapshot, so the answer never changes; only the
periods in which it is valid do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from certificates.models import Certificate, Suspension
from core.codes import key
from core.database import db
from courses.models import Skill, SkillGrant, SkillLevel


@dataclass(frozen=True)
class Proof:
    """One skill that one certificate proves, with its dates of validity, in one of the periods in
    which it was known."""

    certificate_id: int
    skill_id: int
    person_id: int
    level: SkillLevel
    valid_from: date
    valid_until: date | None
    recorded_at: datetime
    withdrawn_at: datetime | None


class UnknownSkill(LookupError):
    """A certificate names an unknown skill, so its grants cannot be recorded."""


def skill_ids() -> dict[str, int]:
    return {
        key(code): skill_id
        for skill_id, code in db.session.execute(sa.select(Skill.id, Skill.code))
    }


def proofs(
    certificate: Certificate, ids: Mapping[str, int], suspensions: Sequence[Suspension] = ()
) -> list[Proof]:
    """What `certificate` proves, with the periods of each skill in order. `ids`: from `skill_ids`;
    `suspensions`: the certificate's, oldest first."""
    known_from = (
        date.fromisoformat(certificate.payload["ends_on"])
        if certificate.payload.get("skills")
        else date.min
    )
    return [
        Proof(
            certificate_id=certificate.id,
            skill_id=_known(granted["code"], ids),
            person_id=certificate.person_id,
            level=SkillLevel(granted["level"]),
            valid_from=known_from,
            valid_until=SkillGrant(valid_months=granted.get("valid_months")).valid_until(
                known_from
            ),
            recorded_at=recorded_at,
            withdrawn_at=withdrawn_at,
        )
        for granted in certificate.payload.get("skills", ())
        for recorded_at, withdrawn_at in _periods(certificate, suspensions)
    ]


def _periods(
    certificate: Certificate, suspensions: Sequence[Suspension]
) -> list[tuple[datetime, datetime | None]]:
    """The periods in which the certificate could be relied on: from issue to end, without
    suspensions."""
    periods: list[tuple[datetime, datetime | None]] = []
    begins: datetime | None = certificate.issued_at
    for suspension in suspensions:
        assert begins is not None, "suspended again before it was lifted"
        periods.append((begins, suspension.suspended_at))
        begins = suspension.lifted_at
    return periods if begins is None else [*periods, (begins, certificate.ended_at)]


def proofs_of(certificate: Certificate) -> list[Proof]:
    """What one certificate currently proves."""
    own = (
        sa.select(Suspension)
        .where(Suspension.certificate_id == certificate.id)
        .order_by(Suspension.id)
    )
    return proofs(certificate, skill_ids(), db.session.scalars(own).all())


def proofs_between(first: int, last: int, ids: Mapping[str, int]) -> Iterator[Proof]:
    """What the certificates with these ids prove, in the order of issuing."""
    suspended: dict[int, list[Suspension]] = defaultdict(list)
    some = (
        sa.select(Suspension)
        .where(Suspension.certificate_id.between(first, last))
        .order_by(Suspension.id)
    )
    for suspension in db.session.scalars(some):
        suspended[suspension.certificate_id].append(suspension)
    for certificate in db.session.scalars(
        sa.select(Certificate).where(Certificate.id.between(first, last)).order_by(Certificate.id)
    ):
        yield from proofs(certificate, ids, suspended.get(certificate.id, ()))


def _known(code: str, ids: Mapping[str, int]) -> int:
    if key(code) not in ids:
        raise UnknownSkill(code)
    return ids[key(code)]
