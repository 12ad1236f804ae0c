"""The migrations make exactly the tables of the models, up and down, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from core.database import db
from core.migrations import downgrade, upgrade
from core.schema import compare_type, include_object
from core.settings import ROOT
from tests.databases import Database, make_app

pytestmark = pytest.mark.both_databases


@pytest.fixture
def empty_app(
    database: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Flask]:
    """An application on an empty database, of the same kind as `database`."""
    url = None
    if not database.app.extensions["settings"].is_sqlite:
        with (
            database.app.app_context(),
            db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            connection.exec_driver_sql("DROP DATABASE IF EXISTS migrations")
            connection.exec_driver_sql("CREATE DATABASE migrations")
            url = db.engine.url.set(database="migrations").render_as_string(hide_password=False)
    app = make_app(tmp_path, url)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return ScriptDirectory.from_config(config)


def tables() -> set[str]:
    return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}


def differences() -> list:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": include_object,
                "compare_type": compare_type,
                "target_metadata": db.metadata,
            },
        )
        return compare_metadata(context, db.metadata)


def test_there_is_one_head_and_the_file_names_it() -> None:
    assert (ROOT / "migrations" / "HEAD").read_text().strip() == scripts().get_current_head()


def test_head_equals_the_models(empty_app: Flask) -> None:
    upgrade()
    assert differences() == []


def test_a_difference_would_be_found(empty_app: Flask) -> None:
    upgrade()
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.exec_driver_sql("ALTER TABLE person ADD COLUMN nickname VARCHAR(20)")
        connection.commit()
    assert "nickname" in str(differences())


def test_each_revision_goes_up_and_comes_down(empty_app: Flask) -> None:
    revisions = [script.revision for script in scripts().walk_revisions()][::-1]
    before: set[str] = tables()
    for revision in revisions:
        upgrade(revision=revision)
        assert tables() > before or len(revisions) > 1
        downgrade(revision="-1")
        assert tables() == before, revision
        upgrade(revision=revision)
        before = tables()


#: Programs of this revision may still run while newer ones are applied. Move it with each release.
STILL_RUNNING = "0022"

Columns = dict[str, dict[str, Any]]


def columns() -> dict[str, Columns]:
    """By table and name."""
    columns_by_table = sa.inspect(db.engine).get_multi_columns()
    return {
        name: {column["name"]: dict(column) for column in columns}
        for (_, name), columns in columns_by_table.items()
    }


def hindrances(before: dict[str, Columns], after: dict[str, Columns]) -> list[str]:
    """What programs that know the tables of `before` cannot do in those of `after`."""
    texts = [f"{name} is gone" for name in before.keys() - after.keys()]
    for table in before.keys() & after.keys():
        was, now = before[table], after[table]
        texts += [f"{table}.{name} is gone" for name in was.keys() - now.keys()]
        texts += [
            f"{table}.{name} needs a value that they do not give"
            for name in now.keys() - was.keys()
            if not now[name]["nullable"] and now[name]["default"] is None
        ]
    return sorted(texts)


def test_programs_of_before_can_still_write(empty_app: Flask) -> None:
    upgrade(revision=STILL_RUNNING)
    before = columns()
    upgrade()
    assert hindrances(before, columns()) == []


def test_what_hinders_programs_of_before_would_be_found() -> None:
    plain, needed = {"nullable": True, "default": None}, {"nullable": False, "default": None}
    before = {"person": {"id": needed, "rank": plain}, "old": {"id": needed}}
    after = {"person": {"id": needed, "blood_group": needed, "nickname": plain}}
    assert hindrances(before, after) == [
        "old is gone",
        "person.blood_group needs a value that they do not give",
        "person.rank is gone",
    ]


def test_going_down_leaves_nothing_behind(empty_app: Flask) -> None:
    upgrade()
    downgrade(revision="base")
    assert tables() == set()
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect() as connection:
            remaining = connection.exec_driver_sql(
                "SELECT proname FROM pg_proc WHERE proname LIKE 'audit%%'"
            ).all()
        assert remaining == []


def test_codes_that_were_two_become_one_or_get_a_number(empty_app: Flask) -> None:
    """Existing installations may have courses GTI and gti, with skills and prerequisites of
    both."""
    upgrade(revision="0006")
    course = (
        "INSERT INTO course (id, code, title, audience, default_places, day_starts, day_ends, "
        "is_retired, created_at) VALUES "
    )
    row = "({0}, '{1}', '{{}}', '[]', 25, '09:00', '17:00', {2}, '2026-01-01 00:00:00')"
    version = (
        "INSERT INTO course_version (id, course_id, number, objectives, min_attendance_percent, "
        "prerequisites, created_at) VALUES "
    )
    false = "false" if db.engine.dialect.name == "postgresql" else "0"
    with db.engine.connect().execution_options(writes=True) as connection:
        for number, code in enumerate(("GTI", "gti", "GTI-2", "gTi"), 1):
            connection.exec_driver_sql(course + row.format(number, code, false))
        connection.exec_driver_sql(
            version + "(1, 1, 1, '[]', 80, '[\"gti\", \"GTI\"]', '2026-01-01 00:00:00')"
        )
        connection.exec_driver_sql(version + "(2, 2, 1, '[]', 80, '[]', '2026-01-01 00:00:00')")
        for number, code in enumerate(("gender", "GENDER"), 1):
            connection.exec_driver_sql(
                f"INSERT INTO skill (id, code, title) VALUES ({number}, '{code}', '{{}}')"
            )
        for number, (of_version, skill) in enumerate([(1, 1), (1, 2), (2, 2)], 1):
            connection.exec_driver_sql(
                f"INSERT INTO skill_grant (id, version_id, skill_id, level) VALUES ({number}, "
                f"{of_version}, {skill}, 'basic')"
            )
        connection.commit()
    upgrade(revision="0007")
    with db.engine.connect() as connection:
        codes = connection.exec_driver_sql("SELECT code FROM course ORDER BY id").scalars().all()
        rows = connection.exec_driver_sql(
            "SELECT prerequisites FROM course_version WHERE id = 1"
        ).scalar()
        grants = connection.exec_driver_sql(
            "SELECT version_id, skill_id FROM skill_grant ORDER BY id"
        ).all()
        assert codes == ["GTI", "gti-3", "GTI-2", "gTi-4"]
        assert (json.loads(rows) if isinstance(rows, str) else rows) == ["gti-3", "GTI"]
        assert [tuple(grant) for grant in grants] == [(1, 1), (2, 1)]
        assert connection.exec_driver_sql("SELECT code FROM skill").scalars().all() == ["gender"]


OLD_ROWS = """
INSERT INTO organization (id, code, name, country) VALUES (100, 'Centre', 'A ministry with that code', 'CA');
INSERT INTO person (id, given_name, family_name, name_on_certificate, gender, language, created_at) VALUES (1, 'A', 'B', 'A B', 'female', 'en', '2026-01-01 00:00:00');
INSERT INTO role_assignment (id, person_id, role, scope, scope_id) VALUES (1, 1, 'coordinator', 'everywhere', 0), (2, 1, 'trainer', 'everywhere', 0),
  (3, 1, 'trainer', 'delivery', 1), (4, 1, 'roster', 'everywhere', 0), (5, 1, 'administrator', 'everywhere', 0), (6, 1, 'nominator', 'organization', 100);
