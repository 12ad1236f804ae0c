"""Rows of a nomination file that are not nominated yet: kept for the one who gave the file, a
month at most."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from core import audit, clock
from core.database import db
from core.policy import SYSTEM, Actor, can, require
from courses.models import Delivery
from enrollment.models import NominationDraft
from enrollment.needs import over
from people.models import Organization
from people.permissions import Permission

KEPT_FOR = timedelta(days=30)


def keep_draft(
    actor: Actor, delivery: Delivery, organization: Organization, content: str, rows: int
) -> None:
    """Keeps the rows in place of those that the actor kept before for this delivery and
    organization."""
    if not can(actor, Permission.ENROLLMENT_CREATE, delivery):
        require(actor, Permission.ENROLLMENT_NOMINATE, organization)
    put_draft(actor.person_id, delivery, organization, content, rows)
    audit.record(
        actor,
        "nomination_draft.kept",
        f"delivery:{delivery.id}",
        {"rows": rows},
        on_behalf_of=organization.id,
    )


def put_draft(
    person_id: int | None, delivery: Delivery, organization: Organization, content: str, rows: int
) -> None:
    """Keeps the rows for this person, whatever the person may do by now."""
    statement = sa.select(NominationDraft).where(
        NominationDraft.person_id == person_id,
        NominationDraft.delivery_id == delivery.id,
        NominationDraft.organization_id == organization.id,
    )
    draft = db.session.scalar(statement)
    if draft is None:
        draft = NominationDraft(
            delivery_id=delivery.id, organization_id=organization.id, person_id=person_id
        )
        db.session.add(draft)
    draft.content, draft.rows, draft.kept_at = content, rows, clock.now()


def discard_draft(actor: Actor, delivery: Delivery, organization_id: int) -> bool:
    """Forgets the rows that the actor kept; False when there are none."""
    draft = find_draft(actor, delivery, organization_id)
    if draft is None:
        return False
    db.session.delete(draft)
    audit.record(
        actor,
        "nomination_draft.discarded",
        f"delivery:{delivery.id}",
        {"rows": draft.rows},
        on_behalf_of=organization_id,
    )
    return True


def find_draft(actor: Actor, delivery: Delivery, organization_id: int) -> NominationDraft | None:
    """What the actor kept for this organization and has not been kept for too long."""
    return db.session.scalar(
        _drafts(actor, delivery).where(NominationDraft.organization_id == organization_id)
    )


def list_drafts(actor: Actor, delivery: Delivery) -> list[NominationDraft]:
    """All that the actor kept for the delivery; no one else sees it."""
    return list(db.session.scalars(_drafts(actor, delivery).order_by(NominationDraft.id)))


def forget_drafts() -> None:
    """Drops the drafts that were kept for a month, and those for deliveries that were over a
    month ago: what people need, which they hold too, is not kept longer there than in
    enrollments."""
    is_old = sa.or_(
        NominationDraft.kept_at < clock.now() - KEPT_FOR, NominationDraft.delivery_id.in_(over())
    )
    if count := db.session.scalar(
        sa.select(sa.func.count()).select_from(NominationDraft).where(is_old)
    ):
        db.session.execute(
            sa.delete(NominationDraft).where(is_old),
            execution_options={"synchronize_session": False},
        )
        audit.record(SYSTEM, "nomination_draft.forgotten", "nomination_draft", {"drafts": count})


def _drafts(actor: Actor, delivery: Delivery) -> sa.Select[NominationDraft]:
    return sa.select(NominationDraft).where(
        NominationDraft.person_id == actor.person_id,
        NominationDraft.delivery_id == delivery.id,
        NominationDraft.kept_at >= clock.now() - KEPT_FOR,
    )
