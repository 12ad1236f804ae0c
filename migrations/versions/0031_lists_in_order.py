"""Lists are read in their order, each reader's own rows alone"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

#: What a linter would refuse, and why it is right here.
ACCEPTED = {
    "require-concurrent-index-creation": "0.2.0 is installed while every process is stopped",
    "require-concurrent-index-deletion": "0.2.0 is installed while every process is stopped",
}

#: Who may see some of the certificates.
OWNERS = ("centre_id", "organization_id")


def upgrade() -> None:
    op.create_index("ix_certificate_enrollment_id", "certificate", ["enrollment_id"])
    for owner in OWNERS:
        op.create_index(f"ix_certificate_{owner}_id", "certificate", [owner, "id"])
        op.drop_index(f"ix_certificate_{owner}", "certificate")
    _seats("seat_id IS NOT NULL")


def _seats(only: str | None) -> None:
    """Of the few nominations that share one. With all in it, SQLite took it for the way to those of
    a delivery that share none."""
    where = sa.text(only) if only else None
    op.drop_index("ix_enrollment_seat_id", "enrollment")
    op.create_index(
        "ix_enrollment_seat_id",
        "enrollment",
        ["seat_id"],
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    _seats(None)
    for owner in OWNERS:
        op.create_index(f"ix_certificate_{owner}", "certificate", [owner])
        op.drop_index(f"ix_certificate_{owner}_id", "certificate")
    op.drop_index("ix_certificate_enrollment_id", "certificate")
