"""What an installation already had is found, ordered and compared by the new keys; going back
keeps the numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from core.database import db
from core.migrations import downgrade, upgrade
from tests.guards.test_migrations import (
    empty_app as empty_app,
)  # an empty database of the same kind

pytestmark = pytest.mark.both_databases

PEOPLE = [
    (1, "ML-77", "Moussa", "Sy", "Moussa Sy", "ML"),
    (2, "ml 77", "Modou", "Sow", "Modou Sow", "ML"),
    (3, None, "小明", "王", "小明 王", "CN"),
    (4, "X-4", "Jürgen", "Müller", "Dr. Müller", "DE"),
]


def people() -> list[sa.Row]:
    with db.engine.connect() as connection:
        return list(connection.execute(sa.text("SELECT * FROM person ORDER BY id")))


def test_people_who_were_there_before(empty_app: Flask, tmp_path: Path) -> None:
    upgrade("0008")
    with db.engine.connect().execution_options(writes=True) as connection:
        for person_id, identifier, given_name, family, printed, country in PEOPLE:
            facts = {
                "id": person_id,
                "i": identifier,
                "g": given_name,
                "f": family,
                "p": printed,
                "c": country,
            }
            connection.execute(
                sa.text(
                    "INSERT INTO person (id, identifier, given_name, family_name, "
                    "name_on_certificate, country, gender, language, created_at) VALUES (:id, :i, "
                    ":g, :f, :p, :c, 'undisclosed', 'en', '2026-01-01 00:00:00')"
                ),
                facts,
            )
        connection.commit()
    upgrade()
    before = people()
    assert [row.identifier for row in before] == ["ML-77", "ml 77", None, "X-4"]
    assert [row.identifier_key for row in before] == ["ml77", "ml77", None, "x4"]
    assert [row.name_on_certificate for row in before] == [
        "Moussa Sy",
        "Modou Sow",
        "王小明",
        "Dr. Müller",
    ]
    assert [row.sort_name for row in before] == [
        "sy moussa",
        "sow modou",
        "王 小明",
        "muller jurgen",
    ]
    assert " n_muller " in before[3].search_names
    downgrade("0008")
    assert [row.identifier for row in people()] == ["ML-77", "ml 77", None, "X-4"]
