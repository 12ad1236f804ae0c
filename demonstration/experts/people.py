"""The experts as people."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from core import clock
from core.database import db
from demonstration.cultures import CULTURES
from demonstration.experts.rows import insert_ids
from demonstration.experts.tables import RANKS
from people.models import Gender, Person
from people.personnel import PersonnelCategory


def add_people(random: Random, count: int) -> list[dict[str, Any]]:
    """The people's rows; facts for other tables are under keys that are not columns."""
    first = (db.session.scalar(sa.select(sa.func.max(Person.id))) or 0) + 1
    people = [_person(random, number) for number in range(first, first + count)]
    extra = ("culture", "category", "rank", "rank_code")
    ids = insert_ids(
        Person, [{k: v for k, v in person.items() if k not in extra} for person in people]
    )
    for person, person_id in zip(people, ids, strict=True):
        person["id"] = person_id
    return people


def _person(random: Random, number: int) -> dict[str, Any]:
    culture = random.choice(CULTURES)
    gender = random.choices(
        [Gender.FEMALE, Gender.MALE, Gender.ANOTHER, Gender.UNDISCLOSED], [44, 50, 1, 5]
    )[0]
    firsts = {Gender.FEMALE: culture.women, Gender.MALE: culture.men}.get(
        gender
    ) or f"{culture.women} {culture.men}"
    given_name, family = random.choice(firsts.split()), random.choice(culture.families.split())
    country = random.choice(culture.countries.split())
    category = random.choice(list(PersonnelCategory))
    rank, rank_code = random.choice(RANKS.get(category.value, ((None, None),)))
    spaced = culture.languages.split()[0] != "zh"
    return {
        "identifier": f"{country}-{100_000 + number}",
        "given_name": given_name,
        "family_name": family,
        "country": country,
        "name_on_certificate": f"{given_name} {family}" if spaced else family + given_name,
        "gender": gender,
        "language": "fr" if culture.languages.startswith("fr") else "en",
        "created_at": _days_ago(random, 1500, 2000),
        "culture": culture,
        "category": category,
        "rank": rank,
        "rank_code": rank_code,
    }


def _days_ago(random: Random, least: int, most: int) -> datetime:
    return datetime.combine(
        clock.today() - timedelta(days=random.randint(least, most)), time(9), UTC
    )
