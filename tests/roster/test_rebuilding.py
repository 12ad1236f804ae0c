"""`flask roster rebuild`: the roster equals its evidence, and a planted difference is found and
put right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from core import checking
from core.database import db, is_sqlite
from demonstration.experts import load_experts
from people.models import Person
from roster.models import (
    Expert,
    ExpertLanguage,
    ExpertSearch,
    ExpertSkill,
    LanguageFramework,
    RosterAdmission,
)
from roster.services import SpokenLanguage
from tests.roster import makers

pytestmark = pytest.mark.both_databases


def rebuild(app: Flask, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=["roster", "rebuild", *options])


def plant(*statements: sa.Executable) -> None:
    """Changes rows behind the application's back."""
    db.session.rollback()
    with db.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def expert_id(app: Flask) -> int:
    """An expert with one skill that stands and one that was withdrawn."""
    with app.app_context():
        stands = makers.certified()
        ended = makers.certified(
            db.session.get_one(Person, stands.person_id),
            makers.course("SOC", ("staff-work", "basic", None)),
        )
        makers.revoke(ended)
        expert = makers.expert_of(stands)
        return expert.id


def rows(app: Flask) -> list[tuple]:
    with app.app_context():
        columns = [column for column in ExpertSkill.__table__.columns if column.name != "id"]
        rows = db.session.execute(sa.select(*columns).order_by(ExpertSkill.certificate_id)).all()
        documents = db.session.execute(
            sa.select(*ExpertSearch.__table__.columns).order_by(ExpertSearch.expert_id)
        ).all()
        return [tuple(row) for row in [*rows, *documents]]


def test_the_roster_agrees_before_and_after_a_revocation(app: Flask) -> None:
    with app.app_context():
        certificate = makers.certified()
    assert rebuild(app, "--check").exit_code == 0
    with app.app_context():
        makers.revoke(certificate)
    result = rebuild(app, "--check")
    assert (result.exit_code, result.output) == (0, "the roster agrees with its evidence\n")


S, D = ExpertSkill.__table__, ExpertSearch.__table__
WITHDRAWN = S.c.withdrawn_at.is_not(None)
PLANTED: dict[str, Callable[[], sa.Executable]] = {
    "a skill made valid for longer": lambda: (
        sa.update(S).where(S.c.valid_until.is_not(None)).values(valid_until=date(2050, 1, 1))
    ),
    "a skill raised": lambda: sa.update(S).values(level="expert", level_rank=5),
    "a rank beside its level": lambda: sa.update(S).values(level_rank=5),
    "a withdrawal taken back": lambda: sa.update(S).values(withdrawn_at=None),
    "a skill withdrawn for nothing": lambda: (
        sa.update(S).where(~WITHDRAWN).values(withdrawn_at=S.c.recorded_at)
    ),
    "a skill removed": lambda: sa.delete(S).where(~WITHDRAWN),
    "history removed": lambda: sa.delete(S).where(WITHDRAWN),
    "all skills removed": lambda: sa.delete(S),
    "a document removed": lambda: sa.delete(D),
    "a token added": lambda: sa.update(D).values(tokens=D.c.tokens + " skill_1_5"),
    "another name": lambda: sa.update(D).values(names="n_somebody n_else"),
    "another order": lambda: sa.update(D).values(sort_name="aaa"),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_difference_is_found_and_put_right(app: Flask, expert_id: int, kind: str) -> None:
    before = rows(app)
    with app.app_context():
        plant(PLANTED[kind]())
    result = rebuild(app, "--check")
    assert result.exit_code == 1 and "roster:" in result.output
    with app.app_context():
        assert [breach for breach in checking.breaches() if breach.startswith("roster:")]
    assert rebuild(app, "--check").output == result.output, "looking changes nothing"
    assert rebuild(app).exit_code == 0
    assert rows(app) == before
    assert rebuild(app, "--check").exit_code == 0


def test_a_skill_that_nothing_proves_is_removed(app: Flask, expert_id: int) -> None:
    with app.app_context():
        other = makers.course("DIP", ("diplomacy", "expert", None)).current.grants[0].skill_id
        certificate = db.session.scalar(sa.select(ExpertSkill.certificate_id))
        row = {
            "expert_id": expert_id,
            "skill_id": other,
            "level": "expert",
            "level_rank": 5,
            "certificate_id": certificate,
            "valid_from": date(2026, 1, 1),
            "recorded_at": db.session.scalar(sa.select(ExpertSkill.recorded_at)),
        }
        plant(sa.insert(S).values(row))
    assert "does not prove it" in rebuild(app, "--check").output
    rebuild(app)
    assert rebuild(app, "--check").exit_code == 0


def test_a_profile_that_is_missing_is_made_again(app: Flask, expert_id: int) -> None:
    with app.app_context():
        plant(
            sa.delete(D),
            sa.delete(S),
            sa.delete(RosterAdmission.__table__),
            sa.delete(Expert.__table__),
        )
    assert rebuild(app, "--check").exit_code == 1
    assert rebuild(app).exit_code == 0
    assert rebuild(app, "--check").exit_code == 0
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(ExpertSkill)) == 2


def test_a_policy_that_changed_reaches_every_level(app: Flask) -> None:
    with app.app_context():
        expert = makers.expert(languages=[SpokenLanguage("fr", "2222", LanguageFramework.SLP)])
        plant(
            sa.update(ExpertLanguage.__table__).values(step=1),
            sa.update(D).values(tokens="cat_police gen_undisclosed lang_fr_1"),
        )
        key = expert.id
    assert rebuild(app, "--check").exit_code == 1
    rebuild(app)
    with app.app_context():
        assert "lang_fr_4" in db.session.get_one(ExpertSearch, key).tokens


def test_an_index_out_of_step_is_found(app: Flask, expert_id: int) -> None:
    with app.app_context():
        if not is_sqlite():
            pytest.skip("PostgreSQL keeps its index in step by itself")
        forget = "INSERT INTO expert_fts(expert_fts, rowid, tokens, names) "
        forget += "SELECT 'delete', expert_id, tokens, names FROM expert_search"
        plant(sa.text(forget))
    assert "full-text index" in rebuild(app, "--check").output
    assert rebuild(app).exit_code == 0
    assert rebuild(app, "--check").exit_code == 0


def test_the_invented_experts_rest_on_evidence(app: Flask) -> None:
    with app.app_context():
        load_experts(60, seed=3)
        load_experts(10, seed=4)  # more of them later is fine
        assert checking.breaches() == []
        assert db.session.scalar(sa.select(sa.func.count()).select_from(ExpertSkill)) == 70 * 4
        assert (
            db.session.scalar(sa.select(sa.func.count()).select_from(ExpertSkill).where(WITHDRAWN))
            > 0
        )
    assert rebuild(app, "--check").exit_code == 0
