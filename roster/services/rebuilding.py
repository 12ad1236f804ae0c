"""Rebuilds the roster from its evidence, and proves that it need not be: derived rows are compared
one by one with their source. Comparison and repair share their code, so that a rebuild repairs
exactly what a check finds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from certificates.models import Certificate
from core.database import db, id_ranges, is_sqlite
from core.events import publish
from core.policy import SYSTEM, Actor
from roster import documents, evidence, languages
from roster.events import RosterRebuilt
from roster.models import Expert, ExpertLanguage, ExpertSearch, ExpertSkill
from roster.services.skills import expert_by_enrollment, skill_row

#: What a skill row copies from its evidence.
FACTS = ("level", "valid_from", "valid_until", "recorded_at", "withdrawn_at")
_FTS = "INSERT INTO expert_fts(expert_fts{}) VALUES ('{}'{})"


@dataclass(frozen=True)
class Difference:
    """Something that contradicts its evidence, and the repair (None: only people can)."""

    sentence: str
    repair: Callable[[], None] | None


def differences() -> Iterator[Difference]:
    """All differences between the roster's rows and their evidence."""
    yield from _language_differences()
    yield from _skill_differences()
    yield from _document_differences()


def index_differences() -> Iterator[Difference]:
    """Whether SQLite's full-text index agrees with the documents. The check writes, so it needs an
    open transaction.

    (PostgreSQL maintains its index by itself.)
    """
    if not is_sqlite():
        return
    try:
        db.session.connection().exec_driver_sql(_FTS.format(", rank", "integrity-check", ", 1"))
    except DatabaseError:
        yield Difference(
            "roster: the full-text index does not agree with the documents", _rebuild_index
        )


def rebuild(actor: Actor = SYSTEM) -> list[Difference]:
    """Repairs whatever differs from its evidence, and returns the differences. Withdrawn skills
    stay as history.

    In two steps, because documents depend on skills: skills and languages first, then documents and
    their index.
    """
    db.session.execute(
        sa.select(Expert.id).order_by(Expert.id).with_for_update(key_share=True)
    ).all()
    differences = [*_language_differences(), *_skill_differences()]
    _repair(differences)
    later = [*_document_differences(), *index_differences()]
    _repair(later)
    differences += later
    publish(RosterRebuilt("all", tuple(difference.sentence for difference in differences)), actor)
    return differences


def _repair(differences: list[Difference]) -> None:
    for difference in differences:
        if difference.repair:
            difference.repair()
    db.session.flush()


def _language_differences() -> Iterator[Difference]:
    spoken = sa.select(ExpertLanguage).order_by(ExpertLanguage.id).execution_options(yield_per=1000)
    for row in db.session.scalars(spoken):
        step = languages.step(row.framework, row.level)
        if row.step != step:
            where = f"roster: expert {row.expert_id}, language {row.language}"
            yield Difference(
                f"{where}: step is {row.step}, the policy says {step}", _setter(row, step=step)
            )


def _skill_differences() -> Iterator[Difference]:
    ids = evidence.skill_ids()
    try:
        for first, last in id_ranges(Certificate.id):
            yield from _skill_differences_between(first, last, ids)
    except evidence.UnknownSkill as error:
        yield Difference(f"roster: a certificate proves the skill {error}, which is not kept", None)


def _skill_differences_between(
    first: int, last: int, ids: Mapping[str, int]
) -> Iterator[Difference]:
    """For the certificates with these ids."""
    columns = [c for c in ExpertSkill.__table__.columns if c.name != "id"]
    rows: dict[tuple[int, int], list[sa.Row]] = defaultdict(
        list
    )  # the periods of each skill of a certificate, in order
    these = sa.select(ExpertSkill.id, *columns).where(
        ExpertSkill.certificate_id.between(first, last)
    )
    for row in db.session.execute(these.order_by(ExpertSkill.recorded_at, ExpertSkill.id)):
        rows[row.certificate_id, row.skill_id].append(row)
    holders = sa.select(Certificate.person_id).where(Certificate.id.between(first, last))
    known = sa.select(Expert.person_id, Expert.id).where(Expert.person_id.in_(holders))
    experts = {row.person_id: row.id for row in db.session.execute(known)}
    for proof in evidence.proofs_between(first, last, ids):
        stored = rows.get((proof.certificate_id, proof.skill_id))
        yield from _compared(proof, stored.pop(0) if stored else None, experts.get(proof.person_id))
    for (certificate_id, skill_id), surplus in sorted(rows.items()):
        for row in surplus:
            sentence = (
                f"roster: expert {row.expert_id}, skill {skill_id}: certificate {certificate_id} "
                "does not prove it"
            )
            yield Difference(sentence, _remover(ExpertSkill, row.id))


def _compared(
    proof: evidence.Proof, row: sa.Row | None, expert_id: int | None
) -> Iterator[Difference]:
    """A proof compared with the row that should record it."""
    where = (
        f"roster: person {proof.person_id}, skill {proof.skill_id} by certificate "
        f"{proof.certificate_id}"
    )
    if row is None:
        yield Difference(f"{where}: not recorded", lambda: _record(proof))
        return
    expected: dict[str, Any] = {name: getattr(proof, name) for name in FACTS}
    expected |= {"level_rank": proof.level.rank, "expert_id": expert_id}
    wrong = {name: value for name, value in expected.items() if getattr(row, name) != value}
    if wrong:
        difference = ", ".join(
            f"{name} is {getattr(row, name)}, the evidence says {value}"
            for name, value in wrong.items()
        )
        yield Difference(
            f"{where}: {difference}",
            lambda: _setter(db.session.get_one(ExpertSkill, row.id), **wrong)(),
        )


def _record(proof: evidence.Proof) -> None:
    expert = expert_by_enrollment(SYSTEM, db.session.get_one(Certificate, proof.certificate_id))
    db.session.add(skill_row(proof, expert.id))


def _document_differences() -> Iterator[Difference]:
    columns = (
        ExpertSearch.expert_id,
        ExpertSearch.office_id,
        ExpertSearch.sort_name,
        ExpertSearch.tokens,
        ExpertSearch.names,
    )
    for first, last in id_ranges(Expert.id):
        expected = documents.documents(
            db.session.scalars(sa.select(Expert.id).where(Expert.id.between(first, last))).all()
        )
        rows = db.session.execute(
            sa.select(*columns).where(ExpertSearch.expert_id.between(first, last))
        )
        stored = {row.expert_id: documents.Document(*row[1:]) for row in rows}
        for expert_id in sorted(expected.keys() | stored.keys()):
            if expected.get(expert_id) != stored.get(expert_id):
                word = (
                    "missing"
                    if expert_id not in stored
                    else "not allowed"
                    if expert_id not in expected
                    else "out of date"
                )
                sentence = f"roster: expert {expert_id}: the search document is {word}"
                yield Difference(sentence, partial(documents.refresh, [expert_id]))


def _rebuild_index() -> None:
    db.session.connection().exec_driver_sql(_FTS.format("", "rebuild", ""))


def _setter(row: Any, **values: Any) -> Callable[[], None]:
    def put_right() -> None:
        for name, value in values.items():
            setattr(row, name, value)

    return put_right


def _remover(model: type, key: int) -> Callable[[], None]:
    return lambda: db.session.delete(db.session.get_one(model, key))
