"""The search document of an expert: derived from the profile and its skills, and written in the
transaction that changes them.

Tokens hold facts; dates stay in the skill and availability rows, which every search checks. Only
admitted experts have a document; the services keep this in line with consent, and `flask check`
proves it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from core import names
from core.database import db
from people.models import Person
from roster.models import Expert, ExpertLanguage, ExpertSearch, ExpertSkill, ExpertStatus


@dataclass(frozen=True)
class Document:
    office_id: int | None
    sort_name: str
    tokens: str
    names: str


def category_token(value: str) -> str:
    return f"cat_{value}"


def country_token(value: str) -> str:
    return f"ctry_{value.lower()}"


def nationality_token(value: str) -> str:
    return f"nat_{value.lower()}"


def gender_token(value: str) -> str:
    return f"gen_{value}"


def language_token(language: str, step: int) -> str:
    return f"lang_{language}_{step}"


def skill_token(skill_id: int, level_rank: int) -> str:
    return f"skill_{skill_id}_{level_rank}"


def refresh(expert_ids: Collection[int]) -> None:
    """Rewrites these experts' documents in the open transaction.

    Their rows are locked first: of two certificates issued at once for one person, the later sees
    the other's skill. (FOR NO KEY UPDATE: both already hold the share lock of the foreign key, and
    would deadlock.)
    """
    db.session.flush()
    db.session.execute(
        sa.select(Expert.id)
        .where(Expert.id.in_(expert_ids))
        .order_by(Expert.id)
        .with_for_update(key_share=True)
    ).all()
    write(documents(expert_ids), expert_ids)


def write(new_documents: dict[int, Document], expert_ids: Collection[int]) -> None:
    """Stores `new_documents`, and deletes the documents of those in `expert_ids` that have none
    among them."""
    stored = {
        row.expert_id: row
        for row in db.session.scalars(
            sa.select(ExpertSearch).where(ExpertSearch.expert_id.in_(expert_ids))
        )
    }
    for expert_id in expert_ids:
        document, row = new_documents.get(expert_id), stored.get(expert_id)
        if document is None:
            if row is not None:
                db.session.delete(row)
        elif row is None:
            db.session.add(ExpertSearch(expert_id=expert_id, **vars(document)))
        else:
            for name, value in vars(document).items():
                setattr(row, name, value)
    db.session.flush()


def documents(expert_ids: Collection[int] | None = None) -> dict[int, Document]:
    """The correct documents (None: for everyone), derived from the current rows."""

    def of_these(statement: sa.Select, column: sa.SQLColumnExpression[int]) -> Iterator[sa.Row]:
        yield from db.session.execute(
            statement if expert_ids is None else statement.where(column.in_(expert_ids))
        )

    levels: dict[int, list[str]] = defaultdict(list)
    spoken = sa.select(ExpertLanguage.expert_id, ExpertLanguage.language, ExpertLanguage.step)
    for expert_id, language, step in of_these(spoken, ExpertLanguage.expert_id):
        levels[expert_id] += [language_token(language, lower) for lower in range(1, step + 1)]
    proven = (
        sa.select(ExpertSkill.expert_id, ExpertSkill.skill_id, sa.func.max(ExpertSkill.level_rank))
        .where(ExpertSkill.withdrawn_at.is_(None))
        .group_by(ExpertSkill.expert_id, ExpertSkill.skill_id)
    )
    for expert_id, skill_id, rank in of_these(proven, ExpertSkill.expert_id):
        levels[expert_id] += [skill_token(skill_id, lower) for lower in range(1, rank + 1)]
    people = (
        sa.select(
            Expert.id,
            Expert.office_id,
            Expert.category,
            Person.country,
            Person.nationalities,
            Person.gender,
            Person.given_name,
            Person.family_name,
            Person.name_on_certificate,
            Person.identifier,
        )
        .join(Person, Person.id == Expert.person_id)
        .where(Expert.status == ExpertStatus.ADMITTED)
    )
    return {row.id: _document(row, levels[row.id]) for row in of_these(people, Expert.id)}


def _document(row: sa.Row, levels: list[str]) -> Document:
    tokens = [category_token(row.category.value), gender_token(row.gender.value), *sorted(levels)]
    if row.country:
        tokens.append(country_token(row.country))
    tokens += map(nationality_token, row.nationalities)
    spellings = names.spellings(
        row.given_name, row.family_name, row.name_on_certificate, row.identifier
    )
    return Document(
        row.office_id,
        names.sort_key(row.given_name, row.family_name),
        " ".join(tokens),
        names.indexed(spellings),
    )
