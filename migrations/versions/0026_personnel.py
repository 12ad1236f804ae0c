"""Corrections and justice personnel are categories of their own"""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BEFORE = ("civilian", "police", "military")
AFTER = (*BEFORE, "corrections", "justice")
LIVE = (
    "status IN ('requested', 'waitlisted', 'offered', 'confirmed', 'attended', 'completed', "
    "'not_completed', 'no_show')"
)


def upgrade() -> None:
    _categories(AFTER)


def _categories(names: Iterable[str]) -> None:
    """The index of the one living enrollment is made anew: SQLite copies the table."""
    op.drop_index("uq_enrollment_live", table_name="enrollment")
    for table in ("pool", "enrollment", "expert"):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint("personnelcategory", type_="check")
            batch.create_check_constraint(
                "personnelcategory", sa.column("category").in_(list(names))
            )
    live = sa.text(LIVE)
    op.create_index(
        "uq_enrollment_live",
        "enrollment",
        ["delivery_id", "person_id"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )


def downgrade() -> None:
    """The older release knows them as civilians."""
    for table in ("pool", "enrollment", "expert"):
        op.execute(
            sa.text(
                f"UPDATE {table} SET category = 'civilian' WHERE category IN ('corrections', "
                "'justice')"
            )
        )
    _categories(BEFORE)
