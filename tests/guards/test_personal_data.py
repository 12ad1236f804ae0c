"""Every column that holds something of a person says why, who reads it and for how long
(core/personal.py)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
import sqlalchemy as sa

from administration.fields import PERSONAL
from core.database import db
from core.personal import Datum, Field

#: Tables and columns that are about no one: what the installation teaches and offers, and what it
#: counts. Everything else is personal until it is listed here, save ids and references to other
#: rows.
ABOUT_NO_ONE = {
    "audit_head",
    "counter",
    "course",
    "course_version",
    "delivery",
    "delivery_session",
    "emblem",
    "mail_server",
    "pool",
    "promised_places",
    "skill",
    "skill_grant",
    "timetable_block",
    "void_numbers",
    *(
        f"organization.{name}"
        for name in (
            "code",
            "name",
            "country",
            "kinds",
            "title",
            "two_person_revocation",
            "is_first",
        )
    ),
}


def personal_columns(metadata: sa.MetaData) -> Iterator[str]:
    for table in metadata.sorted_tables:
        for column in table.columns:
            is_reference = column.primary_key or column.foreign_keys
            if (
                not is_reference
                and table.name not in ABOUT_NO_ONE
                and str(column) not in ABOUT_NO_ONE
            ):
                yield str(column)


def without_reason(metadata: sa.MetaData, declared: Iterable[Datum | Field]) -> set[str]:
    """Personal columns that no declaration explains in full."""
    full = (
        personal
        for personal in declared
        if all(
            str(text).strip()
            for text in (personal.what, personal.why, personal.readers, personal.retention)
        )
    )
    return set(personal_columns(metadata)) - {
        column for personal in full for column in personal.columns
    }


def test_every_personal_column_has_its_reason() -> None:
    assert without_reason(db.metadata, PERSONAL) == set(), "declare it in its package's fields.py"


def test_declared_columns_exist_and_are_declared_once() -> None:
    declared = [column for personal in PERSONAL for column in personal.columns]
    existing = {str(column) for table in db.metadata.sorted_tables for column in table.columns}
    assert [
        column for column in declared if column not in existing or declared.count(column) > 1
    ] == []


@pytest.mark.parametrize("table", ["person", "mark", "a_new_table"])
def test_a_personal_column_without_a_reason_is_caught(table: str) -> None:
    planted = sa.MetaData()
    sa.Table(
        table,
        planted,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("blood_group", sa.String(3)),
    )
    assert without_reason(planted, PERSONAL) == {f"{table}.blood_group"}


@pytest.mark.parametrize("missing", ["what", "why", "readers", "retention"])
def test_a_declaration_that_leaves_something_out_is_none(missing: str) -> None:
    planted = sa.MetaData()
    sa.Table("person", planted, sa.Column("blood_group", sa.String(3)))
    texts = dict.fromkeys(("what", "why", "readers", "retention"), "words") | {missing: ""}
    assert without_reason(planted, [Datum(**texts, held_in="person.blood_group")]) == {
        "person.blood_group"
    }
