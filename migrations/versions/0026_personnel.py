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


#: What the older release does not know.
NEW = "('corrections', 'justice')"


def downgrade() -> None:
    """The older release knows them as civilians, who have one pool in a delivery."""
    op.execute(
        "UPDATE pool SET category = 'civilian' WHERE id IN (SELECT MIN(id) FROM pool "
        f"WHERE category IN {NEW} AND delivery_id NOT IN (SELECT delivery_id FROM pool "
        "WHERE category = 'civilian') GROUP BY delivery_id)"
    )
    op.execute(
        "UPDATE pool SET places = places + COALESCE((SELECT SUM(other.places) FROM pool AS other "
        f"WHERE other.delivery_id = pool.delivery_id AND other.category IN {NEW}), 0) "
        "WHERE category = 'civilian'"
    )
    op.execute(f"DELETE FROM pool WHERE category IN {NEW}")
    for table in ("enrollment", "expert"):
        op.execute(f"UPDATE {table} SET category = 'civilian' WHERE category IN {NEW}")
    _categories(BEFORE)
