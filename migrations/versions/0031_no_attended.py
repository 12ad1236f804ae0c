"""No enrollment was ever "attended": a result is completed, not completed or no show"""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_REASON = "0.2.0 is installed while every process is stopped"
ACCEPTED = {
    "ban-drop-constraint": "a narrower one takes its place in the same transaction",
    "constraint-missing-not-valid": _REASON,
    "require-concurrent-index-creation": _REASON,
    "require-concurrent-index-deletion": _REASON,
}

AFTER = (
    "unconfirmed",
    "requested",
    "waitlisted",
    "offered",
    "confirmed",
    "declined",
    "withdrawn",
    "substituted",
    "delivery_cancelled",
    "completed",
    "not_completed",
    "no_show",
)
BEFORE = (*AFTER[:9], "attended", *AFTER[9:])
ENDED = ("unconfirmed", "declined", "withdrawn", "substituted", "delivery_cancelled")


def upgrade() -> None:
    _statuses(AFTER)


def _statuses(names: Iterable[str]) -> None:
    """The constraints on the statuses. The index of the one living enrollment is made anew: it
    names statuses too, and SQLite copies the table."""
    op.drop_index("uq_enrollment_live", table_name="enrollment")
    for table, column in (("enrollment", "status"), ("reopening", "result")):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint("enrollmentstatus", type_="check")
            batch.create_check_constraint("enrollmentstatus", sa.column(column).in_(list(names)))
    living = ", ".join(f"'{name}'" for name in names if name not in ENDED)
    live = sa.text(f"status IN ({living})")
    op.create_index(
        "uq_enrollment_live",
        "enrollment",
        ["delivery_id", "person_id"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )


def downgrade() -> None:
    _statuses(BEFORE)
