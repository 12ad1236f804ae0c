"""Skills come from certificates alone, in the same transaction, and leave with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

import roster.handlers
from certificates import services as certificates
from certificates.events import CertificateIssued, CertificateRevoked
from certificates.models import Certificate, CertificateStatus
from core import clock, events
from core.audit import AuditEntry
from core.database import db, transaction
from core.policy import SYSTEM, Actor
from courses.models import Skill
from people.models import Person
from roster import queries
from roster.filters import Filters, read_filters
from roster.models import Expert, ExpertSearch, ExpertSkill, SkillStatus
from roster.services import differences
from tests import factories
from tests.roster import makers

pytestmark = pytest.mark.both_databases


def skills(expert: Expert) -> list[ExpertSkill]:
    db.session.rollback()
    rows = db.session.scalars(
        sa.select(ExpertSkill).where(ExpertSkill.expert_id == expert.id).order_by(ExpertSkill.id)
    )
    return list(rows)


def tokens(expert: Expert) -> list[str]:
    return db.session.scalar(
        sa.select(ExpertSearch.tokens).where(ExpertSearch.expert_id == expert.id)
    ).split()


def test_a_certificate_makes_profile_and_skill(context: Flask) -> None:
    certificate = makers.certified(
        rank="Inspector", rank_code="OF-2", organization="Police nationale"
    )
    expert = makers.expert_of(certificate)
    assert (expert.category, expert.rank, expert.rank_code, expert.organization, expert.status) == (
        "police",
        "Inspector",
        "OF-2",
        "Police nationale",
        "admitted",
    )
    (skill,) = skills(expert)
    assert (skill.skill.code, skill.level, skill.level_rank) == (makers.GENDER, "practitioner", 3)
    assert (skill.valid_from, skill.valid_until) == (date(2026, 3, 10), date(2029, 3, 10))
    assert (skill.recorded_at, skill.withdrawn_at) == (certificate.issued_at, None)
    assert [t for t in tokens(expert) if t.startswith("skill")] == [
        f"skill_{skill.skill_id}_{n}" for n in (1, 2, 3)
    ]
    assert (
        db.session.scalar(sa.select(AuditEntry.body).where(AuditEntry.action == "skill.granted"))
        is not None
    )


def test_months_are_counted_to_the_last_day_of_a_short_month(context: Flask) -> None:
    taught = makers.course("LEAP", ("first-aid", "basic", 1), ("driving", "basic", None))
    certificate = makers.certified(
        taught=taught, starts_on=date(2028, 1, 29)
    )  # three days: ends on the 31st
    until = {skill.skill.code: skill.valid_until for skill in skills(makers.expert_of(certificate))}
    assert until == {"first-aid": date(2028, 2, 29), "driving": None}


def test_granting_twice_changes_nothing(context: Flask) -> None:
    certificate = makers.certified()
    event = CertificateIssued(
        certificate.id,
        certificate.number,
        certificate.enrollment_id,
        certificate.person_id,
        None,
        certificate.payload_sha256,
    )
    with transaction():
        events.publish(event, SYSTEM)
    assert len(skills(makers.expert_of(certificate))) == 1


def test_revoking_withdraws_the_skill_and_keeps_the_history(context: Flask) -> None:
    certificate = makers.certified()
    expert = makers.expert_of(certificate)
    makers.revoke(certificate)
    (skill,) = skills(expert)
    assert skill.status_on(date(2027, 4, 1)) is SkillStatus.WITHDRAWN
    assert skill.withdrawn_at == db.session.get_one(Certificate, certificate.id).ended_at
    assert not hasattr(skill, "withdrawn_reason"), "why is none of the roster's business"
    assert not [t for t in tokens(expert) if t.startswith("skill")]
    assert list(differences()) == []


def test_another_certificate_keeps_the_skill_current(context: Flask) -> None:
    """Acceptance scenario 1: C1 is revoked, the independent C2 proves the same competence."""
    first = makers.certified()
    expert = makers.expert_of(first)
    person = db.session.get_one(Person, first.person_id)
    makers.certified(person, makers.course("GTI-2", (makers.GENDER, "basic", 12)))
    makers.revoke(first)
    assert [skill.status_on(date(2026, 12, 1)) for skill in skills(expert)] == [
        SkillStatus.WITHDRAWN,
        SkillStatus.CURRENT,
    ]
    assert [t.rsplit("_", 1)[1] for t in tokens(expert) if t.startswith("skill")] == ["1", "2"]


def test_a_correction_hands_the_skill_to_the_successor(context: Flask) -> None:
    certificate = makers.certified()
    expert = makers.expert_of(certificate)
    with transaction():
        successor = certificates.reissue(
            SYSTEM,
            db.session.get_one(Certificate, certificate.id),
            name_on_certificate="Amina Diallo-Sow",
            reason="Married",
        ).id
    rows = skills(expert)
    assert [(row.certificate_id, row.withdrawn_at is None) for row in rows] == [
        (certificate.id, False),
        (successor, True),
    ]
    assert rows[0].valid_until == rows[1].valid_until
    assert list(differences()) == []


def test_what_fails_in_the_roster_undoes_the_revocation(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = makers.certified()
    expert = makers.expert_of(certificate)

    def fail(event: CertificateRevoked, actor: Actor) -> None:
        roster.handlers.withdraw_skills(event, actor)
        raise RuntimeError("the roster is not well")

    monkeypatch.setitem(context.extensions["subscribers"], CertificateRevoked, [fail])
    with pytest.raises(RuntimeError, match="not well"):
        makers.revoke(certificate)
    assert skills(expert)[0].withdrawn_at is None
    assert db.session.get_one(Certificate, certificate.id).status is CertificateStatus.VALID
    assert [t for t in tokens(expert) if t.startswith("skill")]


def test_what_fails_in_the_roster_undoes_the_issue(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(event: CertificateIssued, actor: object) -> None:
        raise RuntimeError("the roster is not well")

    monkeypatch.setitem(context.extensions["subscribers"], CertificateIssued, [fail])
    with pytest.raises(RuntimeError, match="not well"):
        makers.certified()
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Certificate)) == 0


def test_a_status_is_computed_for_a_day(context: Flask) -> None:
    skill = ExpertSkill(
        valid_from=date(2026, 1, 1), valid_until=date(2027, 1, 1), withdrawn_at=None
    )
    days = (
        date(2025, 12, 31),
        date(2026, 1, 1),
        date(2026, 10, 2),
        date(2026, 10, 3),
        date(2027, 1, 1),
        date(2027, 1, 2),
    )
    assert [skill.status_on(day).value for day in days] == [
        "not_yet_valid",
        "current",
        "current",
        "expiring",
        "expiring",
        "expired",
    ]
    endless = ExpertSkill(valid_from=date(2026, 1, 1), valid_until=None, withdrawn_at=None)
    assert endless.status_on(date(2099, 1, 1)) is SkillStatus.CURRENT


def test_what_will_hold_is_worth_less_than_what_holds_and_more_than_what_did(
    context: Flask,
) -> None:
    day = date(2026, 6, 1)
    holds = ExpertSkill(valid_from=date(2026, 1, 1), valid_until=date(2026, 6, 30), level_rank=1)
    will_hold = ExpertSkill(valid_from=date(2026, 6, 2), valid_until=None, level_rank=4)
    held = ExpertSkill(valid_from=date(2024, 1, 1), valid_until=date(2026, 5, 31), level_rank=5)
    assert sorted((will_hold, held, holds), key=lambda row: row.worth(day), reverse=True) == [
        holds,
        will_hold,
        held,
    ]


def test_what_was_known_on_a_day_stays_known(context: Flask) -> None:
    certificate = makers.certified()
    issued = clock.now()
    clock.travel(context, issued.replace(month=12, day=20))
    makers.revoke(certificate)
    (skill,) = skills(makers.expert_of(certificate))
    assert skill.status_on(date(2027, 4, 1), issued) is SkillStatus.CURRENT
    assert skill.status_on(date(2027, 4, 1)) is SkillStatus.WITHDRAWN
    assert skill.counts(as_of=issued) and not skill.counts(as_of=issued.replace(day=1))


def test_a_profile_is_not_made_over_by_a_later_enrollment(context: Flask) -> None:
    expert = makers.expert(category="military", rank="Major")
    person = db.session.get_one(Person, expert.person_id)
    makers.certified(person, category="civilian", rank="Adviser", agrees=None)
    db.session.rollback()
    expert_ = db.session.get_one(Expert, expert.id)
    assert (expert_.category, expert_.rank, expert_.status) == ("military", "Major", "admitted")


def test_a_changed_name_is_found_at_once(context: Flask) -> None:
    from people.services import change_person

    expert = makers.expert()
    with transaction():
        change_person(SYSTEM, db.session.get_one(Person, expert.person_id), family_name="Nguyễn")
    assert "n_nguyen" in db.session.get_one(ExpertSearch, expert.id).names.split()
    assert factories.person().id  # a person without a profile is no business of the roster


def test_what_was_known_of_a_suspended_one_stays_right(context: Flask) -> None:
    """Known until it was suspended, not known while it was, known again since it was lifted:
    whenever one asks."""
    certificate = makers.certified()
    expert = makers.expert_of(certificate)
    key, known = certificate.id, [clock.now() + timedelta(hours=1)]
    for act in (certificates.suspend, certificates.lift):
        clock.travel(context, clock.now() + timedelta(days=1))
        with transaction():
            act(SYSTEM, db.session.get_one(Certificate, key), note="An enquiry")
        known.append(clock.now() + timedelta(hours=1))
    day = date(2027, 4, 1)
    filters = search_for(makers.GENDER)
    for as_of, is_found in zip(known, (True, False, True), strict=True):
        experts = queries.find_experts(SYSTEM, replace(filters, valid_on=day, as_of=as_of))
        assert [item.expert.id for item in experts.page.items] == (
            [expert.id] if is_found else []
        ), as_of
        standing = [
            skill
            for skill in skills(expert)
            if skill.counts(as_of) and skill.status_on(day, as_of) is SkillStatus.CURRENT
        ]
        assert len(standing) == is_found
    assert [t for t in tokens(expert) if t.startswith("skill")]
    assert list(differences()) == []


def search_for(code: str) -> Filters:
    return read_filters({"skill": [code]}, db.session.scalars(sa.select(Skill)))
