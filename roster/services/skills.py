"""Skills: only certificates grant and withdraw them; no form and no program writes one."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from certificates.models import Certificate
from core import clock
from core.database import db
from core.events import publish
from core.policy import Actor
from enrollment.models import Enrollment
from roster import documents, evidence
from roster.events import SkillGranted, SkillWithdrawn
from roster.models import Expert, ExpertSkill
from roster.services.admission import admit_by_rule
from roster.services.profiles import obtain


def grant_skills(actor: Actor, certificate: Certificate) -> list[ExpertSkill]:
    """Records what `certificate` now proves; existing skills stay as they are."""
    proven = [proof for proof in evidence.proofs_of(certificate) if proof.withdrawn_at is None]
    if not proven:
        return []
    expert = expert_by_enrollment(actor, certificate)
    standing = {row.skill_id for row in _standing(certificate)}
    new_rows = [skill_row(proof, expert.id) for proof in proven if proof.skill_id not in standing]
    db.session.add_all(new_rows)
    for row in new_rows:
        publish(SkillGranted(expert.id, row.skill_id, row.level.value, certificate.id), actor)
    documents.refresh([expert.id])
    admit_by_rule(expert)
    return new_rows


def withdraw_skills(actor: Actor, certificate: Certificate) -> list[ExpertSkill]:
    """Withdraws the skills of a certificate that ended or is suspended; the rows stay as history,
    and other evidence of a skill still counts."""
    db.session.flush()
    ends = {
        proof.skill_id: proof.withdrawn_at for proof in evidence.proofs_of(certificate)
    }  # the last period of each counts
    rows = _standing(certificate)
    for row in rows:
        row.withdrawn_at = ends.get(row.skill_id) or clock.now()
        publish(SkillWithdrawn(row.expert_id, row.skill_id, certificate.id), actor)
    if rows:
        documents.refresh({row.expert_id for row in rows})
    return rows


def _standing(certificate: Certificate) -> list[ExpertSkill]:
    rests = sa.select(ExpertSkill).where(
        ExpertSkill.certificate_id == certificate.id, ExpertSkill.withdrawn_at.is_(None)
    )
    return list(db.session.scalars(rests))


def follow_certificates(actor: Actor, person_ids: Collection[int]) -> None:
    """Moves skills to the profile of the certificate's holder, after records of these people were
    merged or separated."""
    rows = (
        sa.select(ExpertSkill, Certificate)
        .join(Certificate, Certificate.id == ExpertSkill.certificate_id)
        .join(Expert, Expert.id == ExpertSkill.expert_id)
        .where(Certificate.person_id.in_(person_ids), Certificate.person_id != Expert.person_id)
    )
    concerned: set[int] = set()
    for row, certificate in db.session.execute(rows.order_by(ExpertSkill.id)).all():
        expert = expert_by_enrollment(actor, certificate)
        concerned |= {row.expert_id, expert.id}
        row.expert_id = expert.id
    if concerned:
        documents.refresh(concerned)


def skill_row(proof: evidence.Proof, expert_id: int) -> ExpertSkill:
    return ExpertSkill(
        expert_id=expert_id,
        skill_id=proof.skill_id,
        level=proof.level,
        level_rank=proof.level.rank,
        certificate_id=proof.certificate_id,
        valid_from=proof.valid_from,
        valid_until=proof.valid_until,
        recorded_at=proof.recorded_at,
        withdrawn_at=proof.withdrawn_at,
    )


def expert_by_enrollment(actor: Actor, certificate: Certificate) -> Expert:
    """The holder's profile; a first one gets the facts declared when enrolling. It can be found
    only after consent and admission."""
    declared = db.session.get_one(Enrollment, certificate.enrollment_id)
    expert, _ = obtain(
        actor,
        certificate.person_id,
        declared.category,
        subcategory=declared.subcategory,
        rank=declared.rank,
        rank_code=declared.rank_code,
        organization=declared.organization,
    )
    return expert