INSERT INTO course (id, code, title, audience, default_places, day_starts, day_ends, is_retired, created_at) VALUES (1, 'GTI', '{}', '[]', 25, '09:00', '17:00', FALSE, '2026-01-01 00:00:00');
INSERT INTO course_version (id, course_id, number, objectives, min_attendance_percent, prerequisites, created_at) VALUES (1, 1, 1, '[]', 80, '[]', '2026-01-01 00:00:00');
INSERT INTO delivery (id, rev, code, course_id, version_id, status, starts_on, ends_on, time_zone, venue, country, language, places, admission, closes_on, created_at)
  VALUES (1, 0, 'GTI-1', 1, 1, 'published', '2026-03-01', '2026-03-02', 'UTC', 'Here', 'CA', 'en', 5, 'automatic', '2026-02-01', '2026-01-01 00:00:00');
INSERT INTO delivery_session (id, delivery_id, number, day, starts_at, ends_at, minutes, title) VALUES (1, 1, 1, 1, '2026-03-01 09:00:00', '2026-03-01 10:30:00', 90, '{}');
INSERT INTO enrollment (id, delivery_id, person_id, status, line, category, name_on_certificate, nominated_by_id, created_at)
  VALUES (1, 1, 1, 'completed', 1, 'police', 'A B', 100, '2026-01-01 00:00:00');
