"""Admission: staff decide who is on the roster after the person's consent; and the effects of
giving and withdrawing consent."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core import clock
from core.database import db
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.events import publish
from core.policy import SYSTEM, Actor, require
from core.settings import settings_of
from people.models import BodyKind, ConsentPurpose, Organization, Person
from people.permissions import Permission
from people.queries import first_body, get_body, offices_to_choose
from people.services import ask_for_consent, current_consent, find_consent, may_be_asked
from people.values import clean_text
from roster import documents
from roster.events import ExpertAdmitted
from roster.models import (
    AdmissionWay,
    Expert,
    ExpertSkill,
    ExpertStatus,
    RosterAdmission,
    SkillStatus,
)
from roster.services import proposals
from roster.services.profiles import (
    MOST_EXPERTISE,
    change_expert,
    find_expert_of,
    locked,
    obtain,
    reaches,
    unknown_expert,
)
from roster.services.values import Profile
from roster.states import EXPERT

WITHDRAWN, MERGED = "consent_withdrawn", "merged"


def admit(
    actor: Actor, expert: Expert, fields: Sequence[str] = (), *, office: str | None = None
) -> Expert:
    """Admits someone who consented to the roster of `office` (its code; None: the actor's own), in
    general or in these fields of expertise; someone already admitted, in further fields. NotFound
    without current consent, Conflict("already_admitted") if nothing would change or the person is
    on another office's roster."""
    require(actor, Permission.EXPERT_ADMIT)
    wanted_fields = _clean_fields(fields)
    office_id = _office_of(actor, office).id
    expert = locked(expert.id)
    if not _is_open_to(actor, expert):
        raise unknown_expert()
    former_status = expert.status
    open_fields = _open_fields(expert.id) if former_status is ExpertStatus.ADMITTED else set()
    chosen_fields: list[str | None] = [*wanted_fields] or [None]
    new = [field for field in chosen_fields if field not in open_fields]
    is_elsewhere = office is not None and expert.office_id not in (None, office_id)
    if former_status is ExpertStatus.ADMITTED and (not new or not wanted_fields or is_elsewhere):
        raise Conflict("already_admitted", _l("This person is on the roster already."))
    expert.office_id = expert.office_id or office_id
    if former_status is ExpertStatus.ADMITTED:
        publish(
            ExpertAdmitted(
                expert.id, expert.office_id, former_status.value, AdmissionWay.REVIEWED.value
            ),
            actor,
        )
    else:
        step = "admit" if former_status is ExpertStatus.CERTIFIED else "readmit"
        EXPERT.fire(expert, step, actor, how=AdmissionWay.REVIEWED.value)
    _note(expert, new, AdmissionWay.REVIEWED, actor.person_id)
    documents.refresh([expert.id])
    return expert


def may_admit(actor: Actor, expert: Expert) -> bool:
    """Whether the person awaits a decision that the actor may make."""
    return expert.status is not ExpertStatus.ADMITTED and _is_open_to(actor, expert)


def _is_open_to(actor: Actor, expert: Expert) -> bool:
    """Whether the actor may decide about the person at all: within reach, and with the person's
    consent."""
    return reaches(actor, Permission.EXPERT_ADMIT, expert) and bool(
        current_consent(expert.person_id, ConsentPurpose.ROSTER)
    )


def _office_of(actor: Actor, code: str | None) -> Organization:
    """The named office, of those for which the actor may admit; else the actor's only one, and the
    first one for the system."""
    own = offices_to_choose(actor)
    if code:
        body = get_body(code, "office", BodyKind.ROSTER_OFFICE)
        if body not in own:
            raise NotAllowed(
                "not_allowed", _l("You do not admit people to the roster of this office."), "office"
            )
        return body
    if len(own) > 1 and not actor.is_system:
        raise Invalid("required", _l("You work for several roster offices. Choose one."), "office")
    return own[0]


def admit_several(
    actor: Actor,
    expert_ids: Sequence[int],
    fields: Sequence[str] = (),
    *,
    office: str | None = None,
) -> int:
    """Admits those who are still waiting, and returns their number; people who withdrew meanwhile
    are skipped."""
    require(actor, Permission.EXPERT_ADMIT)
    count = 0
    for expert in db.session.scalars(
        sa.select(Expert).where(Expert.id.in_(expert_ids)).order_by(Expert.id)
    ).all():
        try:
            admit(actor, expert, fields, office=office)
        except (NotFound, Conflict):
            continue
        count += 1
    return count


def admit_by_rule(expert: Expert) -> None:
    """If the installation's rule says so, people with consent and a current skill are admitted,
    whichever came last."""
    if settings_of().roster_admission != "rule" or expert.status is not ExpertStatus.CERTIFIED:
        return
    if current_consent(expert.person_id, ConsentPurpose.ROSTER) and _has_current_skill(expert.id):
        expert.office_id = first_body(BodyKind.ROSTER_OFFICE).id
        EXPERT.fire(expert, "admit_by_rule", SYSTEM, how=AdmissionWay.RULE.value)
        _note(expert, [None], AdmissionWay.RULE, None)
        documents.refresh([expert.id])


def take_yes(person_id: int) -> None:
    """The person consented: a waiting proposal becomes the profile, and the person awaits admission
    (again)."""
    person = db.session.get_one(Person, person_id)
    if not current_consent(person_id, ConsentPurpose.ROSTER):
        return
    rows = proposals.waiting_for(person)
    for row in rows:
        _apply(row.values, person_id)
    proposals.drop(rows)
    expert = find_expert_of(person_id)
    if expert is None:
        return
    expert = locked(expert.id)
    if not current_consent(person_id, ConsentPurpose.ROSTER):
        return
    if expert.status is ExpertStatus.LEFT:
        EXPERT.fire(expert, "return", SYSTEM)
    admit_by_rule(expert)


def take_no(person_id: int) -> None:
    """The person has no consent any more: removes them from the roster, searches and lists in the
    same transaction."""
    proposals.drop(proposals.waiting_for(db.session.get_one(Person, person_id)))
    expert = find_expert_of(person_id)
    if expert is None:
        return
    if not current_consent(person_id, ConsentPurpose.ROSTER):
        last = find_consent(person_id, ConsentPurpose.ROSTER)
        leave(expert, MERGED if last is not None and last.merge_id is not None else WITHDRAWN)


def leave(expert: Expert, because: str) -> None:
    """Removes someone from the roster, searches and lists; after a new consent any office may admit
    the person."""
    expert = locked(expert.id)
    if expert.status is ExpertStatus.ADMITTED:
        EXPERT.fire(expert, "leave", SYSTEM, because=because)
        expert.office_id = None
        for admission in _open_admissions(expert.id):
            admission.ended_at, admission.end_reason = clock.now(), because
    documents.refresh([expert.id])


def has_experts(office_id: int) -> bool:
    """Whether anyone is on the roster of this office."""
    return (
        db.session.scalar(sa.select(Expert.id).where(Expert.office_id == office_id).limit(1))
        is not None
    )


def take_merge(keep_id: int, merged_id: int) -> None:
    """After a merge the surviving record's own consent and profile count. A person who consented
    only as the merged record is asked again, so that the consent is not silently lost."""
    if expert := find_expert_of(merged_id):
        leave(expert, MERGED)
    consent = find_consent(merged_id, ConsentPurpose.ROSTER)
    if consent is not None and consent.given:
        for person in db.session.scalars(
            sa.select(Person).where(Person.id == keep_id, may_be_asked())
        ):
            ask_for_consent(person)


def undo_merge(person_ids: Sequence[int]) -> None:
    """After a merge is undone, someone who left only because of it is back where they were."""
    for person_id in person_ids:
        known_expert = find_expert_of(person_id)
        if known_expert is None or not current_consent(person_id, ConsentPurpose.ROSTER):
            continue
        expert = locked(known_expert.id)
        ended = [admission for admission in expert.admissions if admission.ended_at is not None]
        latest = max(
            (admission.ended_at for admission in ended if admission.ended_at), default=None
        )
        again = [
            admission
            for admission in ended
            if admission.ended_at == latest and admission.end_reason == MERGED
        ]
        if expert.status is ExpertStatus.LEFT and again:
            expert.office_id = again[0].office_id
            EXPERT.fire(expert, "restore", SYSTEM, how=again[0].how.value)
            for admission in again:
                admission.ended_at = admission.end_reason = None
            documents.refresh([expert.id])


def _apply(values: dict, person_id: int) -> None:
    """Applies what staff proposed: a whole profile if there is none; otherwise only what is empty,
    because the person's own entries stay."""
    profile = Profile.unpacked(values)
    assert profile.category is not None
    expert, is_new = obtain(SYSTEM, person_id, profile.category)
    if not is_new:
        clean_values = {
            name: value
            for name, value in vars(profile).items()
            if name != "category" and not getattr(expert, name, None)
        }
        profile = Profile(**clean_values)
    change_expert(SYSTEM, expert, profile)


def _note(
    expert: Expert, fields: Sequence[str | None], how: AdmissionWay, reviewer_id: int | None
) -> None:
    facts = {
        "expert_id": expert.id,
        "office_id": expert.office_id,
        "how": how,
        "reviewer_id": reviewer_id,
    }
    db.session.add_all(
        [RosterAdmission(**facts, field=field, admitted_at=clock.now()) for field in fields]
    )
    db.session.flush()
    db.session.expire(expert, ["admissions", "office"])


def _open_admissions(expert_id: int) -> Sequence[RosterAdmission]:
    return db.session.scalars(
        sa.select(RosterAdmission).where(
            RosterAdmission.expert_id == expert_id, RosterAdmission.ended_at.is_(None)
        )
    ).all()


def _open_fields(expert_id: int) -> set[str | None]:
    return {admission.field for admission in _open_admissions(expert_id)}


def _has_current_skill(expert_id: int) -> bool:
    rows = db.session.scalars(sa.select(ExpertSkill).where(ExpertSkill.expert_id == expert_id))
    return any(row.status_on(None) in _HOLDS for row in rows)


_HOLDS = (SkillStatus.CURRENT, SkillStatus.EXPIRING)


def _clean_fields(fields: Sequence[str]) -> list[str]:
    if len(fields) > MOST_EXPERTISE:
        raise Invalid(
            "too_many", _l("Name at most %(most)s fields.", most=MOST_EXPERTISE), "expertise"
        )
    texts = [clean_text(text, "expertise", longest=80) for text in fields]
    return list(dict.fromkeys(filter(None, texts)))
