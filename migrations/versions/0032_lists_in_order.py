"""Lists are read in their order, each reader's own rows alone"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

#: What a linter would refuse, and why it is right here.
ACCEPTED = {
    "require-concurrent-index-creation": "0.2.0 is installed while every process is stopped",
    "require-concurrent-index-deletion": "0.2.0 is installed while every process is stopped",
}

#: (table, columns of the index, the one that it replaces)
ORDERED: tuple[tuple[str, tuple[str, ...], str | None], ...] = (
    ("certificate", ("enrollment_id",), None),
    ("certificate", ("centre_id", "id"), "centre_id"),
    ("certificate", ("organization_id", "id"), "organization_id"),
    ("delivery", ("status", "id"), None),
    ("delivery", ("centre_id", "status", "starts_on"), "centre_id"),
    ("delivery", ("centre_id", "status", "id"), None),
    ("delivery", ("centre_id", "starts_on"), None),
    ("delivery", ("created_by_id",), None),
    ("enrollment", ("nominated_by_id", "id"), "nominated_by_id"),
    ("expert", ("status", "person_id"), None),
)


def upgrade() -> None:
    for table, columns, replaced in ORDERED:
        op.create_index(_name(table, *columns), table, columns)
        if replaced:
            op.drop_index(_name(table, replaced), table)
    _index_some("enrollment", ("centre_id", "id"), "nominated_by_id IS NOT NULL")
    op.drop_index("ix_enrollment_seat_id", "enrollment")
    # With all in it, SQLite took it for the way to those of a delivery that share no seat.
    _index_some("enrollment", ("seat_id",), "seat_id IS NOT NULL")


def _name(table: str, *columns: str) -> str:
    return "_".join(("ix", table, *columns))


def _index_some(table: str, columns: tuple[str, ...], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(
        _name(table, *columns), table, columns, sqlite_where=where, postgresql_where=where
    )


def downgrade() -> None:
    op.drop_index("ix_enrollment_seat_id", "enrollment")
    op.create_index("ix_enrollment_seat_id", "enrollment", ["seat_id"])
    op.drop_index("ix_enrollment_centre_id_id", "enrollment")
    for table, columns, replaced in reversed(ORDERED):
        if replaced:
            op.create_index(_name(table, replaced), table, [replaced])
        op.drop_index(_name(table, *columns), table)
