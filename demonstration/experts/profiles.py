"""The experts' roster profiles and consents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

from core import clock
from demonstration.cultures import Culture
from demonstration.experts.rows import insert, insert_ids
from demonstration.experts.tables import FIELDS
from people.models import BodyKind, Consent, ConsentPurpose, ConsentWay
from people.queries import first_body
from people.services import consent_text
from roster import languages
from roster.models import (
    AdmissionWay,
    Availability,
    Expert,
    ExpertLanguage,
    ExpertStatus,
    LanguageFramework,
    RosterAdmission,
)

#: Shares of people who refused, and of those who consented and await admission.
REFUSED, WAITING = 0.02, 0.05


def add_experts(random: Random, people: list[dict[str, Any]]) -> dict[int, int]:
    """Expert ids by person id."""
    now, office_id = clock.now(), first_body(BodyKind.ROSTER_OFFICE).id
    rows = [
        {
            "person_id": person["id"],
            "category": person["category"],
            "rank": person["rank"],
            "rank_code": person["rank_code"],
            "expertise": random.sample(FIELDS, random.randint(0, 2)),
            "status": _standing(random),
            "created_at": person["created_at"],
            "updated_at": now,
        }
        for person in people
    ]
    refused = {row["person_id"] for row in rows if row["status"] is None}
    for row in rows:
        row["status"] = row["status"] or ExpertStatus.CERTIFIED
        row["office_id"] = office_id if row["status"] is ExpertStatus.ADMITTED else None
    ids = insert_ids(Expert, rows)
    _add_answers(people, rows, ids, refused)
    spoken, windows = [], []
    for person, expert_id in zip(people, ids, strict=True):
        spoken += _languages(random, person["culture"], expert_id)
        windows += _windows(random, expert_id)
    insert(ExpertLanguage, spoken)
    insert(Availability, windows)
    return dict(zip((person["id"] for person in people), ids, strict=True))


def _standing(random: Random) -> ExpertStatus | None:
    """Most people consented and were admitted, some wait, a few refused (None)."""
    drawn = random.random()
    return (
        None
        if drawn < REFUSED
        else ExpertStatus.CERTIFIED
        if drawn < REFUSED + WAITING
        else ExpertStatus.ADMITTED
    )


def _add_answers(
    people: Sequence[dict], rows: Sequence[dict], expert_ids: Sequence[int], refused: set[int]
) -> None:
    """Their consents, and the resulting decisions."""
    answers, admissions = [], []
    for person, row, expert_id in zip(people, rows, expert_ids, strict=True):
        at = person["created_at"] + timedelta(days=1)
        text = consent_text(ConsentPurpose.ROSTER, person["language"])
        answers.append(
            {
                "person_id": person["id"],
                "purpose": ConsentPurpose.ROSTER,
                "given": person["id"] not in refused,
                "counts": True,
                "text_version": text.version,
                "language": text.language,
                "how": ConsentWay.PAGE,
                "at": at,
            }
        )
        if row["status"] is ExpertStatus.ADMITTED:
            decided = {
                "how": AdmissionWay.REVIEWED,
                "admitted_at": clock.now(),
                "office_id": row["office_id"],
            }
            admissions.append({"expert_id": expert_id, **decided})
    insert(Consent, answers)
    insert(RosterAdmission, admissions)


def _languages(random: Random, culture: Culture, expert_id: int) -> list[dict[str, Any]]:
    own, *others = culture.languages.split()
    rows = [(own, "cefr", "C2")]
    for language in random.sample(others, random.randint(1, len(others))):
        if random.random() < 0.3:
            rows.append((language, "slp", "".join(random.choice("1223334") for _ in range(4))))
        else:
            rows.append((language, "cefr", random.choice(("A2", "B1", "B1", "B2", "B2", "C1"))))
    return [
        {
            "expert_id": expert_id,
            "language": language,
            "framework": LanguageFramework(framework),
            "level": level,
            "step": languages.step(LanguageFramework(framework), level),
        }
        for language, framework, level in rows
    ]


def _windows(random: Random, expert_id: int) -> list[dict[str, Any]]:
    """No, one or two separate periods."""
    rows, first = [], clock.today() + timedelta(days=random.randint(-60, 90))
    for _ in range(random.choice((0, 1, 1, 2))):
        last = first + timedelta(days=random.randint(20, 240))
        rows.append({"expert_id": expert_id, "starts_on": first, "ends_on": last})
        first = last + timedelta(days=random.randint(20, 120))
    return rows