INSERT INTO certificate (id, number, token, status, enrollment_id, person_id, delivery_id, organization_id, holder_name, payload, payload_sha256, issued_on, issued_at)
  VALUES (1, 'RST-2026-000001-1', 'T', 'valid', 1, 1, 1, 100, 'A B', '{}', 'd', '2026-03-03', '2026-03-03 09:00:00')
"""


def test_a_database_in_use_gets_its_bodies_and_keeps_its_rows(empty_app: Flask) -> None:
    """From the tenth revision on, so that tables to which rows refer are made anew on the way;
    and back, and there again."""
    upgrade(revision="0010")
    with db.engine.connect().execution_options(writes=True) as connection:
        for statement in OLD_ROWS.strip().split(";\n"):
            connection.exec_driver_sql(statement)
        connection.commit()
    for _again in range(2):
        upgrade(revision="0017")
        assert_bodies()
        downgrade(revision="0013")
        with db.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT code FROM organization").scalars().all() == [
                "Centre"
            ]
            held = connection.exec_driver_sql(
                "SELECT role, scope, scope_id FROM role_assignment ORDER BY id"
            ).all()
            assert [tuple(row) for row in held][:2] == [
                ("coordinator", "everywhere", 0),
                ("trainer", "everywhere", 0),
            ]
    upgrade()
    assert differences() == []


#: (delivery, category, places), before and after.
POOLS = [(1, "civilian", 2), (1, "corrections", 1), (1, "justice", 3), (1, "police", 4)]
POOLS_BEFORE_0026 = [(1, "civilian", 6), (1, "police", 4)]


@pytest.mark.parametrize(
    ("pools", "expected"), [(POOLS, POOLS_BEFORE_0026), (POOLS[1:3], [(1, "civilian", 4)])]
)
def test_the_older_release_gets_civilians_of_corrections_and_justice(
    empty_app: Flask, pools: list, expected: list
) -> None:
    """It has one pool for each category."""
    upgrade(revision="0010")
    add = "INSERT INTO pool (id, delivery_id, category, places) VALUES ({}, {}, '{}', {})"
    with db.engine.connect().execution_options(writes=True) as connection:
        for statement in OLD_ROWS.strip().split(";\n"):
            connection.exec_driver_sql(statement)
        connection.commit()
    upgrade()
    with db.engine.connect().execution_options(writes=True) as connection:
        for number, pool in enumerate(pools, 1):
            connection.exec_driver_sql(add.format(number, *pool))
        connection.exec_driver_sql("UPDATE enrollment SET category = 'justice'")
        connection.commit()
    downgrade(revision="0025")
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT delivery_id, category, places FROM pool ORDER BY category"
        )
        assert [tuple(row) for row in rows] == expected
        assert connection.exec_driver_sql("SELECT category FROM enrollment").scalar() == "civilian"
    upgrade()
    assert differences() == []


def assert_bodies() -> None:
    with db.engine.connect() as connection:
        bodies = connection.exec_driver_sql(
            "SELECT id, code, kinds FROM organization ORDER BY is_first, id"
        ).all()
        kinds = [
            (code, json.loads(kinds) if isinstance(kinds, str) else kinds)
            for _id, code, kinds in bodies
        ]
        assert kinds == [
            ("Centre", ["nominator"]),
            ("CENTRE-2", ["centre"]),
            ("ROSTER", ["roster_office"]),
        ]
        centre, office = bodies[1][0], bodies[2][0]
        for table in ("course", "delivery", "enrollment", "certificate"):
            assert connection.exec_driver_sql(f"SELECT centre_id FROM {table}").scalars().all() == [
                centre
            ], table
        held = connection.exec_driver_sql(
            "SELECT role, scope, scope_id FROM role_assignment ORDER BY id"
        ).all()
        assert [tuple(row) for row in held] == [
            ("coordinator", "centre", centre),
            ("trainer", "centre", centre),
            ("trainer", "delivery", 1),
            ("roster", "office", office),
            ("administrator", "everywhere", 0),
            ("nominator", "organization", 100),
        ]
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM delivery_session").scalar() == 1


def test_people_of_a_cancelled_delivery_did_not_withdraw(empty_app: Flask) -> None:
    """Who was there when a delivery was cancelled got its reason; who had withdrawn before keeps
    status and reason."""
    upgrade(revision="0013")
    person = (
        "INSERT INTO person (id, given_name, family_name, name_on_certificate, search_names, "
        "sort_name, nationalities, gender, language, created_at) VALUES ({0}, 'A', 'B', 'A B', "
        "'', '', '[]', 'undisclosed', 'en', '2026-01-01 00:00:00')"
    )
    course = (
        "INSERT INTO course (id, code, title, audience, default_places, day_starts, day_ends, "
        "is_retired, created_at) VALUES "
        "(1, 'GTI', '{{}}', '[]', 25, '09:00', '17:00', {0}, '2026-01-01 00:00:00')"
    )
    version = (
        "INSERT INTO course_version (id, course_id, number, objectives, min_attendance_percent, "
        "prerequisites, created_at) VALUES (1, 1, 1, '[]', 80, '[]', '2026-01-01 00:00:00')"
    )
    delivery = (
        "INSERT INTO delivery (id, rev, code, course_id, version_id, status, starts_on, ends_on, "
        "time_zone, venue, country, language, places, admission, closes_on, cancel_reason, "
        "created_at, calendar_uid, calendar_sequence) VALUES ({0}, 1, 'D-{0}', 1, 1, '{1}', "
        "'2027-03-08', '2027-03-10', 'UTC', 'Here', 'CA', 'en', 5, 'automatic', '2027-03-01', "
        "{2}, '2026-01-01 00:00:00', 'u{0}', 0)"
    )
    enrollment = (
        "INSERT INTO enrollment (id, delivery_id, person_id, status, line, category, "
        "name_on_certificate, reason, created_at) VALUES "
        "({0}, {1}, {0}, '{2}', {0}, 'police', 'A B', {3}, '2026-01-01 00:00:00')"
    )
    rows = [
        (1, 1, "withdrawn", "'Flood'"),
        (2, 1, "withdrawn", "'Ill'"),
        (3, 1, "declined", "'Flood'"),
        (4, 2, "withdrawn", "'Flood'"),
    ]
    with db.engine.connect().execution_options(writes=True) as connection:
        for number in range(1, 5):
            connection.exec_driver_sql(person.format(number))
        connection.exec_driver_sql(
            course.format("false" if db.engine.dialect.name == "postgresql" else "0")
        )
        connection.exec_driver_sql(version)
        connection.exec_driver_sql(delivery.format(1, "cancelled", "'Flood'"))
        connection.exec_driver_sql(delivery.format(2, "published", "NULL"))
        for row in rows:
            connection.exec_driver_sql(enrollment.format(*row))
        connection.commit()
    upgrade(revision="0014")
    with db.engine.connect() as connection:
        roles = (
            connection.exec_driver_sql("SELECT status FROM enrollment ORDER BY id").scalars().all()
        )
        assert roles == ["delivery_cancelled", "withdrawn", "declined", "withdrawn"]
        assert connection.exec_driver_sql(
            "SELECT promotion_days FROM delivery"
        ).scalars().all() == [21, 21]
        indexes = {
            index["name"]: index for index in sa.inspect(connection).get_indexes("enrollment")
        }
        assert (
            indexes["uq_enrollment_live"]["unique"]
            and indexes["uq_enrollment_live"]["dialect_options"]
        )
    downgrade(revision="0013")
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql(
            "SELECT DISTINCT status FROM enrollment ORDER BY status"
        ).scalars().all() == [
            "declined",
            "withdrawn",
        ]
