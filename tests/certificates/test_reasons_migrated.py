"""What an installation already had: reasons get their new words by an entry of the trail, notes
stay, and the roster forgets why."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core import audit
from core.database import db
from core.migrations import downgrade, upgrade
from tests.guards.test_migrations import (
    empty_app as empty_app,
)  # an empty database of the same kind

pytestmark = pytest.mark.both_databases

BEFORE = [
    (1, "revoked", "misconduct", "Drunk"),
    (2, "revoked", "plagiarism", None),
    (3, "revoked", "other", "Because"),
    (4, "revoked", "issued_in_error", "Typing"),
    (5, "valid", None, None),
    (6, "superseded", None, "A slip"),
]
ROWS = {
    "person": "id, given_name, family_name, name_on_certificate, gender, language, created_at",
    "course": (
        "id, code, title, audience, default_places, day_starts, day_ends, is_retired, created_at"
    ),
    "course_version": (
        "id, course_id, number, objectives, min_attendance_percent, prerequisites, created_at"
    ),
    "delivery": "id, code, course_id, version_id, starts_on, ends_on, time_zone, venue, country, "
    "language, admission, places, closes_on, "
    "status, rev, created_at, calendar_uid, calendar_sequence",
    "skill": "id, code, title",
    "expert": "id, person_id, category, expertise, created_at, updated_at",
    "enrollment": (
        "id, delivery_id, person_id, status, line, category, name_on_certificate, created_at"
    ),
    "certificate": (
        "id, number, token, status, enrollment_id, person_id, delivery_id, holder_name, payload, "
        "payload_sha256, issued_on, issued_at, reason_code, note, ended_at, replaces_id"
    ),
    "expert_skill": (
        "id, expert_id, skill_id, level, level_rank, certificate_id, valid_from, recorded_at, "
        "withdrawn_at, withdrawn_reason"
    ),
}


def put(connection: sa.Connection, table: str, *values: Any) -> None:
    names = ROWS[table].split(", ")
    marks = ", ".join(f":{name}" for name in names)
    connection.execute(
        sa.text(f"INSERT INTO {table} ({ROWS[table]}) VALUES ({marks})"),
        dict(zip(names, values, strict=True)),
    )


def fill() -> None:
    at = "2026-01-05 00:00:00"
    with db.engine.connect().execution_options(writes=True) as connection:
        put(connection, "person", 1, "Amina", "Diallo", "Amina Diallo", "female", "en", at)
        put(connection, "course", 1, "GTI", "{}", "[]", 25, "09:00", "17:00", False, at)
        put(connection, "course_version", 1, 1, 1, "[]", 80, "[]", at)
        put(connection, "skill", 1, "gender", "{}")
        put(connection, "expert", 1, 1, "police", "[]", at, at)
        for key, status, reason, note in BEFORE:
            put(
                connection,
                "delivery",
                key,
                f"D-{key}",
                1,
                1,
                "2026-01-01",
                "2026-01-02",
                "UTC",
                "Dakar",
                "SN",
                "fr",
                "automatic",
                5,
                "2026-01-01",
                "finished",
                1,
                at,
                f"uid{key}",
                1,
            )
            put(connection, "enrollment", key, key, 1, "completed", 1, "police", "Amina Diallo", at)
            ended = at if status != "valid" else None
            put(
                connection,
                "certificate",
                key,
                f"RST-2026-{key}",
                f"T{key}",
                status,
                key,
                1,
                key,
                "Amina Diallo",
                "{}",
                "0",
                "2026-01-03",
                at,
                reason,
                note,
                ended,
                None,
            )
            withdrawn = reason or (status if ended else None)
            put(
                connection,
                "expert_skill",
                key,
                1,
                1,
                "basic",
                2,
                key,
                "2026-01-02",
                at,
                ended,
                withdrawn,
            )
        connection.commit()


def read(statement: str) -> list[tuple]:
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def test_reasons_have_their_new_words_by_an_entry(empty_app: Flask) -> None:
    upgrade("0013")
    fill()
    upgrade("0015")
    assert read("SELECT id, status, reason_code, note FROM certificate ORDER BY id") == [
        (1, "revoked", "recognition_withdrawn", "Drunk"),
        (2, "revoked", "fraud", None),
        (3, "revoked", "recognition_withdrawn", "Because"),
        (4, "revoked", "issued_in_error", "Typing"),
        (5, "valid", None, None),
        (6, "superseded", None, "A slip"),
    ]
    ((action, body),) = read("SELECT action, body FROM audit_entry")
    assert action == "certificate.reasons_renamed"
    assert json.loads(body)["facts"]["certificates"] == [
        [1, "misconduct", "recognition_withdrawn"],
        [2, "plagiarism", "fraud"],
        [3, "other", "recognition_withdrawn"],
    ]
    assert list(audit.breaches_of_chain()) == []
    db.session.remove()
    assert "withdrawn_reason" not in {
        column["name"] for column in sa.inspect(db.engine).get_columns("expert_skill")
    }
    assert read("SELECT count(*) FROM expert_skill WHERE withdrawn_at IS NOT NULL") == [(5,)]


def test_an_empty_database_gets_no_entry(empty_app: Flask) -> None:
    upgrade("0015")
    assert read("SELECT count(*) FROM audit_entry") == [(0,)]


def test_going_back_counts_nothing_that_is_suspended(empty_app: Flask) -> None:
    upgrade("0013")
    fill()
    upgrade("0015")
    at = "2026-02-01 00:00:00"
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.text("UPDATE certificate SET status = 'suspended' WHERE id = 5"))
        connection.execute(
            sa.text(
                "INSERT INTO suspension (id, certificate_id, suspended_at, note, lifted_at) "
                "VALUES (1, 5, :at, 'x', :at)"
            ),
            {"at": at},
        )
        connection.execute(
            sa.text(
                "INSERT INTO suspension (id, certificate_id, suspended_at, note) VALUES (2, 5, "
                ":at, 'Enquiry')"
            ),
            {"at": at},
        )
        connection.execute(
            sa.text("UPDATE expert_skill SET withdrawn_at = :at WHERE id = 5"), {"at": at}
        )
        connection.execute(
            sa.text(
                "INSERT INTO expert_skill (id, expert_id, skill_id, level, level_rank, "
                "certificate_id, valid_from, recorded_at, "
                "withdrawn_at) VALUES (7, 1, 1, 'basic', 2, 5, '2026-01-02', :at, :at)"
            ),
            {"at": at},
        )
        connection.commit()
    downgrade("0013")
    assert read("SELECT status, reason_code, note FROM certificate WHERE id = 5") == [
        ("revoked", "other", "Enquiry")
    ]
    assert read("SELECT reason_code FROM certificate WHERE id = 2") == [("plagiarism",)]
    assert read(
        "SELECT id, withdrawn_reason FROM expert_skill WHERE certificate_id IN (5, 6) ORDER BY id"
    ) == [(6, "superseded"), (7, "other")]
    assert list(audit.breaches_of_chain()) == []
    db.session.remove()
    upgrade("0015")
    assert read("SELECT reason_code FROM certificate WHERE id = 5") == [("recognition_withdrawn",)]
